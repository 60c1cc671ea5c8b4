/* The sessions of a kept read's checkpoints, in files. While it is read each has a file of its own, session.N.H for the
 * one at token N whose bytes hash to H; when all is read those that stay go into one, sessions.H, each without the rows
 * that the one before it has (compute/kv_state.h): a chain, whose first n need no other. Files are never changed in
 * place, so two reads may share one. Sessions are handed over and given back shrunk. */
#ifndef LECTERN_STATE_SESSIONS_H
#define LECTERN_STATE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct state_checkpoint;
struct state_index;

/* Writes the session of a checkpoint into a file of its own, and its size and hash into *p. */
int state_sessions_write(const char *directory, const char *name, struct state_checkpoint *p, const uint8_t *shrunk,
                         size_t size, bool durable, struct error *e);

/* The session of the index's last checkpoint, malloc'ed. ERROR_DAMAGED where it, or one that it is chained to, is not
 * what was written. */
int state_sessions_load(uint8_t **out, size_t *size, const char *directory, const char *name,
                        const struct state_index *x, struct error *e);

/* Chains the sessions of the checkpoints that stay, the last of which is always `shrunk` and has no file yet; the index
 * then has only them. Damaged ones do not stay. The files of the others are left to be swept. */
int state_sessions_chain(const char *directory, const char *name, struct state_index *x, const uint8_t *shrunk,
                         size_t size, struct error *e);

/* Gives read `name` the files of another's first n checkpoints, which `x` is going to have. */
int state_sessions_share(const char *directory, const char *name, const char *from, const struct state_index *x,
                         struct error *e);

/* Whether a file is one that the index names, or no session's at all (state_store_sweep). */
bool state_sessions_has(const void *index, const char *file);

#endif
