/* The commands. Each returns the process's exit status; results go to standard output, everything else
 * to standard error. */
#ifndef LECTERN_COMMANDS_H
#define LECTERN_COMMANDS_H

#include <stdatomic.h>

struct comm;
struct error;
struct options;

/* `c`: NULL, or the ranks of this program; those after the first work for it. `cancel` is set by Ctrl-C. A failure
 * returns EXIT_FAILED with e set, and so does a screen that was left before all was read; nothing is printed of it. */
int commands_run(const struct options *o, struct comm *c, const atomic_bool *cancel, struct error *e);

/* The exit status that tells a script what kind of failure it was. */
int commands_status(const struct error *e);

#endif
