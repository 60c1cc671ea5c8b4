/* Which segments a finding lists, against sorting all of them. */
#include "tests/test.h"

#include <math.h>

#include "app/reader/finding.h"

static const float *scores; /* of the sort below */

static int compare(const void *left, const void *right)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    if (scores[a] != scores[b]) return scores[a] > scores[b] ? -1 : 1;
    return a < b ? -1 : 1;
}

static void the_best_come_first_and_ties_by_position(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 3000; round++) {
        const size_t n = test_random(&seed) % 40, most = 1 + test_random(&seed) % 25;
        const uint64_t different = 1 + test_random(&seed) % 8; /* few, so that many are equal */
        float score[40];
        size_t all[40], chosen[25], finite = 0;
        for (size_t i = 0; i < n; i++) {
            const uint64_t value = test_random(&seed) % (different + 1);
            score[i] = value == different ? -INFINITY : (float)value - 3;
            if (value != different) all[finite++] = i;
        }
        scores = score;
        qsort(all, finite, sizeof *all, compare);
        const size_t expected = finite < most ? finite : most;
        assert_int_equal(finding_choose(score, n, most, chosen), expected);
        assert_memory_equal(chosen, all, expected * sizeof *all);
    }
}

static void what_is_out_of_scope_is_never_chosen(void **state)
{
    (void)state;
    const float score[] = {-INFINITY, 0, INFINITY, -1e30f, -INFINITY};
    size_t chosen[5];
    assert_int_equal(finding_choose(score, 5, 5, chosen), 2);
    assert_int_equal(chosen[0], 1);
    assert_int_equal(chosen[1], 3);
    assert_int_equal(finding_choose(score, 1, 5, chosen), 0);
    assert_int_equal(finding_choose(NULL, 0, 5, chosen), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_come_first_and_ties_by_position),
        cmocka_unit_test(what_is_out_of_scope_is_never_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
