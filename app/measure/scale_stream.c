#include "app/measure/scale_stream.h"

#include <stdlib.h>
#include <string.h>

#include "app/measure/scale_check.h"
#include "app/measure/scale_feed.h"
#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/ranks.h"
#include "compute/sequence_parallel.h"

static const uint64_t SEED = 5;

/* What rank 0 tells the others before it does it. */
enum call { CALL_SEEK, CALL_STEP, CALL_TALLY, CALL_CHECK, CALL_CLOSE };
struct told {
    enum call call;
    uint32_t rows;     /* of a share, at most */
    uint64_t position; /* where to, or up to where */
    bool wanted;
};

/* What the others open their stream with. */
struct opening {
    struct attention shape;
    uint64_t begin, end;
};

/* What a rank says of itself. */
struct account {
    double input_seconds, exchange_seconds, max_error;
    uint64_t sent, checked;
};

struct scale_stream {
    struct backend *backend;
    struct attention shape;
    const struct scale_watch *watch;
    struct comm *comm;                  /* NULL: one rank */
    struct sequence_parallel *parallel; /* owned; NULL likewise */
    struct matrix *qkv, *cache_k, *cache_v, *out;
    struct scale_feed feed;
    uint32_t *kept;          /* [n_branch][n_head] */
    uint32_t max_rows, rows; /* of a share */
    uint64_t position;
    double input_seconds, exchange_seconds; /* since the last tally */
    uint64_t sent;                          /* before it */

    /* Of the positions whose rows are compared with their definition, n_met have been passed; those that this rank
     * attended stand first. */
    uint64_t samples[SCALE_MAX_SAMPLES];
    size_t n_samples, n_met, n_own;
    float *sampled; /* [n_samples][n_head head_dim]: as the device gave them */
};

/* The next chunk, and this rank's share of it. */
struct chunk {
    uint64_t begin, end, own_begin, own_end;
    const uint32_t *kept; /* at own_begin */
    bool shared;          /* otherwise every rank attends all of it */
};

static void close_matrices(struct scale_stream *s)
{
    struct matrix **const all[] = {&s->qkv, &s->out, &s->cache_k, &s->cache_v};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        s->backend->ops->matrix_close(*all[i]);
        *all[i] = NULL;
    }
}

static void close_stream(struct scale_stream *s)
{
    close_matrices(s);
    sequence_parallel_close(s->parallel);
    scale_feed_close(&s->feed);
    free(s->kept);
    free(s->sampled);
    free(s);
}

static int open_matrices(struct scale_stream *s, struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    const struct attention *a = &s->shape;
    struct backend *b = s->backend;
    if (ops->activations_open(&s->qkv, b, s->max_rows, s->feed.width, e) != 0 ||
        ops->activations_open(&s->cache_k, b, a->cache_rows, a->head_dim, e) != 0 ||
        ops->activations_open(&s->cache_v, b, a->cache_rows, a->head_dim, e) != 0)
        return -1;
    return ops->activations_open(&s->out, b, s->max_rows, a->n_head * a->head_dim, e);
}

/* With as many rows as there is room for. */
static int open_largest(struct scale_stream *s, struct error *e)
{
    for (s->max_rows = scale_feed_chunk(&s->feed); open_matrices(s, e) != 0; s->max_rows /= 2) {
        close_matrices(s);
        if (s->max_rows / 2 < s->feed.batch_rows) return -1;
    }
    return 0;
}

/* No rank gets more rows than every one has room for. */
static int agree_on_rows(struct scale_stream *s, struct error *e)
{
    const uint32_t size = comm_size(s->comm);
    uint32_t *all = calloc(size, sizeof *all);
    int status = all ? comm_all_gather(s->comm, &s->max_rows, all, sizeof *all, e) : error_memory(e);
    for (uint32_t i = 0; i < size && status == 0; i++) s->max_rows = all[i] < s->max_rows ? all[i] : s->max_rows;
    free(all);
    return status;
}

