/* What servers say where they refuse a request, by each of the shapes they say it in. */
#include "tests/test.h"

#include "app/answer/chat_refusal.h"

static void refusals_are_told_apart_by_what_they_name(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum chat_refusal about;
        const char *body, *words;
    } replies[] = {
        /* OpenAI */
        {400, CHAT_REFUSAL_MAX_TOKENS,
         "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens'\",\"param\":\"max_tokens\",\"code\":\"x\"}}",
         "Unsupported parameter: 'max_tokens'"},
        {400, CHAT_REFUSAL_SAMPLING, "{\"error\":{\"message\":\"Only 1 is supported.\",\"param\":\"top_p\"}}",
         "Only 1 is supported."},
        {404, CHAT_REFUSAL_MODEL, "{\"error\":{\"message\":\"No such thing\",\"code\":\"model_not_found\"}}",
         "No such thing"},
        /* vLLM: with an object inside, and without */
        {400, CHAT_REFUSAL_SYSTEM,
         "{\"object\":\"error\",\"message\":\"System role not supported\",\"type\":\"BadRequestError\",\"param\":null,"
         "\"code\":400}",
         "System role not supported"},
        {400, CHAT_REFUSAL_SYSTEM,
         "{\"error\":{\"message\":\"Conversation roles must alternate user/assistant/user/assistant/...\","
         "\"type\":\"BadRequestError\",\"param\":null,\"code\":400}}",
         "Conversation roles must alternate user/assistant/user/assistant/..."},
        {404, CHAT_REFUSAL_MODEL, "{\"error\":{\"message\":\"The model `m` does not exist.\",\"code\":404}}",
         "The model `m` does not exist."},
        /* llama-server: what the template raises is an error of the server's */
        {500, CHAT_REFUSAL_SYSTEM,
         "{\"error\":{\"code\":500,\"message\":\"Jinja Exception: System role not "
         "supported\",\"type\":\"server_error\"}}",
         "Jinja Exception: System role not supported"},
        {400, CHAT_REFUSAL_OTHER,
         "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\","
         "\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9000,\"n_ctx\":4096}}",
         "the request exceeds the available context size"},
        /* ollama */
        {404, CHAT_REFUSAL_MODEL, "{\"error\":{\"message\":\"model \\\"m\\\" not found\",\"type\":\"api_error\"}}",
         "model \"m\" not found"},
        {400, CHAT_REFUSAL_OTHER, "{\"error\":\"invalid message\"}", "invalid message"},
        /* nothing that another request would mend */
        {401, CHAT_REFUSAL_OTHER, "{\"error\":{\"message\":\"no temperature without a key\"}}",
         "no temperature without a key"},
        {404, CHAT_REFUSAL_OTHER, "404 page not found", "404 page not found"},
        {503, CHAT_REFUSAL_OTHER, "{\"error\":{\"code\":503,\"message\":\"Loading model\"}}", "Loading model"},
        {400, CHAT_REFUSAL_OTHER, "{\"error\":{\"message\":\"bad seed\",\"param\":\"messages\"}}", "bad seed"},
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        char words[CHAT_REFUSAL_WORDS + 1];
        const enum chat_refusal about =
            chat_refusal_read(replies[i].status, replies[i].body, strlen(replies[i].body), words);
        if (about != replies[i].about) fail_msg("%s: about %d, not %d", replies[i].body, about, replies[i].about);
        assert_string_equal(words, replies[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refusals_are_told_apart_by_what_they_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
