#include "app/dry_run.h"

#include <stdlib.h>
#include <string.h>

#include "app/corpus.h"
#include "app/segment.h"
#include "app/sequence.h"
#include "app/token_source.h"
#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/thread_pool.h"

#define PROBE_TOKENS 4096

/* Reads the first tokens as a read would, keys and all. */
static int probe(struct dry_run *out, const struct token_chunk *chunk, const struct model *m, struct backend *b,
                 struct error *e)
{
    struct session *s = NULL;
    int8_t *keys = malloc(chunk->n * (m->evidence.width ? m->evidence.width : 1));
    if (!keys) return error_set(e, "out of memory");
    if (session_open(&s, m, b, e)) {
        free(keys);
        return -1;
    }
    struct session_outputs outputs = {.keys = m->evidence.width ? keys : NULL};
    double begin = clock_seconds();
    int failed = session_prefill(s, chunk->ids, chunk->n, &outputs, e);
    double seconds = clock_seconds() - begin;
    out->tokens_per_second = seconds > 0 ? (double)chunk->n / seconds : 0;
    out->memory = session_memory(s);
    session_close(s);
    free(keys);
    return failed;
}

static int count(struct dry_run *out, struct token_source *source, const struct model *m, struct backend *b,
                 const atomic_bool *cancel, struct error *e)
{
    for (;;) {
        if (cancel && atomic_load(cancel)) return error_set(e, "interrupted");
        struct token_chunk chunk;
        if (token_source_next(source, PROBE_TOKENS, &chunk, e)) return -1;
        if (chunk.n == 0) return 0;
        if (out->tokens == 0 && probe(out, &chunk, m, b, e)) return -1;
        out->tokens += chunk.n;
    }
}

int dry_run(struct dry_run *out, const struct corpus *c, const struct model *m, struct backend *b,
            const atomic_bool *cancel, struct error *e)
{
    struct token_source *source = NULL;
    if (token_source_open(&source, m->tokenizer, c, m->token_file, thread_pool_n_threads(b->pool), e)) return -1;
    struct dry_run r = {.documents = c->n_documents, .bytes = c->n_bytes};
    int failed = count(&r, source, m, b, cancel, e);
    token_source_close(source);
    if (failed) return -1;
    r.seconds = r.tokens_per_second > 0 ? (double)r.tokens / r.tokens_per_second : 0;
    r.disk = r.tokens * (m->evidence.width + 1u) +
             (r.bytes / SEGMENT_MAX_BYTES + r.documents) * sizeof(struct reader_segment);
    *out = r;
    return 0;
}
