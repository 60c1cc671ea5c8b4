/* Which segments a finding lists, and in which order. */
#include "tests/test.h"

#include <math.h>

#include "app/reader/finding.h"

static void the_best_come_first(void **state)
{
    (void)state;
    const float score[] = {1, 5, 3, 4};
    size_t found[3];
    assert_int_equal(finding_choose(score, 4, 3, found), 3);
    assert_int_equal(found[0], 1);
    assert_int_equal(found[1], 3);
    assert_int_equal(found[2], 2);
}

static void equal_scores_stay_in_the_order_of_the_text(void **state)
{
    (void)state;
    const float score[] = {2, 7, 2, 7, 2, 7};
    const size_t expected[] = {1, 3, 5, 0, 2, 4};
    size_t found[FINDING_MOST];
    assert_int_equal(finding_choose(score, 6, FINDING_MOST, found), 6);
    assert_memory_equal(found, expected, sizeof expected);
}

static void of_equal_scores_at_the_end_of_the_list_the_first_are_taken(void **state)
{
    (void)state;
    float score[FINDING_MOST + 10];
    size_t found[FINDING_MOST];
    for (size_t i = 0; i < FINDING_MOST + 10; i++) score[i] = i == FINDING_MOST + 4 ? 2 : 1;
    assert_int_equal(finding_choose(score, FINDING_MOST + 10, FINDING_MOST, found), FINDING_MOST);
    assert_int_equal(found[0], FINDING_MOST + 4);
    for (size_t i = 1; i < FINDING_MOST; i++) assert_int_equal(found[i], i - 1);
}

static void what_may_not_be_ranked_is_not_listed(void **state)
{
    (void)state;
    const float score[] = {-INFINITY, -3, -INFINITY, -2};
    size_t found[FINDING_MOST];
    assert_int_equal(finding_choose(score, 4, FINDING_MOST, found), 2);
    assert_int_equal(found[0], 3);
    assert_int_equal(found[1], 1);
    assert_int_equal(finding_choose(score, 0, FINDING_MOST, found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_come_first),
        cmocka_unit_test(equal_scores_stay_in_the_order_of_the_text),
        cmocka_unit_test(of_equal_scores_at_the_end_of_the_list_the_first_are_taken),
        cmocka_unit_test(what_may_not_be_ranked_is_not_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
