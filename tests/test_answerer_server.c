/* A chat server on the loopback that speaks the real protocol, well and badly. */
#include "tests/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/answer/answerer.h"

struct stub {
    int listener;
    pthread_t thread;
    const char *const *parts; /* sent one after the other, NULL-terminated */
    const char *const *then;  /* whole replies to the requests after the first, NULL-terminated; may be NULL */
    size_t n_served;          /* of them */
    char later[4][4096];      /* what those requests were */
    long pause_ms;            /* between parts */
    size_t repeat;            /* the last part is sent so often more */
    bool stays_open;          /* says nothing more, and does not close until the client does */
    long silence_seconds;     /* that it may be silent; 0: the usual two minutes */
    char request[8192];
    const char *model; /* NULL: tiny */
    char url[64];
};

static bool request_is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
    return end && length && strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static void pause_for(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int take_request(const struct stub *s, char *request, size_t capacity)
{
    int c = accept(s->listener, NULL, NULL);
    size_t size = 0;
    bool whole = false;
    for (ssize_t n = 1; n > 0 && !whole && size + 1 < capacity;) {
        n = recv(c, request + size, capacity - 1 - size, 0);
        if (n > 0) size += (size_t)n;
        whole = request_is_whole(request) || (strncmp(request, "GET ", 4) == 0 && strstr(request, "\r\n\r\n"));
    }
    return c;
}

static void *serve(void *context)
{
    struct stub *s = context;
    int c = take_request(s, s->request, sizeof s->request);
    const char *last = "";
    bool open = true;
    for (const char *const *p = s->parts; *p && open; last = *p++) {
        open = send(c, *p, strlen(*p), MSG_NOSIGNAL) >= 0;
        if (s->pause_ms) pause_for(s->pause_ms);
    }
    for (size_t i = 0; i < s->repeat && open; i++) open = send(c, last, strlen(last), MSG_NOSIGNAL) >= 0;
    char rest;
    while (s->stays_open && recv(c, &rest, 1, 0) > 0) continue;
    close(c);
    for (size_t i = 0; s->then && s->then[i]; i++) {
        c = take_request(s, s->later[i], sizeof s->later[i]);
        send(c, s->then[i], strlen(s->then[i]), MSG_NOSIGNAL);
        close(c);
        s->n_served++;
    }
    shutdown(s->listener, SHUT_RDWR); /* who asks for more hears that at once */
    return NULL;
}

static void start(struct stub *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->listener, 1), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/v1/#%s", ntohs(address.sin_port),
             s->model ? s->model : "tiny");
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct stub *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

struct heard {
    char text[4096];
    size_t size, most, turns; /* of others */
    atomic_bool cancel;
    bool cancels;
};

static int hear(void *context, const char *text, size_t size)
{
    struct heard *h = context;
    size_t room = sizeof h->text - 1 - h->size, n = size < room ? size : room;
    memcpy(h->text + h->size, text, n);
    h->size += n;
    if (h->cancels) atomic_store(&h->cancel, true);
    return h->most && h->size >= h->most;
}

static void have_turn(void *context)
{
    ((struct heard *)context)->turns++;
}

static int chat_on(struct answerer *a, struct heard *h, bool *unended, struct error *e)
{
    const struct chat_message messages[] = {{CHAT_SYSTEM, "Be brief."}, {CHAT_USER, "Who \"is\" it?\n"}};
    const struct chat_request r = {.messages = messages,
                                   .n_messages = 2,
                                   .max_tokens = 99,
                                   .emit = hear,
                                   .context = h,
                                   .unended = unended,
                                   .cancel = &h->cancel,
                                   .idle = have_turn,
                                   .idle_context = h};
    return answerer_chat(a, NULL, &r, e);
}

static struct answerer *open_on(struct stub *s, const char *key_variable)
{
    struct error e;
    struct answerer *a;
    start(s);
    const struct answerer_options o = {
        .named = s->url, .key_variable = key_variable, .sampling = {.top_p = 1}, .silence_seconds = s->silence_seconds};
    assert_ok(answerer_open(&a, &o, &e), e);
    return a;
}

