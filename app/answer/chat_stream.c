#define _GNU_SOURCE /* memmem */
#include "app/answer/chat_stream.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/json.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* No event and no reply of a chat server is longer. */
#define LINE_MAX_BYTES ((size_t)1 << 20)
#define TOTAL_MAX_BYTES ((size_t)16 << 20)

/* What waits, at most: more than models think. */
#define HELD_MAX_BYTES ((size_t)1 << 16)

void chat_stream_free(struct chat_stream *s)
{
    free(s->line);
    free(s->held);
    s->line = s->held = NULL;
}

static int take_error(const cJSON *error, struct error *e)
{
    const cJSON *message = cJSON_IsObject(error) ? cJSON_GetObjectItemCaseSensitive(error, "message") : error;
    return error_set(e, "the server says: %s", cJSON_IsString(message) ? message->valuestring : "an error");
}

static int emit(struct chat_stream *s, const char *text, size_t size)
{
    while (s->skips && size > 0 && strchr(" \t\r\n", *text)) text++, size--;
    s->skips = s->skips && size == 0;
    s->worded = s->worded || size > 0;
    return size > 0 ? s->emit(s->context, text, size) : 0;
}

void chat_stream_release(struct chat_stream *s)
{
    enum { PIECE = 64 }; /* who has enough is asked as often as if it had not waited */
    bool enough = false;
    s->holds = false;
    for (size_t at = 0; at < s->n_held && !enough; at += PIECE)
        enough = emit(s, s->held + at, s->n_held - at < PIECE ? s->n_held - at : PIECE) != 0;
    s->enough = s->enough || enough;
    s->n_held = 0;
}

/* Keeps text until </think> shows that all before it was a thought. */
static int hold_text(struct chat_stream *s, const char *text, size_t size)
{
    static const char closes[] = "</think>";
    char *held =
        size < HELD_MAX_BYTES - s->n_held ? bytes_reserve(s->held, &s->held_capacity, s->n_held + size, 1) : NULL;
    if (!held) { /* no thought is so long */
        chat_stream_release(s);
        return s->enough || emit(s, text, size) != 0;
    }
    s->held = held;
    const size_t back = s->n_held < sizeof closes - 2 ? s->n_held : sizeof closes - 2, from = s->n_held - back;
    memcpy(held + s->n_held, text, size);
    s->n_held += size;
    const char *found = memmem(held + from, s->n_held - from, closes, sizeof closes - 1);
    if (!found) return 0;
    const char *behind = found + sizeof closes - 1;
    s->n_held -= (size_t)(behind - held);
    memmove(held, behind, s->n_held);
    s->lone = s->reasons = s->skips = true;
    chat_stream_release(s);
    return s->enough;
}

static int hand_on(void *context, const char *text, size_t size)
{
    struct chat_stream *s = context;
    return s->holds ? hold_text(s, text, size) : emit(s, text, size);
}

/* What a model says to itself comes beside the answer, under either name. */
static bool reasons(const cJSON *part)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(part, "reasoning_content");
    if (!cJSON_IsString(said)) said = cJSON_GetObjectItemCaseSensitive(part, "reasoning");
    return cJSON_IsString(said) && *said->valuestring;
}

/* One event, or the one object: {"choices": [{"delta" or "message": {"content": "..."}, "finish_reason": ...}]}. */
static int take_object(struct chat_stream *s, const cJSON *object, struct error *e)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(object, "error");
    if (error && !cJSON_IsNull(error)) return take_error(error, e);
    const cJSON *choices = cJSON_GetObjectItemCaseSensitive(object, "choices");
    if (!cJSON_IsArray(choices)) return error_set(e, "the server's reply has no choices");
    const cJSON *choice = cJSON_GetArrayItem(choices, 0);
    if (!choice) return 0; /* an event with the counts alone */
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(choice, "delta");
    if (!part) part = cJSON_GetObjectItemCaseSensitive(choice, "message");
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(part, "content");
    if (cJSON_IsString(content) &&
        chat_thought_add(&s->thought, content->valuestring, strlen(content->valuestring), hand_on, s) != 0)
        s->enough = true;
    s->reasons = s->reasons || s->thought.seen || reasons(part);
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(choice, "finish_reason");
    if (s->is_json || cJSON_IsString(reason)) s->ended = true;
    if (cJSON_IsString(reason) && strcmp(reason->valuestring, "length") == 0) s->unended = true;
    return 0;
}

static int take_json(struct chat_stream *s, const char *text, size_t size, struct error *e)
{
    cJSON *object = json_parse(text, size, NULL);
    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return error_set(e, "the server's reply is no JSON");
    }
    int result = take_object(s, object, e);
    cJSON_Delete(object);
    return result;
}

/* llama-server has said "error: {...}" where others say "data: {"error": {...}}". */
static int take_error_line(const char *text, size_t size, struct error *e)
{
    cJSON *object = json_parse(text, size, NULL);
    const int failed = take_error(object, e);
    cJSON_Delete(object);
    return failed;
}

/* Lines of other fields, comments and empty lines say nothing to us. */
static int take_line(struct chat_stream *s, struct error *e)
{
    const char *text = s->line;
    size_t size = s->size;
    s->size = 0;
    if (size && text[size - 1] == '\r') size--;
    if (size > 6 && memcmp(text, "error:", 6) == 0) return take_error_line(text + 6, size - 6, e);
    if (size < 5 || memcmp(text, "data:", 5) != 0) return 0;
    text += 5;
    size -= 5;
    if (size && *text == ' ') text++, size--;
    if (size == 6 && memcmp(text, "[DONE]", 6) == 0) {
        (void)chat_thought_finish(&s->thought, hand_on, s);
        s->ended = s->enough = true;
        return 0;
    }
    return size ? take_json(s, text, size, e) : 0;
}

static int add_to_line(struct chat_stream *s, const char *bytes, size_t size, struct error *e)
{
    if (size > LINE_MAX_BYTES - s->size) return error_set(e, "the server's reply has a line of more than 1 MiB");
    char *line = bytes_reserve(s->line, &s->capacity, s->size + size + 1, 1);
    if (!line) return error_memory(e);
    s->line = line;
    memcpy(line + s->size, bytes, size);
    s->size += size;
    return 0;
}

int chat_stream_add(struct chat_stream *s, const char *bytes, size_t size, struct error *e)
{
    if (s->enough) return 0;
    if (size > TOTAL_MAX_BYTES - s->total) return error_set(e, "the server's reply does not end");
    if (s->total == 0 && size && *bytes == '{') s->is_json = true;
    s->total += size;
    while (size && !s->enough) {
        const char *end = s->is_json ? NULL : memchr(bytes, '\n', size);
        size_t n = end ? (size_t)(end - bytes) : size;
        if (add_to_line(s, bytes, n, e) != 0 || (end && take_line(s, e) != 0)) return -1;
        if (end) n++;
        bytes += n;
        size -= n;
    }
    return 0;
}

int chat_stream_finish(struct chat_stream *s, struct error *e)
{
    if (s->is_json && !s->enough && take_json(s, s->line, s->size, e) != 0) return -1;
    if (!s->is_json && s->size && !s->enough && take_line(s, e) != 0) return -1;
    if (s->total == 0) return error_set(e, "the server's reply is empty");
    if (!s->enough && chat_thought_finish(&s->thought, hand_on, s) != 0) s->enough = true;
    return s->ended || s->enough ? 0 : error_set(e, "the server's reply broke off");
}
