#include "tests/test.h"

#include "app/text/corpus.h"
#include "app/reader/sequence.h"

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
    assert_ok(sequence_begin_document(s, 3, keys[0], &e), e);
    assert_ok(sequence_append(s, lengths, 20, keys[3], &e), e);
    assert_ok(sequence_append(s, lengths, 34, keys[23], &e), e);
    assert_ok(sequence_begin_document(s, 2, keys[57], &e), e);
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

static void token_offsets_are_places_in_their_document(void **state)
{
    (void)state;
    struct corpus *c = two_documents();
    struct sequence *s = read_both(c, 1);
    uint64_t offsets[4];
    sequence_token_offsets(s, 3, 6, offsets);
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[3], 30);
    sequence_token_offsets(s, 52, 55, offsets);
    assert_int_equal(offsets[0], 490);
    assert_int_equal(offsets[1], 500);
    assert_int_equal(offsets[3], 520);
    sequence_token_offsets(s, 59, 61, offsets);
    assert_int_equal(offsets[0], 0);
    assert_int_equal(offsets[1], 3);
    assert_int_equal(offsets[2], 7);
    sequence_close(s);
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
    assert_ok(sequence_begin_document(s, 1, keys[0], &e), e);
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
