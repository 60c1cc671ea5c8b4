#include "tests/test.h"

#include "compute/bytes.h"

static void an_overflow_leaves_the_result_untouched(void **state)
{
    (void)state;
    size_t r = 7;
    assert_true(bytes_multiply(&r, 3, 4));
    assert_int_equal(r, 12);
    assert_false(bytes_multiply(&r, SIZE_MAX / 2, 3));
    assert_int_equal(r, 12);
    assert_true(bytes_add(&r, SIZE_MAX - 1, 1));
    assert_true(r == SIZE_MAX);
    assert_false(bytes_add(&r, SIZE_MAX, 1));
    assert_true(r == SIZE_MAX);
}

static void a_reserved_array_at_least_doubles_and_keeps_what_it_holds(void **state)
{
    (void)state;
    size_t capacity = 0;
    uint32_t *array = bytes_reserve(NULL, &capacity, 1, sizeof *array);
    assert_non_null(array);
    assert_int_equal(capacity, 8);
    for (uint32_t i = 0; i < 8; i++) array[i] = i * i;
    array = bytes_reserve(array, &capacity, 9, sizeof *array);
    assert_int_equal(capacity, 16);
    array = bytes_reserve(array, &capacity, 100, sizeof *array);
    assert_int_equal(capacity, 128);
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(array[i], i * i);
    void *same = bytes_reserve(array, &capacity, 5, sizeof *array);
    assert_ptr_equal(same, array);
    assert_int_equal(capacity, 128);
    free(array);
}

static void an_impossible_size_is_refused_and_the_array_stays(void **state)
{
    (void)state;
    size_t capacity = 0;
    char *array = bytes_reserve(NULL, &capacity, 3, 1);
    memcpy(array, "abc", 3);
    assert_null(bytes_reserve(array, &capacity, SIZE_MAX, 1));
    assert_null(bytes_reserve(array, &capacity, SIZE_MAX / 4, 8));
    assert_int_equal(capacity, 8);
    assert_memory_equal(array, "abc", 3);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_leaves_the_result_untouched),
        cmocka_unit_test(a_reserved_array_at_least_doubles_and_keeps_what_it_holds),
        cmocka_unit_test(an_impossible_size_is_refused_and_the_array_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
