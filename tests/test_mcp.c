/* Sessions with the server for agents, over a reader that stands in for the real one: which requests are answered, in
 * which order, and what ends a session. */
#include "tests/test.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "app/serve/mcp.h"
#include "app/serve/mcp_message.h"
#include "tests/fake_reader.h"
#include "tests/memory_corpus.h"

static const struct model model = {
    .n_layer = 1, .n_head = 2, .n_branch = 2, .branch = {{8, 1}, {32, 4}}, .context_length = 32};

static atomic_bool cancel;

/* Serves what comes from a descriptor until it ends; what is answered, malloc'ed. */
static int serve(int in, char **answers, struct error *e)
{
    static const char *const paths[] = {"a.txt", "b.txt", "c.txt"};
    static const char *const texts[] = {"The whale is white.\n", "The ship is black.\n", "Nothing else is said.\n"};
    struct corpus *c = memory_corpus(paths, texts, 3);
    size_t size;
    FILE *out = open_memstream(answers, &size);
    const struct mcp_options o = {.worker = {.corpus = c,
                                             .model = &model,
                                             .device = "cpu",
                                             .n_threads = 1,
                                             .how = {.rank = FINDING_ATTENTION},
                                             .places_only = true},
                                  .in = in,
                                  .out = out,
                                  .cancel = &cancel};
    const int failed = mcp_serve(&o, e);
    assert_int_equal(fclose(out), 0);
    corpus_close(c);
    assert_int_equal(fake_findings, 0);
    return failed;
}

/* The same of a text that has all come when the server begins to look. */
static char *answers_to(const char *requests)
{
    char *answers;
    struct error e = {0};
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_true(fputs(requests, f) >= 0);
    rewind(f);
    assert_ok(serve(fileno(f), &answers, &e), e);
    fclose(f);
    return answers;
}

/* An answer in short: its id; and "ok", the code of an error, or what a call failed by. */
static int put_answer(char *to, size_t room, const cJSON *answer)
{
    char *id = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(answer, "id"));
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer, "result");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(answer, "error"), "code");
    const cJSON *block = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(result, "content"), 0);
    const cJSON *words =
        cJSON_GetObjectItemCaseSensitive(result, "isError") ? cJSON_GetObjectItemCaseSensitive(block, "text") : NULL;
    int n;
    assert_int_equal(!result, code != NULL);
    if (code)
        n = snprintf(to, room, "%s: %d\n", id, code->valueint);
    else
        n = snprintf(to, room, "%s: %s\n", id, words ? words->valuestring : "ok");
    cJSON_free(id);
    return n;
}

static void assert_session(const char *requests, const char *expected)
{
    char *answers = answers_to(requests), shown[4096] = "";
    size_t n = 0;
    for (const char *line = answers; *line; line = strchr(line, '\n') + 1) {
        cJSON *answer = cJSON_Parse(line);
        assert_non_null(answer);
        n += (size_t)put_answer(shown + n, sizeof shown - n, answer);
        cJSON_Delete(answer);
    }
    assert_string_equal(shown, expected);
    free(answers);
}

#define REQUEST(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\"}\n"
#define WITH(id, method, params)                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":{" params "}}\n"
#define META                                                                                                           \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                                           \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define HELLO WITH("0", "initialize", "\"protocolVersion\":\"2025-06-18\"")
#define CALL(id, tool, arguments) WITH(id, "tools/call", "\"name\":\"" tool "\",\"arguments\":{" arguments "}," META)
#define SEARCH(id) CALL(id, "search", "\"question\":\"where is the ship?\"")
#define CANCEL(id) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":" id "}}\n"

static void a_session_has_a_handshake_or_each_request_says_its_revision(void **state)
{
    (void)state;
    assert_session(REQUEST("1", "tools/list") HELLO REQUEST("2", "tools/list"), "1: -32602\n0: ok\n2: ok\n");
    assert_session(REQUEST("1", "ping") REQUEST("2", "initialize") REQUEST("3", "tools/list"),
                   "1: ok\n2: -32602\n3: -32602\n"); /* a handshake that names no revision is none */
    assert_session(WITH("1", "tools/list", META) REQUEST("2", "tools/list"), "1: ok\n2: -32602\n");
    assert_session(HELLO REQUEST("1", "server/discover") WITH("2", "server/discover", META),
                   "0: ok\n1: -32601\n2: ok\n");
    assert_session(WITH("1", "ping", META) WITH("2", "initialize", META), "1: -32601\n2: -32601\n");
    assert_session(WITH("1", "ping", "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2027-01-01\"}"),
                   "1: -32022\n");
}

