/* The tools that an agent may call: what they are called, what they take, and whether a call's arguments are right. */
#ifndef LECTERN_MCP_TOOLS_H
#define LECTERN_MCP_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct error;

enum mcp_tool { MCP_SEARCH, MCP_READ_PLACE, MCP_OUTLINE, MCP_STATUS, MCP_SIMILAR, MCP_TOOLS };

/* The arguments of a call, checked; what was not given has its usual value. Strings are borrowed from the message. */
struct mcp_call {
    enum mcp_tool tool;
    const char *question, *path, *kind; /* kind: "all" where none is named; the others NULL */
    const char *in[16];                 /* globs */
    size_t n_in;
    int limit, snippet_lines, line, before, after, cursor;
};

enum {
    MCP_LIMIT_MOST = 20,   /* places of a search */
    MCP_SNIPPET_MOST = 60, /* lines of each */
    MCP_AROUND_MOST = 400, /* lines before and after a place */
    MCP_PAGE = 200,        /* entries of an outline at once */
};

/* The list of tools with their schemas, for tools/list. NULL without memory. */
struct cJSON *mcp_tools_list(void);

/* The tool of that name; false: there is none. */
bool mcp_tools_find(const char *name, enum mcp_tool *out);

/* Reads a call's arguments (an object, or NULL for none). -1: ERROR_USAGE, which names the argument and what is
 * expected of it. */
int mcp_tools_read(struct mcp_call *out, enum mcp_tool tool, const struct cJSON *arguments, struct error *e);

#endif
