#include "tests/test.h"

#include "app/text/corpus.h"
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

static void open_all(struct fixture *f)
{
    struct error e;
    struct tiny_model t = tiny_model_default();
    size_t size, sizes[DOCUMENTS];
    *f = (struct fixture){.large = large_text()};
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
    assert_ok(token_source_open(&s, f->model->tokenizer, f->corpus, f->model->token_file, n_threads, &e), e);
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
        headers += c->runs[i].header ? c->runs[i].n : 0;
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
    open_all(&f);
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
    open_all(&f);
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

static void a_source_goes_on_at_any_place_that_was_given_out(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    for (size_t place = 1; place < f.whole.n; place += place < 40 ? 1 : 20011) {
        size_t documents = 0, zeros = 0, offset = 0, at = 0;
        bool inside = true; /* of a header */
        for (; at < place; at++) {
            inside = f.whole.ids[at] == TINY_FILE || (inside && f.whole.lengths[at] == 0);
            if (f.whole.ids[at] == TINY_FILE) documents++, offset = 0;
            zeros = !inside && f.whole.lengths[at] == 0 ? zeros + 1 : 0;
            offset += f.whole.lengths[at];
        }
        if (inside && f.whole.ids[at] != TINY_FILE && f.whole.lengths[at] == 0) continue; /* headers are whole */
        struct token_source *s = open_source(&f, 2);
        struct token_chunk chunk;
        token_source_seek(s, documents, offset, zeros);
        assert_ok(token_source_next(s, 900, &chunk, &e), e);
        assert_true(chunk.n > 0);
        check_chunk(&f, &chunk, at);
        token_source_close(s); /* with blocks still ahead */
    }
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_tokens_in_chunks_of_any_size),
        cmocka_unit_test(a_chunk_stays_as_it_is_while_the_next_is_taken),
        cmocka_unit_test(a_source_goes_on_at_any_place_that_was_given_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
