#include "app/serve/mcp_message.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/output/report.h"
#include "app/text/json.h"
#include "compute/error.h"

static const char *const handshake_revisions[] = {MCP_HANDSHAKE_REVISION, "2025-06-18", "2025-03-26", "2024-11-05"};
enum { HANDSHAKE_REVISIONS = sizeof handshake_revisions / sizeof *handshake_revisions };

static const char *const revision_key = "io.modelcontextprotocol/protocolVersion";

static int fail_with_code(struct error *e, int code, const char *text)
{
    error_set(e, "%s", text);
    return code;
}

/* An id is a string or a whole number. */
static bool is_id(const cJSON *id)
{
    return cJSON_IsString(id) || (cJSON_IsNumber(id) && id->valuedouble == floor(id->valuedouble));
}

/* What a stateless request must say of itself. */
static int read_revision(struct mcp_message *m, struct error *e)
{
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(m->params, "_meta");
    const cJSON *revision = cJSON_GetObjectItemCaseSensitive(meta, revision_key);
    if (!revision) return 0;
    if (!cJSON_IsString(revision))
        return fail_with_code(e, MCP_INVALID_PARAMS, "the protocol version in params._meta is not a string");
    m->stateless = true;
    if (strcmp(revision->valuestring, MCP_STATELESS_REVISION) != 0) {
        error_set(e, "protocol version %s is not supported without a handshake", revision->valuestring);
        return MCP_UNSUPPORTED_REVISION;
    }
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(meta, "io.modelcontextprotocol/clientCapabilities")))
        return fail_with_code(e, MCP_INVALID_PARAMS, "params._meta has no io.modelcontextprotocol/clientCapabilities");
    return 0;
}

int mcp_message_read(struct mcp_message *out, const char *line, size_t size, struct error *e)
{
    size_t end;
    *out = (struct mcp_message){.json = json_parse(line, size, &end)};
    const cJSON *json = out->json;
    while (json && end < size && strchr(" \r\t", line[end])) end++;
    if (!json || end < size) return fail_with_code(e, MCP_PARSE_ERROR, "this line is not JSON");
    if (!cJSON_IsObject(json)) return fail_with_code(e, MCP_INVALID_REQUEST, "a message is one JSON object");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(json, "method");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "jsonrpc");
    if (is_id(id)) out->id = id;
    if (!cJSON_IsString(version) || strcmp(version->valuestring, "2.0") != 0)
        return fail_with_code(e, MCP_INVALID_REQUEST, "\"jsonrpc\" is not \"2.0\"");
    if (id && !out->id) return fail_with_code(e, MCP_INVALID_REQUEST, "an id is a string or a whole number");
    if (!method) return 0;
    if (!cJSON_IsString(method)) return fail_with_code(e, MCP_INVALID_REQUEST, "\"method\" is not a string");
    out->method = method->valuestring;
    out->params = cJSON_GetObjectItemCaseSensitive(json, "params");
    if (out->params && !cJSON_IsObject(out->params)) {
        out->params = NULL;
        return fail_with_code(e, MCP_INVALID_PARAMS, "\"params\" is not an object");
    }
    return out->id ? read_revision(out, e) : 0;
}

void mcp_message_free(struct mcp_message *m)
{
    cJSON_Delete(m->json);
    *m = (struct mcp_message){.json = NULL};
}

bool mcp_message_has_handshake(const char *revision)
{
    for (size_t i = 0; i < HANDSHAKE_REVISIONS; i++)
        if (strcmp(revision, handshake_revisions[i]) == 0) return true;
    return false;
}

cJSON *mcp_message_implementation(void)
{
    cJSON *self = cJSON_CreateObject();
    if (cJSON_AddStringToObject(self, "name", "lectern") && cJSON_AddStringToObject(self, "version", LECTERN_VERSION))
        return self;
    cJSON_Delete(self);
    return NULL;
}

cJSON *mcp_message_revisions(void)
{
    const char *all[HANDSHAKE_REVISIONS + 1] = {MCP_STATELESS_REVISION};
    memcpy(all + 1, handshake_revisions, sizeof handshake_revisions);
    return cJSON_CreateStringArray(all, HANDSHAKE_REVISIONS + 1);
}

bool mcp_message_add(cJSON *object, const char *key, cJSON *item)
{
    if (item && cJSON_AddItemToObject(object, key, item)) return true;
    cJSON_Delete(item);
    return false;
}

/* A message with the id of what it answers; NULL without memory. */
static cJSON *begin_message(const cJSON *id)
{
    cJSON *message = cJSON_CreateObject();
    if (cJSON_AddStringToObject(message, "jsonrpc", "2.0") &&
        mcp_message_add(message, "id",
                        !id ? cJSON_CreateNull()
                        : cJSON_IsString(id)
                            ? report_string(id->valuestring, strlen(id->valuestring)) /* of any bytes */
                            : cJSON_Duplicate(id, false)))
        return message;
    cJSON_Delete(message);
    return NULL;
}

/* The revision 2026-07-28 wants in each result what kind it is, and who gives it. */
static bool sign(cJSON *result)
{
    cJSON *meta = cJSON_AddObjectToObject(result, "_meta");
    return cJSON_AddStringToObject(result, "resultType", "complete") && meta &&
           mcp_message_add(meta, "io.modelcontextprotocol/serverInfo", mcp_message_implementation());
}

int mcp_message_result(FILE *out, const cJSON *id, bool stateless, cJSON *result, struct error *e)
{
    cJSON *message = result && (!stateless || sign(result)) ? begin_message(id) : NULL;
    if (message && mcp_message_add(message, "result", result)) return report_print(message, out, e);
    if (!message) cJSON_Delete(result);
    cJSON_Delete(message);
    return error_memory(e);
}

int mcp_message_error(FILE *out, const cJSON *id, int code, const char *text, cJSON *data, struct error *e)
{
    cJSON *message = begin_message(id), *error = cJSON_AddObjectToObject(message, "error");
    bool whole = error && cJSON_AddNumberToObject(error, "code", code) &&
                 mcp_message_add(error, "message", report_string(text, strlen(text)));
    if (data && (!whole || !mcp_message_add(error, "data", data))) {
        if (!whole) cJSON_Delete(data);
        whole = false;
    }
    if (whole) return report_print(message, out, e);
    cJSON_Delete(message);
    return error_memory(e);
}
