/* The main thread's picture of the sequence, and the sums of attention over it: three documents, cut into segments of
 * at most ten bytes and four bytes a token, each document behind a header of two tokens. */
#include "tests/view_fixture.h"

#include <math.h>

#include "app/panes/exchange.h"

enum { SIZE_A = 25, SIZE_B = 4, SIZE_C = 40 };

static const char text[SIZE_C + 1] = "abcdefghijklmnopqrstuvwxyz0123456789abcd";

static struct corpus *corpus(void)
{
    static const char *const paths[] = {"a", "b", "c"}, *const texts[] = {text, text, text};
    static const size_t sizes[] = {SIZE_A, SIZE_B, SIZE_C};
    struct error e = {0};
    struct corpus *c;
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 3, &e), e);
    return c;
}

static struct atlas *atlas(struct corpus **c, size_t n_read)
{
    *c = corpus();
    return view_fixture_atlas(*c, n_read);
}

static void bytes_and_spots_are_the_same_places(void **state)
{
    (void)state;
    struct corpus *c;
    struct atlas *a = atlas(&c, 3);
    for (uint64_t byte = 0; byte < SIZE_A + SIZE_B + SIZE_C; byte++) {
        const struct spot spot = atlas_spot(a, byte);
        assert_int_equal(spot.document, byte < SIZE_A ? 0 : byte < SIZE_A + SIZE_B ? 1 : 2);
        assert_int_equal(atlas_byte(a, spot), byte);
    }
    const struct spot end = atlas_spot(a, 9999);
    assert_true(end.document == 2 && end.offset == SIZE_C);
    atlas_close(a);
    corpus_close(c);
}

static void every_place_that_is_read_has_its_segment(void **state)
{
    (void)state;
    struct corpus *c;
    struct atlas *a = atlas(&c, 2);
    assert_int_equal(a->n_segments, 4);
    assert_int_equal(atlas_segment_at(a, (struct spot){0, 0}), 0);
    assert_int_equal(atlas_segment_at(a, (struct spot){0, 9}), 0);
    assert_int_equal(atlas_segment_at(a, (struct spot){0, 10}), 1);
    assert_int_equal(atlas_segment_at(a, (struct spot){0, SIZE_A}), 2); /* the end belongs to the last one */
    assert_int_equal(atlas_segment_at(a, (struct spot){1, 3}), 3);
    assert_int_equal(atlas_segment_at(a, (struct spot){2, 0}), SIZE_MAX);
    assert_int_equal(atlas_segment_of_token(a, 0), 0); /* the header's tokens belong to the first segment */
    assert_int_equal(atlas_segment_of_token(a, 4), 0);
    assert_int_equal(atlas_segment_of_token(a, 5), 1);
    assert_int_equal(atlas_segment_of_token(a, 999), SIZE_MAX);
    atlas_close(a);
    corpus_close(c);
}

static void tokens_to_come_are_told_by_the_bytes(void **state)
{
    (void)state;
    struct corpus *c;
    struct atlas *a = atlas(&c, 0);
    assert_int_equal(atlas_tokens(a), 0);
    assert_int_equal(atlas_total_tokens(a), (SIZE_A + SIZE_B + SIZE_C) / 4 + 1);
    atlas_close(a);
    corpus_close(c);
    a = atlas(&c, 3);
    assert_int_equal(atlas_total_tokens(a), atlas_tokens(a));
    atlas_close(a);
    corpus_close(c);
    a = atlas(&c, 2);
    assert_true(atlas_total_tokens(a) > atlas_tokens(a) + SIZE_C / 4);
    atlas_close(a);
    corpus_close(c);
}

static void a_spot_and_its_token_lead_to_each_other(void **state)
{
    (void)state;
    struct corpus *c;
    struct atlas *a = atlas(&c, 3);
    for (size_t i = 0; i < a->n_segments; i++) {
        const struct reader_segment *s = &a->segments[i];
        assert_int_equal(atlas_token(a, (struct spot){s->document, s->offset}), s->first_token);
        const struct spot spot = atlas_token_spot(a, s->first_token);
        assert_true(spot.document == s->document && spot.offset == s->offset);
    }
    for (uint64_t token = 1, before = 0; token < atlas_tokens(a); token++) {
        const uint64_t byte = atlas_byte(a, atlas_token_spot(a, token));
        assert_true(byte >= before);
        before = byte;
    }
    atlas_close(a);
    corpus_close(c);
}

static void tables_are_extended_where_they_say(void **state)
{
    (void)state;
    struct error e = {0};
    struct corpus *c;
    struct atlas *a = atlas(&c, 1);
    struct message_tables all = view_fixture_tables(c, 3);
    struct message_tables rest = {.first_document = 1,
                                  .n_documents = 2,
                                  .first_segment = 3,
                                  .n_segments = all.n_segments - 3,
                                  .documents = all.documents + 1,
                                  .segments = all.segments + 3};
    assert_ok(atlas_extend(a, &rest, &e), e);
    assert_int_equal(a->n_documents, 3);
    assert_int_equal(a->n_segments, all.n_segments);
    assert_memory_equal(a->segments, all.segments, all.n_segments * sizeof *all.segments);
    free(all.documents);
    free(all.segments);
    atlas_close(a);
    corpus_close(c);
}

