/* Ways back and forth through a text, and marks. */
#include "tests/test.h"

#include "app/panes/jumps.h"

static struct spot at(uint64_t offset)
{
    return (struct spot){0, offset};
}

static void back_and_forward_go_the_same_way(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    assert_false(jumps_back(&j, at(1), &to));
    jumps_leave(&j, at(1));
    jumps_leave(&j, at(2));
    assert_true(jumps_back(&j, at(3), &to) && to.offset == 2);
    assert_true(jumps_back(&j, at(2), &to) && to.offset == 1);
    assert_false(jumps_back(&j, at(1), &to));
    assert_true(jumps_forward(&j, at(1), &to) && to.offset == 2);
    assert_true(jumps_forward(&j, at(2), &to) && to.offset == 3);
    assert_false(jumps_forward(&j, at(3), &to));
}

/* Scrolled since: the way forward comes back to where one was, not to where one had jumped to. */
static void a_way_comes_back_to_where_one_left_it(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    jumps_leave(&j, at(1));
    assert_true(jumps_back(&j, at(2), &to) && to.offset == 1);
    assert_true(jumps_forward(&j, at(10), &to) && to.offset == 2);
    assert_true(jumps_back(&j, at(20), &to) && to.offset == 10);
}

static void a_jump_forgets_what_lay_ahead(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    jumps_leave(&j, at(1));
    jumps_leave(&j, at(2));
    assert_true(jumps_back(&j, at(3), &to));
    jumps_leave(&j, at(7));
    assert_false(jumps_forward(&j, at(8), &to));
    assert_true(jumps_back(&j, at(8), &to) && to.offset == 7);
}

static void leaving_the_same_place_twice_is_one_step(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    jumps_leave(&j, at(1));
    jumps_leave(&j, at(1));
    assert_true(jumps_back(&j, at(2), &to) && to.offset == 1);
    assert_false(jumps_back(&j, at(1), &to));
}

static void the_oldest_is_forgotten_when_there_are_too_many(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to = at(0);
    j = (struct jumps){0};
    for (uint64_t i = 0; i < JUMPS_MAX + 5; i++) jumps_leave(&j, at(i));
    size_t n = 0;
    for (struct spot here = at(9999); jumps_back(&j, here, &to); n++) here = to;
    assert_int_equal(n, JUMPS_MAX - 1); /* the place that the first step back began at takes one */
    assert_int_equal(to.offset, 6);
    for (n = 0; jumps_forward(&j, to, &to); n++) continue;
    assert_int_equal(n, JUMPS_MAX - 1);
    assert_int_equal(to.offset, 9999);
}

static void marks_are_letters_and_digits(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    assert_false(jumps_marked(&j, 'a', &to));
    assert_true(jumps_mark(&j, 'a', at(5)));
    assert_true(jumps_mark(&j, 'Z', at(6)));
    assert_true(jumps_mark(&j, '0', at(7)));
    assert_true(jumps_mark(&j, 'a', at(8)));
    assert_false(jumps_mark(&j, '-', at(9)));
    assert_false(jumps_mark(&j, 0x20AC, at(9)));
    assert_true(jumps_marked(&j, 'a', &to) && to.offset == 8);
    assert_true(jumps_marked(&j, 'Z', &to) && to.offset == 6);
    assert_true(jumps_marked(&j, '0', &to) && to.offset == 7);
    assert_false(jumps_marked(&j, '-', &to));
    assert_false(jumps_marked(&j, 0x10FFFF, &to));
}

static void the_quote_marks_where_the_last_jump_left(void **state)
{
    (void)state;
    static struct jumps j;
    struct spot to;
    j = (struct jumps){0};
    assert_false(jumps_marked(&j, '\'', &to));
    jumps_leave(&j, at(4));
    jumps_leave(&j, at(9));
    assert_true(jumps_marked(&j, '\'', &to) && to.offset == 9);
}

static void marks_begin_and_end_with_their_alphabets(void **state)
{
    (void)state;
    struct jumps j = {0};
    static const char good[] = "09azAZ", bad[] = "/:@[`{ '";
    for (size_t i = 0; i < sizeof good - 1; i++)
        assert_true(jumps_mark(&j, (uint32_t)good[i], (struct spot){.offset = i}));
    for (size_t i = 0; i < sizeof bad - 1; i++)
        assert_false(jumps_mark(&j, (uint32_t)bad[i], (struct spot){.offset = 9}));
    assert_false(jumps_mark(&j, 0x20AC, (struct spot){.offset = 9}));
    struct spot out;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        assert_true(jumps_marked(&j, (uint32_t)good[i], &out));
        assert_int_equal(out.offset, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_and_forward_go_the_same_way),
        cmocka_unit_test(a_way_comes_back_to_where_one_left_it),
        cmocka_unit_test(a_jump_forgets_what_lay_ahead),
        cmocka_unit_test(leaving_the_same_place_twice_is_one_step),
        cmocka_unit_test(the_oldest_is_forgotten_when_there_are_too_many),
        cmocka_unit_test(marks_are_letters_and_digits),
        cmocka_unit_test(the_quote_marks_where_the_last_jump_left),
        cmocka_unit_test(marks_begin_and_end_with_their_alphabets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
