#include "tests/test.h"

#include "app/panes/atlas.h"
#include "app/text/corpus.h"
#include "app/panes/search.h"

struct text {
    struct corpus *corpus;
    struct atlas *atlas;
};

static struct text text_of(const char *a, const char *b)
{
    static const char *const paths[] = {"a.txt", "b.txt"};
    const char *texts[] = {a, b};
    size_t sizes[] = {strlen(a), strlen(b)};
    struct text t = {0};
    struct error e = {0};
    assert_ok(corpus_open_memory(&t.corpus, paths, texts, sizes, 2, &e), e);
    assert_ok(atlas_open(&t.atlas, t.corpus, &e), e);
    return t;
}

static void text_close(struct text *t)
{
    atlas_close(t->atlas);
    corpus_close(t->corpus);
}

static struct search *search_all(const struct text *t, const char *pattern, bool regex, uint64_t from)
{
    struct search *s = NULL;
    struct error e = {0};
    assert_ok(search_open(&s, t->atlas, pattern, regex, from, &e), e);
    while (search_step(s, 50)) {
    }
    return s;
}

static void assert_after(const struct search *s, uint64_t byte, uint64_t expected)
{
    uint64_t begin, size;
    assert_int_equal(search_after(s, byte, &begin, &size), SEARCH_FOUND);
    assert_int_equal(begin, expected);
}

static void matches_are_found_in_all_documents_and_round_the_end(void **state)
{
    (void)state;
    struct text t = text_of("the whale\nand the ship\n", "The sea\n");
    struct search *s = search_all(&t, "the", false, 5);
    uint64_t begin, size;
    assert_int_equal(search_count(s), 3);
    assert_after(s, 5, 14);
    assert_after(s, 15, 23);
    assert_after(s, 24, 0);
    assert_int_equal(search_before(s, 14, &begin, &size), SEARCH_FOUND);
    assert_int_equal(begin, 0);
    assert_int_equal(search_before(s, 0, &begin, &size), SEARCH_FOUND);
    assert_int_equal(begin, 23);
    assert_int_equal(size, 3);
    assert_int_equal(search_number(s, 14), 2);
    assert_int_equal(search_number(s, 15), 0);
    search_close(s);
    text_close(&t);
}

static void a_capital_in_the_pattern_makes_capitals_count(void **state)
{
    (void)state;
    struct text t = text_of("Ahab ahab AHAB", "\xC3\x89 \xC3\xA9");
    struct search *s = search_all(&t, "Ahab", false, 0);
    assert_int_equal(search_count(s), 1);
    search_close(s);
    s = search_all(&t, "ahab", false, 0);
    assert_int_equal(search_count(s), 3);
    search_close(s);
    s = search_all(&t, "\xC3\xA9", false, 0);
    assert_int_equal(search_count(s), 2);
    search_close(s);
    text_close(&t);
}

static void an_expression_matches_lines_and_a_literal_matches_itself(void **state)
{
    (void)state;
    struct text t = text_of("a.c\nabc\nx\n", "abc");
    struct search *s = search_all(&t, "a.c", false, 0);
    assert_int_equal(search_count(s), 1);
    search_close(s);
    s = search_all(&t, "^a.c$", true, 0);
    assert_int_equal(search_count(s), 3);
    search_close(s);
    s = search_all(&t, "q*", true, 0);
    assert_int_equal(search_count(s), 0);
    uint64_t begin, size;
    assert_int_equal(search_after(s, 0, &begin, &size), SEARCH_NONE);
    search_close(s);
    text_close(&t);
}

static void a_wrong_expression_is_an_error_that_says_where(void **state)
{
    (void)state;
    struct text t = text_of("a", "b");
    struct search *s = NULL;
    struct error e = {0};
    assert_int_equal(search_open(&s, t.atlas, "a(b", true, 0, &e), -1);
    assert_string_equal(e.text, "missing closing parenthesis (at character 4)");
    assert_int_equal(search_open(&s, t.atlas, "", false, 0, &e), -1);
    assert_null(s);
    text_close(&t);
}

static void an_expression_that_would_run_for_ever_is_given_up(void **state)
{
    (void)state;
    char *a = malloc(20001);
    memset(a, 'a', 20000);
    a[20000] = '\0';
    struct text t = text_of(a, "b");
    struct search *s = search_all(&t, "(a+)+(a+)+[xz]", true, 0);
    assert_non_null(search_problem(s));
    assert_string_equal(search_problem(s), "this expression needs too long on this text");
    assert_true(search_done(s));
    search_close(s);
    text_close(&t);
    free(a);
}

static void matches_across_slices_are_found_once(void **state)
{
    (void)state;
    size_t size = 700 * 1024;
    char *a = malloc(size + 1);
    memset(a, '.', size);
    a[size] = '\0';
    static const size_t at[] = {0, 262140, 262144, 262150, 524286, 700 * 1024 - 6};
    for (size_t i = 0; i < 6; i++) memcpy(a + at[i], "needle", i == 1 ? 4 : 6);
    struct text t = text_of(a, "needle");
    for (int regex = 0; regex < 2; regex++) {
        struct search *s = search_all(&t, "needle", regex, 300000);
        assert_int_equal(search_count(s), 6);
        assert_after(s, 300000, 524286);
        assert_after(s, 262145, 262150);
        search_close(s);
    }
    text_close(&t);
    free(a);
}

static void what_is_not_searched_yet_is_not_guessed(void **state)
{
    (void)state;
    struct text t = text_of("one two one", "one");
    struct search *s = NULL;
    struct error e = {0};
    uint64_t begin, size;
    assert_ok(search_open(&s, t.atlas, "one", false, 5, &e), e);
    assert_int_equal(search_after(s, 5, &begin, &size), SEARCH_PENDING);
    assert_int_equal(search_before(s, 5, &begin, &size), SEARCH_PENDING);
    assert_true(search_step(s, 0));
    assert_after(s, 5, 8);
    assert_int_equal(search_before(s, 5, &begin, &size), SEARCH_PENDING);
    while (search_step(s, 50)) {
    }
    assert_int_equal(search_before(s, 5, &begin, &size), SEARCH_FOUND);
    assert_int_equal(begin, 0);
    search_close(s);
    text_close(&t);
}

static void spans_touch_what_is_on_the_screen(void **state)
{
    (void)state;
    struct text t = text_of("xx needle yy needle", "b");
    struct search *s = search_all(&t, "needle", false, 0);
    struct search_span spans[4];
    assert_int_equal(search_spans(s, 0, 5, 12, spans, 4), 1);
    assert_int_equal(spans[0].begin, 3);
    assert_int_equal(spans[0].end, 9);
    assert_int_equal(search_spans(s, 0, 0, 19, spans, 1), 1);
    assert_int_equal(search_spans(s, 1, 0, 1, spans, 4), 0);
    search_close(s);
    text_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_found_in_all_documents_and_round_the_end),
        cmocka_unit_test(a_capital_in_the_pattern_makes_capitals_count),
        cmocka_unit_test(an_expression_matches_lines_and_a_literal_matches_itself),
        cmocka_unit_test(a_wrong_expression_is_an_error_that_says_where),
        cmocka_unit_test(an_expression_that_would_run_for_ever_is_given_up),
        cmocka_unit_test(matches_across_slices_are_found_once),
        cmocka_unit_test(what_is_not_searched_yet_is_not_guessed),
        cmocka_unit_test(spans_touch_what_is_on_the_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