static int chat_with(struct stub *s, struct heard *h, const char *key_variable, struct error *e)
{
    struct answerer *a = open_on(s, key_variable);
    int result = chat_on(a, h, NULL, e);
    answerer_close(a);
    stop(s);
    return result;
}

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define EVENT(text)                                                                                                    \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"

static void expect_answer(const char *const *parts, long pause_ms, const char *expected)
{
    struct error e = {0};
    struct heard h = {.size = 0};
    struct stub s = {.parts = parts, .pause_ms = pause_ms};
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_string_equal(h.text, expected);
}

static void expect_failure(const char *const *parts, const char *expected)
{
    struct error e = {0};
    struct heard h = {.size = 0};
    struct stub s = {.parts = parts};
    assert_int_equal(chat_with(&s, &h, NULL, &e), -1);
    if (!strstr(e.text, expected)) fail_msg("said \"%s\", expected \"%s\"", e.text, expected);
}

static void a_streamed_answer_arrives_however_it_is_cut(void **state)
{
    (void)state;
    expect_answer((const char *const[]){STREAM, ": hello\n\n",
                                        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n", EVENT("Ed"),
                                        "data: {\"choices\":[{\"del", "ta\":{\"content\":\"ward \\u20ac\"}}]}\r\n\r\n",
                                        "data: {\"choices\":[],\"usage\":{}}\n\n", "data: [DONE]\n\n", NULL},
                  5, "Edward \xE2\x82\xAC");
}

static void a_server_that_does_not_stream_is_understood(void **state)
{
    (void)state;
    expect_answer(
        (const char *const[]){"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
                              "{\n\"choices\": [{\"message\": {\"role\": \"assistant\",\n", "\"content\": \"Hyde\"}}]}",
                              NULL},
        5, "Hyde");
}

static void the_request_is_the_protocols_and_has_no_key_unless_one_was_named(void **state)
{
    (void)state;
    struct error e;
    struct heard h = {.size = 0};
    struct stub s = {.parts = (const char *const[]){STREAM, EVENT("x"), "data: [DONE]\n\n", NULL}},
                with_key = {.parts = s.parts};
    assert_int_equal(setenv("TEST_ANSWERER_KEY", "sk-123", 1), 0);
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_int_equal(strncmp(s.request, "POST /v1/chat/completions HTTP/1.1\r\n", 36), 0);
    assert_non_null(strstr(s.request, "\"model\":\"tiny\""));
    assert_non_null(strstr(s.request, "\"stream\":true"));
    assert_non_null(strstr(s.request, "{\"role\":\"user\",\"content\":\"Who \\\"is\\\" it?\\n\"}"));
    assert_null(strstr(s.request, "Authorization"));
    assert_ok(chat_with(&with_key, &h, "TEST_ANSWERER_KEY", &e), e);
    assert_non_null(strstr(with_key.request, "\r\nAuthorization: Bearer sk-123\r\n"));
}

static void broken_replies_are_errors(void **state)
{
    (void)state;
    expect_failure((const char *const[]){STREAM, EVENT("half"), NULL}, "the server's reply broke off");
    expect_failure((const char *const[]){STREAM, "data: {\"choices\":[{\"delta\":{\"cont\n\n", NULL},
                   "the server's reply is no JSON");
    expect_failure((const char *const[]){STREAM, "data: {\"hello\":1}\n\n", NULL}, "the server's reply has no choices");
    expect_failure((const char *const[]){STREAM, NULL}, "the server's reply is empty");
    expect_failure((const char *const[]){STREAM, "data: {\"error\":{\"message\":\"out of cake\"}}\n\n", NULL},
                   "the server says: out of cake");
    expect_failure((const char *const[]){STREAM, "{\"choices\":", NULL}, "the server's reply is no JSON");
    expect_failure(
        (const char *const[]){"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", "model 'tiny' not found", NULL},
        "HTTP 404: model 'tiny' not found");
    expect_failure(
        (const char *const[]){"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n", NULL},
        "redirects are not followed");
    expect_failure((const char *const[]){"SSH-2.0-OpenSSH\r\n", NULL}, "/v1/chat/completions: ");
    expect_failure((const char *const[]){NULL}, "/v1/chat/completions: ");
}

