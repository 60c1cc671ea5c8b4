/* JSON of untrusted bytes, and JSON that is whole or nothing. */
#include "tests/test.h"

#include <cjson/cJSON.h>

#include "app/text/json.h"

/* What is parsed, printed again; "none" where it is no JSON. */
static void assert_parsed(const char *text, size_t size, const char *expected, size_t taken)
{
    size_t n = 99;
    cJSON *object = json_parse(text, size, &n);
    char *printed = object ? json_print(object, false) : strdup("none");
    assert_non_null(printed);
    if (strcmp(printed, expected) != 0) fail_msg("%.*s: %s, not %s", (int)size, text, printed, expected);
    if (object) assert_int_equal(n, taken);
    free(printed);
    cJSON_Delete(object);
}

#define PARSED(text, expected, taken) assert_parsed(text, sizeof(text) - 1, expected, taken)

static void a_value_is_taken_from_the_front(void **state)
{
    (void)state;
    PARSED("{\"a\":[1,2.5,null,true]}", "{\"a\":[1,2.5,null,true]}", 23);
    PARSED("  [] x", "[]", 4);
    PARSED("1 2", "1", 1);
    PARSED("\"a\"\"b\"", "\"a\"", 3);
    PARSED("[", "none", 1);
    PARSED("{\"a\":", "none", 5);
    PARSED("\"a", "none", 0);
    PARSED("", "none", 0);
    PARSED("   ", "none", 2);
    assert_parsed("[1]x", 3, "[1]", 3); /* no byte behind the size is looked at */
    assert_parsed("12345", 2, "12", 2);
}

static void a_nul_ends_no_string(void **state)
{
    (void)state;
    PARSED("\"a\\u0000b\"",
           "\"a\xEF\xBF\xBD"
           "b\"",
           10);
    PARSED("\"a\0b\"", "\"a b\"", 5);
    PARSED("{\"\\u0000\":1}", "{\"\xEF\xBF\xBD\":1}", 12);
    PARSED("\"\\\\u0000\"", "\"\\\\u0000\"", 9); /* a backslash, and what only looks like it */
    PARSED("\"\\\\\\u0000\"", "\"\\\\\xEF\xBF\xBD\"", 10);
    PARSED("\"\\u0001\\u0041\"", "\"\\u0001A\"", 14);
    PARSED("\"\\u000", "none", 0); /* it would end behind the text */
    PARSED("\"x\\", "none", 0);
}

static void the_length_that_is_taken_may_be_unwanted(void **state)
{
    (void)state;
    cJSON *object = json_parse("[7]", 3, NULL);
    assert_int_equal(cJSON_GetArrayItem(object, 0)->valueint, 7);
    cJSON_Delete(object);
    assert_null(json_parse("]", 1, NULL));
}

static void a_text_is_for_programs_or_for_people(void **state)
{
    (void)state;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "a", 1);
    char *one = json_print(object, false), *lines = json_print(object, true);
    assert_string_equal(one, "{\"a\":1}");
    assert_string_equal(lines, "{\n\t\"a\":\t1\n}");
    free(one);
    free(lines);
    cJSON_Delete(object);
    assert_null(json_print(NULL, false)); /* as it comes from what had no memory */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_taken_from_the_front),
        cmocka_unit_test(a_nul_ends_no_string),
        cmocka_unit_test(the_length_that_is_taken_may_be_unwanted),
        cmocka_unit_test(a_text_is_for_programs_or_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
