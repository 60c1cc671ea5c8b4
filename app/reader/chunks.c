#include "app/reader/chunks.h"

#include <stdlib.h>

#include "app/reader/errand.h"
#include "app/reader/sequence.h"
#include "app/reader/token_source.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/session.h"
#include "compute/session_guard.h"

/* One is fetched, AHEAD are read, one is entered. */
enum { AHEAD = SESSION_GUARD_AHEAD, READINGS = AHEAD + 2 };
_Static_assert((int)READINGS <= (int)TOKEN_CHUNKS, "a chunk's tokens are kept until they are entered");

/* A chunk that is being read. */
struct reading {
    struct token_chunk chunk;
    int8_t *keys; /* owned */
    size_t capacity;
};

struct chunks {
    struct session_guard *guard;
    struct token_source *source;
    struct sequence *sequence;
    uint32_t width;
    struct errand *fetching, *entering;

    size_t n_begun, n_ended; /* chunks; chunk i is readings[i % READINGS] */
    struct reading readings[READINGS];

    /* `fetching` */
    size_t n_fetched, fetch_until; /* fetches the chunks before this one */
    size_t n_next;                 /* of so many tokens */

    /* `entering` */
    size_t n_entered, enter_until;
    uint64_t tokens; /* entered */
    bool in_header;
};

static int fetch(void *context, struct error *e)
{
    struct chunks *c = context;
    for (; c->n_fetched < c->fetch_until; c->n_fetched++)
        if (token_source_next(c->source, c->n_next, &c->readings[c->n_fetched % READINGS].chunk, e)) return -1;
    return 0;
}

/* A chunk's tokens and their keys into the sequence, run by run. */
static int enter_chunk(struct chunks *c, const struct reading *reading, struct error *e)
{
    const struct token_chunk *chunk = &reading->chunk;
    const uint8_t *lengths = chunk->lengths;
    const int8_t *keys = reading->keys;
    for (size_t i = 0; i < chunk->n_runs; i++) {
        const struct token_run *run = &chunk->runs[i];
        int failed = run->header      ? sequence_begin_document(c->sequence, run->header, run->n, keys, e)
                     : run->in_header ? sequence_append_header(c->sequence, run->n, keys, e)
                                      : sequence_append(c->sequence, lengths, run->n, keys, e);
        if (failed) return -1;
        keys += run->n * c->width;
        lengths += run->n;
    }
    c->in_header = chunk->cuts_header;
    c->tokens += chunk->n;
    return 0;
}

static int enter(void *context, struct error *e)
{
    struct chunks *c = context;
    for (; c->n_entered < c->enter_until; c->n_entered++)
        if (enter_chunk(c, &c->readings[c->n_entered % READINGS], e)) return -1;
    return 0;
}

int chunks_open(struct chunks **out, struct session_guard *guard, struct token_source *source,
                struct sequence *sequence, uint32_t width, struct error *e)
{
    struct chunks *c = calloc(1, sizeof *c);
    if (!c) return error_memory(e);
    *c = (struct chunks){.guard = guard, .source = source, .sequence = sequence, .width = width};
    if (errand_open(&c->fetching, fetch, c, e) || errand_open(&c->entering, enter, c, e)) {
        chunks_close(c);
        return -1;
    }
    *out = c;
    return 0;
}

void chunks_close(struct chunks *c)
{
    if (!c) return;
    errand_close(c->fetching);
    errand_close(c->entering);
    for (size_t i = 0; i < READINGS; i++) free(c->readings[i].keys);
    free(c);
}

int chunks_wait(struct chunks *c, struct error *e)
{
    struct error another;
    const int failed = errand_wait(c->fetching, e);
    return errand_wait(c->entering, failed ? &another : e) || failed ? -1 : 0;
}

int chunks_fetch(struct chunks *c, size_t n, size_t *there, struct error *e)
{
    if (chunks_wait(c, e)) return -1;
    c->fetch_until = c->n_begun + 1;
    c->n_next = n;
    if (fetch(c, e)) return -1;
    *there = c->readings[c->n_begun % READINGS].chunk.n;
    return 0;
}

int chunks_begin(struct chunks *c, size_t n_next, struct error *e)
{
    struct reading *next = &c->readings[c->n_begun % READINGS];
    int8_t *keys = bytes_reserve(next->keys, &next->capacity, next->chunk.n * c->width, 1);
    if (!keys) return error_memory(e);
    next->keys = keys;
    c->fetch_until = c->n_begun + 2;
    c->n_next = n_next;
    errand_start(c->fetching);
    c->enter_until = c->n_ended;
    errand_start(c->entering);
    struct session_outputs outputs = {.keys = keys};
    if (session_guard_begin(c->guard, next->chunk.ids, next->chunk.n, &outputs, e)) return -1;
    c->n_begun++;
    return 0;
}

int chunks_end(struct chunks *c, bool all, struct error *e)
{
    for (; c->n_begun - c->n_ended > (all ? 0 : AHEAD - 1); c->n_ended++)
        if (session_guard_end(c->guard, e)) return -1;
    if (!all) return 0;
    if (chunks_wait(c, e)) return -1;
    c->enter_until = c->n_ended;
    return enter(c, e);
}

uint64_t chunks_entered(const struct chunks *c)
{
    return c->tokens;
}

bool chunks_in_header(const struct chunks *c)
{
    return c->in_header;
}
