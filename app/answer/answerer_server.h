/* A chat server that the user runs or rents, as answerer: POST URL/chat/completions, streamed (ollama, llama-server,
 * vLLM and others speak this). Goes to the named host and nowhere else: no redirects, no proxies. All that it replies
 * is untrusted: broken, endless or silent replies end in an error. */
#ifndef LECTERN_ANSWERER_SERVER_H
#define LECTERN_ANSWERER_SERVER_H

#include "app/answer/answerer.h"

/* `named`: "http://localhost:11434/v1#MODEL". */
int answerer_server_open(struct answerer **out, const char *named, const struct answerer_options *o, struct error *e);

#endif
