#include "app/reader/reader.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/checkpoints.h"
#include "app/reader/chunks.h"
#include "app/text/corpus.h"
#include "app/reader/state.h"
#include "app/reader/token_source.h"
#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/kv_state.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/thread_pool.h"

/* Progress is told this often, in seconds. */
#define PROGRESS_SECONDS 0.2

/* Tokens read between two looks at the cancel flag take about this long. */
#define CHUNK_SECONDS 0.08
#define CHUNK_LEAST 256
#define CHUNK_A_THREAD 64 /* with less, threads wait for each other longer than they work */

struct reader {
    const struct model *model;
    struct backend *backend;
    const struct corpus *corpus;
    struct session_guard *guard;
    struct token_source *source;
    struct sequence *sequence;
    struct state *state; /* the kept read; NULL where nothing is kept */
    bool keeps;          /* checkpoints are made: there is a state, and none has failed */
    double checkpointed; /* when one was last put on the disk */
    struct checkpoints checkpoints;
    char note[640];
    uint32_t rate_kept; /* every how many positions' key is kept */
    struct chunks *chunks;
    bool done;
    double seconds; /* spent reading */
    double rate;    /* tokens a second, smoothed */
    double bytes_rate;
};

static const char *scratch_directory(const struct reader_options *o)
{
    if (o->directory) return o->directory;
    const char *named = getenv("TMPDIR");
    return named && *named ? named : "/var/tmp";
}

int reader_choose_rate(uint32_t *rate, const struct model *m, uint64_t text_bytes, uint64_t model_bytes,
                       uint64_t memory, struct error *e)
{
    const uint64_t keys = text_bytes / 3 * m->evidence.width;
    *rate = 1;
    if (memory == 0) return 0;
    if (model_bytes >= memory) {
        return error_set(e, "the model wants %llu MB, more than --memory allows (%llu MB)",
                         (unsigned long long)(model_bytes / 1000000), (unsigned long long)(memory / 1000000));
    }
    while (keys / *rate > memory - model_bytes && *rate < 16) *rate *= 4;
    if (keys / *rate <= memory - model_bytes) return 0;
    return error_set(e,
                     "evidence keys of this text want about %llu MB besides the model's %llu MB, more than --memory "
                     "allows (%llu MB)",
                     (unsigned long long)(keys / *rate / 1000000), (unsigned long long)(model_bytes / 1000000),
                     (unsigned long long)(memory / 1000000));
}

/* Opens the kept read of this text, or begins one. Nothing kept is no failure. */
static int open_state(struct reader *r, const struct reader_options *o, const atomic_bool *cancel, struct error *e)
{
    if (!o->keep) return 0;
    struct error why = {0};
    const struct state_key key = {.model = r->model->hash, .width = r->model->evidence.width, .rate = r->rate_kept};
    const struct state_options options = {.directory = o->state_dir,
                                          .label = o->label,
                                          .limit = o->state_limit,
                                          .window = model_window(r->model),
                                          .precision = backend_info(r->backend)->precision,
                                          .cancel = cancel,
                                          .waits = o->waits,
                                          .context = o->waiter};
    r->checkpointed = clock_seconds();
    if (state_open(&r->state, &options, &key, r->corpus, &why) == 0) {
        r->keeps = true;
        snprintf(r->note, sizeof r->note, "%s", state_note(r->state));
        backend_set_precision(r->backend, state_precision(r->state));
        return 0;
    }
    if (cancel && atomic_load(cancel)) return error_cancelled(e);
    snprintf(r->note, sizeof r->note, "this read is not kept: %s", why.text);
    return 0;
}

/* Puts session and source where the kept read ended. */
static int resume_kept_read(struct reader *r, struct error *e)
{
    const struct state_extent *extent = r->state ? state_extent_of(r->state) : NULL;
    uint8_t *session;
    size_t size;
    if (!extent) return 0;
    r->done = state_is_complete(r->state);
    if (!r->done && !*r->note)
        snprintf(r->note, sizeof r->note, "%llu tokens are kept from an earlier read that was not ended: reading on",
                 (unsigned long long)extent->n_tokens);
    token_source_seek(r->source, extent->n_documents, extent->offset, extent->zeros, sequence_segment_end(r->sequence));
    if (state_session(r->state, &session, &size, e)) return -1;
    int failed = session_guard_load(r->guard, session, size, e);
    free(session);
    return failed;
}

struct token_marks reader_marks(const struct model *m)
{
    return (struct token_marks){.file = m->token_file, .sep = model_token_sep(m), .segments = model_window(m) > 1};
}

