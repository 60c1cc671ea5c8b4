#include "app/measure/scale_model.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/measure/scale_input.h"
#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/session.h"

enum { FIRST_ROWS = 64, CHECKED = 64, CHECKED_WINDOWS = 4 };
static const double RUN_AT = 1.0; /* seconds */
static const uint64_t SEED = 6;

struct reading {
    struct session *session;
    const struct model *model;
    const struct scale_watch *watch;
    int32_t *ids;            /* [max_rows] */
    int8_t *keys;            /* [max_rows][e], NULL without evidence attention */
    uint32_t max_rows, rows; /* of a chunk */
    uint32_t window;         /* of the model; 1: none. Chunks are multiples of it */
};

static void reading_close(struct reading *r)
{
    session_close(r->session);
    free(r->ids);
    free(r->keys);
}

static int reading_open(struct reading *r, struct backend *b, const struct model *m, const struct scale_watch *watch,
                        struct error *e)
{
    const uint32_t window = model_window(m), few = FIRST_ROWS > window ? FIRST_ROWS : window;
    *r = (struct reading){.model = m, .watch = watch, .rows = few, .window = window};
    if (session_open(&r->session, m, b, e) != 0) return -1;
    int status = session_join(r->session, watch->comm, e);
    const uint32_t best = status == 0 ? session_chunk_tokens(r->session) : 0;
    if (watch->comm) r->rows = best; /* less would leave ranks without a share */
    r->max_rows = best > CHECKED ? best : CHECKED;
    if (r->max_rows < CHECKED_WINDOWS * window && window > 1) r->max_rows = CHECKED_WINDOWS * window;
    r->ids = malloc(r->max_rows * sizeof *r->ids);
    r->keys = m->evidence.width ? malloc((size_t)r->max_rows * m->evidence.width) : NULL;
    if (status == 0 && (!r->ids || (!r->keys && m->evidence.width)))
        status = error_set_kind(e, ERROR_MEMORY, "out of memory for a chunk of %u tokens", r->max_rows);
    if (status != 0) reading_close(r);
    return status;
}

static void make_ids(const struct reading *r, uint64_t position, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) r->ids[i] = scale_input_id(SEED, position + i, r->model->n_vocab);
}

/* The next n <= max_rows tokens. */
static int read_chunk(struct reading *r, uint32_t n, struct error *e)
{
    make_ids(r, session_position(r->session), n);
    return session_prefill(r->session, r->ids, n, &(struct session_outputs){.keys = r->keys}, e);
}

/* Of the next chunk, after one of n tokens: whole windows. */
static void choose_rows(struct reading *r, uint32_t n, double seconds)
{
    if (!r->watch->comm) r->rows = scale_run_rows(r->rows, r->max_rows, n, seconds);
    if (r->window > 1) r->rows = r->rows < r->window ? r->window : r->rows - r->rows % r->window;
}

/* Reads up to `end`, or for `seconds` (INFINITY: no matter how long). */
static int read_on(struct reading *r, uint64_t end, double seconds, struct scale_result *out, struct error *e)
{
    const uint64_t begin = session_position(r->session), all = isinf(seconds) ? end - begin : 0;
    const double began = scale_run_now();
    while (session_position(r->session) < end && out->seconds < seconds && !out->gave_up) {
        if (scale_run_check(r->watch, e) != 0) return -1;
        uint64_t left = end - session_position(r->session);
        uint32_t n = left < r->rows ? (uint32_t)left : r->rows;
        const double chunk_began = scale_run_now();
        if (read_chunk(r, n, e) != 0) return -1;
        const double ended = scale_run_now();
        choose_rows(r, n, ended - chunk_began);
        out->seconds = ended - began;
        out->tokens = session_position(r->session) - begin;
        out->gave_up = r->watch->limit > 0 && out->seconds > r->watch->limit;
        if (r->watch->progress) r->watch->progress(r->watch->context, out->tokens, all, out->seconds);
    }
    return 0;
}

/* Logits [n][V] of the next n tokens, read in calls of step, 3 step, 9 step, ... tokens, and back to where it was. */
static int logits_in_steps(struct reading *r, uint32_t n, uint32_t step, float *logits, struct error *e)
{
    make_ids(r, session_position(r->session), n);
    if (session_mark(r->session, e) != 0) return -1;
    int status = 0;
    for (uint32_t done = 0, part = step; done < n && status == 0; done += part, part *= 3) {
        if (part > n - done) part = n - done;
        status = session_prefill(r->session, r->ids + done, part,
                                 &(struct session_outputs){.logits = logits + (size_t)done * r->model->n_vocab}, e);
    }
    if (status != 0) return -1;
    return session_rewind(r->session, e);
}

/* The same of the keys of n tokens: what a model that foretells no token gives. */
static int keys_in_steps(struct reading *r, uint32_t n, uint32_t step, int8_t *keys, struct error *e)
{
    make_ids(r, session_position(r->session), n);
    if (session_mark(r->session, e) != 0) return -1;
    int status = 0;
    for (uint32_t done = 0; done < n && status == 0; done += step)
        status = session_prefill(r->session, r->ids + done, step,
                                 &(struct session_outputs){.keys = keys + (size_t)done * r->model->evidence.width}, e);
    return status != 0 ? -1 : session_rewind(r->session, e);
}

