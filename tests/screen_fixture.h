/* A screen over a small corpus and the fake reader, without terminal and threads: keys in, literal screens out. */
#ifndef LECTERN_SCREEN_FIXTURE_H
#define LECTERN_SCREEN_FIXTURE_H

#include "tests/fake_reader.h"
#include "tests/screens.h"

#include "app/worker/message.h"
#include "app/reader/finding_look.h"
#include "app/screen/screen_parts.h"
#include "compute/model.h"

struct fixture {
    struct corpus *corpus;
    struct reader *reader;
    struct screen *screen;
    struct canvas canvas;
    struct finding *findings[64]; /* as many as are asked for */
    size_t n_findings, told_segments;
    int asked, stops, reads, wants, inspections, copies;
    const char *not_inspected; /* why questions cannot be looked into; NULL: they can */
    uint64_t edited_line;
    char copied[256], question[256], topic[256]; /* sent last */
    struct scope scope;                          /* owned */
    size_t id;                                   /* of that question */
};

static inline int fixture_on_ask(void *context, size_t id, const char *question, const char *topic,
                                 const struct scope *scope, struct error *e)
{
    struct fixture *f = context;
    f->id = id;
    snprintf(f->question, sizeof f->question, "%s", question);
    snprintf(f->topic, sizeof f->topic, "%s", topic ? topic : "");
    scope_free(&f->scope);
    if (scope != NULL) assert_true(scope_copy(&f->scope, scope));
    return ++f->asked <= 64 ? 0 : error_set(e, "too many questions are waiting");
}

static inline bool fixture_on_read(void *context)
{
    return ++((struct fixture *)context)->reads > 0;
}

static inline void fixture_on_stop(void *context)
{
    ((struct fixture *)context)->stops++;
}

static inline void fixture_on_want(void *context, size_t id, const struct finding *found, int token, uint64_t begin,
                                   uint64_t end)
{
    struct fixture *f = context;
    struct message *m = message_new(MESSAGE_SHARES);
    size_t n = (size_t)(end - begin), document = 0;
    while (f->reader->documents[document].end_token <= begin) document++;
    f->wants++;
    m->shares = (struct message_shares){.id = id, .token = token, .begin = begin, .n = n, .document = document};
    m->shares.offsets = malloc((n + 1) * sizeof *m->shares.offsets);
    m->shares.share = malloc(n * sizeof *m->shares.share);
    reader_token_offsets(f->reader, begin, end, m->shares.offsets, NULL);
    finding_look_shares(found, f->reader, token, begin, end, m->shares.share);
    screen_message(f->screen, m);
}

static inline void fixture_on_lens(void *context, size_t id, const struct finding *found, size_t token)
{
    struct fixture *f = context;
    struct error e = {0};
    struct message *m = message_new(MESSAGE_LENS);
    m->id = id;
    m->lens.token = token;
    m->lens.share = malloc((found->n_segments + 1) * sizeof *m->lens.share);
    assert_ok(finding_look_tokens(found, f->reader, &m->lens.tokens, &m->lens.n_tokens, &e), e);
    assert_ok(finding_look_token_share(found, f->reader, token, NULL, m->lens.share, &e), e);
    screen_message(f->screen, m);
}

static inline void fixture_on_inspection(void *context, size_t id, const struct finding *found,
                                         const struct inspected_choice *choice)
{
    struct fixture *f = context;
    struct error e = {0};
    struct message *m = message_new(MESSAGE_INSPECTED);
    m->id = id;
    f->inspections++;
    if (f->not_inspected != NULL)
        assert_true(message_text(m, f->not_inspected, strlen(f->not_inspected)));
    else
        assert_ok(finding_look_inspect(found, f->reader, choice, NULL, &m->inspected, &e), e);
    screen_message(f->screen, m);
}

static inline void fixture_on_copy(void *context, const char *text, size_t size)
{
    struct fixture *f = context;
    f->copies++;
    snprintf(f->copied, sizeof f->copied, "%.*s", (int)size, text);
}

static inline void fixture_on_edit(void *context, size_t document, uint64_t line)
{
    (void)document;
    ((struct fixture *)context)->edited_line = line;
}

