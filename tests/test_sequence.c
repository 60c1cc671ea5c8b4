#include "tests/test.h"

#include "app/text/corpus.h"
#include "app/reader/sequence.h"
#include "app/reader/token_source.h"
#include "compute/file.h"
#include "compute/tokenizer.h"

/* A corpus of two documents; the first has two segments (a line of 500 bytes, then a short one). */
static struct corpus *two_documents(void)
{
    static char first[540];
    memset(first, 'a', sizeof first);
    for (size_t i = 9; i < sizeof first; i += 10) first[i] = ' ';
    first[499] = first[539] = '\n';
    const char *paths[] = {"first", "second"};
    const char *texts[] = {first, "one two"};
    const size_t sizes[] = {sizeof first, 7};
    struct corpus *c = NULL;
    struct error e;
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 2, &e), e);
    return c;
}

/* First document: 3 header tokens, 54 tokens of 10 bytes; second: 2 header tokens, tokens of 3 and 4 bytes. Keys are of
 * width 4 and hold their token's index in the first column. */
static struct sequence *read_both(const struct corpus *c, uint32_t rate)
{
    struct sequence *s = NULL;
    struct error e;
    assert_ok(sequence_open(&s, c, 4, rate, NULL, "/tmp", &e), e);
    int8_t keys[64][4] = {{0}};
    uint8_t lengths[64];
    for (int i = 0; i < 64; i++) {
        keys[i][0] = (int8_t)i;
        lengths[i] = 10;
    }
    assert_ok(sequence_begin_document(s, 3, 3, keys[0], &e), e);
    assert_ok(sequence_append(s, lengths, 20, keys[3], &e), e);
    assert_ok(sequence_append(s, lengths, 34, keys[23], &e), e);
    assert_ok(sequence_begin_document(s, 2, 2, keys[57], &e), e);
    assert_ok(sequence_append(s, (const uint8_t[]){3, 4}, 2, keys[59], &e), e);
    return s;
}

static void documents_and_segments_know_their_tokens(void **state)
{
    (void)state;
    struct corpus *c = two_documents();
    struct sequence *s = read_both(c, 1);
    size_t n;
    const struct reader_document *d = sequence_documents(s, &n);
    assert_int_equal(n, 2);
    assert_int_equal(d[0].first_token, 0);
    assert_int_equal(d[0].text_token, 3);
    assert_int_equal(d[0].end_token, 57);
    assert_int_equal(d[1].first_token, 57);
    assert_int_equal(d[1].text_token, 59);
    assert_int_equal(d[1].end_token, 61);
    assert_int_equal(d[0].first_segment, 0);
    assert_int_equal(d[0].end_segment, 2);
    assert_int_equal(d[1].first_segment, 2);
    assert_int_equal(d[1].end_segment, 3);

    const struct reader_segment *g = sequence_segments(s, &n);
    assert_int_equal(n, 3);
    assert_int_equal(g[0].size, 500);
    assert_int_equal(g[0].first_token, 0);
    assert_int_equal(g[0].end_token, 53);
    assert_int_equal(g[1].offset, 500);
    assert_int_equal(g[1].size, 40);
    assert_int_equal(g[1].first_token, 53);
    assert_int_equal(g[1].end_token, 57);
    assert_int_equal(g[2].document, 1);
    assert_int_equal(g[2].first_token, 57);
    assert_int_equal(g[2].end_token, 61);
    assert_int_equal(sequence_n_bytes(s), 547);
    sequence_close(s);
    corpus_close(c);
}

/* Texts of many kinds of lines: long ones, characters that have no piece, bytes that are no UTF-8. */
static struct corpus *real_texts(void)
{
    static char first[20000];
    size_t n = 0;
    for (int i = 0; n < 15000; i++)
        n += (size_t)snprintf(first + n, sizeof first - n,
                              i % 7 == 3 ? "\xe2\x96\x81 \xff\xfe%d " : "word%d, and more of it.%s", i,
                              i % 11 == 0 ? "\n" : " ");
    const char *paths[] = {"first", "second"}, *texts[] = {first, "\xe2\x96\x81\xe2\x96\x81x"};
    struct corpus *c = NULL;
    struct error e;
    assert_ok(corpus_open_memory(&c, paths, texts, (const size_t[]){n, 7}, 2, &e), e);
    return c;
}