static void odd_values_are_no_words(void **state)
{
    (void)state;
    expect_answer((const char *const[]){STREAM, "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n",
                                        "data: {\"choices\":[{\"delta\":[1]}]}\n\n", "data: {\"choices\":[7]}\n\n",
                                        "event: ping\n\n", EVENT("\\u001b]0;x\\u0007"), "data: [DONE]\n\n", NULL},
                  0, "\033]0;x\a");
}

static void endless_replies_end(void **state)
{
    (void)state;
    static char block[65537];
    struct error e = {0};
    struct heard h = {.size = 0}, enough = {.most = 3};
    memset(block, 'x', sizeof block - 1);
    struct stub line = {.parts = (const char *const[]){STREAM, "data: ", block, NULL}, .repeat = 100};
    assert_int_equal(chat_with(&line, &h, NULL, &e), -1);
    assert_non_null(strstr(e.text, "a line of more than 1 MiB"));
    memset(block, '\n', sizeof block - 1);
    struct stub stream = {.parts = (const char *const[]){STREAM, block, NULL}, .repeat = 1000};
    assert_int_equal(chat_with(&stream, &h, NULL, &e), -1);
    assert_non_null(strstr(e.text, "the server's reply does not end"));
    struct stub words = {.parts = (const char *const[]){STREAM, EVENT("ab"), NULL}, .repeat = 100000};
    assert_ok(chat_with(&words, &enough, NULL, &e), e);
    assert_string_equal(enough.text, "abab");
}

static void a_silent_server_is_not_waited_for(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    struct stub s = {
        .parts = (const char *const[]){STREAM, EVENT("a"), NULL}, .stays_open = true, .silence_seconds = 3};
    assert_int_equal(chat_with(&s, &h, NULL, &e), -1);
    assert_non_null(strstr(e.text, "imeout"));
    assert_string_equal(h.text, "a");
}

