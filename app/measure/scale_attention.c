#include "app/measure/scale_attention.h"

#include "app/measure/scale_stream.h"
#include "compute/attention.h"
#include "compute/comm.h"
#include "compute/error.h"

static const double SHORTEST_RUN = 0.25, RUN_AT = 1.0; /* seconds */

/* Nothing rotates: the shape is what costs. */
static void shape_open(struct attention *a, uint32_t n_head, uint32_t head_dim)
{
    *a = (struct attention){.n_head = n_head, .n_head_kv = n_head, .head_dim = head_dim, .offset_rule = OFFSET_PAPER};
}

int scale_attention_ladder(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t segment, uint64_t ratio,
                           uint64_t length, struct error *e)
{
    shape_open(a, n_head, head_dim);
    for (uint64_t w = segment, r = 1;; w *= ratio, r *= ratio) {
        if (a->n_branch == DILATION_MAX_BRANCHES)
            return error_set(e, "segments from %llu on, times %llu, need more than %d branches",
                             (unsigned long long)segment, (unsigned long long)ratio, DILATION_MAX_BRANCHES);
        a->branch[a->n_branch++] = (struct branch){w, r};
        if (w > length || w > UINT64_MAX / ratio) break;
    }
    return attention_layout(a, e);
}

int scale_attention_dense(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t length, struct error *e)
{
    shape_open(a, n_head, head_dim);
    a->branch[a->n_branch++] = (struct branch){length, 1};
    return attention_layout(a, e);
}

/* One chunk that does not count: pages are touched, threads and pipelines are there. */
static int warm_up(struct scale_stream *s, uint64_t end, struct error *e)
{
    struct scale_result unused;
    const uint64_t position = scale_stream_position(s);
    if (scale_stream_step(s, end, false, e) != 0 || scale_stream_seek(s, position, e) != 0) return -1;
    return scale_stream_tally(s, &unused, e);
}

/* Up to `end` from where it is; adds to the seconds. */
static int read_once(struct scale_stream *s, uint64_t end, const struct scale_watch *watch, struct scale_result *out,
                     struct error *e)
{
    const double began = scale_run_now() - out->seconds;
    while (scale_stream_position(s) < end && !out->gave_up) {
        if (scale_run_check(watch, e) != 0) return -1;
        if (scale_stream_step(s, end, true, e) != 0) return -1;
        out->seconds = scale_run_now() - began;
        out->gave_up = watch->limit > 0 && out->seconds > watch->limit;
        if (watch->progress) watch->progress(watch->context, scale_stream_position(s), end, out->seconds);
    }
    return 0;
}

/* What is said of `runs` runs over out->tokens tokens. */
static int describe(struct scale_stream *s, const struct scale_watch *watch, unsigned runs, struct scale_result *out,
                    struct error *e)
{
    if (scale_stream_tally(s, out, e) != 0) return -1;
    if (watch->comm) out->ranks = comm_size(watch->comm);
    out->seconds /= runs;
    out->input_seconds /= runs;
    out->exchange_seconds /= runs;
    out->sent /= (double)out->tokens * runs * comm_size(watch->comm);
    out->live_bytes = scale_stream_memory(s);
    return out->gave_up ? 0 : scale_stream_check(s, out, e);
}

static int read_all(struct scale_stream *s, uint64_t length, const struct scale_watch *watch, struct scale_result *out,
                    struct error *e)
{
    unsigned runs = 0;
    if (warm_up(s, length, e) != 0) return -1;
    for (; out->seconds < SHORTEST_RUN && !out->gave_up; runs++) {
        if (scale_stream_seek(s, 0, e) != 0 || read_once(s, length, watch, out, e) != 0) return -1;
    }
    out->tokens = length;
    return describe(s, watch, runs, out, e);
}

/* Positions in the first chunk are sampled: how many follow in the time is not known. */
static int read_at(struct scale_stream *s, uint64_t position, uint64_t sampled, const struct scale_watch *watch,
                   struct scale_result *out, struct error *e)
{
    if (scale_stream_seek(s, position, e) != 0 || warm_up(s, sampled, e) != 0) return -1;
    const double began = scale_run_now();
    while (out->seconds < RUN_AT || !scale_stream_sampled(s)) {
        if (scale_run_check(watch, e) != 0) return -1;
        if (scale_stream_step(s, UINT64_MAX, true, e) != 0) return -1;
        out->seconds = scale_run_now() - began;
    }
    out->tokens = scale_stream_position(s) - position;
    return describe(s, watch, 1, out, e);
}

int scale_attention_read(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t length,
                         const struct scale_watch *watch, struct error *e)
{
    struct scale_stream *s;
    struct scale_result result = {0};
    if (scale_stream_open(&s, b, a, 0, length, watch, e) != 0) return -1;
    int status = read_all(s, length, watch, &result, e);
    scale_stream_close(s);
    if (status == 0) *out = result;
    return status;
}

int scale_attention_at(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t position,
                       const struct scale_watch *watch, struct error *e)
{
    struct scale_stream *s;
    struct scale_result result = {0};
    const uint64_t sampled = position + (uint64_t)SCALE_STREAM_FIRST_ROWS * comm_size(watch->comm);
    if (scale_stream_open(&s, b, a, position, sampled, watch, e) != 0) return -1;
    int status = read_at(s, position, sampled, watch, &result, e);
    scale_stream_close(s);
    if (status == 0) *out = result;
    return status;
}
