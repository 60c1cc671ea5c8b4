/* `lectern state list|show|prune`: the reads that are kept on disk. */
#ifndef LECTERN_COMMAND_STATE_H
#define LECTERN_COMMAND_STATE_H

struct error;
struct options;

/* list; show [NAME]: one of them, or the one used last; prune [SIZE]: removes the broken ones and, those not used for
 * longest first, until the rest takes at most SIZE (default: the limit that reading keeps). Returns the exit status. */
int command_state(const struct options *o, struct error *e);

#endif
