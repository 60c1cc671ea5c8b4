#include "app/serve/mcp.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/serve/mcp_message.h"
#include "app/serve/mcp_place.h"
#include "app/serve/mcp_tools.h"
#include "app/text/content.h"
#include "app/worker/message.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/model.h"

/* A longer line is no request that anybody means. */
#define LINE_MOST ((size_t)1 << 20)

/* Searches that wait; the worker takes one after the other. */
enum { PENDING = 16 };

struct pending {
    size_t id; /* the worker's */
    bool cancelled;
    const struct finding *found; /* the worker's: what it told last; NULL: nothing yet */
    struct mcp_message message;  /* owned: its strings are the call's */
    struct mcp_call call;
};

struct server {
    const struct mcp_options *options;
    struct worker *worker;
    struct mcp_text text;
    bool agreed; /* a handshake was made */
    struct pending pending[PENDING];
    size_t n_pending, n_asked;
    char *line; /* owned: what has come of the next request */
    size_t size, capacity;
    bool too_long; /* the rest of an overlong line is passed over */
    bool ended;    /* no further requests will come */
};

static int send_error(struct server *s, const struct mcp_message *m, int code, const char *text, struct error *e)
{
    return mcp_message_error(s->options->out, m->id, code, text, NULL, e);
}

static int send_result(struct server *s, const struct mcp_message *m, cJSON *result, struct error *e)
{
    return mcp_message_result(s->options->out, m->id, m->stateless, result, e);
}

/* Results that a client may keep: the tools do not change while a server runs. */
static cJSON *cacheable(cJSON *result, bool stateless)
{
    if (!stateless ||
        (cJSON_AddNumberToObject(result, "ttlMs", 3600000) && cJSON_AddStringToObject(result, "cacheScope", "public")))
        return result;
    cJSON_Delete(result);
    return NULL;
}

/* What this server can do, and how it is best used. */
static bool describe_server(cJSON *result)
{
    static const char instructions[] =
        "Lectern has read a text, a book or a repository, as one sequence. Call search with a question in plain words, "
        "or with a name, before opening files; read_place shows what stands around a place; outline says what there "
        "is; status says how much is read and what was left out.";
    cJSON *capabilities = cJSON_AddObjectToObject(result, "capabilities");
    return cJSON_AddObjectToObject(capabilities, "tools") &&
           cJSON_AddStringToObject(result, "instructions", instructions);
}

static int initialize(struct server *s, const struct mcp_message *m, struct error *e)
{
    const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(m->params, "protocolVersion");
    if (!cJSON_IsString(wanted))
        return send_error(s, m, MCP_INVALID_PARAMS, "initialize: protocolVersion is missing", e);
    bool known = mcp_message_has_handshake(wanted->valuestring);
    cJSON *result = cJSON_CreateObject(), *self = mcp_message_implementation();
    if (!cJSON_AddStringToObject(result, "protocolVersion", known ? wanted->valuestring : MCP_HANDSHAKE_REVISION) ||
        !describe_server(result) || !self || !cJSON_AddItemToObject(result, "serverInfo", self)) {
        cJSON_Delete(result);
        return error_memory(e);
    }
    s->agreed = true;
    return send_result(s, m, result, e);
}

static int discover(struct server *s, const struct mcp_message *m, struct error *e)
{
    cJSON *result = cJSON_CreateObject(), *revisions = mcp_message_revisions();
    if (!describe_server(result) || !revisions || !cJSON_AddItemToObject(result, "supportedVersions", revisions)) {
        cJSON_Delete(result);
        result = NULL;
    }
    return send_result(s, m, result ? cacheable(result, true) : NULL, e);
}

static int list_tools(struct server *s, const struct mcp_message *m, struct error *e)
{
    if (cJSON_GetObjectItemCaseSensitive(m->params, "cursor"))
        return send_error(s, m, MCP_INVALID_PARAMS, "tools/list: all tools are on one page, there is no cursor", e);
    cJSON *result = cJSON_CreateObject(), *tools = mcp_tools_list();
    if (!tools || !cJSON_AddItemToObject(result, "tools", tools)) {
        cJSON_Delete(result);
        result = NULL;
    }
    return send_result(s, m, result ? cacheable(result, m->stateless) : NULL, e);
}

