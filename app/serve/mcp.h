/* A Model Context Protocol server over one text: requests come on one stream, a line each, and answers go to another,
 * while the text is being read (app/worker/). One client. */
#ifndef LECTERN_MCP_H
#define LECTERN_MCP_H

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "app/worker/worker.h"

struct error;

struct mcp_options {
    struct worker_options worker; /* the text, the model, how it is read; borrowed until mcp_serve returns */
    int in;                       /* descriptor that requests come from */
    FILE *out;                    /* nothing but messages */
    const atomic_bool *cancel;    /* set by a signal handler: ends the server */
};

/* Serves until the client closes its end, or goes away: 0. -1: reading requests or the reader failed, or cancelled. */
int mcp_serve(const struct mcp_options *o, struct error *e);

#endif