static void an_answer_under_way_can_be_cancelled(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.cancels = true};
    struct stub s = {.parts = (const char *const[]){STREAM, EVENT("a"), NULL}, .stays_open = true};
    assert_int_equal(chat_with(&s, &h, NULL, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
}

static void what_is_named_wrongly_is_an_error_before_anything_is_sent(void **state)
{
    (void)state;
    struct error e = {0};
    struct answerer *a;
    struct answerer_options o = {.named = "http://localhost/v1"};
    assert_int_equal(answerer_open(&a, &o, &e), -1);
    assert_string_equal(e.text, "--answerer http://localhost/v1: which model? (URL#MODEL)");
    o.named = "http://me:secret@localhost/v1#m";
    assert_int_equal(answerer_open(&a, &o, &e), -1);
    assert_string_equal(e.text, "--answerer: no user name or password in the URL");
    o = (struct answerer_options){.named = "http://localhost/v1#m", .key_variable = "TEST_NO_SUCH_VARIABLE"};
    assert_int_equal(answerer_open(&a, &o, &e), -1);
    assert_int_equal(setenv("TEST_ANSWERER_KEY", "a\r\nX: y", 1), 0);
    o.key_variable = "TEST_ANSWERER_KEY";
    assert_int_equal(answerer_open(&a, &o, &e), -1);
    assert_non_null(strstr(e.text, "a character that no key has"));
}

#define REFUSAL(status, body)                                                                                          \
    "HTTP/1.1 " status " x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body
#define ANSWER STREAM EVENT("Edward") "data: [DONE]\n\n"

/* What a server does not take is not asked of it again: every refusal mends one thing. */
static void a_request_is_made_as_the_server_takes_it(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    struct stub s = {
        .parts =
            (const char *const[]){
                REFUSAL(
                    "400",
                    "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this model. "
                    "Use 'max_completion_tokens' instead.\",\"type\":\"invalid_request_error\",\"param\":"
                    "\"max_tokens\",\"code\":\"unsupported_parameter\"}}"),
                NULL},
        .then = (const char *const[]){
            REFUSAL("400",
                    "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0 with this model.\","
                    "\"param\":\"temperature\",\"code\":\"unsupported_value\"}}"),
            REFUSAL("400",
                    "{\"object\":\"error\",\"message\":\"System role not supported\",\"type\":\"BadRequestError\","
                    "\"param\":null,\"code\":400}"),
            ANSWER, NULL}};
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_string_equal(h.text, "Edward");
    assert_int_equal(s.n_served, 3);
    assert_non_null(strstr(s.request, "\"max_tokens\":99"));
    assert_non_null(strstr(s.later[0], "\"max_completion_tokens\":99"));
    assert_null(strstr(s.later[0], "\"max_tokens\""));
    assert_non_null(strstr(s.later[0], "\"temperature\":0"));
    assert_null(strstr(s.later[1], "\"temperature\""));
    assert_non_null(strstr(s.later[1], "\"role\":\"system\""));
    assert_non_null(
        strstr(s.later[2], "\"messages\":[{\"role\":\"user\",\"content\":\"Be brief.\\n\\nWho \\\"is\\\" it?\\n\"}]"));
}

static void a_refusal_that_nothing_mends_is_said_in_the_servers_words(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    static const char refusal[] =
        REFUSAL("400", "{\"error\":{\"message\":\"temperature is odd\",\"param\":\"temperature\"}}");
    struct stub s = {.parts = (const char *const[]){refusal, NULL}, .then = (const char *const[]){refusal, NULL}};
    assert_int_equal(chat_with(&s, &h, NULL, &e), -1);
    assert_non_null(strstr(e.text, "/chat/completions: HTTP 400: temperature is odd"));
    expect_failure((const char *const[]){REFUSAL("401", "{\"error\":{\"message\":\"no key\"}}"), NULL},
                   "HTTP 401: no key");
    expect_failure((const char *const[]){REFUSAL("400", "{\"error\":\"the prompt is too long\"}"), NULL},
                   "HTTP 400: the prompt is too long");
}

static void of_an_unknown_model_the_known_ones_are_named(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    static const char *const refusals[] = {
        REFUSAL("404",
                "{\"error\":{\"message\":\"model \\\"tiny\\\" not found, try pulling it first\",\"type\":\"api_error\","
                "\"param\":null,\"code\":null}}"),
        REFUSAL("404", "{\"error\":{\"message\":\"The model `tiny` does not "
                       "exist.\",\"type\":\"NotFoundError\",\"param\":\"model\","
                       "\"code\":404}}")};
    for (size_t i = 0; i < 2; i++) {
        struct stub s = {
            .parts = (const char *const[]){refusals[i], NULL},
            .then = (const char *const[]){REFUSAL("200", "{\"object\":\"list\",\"data\":[{\"id\":\"qwen3:8b\"},"
                                                         "{\"object\":7},{\"id\":\"gemma3\"}]}"),
                                          NULL}};
        assert_int_equal(chat_with(&s, &h, NULL, &e), -1);
        if (!strstr(e.text, "; it has qwen3:8b, gemma3")) fail_msg("said: %s", e.text);
        assert_int_equal(strncmp(s.later[0], "GET /v1/models HTTP/1.1\r\n", 25), 0);
    }
    struct stub there = {
        .parts = (const char *const[]){refusals[0], NULL},
        .then = (const char *const[]){REFUSAL("200", "{\"data\":[{\"id\":\"tiny\"},{\"id\":\"b\"}]}"), NULL}};
    assert_int_equal(chat_with(&there, &h, NULL, &e), -1);
    assert_null(strstr(e.text, "it has"));
}

/* A model that thinks is given the tokens for it, once. */
static void a_thought_that_used_all_tokens_up_is_given_more(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    static const char thought[] =
        STREAM "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Well\"}}]}\n\n"
               "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    struct stub s = {.parts = (const char *const[]){thought, NULL}, .then = (const char *const[]){ANSWER, NULL}};
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_string_equal(h.text, "Edward");
    assert_non_null(strstr(s.later[0], "\"max_tokens\":1584"));
    struct stub again = {.parts = s.parts, .then = (const char *const[]){thought, NULL}};
    assert_int_equal(chat_with(&again, &h, NULL, &e), -1);
    assert_non_null(strstr(e.text, "the model thought until its tokens were used up"));
}

#define CUT "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n"

/* A thought that the prompt has opened may be cut before anything shows that it is one. */
static void a_thought_that_nothing_opens_is_given_its_tokens_too(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0}, whole = {.size = 0}, long_one = {.size = 0};
    static const char thought[] = STREAM EVENT("Well, ") CUT;
    struct stub s = {
        .model = "Some-R1-Distill",
        .parts = (const char *const[]){thought, NULL},
        .then = (const char *const[]){STREAM EVENT("Well, he") EVENT(".</think>\\nEdward") "data: [DONE]\n\n", NULL}};
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_string_equal(h.text, "Edward");
    assert_non_null(strstr(s.later[0], "\"max_tokens\":1584"));
    /* no thought after all: it is the answer, and the next one has the usual tokens and is heard as it comes */
    bool unended = false;
    struct stub t = {
        .model = "Some-R1-Distill",
        .parts = (const char *const[]){thought, NULL},
        .then = (const char *const[]){STREAM EVENT("Well, Edward") "data: [DONE]\n\n", STREAM EVENT("Ed"), NULL}};
    struct answerer *a = open_on(&t, NULL);
    assert_ok(chat_on(a, &whole, &unended, &e), e);
    assert_string_equal(whole.text, "Well, Edward");
    assert_int_equal(chat_on(a, &long_one, &unended, &e), -1);
    assert_string_equal(long_one.text, "Ed");
    assert_non_null(strstr(t.later[1], "\"max_tokens\":99"));
    assert_false(unended);
    answerer_close(a);
    stop(&t);
    /* an answer without end is shown as far as it goes */
    struct heard cut = {.size = 0};
    struct stub u = {.model = "thinker",
                     .parts = (const char *const[]){thought, NULL},
                     .then = (const char *const[]){thought, NULL}};
    a = open_on(&u, NULL);
    assert_ok(chat_on(a, &cut, &unended, &e), e);
    assert_string_equal(cut.text, "Well, ");
    assert_true(unended);
    answerer_close(a);
    stop(&u);
    /* of any other model words are heard as they come, and nothing is asked for twice */
    struct heard other = {.size = 0};
    struct stub v = {.parts = (const char *const[]){thought, NULL}};
    assert_ok(chat_with(&v, &other, NULL, &e), e);
    assert_string_equal(other.text, "Well, ");
    assert_int_equal(v.n_served, 0);
}

