/* A chat model in a GGUF file as answerer: its own chat template, special tokens and tokenizer, on the reader's engine.
 * What one prompt shares with the one before it from the start on is not computed again. */
#ifndef LECTERN_ANSWERER_LOCAL_H
#define LECTERN_ANSWERER_LOCAL_H

#include "app/answer/answerer.h"

int answerer_local_open(struct answerer **out, const char *path, const struct answerer_options *o, struct error *e);

#endif
