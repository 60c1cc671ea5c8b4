/* Replies of chat servers, whole and in pieces of any size, and what is wrong with others. */
#include "tests/test.h"

#include <stdbool.h>

#include "app/answer/chat_stream.h"

struct heard {
    char text[256];
    size_t size, enough_at; /* enough_at: bytes after which no more is wanted; 0: never */
};

static int hear(void *context, const char *text, size_t size)
{
    struct heard *h = context;
    assert_true(h->size + size < sizeof h->text);
    memcpy(h->text + h->size, text, size);
    h->size += size;
    return h->enough_at > 0 && h->size >= h->enough_at;
}

static bool holding; /* replies may begin inside a thought */

/* Feeds the reply in pieces of `step` bytes; what went wrong, or NULL. */
static const char *feed(struct heard *h, const char *reply, size_t step)
{
    static struct error e;
    struct chat_stream s = {.emit = hear, .context = h, .holds = holding};
    size_t size = strlen(reply);
    int failed = 0;
    h->size = 0;
    for (size_t at = 0; at < size && !failed; at += step)
        failed = chat_stream_add(&s, reply + at, size - at < step ? size - at : step, &e);
    if (!failed) failed = chat_stream_finish(&s, &e);
    if (!failed) chat_stream_release(&s);
    chat_stream_free(&s);
    h->text[h->size] = '\0';
    return failed ? e.text : NULL;
}

#define EVENT(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"

static void events_are_joined_however_they_are_cut(void **state)
{
    (void)state;
    static const char reply[] = ": a comment\n\nevent: message\n" EVENT(
        "Dr. ") "data:{\"choices\":[{\"delta\":{\"content\":\"J\\u00e9kyll\"}}]}\r\n\r\n"
                "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
    for (size_t step = 1; step < sizeof reply; step++) {
        struct heard h = {.size = 0};
        assert_null(feed(&h, reply, step));
        assert_string_equal(h.text, "Dr. J\xc3\xa9kyll");
    }
}

static void one_object_is_a_reply_too(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    for (size_t step = 1; step < 60; step += 7) {
        assert_null(feed(&h, "{\"choices\":\n[{\"message\":{\"content\":\"yes\"}}]}", step));
        assert_string_equal(h.text, "yes");
    }
}

/* As tokens of bytes that no text has. */
static void a_nul_does_not_end_the_words(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    assert_null(feed(&h, EVENT("a\\u0000b\\\\u0000") "data: [DONE]", 7));
    assert_string_equal(h.text, "a\xEF\xBF\xBD"
                                "b\\u0000");
}

static void the_last_event_needs_no_line_end(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    assert_null(feed(&h, EVENT("a") "data: [DONE]", 5));
    assert_string_equal(h.text, "a");
    assert_null(feed(&h, EVENT("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", 5));
}

static void nothing_after_the_end_is_heard(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    assert_null(feed(&h, EVENT("a") "data: [DONE]\n\n" EVENT("b") "not an event", 11));
    assert_string_equal(h.text, "a");
    h.enough_at = 2;
    assert_null(feed(&h, EVENT("one") EVENT("two"), 9));
    assert_string_equal(h.text, "one");
}

static void what_is_no_reply_is_said_to_be_none(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    assert_string_equal(feed(&h, "", 1), "the server's reply is empty");
    assert_string_equal(feed(&h, EVENT("half"), 8), "the server's reply broke off");
    assert_string_equal(feed(&h, "<html>", 8), "the server's reply broke off");
    assert_string_equal(feed(&h, "data: {\"choices\":\n", 8), "the server's reply is no JSON");
    assert_string_equal(feed(&h, "{\"answer\":1}", 8), "the server's reply has no choices");
    assert_string_equal(feed(&h, "{\"choices\":[{}]", 8), "the server's reply is no JSON");
}

static void the_servers_own_words_for_a_failure_are_handed_on(void **state)
{
    (void)state;
    struct heard h = {.size = 0};
    assert_string_equal(feed(&h, "{\"error\":{\"message\":\"no such model\"}}", 6), "the server says: no such model");
    assert_string_equal(feed(&h, "data: {\"error\":\"busy\"}\n\n", 6), "the server says: busy");
    assert_string_equal(feed(&h, "{\"error\":{\"code\":5}}", 6), "the server says: an error");
    assert_null(feed(&h, "{\"error\":null,\"choices\":[{\"message\":{\"content\":\"ok\"}}]}", 6));
}

static void thoughts_are_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *heard;
    } replies[] = {
        {EVENT("\\n<think>\\nHe < she </th") EVENT("ink>\\n\\nHyde") EVENT(" <think>") "data: [DONE]", "Hyde <think>"},
        {EVENT("<thi") EVENT("rst> is no tag") "data: [DONE]", "<thirst> is no tag"},
        {EVENT(" ") EVENT(" <th") "data: [DONE]", "  <th"},
        {EVENT("<think>a</</think>b") "data: [DONE]", "b"},
        {EVENT("                                    spaces") "data: [DONE]",
         "                        spaces"}, /* as many as were held back */
        {"{\"choices\":[{\"message\":{\"reasoning_content\":\"so\",\"content\":\"<think></think>yes\"}}]}", "yes"},
        {EVENT("<think>never") "data: [DONE]", ""},
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        for (size_t step = 1; step < 200; step += 13) {
            struct heard h = {.size = 0};
            assert_null(feed(&h, replies[i].reply, step));
            assert_string_equal(h.text, replies[i].heard);
        }
    }
}