static int open_stream(struct scale_stream **out, struct comm *c, struct backend *b, const struct opening *o,
                       const struct scale_watch *watch, struct error *e)
{
    const struct attention *a = &o->shape;
    struct scale_stream *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    *s = (struct scale_stream){.backend = b, .shape = *a, .watch = watch, .rows = SCALE_STREAM_FIRST_ROWS};
    if (comm_size(c) > 1) s->comm = c;
    s->sent = comm_bytes_sent(c);
    s->n_samples = scale_check_sample(s->samples, a, o->begin, o->end);
    s->kept = calloc((size_t)a->n_branch * a->n_head, sizeof *s->kept);
    s->sampled = malloc(s->n_samples * a->n_head * a->head_dim * sizeof *s->sampled);
    int status = s->kept && s->sampled ? 0 : error_memory(e);
    if (status == 0) status = scale_feed_open(&s->feed, b, SEED, (a->n_head + 2 * a->n_head_kv) * a->head_dim, e);
    if (status == 0) status = open_largest(s, e);
    if (status == 0 && s->comm) status = sequence_parallel_open(&s->parallel, c, b, &s->shape, 1, false, e);
    if (status == 0 && s->comm) status = agree_on_rows(s, e);
    if (status != 0) {
        close_stream(s);
        return -1;
    }
    *out = s;
    return 0;
}

static int seek(struct scale_stream *s, uint64_t position, struct error *e)
{
    const struct attention *a = &s->shape;
    if (s->parallel && sequence_parallel_settle(s->parallel, e) != 0) return -1;
    s->position = position;
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        const uint64_t in_segment = position % b->segment_length;
        for (uint32_t head = 0; head < a->n_head; head++) {
            const uint64_t offset = dilation_head_offset(a->offset_rule, head, a->n_head, b->dilation_rate);
            const uint32_t n = (uint32_t)dilation_count(b, offset, in_segment), row = attention_cache_row(a, i, head);
            const uint32_t k = (a->n_head + head / (a->n_head / a->n_head_kv)) * a->head_dim;
            const uint64_t first = position - in_segment + offset;
            s->kept[i * a->n_head + head] = n;
            if (scale_run_check(s->watch, e) != 0 ||
                scale_feed_columns(&s->feed, s->cache_k, row, first, b->dilation_rate, n, k, e) != 0 ||
                scale_feed_columns(&s->feed, s->cache_v, row, first, b->dilation_rate, n,
                                   k + a->n_head_kv * a->head_dim, e) != 0)
                return -1;
        }
    }
    return 0;
}

static struct chunk next_chunk(struct scale_stream *s, uint64_t end, uint32_t rows)
{
    const uint64_t n = end - s->position;
    if (s->parallel && sequence_parallel_plan(s->parallel, s->position, n, rows, s->kept))
        return (struct chunk){.begin = s->position,
                              .end = sequence_parallel_begin(s->parallel, comm_size(s->comm)),
                              .own_begin = sequence_parallel_begin(s->parallel, comm_rank(s->comm)),
                              .own_end = sequence_parallel_begin(s->parallel, comm_rank(s->comm) + 1),
                              .kept = sequence_parallel_kept(s->parallel),
                              .shared = true};
    const uint64_t whole = s->position + (n < rows ? n : rows);
    return (struct chunk){s->position, whole, s->position, whole, s->kept, false};
}

/* Attention of this rank's share, between what is given to other ranks and what comes from them. */
static int attend_chunk(struct scale_stream *s, const struct chunk *c, struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    const uint32_t n = (uint32_t)(c->own_end - c->own_begin);
    double began = scale_run_now();
    if (c->shared && sequence_parallel_before(s->parallel, 0, s->qkv, NULL, s->cache_k, s->cache_v, e) != 0) return -1;
    if (!c->shared && s->parallel && sequence_parallel_settle(s->parallel, e) != 0) return -1;
    s->exchange_seconds += scale_run_now() - began;
    if (n > 0)
        ops->attend(&(struct attend){.shape = &s->shape,
                                     .qkv = s->qkv,
                                     .cache_k = s->cache_k,
                                     .cache_v = s->cache_v,
                                     .kept = c->kept,
                                     .position = c->own_begin,
                                     .n = n,
                                     .causal = true,
                                     .out = s->out});
    began = scale_run_now();
    if (c->shared && (sequence_parallel_finish(s->parallel, e) != 0 || sequence_parallel_reach(s->parallel, e) != 0))
        return -1;
    s->exchange_seconds += scale_run_now() - began;
    return ops->flush(s->backend, e);
}

