#define _GNU_SOURCE /* strcasestr */
#include "app/answer/answerer_server.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/chat_http.h"
#include "app/answer/chat_refusal.h"
#include "app/answer/chat_stream.h"
#include "app/text/json.h"
#include "compute/bytes.h"
#include "compute/error.h"

enum {
    SILENCE_SECONDS = 120, /* a server may load its model first */
    REASONING_TIMES = 16,  /* so many more tokens are asked for of a model that thinks before it answers */
    MODELS_LISTED = 8,
};

#define LISTING_BYTES ((size_t)1 << 20)

struct answerer_server {
    struct answerer base;
    char *base_url, *url, *model, *authorization; /* owned; url: of chats; authorization: the header, or NULL */
    struct chat_sampling sampling;
    long silence_seconds;
    struct {
        bool completion_tokens, no_sampling, no_system; /* it has refused otherwise */
        bool reasons;                                   /* an answer's tokens do not do */
        bool streams;                                   /* no reply begins inside a thought */
    } takes;
};

static void server_close(struct answerer *base)
{
    struct answerer_server *a = (struct answerer_server *)base;
    free(a->base_url);
    free(a->url);
    free(a->model);
    free(a->authorization);
    free(a);
}

/* Nobody but the server knows its tokens: four bytes each is usual for English, three is careful. */
static size_t server_count(const struct answerer *base, const char *text, size_t size)
{
    (void)base;
    (void)text;
    return size / 3 + 1;
}

static const char *const role_names[] = {
    [CHAT_SYSTEM] = "system", [CHAT_USER] = "user", [CHAT_ASSISTANT] = "assistant"};

static bool add_message(cJSON *list, enum chat_role role, const char *text)
{
    cJSON *m = cJSON_CreateObject();
    return m && cJSON_AddItemToArray(list, m) && cJSON_AddStringToObject(m, "role", role_names[role]) &&
           cJSON_AddStringToObject(m, "content", text);
}

/* Both in one message of the user's. */
static bool add_joined(cJSON *list, const char *system, const char *text)
{
    const size_t size = strlen(system) + strlen(text) + 3;
    char *both = malloc(size);
    if (!both) return false;
    snprintf(both, size, "%s\n\n%s", system, text);
    const bool added = add_message(list, CHAT_USER, both);
    free(both);
    return added;
}

/* Where the server takes no system message it stands before the user's first. */
static bool add_messages(cJSON *object, const struct chat_request *r, bool no_system)
{
    cJSON *list = cJSON_AddArrayToObject(object, "messages");
    const char *system = NULL;
    bool whole = list != NULL;
    for (size_t i = 0; i < r->n_messages && whole; i++) {
        const struct chat_message *m = &r->messages[i];
        if (m->role == CHAT_SYSTEM && no_system) {
            system = m->text;
        } else if (m->role == CHAT_USER && system) {
            whole = add_joined(list, system, m->text);
            system = NULL;
        } else {
            whole = add_message(list, m->role, m->text);
        }
    }
    return whole;
}

static bool add_sampling(const struct answerer_server *a, cJSON *o)
{
    return a->takes.no_sampling || (cJSON_AddNumberToObject(o, "temperature", (double)a->sampling.temperature) &&
                                    cJSON_AddNumberToObject(o, "top_p", (double)a->sampling.top_p) &&
                                    cJSON_AddNumberToObject(o, "seed", (double)(a->sampling.seed & 0x7fffffff)));
}