/* The worker looks when it can; what waits keeps its message. */
static int begin_search(struct server *s, struct mcp_message *m, const struct mcp_call *call, struct error *e)
{
    const struct scope scope = {.globs = call->in, .n_globs = call->n_in, .contents = content_named(call->kind)};
    size_t document;
    uint64_t offset;
    struct error why;
    if (s->n_pending == PENDING)
        return send_result(s, m, mcp_place_failure("too many searches wait already: call again when one is done"), e);
    if (call->tool == MCP_SIMILAR && mcp_place_find(&s->text, call, &document, &offset, &why))
        return send_result(s, m, mcp_place_failure(why.text), e);
    if (call->tool == MCP_SIMILAR ? worker_ask_like(s->worker, s->n_asked, document, offset, &scope, &why)
                                  : worker_ask(s->worker, s->n_asked, call->question, &scope, &why))
        return send_result(s, m, mcp_place_failure(why.text), e);
    s->pending[s->n_pending++] = (struct pending){.id = s->n_asked++, .message = *m, .call = *call};
    *m = (struct mcp_message){.json = NULL};
    return 0;
}

static int call_tool(struct server *s, struct mcp_message *m, struct error *e)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(m->params, "name");
    struct mcp_call call;
    struct error why = {0};
    enum mcp_tool tool;
    if (!cJSON_IsString(name)) return send_error(s, m, MCP_INVALID_PARAMS, "tools/call: name is missing", e);
    if (!mcp_tools_find(name->valuestring, &tool)) {
        error_set(&why, "there is no tool \"%s\"", name->valuestring);
        return send_error(s, m, MCP_INVALID_PARAMS, why.text, e);
    }
    if (mcp_tools_read(&call, tool, cJSON_GetObjectItemCaseSensitive(m->params, "arguments"), &why))
        return send_result(s, m, mcp_place_failure(why.text), e);
    switch (tool) {
    case MCP_SEARCH:
    case MCP_SIMILAR:
        return begin_search(s, m, &call, e);
    case MCP_READ_PLACE:
        return send_result(s, m, mcp_place_read(&s->text, &call), e);
    case MCP_OUTLINE:
        return send_result(s, m, mcp_place_outline(&s->text, &call), e);
    default:
        return send_result(s, m, mcp_place_status(&s->text), e);
    }
}

/* A cancelled search gets no answer, and is not gone on with. */
static void cancel(struct server *s, const struct mcp_message *m)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(m->params, "requestId");
    for (size_t i = 0; id && i < s->n_pending; i++) {
        if (!cJSON_Compare(s->pending[i].message.id, id, true)) continue;
        s->pending[i].cancelled = true;
        worker_unask(s->worker, s->pending[i].id);
        return;
    }
}

static int unsupported(struct server *s, const struct mcp_message *m, const char *text, struct error *e)
{
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(m->params, "_meta");
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(meta, "io.modelcontextprotocol/protocolVersion");
    cJSON *data = cJSON_CreateObject(), *revisions = mcp_message_revisions();
    if (!asked || !cJSON_AddStringToObject(data, "requested", asked->valuestring) || !revisions ||
        !cJSON_AddItemToObject(data, "supported", revisions)) {
        cJSON_Delete(data);
        return error_memory(e);
    }
    return mcp_message_error(s->options->out, m->id, MCP_UNSUPPORTED_REVISION, text, data, e);
}

static int request(struct server *s, struct mcp_message *m, struct error *e)
{
    bool stateless = m->stateless;
    if (!stateless && strcmp(m->method, "initialize") == 0) return initialize(s, m, e);
    if (!stateless && strcmp(m->method, "ping") == 0) return send_result(s, m, cJSON_CreateObject(), e);
    if (!stateless && !s->agreed)
        return send_error(s, m, MCP_INVALID_PARAMS,
                          "neither was there a handshake (initialize) nor does params._meta name a protocol version",
                          e);
    if (stateless && strcmp(m->method, "server/discover") == 0) return discover(s, m, e);
    if (strcmp(m->method, "tools/list") == 0) return list_tools(s, m, e);
    if (strcmp(m->method, "tools/call") == 0) return call_tool(s, m, e);
    return send_error(s, m, MCP_METHOD_NOT_FOUND, "there is no such method", e);
}

static int take_line(struct server *s, const char *line, size_t size, struct error *e)
{
    struct mcp_message m;
    struct error why = {0};
    if (size == 0 || strspn(line, " \t\r") >= size) return 0;
    int code = mcp_message_read(&m, line, size, &why), failed = 0;
    if (code == MCP_UNSUPPORTED_REVISION)
        failed = unsupported(s, &m, why.text, e);
    else if (code != 0)
        failed = send_error(s, &m, code, why.text, e);
    else if (m.method && m.id)
        failed = request(s, &m, e);
    else if (m.method && strcmp(m.method, "notifications/cancelled") == 0)
        cancel(s, &m);
    mcp_message_free(&m);
    return failed;
}

