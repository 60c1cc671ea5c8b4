/* One sequence being read: the branch caches after the tokens so far, on one back end. What a layer keeps is, per
 * branch and head, the current segment's on-grid keys and values and nothing else (docs: models/FORMAT.md,
 * compute/dilation.h), so memory is flat in the length and any chunking gives the same numbers. One thread at a time.
 */
#ifndef LECTERN_SESSION_H
#define LECTERN_SESSION_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct comm;
struct error;
struct kv_cache;
struct layers_question;
struct model;
struct session;

/* Borrows the model and the back end until session_close. */
int session_open(struct session **out, const struct model *m, struct backend *b, struct error *e);
void session_close(struct session *s);

/* From here on every call on rank 0 is done by all ranks (compute/ranks.h): long prefills are shared out, the state is
 * the same everywhere, and outputs are rank 0's. A session that nothing was read with; nothing to do where c is NULL.
 * Borrowed until session_close. */
int session_join(struct session *s, struct comm *c, struct error *e);
struct comm *session_comm(const struct session *s); /* NULL: one rank */

/* Tokens of a prefill at which the device, or all ranks', are at their best. */
uint32_t session_chunk_tokens(const struct session *s);

/* Tokens that a model reads together, and so what chunks are multiples of; 1 for most. */
uint32_t session_window(const struct session *s);

/* Tokens read so far: the position of the next one. */
uint64_t session_position(const struct session *s);

/* The keys and values that the next tokens may see; borrowed, as they are now. */
const struct kv_cache *session_cache(const struct session *s);

/* Live memory in bytes: caches, activations, converted weights. Flat in the length. */
size_t session_memory(const struct session *s);

/* Moves the position forward, as if tokens that are no keys stood there (a question starts on a segment boundary). */
int session_skip_to(struct session *s, uint64_t position, struct error *e);

/* What a prefill gives back besides the caches; every pointer may be NULL, and is then not computed. Buffers are the
 * caller's. */
struct session_outputs {
    float *logits;      /* [n][V] for every token of the call */
    float *last_logits; /* [V] for the last one */
    int8_t *keys; /* [n][e] evidence keys, quantised as the format says; every position (the caller keeps every R-th) */
    float *queries;   /* [n][e] evidence queries, unit length */
    float *tau;       /* [n] */
    float *gate;      /* [n] logits of the gate, before the softmax over the question */
    float *qkv;       /* [n_layer][n][(H + 2 H_kv) D] q, k, v of every layer, not rotated; with one rank only */
    uint64_t *ticket; /* not NULL: `keys` may come later, and are there when session_wait for it returns */
};

/* Reads n tokens (any n: cut into chunks inside). On failure the position is where the last whole chunk ended. A model
 * with windows reads on from whole ones only: n is a multiple of session_window but for the end of a text, which is
 * read on, once it has grown, by a session that is loaded from before its last window. */
int session_prefill(struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out,
                    struct error *e);

/* A question's tokens with those around it (compute/model.h), read without a trace: at `start`, which is not before the
 * position, as if no keys stood between; a model with windows reads it by itself. */
int session_ask(struct session *s, uint64_t start, const int32_t *ids, size_t n, const struct layers_question *out,
                struct error *e);

/* Where a question starts: at the next boundary of the local branch. */
uint64_t session_question_start(const struct session *s);

/* -1 where anything has failed on the device: then what was read since is lost, the caches too, and no keys are
 * outstanding. */
int session_wait(struct session *s, uint64_t ticket, struct error *e);

/* The other ranks' part in rank 0's prefill of n tokens (RANKS_PREFILL). */
int session_prefill_led(struct session *s, unsigned wanted, size_t n, struct error *e);
int session_collect_led(struct session *s, struct error *e);

/* One token further: logits [V]. The same numbers as prefill would give. */
int session_decode(struct session *s, int32_t id, float *logits, struct error *e);

/* A place to come back to: keeps what later tokens may overwrite. One mark at a time; marking again moves it. */
int session_mark(struct session *s, struct error *e);
int session_rewind(struct session *s, struct error *e);

/* Goes back to `position`, as if nothing after it had been read; the mark is dropped. For dense models (one branch,
 * dilation rate 1), where every earlier key is still there, and inside a segment; or to 0. */
int session_truncate(struct session *s, uint64_t position, struct error *e);

/* The whole state as bytes (position, caches), for a file; load checks that it belongs to the same shapes. Once it is
 * saved no keys are outstanding. */
size_t session_state_size(const struct session *s);
size_t session_state_size_at(const struct session *s, uint64_t position); /* what it will be, every token read */
size_t session_state_part_size_at(const struct session *s, uint64_t position, uint64_t before); /* kv_state_part's */
int session_state_save(struct session *s, uint8_t *bytes, size_t size, struct error *e);
int session_state_load(struct session *s, const uint8_t *bytes, size_t size, struct error *e);

#endif
