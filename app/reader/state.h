/* A read kept on disk, so that nothing is read twice: the streams that grow with the text, mapped where they lie, and
 * the session at checkpoints. Opening finds the same text with the same key, or takes over what another kept read has
 * in common with it: all up to the last checkpoint before the first difference. What does not have its checksum is
 * deleted and read again, never trusted.
 *
 * A reader opens, puts back session and tables (state_resume, the arrays), appends to the arrays while it reads, makes
 * a checkpoint now and then and one at the end, and closes. Every failure of state_open means: read without a state,
 * and say why. One thread at a time. */
#ifndef LECTERN_STATE_H
#define LECTERN_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/state_index.h"

struct corpus;
struct error;
struct file_array;
struct state;

/* All kept reads together take no more than this, but for the one in use. */
#define STATE_LIMIT ((uint64_t)16 << 30)
#define STATE_SESSIONS ((uint64_t)256 << 20)

struct state_options {
    const char *directory; /* NULL: state_store_default */
    const char *label;     /* for `lectern state list`: what was named; may be NULL */
    uint64_t limit;        /* bytes; 0: STATE_LIMIT */
    uint64_t sessions; /* bytes that the sessions of all checkpoints may take, or an eighth of the streams where that is
                          more; 0: STATE_SESSIONS */
    const atomic_bool *cancel; /* of state_open; may be NULL */
};

/* Borrows the corpus until state_close. Fails where nothing can be kept: no directory, a full or read-only disk, "in
 * use by another process" (which reads the same text), and when cancelled (ERROR_CANCELLED). */
int state_open(struct state **out, const struct state_options *o, const struct state_key *key, const struct corpus *c,
               struct error *e);

/* Bytes behind the last checkpoint are lost; the arrays go. */
void state_close(struct state *s);

/* Where reading goes on and the session to load there, valid until the next checkpoint; NULL for a new read. */
const struct state_place *state_resume(const struct state *s, const uint8_t **session, size_t *size);

/* Whether everything was read: nothing is left to append. */
bool state_is_complete(const struct state *s);

/* What the user should hear of opening: a damaged read deleted, an older one taken over. "" where there is nothing. */
const char *state_note(const struct state *s);

/* The streams as far as state_resume says; the reader appends. Owned by the state. */
struct file_array *state_array(const struct state *s, enum state_stream stream);

/* A light checkpoint waits for no disk and counts when a later one is put there: for texts that change, not for
 * processes that die. The others put everything up to their place on the disk. */
enum state_weight { STATE_LIGHT, STATE_DURABLE, STATE_END }; /* STATE_END: of the text; the last call */

/* Keeps everything up to `place`; the arrays must have exactly its sizes. On failure the checkpoints that are on the
 * disk stay good, and reading may go on without further ones. */
int state_checkpoint(struct state *s, const struct state_place *place, const uint8_t *session, size_t size,
                     enum state_weight weight, struct error *e);

#endif
