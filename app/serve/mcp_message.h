/* Messages of the Model Context Protocol: JSON-RPC 2.0, one object a line. Two ways of speaking are understood: a
 * handshake ("initialize", revisions up to 2025-11-25), after which every message is of the agreed revision; and the
 * stateless revision 2026-07-28, where every request says its revision in params._meta. */
#ifndef LECTERN_MCP_MESSAGE_H
#define LECTERN_MCP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cJSON;
struct error;

#define MCP_STATELESS_REVISION "2026-07-28"
#define MCP_HANDSHAKE_REVISION "2025-11-25" /* the newest that has a handshake */

/* JSON-RPC's error codes, and the protocol's own. */
enum mcp_code {
    MCP_PARSE_ERROR = -32700,
    MCP_INVALID_REQUEST = -32600,
    MCP_METHOD_NOT_FOUND = -32601,
    MCP_INVALID_PARAMS = -32602,
    MCP_INTERNAL_ERROR = -32603,
    MCP_UNSUPPORTED_REVISION = -32022,
};

struct mcp_message {
    struct cJSON *json;         /* owned: the whole message */
    const struct cJSON *id;     /* NULL: a notification */
    const char *method;         /* NULL: an answer to something, which is passed over */
    const struct cJSON *params; /* an object, or NULL */
    bool stateless;             /* it names a revision of its own */
};

/* Reads a line. Not 0: the code of what is wrong, the words in `e`; the id, where there is one, is kept for the answer.
 * Freed by mcp_message_free in any case. */
int mcp_message_read(struct mcp_message *out, const char *line, size_t size, struct error *e);
void mcp_message_free(struct mcp_message *m);

/* Whether a handshake may agree on this revision. */
bool mcp_message_has_handshake(const char *revision);

/* Takes the item: false, and it is freed, where it is NULL or memory is out. */
bool mcp_message_add(struct cJSON *object, const char *key, struct cJSON *item);

/* What this server is called in a message. NULL without memory. */
struct cJSON *mcp_message_implementation(void);

/* The revisions of both kinds, the newest first. NULL without memory. */
struct cJSON *mcp_message_revisions(void);

/* Writes a line and flushes it: -1 where that fails or memory is out. The result is taken; NULL: out of memory. A
 * stateless result gets what that revision wants in each. `id`: NULL where it could not be read. */
int mcp_message_result(FILE *out, const struct cJSON *id, bool stateless, struct cJSON *result, struct error *e);
int mcp_message_error(FILE *out, const struct cJSON *id, int code, const char *text, struct cJSON *data,
                      struct error *e);

#endif
