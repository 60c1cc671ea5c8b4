#include "app/reader.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/bm25.h"
#include "app/corpus.h"
#include "app/segment.h"
#include "app/token_source.h"
#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/tokenizer.h"

/* Progress is told this often, in seconds. */
#define PROGRESS_SECONDS 0.2

struct reader {
    const struct model *model;
    struct backend *backend;
    const struct corpus *corpus;
    struct session_guard *guard;
    struct token_source *source;
    struct sequence *sequence;
    int8_t *keys; /* of one chunk */
    size_t keys_capacity;
    bool done;
    uint64_t new_tokens;
    double seconds;     /* spent reading */
    double rate;        /* tokens a second, smoothed */
    double bytes_rate;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *scratch_directory(const struct reader_options *o)
{
    if (o->directory) return o->directory;
    const char *named = getenv("TMPDIR");
    return named && *named ? named : "/var/tmp";
}

int reader_open(struct reader **out, const struct model *m, struct backend *b, const struct corpus *c, const struct reader_options *o,
                struct error *e)
{
    if (m->evidence.width == 0) return error_set(e, "%s: this model has no evidence attention: not a reader", m->path);
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return error_set(e, "out of memory");
    r->model = m;
    r->backend = b;
    r->corpus = c;
    if (session_guard_open(&r->guard, m, b, e) ||
        token_source_open(&r->source, m->tokenizer, c, m->token_file, backend_info(b)->n_threads, e) ||
        sequence_open(&r->sequence, c, m->evidence.width, 1, scratch_directory(o), e)) {
        reader_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

void reader_close(struct reader *r)
{
    if (!r) return;
    session_guard_close(r->guard);
    token_source_close(r->source);
    sequence_close(r->sequence);
    free(r->keys);
    free(r);
}

/* Enters the chunk's tokens and their keys into the sequence, run by run. */
static int record(struct reader *r, const struct token_chunk *chunk, struct error *e)
{
    const int8_t *keys = r->keys;
    const uint8_t *lengths = chunk->lengths;
    for (size_t i = 0; i < chunk->n_runs; i++) {
        size_t n = chunk->runs[i].n;
        int failed = chunk->runs[i].header ? sequence_begin_document(r->sequence, n, keys, e)
                                           : sequence_append(r->sequence, lengths, n, keys, e);
        if (failed) return -1;
        keys += n * r->model->evidence.width;
        lengths += n;
    }
    return 0;
}

static int read_chunk(struct reader *r, struct error *e)
{
    struct token_chunk chunk;
    if (token_source_next(r->source, backend_info(r->backend)->chunk_rows, &chunk, e)) return -1;
    if (chunk.n == 0) {
        r->done = true;
        return 0;
    }
    int8_t *keys = bytes_reserve(r->keys, &r->keys_capacity, chunk.n * r->model->evidence.width, 1);
    if (!keys) return error_set(e, "out of memory");
    r->keys = keys;
    struct session_outputs outputs = {.keys = keys};
    if (session_guard_prefill(r->guard, chunk.ids, chunk.n, &outputs, e) || record(r, &chunk, e)) return -1;
    r->new_tokens += chunk.n;
    return 0;
}

/* Rates as a moving average over about two seconds. */
static void update_rates(struct reader *r, uint64_t tokens, uint64_t bytes, double seconds)
{
    if (seconds <= 0) return;
    double keep = r->rate > 0 ? exp(-seconds / 2.0) : 0;
    r->rate = keep * r->rate + (1 - keep) * (double)tokens / seconds;
    r->bytes_rate = keep * r->bytes_rate + (1 - keep) * (double)bytes / seconds;
}

int reader_read(struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    /* A chunk that failed half-way may have left tokens in the caches that the tables do not have. */
    if (session_position(session_guard_session(r->guard)) != sequence_n_tokens(r->sequence)) {
        return error_set(e, "reading cannot go on after an error");
    }
    double told = 0;
    while (!r->done) {
        if (c->cancel && atomic_load(c->cancel)) return error_set(e, "interrupted");
        uint64_t tokens = sequence_n_tokens(r->sequence), bytes = sequence_n_bytes(r->sequence);
        double begin = now();
        if (read_chunk(r, e)) return -1;
        double end = now();
        r->seconds += end - begin;
        update_rates(r, sequence_n_tokens(r->sequence) - tokens, sequence_n_bytes(r->sequence) - bytes, end - begin);
        if (!c->progress || (end - told < PROGRESS_SECONDS && !r->done)) continue;
        struct reader_progress p;
        reader_progress(r, &p);
        c->progress(c->context, &p);
        told = end;
    }
    return 0;
}

bool reader_done(const struct reader *r)
{
    return r->done;
}

const char *reader_notice(const struct reader *r)
{
    return session_guard_notice(r->guard);
}

void reader_progress(const struct reader *r, struct reader_progress *p)
{
    size_t n_documents;
    sequence_documents(r->sequence, &n_documents);
    uint64_t bytes = sequence_n_bytes(r->sequence);
    *p = (struct reader_progress){
        .tokens = sequence_n_tokens(r->sequence),
        .new_tokens = r->new_tokens,
        .bytes = bytes,
        .total_bytes = r->corpus->n_bytes,
        .document = n_documents ? n_documents - 1 : 0,
        .seconds = r->seconds,
        .tokens_per_second = r->done && r->seconds > 0 ? (double)r->new_tokens / r->seconds : r->rate,
        .seconds_left = r->done ? 0 : r->bytes_rate > 0 ? (double)(r->corpus->n_bytes - bytes) / r->bytes_rate : -1,
        .memory = session_memory(session_guard_session(r->guard)),
        .state_bytes = sequence_file_bytes(r->sequence),
    };
}

const struct reader_document *reader_documents(const struct reader *r, size_t *n)
{
    return sequence_documents(r->sequence, n);
}

const struct corpus *reader_corpus(const struct reader *r)
{
    return r->corpus;
}

const struct reader_segment *reader_segments(const struct reader *r, size_t *n)
{
    return sequence_segments(r->sequence, n);
}

void reader_token_offsets(const struct reader *r, uint64_t begin, uint64_t end, uint64_t *offsets)
{
    sequence_token_offsets(r->sequence, begin, end, offsets);
}

void reader_token_shares(const struct reader *r, const struct answer *a, int token, uint64_t begin, uint64_t end, float *share)
{
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(r->sequence, &n_kept);
    evidence_share(a->attention, keys, begin, end, token, share);
}

/* --- asking --- */

/* Segment length of the local branch, the first with r = 1; of the first one where there is none. */
static uint64_t local_segment(const struct model *m)
{
    for (uint32_t i = 0; i < m->n_branch; i++) {
        if (m->branch[i].dilation_rate == 1) return m->branch[i].segment_length;
    }
    return m->branch[0].segment_length;
}

/* Question tokens at most: they must fit one segment of the local branch, after <|question|>. */
static uint64_t question_limit(const struct model *m)
{
    return local_segment(m) - 1;
}

/* The question's ids, <|question|> first. */
static int encode_question(const struct reader *r, const char *question, struct tokens *out, struct error *e)
{
    struct tokens text = {0};
    size_t size = strlen(question);
    if (tokenizer_encode(r->model->tokenizer, question, size, &text, e)) return -1;
    if (text.n == 0 || text.n > question_limit(r->model)) {
        int failed = text.n == 0 ? error_set(e, "the question is empty")
                                 : error_set(e, "the question has %zu tokens (%zu bytes): at most %llu tokens can be asked", text.n,
                                             size, (unsigned long long)question_limit(r->model));
        tokens_free(&text);
        return failed;
    }
    struct tokens ids = {.capacity = 0};
    ids.ids = bytes_reserve(NULL, &ids.capacity, text.n + 1, sizeof *ids.ids);
    if (!ids.ids) {
        tokens_free(&text);
        return error_set(e, "out of memory");
    }
    ids.ids[0] = r->model->token_question;
    memcpy(ids.ids + 1, text.ids, text.n * sizeof *text.ids);
    ids.n = text.n + 1;
    tokens_free(&text);
    *out = ids;
    return 0;
}

/* Prefills the question at the next boundary of the local branch, and goes back to the end of the text. */
static int prefill_question(struct session *session, const struct model *m, const struct tokens *ids,
                            const struct session_outputs *outputs, struct error *e)
{
    uint64_t w = local_segment(m), start = (session_position(session) + w - 1) / w * w;
    if (session_mark(session, e)) return -1;
    int failed = session_skip_to(session, start, e) || session_prefill(session, ids->ids, ids->n, outputs, e);
    struct error ignored;
    if (session_rewind(session, failed ? &ignored : e)) failed = -1;
    return failed ? -1 : 0;
}

/* Takes the question's queries; a device lost on the way is one more try. */
static int query(struct reader *r, const struct tokens *ids, struct evidence **out, struct error *e)
{
    const struct model *m = r->model;
    size_t width = m->evidence.width;
    float *buffer = calloc(ids->n * (width + 2), sizeof *buffer);
    if (!buffer) return error_set(e, "out of memory");
    float *tau = buffer + ids->n * width, *gate = tau + ids->n;
    struct session_outputs outputs = {.queries = buffer, .tau = tau, .gate = gate};
    struct error why;
    int failed = prefill_question(session_guard_session(r->guard), m, ids, &outputs, &why);
    if (failed) failed = session_guard_recover(r->guard, why.text, e) ||
                         prefill_question(session_guard_session(r->guard), m, ids, &outputs, e);
    /* The first token is <|question|>: it asks nothing. */
    if (!failed) failed = evidence_open(out, m, buffer + width, tau + 1, gate + 1, (uint32_t)(ids->n - 1), e);
    free(buffer);
    return failed ? -1 : 0;
}

/* Evidence of the question over everything read, per segment. */
static int attend(struct reader *r, struct answer *a, const atomic_bool *cancel, struct error *e)
{
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    uint64_t *starts = calloc(n + 1, sizeof *starts);
    a->share = calloc(n, sizeof *a->share);
    a->score = calloc(n, sizeof *a->score);
    if (!starts || !a->share || !a->score) {
        free(starts);
        return error_set(e, "out of memory");
    }
    a->n_segments = n;
    for (size_t i = 0; i < n; i++) starts[i] = sequence_kept(r->sequence, segments[i].first_token);
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(r->sequence, &n_kept);
    starts[n] = n_kept;
    int failed = evidence_attend(a->attention, r->model, r->backend, keys, n_kept, sequence_n_tokens(r->sequence), starts, n, a->score,
                                 a->share, cancel, e);
    free(starts);
    return failed;
}

/* The fused rank of every segment (models/FORMAT.md, fusion_weight). */
static int fuse(const struct reader *r, const struct answer *a, const atomic_bool *cancel, float *fused, struct error *e)
{
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    if (bm25_score(r->corpus, segments, n, a->question, cancel, fused, e)) return -1;
    bm25_fuse(a->score, fused, r->model->evidence.fusion_weight, n, fused);
    return 0;
}

/* The best READER_MAX_EVIDENCE segments by `rank`, ties by position. */
static int choose(struct answer *a, const float *rank, struct error *e)
{
    a->items = calloc(READER_MAX_EVIDENCE, sizeof *a->items);
    if (!a->items) return error_set(e, "out of memory");
    for (size_t i = 0; i < a->n_segments; i++) {
        if (a->n_items == READER_MAX_EVIDENCE && rank[i] <= a->items[a->n_items - 1].score) continue;
        size_t at = a->n_items < READER_MAX_EVIDENCE ? a->n_items++ : a->n_items - 1;
        for (; at > 0 && a->items[at - 1].score < rank[i]; at--) a->items[at] = a->items[at - 1];
        a->items[at] = (struct evidence_item){.segment = i, .score = rank[i], .share = a->share[i]};
    }
    return 0;
}

static int rank(const struct reader *r, struct answer *a, enum reader_rank wanted, const atomic_bool *cancel, struct error *e)
{
    if (wanted == RANK_ATTENTION || r->model->evidence.fusion_weight <= 0) {
        a->rank_by = RANK_ATTENTION;
        return choose(a, a->score, e);
    }
    a->rank_by = RANK_FUSED;
    float *fused = calloc(a->n_segments, sizeof *fused);
    if (!fused) return error_set(e, "out of memory");
    int failed = fuse(r, a, cancel, fused, e) || choose(a, fused, e);
    free(fused);
    return failed ? -1 : 0;
}

int reader_ask(struct reader *r, const char *question, enum reader_rank wanted, const struct reader_callbacks *c, struct answer **out,
               struct error *e)
{
    if (sequence_n_tokens(r->sequence) == 0) return error_set(e, "nothing has been read yet");
    struct tokens ids = {0};
    if (encode_question(r, question, &ids, e)) return -1;
    struct answer *a = calloc(1, sizeof *a);
    if (a) a->question = strdup(question);
    if (!a || !a->question) {
        tokens_free(&ids);
        answer_close(a);
        return error_set(e, "out of memory");
    }
    double begin = now();
    int failed = query(r, &ids, &a->attention, e) || attend(r, a, c->cancel, e) || rank(r, a, wanted, c->cancel, e) ||
                 answer_compose(a, r, c, e);
    tokens_free(&ids);
    if (failed) {
        answer_close(a);
        return -1;
    }
    a->seconds = now() - begin;
    *out = a;
    return 0;
}

/* --- looking into a question --- */

int reader_question_tokens(const struct reader *r, const struct answer *a, struct reader_question_token **out, size_t *n,
                           struct error *e)
{
    struct tokens ids = {0};
    if (tokenizer_encode(r->model->tokenizer, a->question, strlen(a->question), &ids, e)) return -1;
    assert(ids.n == a->attention->n_query);
    struct reader_question_token *tokens = calloc(ids.n, sizeof *tokens);
    uint32_t at = 0;
    for (size_t i = 0; tokens && i < ids.n; i++) {
        tokens[i] = (struct reader_question_token){.begin = at, .end = at + ids.lengths[i], .gate = a->attention->gate[i]};
        at += ids.lengths[i];
    }
    *n = ids.n;
    tokens_free(&ids);
    if (!tokens) return error_set(e, "out of memory");
    *out = tokens;
    return 0;
}

int reader_question_share(const struct reader *r, const struct answer *a, size_t token, const atomic_bool *cancel, float *share,
                          struct error *e)
{
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(r->sequence, &n_kept);
    assert(token < a->attention->n_query && a->n_segments <= n);
    for (size_t i = 0; i < a->n_segments; i++) {
        if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) return error_set(e, "interrupted");
        uint64_t begin = sequence_kept(r->sequence, segments[i].first_token), end = sequence_kept(r->sequence, segments[i].end_token);
        float part[SEGMENT_MAX_BYTES];
        double sum = 0;
        for (; begin < end; begin += SEGMENT_MAX_BYTES) {
            uint64_t stop = end - begin < SEGMENT_MAX_BYTES ? end : begin + SEGMENT_MAX_BYTES;
            evidence_share(a->attention, keys, begin, stop, (int)token, part);
            for (uint64_t j = 0; j < stop - begin; j++) sum += (double)part[j];
        }
        share[i] = (float)sum;
    }
    return 0;
}
