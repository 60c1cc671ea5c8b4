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

static uint64_t count_segments(const struct corpus *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->n_documents; i++) {
        const struct document *d = &c->documents[i];
        for (uint64_t at = 0; at < d->size; n++) at += segment_cut(d->text + at, (size_t)(d->size - at));
    }
    return n;
}

static int count_tokens(struct dry_run *out, struct token_source *source, struct probe *p, const struct model *m,
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

/* The sessions that stay of a read of so many tokens (checkpoints.h, state_sessions.h). */
static uint64_t size_sessions(const struct dry_run *r, const struct session *s)
{
    struct checkpoints c = checkpoints_begin(r->bytes);
    uint64_t places[CHECKPOINTS_MOST + 1], total;
    bool stays[CHECKPOINTS_MOST + 1];
    size_t n = 0;
    for (uint64_t at = c.grain; at < r->tokens; at += c.grain) {
        if (n == CHECKPOINTS_MOST) {
            checkpoints_stay(stays, places, n, n - 1);
            for (size_t i = 0, to = 0; i < n; i++)
                if (stays[i]) places[to++] = places[i];
            n--;
        }
        places[n++] = at;
        checkpoints_made(&c);
        at = at / c.grain * c.grain;
    }
    places[n++] = r->tokens - r->tokens % session_window(s); /* a session has whole windows alone */
    size_t most = CHECKPOINTS_STAY;
    do {
        uint64_t before = 0;
        total = 0;
        checkpoints_stay(stays, places, n, most);
        for (size_t i = 0; i < n; i++) {
            if (!stays[i]) continue;
            total += session_state_part_size_at(s, places[i], before);
            before = places[i];
        }
    } while (total > CHECKPOINTS_STAY_BYTES && most-- > CHECKPOINTS_STAY_LEAST);
    return total;
}

static int measure_source(struct dry_run *r, struct token_source *source, struct session *s, const struct model *m,
                          const struct dry_run_options *o, struct error *e)
{
    struct probe p = {.session = s};
    const size_t best = session_chunk_tokens(s), n = best > PROBE_TOKENS ? best : PROBE_TOKENS;
    int failed = count_tokens(r, source, &p, m, n - n % session_window(s), o, e);
    free(p.keys);
    if (failed) return -1;
    r->tokens_per_second = p.seconds > 0 ? (double)p.tokens / p.seconds : 0;
    r->memory = session_memory(s);
    if (reader_choose_rate(&r->rate, m, r->bytes, r->memory, o->memory, e)) return -1;
    r->seconds = r->tokens_per_second > 0 ? (double)r->tokens / r->tokens_per_second : 0;
    r->keys = (r->tokens + r->rate - 1) / r->rate * m->evidence.width +
              (r->segments - 1) * sizeof(struct state_segment) + /* the last one does not end */
              r->documents * sizeof(struct state_document);
    r->checkpoints = o->keep ? size_sessions(r, s) : 0;
    r->disk = r->keys + r->checkpoints + r->segments * sizeof(struct reader_segment);
    return 0;
}

int dry_run(struct dry_run *out, const struct corpus *c, const struct model *m, struct backend *b,
            const struct dry_run_options *o, struct error *e)
{
    struct token_source *source = NULL;
    struct session *s = NULL;
    struct dry_run r = {.documents = c->n_documents, .bytes = c->n_bytes, .segments = count_segments(c)};
    const struct token_marks marks = reader_marks(m);
    int failed = token_source_open(&source, m->tokenizer, c, &marks, thread_pool_n_threads(b->pool), e) ||
                 session_open(&s, m, b, e) || measure_source(&r, source, s, m, o, e);
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
