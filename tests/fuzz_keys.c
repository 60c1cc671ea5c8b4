/* Any keys, pastes, clicks and sizes at any moment, with reading and answers between them: every byte is an event. */
#include "tests/fake_reader.h"

#include "app/worker/message.h"
#include "app/reader/finding_look.h"
#include "app/screen/screen_parts.h"
#include "compute/model.h"

static const char text[] =
    "CHAPTER 1\n\nThe keeper rowed out.\n\n# Two\n\tint main(void);\n\x1b[2J \xE6\x97\xA5 e\xCC\x81 \xFF\n";
static const char file[] = "int lamp(void)\n{\n\treturn 1;\n}\n";
static const struct model model = {
    .name = "fake", .n_layer = 2, .n_head = 4, .n_branch = 3, .branch = {{8, 1}, {32, 4}, {128, 16}}};

struct run {
    struct reader *reader;
    struct screen *screen;
    struct canvas canvas;
    struct finding *findings[8];
    size_t asked; /* on_ask takes no more questions than these */
    size_t n_findings, told;
};

static int on_ask(void *context, size_t id, const char *question, const char *topic, const struct scope *scope,
                  struct error *e)
{
    (void)id;
    (void)topic;
    (void)scope;
    return *question != '\0' && ++((struct run *)context)->asked <= 8 ? 0 : error_set(e, "too many");
}

static bool on_read(void *context)
{
    (void)context;
    return true;
}

static void on_nothing(void *context)
{
    (void)context;
}

static void on_shares(void *context, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end)
{
    (void)context;
    (void)id;
    (void)f;
    (void)token;
    (void)begin;
    (void)end;
}

static void on_lens(void *context, size_t id, const struct finding *f, size_t token)
{
    struct run *r = context;
    struct error e = {0};
    struct message *m = message_new(MESSAGE_LENS);
    m->id = id;
    m->lens.token = token;
    m->lens.share = calloc(f->n_segments + 1, sizeof *m->lens.share);
    if (finding_look_tokens(f, r->reader, &m->lens.tokens, &m->lens.n_tokens, &e) == 0 && token < m->lens.n_tokens)
        finding_look_token_share(f, r->reader, token, NULL, m->lens.share, &e);
    screen_message(r->screen, m);
}

static void on_inspection(void *context, size_t id, const struct finding *f, const struct inspected_choice *choice)
{
    struct run *r = context;
    struct error e = {0};
    struct message *m = message_new(MESSAGE_INSPECTED);
    m->id = id;
    if (finding_look_inspect(f, r->reader, choice, NULL, &m->inspected, &e) != 0)
        message_text(m, e.text, strlen(e.text));
    screen_message(r->screen, m);
}

static void on_copy(void *context, const char *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
}

static void on_edit(void *context, size_t document, uint64_t line)
{
    (void)context;
    (void)document;
    (void)line;
}

static void on_configure(void *context, const struct config *c)
{
    (void)context;
    (void)c;
}

/* The tables grow by one document. */
static void read_more(struct run *r)
{
    if (r->reader->n_documents == r->reader->corpus->n_documents) return;
    fake_read_document(r->reader, r->reader->n_documents);
    struct message *m = message_new(MESSAGE_PROGRESS);
    struct message_tables *t = &m->tables;
    m->progress = r->reader->progress;
    t->first_document = r->reader->n_documents - 1;
    t->n_documents = 1;
    t->first_segment = r->told;
    t->n_segments = r->reader->n_segments - r->told;
    t->documents = malloc(sizeof *t->documents);
    t->segments = malloc((t->n_segments + 1) * sizeof *t->segments);
    t->documents[0] = r->reader->documents[t->first_document];
    memcpy(t->segments, r->reader->segments + r->told, t->n_segments * sizeof *t->segments);
    r->told = r->reader->n_segments;
    screen_message(r->screen, m);
}