static struct tokenizer *open_tokenizer(void)
{
    struct file_map m;
    struct tokenizer *t;
    struct error e;
    assert_ok(file_map(&m, "tests/data/tokenizer.model", &e), e);
    assert_ok(tokenizer_open(&t, m.bytes, m.size, &e), e);
    file_unmap(&m);
    return t;
}

static void token_offsets_are_places_in_their_document(void **state)
{
    (void)state;
    struct corpus *c = real_texts();
    struct tokenizer *t = open_tokenizer();
    struct sequence *s = NULL;
    struct token_source *source;
    struct token_chunk chunk;
    struct error e;
    static int8_t keys[40000][4];
    static uint64_t expected[40000], offsets[40000];
    uint64_t at = 0;
    size_t n = 0;
    assert_ok(sequence_open(&s, c, 4, 1, NULL, "/tmp", &e), e);
    assert_ok(token_source_open(&source, t, c, &(struct token_marks){.file = 0, .sep = -1}, 1, &e), e);
    assert_ok(token_source_next(source, sizeof keys / 4, &chunk, &e), e);
    for (size_t i = 0; i < chunk.n_runs; i++) {
        const struct token_run *run = &chunk.runs[i];
        for (size_t k = 0; k < run->n; at += chunk.lengths[n + k++]) expected[n + k] = run->header ? (at = 0) : at;
        if (run->header)
            assert_ok(sequence_begin_document(s, run->header, run->n, keys[0], &e), e);
        else
            assert_ok(sequence_append(s, chunk.lengths + n, run->n, keys[0], &e), e);
        n += run->n;
    }
    expected[n] = at;
    size_t n_documents;
    const struct reader_document *d = sequence_documents(s, &n_documents);
    assert_true(n == d[1].end_token && n > 1000);
    for (size_t i = 0; i < n_documents; i++)
        for (uint64_t begin = d[i].text_token; begin < d[i].end_token; begin++) {
            uint64_t end = begin + 1 + begin % 5;
            if (end > d[i].end_token) end = d[i].end_token;
            assert_ok(sequence_token_offsets(s, t, begin, end, offsets, &e), e);
            assert_memory_equal(offsets, expected + begin, (end - begin) * sizeof *offsets);
            assert_int_equal(offsets[end - begin], end < d[i].end_token ? expected[end] : c->documents[i].size);
        }
    assert_int_equal(sequence_token_offsets(s, t, d[1].text_token, n + 1, offsets, &e), -1);
    token_source_close(source);
    sequence_close(s);
    tokenizer_close(t);
    corpus_close(c);
}

static void a_token_across_a_cut_belongs_to_the_segment_of_its_last_byte(void **state)
{
    (void)state;
    struct corpus *c = two_documents();
    struct sequence *s = NULL;
    struct error e;
    assert_ok(sequence_open(&s, c, 4, 1, NULL, "/tmp", &e), e);
    int8_t keys[8][4] = {{0}};
    uint8_t lengths[] = {250, 245, 10, 35};
    assert_ok(sequence_begin_document(s, 1, 1, keys[0], &e), e);
    assert_ok(sequence_append(s, lengths, 4, keys[1], &e), e);
    size_t n;
    const struct reader_segment *g = sequence_segments(s, &n);
    assert_int_equal(n, 2);
    assert_int_equal(g[0].end_token, 3);
    assert_int_equal(g[1].first_token, 3);
    assert_int_equal(g[1].token_offset, 495);
    sequence_close(s);
    corpus_close(c);
}

static void every_rth_key_is_kept(void **state)
{
    (void)state;
    struct corpus *c = two_documents();
    struct sequence *s = read_both(c, 4);
    uint64_t n;
    const int8_t *keys = sequence_keys(s, &n);
    assert_int_equal(n, 16);
    for (int i = 0; i < 16; i++) assert_int_equal(keys[i * 4], i * 4);
    assert_int_equal(sequence_kept(s, 53), 14);
    sequence_close(s);
    corpus_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_and_segments_know_their_tokens),
        cmocka_unit_test(token_offsets_are_places_in_their_document),
        cmocka_unit_test(a_token_across_a_cut_belongs_to_the_segment_of_its_last_byte),
        cmocka_unit_test(every_rth_key_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