static inline void fixture_on_configure(void *context, const struct config *c)
{
    (void)context;
    (void)c;
}

static inline void fixture_on_nothing(void *context)
{
    (void)context;
}

static const struct model fixture_model = {.name = "fake-1m",
                                           .n_layer = 2,
                                           .n_head = 4,
                                           .n_branch = 4,
                                           .branch = {{8, 1}, {32, 4}, {128, 16}, {512, 32}},
                                           .context_length = 512};

static inline void fixture_open(struct fixture *f, const char *const *paths, const char *const *texts,
                                const size_t *sizes, size_t n)
{
    struct error e = {0};
    *f = (struct fixture){0};
    fake_pause_us = 0;
    setenv("XDG_DATA_DIRS", "/nowhere", 1); /* code has one colour, whatever is installed */
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, n, &e), e);
    const struct reader_options options = {0};
    assert_ok(reader_open(&f->reader, &fixture_model, NULL, f->corpus, &options, NULL, &e), e);
    const struct screen_calls actions = {f,
                                         fixture_on_ask,
                                         fixture_on_read,
                                         fixture_on_stop,
                                         fixture_on_read,
                                         fixture_on_want,
                                         fixture_on_lens,
                                         fixture_on_inspection,
                                         fixture_on_copy,
                                         fixture_on_edit,
                                         fixture_on_nothing,
                                         fixture_on_nothing,
                                         fixture_on_configure};
    struct config config;
    config_init(&config);
    assert_ok(screen_open(&f->screen, f->corpus, &fixture_model, &config, &actions, &e), e);
    struct message *m = message_new(MESSAGE_DEVICE);
    assert_true(message_text(m, "cpu: test, 2 threads", 20));
    screen_message(f->screen, m);
}

static inline void fixture_close(struct fixture *f)
{
    screen_close(f->screen);
    while (f->n_findings > 0) finding_close(f->findings[--f->n_findings]);
    reader_close(f->reader);
    corpus_close(f->corpus);
    canvas_close(&f->canvas);
    scope_free(&f->scope);
}

static inline void fixture_on_progress(void *context, const struct reader_progress *p)
{
    struct fixture *f = context;
    struct message *m = message_new(MESSAGE_PROGRESS);
    m->progress = *p;
    m->tables.first_document = f->reader->n_documents - 1;
    m->tables.n_documents = 1;
    m->tables.first_segment = f->told_segments;
    m->tables.n_segments = f->reader->n_segments - f->told_segments;
    m->tables.documents = malloc(sizeof *m->tables.documents);
    m->tables.segments = malloc((m->tables.n_segments + 1) * sizeof *m->tables.segments);
    m->tables.documents[0] = f->reader->documents[f->reader->n_documents - 1];
    memcpy(m->tables.segments, f->reader->segments + f->told_segments,
           m->tables.n_segments * sizeof *m->tables.segments);
    f->told_segments = f->reader->n_segments;
    screen_message(f->screen, m);
}

/* Reads the next document, or all that are left. */
static inline void fixture_read(struct fixture *f, bool all)
{
    const struct reader_callbacks callbacks = {.progress = fixture_on_progress, .context = f};
    struct error e = {0};
    if (!all) {
        fake_read_document(f->reader, f->reader->n_documents);
        fixture_on_progress(f, &f->reader->progress);
        return;
    }
    assert_ok(reader_read(f->reader, &callbacks, &e), e);
    struct message *m = message_new(MESSAGE_READ_STOPPED);
    m->done = true;
    screen_message(f->screen, m);
}

/* An answer under way: of the question that was asked last. */
struct fixture_answering {
    struct fixture *f;
    size_t id, words; /* so many are let through before it is cancelled */
    atomic_bool cancel;
};

static inline void fixture_tell_finding(struct fixture *f, size_t id, const struct finding *found)
{
    struct message *m = message_new(MESSAGE_EVIDENCE);
    m->id = id;
    m->finding = found;
    assert_true(message_text(m, "none", 4));
    screen_message(f->screen, m);
}

