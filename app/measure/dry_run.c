#include "app/measure/dry_run.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "app/reader/checkpoints.h"
#include "app/output/report.h"
#include "app/text/corpus.h"
#include "app/reader/reader.h"
#include "app/text/segment.h"
#include "app/reader/sequence.h"
#include "app/reader/state.h"
#include "app/reader/token_source.h"
#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/thread_pool.h"

/* What the speed is measured on at least, after a chunk that is not. */
#define PROBE_TOKENS 4096
#define PROBE_SECONDS 0.3

/* Of light checkpoints, written to memory mostly. */
#define BYTES_PER_SECOND 1.5e9

/* Part of a grain by which a checkpoint by the clock misses a round place. */
#define ASIDE 0.37

/* The first tokens, read as a read would, keys and all. */
struct probe {
    struct session *session;
    int8_t *keys; /* owned */
    size_t capacity, n_chunks;
    uint64_t tokens;
    double seconds;
};

static bool probe_is_done(const struct probe *p)
{
    return p->n_chunks > 1 && p->seconds >= PROBE_SECONDS;
}

/* The first chunk, for which a device may have to compile its shaders, counts only where it is the only one. */
static int probe(struct probe *p, const struct token_chunk *chunk, const struct model *m, struct error *e)
{
    int8_t *keys = bytes_reserve(p->keys, &p->capacity, chunk->n * m->evidence.width + 1, 1);
    if (!keys) return error_memory(e);
    p->keys = keys;
    struct session_outputs outputs = {.keys = m->evidence.width ? keys : NULL};
    double begin = clock_seconds();
    if (session_prefill(p->session, chunk->ids, chunk->n, &outputs, e)) return -1;
    double seconds = clock_seconds() - begin;
    p->tokens = chunk->n + (p->n_chunks > 1 ? p->tokens : 0);
    p->seconds = seconds + (p->n_chunks > 1 ? p->seconds : 0);
    p->n_chunks++;
    return 0;
}

static int count(struct dry_run *out, struct token_source *source, struct probe *p, const struct model *m,
                 size_t chunk_tokens, const struct dry_run_options *o, struct error *e)
{
    for (uint64_t bytes = 0;;) {
        if (o->cancel && atomic_load(o->cancel)) return error_cancelled(e);
        struct token_chunk chunk;
        if (token_source_next(source, chunk_tokens, &chunk, e)) return -1;
        if (chunk.n == 0) return 0;
        if (!probe_is_done(p) && probe(p, &chunk, m, e)) return -1;
        out->tokens += chunk.n;
        for (size_t i = 0; i < chunk.n; i++) bytes += chunk.lengths[i];
        if (o->progress) o->progress(o->context, bytes, out->bytes);
    }
}

/* A read gone through without reading: the checkpoints that it would make. */
static uint64_t size_checkpoints(const struct dry_run *r, const struct session *s)
{
    struct checkpoints c = checkpoints_begin(r->bytes);
    const uint64_t most = r->keys / 8 > STATE_SESSIONS ? r->keys / 8 : STATE_SESSIONS;
    const double per_token = r->tokens ? r->seconds / (double)r->tokens : 0;
    double clock = 0;
    uint64_t total = session_state_size_at(s, r->tokens);
    for (uint64_t at = c.grain; at < r->tokens && total < most; at += c.grain) {
        double seconds = per_token * (double)at;
        uint64_t bytes = (uint64_t)((double)r->bytes / (double)r->tokens * (double)at);
        bool durable = seconds - clock > CHECKPOINTS_SECONDS;
        if (!durable && !checkpoints_is_due(&c, at - 1, at, bytes, seconds)) continue;
        /* those by the clock are at places that are as good as random */
        uint64_t place = durable ? at - (uint64_t)((double)c.grain * ASIDE) : at,
                 size = session_state_size_at(s, place);
        total += size;
        if (durable)
            clock = seconds;
        else
            checkpoints_made(&c, size, (double)size / BYTES_PER_SECOND);
    }
    return total < most ? total : most;
}

static int measure(struct dry_run *r, struct token_source *source, struct session *s, const struct model *m,
                   const struct dry_run_options *o, struct error *e)
{
    struct probe p = {.session = s};
    const size_t best = session_chunk_tokens(s);
    int failed = count(r, source, &p, m, best > PROBE_TOKENS ? best : PROBE_TOKENS, o, e);
    free(p.keys);
    if (failed) return -1;
    r->tokens_per_second = p.seconds > 0 ? (double)p.tokens / p.seconds : 0;
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

int dry_run_report(const struct dry_run *d, const struct report *r, FILE *out, struct error *e)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *dry = cJSON_AddObjectToObject(o, "dry_run");
    cJSON_AddNumberToObject(dry, "documents", (double)d->documents);
    cJSON_AddNumberToObject(dry, "bytes", (double)d->bytes);
    cJSON_AddNumberToObject(dry, "tokens", (double)d->tokens);
    cJSON_AddNumberToObject(dry, "tokens_per_second", d->tokens_per_second);
    cJSON_AddNumberToObject(dry, "seconds", d->seconds);
    cJSON_AddNumberToObject(dry, "memory", (double)d->memory);
    cJSON_AddNumberToObject(dry, "key_every", d->rate);
    cJSON_AddNumberToObject(dry, "keys", (double)d->keys);
    cJSON_AddNumberToObject(dry, "checkpoints", (double)d->checkpoints);
    cJSON_AddNumberToObject(dry, "disk", (double)d->disk);
    report_add_common(o, r);
    return report_print(o, out, e);
}
