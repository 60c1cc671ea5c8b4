#include "app/measure/scale_check.h"

#include <math.h>
#include <stdlib.h>

#include "app/measure/scale_input.h"
#include "app/measure/scale_run.h"
#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/definition.h"
#include "compute/thread_pool.h"

struct sample_set {
    uint64_t *positions;
    size_t n;
    uint64_t begin, end;
    uint64_t random;
};

static void add_position(struct sample_set *s, uint64_t position)
{
    if (position < s->begin || position >= s->end || s->n == SCALE_MAX_SAMPLES) return;
    for (size_t i = 0; i < s->n; i++) {
        if (s->positions[i] == position) return;
    }
    s->positions[s->n++] = position;
}

/* A pseudo-random position (xorshift64*). */
static uint64_t draw_position(struct sample_set *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->begin + s->random * UINT64_C(0x2545F4914F6CDD1D) % (s->end - s->begin);
}

/* The last rows before a boundary and the first ones after it, those on the branch's grid included. */
static void add_boundary(struct sample_set *s, const struct branch *b, uint64_t boundary)
{
    uint64_t r = b->dilation_rate;
    add_position(s, boundary);
    add_position(s, boundary + 1);
    add_position(s, boundary + r);
    if (boundary == 0) return;
    add_position(s, boundary - 1);
    uint64_t last = (b->segment_length - 1) / r * r;
    add_position(s, boundary - b->segment_length + last);
}

static int ascending(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

size_t scale_check_sample(uint64_t positions[SCALE_MAX_SAMPLES], const struct attention *a, uint64_t begin,
                          uint64_t end)
{
    struct sample_set s = {.positions = positions, .begin = begin, .end = end, .random = UINT64_C(0x1F3D5B79)};
    if (end - begin <= SCALE_MIN_SAMPLES) {
        for (uint64_t p = begin; p < end; p++) add_position(&s, p);
        return s.n;
    }
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        uint64_t w = b->segment_length, p = draw_position(&s);
        add_boundary(&s, b, p - p % w);
        add_boundary(&s, b, (end - 1) - (end - 1) % w);
        for (int k = 0; k < 2; k++) {
            p = draw_position(&s);
            add_position(&s, p - p % w % b->dilation_rate);
        }
    }
    add_position(&s, end - 1);
    size_t enough = s.n + SCALE_MIN_SAMPLES / 2;
    if (enough < SCALE_MIN_SAMPLES) enough = SCALE_MIN_SAMPLES;
    if (enough > SCALE_MAX_SAMPLES) enough = SCALE_MAX_SAMPLES;
    if (enough > end - begin) enough = (size_t)(end - begin);
    while (s.n < enough) add_position(&s, draw_position(&s));
    qsort(positions, s.n, sizeof *positions, ascending);
    return s.n;
}

struct inputs {
    uint64_t seed;
    uint32_t head_dim;
};

static bool read_input(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct inputs *x = context;
    float row[256];
    scale_input_row(row, x->seed, scale_input_place(x->seed, position), column, x->head_dim);
    for (uint32_t i = 0; i < x->head_dim; i++) to[i] = (double)row[i];
    return true;
}

void scale_check_row(double *out, const struct attention *a, uint64_t seed, uint32_t head, uint64_t position)
{
    const struct definition d = {a, 0, position + 1, true, 0, read_input, &(struct inputs){seed, a->head_dim}, 0};
    definition_attend(&d, head, position, out, NULL);
}

struct check_job {
    const struct attention *shape;
    const uint64_t *positions;
    const float *rows;
    uint64_t seed;
    size_t first;
    double errors[SCALE_MAX_SAMPLES];
};

static void check_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    struct check_job *j = context;
    const size_t i = j->first + task;
    const uint32_t n_dim = j->shape->head_dim;
    const float *row = j->rows + i * j->shape->n_head * n_dim;
    double expected[256], worst = 0;
    for (uint32_t head = 0; head < j->shape->n_head; head++, row += n_dim) {
        scale_check_row(expected, j->shape, j->seed, head, j->positions[i]);
        for (uint32_t d = 0; d < n_dim; d++) worst = scale_check_larger(worst, fabs((double)row[d] - expected[d]));
    }
    j->errors[i] = worst;
}

double scale_check_larger(double a, double b)
{
    return isnan(b) || b > a ? b : a;
}

int scale_check_rows(double *max_error, const struct attention *a, uint64_t seed, const uint64_t *positions, size_t n,
                     const float *rows, struct backend *b, const struct scale_watch *watch, struct error *e)
{
    struct check_job job = {.shape = a, .positions = positions, .rows = rows, .seed = seed};
    const unsigned at_once = b->info.n_threads ? b->info.n_threads : 1;
    for (; job.first < n; job.first += at_once) {
        if (scale_run_check(watch, e) != 0) return -1;
        const size_t left = n - job.first;
        thread_pool_run(b->pool, left < at_once ? (unsigned)left : at_once, check_task, &job);
    }
    *max_error = 0;
    for (size_t i = 0; i < n; i++) *max_error = scale_check_larger(*max_error, job.errors[i]);
    return 0;
}
