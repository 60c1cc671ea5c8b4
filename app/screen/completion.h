/* What can come next in a command that is typed after ":": commands, settings and their values, actions, files. */
#ifndef LECTERN_COMPLETION_H
#define LECTERN_COMPLETION_H

#include <stddef.h>

struct corpus;

#define COMPLETION_MOST 12

/* A longer line is not completed. */
#define COMPLETION_LINE 512

struct completion {
    size_t at;                          /* where the word begins that can be completed */
    const char *words[COMPLETION_MOST]; /* borrowed from tables and the corpus */
    size_t n, all;                      /* as many as fit, and as there are */
    size_t shared;                      /* bytes in which all of them begin alike */
};

/* The i-th command that can be typed, the settings of the configuration file (config.h) among them; NULL after the last
 * one. */
const char *completion_command(size_t i);

void completion_find(struct completion *out, const char *line, const struct corpus *c);

#endif
