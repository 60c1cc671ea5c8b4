/* `lectern state list|show|prune`: the reads that are kept on disk. */
#ifndef LECTERN_COMMAND_STATE_H
#define LECTERN_COMMAND_STATE_H

#include <stdint.h>

struct error;
struct options;

/* list; show [NAME]: one of them, or the one used last; prune [SIZE]: removes the damaged ones and, those not used
 * for longest first, until the rest takes at most SIZE (default: `limit`, or STATE_LIMIT where that is 0); prune NAME:
 * removes that one. Returns the exit status. */
int command_state(const struct options *o, uint64_t limit, struct error *e);

#endif
