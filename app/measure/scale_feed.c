#include "app/measure/scale_feed.h"

#include <stdlib.h>

#include "app/measure/scale_input.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/thread_pool.h"

enum { LEAST_ROWS = 256, MOST_ROWS = 16384, BATCH_BYTES = 32 << 20, TASK_ROWS = 256 };

/* What ranks give each other of a share grows little with it, so that a GPU takes more rows than the reader's chunks
 * have: so many times as many, in this part of its memory. */
enum { SHARE = 4, MEMORY = 16 };

struct make_job {
    float *to;
    uint64_t seed, first, stride;
    uint32_t n, column, n_cols;
    bool places; /* first, ... are places, not positions */
};

static void make_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct make_job *j = context;
    uint32_t end = (task + 1) * TASK_ROWS < j->n ? (task + 1) * TASK_ROWS : j->n;
    for (uint32_t i = task * TASK_ROWS; i < end; i++) {
        const uint64_t p = j->first + i * j->stride;
        scale_input_row(j->to + (size_t)i * j->n_cols, j->seed, j->places ? p : scale_input_place(j->seed, p),
                        j->column, j->n_cols);
    }
}

/* Batch after batch. */
static int make(struct scale_feed *f, struct matrix *to, uint32_t to_row, struct make_job job, uint32_t n,
                struct error *e)
{
    job.to = f->batch;
    job.seed = f->seed;
    job.n_cols = to->cols;
    for (uint32_t done = 0; done < n; done += job.n) {
        job.n = n - done < f->batch_rows ? n - done : f->batch_rows; /* no matrix is wider than the inputs */
        thread_pool_run(f->backend->pool, (job.n + TASK_ROWS - 1) / TASK_ROWS, make_task, &job);
        if (f->backend->ops->matrix_write(to, to_row + done, job.n, f->batch, e) != 0) return -1;
        job.first += job.n * job.stride;
    }
    return 0;
}

/* A device that cannot hold them is brought the rows of each chunk, as a processor is. */
static int open_all(struct scale_feed *f, struct error *e)
{
    struct error why;
    if (f->backend->ops->activations_open(&f->all, f->backend, SCALE_INPUT_PLACES, f->width, &why) != 0) return 0;
    return make(f, f->all, 0, (struct make_job){.stride = 1, .places = true}, SCALE_INPUT_PLACES, e);
}

int scale_feed_open(struct scale_feed *f, struct backend *b, uint64_t seed, uint32_t width, struct error *e)
{
    const size_t most = BATCH_BYTES / (width * sizeof *f->batch);
    *f = (struct scale_feed){.backend = b, .seed = seed, .width = width};
    f->batch_rows = most > MOST_ROWS ? MOST_ROWS : most < LEAST_ROWS ? LEAST_ROWS : (uint32_t)most;
    f->batch = malloc((size_t)f->batch_rows * width * sizeof *f->batch);
    if (!f->batch) return error_set_kind(e, ERROR_MEMORY, "out of memory for a chunk of %u rows", f->batch_rows);
    const bool processor = b->info.n_threads > 0;
    if (processor || open_all(f, e) == 0) return 0;
    scale_feed_close(f);
    return -1;
}

void scale_feed_close(struct scale_feed *f)
{
    if (f->all) f->backend->ops->matrix_close(f->all);
    free(f->batch);
    *f = (struct scale_feed){0};
}

size_t scale_feed_memory(const struct scale_feed *f)
{
    return (size_t)f->batch_rows * f->width * sizeof *f->batch + (f->all ? f->all->bytes : 0);
}

uint32_t scale_feed_chunk(const struct scale_feed *f)
{
    if (!f->all) return f->batch_rows;
    const uint32_t chunk = f->backend->info.chunk_rows, best = chunk > MOST_ROWS / SHARE ? chunk * SHARE : MOST_ROWS;
    const size_t most = f->backend->info.memory / MEMORY / (f->width * sizeof(float));
    return most > best ? best : most < f->batch_rows ? f->batch_rows : (uint32_t)most;
}

int scale_feed_rows(struct scale_feed *f, struct matrix *to, uint64_t first, uint32_t n, struct error *e)
{
    if (!f->all) return make(f, to, 0, (struct make_job){.first = first, .stride = 1}, n, e);
    for (uint32_t row = 0; row < n;) {
        const uint64_t position = first + row;
        const uint32_t run = SCALE_INPUT_RUN - (uint32_t)(position % SCALE_INPUT_RUN);
        const uint32_t part = n - row < run ? n - row : run;
        f->backend->ops->matrix_copy(to, row, f->all, (uint32_t)scale_input_place(f->seed, position), part);
        row += part;
    }
    return f->backend->ops->flush(f->backend, e);
}

int scale_feed_columns(struct scale_feed *f, struct matrix *to, uint32_t to_row, uint64_t first, uint64_t stride,
                       uint32_t n, uint32_t column, struct error *e)
{
    return make(f, to, to_row, (struct make_job){.first = first, .stride = stride, .column = column}, n, e);
}
