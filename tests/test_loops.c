#include "tests/test.h"

#include "compute/loops.h"

static void a_set_that_is_not_there_is_refused_by_name(void **state)
{
    (void)state;
    struct error e;
    setenv("LECTERN_CPU", "pdp-11", 1);
    assert_int_equal(loops_choose(&e), -1);
    assert_int_equal(e.kind, ERROR_USAGE);
    assert_non_null(strstr(e.text, "LECTERN_CPU=pdp-11"));
    assert_non_null(strstr(e.text, loops()->name));
}

static void the_first_choice_stays(void **state)
{
    (void)state;
    struct error e;
#ifdef __x86_64__
    const char *first = "x86-64-v2";
#else
    const char *first = "generic";
#endif
    setenv("LECTERN_CPU", first, 1);
    assert_ok(loops_choose(&e), e);
    assert_string_equal(loops()->name, first);
    unsetenv("LECTERN_CPU");
    assert_ok(loops_choose(&e), e);
    assert_string_equal(loops()->name, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_that_is_not_there_is_refused_by_name),
        cmocka_unit_test(the_first_choice_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