static inline const struct finding *fixture_find(struct fixture *f, size_t id)
{
    struct error e = {0};
    assert_true(f->n_findings < sizeof f->findings / sizeof *f->findings);
    struct finding **found = &f->findings[f->n_findings++];
    assert_ok(finding_open(found, f->reader, f->screen->conversation.items[id]->question,
                           &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
              e);
    fixture_tell_finding(f, id, *found);
    return *found;
}

static inline void fixture_on_piece(void *context, const char *text, size_t size)
{
    struct fixture_answering *t = context;
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    m->id = t->id;
    assert_true(message_text(m, text, size));
    screen_message(t->f->screen, m);
    if (--t->words == 0) atomic_store(&t->cancel, true);
}

/* The evidence and so many words of the answer come; true where that was all of it, which is then told too. */
static inline bool fixture_words(struct fixture *f, size_t words)
{
    struct fixture_answering t = {.f = f, .id = f->screen->conversation.n - 1, .words = words};
    const struct answer_callbacks callbacks = {.words = fixture_on_piece, .context = &t, .cancel = &t.cancel};
    struct ask ask = {.reader = f->reader};
    struct error e = {0};
    struct answer *a = NULL;
    struct message *m = message_new(MESSAGE_ANSWER_BEGINS);
    m->id = t.id;
    screen_message(f->screen, m);
    const struct finding *found = fixture_find(f, t.id);
    if (ask_word(&ask, found->question, found, &callbacks, &a, &e) != 0) return false;
    m = message_new(MESSAGE_ANSWER_ENDS);
    m->id = t.id;
    m->done = true;
    m->answer = a;
    screen_message(f->screen, m);
    return true;
}

static inline void fixture_answer(struct fixture *f)
{
    assert_true(fixture_words(f, SIZE_MAX));
}

/* The answer under way ends: stopped, or for this reason. */
static inline void fixture_end(struct fixture *f, const char *why)
{
    struct message *m = message_new(MESSAGE_ANSWER_ENDS);
    m->id = f->screen->conversation.n - 1;
    if (why != NULL) assert_true(message_text(m, why, strlen(why)));
    screen_message(f->screen, m);
}

static inline void fixture_draw(struct fixture *f, int rows, int cols)
{
    struct error e = {0};
    if (f->canvas.rows != rows || f->canvas.cols != cols) assert_ok(canvas_resize(&f->canvas, rows, cols, &e), e);
    screen_draw(f->screen, &f->canvas);
    while (screen_work(f->screen)) {
    }
    screen_draw(f->screen, &f->canvas);
}

/* Compares NAME_80x24, NAME_200x50 and NAME_40x12, and leaves the screen at 80x24; styles only of that one. */
static inline void fixture_screens(struct fixture *f, const char *name, bool styles)
{
    static const int sizes[][2] = {{50, 200}, {12, 40}, {24, 80}};
    for (int i = 0; i < 3; i++) {
        char sized[100];
        snprintf(sized, sizeof sized, "%s_%dx%d", name, sizes[i][1], sizes[i][0]);
        fixture_draw(f, sizes[i][0], sizes[i][1]);
        assert_screen(&f->canvas, sized, styles && i == 2);
    }
}

static inline void fixture_key(struct fixture *f, uint32_t key)
{
    const struct event event = {.type = EVENT_KEY, .key = key};
    screen_event(f->screen, &event);
    while (screen_work(f->screen)) {
    }
}

/* Keys by their names, separated by blanks. */
static inline void fixture_keys(struct fixture *f, const char *names)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    char *rest = NULL;
    for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        uint32_t key;
        assert_true(keys_parse(name, &key));
        fixture_key(f, key);
    }
}

static inline void fixture_type(struct fixture *f, const char *text)
{
    while (*text != '\0') {
        uint32_t c = (unsigned char)*text++;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
        if (more > 0) c &= 0x3Fu >> more;
        while (more-- > 0) c = c << 6 | ((unsigned char)*text++ & 0x3F);
        fixture_key(f, c);
    }
}

static inline void fixture_ask(struct fixture *f, const char *question)
{
    fixture_keys(f, "a");
    fixture_type(f, question);
    fixture_keys(f, "Enter");
}

#endif
