/* `lectern mcp`: a Model Context Protocol server on standard input and output. */
#ifndef LECTERN_COMMAND_MCP_H
#define LECTERN_COMMAND_MCP_H

struct error;
struct work;

/* Serves until the client goes away, or prints the settings that make agents start it (--print-config). Returns the
 * exit status. */
int command_mcp(struct work *w, struct error *e);

#endif