static void what_wants_no_answer_gets_none(void **state)
{
    (void)state;
    assert_session("", "");
    assert_session("\n \t\r\n", "");
    assert_session("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
                   "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}\n" CANCEL(
                       "1") REQUEST("1", "ping"),
                   "1: ok\n");
    assert_session(REQUEST("1", "ping") "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}", "1: ok\n"); /* no end */
}

static void calls_are_checked_before_they_are_made(void **state)
{
    (void)state;
    assert_session(WITH("1", "tools/call", META) CALL("2", "rm", "") CALL("3", "search", "") CALL("4", "status", ""),
                   "1: -32602\n2: -32602\n3: search: question is missing\n4: ok\n");
    assert_session(WITH("1", "tools/list", "\"cursor\":\"1\"," META), "1: -32602\n");
    assert_session(CALL("1", "similar", "\"path\":\"a.txt\",\"line\":2") CALL("2", "read_place", "\"path\":\"b.txt\""),
                   "1: similar: a.txt has 1 lines\n2: ok\n");
}

static void searches_are_answered_in_their_order_after_what_is_quick(void **state)
{
    (void)state;
    assert_session(SEARCH("1") CALL("2", "similar", "\"path\":\"b.txt\"") SEARCH("3") REQUEST("4", "ping"),
                   "4: ok\n1: ok\n2: ok\n3: ok\n");
}

static void a_cancelled_search_is_not_answered(void **state)
{
    (void)state;
    assert_session(SEARCH("1") SEARCH("\"1\"") SEARCH("2") CANCEL("\"1\""), "1: ok\n2: ok\n");
    assert_session(SEARCH("1") SEARCH("2") CANCEL("1") CANCEL("1"), "2: ok\n");
    assert_session(SEARCH("1") CANCEL("7") "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}\n", "1: ok\n");
}

static void sixteen_searches_wait_and_no_more(void **state)
{
    (void)state;
    char requests[8192] = "", expected[512], *to = expected;
    for (int i = 1; i <= 17; i++)
        sprintf(requests + strlen(requests), CALL("%d", "search", "\"question\":\"ship\",\"limit\":1"), i);
    to += sprintf(to, "17: too many searches wait already: call again when one is done\n");
    for (int i = 1; i <= 16; i++) to += sprintf(to, "%d: ok\n", i);
    assert_session(requests, expected);
}

static void the_best_place_of_a_search_comes_first(void **state)
{
    (void)state;
    char *answers = answers_to(SEARCH("1"));
    cJSON *answer = cJSON_Parse(answers);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer, "result");
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(result, "structuredContent");
    const cJSON *places = cJSON_GetObjectItemCaseSensitive(object, "places");
    assert_int_equal(cJSON_GetArraySize(places), 3);
    const cJSON *first = cJSON_GetArrayItem(places, 0);
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(first, "path")->valuestring, "b.txt");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(first, "text")->valuestring, "The ship is black.\n");
    assert_string_equal(cJSON_GetObjectItemCaseSensitive(result, "resultType")->valuestring, "complete");
    cJSON_Delete(answer);
    free(answers);
}

static void the_handshake_agrees_on_a_revision_that_is_known(void **state)
{
    (void)state;
    static const char *const asked[][2] = {{"2024-11-05", "2024-11-05"},
                                           {"2025-11-25", "2025-11-25"},
                                           {"2026-07-28", MCP_HANDSHAKE_REVISION},
                                           {"1", MCP_HANDSHAKE_REVISION}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        char request[256];
        snprintf(request, sizeof request, WITH("1", "initialize", "\"protocolVersion\":\"%s\""), asked[i][0]);
        char *answers = answers_to(request);
        cJSON *answer = cJSON_Parse(answers);
        const cJSON *result = cJSON_GetObjectItemCaseSensitive(answer, "result");
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(result, "protocolVersion")->valuestring, asked[i][1]);
        char *self = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(result, "serverInfo"));
        assert_string_equal(self, "{\"name\":\"lectern\",\"version\":\"" LECTERN_VERSION "\"}");
        assert_null(cJSON_GetObjectItemCaseSensitive(result, "resultType")); /* of the stateless revision */
        cJSON_free(self);
        cJSON_Delete(answer);
        free(answers);
    }
}

