#include "app/answer/answerer_server.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/chat_stream.h"
#include "compute/error.h"

enum {
    CONNECT_SECONDS = 10,
    SILENCE_SECONDS = 120, /* a server may load its model first */
    TOTAL_SECONDS = 900,
    POLL_MILLISECONDS = 100, /* between two looks at the cancel flag */
    ERROR_BYTES = 300,       /* of an error's body that are shown */
};

struct answerer_server {
    struct answerer base;
    char *url, *model, *authorization; /* owned; authorization: the header, or NULL */
    struct chat_sampling sampling;
    long silence_seconds;
};

/* One request under way. */
struct exchange {
    const struct chat_request *request;
    struct chat_stream stream;
    CURL *curl;
    char body[ERROR_BYTES + 1]; /* the beginning of an error's body */
    size_t body_size;
    struct error problem; /* text[0]: set */
};

static void server_close(struct answerer *base)
{
    struct answerer_server *a = (struct answerer_server *)base;
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

static long http_status(const struct exchange *x)
{
    long status = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    struct exchange *x = context;
    (void)one;
    if (http_status(x) != 200) {
        size_t room = ERROR_BYTES - x->body_size, n = size < room ? size : room;
        memcpy(x->body + x->body_size, bytes, n);
        x->body_size += n;
        return room ? size : 0; /* the rest is not waited for */
    }
    if (chat_stream_add(&x->stream, bytes, size, &x->problem) != 0 || x->stream.enough) return 0;
    return size;
}

static const char *const role_names[] = {
    [CHAT_SYSTEM] = "system", [CHAT_USER] = "user", [CHAT_ASSISTANT] = "assistant"};

static bool add_messages(cJSON *object, const struct chat_request *r)
{
    cJSON *list = cJSON_AddArrayToObject(object, "messages");
    for (size_t i = 0; list && i < r->n_messages; i++) {
        cJSON *m = cJSON_CreateObject();
        if (!m || !cJSON_AddItemToArray(list, m) ||
            !cJSON_AddStringToObject(m, "role", role_names[r->messages[i].role]) ||
            !cJSON_AddStringToObject(m, "content", r->messages[i].text))
            return false;
    }
    return list != NULL;
}

/* The request as JSON, cJSON_free'd by the caller; NULL without memory. */
static char *write_request(const struct answerer_server *a, const struct chat_request *r)
{
    cJSON *o = cJSON_CreateObject();
    char *text = NULL;
    if (o && cJSON_AddStringToObject(o, "model", a->model) && add_messages(o, r) &&
        cJSON_AddTrueToObject(o, "stream") &&
        cJSON_AddNumberToObject(o, "temperature", (double)a->sampling.temperature) &&
        cJSON_AddNumberToObject(o, "top_p", (double)a->sampling.top_p) &&
        cJSON_AddNumberToObject(o, "seed", (double)(a->sampling.seed & 0x7fffffff)) &&
        cJSON_AddNumberToObject(o, "max_tokens", r->max_tokens))
        text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

static void set_up(const struct answerer_server *a, struct exchange *x, const char *body, struct curl_slist *headers)
{
    CURL *c = x->curl;
    curl_easy_setopt(c, CURLOPT_URL, a->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, a->silence_seconds);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TOTAL_SECONDS);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "lectern");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
}

/* What went wrong below HTTP, and what may help. */
static int explain(CURLcode code, struct error *e)
{
    const char *words = curl_easy_strerror(code);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(e, "%s: is the server running, and is this its address?", words);
    case CURLE_SSL_CONNECT_ERROR:
        return error_set(e, "%s: a server without TLS is named http://", words);
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(e, "%s: the server is silent, or slow", words);
    default:
        return error_set(e, "%s", words);
    }
}

/* What the transfer came to, in words. */
static int judge(struct exchange *x, CURLcode code, struct error *e)
{
    long status = http_status(x);
    if (x->problem.text[0]) return error_copy(e, &x->problem);
    if (status >= 300 && status < 400)
        return error_set(e, "HTTP %ld: the server redirects; redirects are not followed", status);
    if (status && status != 200) return error_set(e, "HTTP %ld: %s", status, x->body);
    if (x->stream.enough) return 0;
    if (code != CURLE_OK) return explain(code, e);
    return chat_stream_finish(&x->stream, e);
}

static int transfer(struct exchange *x, struct error *e)
{
    CURLM *multi = curl_multi_init();
    if (!multi) return error_memory(e);
    CURLcode code = CURLE_FAILED_INIT;
    int running = 1;
    bool cancelled = false;
    curl_multi_add_handle(multi, x->curl);
    while (running && !cancelled) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) break;
        if (running) curl_multi_poll(multi, NULL, 0, POLL_MILLISECONDS, NULL);
        if (x->request->idle) x->request->idle(x->request->idle_context);
        cancelled = x->request->cancel && atomic_load(x->request->cancel);
    }
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));)
        if (m->msg == CURLMSG_DONE) code = m->data.result;
    int result = cancelled ? error_cancelled(e) : judge(x, code, e);
    curl_multi_remove_handle(multi, x->curl);
    curl_multi_cleanup(multi);
    return result;
}

static int server_chat(struct answerer *base, struct backend *b, const struct chat_request *r, struct error *e)
{
    const struct answerer_server *a = (const struct answerer_server *)base;
    (void)b;
    struct exchange x = {.request = r, .stream = {.emit = r->emit, .context = r->context}, .curl = curl_easy_init()};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (headers && a->authorization) {
        struct curl_slist *longer = curl_slist_append(headers, a->authorization);
        if (!longer) curl_slist_free_all(headers);
        headers = longer;
    }
    char *body = write_request(a, r);
    int result;
    if (!x.curl || !headers || !body) {
        result = error_memory(e);
    } else {
        set_up(a, &x, body, headers);
        result = transfer(&x, e);
        if (x.stream.unended && r->unended) *r->unended = true;
        if (result != 0 && e->kind != ERROR_CANCELLED) error_prefix(e, "%s", a->url);
    }
    if (x.curl) curl_easy_cleanup(x.curl);
    curl_slist_free_all(headers);
    cJSON_free(body);
    chat_stream_free(&x.stream);
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

static int take_url(struct answerer_server *a, const char *named, struct error *e)
{
    const char *host = strstr(named, "://") + 3, *hash = strrchr(named, '#');
    if (!hash || !hash[1]) return error_set_kind(e, ERROR_USAGE, "--answerer %s: which model? (URL#MODEL)", named);
    if (memchr(host, '@', strcspn(host, "/#")))
        return error_set_kind(e, ERROR_USAGE, "--answerer: no user name or password in the URL");
    size_t n = (size_t)(hash - named);
    while (n && named[n - 1] == '/') n--;
    a->url = malloc(n + sizeof "/chat/completions");
    a->model = strdup(hash + 1);
    if (!a->url || !a->model) return error_memory(e);
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
    if (!failed && curl_global_init(CURL_GLOBAL_DEFAULT) != 0) failed = error_set(e, "libcurl does not start");
    if (failed) {
        server_close(&a->base);
        return -1;
    }
    snprintf(a->base.name, sizeof a->base.name, "%s", named);
    *out = &a->base;
    return 0;
}