int reader_open(struct reader **out, const struct model *m, struct backend *b, const struct corpus *c,
                const struct reader_options *o, const atomic_bool *cancel, struct error *e)
{
    if (m->evidence.width == 0) return error_set(e, "%s: this model has no evidence attention: not a reader", m->path);
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return error_memory(e);
    r->model = m;
    r->backend = b;
    r->corpus = c;
    r->checkpoints = checkpoints_begin(c->n_bytes);
    const struct token_marks marks = reader_marks(m);
    if (session_guard_open(&r->guard, m, b, e) || session_join(session_guard_session(r->guard), o->comm, e) ||
        reader_choose_rate(&r->rate_kept, m, c->n_bytes, session_memory(session_guard_session(r->guard)), o->memory,
                           e) ||
        open_state(r, o, cancel, e) ||
        token_source_open(&r->source, m->tokenizer, c, &marks, thread_pool_n_threads(b->pool), e) ||
        sequence_open(&r->sequence, c, m->evidence.width, r->rate_kept, r->state, scratch_directory(o), e) ||
        resume_kept_read(r, e) || chunks_open(&r->chunks, r->guard, r->source, r->sequence, m->evidence.width, e)) {
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
    chunks_close(r->chunks);
    token_source_close(r->source);
    sequence_close(r->sequence);
    state_close(r->state);
    free(r);
}

const char *reader_note(const struct reader *r)
{
    return r->note;
}

bool reader_keeps(const struct reader *r)
{
    return r->keeps;
}

uint32_t reader_rate(const struct reader *r)
{
    return r->rate_kept;
}

float reader_fusion_weight(const struct reader *r)
{
    return r->model->evidence.fusion_weight * (float)r->rate_kept;
}

/* Keeps what was read. Where that fails reading goes on without further checkpoints. */
static void checkpoint(struct reader *r, enum state_weight weight)
{
    struct error why = {0};
    struct state_extent extent;
    size_t size = session_state_size(session_guard_session(r->guard));
    sequence_extent(r->sequence, &extent);
    if (extent.n_documents == 0 || chunks_in_header(r->chunks)) return;
    const size_t torn = weight == STATE_LIGHT ? SIZE_MAX : corpus_torn(r->corpus);
    if (torn != SIZE_MAX) { /* what was read is not what its hash says */
        snprintf(r->note, sizeof r->note, "%s changed while it was read: this read is not kept any further",
                 r->corpus->documents[torn].path);
        r->keeps = false;
        return;
    }
    uint8_t *session = malloc(size);
    int failed =
        !session ? error_memory(&why) : session_state_save(session_guard_session(r->guard), session, size, &why);
    if (!failed) failed = state_checkpoint(r->state, &extent, session, size, weight, &why);
    if (failed) snprintf(r->note, sizeof r->note, "this read is not kept any further: %s", why.text);
    free(session);
    r->keeps = !failed;
    if (weight == STATE_LIGHT)
        checkpoints_made(&r->checkpoints);
    else
        r->checkpointed = clock_seconds();
}

/* Rounds the session at the end of the text to what a kept read has of it, so that a question is answered the same now
 * and when the read is opened again, kept or not. */
static int round_session(struct reader *r, struct error *e)
{
    struct session *s = session_guard_session(r->guard);
    size_t size = session_state_size(s), shrunk_size, rounded_size;
    uint8_t *bytes = malloc(size), *shrunk = NULL, *rounded = NULL;
    int failed = !bytes || session_state_save(s, bytes, size, e) ||
                         kv_state_shrink(&shrunk, &shrunk_size, bytes, size, e) ||
                         kv_state_expand(&rounded, &rounded_size, shrunk, shrunk_size, e) ||
                         session_guard_load(r->guard, rounded, rounded_size, e)
                     ? -1
                     : 0;
    if (!bytes) error_memory(e);
    free(bytes);
    free(shrunk);
    free(rounded);
    return failed;
}

/* As many tokens as take CHUNK_SECONDS, in steps so that chunks are mostly alike, cut where a checkpoint fits, and
 * whole windows. */
static size_t chunk_tokens(const struct reader *r, uint64_t position)
{
    const struct session *s = session_guard_session(r->guard);
    if (session_comm(s)) return session_chunk_tokens(s); /* less would leave ranks without a share */
    const struct backend_info *info = backend_info(r->backend);
    size_t n = CHUNK_LEAST, most = info->chunk_rows;
    while (n < most && n < CHUNK_A_THREAD * (size_t)info->n_threads) n *= 2;
    while (2 * n <= most && 2.0 * (double)n <= r->rate * CHUNK_SECONDS) n *= 2;
    const size_t window = session_window(s), cut = (size_t)checkpoints_cut(&r->checkpoints, position, n);
    return cut < window ? window : cut - cut % window;
}

/* What had been read, and how long that took. */
struct mark {
    uint64_t tokens, bytes;
    double seconds;
};

static struct mark mark_now(const struct reader *r)
{
    return (struct mark){chunks_entered(r->chunks), sequence_n_bytes(r->sequence), r->seconds};
}

/* Rates as a moving average over about two seconds; *since is now afterwards. */
static void update_rates(struct reader *r, struct mark *since)
{
    const struct mark now = mark_now(r);
    const double seconds = now.seconds - since->seconds;
    if (seconds > 0) {
        double keep = r->rate > 0 ? exp(-seconds / 2.0) : 0;
        r->rate = keep * r->rate + (1 - keep) * (double)(now.tokens - since->tokens) / seconds;
        r->bytes_rate = keep * r->bytes_rate + (1 - keep) * (double)(now.bytes - since->bytes) / seconds;
    }
    *since = now;
}

/* The checkpoint to make once the chunks under way are entered, of which the newest begins at token `begin`; false:
 * none. */
static bool is_due(const struct reader *r, uint64_t begin, bool last, enum state_weight *weight)
{
    if (!r->keeps) return false;
    const uint64_t end = session_position(session_guard_session(r->guard));
    *weight = last ? STATE_END : STATE_DURABLE;
    if (last || clock_seconds() - r->checkpointed > CHECKPOINTS_SECONDS) return true;
    *weight = STATE_LIGHT;
    return checkpoints_is_due(&r->checkpoints, begin, end);
}

/* One chunk further: *last: there was none; *due: a checkpoint of this weight is, and nothing is under way. */
static int read_chunk(struct reader *r, struct mark *since, bool *last, bool *due, enum state_weight *weight,
                      struct error *e)
{
    const uint64_t at = session_position(session_guard_session(r->guard));
    size_t n;
    if (chunks_fetch(r->chunks, chunk_tokens(r, at), &n, e)) return -1;
    update_rates(r, since);
    *last = n == 0;
    if (!*last && chunks_begin(r->chunks, chunk_tokens(r, at + n), e)) return -1;
    *due = is_due(r, at, *last, weight);
    return chunks_end(r->chunks, *last || *due, e);
}

static int read_all(struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    double told = 0;
    struct mark since = mark_now(r);
    while (!r->done) {
        if (c->cancel && atomic_load(c->cancel)) {
            if (chunks_end(r->chunks, true, e)) return -1;
            if (r->keeps) checkpoint(r, STATE_DURABLE);
            return error_cancelled(e);
        }
        double begin = clock_seconds();
        bool last, due;
        enum state_weight weight;
        if (read_chunk(r, &since, &last, &due, &weight, e) || (last && round_session(r, e))) return -1;
        double end = clock_seconds();
        r->seconds += end - begin;
        r->done = last;
        if (due) checkpoint(r, weight);
        if (!c->progress || (end - told < PROGRESS_SECONDS && !r->done)) continue;
        struct reader_progress p;
        if (chunks_wait(r->chunks, e)) return -1;
        reader_progress(r, &p);
        c->progress(c->context, &p);
        told = end;
    }
    return 0;
}

int reader_read(struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    /* A failure may have left tokens in the caches that the tables do not have. */
    if (session_position(session_guard_session(r->guard)) != sequence_n_tokens(r->sequence)) {
        return error_set(e, "reading cannot go on after an error");
    }
    const int failed = read_all(r, c, e);
    struct error another;
    if (failed) (void)chunks_wait(r->chunks, &another); /* the sequence may be looked at */
    return failed;
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
        .new_tokens = chunks_entered(r->chunks),
        .bytes = bytes,
        .total_bytes = r->corpus->n_bytes,
        .document = n_documents ? n_documents - 1 : 0,
        .seconds = r->seconds,
        .tokens_per_second = r->done && r->seconds > 0 ? (double)chunks_entered(r->chunks) / r->seconds : r->rate,
        .seconds_left = r->done             ? 0
                        : r->bytes_rate > 0 ? (double)(r->corpus->n_bytes - bytes) / r->bytes_rate
                                            : -1,
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

int reader_token_offsets(const struct reader *r, uint64_t begin, uint64_t end, uint64_t *offsets, struct error *e)
{
    return sequence_token_offsets(r->sequence, r->model->tokenizer, begin, end, offsets, e);
}

const struct model *reader_model(const struct reader *r)
{
    return r->model;
}

struct backend *reader_backend(const struct reader *r)
{
    return r->backend;
}

struct session_guard *reader_guard(struct reader *r)
{
    return r->guard;
}

const struct sequence *reader_sequence(const struct reader *r)
{
    return r->sequence;
}
