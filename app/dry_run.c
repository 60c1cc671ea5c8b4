#include "app/dry_run.h"

#include <math.h>
#include <stdlib.h>

#include "app/corpus.h"
#include "app/reader.h"
#include "app/segment.h"
#include "app/sequence.h"
#include "app/state.h"
#include "app/token_source.h"
#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/thread_pool.h"

#define PROBE_TOKENS 4096

/* Sessions are sized at so many positions for their mean, not at round ones: those begin segments. */
#define SAMPLES 256
#define ASIDE 0.37

/* Reads the first tokens as a read would, keys and all. */
static int probe(struct dry_run *out, struct session *s, const struct token_chunk *chunk, const struct model *m,
                 struct error *e)
{
    int8_t *keys = malloc(chunk->n * (m->evidence.width ? m->evidence.width : 1));
    if (!keys) return error_set(e, "out of memory");
    struct session_outputs outputs = {.keys = m->evidence.width ? keys : NULL};
    double begin = clock_seconds();
    int failed = session_prefill(s, chunk->ids, chunk->n, &outputs, e);
    double seconds = clock_seconds() - begin;
    out->tokens_per_second = seconds > 0 ? (double)chunk->n / seconds : 0;
    free(keys);
    return failed;
}

static int count(struct dry_run *out, struct token_source *source, struct session *s, const struct model *m,
                 const atomic_bool *cancel, struct error *e)
{
    for (;;) {
        if (cancel && atomic_load(cancel)) return error_set(e, "interrupted");
        struct token_chunk chunk;
        if (token_source_next(source, PROBE_TOKENS, &chunk, e)) return -1;
        if (chunk.n == 0) return 0;
        if (out->tokens == 0 && probe(out, s, &chunk, m, e)) return -1;
        out->tokens += chunk.n;
    }
}

/* Checkpoints are made by the clock, at places that are as good as random; the last one is at the end. */
static uint64_t size_checkpoints(const struct dry_run *r, const struct session *s)
{
    double sum = 0;
    for (uint64_t i = 1; i <= SAMPLES; i++)
        sum += (double)session_state_size_at(s, (uint64_t)((double)r->tokens * ((double)i - ASIDE) / SAMPLES));
    double all = floor(r->seconds / READER_CHECKPOINT_SECONDS) * sum / SAMPLES,
           most = (double)(r->keys / 8 > STATE_SESSIONS ? r->keys / 8 : STATE_SESSIONS);
    return (uint64_t)fmin(all + (double)session_state_size_at(s, r->tokens), most);
}

static int measure(struct dry_run *r, struct token_source *source, struct session *s, const struct model *m,
                   const struct dry_run_options *o, struct error *e)
{
    if (count(r, source, s, m, o->cancel, e)) return -1;
    r->memory = session_memory(s);
    if (reader_choose_rate(&r->rate, m, r->bytes, r->memory, o->memory, e)) return -1;
    r->seconds = r->tokens_per_second > 0 ? (double)r->tokens / r->tokens_per_second : 0;
    r->keys = (r->tokens + r->rate - 1) / r->rate * m->evidence.width + r->tokens +
              r->documents * sizeof(struct state_document);
    r->checkpoints = o->keep ? size_checkpoints(r, s) : 0;
    r->disk = r->keys + r->checkpoints + (r->bytes / SEGMENT_MAX_BYTES + r->documents) * sizeof(struct reader_segment);
    return 0;
}

int dry_run(struct dry_run *out, const struct corpus *c, const struct model *m, struct backend *b,
            const struct dry_run_options *o, struct error *e)
{
    struct token_source *source = NULL;
    struct session *s = NULL;
    struct dry_run r = {.documents = c->n_documents, .bytes = c->n_bytes};
    int failed = token_source_open(&source, m->tokenizer, c, m->token_file, thread_pool_n_threads(b->pool), e) ||
                 session_open(&s, m, b, e) || measure(&r, source, s, m, o, e);
    session_close(s);
    token_source_close(source);
    if (failed) return -1;
    *out = r;
    return 0;
}
