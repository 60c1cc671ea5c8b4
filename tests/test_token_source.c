#include "tests/test.h"

#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "app/reader/token_source.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

enum { DOCUMENTS = 5, LARGE = 200000 };

struct fixture {
    uint8_t *bytes; /* the model lies in them */
    struct model *model;
    char *large;
    struct corpus *corpus;
    struct tokens whole; /* of the corpus, by one call a document */
    size_t n_headers;    /* tokens of all headers */
    bool marked;         /* tokens that begin a segment are, in the whole's ids and in the source's */
};

/* Lines of all lengths, one of them over several blocks, and characters that are spelt in bytes. */
static char *large_text(void)
{
    uint64_t seed = 11;
    char *text = malloc(LARGE + 1);
    for (size_t i = 0; i < LARGE; i++) {
        uint64_t r = test_random(&seed) >> 32;
        text[i] = "etaoinshr"[r % 9];
        if (r % 7 == 0) text[i] = ' ';
        if (r % 97 == 1) text[i] = '\n';
        if (r % 11 == 2) text[i] = (char)(0x80 + r % 120);
    }
    memset(text + 50000, 'y', 100000);
    text[LARGE] = '\0';
    return text;
}

/* By the definition: a token is of the segment that holds its last byte, a header of its document's first. */
static void mark(const struct document *d, int32_t *ids, const uint8_t *lengths, size_t n)
{
    uint64_t at = 0, end = segment_cut(d->text, (size_t)d->size);
    ids[0] |= TOKENS_SEGMENT;
    for (size_t i = 0; i < n; i++) {
        at += lengths[i];
        if (at > end) ids[i] |= TOKENS_SEGMENT;
        while (at > end) end += segment_cut(d->text + end, (size_t)(d->size - end));
    }
}

static void open_all(struct fixture *f, bool marked)
{
    struct error e;
    struct tiny_model t = tiny_model_default();
    size_t size, sizes[DOCUMENTS];
    *f = (struct fixture){.large = large_text(), .marked = marked};
    f->bytes = tiny_model_bytes(&t, &size);
    assert_ok(model_open_bytes(&f->model, "tiny", f->bytes, size, &e), e);
    const char *paths[DOCUMENTS] = {"a", "large.txt", "none", "b/c", "end"};
    const char *texts[DOCUMENTS] = {"one line\n", f->large, "", "no newline", "\xE2\x82\xAC\n\n"};
    for (size_t i = 0; i < DOCUMENTS; i++) sizes[i] = strlen(texts[i]);
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, DOCUMENTS, &e), e);
    for (size_t i = 0; i < f->corpus->n_documents; i++) {
        const struct document *d = &f->corpus->documents[i];
        const size_t begin = f->whole.n;
        assert_ok(tokens_reserve(&f->whole, 1, &e), e);
        f->whole.ids[f->whole.n++] = TINY_FILE;
        assert_ok(tokenizer_encode(f->model->tokenizer, d->path, strlen(d->path), &f->whole, &e), e);
        assert_ok(tokenizer_encode(f->model->tokenizer, "\n", 1, &f->whole, &e), e);
        memset(f->whole.lengths + begin, 0, f->whole.n - begin);
        f->n_headers += f->whole.n - begin;
        assert_ok(tokenizer_encode(f->model->tokenizer, d->text, (size_t)d->size, &f->whole, &e), e);
        if (marked) mark(d, f->whole.ids + begin, f->whole.lengths + begin, f->whole.n - begin);
    }
}

static void close_all(struct fixture *f)
{
    tokens_free(&f->whole);
    corpus_close(f->corpus);
    model_close(f->model);
    free(f->bytes);
    free(f->large);
}

static struct token_source *open_source(const struct fixture *f, unsigned n_threads)
{
    struct error e;
    struct token_source *s;
    const struct token_marks marks = {.file = f->model->token_file, .sep = -1, .segments = f->marked};
    assert_ok(token_source_open(&s, f->model->tokenizer, f->corpus, &marks, n_threads, &e), e);
    return s;
}

/* What a chunk holds is the whole's tokens from `at` on; returns its header tokens. */
static size_t check_chunk(const struct fixture *f, const struct token_chunk *c, size_t at)
{
    size_t n = 0, headers = 0;
    assert_true(at + c->n <= f->whole.n);
    assert_memory_equal(c->ids, f->whole.ids + at, c->n * sizeof *c->ids);
    assert_memory_equal(c->lengths, f->whole.lengths + at, c->n);
    for (size_t i = 0; i < c->n_runs; i++) {
        assert_true(c->runs[i].n > 0);
        headers += c->runs[i].in_header ? c->runs[i].n : 0;
        assert_true(c->runs[i].in_header || c->runs[i].header == 0);
        n += c->runs[i].n;
    }
    assert_int_equal(n, c->n);
    return headers;
}

