/* Messages of the Model Context Protocol, line by line: what is understood, what is refused and with which code, and
 * what is answered, word for word. */
#include "tests/test.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "app/serve/mcp_message.h"

#define REVISION "\"io.modelcontextprotocol/protocolVersion\":"
#define CAPABILITIES "\"io.modelcontextprotocol/clientCapabilities\":"
#define STATELESS "{" REVISION "\"2026-07-28\"," CAPABILITIES "{}}"

static const struct line {
    const char *text;
    int code;
    const char *id; /* as JSON; NULL: none was understood */
    const char *method;
    const char *why; /* of a code */
    bool stateless;
} lines[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", 0, "1", "ping", "", false},
    {" {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} \t\r", 0, "1", "ping", "", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":-7.0,\"method\":\"ping\"}", 0, "-7", "ping", "", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"\"}", 0, "\"\"", "", "", false},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 0, NULL, "notifications/initialized", "", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}", 0, "5", NULL, "", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"x\",\"params\":{\"_meta\":" STATELESS "}}", 0, "2", "x", "", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"x\",\"params\":{\"_meta\":{\"other\":1}}}", 0, "2", "x", "", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"x\",\"params\":{\"_meta\":5}}", 0, "2", "x", "", false},
    /* A notification is held to no revision: nobody could be told. */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"_meta\":{" REVISION "7}}}", 0, NULL, "x", "", false},

    {"", MCP_PARSE_ERROR, NULL, NULL, "this line is not JSON", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1", MCP_PARSE_ERROR, NULL, NULL, "this line is not JSON", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1} x", MCP_PARSE_ERROR, NULL, NULL, "this line is not JSON", false},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", MCP_INVALID_REQUEST, NULL, NULL,
     "a message is one JSON object", false},
    {"null", MCP_INVALID_REQUEST, NULL, NULL, "a message is one JSON object", false},
    {"{\"id\":1,\"method\":\"ping\"}", MCP_INVALID_REQUEST, "1", NULL, "\"jsonrpc\" is not \"2.0\"", false},
    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", MCP_INVALID_REQUEST, "1", NULL, "\"jsonrpc\" is not \"2.0\"",
     false},
    {"{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"ping\"}", MCP_INVALID_REQUEST, "1", NULL, "\"jsonrpc\" is not \"2.0\"",
     false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", MCP_INVALID_REQUEST, NULL, NULL,
     "an id is a string or a whole number", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", MCP_INVALID_REQUEST, NULL, NULL,
     "an id is a string or a whole number", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}", MCP_INVALID_REQUEST, NULL, NULL,
     "an id is a string or a whole number", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":[\"ping\"]}", MCP_INVALID_REQUEST, "1", NULL,
     "\"method\" is not a string", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}", MCP_INVALID_PARAMS, "1", "ping",
     "\"params\" is not an object", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{" REVISION "7}}}", MCP_INVALID_PARAMS, "1",
     "x", "the protocol version in params._meta is not a string", false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{" REVISION "\"2025-11-25\"}}}",
     MCP_UNSUPPORTED_REVISION, "1", "x", "protocol version 2025-11-25 is not supported without a handshake", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{" REVISION "\"2026-07-28\"}}}",
     MCP_INVALID_PARAMS, "1", "x", "params._meta has no io.modelcontextprotocol/clientCapabilities", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{" REVISION "\"2026-07-28\"," CAPABILITIES
     "[]}}}",
     MCP_INVALID_PARAMS, "1", "x", "params._meta has no io.modelcontextprotocol/clientCapabilities", true},
};

static void a_line_is_a_message_or_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct line *l = &lines[i];
        struct mcp_message m;
        struct error e = {0};
        const int code = mcp_message_read(&m, l->text, strlen(l->text), &e);
        char *id = m.id ? cJSON_PrintUnformatted(m.id) : NULL;
        if (code != l->code || m.stateless != l->stateless || strcmp(e.text, l->why) != 0)
            fail_msg("%s: code %d, stateless %d, %s", l->text, code, m.stateless, e.text);
        if (!id != !l->id || (id && strcmp(id, l->id) != 0)) fail_msg("%s: id %s", l->text, id ? id : "none");
        if (!m.method != !l->method || (m.method && strcmp(m.method, l->method) != 0))
            fail_msg("%s: method %s", l->text, m.method ? m.method : "none");
        cJSON_free(id);
        mcp_message_free(&m);
        assert_null(m.json);
    }
}

