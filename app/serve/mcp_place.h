/* What the tools give: places, documents, headings and the state of reading, as results of calls: an object for
 * programs and the same as text. All are NULL without memory. */
#ifndef LECTERN_MCP_PLACE_H
#define LECTERN_MCP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/reader/reader.h"

struct cJSON;
struct error;
struct finding;
struct mcp_call;
struct message_tables;
struct model;
struct outline;

/* The text as far as it is read. */
struct mcp_text {
    const struct corpus *corpus; /* borrowed, and the model */
    const struct model *model;
    struct reader_segment *segments; /* owned */
    size_t n_segments, capacity;
    struct reader_progress progress;
    struct outline *outline; /* owned */
    bool done;
    bool waits; /* for another process, which reads it */
    char note[640];
};

int mcp_place_open(struct mcp_text *t, const struct corpus *c, const struct model *m, struct error *e);
void mcp_place_close(struct mcp_text *t);

/* Takes over what the reader's tables have more. */
int mcp_place_extend(struct mcp_text *t, const struct message_tables *tables, const struct reader_progress *p,
                     struct error *e);

/* The place that a call names, as a byte of a document's text. -1: ERROR_USAGE, there is none. */
int mcp_place_find(const struct mcp_text *t, const struct mcp_call *call, size_t *document, uint64_t *offset,
                   struct error *e);

struct cJSON *mcp_place_search(const struct mcp_text *t, const struct finding *f, const struct mcp_call *call);
struct cJSON *mcp_place_read(const struct mcp_text *t, const struct mcp_call *call);
struct cJSON *mcp_place_outline(const struct mcp_text *t, const struct mcp_call *call);
struct cJSON *mcp_place_status(const struct mcp_text *t);

/* A call that could not be done, and why. */
struct cJSON *mcp_place_failure(const char *why);

#endif
