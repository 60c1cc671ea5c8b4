/* One kept read as its files are: index, streams, sessions. Opened, checked against the text, gone back in, written.
 * Who may do that, and what follows from its outcome, is state.c's. */
#ifndef LECTERN_STATE_KEPT_H
#define LECTERN_STATE_KEPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/state_index.h"
#include "app/reader/state_store.h"

struct corpus;
struct error;
struct file_array;

struct state_kept {
    const char *directory; /* borrowed, as are corpus and cancel */
    char name[STATE_NAME_SIZE];
    const struct corpus *corpus;
    const atomic_bool *cancel;
    uint32_t window;          /* of the model: what another read's checkpoints that are taken over are multiples of */
    struct state_index index; /* owned */
    size_t blocks_capacity[STATE_N_STREAMS], checkpoints_capacity;
    struct file_array *arrays[STATE_N_STREAMS]; /* owned; NULL until opened */
    uint8_t *session;                           /* of the last checkpoint, shrunk; owned, may be NULL */
    size_t session_size;
};

void state_kept_close(struct state_kept *k);

bool state_kept_is_cancelled(const struct state_kept *k);

/* Takes an index over, with everything that is allocated by its sizes. */
void state_kept_set_index(struct state_kept *k, struct state_index *x);

/* Empty again: only what the text is stays in the index. */
void state_kept_reset(struct state_kept *k);

/* Maps the streams as long as the index says. */
int state_kept_open_arrays(struct state_kept *k, bool writable, struct error *e);
void state_kept_close_arrays(struct state_kept *k);

/* What was found of this very text. */
enum state_found {
    STATE_FOUND,
    STATE_NOTHING, /* no index; or it is not complete, where it was to be */
    STATE_FOREIGN, /* another version's */
    STATE_FAILED,  /* the error says why: ERROR_DAMAGED, or it cannot be opened now */
};

/* Opens what is kept of this text, to look at only. `whole`: it has to be complete and undamaged; else what is behind
 * the last good session is forgotten, and *lost says so (untouched where nothing is). */
enum state_found state_kept_load(struct state_kept *k, bool whole, struct error *lost, struct error *e);

/* Whether the streams have the checksums that the index says. */
int state_kept_check_blocks(const struct state_kept *k, struct error *e);

/* Whether documents and segments fit the text: checksums say that they are what was written; this, that it was written
 * for this text. */
int state_kept_check_tables(const struct state_kept *k, struct error *e);

/* Loads the session of the last checkpoint that has a good one; `exactly`: of the last. */
int state_kept_settle(struct state_kept *k, bool exactly, struct error *lost, struct error *e);

/* Brings the checksums up to the arrays as they are now. */
int state_kept_update_blocks(struct state_kept *k, struct error *e);

int state_kept_write_index(const struct state_kept *k, struct error *e);

#endif
