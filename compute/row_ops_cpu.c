#include "compute/row_ops_cpu.h"

#include <assert.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/loops.h"
#include "compute/matrix_cpu.h"
#include "compute/ops.h"
#include "compute/rows_cpu.h"
#include "compute/thread_pool.h"

enum { ROWS = 32, COLUMNS = 256 }; /* of a task: few, so that a prompt of some hundred tokens has several */

static float *row_floats(const struct matrix *m)
{
    return matrix_cpu_data(m);
}

static void layer_norm_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct layer_norm *op = context;
    loops()->rows->layer_norm(row_floats(op->x) + (size_t)task * ROWS * op->x->cols, row_floats(op->weight),
                              row_floats(op->bias), op->eps, thread_pool_task_size(task, ROWS, op->n), op->x->cols);
    if (op->copy)
        memcpy(row_floats(op->copy) + (size_t)task * ROWS * op->x->cols,
               row_floats(op->x) + (size_t)task * ROWS * op->x->cols,
               thread_pool_task_size(task, ROWS, op->n) * op->x->cols * sizeof(float));
}

void row_ops_cpu_layer_norm(const struct layer_norm *op)
{
    assert(op->n <= op->x->rows && op->weight->cols == op->x->cols && op->bias->cols == op->x->cols);
    struct layer_norm copy = *op;
    thread_pool_run(op->x->backend->pool, thread_pool_tasks(op->n, ROWS), layer_norm_task, &copy);
}

static void norm_parts_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct norm_parts *op = context;
    const uint32_t n = thread_pool_task_size(task, ROWS, op->n), width = op->norm->cols;
    float *row = row_floats(op->x) + (size_t)task * ROWS * op->x->cols + op->begin;
    for (uint32_t i = 0; i < n; i++, row += op->x->cols)
        for (uint32_t k = 0; k < op->n_part; k++)
            loops()->rows->norm(row + k * width, row + k * width, row_floats(op->norm), op->eps, 1, width);
}

void row_ops_cpu_norm_parts(const struct norm_parts *op)
{
    assert(op->n <= op->x->rows && op->begin + (uint64_t)op->n_part * op->norm->cols <= op->x->cols);
    struct norm_parts copy = *op;
    thread_pool_run(op->x->backend->pool, thread_pool_tasks(op->n, ROWS), norm_parts_task, &copy);
}

static void norm_add_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct norm_add *op = context;
    const uint32_t d = op->x->cols;
    const size_t first = (size_t)task * ROWS * d;
    loops()->rows->norm_add(row_floats(op->x) + first, row_floats(op->y) + first, row_floats(op->norm), op->eps,
                            thread_pool_task_size(task, ROWS, op->n), d);
}

void row_ops_cpu_norm_add(const struct norm_add *op)
{
    assert(op->n <= op->x->rows && op->n <= op->y->rows && op->y->cols == op->x->cols && op->norm->cols == op->x->cols);
    struct norm_add copy = *op;
    thread_pool_run(op->x->backend->pool, thread_pool_tasks(op->n, ROWS), norm_add_task, &copy);
}

/* A row needs those before it: tasks are columns. */
static void short_conv_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct short_conv *op = context;
    const uint32_t d = op->out->cols, begin = task * COLUMNS, n = thread_pool_task_size(task, COLUMNS, d);
    const uint32_t taps = op->w->cols / d;
    for (uint32_t i = 0; i < op->n; i++) {
        const uint32_t row = op->position + i, known = row + 1 < taps ? row + 1 : taps;
        const float *x = row_floats(op->x) + (size_t)i * 3 * d + begin;
        float *kept = row_floats(op->kept) + (size_t)row * d + begin;
        loops()->rows->product(kept, x, x + 2 * (size_t)d, n);
        loops()->rows->conv(row_floats(op->out) + (size_t)i * d + begin, x + d, kept - (size_t)(known - 1) * d,
                            row_floats(op->w) + (size_t)(taps - known) * d + begin, known, d, n);
    }
}

void row_ops_cpu_short_conv(const struct short_conv *op)
{
    const uint32_t d = op->out->cols;
    assert(op->x->cols == 3 * d && op->kept->cols == d && op->w->cols % d == 0 && op->n <= op->out->rows &&
           op->n <= op->x->rows && (uint64_t)op->position + op->n <= op->kept->rows);
    struct short_conv copy = *op;
    thread_pool_run(op->out->backend->pool, thread_pool_tasks(d, COLUMNS), short_conv_task, &copy);
}
