#include "tests/test.h"

#include "app/text/fuzzy.h"

static int score(const char *name, const char *query)
{
    return fuzzy_score(name, strlen(name), query);
}

static void letters_have_to_be_there_in_their_order(void **state)
{
    (void)state;
    assert_true(score("src/lamp_burn.c", "lmb") >= 0);
    assert_true(score("src/lamp_burn.c", "LAMP src") >= 0); /* words in any order, letters of any case */
    assert_int_equal(score("src/lamp_burn.c", "bl"), -1);
    assert_int_equal(score("src/lamp_burn.c", "lamp x"), -1);
    assert_int_equal(score("", "a"), -1);
    assert_int_equal(score("anything", ""), 0);
    assert_int_equal(score("anything", "  "), 0);
}

static void beginnings_neighbours_and_short_names_come_first(void **state)
{
    (void)state;
    assert_true(score("src/lamp.c", "lamp") > score("src/l_a_m_p.c", "lamp"));
    assert_true(score("src/lamp.c", "lamp") > score("lamp/other.c", "lamp"));
    assert_true(score("src/lamp.c", "lamp") > score("src/clamp.c", "lamp"));
    assert_true(score("src/lamp.c", "lamp") > score("src/lamp_with_a_much_longer_name.c", "lamp"));
    assert_true(score("readerQuestion", "rq") > score("a rare square", "rq"));
    assert_true(score("Part II > Chapter 3", "chapter 3") > score("Part II > Chapter 13", "chapter 3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_have_to_be_there_in_their_order),
        cmocka_unit_test(beginnings_neighbours_and_short_names_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
