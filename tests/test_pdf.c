/* PDF: what pdftotext prints made a text, and the process that prints it killed, starved and cut. */
#include "tests/test.h"

#include <stdbool.h>

#include "app/text/convert/helper.h"
#include "app/text/convert/pdf.h"

static struct convert_budget budget;

static void fill_budget(uint64_t bytes, uint64_t milliseconds)
{
    budget = (struct convert_budget){.bytes = bytes, .members = 1, .end = converted_now() + milliseconds, .depth = 1};
}

static void assert_text(const char *printed, const char *text)
{
    struct error e;
    fill_budget(1 << 20, 60000);
    struct converted c = {.budget = &budget};
    assert_ok(pdf_text(&c, printed, strlen(printed), &e), e);
    assert_ok(converted_put(&c, "", 1, &e), e);
    assert_string_equal(c.text, text);
    converted_free(&c);
}

static void words_that_a_line_end_parts_are_joined(void **state)
{
    (void)state;
    assert_text("The exam-\nple is short.\n", "The example\nis short.\n");
    assert_text("The exam-\nple\nand more\n", "The example\nand more\n");
    assert_text("A soft\xC2\xAD\n  er hyphen, and \xC3\xBC"
                "ber\xE2\x80\x90\nall.\n",
                "A softer\nhyphen, and \xC3\xBC"
                "berall.\n");
    assert_text("the Anglo-\nSaxon and 3-\nfold --\nend\n", "the Anglo-\nSaxon and 3-\nfold --\nend\n");
}

static void a_word_that_has_its_hyphen_elsewhere_keeps_it(void **state)
{
    (void)state;
    assert_text("a well-known fact\nis well-\nknown here\n", "a well-known fact\nis well-known\nhere\n");
    assert_text("wellknown and well-known\nis well-\nknown here\n", "wellknown and well-known\nis wellknown\nhere\n");
}

static void ligatures_are_letters(void **state)
{
    (void)state;
    assert_text("\xEF\xAC\x81rst a\xEF\xAC\x83x\n", "first affix\n");
}

static void pages_are_places(void **state)
{
    (void)state;
    struct error e;
    fill_budget(1 << 20, 60000);
    struct converted c = {.budget = &budget};
    static const char printed[] = "one\n\f\ftwo\n\f";
    assert_ok(pdf_text(&c, printed, sizeof printed - 1, &e), e);
    assert_memory_equal(c.text, "one\ntwo\n", 8);
    assert_string_equal(parts_at(&c.parts, 0), "p. 1");
    assert_string_equal(parts_at(&c.parts, 4), "p. 3");
    assert_string_equal(c.note, "1 of 3 pages hold no text");
    converted_free(&c);
    c.budget = &budget;
    assert_int_equal(pdf_text(&c, "\f\n\f", 3, &e), -1);
    assert_string_equal(e.text, "a PDF without text (pictures of pages?)");
    converted_free(&c);
}

static int run_shell(struct helper_result *r, const char *script, uint64_t memory, struct error *e)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    const struct helper h = {
        .arguments = arguments, .input = (const uint8_t *)"given", .size = 5, .memory = memory, .cpu_seconds = 60};
    return helper_run(r, &h, &budget, e);
}

static void a_helper_gets_its_input_and_is_heard(void **state)
{
    (void)state;
    struct helper_result r;
    struct error e;
    fill_budget(1 << 20, 60000);
    assert_ok(run_shell(&r, "cat; cat /dev/stdin; echo first >&2; echo second >&2; exit 7", 1u << 30, &e), e);
    assert_int_equal(r.size, 10);
    assert_memory_equal(r.output, "givengiven", 10);
    assert_string_equal(r.said, "first");
    assert_int_equal(r.status, 7);
    free(r.output);
}

static void a_helper_that_is_killed_starved_or_cut_is_an_error(void **state)
{
    (void)state;
    struct helper_result r;
    struct error e;
    fill_budget(1 << 20, 60000);
    assert_int_equal(run_shell(&r, "kill -9 $$", 1u << 30, &e), -1);
    assert_string_equal(e.text, "sh was killed by signal 9");
    fill_budget(1 << 20, 60000); /* no memory for what it is to do: it fails by itself */
    assert_ok(
        run_shell(&r, "head -c 900000000 /dev/zero | tail -c 800000000 | wc -c | grep -q 800000000", 64u << 20, &e), e);
    assert_int_not_equal(r.status, 0);
    free(r.output);
    fill_budget(1000, 60000);
    assert_int_equal(run_shell(&r, "yes", 1u << 30, &e), -1);
    assert_non_null(strstr(e.text, "archive bombs"));
    fill_budget(1 << 20, 200);
    assert_int_equal(run_shell(&r, "sleep 600 & sleep 600", 1u << 30, &e), -1);
    assert_string_equal(e.text, "takes too long to convert");
}

static void a_helper_writes_no_files(void **state)
{
    (void)state;
    struct helper_result r;
    struct error e;
    fill_budget(1 << 20, 60000);
    assert_ok(run_shell(&r, "f=$(mktemp) && (echo x > $f); n=$(wc -c < $f); rm -f $f; echo $n", 1u << 30, &e), e);
    assert_int_equal(r.output[0], '0');
    free(r.output);
}

static void a_cancelled_helper_ends(void **state)
{
    (void)state;
    struct helper_result r;
    struct error e;
    static atomic_bool cancel = true;
    fill_budget(1 << 20, 60000);
    budget.cancel = &cancel;
    assert_int_equal(run_shell(&r, "sleep 600", 1u << 30, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
}

static void a_helper_that_is_not_there_says_so(void **state)
{
    (void)state;
    const char *const arguments[] = {"no-such-program-here", NULL};
    const struct helper h = {.arguments = arguments, .memory = 1u << 30, .cpu_seconds = 1};
    struct helper_result r;
    struct error e;
    fill_budget(1 << 20, 60000);
    assert_ok(helper_run(&r, &h, &budget, &e), e);
    assert_int_equal(r.status, 127);
    free(r.output);
}

static void a_broken_pdf_is_refused(void **state)
{
    (void)state;
    struct error e;
    fill_budget(1 << 20, 60000);
    struct converted c = {.budget = &budget};
    assert_int_equal(pdf_convert(&c, (const uint8_t *)"%PDF-1.4 text", 13, &e), -1);
    assert_int_equal(strncmp(e.text, "a PDF", 5), 0);
    converted_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_a_line_end_parts_are_joined),
        cmocka_unit_test(a_word_that_has_its_hyphen_elsewhere_keeps_it),
        cmocka_unit_test(ligatures_are_letters),
        cmocka_unit_test(pages_are_places),
        cmocka_unit_test(a_helper_gets_its_input_and_is_heard),
        cmocka_unit_test(a_helper_that_is_killed_starved_or_cut_is_an_error),
        cmocka_unit_test(a_helper_writes_no_files),
        cmocka_unit_test(a_cancelled_helper_ends),
        cmocka_unit_test(a_helper_that_is_not_there_says_so),
        cmocka_unit_test(a_broken_pdf_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
