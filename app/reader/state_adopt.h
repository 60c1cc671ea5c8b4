/* What another kept read has in common with a text that is new, or has changed since it was read: everything up to the
 * last checkpoint before the first difference is taken over. */
#ifndef LECTERN_STATE_ADOPT_H
#define LECTERN_STATE_ADOPT_H

struct error;
struct state_kept;

/* `k` is empty, its arrays writable. Takes over what the read that has most in common has, and writes it as k's own;
 * *note says what, or why nothing where there is an earlier read of this label (else it is untouched). */
int state_adopt(struct state_kept *k, const char *label, struct error *note, struct error *e);

#endif
