/* The arguments of tools: what is taken, what is refused and with which words, and that the schemas which clients are
 * shown say the same as the check. */
#include "tests/test.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>

#include "app/serve/mcp_tools.h"

static cJSON *parsed(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    if (!json) fail_msg("no JSON: %s", text);
    return json;
}

/* The call that arguments make, to be looked at while `arguments` is kept. */
static struct mcp_call read_call(enum mcp_tool tool, const cJSON *arguments)
{
    struct mcp_call call;
    struct error e = {0};
    assert_ok(mcp_tools_read(&call, tool, arguments, &e), e);
    assert_int_equal(call.tool, tool);
    return call;
}

static void what_is_not_given_has_its_usual_value(void **state)
{
    (void)state;
    cJSON *arguments = parsed("{\"question\":\"where?\"}");
    struct mcp_call call = read_call(MCP_SEARCH, arguments);
    assert_string_equal(call.question, "where?");
    assert_string_equal(call.kind, "all");
    assert_null(call.path);
    assert_int_equal(call.n_in, 0);
    assert_int_equal(call.limit, 5);
    assert_int_equal(call.snippet_lines, 12);
    assert_int_equal(call.cursor, 0);
    cJSON_Delete(arguments);
    arguments = parsed("{\"path\":\"a.c\"}");
    call = read_call(MCP_READ_PLACE, arguments);
    assert_string_equal(call.path, "a.c");
    assert_int_equal(call.line, 1);
    assert_int_equal(call.before, 20);
    assert_int_equal(call.after, 40);
    call = read_call(MCP_SIMILAR, arguments);
    assert_int_equal(call.line, 1);
    assert_int_equal(call.limit, 5);
    cJSON_Delete(arguments);
    assert_null(read_call(MCP_OUTLINE, NULL).path); /* no arguments at all */
    cJSON *nothing = cJSON_CreateNull();
    assert_null(read_call(MCP_OUTLINE, nothing).path);
    read_call(MCP_STATUS, nothing);
    cJSON_Delete(nothing);
}

static void what_is_given_is_taken_up_to_its_bounds(void **state)
{
    (void)state;
    cJSON *arguments = parsed("{\"question\":\" a \",\"in\":[\"src/**\",\"*.md\"],\"kind\":\"tests\",\"limit\":20,"
                              "\"snippet_lines\":0,\"cursor\":\"999999999\"}");
    struct mcp_call call = read_call(MCP_SEARCH, arguments);
    assert_string_equal(call.question, " a ");
    assert_int_equal(call.n_in, 2);
    assert_string_equal(call.in[0], "src/**");
    assert_string_equal(call.in[1], "*.md");
    assert_string_equal(call.kind, "tests");
    assert_int_equal(call.limit, MCP_LIMIT_MOST);
    assert_int_equal(call.snippet_lines, 0);
    assert_int_equal(call.cursor, 999999999);
    cJSON_Delete(arguments);
    arguments = parsed("{\"path\":\"\",\"line\":2147483647,\"before\":0,\"after\":400}");
    assert_int_equal(mcp_tools_read(&call, MCP_READ_PLACE, arguments, &(struct error){0}), -1); /* a path is needed */
    cJSON_Delete(arguments);
    arguments = parsed("{\"path\":\"x\",\"line\":2147483647,\"before\":0,\"after\":400}");
    call = read_call(MCP_READ_PLACE, arguments);
    assert_int_equal(call.line, INT_MAX);
    assert_int_equal(call.before, 0);
    assert_int_equal(call.after, MCP_AROUND_MOST);
    cJSON_Delete(arguments);
    arguments = parsed("{\"question\":\"x\",\"in\":\"src\"}"); /* one glob may stand alone */
    call = read_call(MCP_SEARCH, arguments);
    assert_int_equal(call.n_in, 1);
    assert_string_equal(call.in[0], "src");
    cJSON_Delete(arguments);
    arguments = parsed("{\"path\":\"\",\"cursor\":\"0\"}"); /* an outline of everything */
    assert_string_equal(read_call(MCP_OUTLINE, arguments).path, "");
    cJSON_Delete(arguments);
}

