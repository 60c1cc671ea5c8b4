/* Scores of places with what stands around them, against the definition. */
#include "tests/test.h"

#include <math.h>

#include "app/reader/finding_near.h"
#include "app/reader/sequence.h"

enum { N = 60 };

/* Half of ln of the mean of e^score over the document's segments that are at most eight away, and the score itself. */
static double expected(const float *score, const struct reader_segment *segments, size_t n, size_t i)
{
    double sum = 0;
    int near = 0;
    for (size_t k = 0; k < n; k++) {
        if (segments[k].document != segments[i].document || k + 8 < i || k > i + 8) continue;
        sum += exp((double)score[k]);
        near++;
    }
    return (double)score[i] + log(sum / near) / 2;
}

/* Documents of 1, 2, 17, 1 and 39 segments. */
static size_t make(struct reader_segment *segments)
{
    static const size_t sizes[] = {1, 2, 17, 1, 39};
    size_t n = 0;
    for (uint32_t d = 0; d < 5; d++)
        for (size_t i = 0; i < sizes[d]; i++) segments[n++].document = 3 * d;
    assert_int_equal(n, N);
    return n;
}

static void a_score_has_the_mean_of_what_is_around_it(void **state)
{
    (void)state;
    struct reader_segment segments[N] = {{0}};
    const size_t n = make(segments);
    for (int logs = 0; logs < 2; logs++) {
        float score[N], given[N];
        for (size_t i = 0; i < n; i++) given[i] = score[i] = (logs ? -9.0f : 0.0f) + (float)(i * 37 % 11) * 0.7f;
        finding_near_add(score, given, segments, n);
        for (size_t i = 0; i < n; i++) assert_float_equal(score[i], expected(given, segments, n, i), 1e-4);
    }
}

static void of_equal_places_that_one_comes_first_whose_neighbours_answer_too(void **state)
{
    (void)state;
    struct reader_segment segments[N] = {{0}};
    const size_t n = make(segments);
    float score[N] = {[5] = 4, [25] = 4, [27] = 3}; /* one in each of the two long documents */
    float alone[N];
    memcpy(alone, score, sizeof alone);
    finding_near_add(score, alone, segments, n);
    assert_true(score[25] > score[5]);
    assert_true(score[24] > score[50]); /* beside it, and out of reach of all */
}

static void scores_far_below_every_other_stay_numbers(void **state)
{
    (void)state;
    struct reader_segment segments[2] = {{0}};
    const float alone[2] = {-1e4f, -3};
    float score[2] = {-1e4f, -3};
    finding_near_add(score, alone, segments, 2);
    assert_true(isfinite(score[0]) && score[0] < -9000);
    assert_float_equal(score[1], -3 + (-3 - logf(2)) / 2, 1e-4);
    finding_near_add(score, alone, segments, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_has_the_mean_of_what_is_around_it),
        cmocka_unit_test(of_equal_places_that_one_comes_first_whose_neighbours_answer_too),
        cmocka_unit_test(scores_far_below_every_other_stay_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
