#include "tests/test.h"

#include <stdatomic.h>

#include "app/corpus.h"
#include "app/reader.h"
#include "app/token_source.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

struct fixture {
    uint8_t *bytes; /* the model lies in them */
    struct model *model;
    struct backend *backend;
    struct corpus *corpus;
    struct reader *reader;
};

static const char *const texts[] = {
    "The heron stood in the reeds.\nIt waited for a fish.\n",
    "int main(void)\n{\n    return 0;\n}\n",
    "Last words: \xC3\xA9\xC3\xA8 \xE2\x82\xAC and \xFF\xFE broken ones.\n",
};

static void open_all(struct fixture *f)
{
    struct error e;
    struct tiny_model t = tiny_model_default();
    t.branch[0] = (struct branch){64, 1};
    t.branch[1] = (struct branch){128, 2};
    t.branch[2] = (struct branch){256, 4};
    size_t size;
    f->bytes = tiny_model_bytes(&t, &size);
    assert_ok(model_open_bytes(&f->model, "tiny", f->bytes, size, &e), e);
    assert_ok(backend_open(&f->backend, "cpu", 2, &e), e);
    const char *paths[] = {"heron.txt", "src/main.c", "last"};
    size_t sizes[3];
    for (int i = 0; i < 3; i++) sizes[i] = strlen(texts[i]);
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, 3, &e), e);
    struct reader_options o = {.directory = "/tmp"};
    assert_ok(reader_open(&f->reader, f->model, f->backend, f->corpus, &o, &e), e);
}

static void close_all(struct fixture *f)
{
    reader_close(f->reader);
    corpus_close(f->corpus);
    backend_close(f->backend);
    model_close(f->model);
    free(f->bytes);
}

static void read_all(struct fixture *f)
{
    struct error e;
    struct reader_callbacks c = {0};
    assert_ok(reader_read(f->reader, &c, &e), e);
    assert_true(reader_done(f->reader));
}

static void chunks_of_any_size_hold_the_same_tokens(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    int32_t whole[4096];
    size_t n_whole = 0;
    static const size_t sizes[] = {4096, 1, 7, 33};
    for (size_t i = 0; i < 4; i++) {
        struct token_source *s = NULL;
        assert_ok(token_source_open(&s, f.model->tokenizer, f.corpus, f.model->token_file, 2, &e), e);
        size_t n = 0, headers = 0;
        for (struct token_chunk chunk;;) {
            assert_ok(token_source_next(s, sizes[i], &chunk, &e), e);
            if (chunk.n == 0) break;
            size_t in_runs = 0;
            for (size_t r = 0; r < chunk.n_runs; r++) {
                in_runs += chunk.runs[r].n;
                headers += chunk.runs[r].header;
            }
            assert_int_equal(in_runs, chunk.n);
            if (i == 0) {
                memcpy(whole, chunk.ids, chunk.n * sizeof *whole);
                n_whole = chunk.n;
            } else {
                assert_true(n + chunk.n <= n_whole);
                assert_memory_equal(whole + n, chunk.ids, chunk.n * sizeof *whole);
            }
            n += chunk.n;
        }
        assert_int_equal(n, n_whole);
        assert_int_equal(headers, 3);
        token_source_close(s);
    }
    assert_int_equal(whole[0], f.model->token_file);
    close_all(&f);
}

static void every_byte_of_every_text_belongs_to_a_token_and_a_segment(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    read_all(&f);
    size_t n_documents, n_segments;
    const struct reader_document *d = reader_documents(f.reader, &n_documents);
    const struct reader_segment *s = reader_segments(f.reader, &n_segments);
    assert_int_equal(n_documents, 3);
    assert_int_equal(d[0].first_token, 0);
    for (size_t i = 0; i < 3; i++) {
        uint64_t offsets[512];
        assert_true(d[i].end_token - d[i].text_token < 512);
        reader_token_offsets(f.reader, d[i].text_token, d[i].end_token, offsets);
        assert_int_equal(offsets[0], 0);
        assert_int_equal(offsets[d[i].end_token - d[i].text_token], strlen(texts[i]));
        uint64_t covered = 0;
        for (uint64_t g = d[i].first_segment; g < d[i].end_segment; g++) {
            assert_int_equal(s[g].document, i);
            assert_int_equal(s[g].offset, covered);
            covered += s[g].size;
        }
        assert_int_equal(covered, strlen(texts[i]));
        assert_int_equal(s[d[i].first_segment].first_token, d[i].first_token);
        assert_int_equal(s[d[i].end_segment - 1].end_token, d[i].end_token);
    }
    close_all(&f);
}