/* Behind the end of a text inside a window nothing can be read. */
static int check_keys(struct reading *r, struct scale_result *out, struct error *e)
{
    const uint64_t position = session_position(r->session), left = r->model->context_length - position;
    const uint32_t n = CHECKED_WINDOWS * r->window;
    const size_t size = (size_t)n * r->model->evidence.width;
    if (position % r->window != 0 || left < n) return 0;
    int8_t *one = malloc(size), *several = malloc(size);
    int status = one && several ? 0 : error_memory(e);
    if (status == 0) status = keys_in_steps(r, n, n, one, e);
    if (status == 0) status = keys_in_steps(r, n, r->window, several, e);
    for (size_t i = 0; i < size && status == 0; i++)
        out->max_error = fmax(out->max_error, abs(one[i] - several[i]) / 254.0);
    out->checked_positions = n;
    free(one);
    free(several);
    return status;
}

static int check_reading(struct reading *r, struct scale_result *out, struct error *e)
{
    if (r->window > 1) return check_keys(r, out, e);
    uint64_t left = r->model->context_length - session_position(r->session);
    uint32_t n = left < CHECKED ? (uint32_t)left : CHECKED;
    const size_t n_logits = (size_t)n * r->model->n_vocab;
    if (n == 0) return 0;
    float *one = malloc(n_logits * sizeof *one), *several = malloc(n_logits * sizeof *several);
    int status = -1;
    if (!one || !several) {
        error_set_kind(e, ERROR_MEMORY, "out of memory for %zu logits", n_logits);
    } else if (logits_in_steps(r, n, n, one, e) == 0 && logits_in_steps(r, n, 1, several, e) == 0) {
        status = 0;
        for (size_t i = 0; i < n_logits; i++) {
            double error = fabs((double)one[i] - (double)several[i]);
            if (isnan(error) || error > out->max_error) out->max_error = error;
        }
    }
    out->checked_positions = n;
    free(one);
    free(several);
    return status;
}

static int check_length(const struct model *m, uint64_t tokens, struct error *e)
{
    if (tokens <= m->context_length) return 0;
    return error_set(e, "%" PRIu64 " tokens do not fit the model's context of %" PRIu64, tokens, m->context_length);
}

/* The run itself, and what is said of it; the memory is taken before checking, which keeps a second set of caches. */
static int measure_reading(struct reading *r, uint64_t end, double seconds, struct scale_result *out, struct error *e)
{
    struct comm *c = r->watch->comm;
    struct scale_result result = {.ranks = c ? comm_size(c) : 0};
    uint64_t before, after;
    if (ranks_bytes_sent(c, &before, e) != 0 || read_on(r, end, seconds, &result, e) != 0 ||
        ranks_bytes_sent(c, &after, e) != 0)
        return -1;
    if (result.tokens > 0) result.sent = (double)(after - before) / (double)result.tokens / comm_size(c);
    result.live_bytes = session_memory(r->session) + r->max_rows * (sizeof *r->ids + r->model->evidence.width);
    if (!result.gave_up && check_reading(r, &result, e) != 0) return -1;
    *out = result;
    return 0;
}

int scale_model_read(struct scale_result *out, struct backend *b, const struct model *m, uint64_t length,
                     const struct scale_watch *watch, struct error *e)
{
    struct reading r;
    if (check_length(m, length, e) != 0 || reading_open(&r, b, m, watch, e) != 0) return -1;
    int status = measure_reading(&r, length, INFINITY, out, e);
    reading_close(&r);
    return status;
}

uint64_t scale_model_kept(const struct model *m, uint64_t position, uint64_t p)
{
    uint64_t next = position;
    for (uint32_t i = 0; i < m->n_branch; i++) {
        const uint64_t w = m->branch[i].segment_length, r = m->branch[i].dilation_rate;
        const uint64_t start = position - position % w;
        for (uint32_t head = 0; head < m->n_head; head++) {
            uint64_t s = dilation_head_offset(m->offset_rule, head, m->n_head, r);
            if (s >= r) continue;
            uint64_t at = start + s;
            if (at < p) at += (p - at + r - 1) / r * r;
            if (at < next) next = at;
        }
    }
    return next;
}

/* A model with windows reads those that hold a token which some cache keeps. */
static int fill_caches(struct reading *r, uint64_t position, struct error *e)
{
    const uint64_t window = r->window;
    uint64_t p = scale_model_kept(r->model, position, 0), read = 0;
    const double began = scale_run_now();
    while (p < position) {
        p -= p % window;
        uint64_t end = p + window;
        while (end < position && end - p + window <= r->rows &&
               scale_model_kept(r->model, position, end) < end + window)
            end += window;
        const double chunk_began = scale_run_now();
        if (scale_run_check(r->watch, e) != 0 || session_skip_to(r->session, p, e) != 0 ||
            read_chunk(r, (uint32_t)(end - p), e) != 0)
            return -1;
        const double ended = scale_run_now();
        choose_rows(r, (uint32_t)(end - p), ended - chunk_began);
        read += end - p;
        if (r->watch->progress) r->watch->progress(r->watch->context, read, 0, ended - began);
        p = scale_model_kept(r->model, position, end);
    }
    return session_skip_to(r->session, position, e);
}

int scale_model_at(struct scale_result *out, struct backend *b, const struct model *m, uint64_t position,
                   const struct scale_watch *watch, struct error *e)
{
    struct reading r;
    if (check_length(m, position + 1, e) != 0 || reading_open(&r, b, m, watch, e) != 0) return -1;
    int status = fill_caches(&r, position - position % r.window, e);
    if (status == 0) status = measure_reading(&r, m->context_length, RUN_AT, out, e);
    reading_close(&r);
    return status;
}

double scale_model_disk(const struct model *m)
{
    return m->evidence.width + 1; /* a key, and the byte that says how long the token is */
}
