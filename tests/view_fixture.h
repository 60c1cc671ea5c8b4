/* What panes draw from, without screen, reader and threads: texts cut into segments of at most ten bytes, four bytes a
 * token, each document behind a header of two tokens; all of it read, its outline known. */
#ifndef LECTERN_VIEW_FIXTURE_H
#define LECTERN_VIEW_FIXTURE_H

#include "tests/screens.h"

#include "app/panes/code_tint.h"
#include "app/panes/pane.h"
#include "app/panes/search.h"
#include "app/text/outline.h"
#include "app/worker/message.h"

struct view_fixture {
    struct corpus *corpus;
    struct atlas *atlas;
    struct outline *outline;
    struct code_tint *code;
    struct search *search;
    struct conversation conversation;
    struct finding finding; /* of the last question that was answered; its arrays are below */
    struct finding_item items[FINDING_MOST];
    float share[64];
    struct view view;
    struct canvas canvas;
};

/* Tables of the first n documents, whole; owned by the caller. */
static inline struct message_tables view_fixture_tables(const struct corpus *c, size_t n)
{
    struct message_tables t = {.documents = calloc(n + 1, sizeof *t.documents),
                               .segments = calloc(c->n_bytes / 10 + c->n_documents + 1, sizeof *t.segments)};
    uint64_t token = 0;
    for (size_t d = 0; d < n; d++) {
        struct reader_document *document = &t.documents[t.n_documents++];
        *document =
            (struct reader_document){.first_token = token, .text_token = token + 2, .first_segment = t.n_segments};
        for (uint64_t at = 0; at < c->documents[d].size; at += 10) {
            uint64_t left = c->documents[d].size - at, size = left < 10 ? left : 10,
                     end = token + (at ? 0 : 2) + (size + 3) / 4;
            t.segments[t.n_segments++] = (struct reader_segment){
                .document = (uint32_t)d, .size = (uint32_t)size, .offset = at, .first_token = token, .end_token = end};
            token = end;
        }
        document->end_token = token;
        document->end_segment = t.n_segments;
    }
    return t;
}

static inline struct atlas *view_fixture_atlas(const struct corpus *c, size_t n_read)
{
    struct error e = {0};
    struct atlas *a;
    assert_ok(atlas_open(&a, c, &e), e);
    struct message_tables t = view_fixture_tables(c, n_read);
    assert_ok(atlas_extend(a, &t, &e), e);
    free(t.documents);
    free(t.segments);
    return a;
}

static inline void view_fixture_open(struct view_fixture *f, const char *const *paths, const char *const *texts,
                                     size_t n)
{
    struct error e = {0};
    size_t sizes[8];
    assert_true(n <= sizeof sizes / sizeof *sizes);
    for (size_t i = 0; i < n; i++) sizes[i] = strlen(texts[i]);
    *f = (struct view_fixture){.conversation = {.compared = SIZE_MAX}};
    setenv("XDG_DATA_DIRS", "/nowhere", 1); /* code has one colour, whatever is installed */
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, n, &e), e);
    f->atlas = view_fixture_atlas(f->corpus, n);
    assert_ok(outline_open(&f->outline, f->corpus, &e), e);
    while (outline_step(f->outline, 50)) {
    }
    assert_ok(code_tint_open(&f->code, f->corpus, &e), e);
    f->view =
        (struct view){.atlas = f->atlas, .conversation = &f->conversation, .outline = f->outline, .code = f->code};
}

static inline void view_fixture_close(struct view_fixture *f)
{
    conversation_close(&f->conversation);
    search_close(f->search);
    code_tint_close(f->code);
    outline_close(f->outline);
    atlas_close(f->atlas);
    corpus_close(f->corpus);
    canvas_close(&f->canvas);
}

/* Adds a question, which waits and is shown. */
static inline struct exchange *view_fixture_ask(struct view_fixture *f, const char *question)
{
    struct error e = {0};
    assert_ok(conversation_ask(&f->conversation, question, &e), e);
    struct exchange *x = conversation_current(&f->conversation);
    f->view.exchange = x;
    return x;
}

/* The attention of the question that is shown: every second segment from the first on has twice that of the others;
 * the first n of them are its evidence. */
static inline void view_fixture_find(struct view_fixture *f, size_t n)
{
    struct exchange *x = conversation_current(&f->conversation);
    const struct atlas *a = f->atlas;
    assert_true(a->n_segments <= sizeof f->share / sizeof *f->share);
    f->finding = (struct finding){.question = x->question,
                                  .rank_by = FINDING_ATTENTION,
                                  .items = f->items,
                                  .share = f->share,
                                  .score = f->share,
                                  .n_segments = a->n_segments,
                                  .read_share = 1};
    const size_t all = a->n_segments + (a->n_segments + 1) / 2;
    for (size_t i = 0; i < a->n_segments; i++) f->share[i] = (i % 2 ? 1.0f : 2.0f) / (float)all;
    for (size_t i = 0; i < a->n_segments && f->finding.n_items < n; i += 2)
        f->items[f->finding.n_items++] = (struct finding_item){.segment = i,
                                                               .document = a->segments[i].document,
                                                               .offset = a->segments[i].offset,
                                                               .size = a->segments[i].size,
                                                               .share = f->share[i]};
    struct message *m = message_new(MESSAGE_EVIDENCE);
    m->id = f->conversation.current;
    m->finding = &f->finding;
    assert_true(message_text(m, "the text's own words", 20));
    assert_true(conversation_take(&f->conversation, m, a));
    message_free(m);
}

/* Words of the answer to the question that is shown, and its end. */
static inline void view_fixture_word(struct view_fixture *f, const char *words)
{
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    m->id = f->conversation.current;
    assert_true(message_text(m, words, strlen(words)));
    assert_true(conversation_take(&f->conversation, m, f->atlas));
    message_free(m);
}

static inline void view_fixture_end(struct view_fixture *f)
{
    struct exchange *x = conversation_current(&f->conversation);
    struct message *m = message_new(MESSAGE_ANSWER_ENDS);
    m->id = f->conversation.current;
    m->done = true;
    m->answer = calloc(1, sizeof *m->answer);
    m->answer->finding = &f->finding;
    m->answer->text = strdup(x->text ? x->text : "");
    m->answer->seconds = 0.25;
    snprintf(m->answer->answerer, sizeof m->answer->answerer, "the text's own words");
    assert_true(conversation_take(&f->conversation, m, f->atlas));
    message_free(m);
}

static inline void view_fixture_search(struct view_fixture *f, const char *pattern)
{
    struct error e = {0};
    search_close(f->search);
    assert_ok(search_open(&f->search, f->atlas, pattern, false, 0, &e), e);
    while (search_step(f->search, 50)) {
    }
    f->view.search = f->search;
}

/* An empty canvas of so many rows and columns; its rectangle. */
static inline struct rect view_fixture_canvas(struct view_fixture *f, int rows, int cols)
{
    struct error e = {0};
    assert_ok(canvas_resize(&f->canvas, rows, cols, &e), e);
    return (struct rect){0, 0, rows, cols};
}

static inline void assert_canvas(const struct canvas *c, const char *expected)
{
    char *text = canvas_text(c);
    screens_compare("canvas", expected, text);
    free(text);
}

static inline void assert_styles(const struct canvas *c, const char *expected)
{
    char *text = canvas_styles(c);
    screens_compare("styles", expected, text);
    free(text);
}

#endif