static void others_have_their_turn_while_words_are_waited_for(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    struct stub s = {.parts = (const char *const[]){STREAM, EVENT("Edward"), "data: [DONE]\n\n", NULL},
                     .pause_ms = 400};
    assert_ok(chat_with(&s, &h, NULL, &e), e);
    assert_string_equal(h.text, "Edward");
    if (h.turns < 4) fail_msg("%zu turns", h.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_streamed_answer_arrives_however_it_is_cut),
        cmocka_unit_test(a_server_that_does_not_stream_is_understood),
        cmocka_unit_test(the_request_is_the_protocols_and_has_no_key_unless_one_was_named),
        cmocka_unit_test(broken_replies_are_errors),
        cmocka_unit_test(odd_values_are_no_words),
        cmocka_unit_test(endless_replies_end),
        cmocka_unit_test(a_silent_server_is_not_waited_for),
        cmocka_unit_test(an_answer_under_way_can_be_cancelled),
        cmocka_unit_test(what_is_named_wrongly_is_an_error_before_anything_is_sent),
        cmocka_unit_test(a_request_is_made_as_the_server_takes_it),
        cmocka_unit_test(a_refusal_that_nothing_mends_is_said_in_the_servers_words),
        cmocka_unit_test(of_an_unknown_model_the_known_ones_are_named),
        cmocka_unit_test(a_thought_that_used_all_tokens_up_is_given_more),
        cmocka_unit_test(a_thought_that_nothing_opens_is_given_its_tokens_too),
        cmocka_unit_test(others_have_their_turn_while_words_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