/* --- attention over it --- */

static void sums_of_blocks_are_the_sums_of_segments(void **state)
{
    (void)state;
    enum { N = 5 * LENS_BLOCK + 7 };
    struct lens l = {.share = malloc(N * sizeof(float)), .n_segments = N};
    struct atlas a = {.segments = calloc(N, sizeof(struct reader_segment)), .n_segments = N};
    uint64_t seed = 4;
    for (size_t i = 0; i < N; i++) {
        l.share[i] = (float)(i % 7) + test_uniform(&seed);
        a.segments[i] = (struct reader_segment){.first_token = 3 * i, .end_token = 3 * i + 3};
    }
    assert_true(lens_sum(&l));
    double sum = 0, peak = 0;
    for (size_t i = 0; i < N; i++) {
        assert_float_equal(lens_before(&l, &a, 3 * i), sum, 1e-9);
        assert_true(fabs(lens_before(&l, &a, 3 * i + 1) - (sum + (double)l.share[i] / 3)) < 1e-6);
        sum += (double)l.share[i];
        if ((double)l.share[i] > peak) peak = (double)l.share[i];
    }
    assert_float_equal(lens_before(&l, &a, 3 * N + 5), sum, 1e-9); /* past the end: all of it */
    assert_float_equal((double)l.peak, peak, 1e-9);
    lens_free(&l);
    assert_true(l.share == NULL && l.n_segments == 0);
    free(a.segments);
}

static void turning_goes_through_the_words_and_back_to_all(void **state)
{
    (void)state;
    char question[] = "Who is Poole?";
    struct finding_token tokens[] = {
        {0, 3, 0}, {3, 4, 0}, {4, 6, 0}, {6, 12, 0}, {12, 13, 0}}; /* the second is a blank */
    const struct finding finding = {.n_segments = 1};
    struct exchange x = {.question = question, .finding = &finding, .tokens = tokens, .n_tokens = 5, .token = -1};
    static const int forward[] = {0, 2, 3, 4, -1, 0};
    for (size_t i = 0; i < 6; i++) {
        assert_true(exchange_turn(&x, 1));
        assert_int_equal(x.token, forward[i]);
    }
    static const int backward[] = {-1, 4, 3, 2, 0, -1};
    for (size_t i = 0; i < 6; i++) {
        assert_true(exchange_turn(&x, -1));
        assert_int_equal(x.token, backward[i]);
    }
    /* Pieces of a word are one word; the heaviest one stands for it. */
    struct finding_token pieces[] = {{0, 3, 0}, {3, 6, 0}, {6, 8, 0.1f}, {8, 10, 0.3f}, {10, 12, 0.2f}, {12, 13, 0}};
    struct exchange cut = {.question = question, .finding = &finding, .tokens = pieces, .n_tokens = 6, .token = -1};
    static const int words[] = {0, 1, 3, 5, -1};
    for (size_t i = 0; i < 5; i++) {
        assert_true(exchange_turn(&cut, 1));
        assert_int_equal(cut.token, words[i]);
    }
    size_t begin, end;
    exchange_word(&cut, 4, &begin, &end);
    assert_int_equal(begin, 2);
    assert_int_equal(end, 5);
    struct exchange none = {.question = question, .token = -1};
    assert_false(exchange_turn(&none, 1));
    assert_false(exchange_turn(NULL, 1));
}

static void the_marker_stands_between_all_and_the_first_word(void **state)
{
    (void)state;
    char question[] = "a b";
    struct finding_token tokens[] = {{0, 1, 0}, {1, 3, 0}};
    const struct finding finding = {.n_segments = 1};
    struct exchange x = {.question = question, .finding = &finding, .tokens = tokens, .n_tokens = 2, .token = -1};
    const struct inspected_choice all = {1, 2, 3, -1};
    static const int expected[] = {0, 1, 2, -1, 0}; /* <|question|>, a, b, all, <|question|>: as inspections count */
    for (size_t i = 0; i < 5; i++) {
        assert_true(exchange_turn_marked(&x, 1));
        const struct inspected_choice c = exchange_choice(&x, &all);
        assert_int_equal(c.token, expected[i]);
        assert_true(c.layer == 1 && c.head == 2 && c.branch == 3);
    }
    static const int backward[] = {-1, 2, 1, 0, -1};
    for (size_t i = 0; i < 5; i++) {
        assert_true(exchange_turn_marked(&x, -1));
        assert_int_equal(exchange_choice(&x, &all).token, backward[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_spots_are_the_same_places),
        cmocka_unit_test(every_place_that_is_read_has_its_segment),
        cmocka_unit_test(tokens_to_come_are_told_by_the_bytes),
        cmocka_unit_test(a_spot_and_its_token_lead_to_each_other),
        cmocka_unit_test(tables_are_extended_where_they_say),
        cmocka_unit_test(sums_of_blocks_are_the_sums_of_segments),
        cmocka_unit_test(turning_goes_through_the_words_and_back_to_all),
        cmocka_unit_test(the_marker_stands_between_all_and_the_first_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