static void an_answer_ranks_segments_and_its_shares_add_up_to_one(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    struct reader_callbacks c = {0};
    struct answer *a = NULL;
    assert_ok(reader_ask(f.reader, "where does the heron stand?", RANK_ATTENTION, &c, &a, &e), e);
    assert_int_equal(a->rank_by, RANK_ATTENTION);
    assert_int_equal(a->n_items, a->n_segments);
    double sum = 0, by_token = 0;
    for (size_t i = 0; i < a->n_segments; i++) sum += (double)a->share[i];
    assert_float_equal(sum, 1.0, 1e-5);
    for (size_t i = 1; i < a->n_items; i++) assert_true(a->items[i - 1].score >= a->items[i].score);
    for (size_t i = 0; i < a->n_items; i++) {
        assert_true(a->items[i].score == a->score[a->items[i].segment]);
        assert_true(a->items[i].share == a->share[a->items[i].segment]);
    }
    struct reader_progress p;
    reader_progress(f.reader, &p);
    float *shares = calloc(p.tokens, sizeof *shares);
    reader_token_shares(f.reader, a, -1, 0, p.tokens, shares);
    for (uint64_t i = 0; i < p.tokens; i++) by_token += (double)shares[i];
    assert_float_equal(by_token, 1.0, 1e-5);
    free(shares);
    answer_close(a);
    close_all(&f);
}

static void fused_ranks_put_the_words_of_the_question_first(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    /* The tiny model attends at random; with this weight BM25 decides. */
    f.model->evidence.fusion_weight = 100;
    struct reader_callbacks c = {0};
    struct answer *a = NULL;
    assert_ok(reader_ask(f.reader, "main return", RANK_FUSED, &c, &a, &e), e);
    assert_int_equal(a->rank_by, RANK_FUSED);
    size_t n;
    assert_int_equal(reader_segments(f.reader, &n)[a->items[0].segment].document, 1);
    for (size_t i = 1; i < a->n_items; i++) assert_true(a->items[i - 1].score >= a->items[i].score);
    answer_close(a);
    close_all(&f);
}

static void asking_leaves_the_reading_as_it_was(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    struct reader_callbacks c = {0};
    struct answer *first = NULL, *other = NULL, *again = NULL;
    assert_ok(reader_ask(f.reader, "heron", RANK_ATTENTION, &c, &first, &e), e);
    assert_ok(reader_ask(f.reader, "what does main return, and why is this question longer?", RANK_ATTENTION, &c, &other, &e), e);
    assert_ok(reader_ask(f.reader, "heron", RANK_ATTENTION, &c, &again, &e), e);
    assert_memory_equal(first->score, again->score, first->n_segments * sizeof(float));
    assert_memory_not_equal(first->score, other->score, first->n_segments * sizeof(float));
    answer_close(first);
    answer_close(other);
    answer_close(again);
    close_all(&f);
}

static void an_interrupted_read_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    atomic_bool cancel = true;
    struct reader_callbacks c = {.cancel = &cancel};
    assert_int_equal(reader_read(f.reader, &c, &e), -1);
    assert_string_equal(e.text, "interrupted");
    assert_false(reader_done(f.reader));
    struct answer *a = NULL;
    assert_int_equal(reader_ask(f.reader, "heron", RANK_ATTENTION, &c, &a, &e), -1);
    assert_string_equal(e.text, "nothing has been read yet");
    atomic_store(&cancel, false);
    assert_ok(reader_read(f.reader, &c, &e), e);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    assert_int_equal(p.bytes, f.corpus->n_bytes);
    assert_int_equal(p.new_tokens, p.tokens);
    close_all(&f);
}

static void a_question_that_is_too_long_is_refused_with_its_size(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {""};
    open_all(&f);
    read_all(&f);
    struct reader_callbacks c = {0};
    struct answer *a = NULL;
    assert_int_equal(reader_ask(f.reader, "where does the heron stand, and for how long does it wait?", RANK_ATTENTION, &c, &a, &e), 0);
    answer_close(a);
    a = NULL;
    char *question = malloc(100001);
    memset(question, '?', 100000);
    question[100000] = '\0';
    assert_int_equal(reader_ask(f.reader, question, RANK_ATTENTION, &c, &a, &e), -1);
    assert_non_null(strstr(e.text, "(100000 bytes): at most"));
    assert_null(a);
    free(question);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_of_any_size_hold_the_same_tokens),
        cmocka_unit_test(every_byte_of_every_text_belongs_to_a_token_and_a_segment),
        cmocka_unit_test(an_answer_ranks_segments_and_its_shares_add_up_to_one),
        cmocka_unit_test(fused_ranks_put_the_words_of_the_question_first),
        cmocka_unit_test(asking_leaves_the_reading_as_it_was),
        cmocka_unit_test(an_interrupted_read_goes_on_where_it_stopped),
        cmocka_unit_test(a_question_that_is_too_long_is_refused_with_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