static const struct {
    enum mcp_tool tool;
    const char *arguments, *words;
} refused[] = {
    {MCP_SEARCH, "[]", "search: the arguments are one object"},
    {MCP_STATUS, "\"all\"", "status: the arguments are one object"},
    {MCP_SEARCH, "{}", "search: question is missing"},
    {MCP_SEARCH, "{\"limit\":3}", "search: question is missing"},
    {MCP_SEARCH, "{\"question\":\"\"}", "search: question is empty"},
    {MCP_SEARCH, "{\"question\":\" \\t\\r\\n\"}", "search: question is empty"},
    {MCP_SEARCH, "{\"question\":null}", "search: question is a string"},
    {MCP_SEARCH, "{\"Question\":\"x\"}",
     "search: there is no argument \"Question\" (there are: question, in, kind, limit, snippet_lines, cursor)"},
    {MCP_SIMILAR, "{\"question\":\"x\"}",
     "similar: there is no argument \"question\" (there are: path, line, in, kind, limit, snippet_lines, cursor)"},
    {MCP_READ_PLACE, "{\"path\":\"x\",\"lines\":3}",
     "read_place: there is no argument \"lines\" (there are: path, line, before, after)"},
    {MCP_STATUS, "{\"path\":\"x\"}", "status: there is no argument \"path\" (there are: none)"},
    {MCP_SEARCH, "{\"question\":\"x\",\"kind\":\"Code\"}",
     "search: kind is one of all, code, docs, tests, not \"Code\""},
    {MCP_SEARCH, "{\"question\":\"x\",\"kind\":1}", "search: kind is a string"},
    {MCP_SEARCH, "{\"question\":\"x\",\"limit\":21}", "search: limit is a whole number from 1 to 20"},
    {MCP_SEARCH, "{\"question\":\"x\",\"limit\":0}", "search: limit is a whole number from 1 to 20"},
    {MCP_SEARCH, "{\"question\":\"x\",\"limit\":1.0001}", "search: limit is a whole number from 1 to 20"},
    {MCP_SEARCH, "{\"question\":\"x\",\"limit\":\"5\"}", "search: limit is a whole number from 1 to 20"},
    {MCP_SEARCH, "{\"question\":\"x\",\"limit\":1e400}", "search: limit is a whole number from 1 to 20"},
    {MCP_SEARCH, "{\"question\":\"x\",\"snippet_lines\":61}", "search: snippet_lines is a whole number from 0 to 60"},
    {MCP_SEARCH, "{\"question\":\"x\",\"snippet_lines\":-1}", "search: snippet_lines is a whole number from 0 to 60"},
    {MCP_SIMILAR, "{\"path\":\"x\",\"line\":0}", "similar: line is a whole number from 1 to 2147483647"},
    {MCP_READ_PLACE, "{\"path\":\"x\",\"line\":2147483648}", "read_place: line is a whole number from 1 to 2147483647"},
    {MCP_READ_PLACE, "{\"path\":\"x\",\"after\":401}", "read_place: after is a whole number from 0 to 400"},
    {MCP_READ_PLACE, "{\"line\":3}", "read_place: path is missing"},
    {MCP_SEARCH, "{\"question\":\"x\",\"in\":{}}", "search: in is a list of strings"},
    {MCP_SEARCH, "{\"question\":\"x\",\"in\":[\"a\",null]}", "search: in is a list of strings"},
    {MCP_SEARCH,
     "{\"question\":\"x\",\"in\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\","
     "\"14\",\"15\",\"16\",\"17\"]}",
     "search: in has more than 16 strings"},
    {MCP_SEARCH, "{\"question\":\"x\",\"cursor\":5}", "search: cursor is the next_cursor of an earlier result"},
    {MCP_SEARCH, "{\"question\":\"x\",\"cursor\":\"-1\"}", "search: cursor is the next_cursor of an earlier result"},
    {MCP_SEARCH, "{\"question\":\"x\",\"cursor\":\"5 \"}", "search: cursor is the next_cursor of an earlier result"},
    {MCP_SEARCH, "{\"question\":\"x\",\"cursor\":\"1000000000\"}",
     "search: cursor is the next_cursor of an earlier result"},
    {MCP_OUTLINE, "{\"cursor\":\"\"}", "outline: cursor is the next_cursor of an earlier result"},
};

static void what_is_wrong_is_named_with_what_is_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mcp_call call;
        struct error e = {0};
        cJSON *arguments = parsed(refused[i].arguments);
        if (mcp_tools_read(&call, refused[i].tool, arguments, &e) != -1) fail_msg("taken: %s", refused[i].arguments);
        assert_int_equal(e.kind, ERROR_USAGE);
        assert_string_equal(e.text, refused[i].words);
        cJSON_Delete(arguments);
    }
}

