/* What the parts of a session share: its state, and what each does for the others. */
#ifndef LECTERN_SESSION_PARTS_H
#define LECTERN_SESSION_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comm;
struct comm_gather;
struct error;
struct matrix;
struct model;
struct sequence_parallel;
struct layers;
struct session_outputs;

enum {
    SESSION_OUTPUTS = 5, /* arrays of struct session_outputs that ranks give, a row a token, in its order */
    SESSION_WANTS_LAST = 1 << SESSION_OUTPUTS,
    SESSION_WANTS_LATER = 2 << SESSION_OUTPUTS, /* keys alone, which come to rank 0 while the next chunk is read */
    SESSION_LATER = 4,                          /* chunks whose keys may be still to come */
};

/* Keys of a share that are on their way from the device, and then to rank 0. */
struct session_later {
    uint64_t ticket;
    bool given;                 /* to rank 0 */
    struct comm_gather *gather; /* owned; NULL before the first */
    int8_t *own;                /* owned; rank 0 has none: its keys go where those of all go */
    size_t capacity;
};

struct session {
    const struct model *model; /* borrowed */
    struct backend *backend;   /* borrowed */
    uint64_t position, marked_position;
    uint32_t window; /* of the model; 1: none */
    struct kv_cache *cache;
    struct layers *layers;

    struct comm *comm;                  /* borrowed; NULL: one rank */
    struct sequence_parallel *parallel; /* with a comm */
    size_t *counts;                     /* [ranks], with a comm */
    int32_t *ids;                       /* on the others, what rank 0 sent of a chunk; owned */
    size_t ids_capacity;
    struct session_later later[SESSION_LATER]; /* of chunk i is later[i % SESSION_LATER], on every rank */
    uint64_t n_later, n_later_ended;           /* chunks */
    uint64_t last_ticket;                      /* of them; rises */
    uint32_t share_rows;                       /* tokens of a rank's share at most */
};

/* A chunk that a rank reads: all of it, or its share of it. */
struct session_chunk {
    struct session *s;
    const int32_t *ids;
    uint64_t position;
    uint32_t n;
    const uint32_t *kept;
    struct sequence_parallel *parallel; /* NULL: no other rank has a part in it */
    float *qkv;                         /* where the first layer's rows go; NULL: nowhere */
    size_t qkv_rows;                    /* from one layer's to the next one's */
};

/* session_outputs.c: what the caller wants of the chunk's n tokens, which are tokens [done, done + n) of the call;
 * `last`: the call ends here. */
int session_outputs_give(struct session *s, const int32_t *ids, size_t done, uint32_t n, bool last,
                         const struct session_outputs *out, struct error *e);

/* A bit an array that is not NULL: the first SESSION_OUTPUTS in their order, and SESSION_WANTS_LAST. */
unsigned session_outputs_wanted(const struct session_outputs *out);

/* Rank 0 gets what it wants of the shares; `given`: where its rows of this chunk go, NULL on the others. */
int session_outputs_gather(struct session *s, const struct session_chunk *c, void *const given[SESSION_OUTPUTS],
                           unsigned wanted, struct error *e);

/* With a comm. */
int session_outputs_open(struct session *s, struct error *e);
void session_outputs_close(struct session *s);

/* Sets the device to bring the share's keys; `keys`: where those of all shares go, NULL on all but rank 0. */
int session_outputs_later(struct session *s, const struct session_chunk *c, int8_t *keys, uint64_t *ticket,
                          struct error *e);
/* On every rank, when the device reads the next chunk, or on RANKS_COLLECT: what was set to come goes to rank 0. */
int session_outputs_hand_over(struct session *s, struct error *e);
/* Waits for the oldest of what was handed over: on rank 0 all its keys are there. */
int session_outputs_end(struct session *s, struct error *e);

/* Logits of the chunk's last token, from the rank whose share it is in. */
int session_outputs_gather_last(struct session *s, const struct session_chunk *c, float *logits, struct error *e);

#endif