/* The request as JSON, cJSON_free'd by the caller; NULL without memory. */
static char *write_request(const struct answerer_server *a, const struct chat_request *r)
{
    const char *most = a->takes.completion_tokens ? "max_completion_tokens" : "max_tokens";
    const double tokens = (double)r->max_tokens * (a->takes.reasons ? REASONING_TIMES : 1);
    cJSON *o = cJSON_CreateObject();
    char *text = NULL;
    if (o && cJSON_AddStringToObject(o, "model", a->model) && add_messages(o, r, a->takes.no_system) &&
        cJSON_AddTrueToObject(o, "stream") && add_sampling(a, o) && cJSON_AddNumberToObject(o, most, tokens))
        text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

static int take_stream(void *context, const char *bytes, size_t size, struct error *e)
{
    struct chat_stream *s = context;
    if (chat_stream_add(s, bytes, size, e) != 0) return -1;
    return s->enough;
}

/* Takes a list of models as it comes. */
struct listing {
    char *text; /* owned */
    size_t size, capacity;
};

static int take_listing(void *context, const char *bytes, size_t size, struct error *e)
{
    struct listing *l = context;
    if (size > LISTING_BYTES - l->size) return error_set(e, "the list of models does not end");
    char *text = bytes_reserve(l->text, &l->capacity, l->size + size, 1);
    if (!text) return error_memory(e);
    l->text = text;
    memcpy(text + l->size, bytes, size);
    l->size += size;
    return 0;
}

static struct chat_http http_of(const struct answerer_server *a, const struct chat_request *r, const char *url)
{
    return (struct chat_http){.url = url,
                              .authorization = a->authorization,
                              .silence_seconds = a->silence_seconds,
                              .cancel = r->cancel,
                              .idle = r->idle,
                              .idle_context = r->idle_context};
}

/* Writes "; it has a, b, c" unless the model is one of them. */
static void write_models(FILE *out, const char *model, const cJSON *list)
{
    const cJSON *one;
    size_t n = 0;
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(one, "id");
        if (cJSON_IsString(id) && strcmp(id->valuestring, model) == 0) return;
    }
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(one, "id");
        if (!cJSON_IsString(id)) continue;
        if (n == MODELS_LISTED) fputs(", ...", out);
        if (n++ >= MODELS_LISTED) return;
        fprintf(out, "%s%s", n > 1 ? ", " : "; it has ", id->valuestring);
    }
}

/* What the server has in place of an unknown model, from URL/models; malloc'ed, "" where it does not say; NULL without
 * memory. */
static char *list_models(const struct answerer_server *a, const struct chat_request *r)
{
    char url[1024], *text = NULL;
    size_t size;
    struct listing l = {.size = 0};
    struct chat_http http = http_of(a, r, url);
    struct chat_http_reply reply;
    struct error ignored;
    cJSON *object = NULL;
    http.take = take_listing;
    http.context = &l;
    if ((size_t)snprintf(url, sizeof url, "%s/models", a->base_url) < sizeof url &&
        chat_http_run(&http, &reply, &ignored) == 0 && reply.status == 200)
        object = json_parse(l.text, l.size, NULL);
    FILE *out = open_memstream(&text, &size);
    if (out) write_models(out, a->model, cJSON_GetObjectItemCaseSensitive(object, "data"));
    if (out) fclose(out);
    cJSON_Delete(object);
    free(l.text);
    return text;
}

/* A reply that is no answer: why, in `e`; and what it is about. */
static enum chat_refusal refused(const struct answerer_server *a, const struct chat_request *r,
                                 const struct chat_http_reply *reply, struct error *e)
{
    char words[CHAT_REFUSAL_WORDS + 1];
    if (reply->status >= 300 && reply->status < 400) {
        error_set(e, "HTTP %ld: the server redirects; redirects are not followed", reply->status);
        return CHAT_REFUSAL_OTHER;
    }
    const enum chat_refusal about = chat_refusal_read(reply->status, reply->refusal, reply->size, words);
    char *models = about == CHAT_REFUSAL_MODEL ? list_models(a, r) : NULL;
    error_set(e, "HTTP %ld: %s%s", reply->status, words, models ? models : "");
    free(models);
    return about;
}

/* Whether the next request is another one. */
static bool adapt(struct answerer_server *a, enum chat_refusal about)
{
    bool *taken = about == CHAT_REFUSAL_MAX_TOKENS ? &a->takes.completion_tokens
                  : about == CHAT_REFUSAL_SAMPLING ? &a->takes.no_sampling
                  : about == CHAT_REFUSAL_SYSTEM   ? &a->takes.no_system
                                                   : NULL;
    if (!taken || *taken) return false;
    return *taken = true;
}

/* Whether a reply that came to its end as a whole waited for the end of a thought, and what that tells of the next
 * ones. Where it came to the most tokens, nobody knows whether it is a thought: 1, the question is asked once more with
 * room for one. */
static int judge_held(struct answerer_server *a, struct chat_stream *s)
{
    if (s->lone) a->takes.reasons = true;
    if (!s->holds) return 0;
    if (s->unended && s->n_held > 0 && !s->reasons && !a->takes.reasons) return a->takes.reasons = true;
    if (!s->unended && !s->reasons) a->takes.reasons = false;
    a->takes.streams = !s->unended;
    chat_stream_release(s);
    return 0;
}