static void tools_are_found_by_their_whole_name(void **state)
{
    (void)state;
    static const char *const names[] = {"search", "read_place", "outline", "status", "similar"};
    enum mcp_tool tool;
    for (unsigned i = 0; i < MCP_TOOLS; i++) {
        assert_true(mcp_tools_find(names[i], &tool));
        assert_int_equal(tool, i);
    }
    assert_false(mcp_tools_find("Search", &tool));
    assert_false(mcp_tools_find("searc", &tool));
    assert_false(mcp_tools_find("searches", &tool));
    assert_false(mcp_tools_find("", &tool));
}

static const cJSON *member(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item) fail_msg("no %s", key);
    return item;
}

/* A value that a schema allows, or one that it forbids; NULL where it can say neither. */
static cJSON *value_of(const cJSON *schema, bool allowed)
{
    const char *type = member(schema, "type")->valuestring;
    if (strcmp(type, "integer") == 0)
        return cJSON_CreateNumber(member(schema, "maximum")->valuedouble + (allowed ? 0 : 1));
    if (strcmp(type, "array") == 0) return allowed ? cJSON_Parse("[\"*\"]") : cJSON_Parse("[7]");
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(schema, "enum");
    if (!allowed) return values ? cJSON_CreateString("none of them") : cJSON_CreateNumber(3);
    return cJSON_CreateString(values ? cJSON_GetArrayItem(values, 1)->valuestring : "7");
}

/* A call with every argument of a schema, each as it may be but `wrong`, which is as it may not; `left` is left out. */
static int call_with(enum mcp_tool tool, const cJSON *properties, const cJSON *wrong, const cJSON *left)
{
    struct mcp_call call;
    struct error e;
    cJSON *arguments = cJSON_CreateObject();
    for (const cJSON *p = properties->child; p; p = p->next)
        if (p != left) cJSON_AddItemToObject(arguments, p->string, value_of(p, p != wrong));
    const int code = mcp_tools_read(&call, tool, arguments, &e);
    cJSON_Delete(arguments);
    return code;
}

static bool is_required(const cJSON *schema, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, member(schema, "required")) if (strcmp(item->valuestring, name) == 0) return true;
    return false;
}

static void the_schemas_say_what_the_check_does(void **state)
{
    (void)state;
    cJSON *list = mcp_tools_list();
    assert_int_equal(cJSON_GetArraySize(list), MCP_TOOLS);
    for (unsigned i = 0; i < MCP_TOOLS; i++) {
        const cJSON *item = cJSON_GetArrayItem(list, (int)i), *schema = member(item, "inputSchema");
        const cJSON *properties = member(schema, "properties");
        enum mcp_tool tool;
        assert_true(mcp_tools_find(member(item, "name")->valuestring, &tool));
        assert_int_equal(tool, i);
        assert_true(cJSON_IsFalse(member(schema, "additionalProperties")));
        assert_int_equal(call_with(tool, properties, NULL, NULL), 0);
        for (const cJSON *p = properties->child; p; p = p->next) {
            if (call_with(tool, properties, p, NULL) != -1) fail_msg("%s takes any %s", item->string, p->string);
            assert_int_equal(call_with(tool, properties, NULL, p), is_required(schema, p->string) ? -1 : 0);
        }
    }
    cJSON_Delete(list);
}

static void tools_promise_to_change_nothing(void **state)
{
    (void)state;
    cJSON *list = mcp_tools_list();
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        char *hints = cJSON_PrintUnformatted(member(item, "annotations"));
        assert_string_equal(hints, "{\"readOnlyHint\":true,\"idempotentHint\":true,\"openWorldHint\":false}");
        cJSON_free(hints);
        const cJSON *output = member(item, "outputSchema"), *name;
        assert_string_equal(member(output, "type")->valuestring, "object");
        cJSON_ArrayForEach(name, member(output, "required")) member(member(output, "properties"), name->valuestring);
    }
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_has_its_usual_value),
        cmocka_unit_test(what_is_given_is_taken_up_to_its_bounds),
        cmocka_unit_test(what_is_wrong_is_named_with_what_is_expected),
        cmocka_unit_test(tools_are_found_by_their_whole_name),
        cmocka_unit_test(the_schemas_say_what_the_check_does),
        cmocka_unit_test(tools_promise_to_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
