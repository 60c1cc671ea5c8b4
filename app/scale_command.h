/* `lectern scale` from its command line to what it prints. */
#ifndef LECTERN_SCALE_COMMAND_H
#define LECTERN_SCALE_COMMAND_H

#include <stdatomic.h>

struct comm;
struct error;
struct options;

/* Measures and prints row by row. Returns the process's exit status; `cancel` is set by Ctrl-C. */
int scale_command(const struct options *o, const char *model_path, struct comm *comm, const atomic_bool *cancel,
                  struct error *e);

#endif