/* One request. 1: refused or without an answer, in a way that another request may mend. */
static int chat_once(struct answerer_server *a, const struct chat_request *r, struct error *e)
{
    struct chat_stream stream = {.emit = r->emit, .context = r->context, .holds = !a->takes.streams};
    struct chat_http http = http_of(a, r, a->url);
    struct chat_http_reply reply;
    char *body = write_request(a, r);
    if (!body) return error_memory(e);
    http.body = body;
    http.take = take_stream;
    http.context = &stream;
    int result = chat_http_run(&http, &reply, e);
    cJSON_free(body);
    if (result == 0 && reply.status != 200)
        result = adapt(a, refused(a, r, &reply, e)) ? 1 : -1;
    else if (result == 0 && !stream.enough)
        result = chat_stream_finish(&stream, e);
    if (result == 0) result = judge_held(a, &stream);
    if (result == 0 && stream.unended && stream.reasons && !stream.worded) {
        error_set(e, "the model thought until its tokens were used up, and said nothing");
        result = a->takes.reasons ? -1 : 1;
        a->takes.reasons = true;
    }
    if (result == 0 && stream.unended && r->unended) *r->unended = true;
    chat_stream_free(&stream);
    return result;
}

static int server_chat(struct answerer *base, struct backend *b, const struct chat_request *r, struct error *e)
{
    struct answerer_server *a = (struct answerer_server *)base;
    (void)b;
    int result = 1;
    while (result > 0) result = chat_once(a, r, e);
    if (result != 0 && e->kind != ERROR_CANCELLED) error_prefix(e, "%s", a->url);
    return result;
}

static const struct answerer_ops server_ops = {server_close, NULL, server_count, server_chat};

/* The header with the key of the named variable. */
static int take_key(struct answerer_server *a, const char *variable, struct error *e)
{
    const char *key = getenv(variable);
    if (!key || !*key)
        return error_set_kind(e, ERROR_USAGE, "--answerer-key %s: this environment variable is not set", variable);
    for (const char *p = key; *p; p++)
        if (!isgraph((unsigned char)*p))
            return error_set_kind(e, ERROR_USAGE, "--answerer-key %s: the key has a character that no key has",
                                  variable);
    size_t size = strlen(key) + sizeof "Authorization: Bearer ";
    a->authorization = malloc(size);
    if (!a->authorization) return error_memory(e);
    snprintf(a->authorization, size, "Authorization: Bearer %s", key);
    return 0;
}

/* Only a model that thinks may begin inside a thought that its template has opened: the replies of all others are
 * handed on as they come. Nothing but its name tells before the first reply. */
static bool may_think(const char *model)
{
    static const char *const parts[] = {"r1", "qwq", "think", "reason", "magistral"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(model, parts[i])) return true;
    return false;
}

static int take_url(struct answerer_server *a, const char *named, struct error *e)
{
    const char *host = strstr(named, "://") + 3, *hash = strrchr(named, '#');
    if (!hash || !hash[1]) return error_set_kind(e, ERROR_USAGE, "--answerer %s: which model? (URL#MODEL)", named);
    if (memchr(host, '@', strcspn(host, "/#")))
        return error_set_kind(e, ERROR_USAGE, "--answerer: no user name or password in the URL");
    size_t n = (size_t)(hash - named);
    while (n && named[n - 1] == '/') n--;
    a->base_url = strndup(named, n);
    a->url = malloc(n + sizeof "/chat/completions");
    a->model = strdup(hash + 1);
    if (!a->base_url || !a->url || !a->model) return error_memory(e);
    a->takes.streams = !may_think(a->model);
    memcpy(a->url, named, n);
    memcpy(a->url + n, "/chat/completions", sizeof "/chat/completions");
    return 0;
}

int answerer_server_open(struct answerer **out, const char *named, const struct answerer_options *o, struct error *e)
{
    struct answerer_server *a = calloc(1, sizeof *a);
    if (!a) return error_memory(e);
    a->base.ops = &server_ops;
    a->base.large = true;
    a->sampling = o->sampling;
    a->silence_seconds = o->silence_seconds ? o->silence_seconds : SILENCE_SECONDS;
    int failed = take_url(a, named, e);
    if (!failed && o->key_variable) failed = take_key(a, o->key_variable, e);
    if (!failed) failed = chat_http_start(e);
    if (failed) {
        server_close(&a->base);
        return -1;
    }
    snprintf(a->base.name, sizeof a->base.name, "%s", named);
    *out = &a->base;
    return 0;
}
