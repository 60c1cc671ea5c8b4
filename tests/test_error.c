/* The kinds of errors: by them callers decide, so none may be lost on its way up. */
#include "tests/test.h"

#include "app/commands.h"
#include "app/options.h"
#include "compute/gguf.h"

static void an_error_has_a_kind_and_words(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(error_set(&e, "%s: layer %d", "a.gguf", 3), -1);
    assert_string_equal(e.text, "a.gguf: layer 3");
    assert_int_equal(e.kind, ERROR_OTHER);
    assert_int_equal(error_set_kind(&e, ERROR_DEVICE, "device %d is lost", 1), -1);
    assert_string_equal(e.text, "device 1 is lost");
    assert_int_equal(e.kind, ERROR_DEVICE);
    assert_int_equal(error_memory(&e), -1);
    assert_string_equal(e.text, "out of memory");
    assert_int_equal(e.kind, ERROR_MEMORY);
    assert_int_equal(error_cancelled(&e), -1);
    assert_string_equal(e.text, "interrupted");
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(error_set(&e, "another one"), -1);
    assert_int_equal(e.kind, ERROR_OTHER);
}

static void a_prefix_keeps_the_kind_and_a_copy_both(void **state)
{
    (void)state;
    struct error e = {0}, copy = {0};
    error_set_kind(&e, ERROR_DAMAGED, "block %d has a wrong checksum", 7);
    assert_int_equal(error_prefix(&e, "keys"), -1);
    assert_string_equal(e.text, "keys: block 7 has a wrong checksum");
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_int_equal(error_copy(&copy, &e), -1);
    assert_string_equal(copy.text, e.text);
    assert_int_equal(copy.kind, ERROR_DAMAGED);
}

static void an_error_that_nobody_wants_still_fails(void **state)
{
    (void)state;
    const struct error e = {ERROR_OTHER, ""};
    assert_int_equal(error_set(NULL, "a"), -1);
    assert_int_equal(error_set_kind(NULL, ERROR_USAGE, "a"), -1);
    assert_int_equal(error_memory(NULL), -1);
    assert_int_equal(error_cancelled(NULL), -1);
    assert_int_equal(error_copy(NULL, &e), -1);
    assert_int_equal(error_prefix(NULL, "a"), -1);
}

static void a_line_end_or_a_long_text_does_not_leave_the_line(void **state)
{
    (void)state;
    struct error e = {0};
    error_set(&e, "one\ntwo\r%0600d", 0);
    assert_memory_equal(e.text, "one two 000", 11);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void a_broken_model_file_is_damaged_and_a_missing_one_is_not(void **state)
{
    (void)state;
    struct error e = {0};
    struct gguf *g = NULL;
    assert_int_equal(gguf_open_bytes(&g, "a.gguf", (const uint8_t *)"GGUX", 4, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_int_equal(gguf_open(&g, "/nonexistent/a.gguf", &e), -1);
    assert_int_equal(e.kind, ERROR_OTHER);
}

static void exit_statuses_follow_from_the_kind(void **state)
{
    (void)state;
    static const int expected[] = {
        [ERROR_OTHER] = EXIT_FAILED,   [ERROR_CANCELLED] = EXIT_INTERRUPTED, [ERROR_MEMORY] = EXIT_FAILED,
        [ERROR_DEVICE] = EXIT_FAILED,  [ERROR_USAGE] = EXIT_USAGE,           [ERROR_BUSY] = EXIT_FAILED,
        [ERROR_DAMAGED] = EXIT_FAILED,
    };
    for (int kind = ERROR_OTHER; kind <= ERROR_DAMAGED; kind++)
        assert_int_equal(commands_status(&(struct error){(enum error_kind)kind, "a"}), expected[kind]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_a_kind_and_words),
        cmocka_unit_test(a_prefix_keeps_the_kind_and_a_copy_both),
        cmocka_unit_test(an_error_that_nobody_wants_still_fails),
        cmocka_unit_test(a_line_end_or_a_long_text_does_not_leave_the_line),
        cmocka_unit_test(a_broken_model_file_is_damaged_and_a_missing_one_is_not),
        cmocka_unit_test(exit_statuses_follow_from_the_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