static void answer_next(struct run *r)
{
    const struct conversation *c = &r->screen->conversation;
    for (size_t i = 0; i < c->n && r->reader->n_segments > 0; i++) {
        if (c->items[i]->state != EXCHANGE_WAITS) continue;
        struct error e = {0};
        struct finding **f = &r->findings[r->n_findings];
        if (finding_open(f, r->reader, c->items[i]->question, &(struct finding_how){.rank = FINDING_ATTENTION}, NULL,
                         &e) != 0)
            return;
        r->n_findings++;
        struct message *m = message_new(MESSAGE_EVIDENCE);
        m->id = i;
        m->finding = *f;
        message_text(m, "none", 4);
        screen_message(r->screen, m);
        m = message_new(MESSAGE_ANSWER_ENDS);
        m->id = i;
        m->answer = calloc(1, sizeof *m->answer);
        m->answer->finding = *f;
        m->answer->text = strdup("It says so [1] and [2].");
        screen_message(r->screen, m);
        return;
    }
}

static void step(struct run *r, uint8_t byte, const uint8_t *rest, size_t left)
{
    struct event event = {.type = EVENT_KEY, .key = byte};
    struct error e = {0};
    if (byte == 0x7F) event.key = KEYS_BACKSPACE;
    if (byte < 0x20) event.key = KEYS_UP + byte;
    if (byte >= 0x80 && byte < 0xA0) event.key = KEYS_CTRL | (uint32_t)('a' + byte % 26);
    if (byte >= 0xA0 && byte < 0xC0)
        event = (struct event){
            .type = EVENT_MOUSE, .mouse = (enum mouse)(byte % 5), .y = byte % 23, .x = left ? rest[0] % 90 : 0};
    if (byte >= 0xC0 && byte < 0xC8)
        event = (struct event){.type = EVENT_PASTE, .text = (const char *)rest, .size = left < 40 ? left : 40};
    if (byte >= 0xC8 && byte < 0xD0)
        read_more(r);
    else if (byte >= 0xD0 && byte < 0xD8)
        answer_next(r);
    else if (byte >= 0xD8 && byte < 0xE8 &&
             canvas_resize(&r->canvas, 1 + byte % 16 * 3, left ? rest[0] : 20, &e) == 0) {
    } else
        screen_event(r->screen, &event);
    screen_work(r->screen);
    if (byte % 16 == 0) screen_draw(r->screen, &r->canvas);
}

/* Made once, for speed; and colours of code, which are files of the system, are none. */
static const struct config *defaults(void)
{
    static struct config c;
    static bool made;
    if (!made) {
        config_init(&c);
        setenv("XDG_DATA_DIRS", "/nowhere", 1);
        made = true;
    }
    return &c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"book/a.txt", "src/b.c"};
    static const char *const texts[] = {text, file};
    static const size_t sizes[] = {sizeof text - 1, sizeof file - 1};
    struct run r = {0};
    struct error e = {0};
    struct corpus *corpus = NULL;
    struct config config = *defaults();
    const struct reader_options options = {0};
    const struct screen_calls calls = {&r,         on_ask,     on_read,       on_nothing, on_read,
                                       on_shares,  on_lens,    on_inspection, on_copy,    on_edit,
                                       on_nothing, on_nothing, on_configure};
    if (corpus_open_memory(&corpus, paths, texts, sizes, 2, &e) == 0 &&
        reader_open(&r.reader, &model, NULL, corpus, &options, NULL, &e) == 0 &&
        screen_open(&r.screen, corpus, &model, &config, &calls, &e) == 0 && canvas_resize(&r.canvas, 16, 60, &e) == 0) {
        /* ":export" would write files. */
        for (size_t i = 0; i < size && i < 2000; i++) {
            if (r.screen->mode == MODE_PROMPT && r.screen->prompt == PROMPT_COMMAND && data[i] == 'x') continue;
            step(&r, data[i], data + i + 1, size - i - 1);
        }
        screen_draw(r.screen, &r.canvas);
    }
    screen_close(r.screen);
    canvas_close(&r.canvas);
    for (size_t i = 0; i < r.n_findings; i++) finding_close(r.findings[i]);
    reader_close(r.reader);
    corpus_close(corpus);
    return 0;
}
