#include "app/answer/chat_http.h"

#include <curl/curl.h>
#include <string.h>

#include "compute/error.h"

enum {
    CONNECT_SECONDS = 10,
    TOTAL_SECONDS = 900,
    POLL_MILLISECONDS = 100, /* between two looks at the cancel flag */
};

/* One request under way. */
struct exchange {
    const struct chat_http *how;
    struct chat_http_reply *reply;
    CURL *curl;
    struct error problem; /* text[0]: set */
};

static long http_status(const struct exchange *x)
{
    long status = 0;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t take_bytes(char *bytes, size_t one, size_t size, void *context)
{
    struct exchange *x = context;
    struct chat_http_reply *r = x->reply;
    (void)one;
    if (http_status(x) != 200) {
        size_t room = CHAT_HTTP_REFUSAL - r->size, n = size < room ? size : room;
        memcpy(r->refusal + r->size, bytes, n);
        r->size += n;
        return room ? size : 0; /* the rest is not waited for */
    }
    const int status = x->how->take(x->how->context, bytes, size, &x->problem);
    if (status > 0) r->enough = true;
    return status == 0 ? size : 0;
}

static void set_up(const struct chat_http *h, struct exchange *x, struct curl_slist *headers)
{
    CURL *c = x->curl;
    curl_easy_setopt(c, CURLOPT_URL, h->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, h->silence_seconds);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TOTAL_SECONDS);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "lectern");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    if (h->body) curl_easy_setopt(c, CURLOPT_POSTFIELDS, h->body);
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

/* A refusal that is not waited for is one all the same. */
static int judge_transfer(struct exchange *x, CURLcode code, struct error *e)
{
    x->reply->status = http_status(x);
    x->reply->refusal[x->reply->size] = '\0';
    if (x->problem.text[0]) return error_copy(e, &x->problem);
    if (x->reply->enough || code == CURLE_OK) return 0;
    return x->reply->status != 0 && x->reply->status != 200 ? 0 : explain(code, e);
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
        if (x->how->idle) x->how->idle(x->how->idle_context);
        cancelled = x->how->cancel && atomic_load(x->how->cancel);
    }
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));)
        if (m->msg == CURLMSG_DONE) code = m->data.result;
    int result = cancelled ? error_cancelled(e) : judge_transfer(x, code, e);
    curl_multi_remove_handle(multi, x->curl);
    curl_multi_cleanup(multi);
    return result;
}

int chat_http_run(const struct chat_http *h, struct chat_http_reply *reply, struct error *e)
{
    *reply = (struct chat_http_reply){.status = 0};
    struct exchange x = {.how = h, .reply = reply, .curl = curl_easy_init()};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (headers && h->authorization) {
        struct curl_slist *longer = curl_slist_append(headers, h->authorization);
        if (!longer) curl_slist_free_all(headers);
        headers = longer;
    }
    int result = -1;
    if (!x.curl || !headers) {
        error_memory(e);
    } else {
        set_up(h, &x, headers);
        result = transfer(&x, e);
    }
    if (x.curl) curl_easy_cleanup(x.curl);
    curl_slist_free_all(headers);
    return result;
}

int chat_http_start(struct error *e)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? 0 : error_set(e, "libcurl does not start");
}