/* Templates that open the thought in the prompt: the reply has the tag that closes it alone. */
static void a_thought_that_nothing_opens_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *heard;
    } replies[] = {
        {EVENT("Okay, he < she.") EVENT(" So</thi") EVENT("nk>") EVENT("\\n\\n") EVENT(" Hyde")
             EVENT(" it is") "data: [DONE]",
         "Hyde it is"},
        {EVENT("</think>Hyde") "data: [DONE]", "Hyde"},
        {EVENT("<think>a</think>") EVENT("Hyde") "data: [DONE]", "Hyde"},
        {EVENT(" Hyde") EVENT(" it is </thin") "data: [DONE]", " Hyde it is </thin"},
        {EVENT("all thought</think>") "data: [DONE]", ""},
        {"{\"choices\":[{\"message\":{\"content\":\"so</think> yes\"}}]}", "yes"},
    };
    holding = true;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        for (size_t step = 1; step < 300; step += 13) {
            struct heard h = {.size = 0};
            assert_null(feed(&h, replies[i].reply, step));
            assert_string_equal(h.text, replies[i].heard);
        }
    }
    holding = false;
    struct heard h = {.size = 0};
    assert_null(feed(&h, EVENT("Hyde") EVENT("</think>") "data: [DONE]", 9)); /* nothing waits: it is what it says */
    assert_string_equal(h.text, "Hyde</think>");
}

/* As these servers wrote them in 2026, in their order of keys. */
static void replies_of_ollama_llama_server_and_vllm_are_read(void **state)
{
    (void)state;
    static const char *const replies[] = {
        /* ollama 0.13 */
        "data: "
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"qwen3\",\"system_"
        "fingerprint\":"
        "\"fp_ollama\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"reasoning\":"
        "\"Okay\"},"
        "\"finish_reason\":null}]}\n\n"
        "data: "
        "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Edward\"},"
        "\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        /* llama-server b7000 */
        "data: "
        "{\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}],"
        "\"created\":1,"
        "\"id\":\"chatcmpl-2\",\"model\":\"gpt-oss\",\"system_fingerprint\":\"b7000-x\",\"object\":\"chat.completion."
        "chunk\"}\n\n"
        "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"reasoning_content\":\"We "
        "need\"}}],\"created\":1}\n\n"
        "data: "
        "{\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\"Edward\"}}],\"created\":1}\n\n"
        "data: "
        "{\"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"delta\":{}}],\"created\":1,\"timings\":{\"predicted_"
        "n\":9}}\n\n"
        "data: [DONE]\n\n",
        /* vLLM 0.11 */
        "data: "
        "{\"id\":\"chatcmpl-3\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{"
        "\"index\":0,"
        "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}],\"prompt_token_"
        "ids\":null}\n\n"
        "data: "
        "{\"id\":\"chatcmpl-3\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"Hm\",\"reasoning_content\":\"Hm\"}"
        ","
        "\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}\n\n"
        "data: {\"id\":\"chatcmpl-3\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Edward\"},\"logprobs\":null,"
        "\"finish_reason\":\"stop\",\"stop_reason\":null}]}\n\n"
        "data: {\"id\":\"chatcmpl-3\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"total_tokens\":12}}\n\ndata: "
        "[DONE]\n\n"};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        for (size_t step = 1; step < 400; step += 17) {
            struct heard h = {.size = 0};
            assert_null(feed(&h, replies[i], step));
            assert_string_equal(h.text, "Edward");
        }
    }
    struct heard h = {.size = 0};
    assert_string_equal(feed(&h, EVENT("a") "error: {\"code\":500,\"message\":\"context shift\"}\n\n", 6),
                        "the server says: context shift");
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    struct error e = {0};
    struct heard h = {.size = 0};
    struct chat_stream s = {.emit = hear, .context = &h};
    char block[4096];
    memset(block, 'x', sizeof block);
    int failed = chat_stream_add(&s, "data: ", 6, &e), n = 0;
    for (; !failed && n < 1000; n++) failed = chat_stream_add(&s, block, sizeof block, &e);
    assert_int_equal(n, 256);
    assert_string_equal(e.text, "the server's reply has a line of more than 1 MiB");
    chat_stream_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_joined_however_they_are_cut),
        cmocka_unit_test(one_object_is_a_reply_too),
        cmocka_unit_test(a_nul_does_not_end_the_words),
        cmocka_unit_test(the_last_event_needs_no_line_end),
        cmocka_unit_test(nothing_after_the_end_is_heard),
        cmocka_unit_test(what_is_no_reply_is_said_to_be_none),
        cmocka_unit_test(the_servers_own_words_for_a_failure_are_handed_on),
        cmocka_unit_test(thoughts_are_no_answer),
        cmocka_unit_test(a_thought_that_nothing_opens_is_no_answer),
        cmocka_unit_test(replies_of_ollama_llama_server_and_vllm_are_read),
        cmocka_unit_test(a_line_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