static void any_number_of_threads_gives_the_same_tokens_in_chunks_of_any_size(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f, false);
    for (unsigned n_threads = 1; n_threads <= 9; n_threads += 2) {
        const size_t size = n_threads == 1 ? f.whole.n + 1 : 5000u / n_threads;
        struct token_source *s = open_source(&f, n_threads);
        struct token_chunk chunk = {.n = 1};
        size_t headers = 0, at = 0;
        for (; chunk.n > 0; at += chunk.n) {
            assert_ok(token_source_next(s, size, &chunk, &e), e);
            headers += check_chunk(&f, &chunk, at);
        }
        assert_int_equal(at, f.whole.n);
        assert_int_equal(headers, f.n_headers);
        token_source_close(s);
    }
    close_all(&f);
}

static void a_chunk_stays_as_it_is_while_the_next_is_taken(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f, false);
    struct token_source *s = open_source(&f, 2);
    struct token_chunk before, chunk;
    assert_ok(token_source_next(s, 3000, &before, &e), e);
    for (size_t at = 0; before.n > 0; at += before.n, before = chunk) {
        assert_ok(token_source_next(s, 3000 + at / 2, &chunk, &e), e);
        check_chunk(&f, &before, at);
    }
    token_source_close(s);
    close_all(&f);
}

static bool begins(const struct fixture *f, size_t at)
{
    return (f->whole.ids[at] & ~TOKENS_SEGMENT) == TINY_FILE;
}

/* Where the segment that the bytes before `offset` end in does. */
static uint64_t segment_end(const struct document *d, uint64_t offset)
{
    uint64_t end = segment_cut(d->text, (size_t)d->size);
    while (end < offset) end += segment_cut(d->text + end, (size_t)(d->size - end));
    return end;
}

static void expect_going_on(bool marked)
{
    struct fixture f;
    struct error e;
    open_all(&f, marked);
    for (size_t place = 1; place < f.whole.n; place += place < 40 ? 1 : 20011) {
        size_t documents = 0, zeros = 0, offset = 0, at = 0;
        bool inside = true; /* of a header */
        for (; at < place; at++) {
            inside = begins(&f, at) || (inside && f.whole.lengths[at] == 0);
            if (begins(&f, at)) documents++, offset = 0;
            zeros = !inside && f.whole.lengths[at] == 0 ? zeros + 1 : 0;
            offset += f.whole.lengths[at];
        }
        if (inside && !begins(&f, at) && f.whole.lengths[at] == 0) continue; /* headers are whole */
        struct token_source *s = open_source(&f, 2);
        struct token_chunk chunk;
        if (documents > 0)
            token_source_seek(s, documents, offset, zeros, segment_end(&f.corpus->documents[documents - 1], offset));
        assert_ok(token_source_next(s, 900, &chunk, &e), e);
        assert_true(chunk.n > 0);
        check_chunk(&f, &chunk, at);
        token_source_close(s); /* with blocks still ahead */
    }
    close_all(&f);
}

static void a_source_goes_on_at_any_place_that_was_given_out(void **state)
{
    (void)state;
    expect_going_on(false);
}

static void a_source_that_marks_segments_goes_on_likewise(void **state)
{
    (void)state;
    expect_going_on(true);
}

static void segments_are_marked_in_chunks_of_any_size(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f, true);
    for (size_t size = 11; size < 90000; size = 30 * size + 3) {
        struct token_source *s = open_source(&f, 2);
        struct token_chunk chunk = {.n = 1};
        size_t at = 0;
        for (; chunk.n > 0; at += chunk.n) {
            assert_ok(token_source_next(s, size, &chunk, &e), e);
            check_chunk(&f, &chunk, at);
            assert_true(chunk.n == size || at + chunk.n == f.whole.n);
        }
        token_source_close(s);
    }
    close_all(&f);
}

/* A path and what is around it may be parted between chunks. */
static void a_header_is_cut_where_a_chunk_ends(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f, false);
    struct token_source *s = open_source(&f, 1);
    struct token_chunk chunk;
    assert_ok(token_source_next(s, 1, &chunk, &e), e);
    assert_true(chunk.cuts_header && chunk.n_runs == 1 && chunk.runs[0].in_header);
    const size_t header = chunk.runs[0].header;
    assert_ok(token_source_next(s, header, &chunk, &e), e);
    assert_true(!chunk.cuts_header && chunk.n_runs == 2 && chunk.runs[0].n == header - 1);
    assert_true(chunk.runs[0].in_header && chunk.runs[0].header == 0 && !chunk.runs[1].in_header);
    token_source_close(s);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_tokens_in_chunks_of_any_size),
        cmocka_unit_test(a_chunk_stays_as_it_is_while_the_next_is_taken),
        cmocka_unit_test(a_source_goes_on_at_any_place_that_was_given_out),
        cmocka_unit_test(a_source_that_marks_segments_goes_on_likewise),
        cmocka_unit_test(segments_are_marked_in_chunks_of_any_size),
        cmocka_unit_test(a_header_is_cut_where_a_chunk_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