static void an_overlong_line_is_refused_once_and_passed_over(void **state)
{
    (void)state;
    static const size_t sizes[] = {(1 << 20) - 1, 1 << 20, (3 << 20) + 5};
    for (size_t i = 0; i < 3; i++) {
        char *requests = malloc(sizes[i] + 256);
        assert_non_null(requests);
        memset(requests, 'x', sizes[i]);
        strcpy(requests + sizes[i], "\n" REQUEST("1", "ping"));
        assert_session(requests, i == 0 ? "null: -32700\n1: ok\n" : "null: -32600\n1: ok\n");
        free(requests);
    }
}

struct drip {
    int to;
    const char *text;
};

/* A byte at a time, as slowly as the pipe takes them. */
static void *drip(void *context)
{
    const struct drip *d = context;
    for (const char *p = d->text; *p; p++)
        if (write(d->to, p, 1) != 1) break;
    close(d->to);
    return NULL;
}

static void requests_may_come_in_any_pieces(void **state)
{
    (void)state;
    int ends[2];
    pthread_t thread;
    char *answers;
    struct error e = {0};
    assert_int_equal(pipe(ends), 0);
    struct drip d = {ends[1], REQUEST("1", "ping") "\n" REQUEST("\"\xC3\xA9\"", "ping") REQUEST("3", "ping")};
    assert_int_equal(pthread_create(&thread, NULL, drip, &d), 0);
    assert_ok(serve(ends[0], &answers, &e), e);
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_string_equal(answers, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"
                                 "{\"jsonrpc\":\"2.0\",\"id\":\"\xC3\xA9\",\"result\":{}}\n"
                                 "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n");
    free(answers);
}

static void what_is_left_of_a_piece_belongs_to_the_next(void **state)
{
    (void)state;
    enum { N = 3000 }; /* over two pieces of 64 KiB, which end inside a line */
    char *requests = malloc(N * 64), *to = requests;
    assert_non_null(requests);
    for (int i = 0; i < N; i++) to += sprintf(to, REQUEST("%d", "ping"), i);
    char *answers = answers_to(requests);
    const char *line = answers;
    for (int i = 0; i < N; i++, line = strchr(line, '\n') + 1) {
        char expected[64];
        snprintf(expected, sizeof expected, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{}}\n", i);
        assert_memory_equal(line, expected, strlen(expected));
    }
    assert_string_equal(line, "");
    free(answers);
    free(requests);
}

static void what_ends_a_session_by_force_is_said(void **state)
{
    (void)state;
    char *answers;
    struct error e = {0};
    const int folder = open("/tmp", O_RDONLY);
    assert_true(folder >= 0);
    assert_int_equal(serve(folder, &answers, &e), -1);
    assert_int_equal(e.kind, ERROR_OTHER);
    assert_string_equal(e.text, "standard input cannot be read: Is a directory");
    free(answers);
    atomic_store(&cancel, true);
    assert_int_equal(serve(folder, &answers, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    atomic_store(&cancel, false);
    free(answers);
    close(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_has_a_handshake_or_each_request_says_its_revision),
        cmocka_unit_test(what_wants_no_answer_gets_none),
        cmocka_unit_test(calls_are_checked_before_they_are_made),
        cmocka_unit_test(searches_are_answered_in_their_order_after_what_is_quick),
        cmocka_unit_test(a_cancelled_search_is_not_answered),
        cmocka_unit_test(sixteen_searches_wait_and_no_more),
        cmocka_unit_test(the_best_place_of_a_search_comes_first),
        cmocka_unit_test(the_handshake_agrees_on_a_revision_that_is_known),
        cmocka_unit_test(an_overlong_line_is_refused_once_and_passed_over),
        cmocka_unit_test(requests_may_come_in_any_pieces),
        cmocka_unit_test(what_is_left_of_a_piece_belongs_to_the_next),
        cmocka_unit_test(what_ends_a_session_by_force_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
