#include "app/answer/chat_refusal.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/text/json.h"

static bool has_part(const char *text, const char *part)
{
    const size_t n = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, n) == 0) return true;
    return false;
}

static const char *string_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* By the parameter's name, or by the words. */
static enum chat_refusal judge_words(long status, const char *parameter, const char *code, const char *message)
{
    if (strcmp(code, "model_not_found") == 0 || strcmp(parameter, "model") == 0) return CHAT_REFUSAL_MODEL;
    if (status == 404) return has_part(message, "model") ? CHAT_REFUSAL_MODEL : CHAT_REFUSAL_OTHER;
    if (status != 400 && status != 422 && status != 500) return CHAT_REFUSAL_OTHER;
    if (strcmp(parameter, "max_tokens") == 0 || has_part(message, "max_completion_tokens"))
        return CHAT_REFUSAL_MAX_TOKENS;
    static const char *const sampling[] = {"temperature", "top_p", "seed"};
    for (size_t i = 0; i < sizeof sampling / sizeof *sampling; i++)
        if (strcmp(parameter, sampling[i]) == 0 || (!*parameter && has_part(message, sampling[i])))
            return CHAT_REFUSAL_SAMPLING;
    const bool roles = has_part(message, "role") && (has_part(message, "system") || has_part(message, "alternate"));
    return roles ? CHAT_REFUSAL_SYSTEM : CHAT_REFUSAL_OTHER;
}

enum chat_refusal chat_refusal_read(long status, const char *body, size_t size, char *words)
{
    cJSON *object = json_parse(body, size, NULL);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(object, "error");
    const cJSON *said = cJSON_IsObject(error) ? error : object; /* vLLM had no object inside */
    const char *message = cJSON_IsString(error) ? error->valuestring : string_of(said, "message");
    if (!*message) message = body;
    const enum chat_refusal refusal = judge_words(status, string_of(said, "param"), string_of(said, "code"), message);
    snprintf(words, CHAT_REFUSAL_WORDS + 1, "%s", message);
    cJSON_Delete(object);
    return refusal;
}
