#include "tests/test.h"

#include "app/text/parts.h"

static void a_place_is_the_last_part_that_begins_before_it(void **state)
{
    (void)state;
    struct error e;
    struct parts p = {0};
    assert_null(parts_at(&p, 0));
    assert_ok(parts_add_place(&p, 10, "p. 1", &e), e);
    assert_ok(parts_add_place(&p, 200, "p. 2", &e), e);
    assert_null(parts_at(&p, 9));
    assert_string_equal(parts_at(&p, 10), "p. 1");
    assert_string_equal(parts_at(&p, 199), "p. 1");
    assert_string_equal(parts_at(&p, 5000), "p. 2");
    parts_free(&p);
}

static int heading(struct parts *p, uint64_t offset, unsigned level, const char *title, struct error *e)
{
    return parts_add_heading(p, offset, level, title, strlen(title), e);
}

static void a_heading_is_called_by_those_it_is_inside(void **state)
{
    (void)state;
    struct error e;
    struct parts p = {0};
    assert_ok(heading(&p, 0, 1, "Part One", &e), e);
    assert_ok(heading(&p, 0, 2, " Chapter\n\t3 ", &e), e);
    assert_ok(heading(&p, 40, 4, "The Door", &e), e);
    assert_ok(heading(&p, 60, 3, "", &e), e);
    assert_ok(heading(&p, 70, 2, "Chapter 4", &e), e);
    assert_ok(heading(&p, 90, 1, "Part Two", &e), e);
    assert_int_equal(p.n, 5);
    assert_string_equal(parts_at(&p, 0), "Part One > Chapter 3");
    assert_string_equal(parts_title(&p, &p.items[1]), "Chapter 3");
    assert_string_equal(parts_at(&p, 65), "Part One > Chapter 3 > The Door");
    assert_string_equal(parts_at(&p, 70), "Part One > Chapter 4");
    assert_string_equal(parts_at(&p, 90), "Part Two");
    parts_free(&p);
}

static void a_title_is_cut_between_characters(void **state)
{
    (void)state;
    struct error e;
    struct parts p = {0};
    char title[301];
    for (size_t i = 0; i < 300; i += 3) memcpy(title + i, "\xE9\x9B\xBE", 3);
    title[300] = '\0';
    assert_ok(heading(&p, 0, 1, title, &e), e);
    assert_int_equal(strlen(parts_at(&p, 0)), 198);
    parts_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_the_last_part_that_begins_before_it),
        cmocka_unit_test(a_heading_is_called_by_those_it_is_inside),
        cmocka_unit_test(a_title_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
