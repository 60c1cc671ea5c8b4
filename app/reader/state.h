/* A read kept on disk, so that nothing is read twice: the streams that grow with the text, mapped where they lie, and
 * the session at checkpoints. Opening finds the same text with the same key, whatever it is called and wherever it
 * lies, or takes over what another kept read has in common with it: all up to the last checkpoint before the first
 * difference. What does not have its checksum is deleted and read again, never trusted; what cannot be opened now, for
 * want of memory or because a disk fails, and what another version kept is left as it is.
 *
 * A reader opens, puts back session and tables (state_extent_of, state_session, the arrays), appends to the arrays
 * while it reads, makes a checkpoint now and then and one at the end, and closes. Every failure of state_open means:
 * read without a state, and say why. One thread at a time. */
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

struct state_options {
    const char *directory;     /* NULL: state_store_default */
    uint32_t window;           /* of the model: a text that has changed is read on from a multiple of it */
    const char *label;         /* for `lectern state list`: what was named; may be NULL */
    uint64_t limit;            /* bytes; 0: STATE_LIMIT */
    const char *precision;     /* of the products that a new read is to be read with: "fp32", "int8" ...; NULL: fp32 */
    const atomic_bool *cancel; /* of state_open; may be NULL */
    /* Called some times a second while another process reads the text, with how many bytes of it that one has kept;
     * false ends the waiting. NULL: nothing is waited for. */
    bool (*waits)(void *context, uint64_t bytes);
    void *context;
};

/* Borrows the corpus until state_close. Fails where nothing can be kept: no directory, a full or read-only disk,
 * ERROR_BUSY (another process reads the same text, and is not waited for), what is there cannot be opened now; and when
 * cancelled. */
int state_open(struct state **out, const struct state_options *o, const struct state_key *key, const struct corpus *c,
               struct error *e);

/* Bytes behind the last checkpoint are lost; the arrays go. */
void state_close(struct state *s);

/* Where reading goes on; NULL for a new read. Valid until the next checkpoint. */
const struct state_extent *state_extent_of(const struct state *s);

/* The session to load there, as session_state_save made it but rounded (kv_state.h). *out: malloc'ed. */
int state_session(const struct state *s, uint8_t **out, size_t *size, struct error *e);

/* Whether everything was read: nothing is left to append. */
bool state_is_complete(const struct state *s);

/* What it is read in, or was. */
const char *state_precision(const struct state *s);

/* What the user should hear of opening: a damaged read deleted, an older one taken over, others removed. "" where there
 * is nothing. */
const char *state_note(const struct state *s);

/* The streams as far as state_extent_of says; the reader appends. Owned by the state. */
struct file_array *state_array(const struct state *s, enum state_stream stream);

/* An extent that no read of this text comes to pass: for the sizes that its tables may come to have. */
void state_most(struct state_extent *most, const struct corpus *c);

/* A light checkpoint waits for no disk and counts when a later one is put there: for texts that change, not for
 * processes that die. The others put everything up to their place on the disk. */
enum state_weight { STATE_LIGHT, STATE_DURABLE, STATE_END }; /* STATE_END: of the text; the last call */

/* Keeps everything up to `extent`; the arrays must have exactly its sizes. `session`: as session_state_save made it. On
 * failure the checkpoints that are on the disk stay good, and reading may go on without further ones. */
int state_checkpoint(struct state *s, const struct state_extent *extent, const uint8_t *session, size_t size,
                     enum state_weight weight, struct error *e);

#endif