/* Every whole line of what has come; the rest stays. */
static int take_lines(struct server *s, struct error *e)
{
    size_t begin = 0;
    int failed = 0;
    for (char *end; failed == 0 && (end = memchr(s->line + begin, '\n', s->size - begin));
         begin = (size_t)(end - s->line) + 1) {
        *end = '\0';
        if (!s->too_long) failed = take_line(s, s->line + begin, (size_t)(end - s->line) - begin, e);
        s->too_long = false;
    }
    if (begin > 0) memmove(s->line, s->line + begin, s->size - begin);
    s->size -= begin;
    if (failed || s->size < LINE_MOST) return failed;
    s->size = 0;
    if (s->too_long) return 0;
    s->too_long = true;
    return mcp_message_error(s->options->out, NULL, MCP_INVALID_REQUEST, "a line of over 1 MiB is passed over", NULL,
                             e);
}

static int take_input(struct server *s, struct error *e)
{
    enum { PIECE = 1 << 16 };
    char *grown = bytes_reserve(s->line, &s->capacity, s->size + PIECE, 1);
    if (!grown) return error_memory(e);
    s->line = grown;
    ssize_t n = read(s->options->in, s->line + s->size, PIECE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (n < 0) return error_set(e, "standard input cannot be read: %s", strerror(errno));
    s->ended = n == 0;
    s->size += (size_t)n;
    return take_lines(s, e);
}

/* The oldest search is the one that the worker has just ended. */
static int end_search(struct server *s, const struct message *m, struct error *e)
{
    struct pending first = s->pending[0];
    if (s->n_pending == 0 || first.id != m->id) return 0;
    const bool found = m->done && first.found;
    memmove(s->pending, s->pending + 1, --s->n_pending * sizeof *s->pending);
    int failed = 0;
    if (!first.cancelled)
        failed = send_result(s, &first.message,
                             found ? mcp_place_search(&s->text, first.found, &first.call)
                                   : mcp_place_failure(m->text ? m->text : "stopped"),
                             e);
    mcp_message_free(&first.message);
    worker_forget(s->worker, m->id);
    return failed;
}

static int take_news(struct server *s, const struct message *m, struct error *e)
{
    switch (m->type) {
    case MESSAGE_WAITS:
    case MESSAGE_PROGRESS:
        s->text.waits = m->type == MESSAGE_WAITS;
        return mcp_place_extend(&s->text, &m->tables, &m->progress, e);
    case MESSAGE_READ_STOPPED:
        if (m->text) return error_set(e, "%s", m->text);
        s->text.done = m->done;
        s->text.waits = false;
        return 0;
    case MESSAGE_NOTE:
        snprintf(s->text.note, sizeof s->text.note, "%s", m->text ? m->text : "");
        return 0;
    case MESSAGE_EVIDENCE:
        if (s->n_pending > 0 && s->pending[0].id == m->id) s->pending[0].found = m->finding;
        return 0;
    case MESSAGE_ANSWER_ENDS:
        return end_search(s, m, e);
    case MESSAGE_FAILED:
        return error_set(e, "%s", m->text ? m->text : "the reader failed");
    default:
        return 0;
    }
}

static int take_worker(struct server *s, struct error *e)
{
    char bytes[64];
    while (read(worker_fd(s->worker), bytes, sizeof bytes) > 0) {
    }
    for (struct message *m; (m = worker_next(s->worker));) {
        int failed = take_news(s, m, e);
        message_free(m);
        if (failed) return -1;
    }
    return 0;
}

static int serve_requests(struct server *s, struct error *e)
{
    while (!s->ended || s->n_pending > 0) {
        struct pollfd wait[2] = {{.fd = worker_fd(s->worker), .events = POLLIN},
                                 {.fd = s->ended ? -1 : s->options->in, .events = POLLIN}};
        if (atomic_load(s->options->cancel)) return error_cancelled(e);
        if (poll(wait, 2, 500) < 0 && errno != EINTR)
            return error_set(e, "no requests can be waited for: %s", strerror(errno));
        if (take_worker(s, e) || (!s->ended && wait[1].revents && take_input(s, e))) return -1;
    }
    return 0;
}

int mcp_serve(const struct mcp_options *o, struct error *e)
{
    struct server s = {.options = o};
    int failed = mcp_place_open(&s.text, o->worker.corpus, o->worker.model, e) ||
                 worker_open(&s.worker, &o->worker, e) || serve_requests(&s, e);
    worker_close(s.worker);
    for (size_t i = 0; i < s.n_pending; i++) mcp_message_free(&s.pending[i].message);
    mcp_place_close(&s.text);
    free(s.line);
    return failed ? -1 : 0;
}