static void a_nul_in_a_line_ends_nothing(void **state)
{
    (void)state;
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000b\",\"method\":\"ping\"}";
    struct mcp_message m;
    struct error e = {0};
    assert_int_equal(mcp_message_read(&m, line, strlen(line), &e), 0);
    assert_string_equal(m.id->valuestring, "a\xEF\xBF\xBD"
                                           "b");
    mcp_message_free(&m);
    static const char bare[] = "{\"jsonrpc\":\"2.0\",\"id\":1}\0{}";
    assert_int_equal(mcp_message_read(&m, bare, sizeof bare - 1, &e), MCP_PARSE_ERROR);
    mcp_message_free(&m);
}

static void four_revisions_have_a_handshake(void **state)
{
    (void)state;
    static const char *const known[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
    for (size_t i = 0; i < 4; i++) assert_true(mcp_message_has_handshake(known[i]));
    assert_false(mcp_message_has_handshake("2026-07-28"));
    assert_false(mcp_message_has_handshake("2025-11-2"));
    assert_false(mcp_message_has_handshake(""));
    cJSON *all = mcp_message_revisions();
    char *text = cJSON_PrintUnformatted(all);
    assert_string_equal(text, "[\"2026-07-28\",\"2025-11-25\",\"2025-06-18\",\"2025-03-26\",\"2024-11-05\"]");
    cJSON_free(text);
    cJSON_Delete(all);
}

static char written[1024];

static FILE *paper(void)
{
    FILE *f = fmemopen(written, sizeof written, "w");
    assert_non_null(f);
    return f;
}

static void assert_written(FILE *f, const char *expected)
{
    assert_int_equal(fclose(f), 0);
    assert_string_equal(written, expected);
}

static void a_result_is_one_line_with_the_id_of_its_request(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = paper();
    cJSON *id = cJSON_CreateNumber(12), *result = cJSON_CreateObject();
    cJSON_AddStringToObject(result, "a", "b\nc");
    assert_ok(mcp_message_result(f, id, false, result, &e), e);
    cJSON_Delete(id);
    assert_written(f, "{\"jsonrpc\":\"2.0\",\"id\":12,\"result\":{\"a\":\"b\\nc\"}}\n");
    f = paper();
    id = cJSON_CreateString("\xFF\x1B"); /* what a client may send, as it can be sent back */
    assert_ok(mcp_message_result(f, id, true, cJSON_CreateObject(), &e), e);
    cJSON_Delete(id);
    assert_written(f, "{\"jsonrpc\":\"2.0\",\"id\":\"\xEF\xBF\xBD\\u001b\",\"result\":{\"_meta\":{"
                      "\"io.modelcontextprotocol/serverInfo\":{\"name\":\"lectern\",\"version\":\"" LECTERN_VERSION
                      "\"}},\"resultType\":\"complete\"}}\n");
}

static void an_error_has_a_code_words_and_what_belongs_to_it(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = paper();
    assert_ok(mcp_message_error(f, NULL, MCP_PARSE_ERROR, "not \"JSON\"", NULL, &e), e);
    assert_written(f,
                   "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not \\\"JSON\\\"\"}}\n");
    f = paper();
    cJSON *id = cJSON_CreateString("x"), *data = cJSON_CreateObject();
    cJSON_AddNumberToObject(data, "n", 1);
    assert_ok(mcp_message_error(f, id, MCP_UNSUPPORTED_REVISION, "no", data, &e), e);
    cJSON_Delete(id);
    assert_written(f, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32022,\"message\":\"no\",\"data\":{\"n\":"
                      "1}}}\n");
}

static void what_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    assert_int_equal(mcp_message_result(full, NULL, false, cJSON_CreateObject(), &e), -1);
    assert_int_equal(e.kind, ERROR_OTHER);
    fclose(full);
    FILE *f = paper();
    assert_int_equal(mcp_message_result(f, NULL, false, NULL, &e), -1); /* as it comes from what had no memory */
    assert_int_equal(e.kind, ERROR_MEMORY);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_message_or_says_what_is_wrong),
        cmocka_unit_test(a_nul_in_a_line_ends_nothing),
        cmocka_unit_test(four_revisions_have_a_handshake),
        cmocka_unit_test(a_result_is_one_line_with_the_id_of_its_request),
        cmocka_unit_test(an_error_has_a_code_words_and_what_belongs_to_it),
        cmocka_unit_test(what_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