/* Of the sampled positions in the chunk this rank keeps its own; what every rank attended is rank 0's. */
static int keep_samples(struct scale_stream *s, const struct chunk *c, struct error *e)
{
    const size_t width = (size_t)s->shape.n_head * s->shape.head_dim;
    const bool mine = c->shared || comm_rank(s->comm) == 0;
    for (; s->n_met < s->n_samples && s->samples[s->n_met] < c->end; s->n_met++) {
        const uint64_t p = s->samples[s->n_met];
        if (!mine || p < c->own_begin || p >= c->own_end) continue;
        if (s->backend->ops->matrix_read(s->out, (uint32_t)(p - c->own_begin), 1, s->sampled + s->n_own * width, e))
            return -1;
        s->samples[s->n_own++] = p;
    }
    return 0;
}

static int step(struct scale_stream *s, uint64_t end, uint32_t rows, bool wanted, struct error *e)
{
    const double began = scale_run_now();
    const struct chunk c = next_chunk(s, end, rows);
    const uint32_t n = (uint32_t)(c.own_end - c.own_begin);
    if (scale_feed_rows(&s->feed, s->qkv, c.own_begin, n, e) != 0) return -1;
    s->input_seconds += scale_run_now() - began;
    if (attend_chunk(s, &c, e) != 0) return -1;
    s->rows = scale_run_rows(rows, s->max_rows, n, scale_run_now() - began);
    if (wanted && keep_samples(s, &c, e) != 0) return -1;
    attention_advance(&s->shape, s->position, (uint32_t)(c.end - c.begin), s->kept);
    s->position = c.end;
    return 0;
}

/* Adds up what all ranks say; the largest error. */
static int sum_accounts(struct scale_stream *s, struct account *own, struct error *e)
{
    if (!s->comm) return 0;
    const uint32_t size = comm_size(s->comm);
    struct account *all = calloc(size, sizeof *all);
    int status = all ? comm_all_gather(s->comm, own, all, sizeof *all, e) : error_memory(e);
    if (status == 0) *own = (struct account){0};
    for (uint32_t i = 0; i < size && status == 0; i++) {
        own->input_seconds += all[i].input_seconds;
        own->exchange_seconds += all[i].exchange_seconds;
        own->sent += all[i].sent;
        own->checked += all[i].checked;
        own->max_error = scale_check_larger(own->max_error, all[i].max_error);
    }
    free(all);
    return status;
}

static int tally(struct scale_stream *s, struct scale_result *out, struct error *e)
{
    const double size = comm_size(s->comm);
    struct account a = {.input_seconds = s->input_seconds, .exchange_seconds = s->exchange_seconds};
    a.sent = comm_bytes_sent(s->comm) - s->sent;
    if (sum_accounts(s, &a, e) != 0) return -1;
    out->input_seconds = a.input_seconds / size;
    out->exchange_seconds = a.exchange_seconds / size;
    out->sent = (double)a.sent;
    s->input_seconds = s->exchange_seconds = 0;
    s->sent = comm_bytes_sent(s->comm);
    return 0;
}

static int check(struct scale_stream *s, struct scale_result *out, struct error *e)
{
    struct account a = {.checked = s->n_own};
    if (scale_check_rows(&a.max_error, &s->shape, SEED, s->samples, s->n_own, s->sampled, s->backend, s->watch, e) !=
            0 ||
        sum_accounts(s, &a, e) != 0)
        return -1;
    out->checked_positions = (size_t)a.checked;
    out->max_error = a.max_error;
    return 0;
}

static int tell(struct scale_stream *s, struct told t, struct error *e)
{
    return s->comm ? comm_broadcast(s->comm, &t, sizeof t, false, e) : 0;
}

/* What fails on rank 0 after the others have been told leaves them waiting. */
static int done(struct scale_stream *s, int status)
{
    if (status != 0) comm_break(s->comm);
    return status;
}

int scale_stream_open(struct scale_stream **out, struct backend *b, const struct attention *a, uint64_t begin,
                      uint64_t end, const struct scale_watch *watch, struct error *e)
{
    struct opening o = {*a, begin, end};
    struct comm *c = watch->comm;
    const bool leads = comm_size(c) > 1;
    if (leads && (ranks_lead(c, RANKS_MEASURE, 0, 0, e) != 0 || comm_broadcast(c, &o, sizeof o, false, e) != 0))
        return -1;
    int status = open_stream(out, c, b, &o, watch, e);
    if (status != 0) comm_break(c);
    return status;
}

void scale_stream_close(struct scale_stream *s)
{
    struct error unheard; /* a failure is met again by the next call */
    (void)tell(s, (struct told){.call = CALL_CLOSE}, &unheard);
    close_stream(s);
}

int scale_stream_seek(struct scale_stream *s, uint64_t position, struct error *e)
{
    if (tell(s, (struct told){.call = CALL_SEEK, .position = position}, e) != 0) return -1;
    return done(s, seek(s, position, e));
}

/* Ranks share out whole segments of the shortest branch, where they fit. */
static uint32_t share_rows(const struct scale_stream *s)
{
    const uint64_t local = s->shape.branch[0].segment_length;
    return s->comm && s->rows > local ? s->rows - (uint32_t)(s->rows % local) : s->rows;
}

int scale_stream_step(struct scale_stream *s, uint64_t end, bool wanted, struct error *e)
{
    const struct told t = {.call = CALL_STEP, .rows = share_rows(s), .position = end, .wanted = wanted};
    if (tell(s, t, e) != 0) return -1;
    return done(s, step(s, end, t.rows, wanted, e));
}

uint64_t scale_stream_position(const struct scale_stream *s)
{
    return s->position;
}

bool scale_stream_sampled(const struct scale_stream *s)
{
    return s->n_met == s->n_samples;
}

size_t scale_stream_memory(const struct scale_stream *s)
{
    return s->qkv->bytes + s->cache_k->bytes + s->cache_v->bytes + s->out->bytes + scale_feed_memory(&s->feed);
}

int scale_stream_tally(struct scale_stream *s, struct scale_result *out, struct error *e)
{
    if (tell(s, (struct told){.call = CALL_TALLY}, e) != 0) return -1;
    return done(s, tally(s, out, e));
}

int scale_stream_check(struct scale_stream *s, struct scale_result *out, struct error *e)
{
    if (tell(s, (struct told){.call = CALL_CHECK}, e) != 0) return -1;
    return done(s, check(s, out, e));
}

static int obey(struct scale_stream *s, const struct told *t, struct error *e)
{
    struct scale_result own;
    switch (t->call) {
    case CALL_SEEK:
        return seek(s, t->position, e);
    case CALL_STEP:
        return step(s, t->position, t->rows, t->wanted, e);
    case CALL_TALLY:
        return tally(s, &own, e);
    case CALL_CHECK:
        return check(s, &own, e);
    case CALL_CLOSE:
        break;
    }
    return 0;
}

int scale_stream_follow(struct comm *c, struct backend *b, struct error *e)
{
    static const struct scale_watch nobody;
    struct scale_stream *s;
    struct opening o;
    struct told t;
    if (comm_broadcast(c, &o, sizeof o, false, e) != 0 || open_stream(&s, c, b, &o, &nobody, e) != 0) return -1;
    int status;
    do {
        status = comm_broadcast(c, &t, sizeof t, true, e);
        if (status == 0) status = obey(s, &t, e);
    } while (status == 0 && t.call != CALL_CLOSE);
    close_stream(s);
    return status;
}
