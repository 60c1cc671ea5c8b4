/* What the CPU's back end is made of, and its matrices: where they lie, and products with them. */
#ifndef LECTERN_MATRIX_CPU_H
#define LECTERN_MATRIX_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/product.h"
#include "compute/weight_rows.h"

struct scratch {
    float *data; /* owned */
    size_t capacity;
};

struct backend_cpu {
    struct backend base;
    enum product_precision precision;              /* of weights that are not used yet */
    struct products *products[PRODUCT_PRECISIONS]; /* owned; NULL: none of it yet */
    struct scratch *thread;                        /* one a thread */
    struct scratch *tile;                          /* one a thread: weights as float32 */
    struct scratch gates;                          /* gate, up and what they make of some rows */
    struct scratch rotated;                        /* the chunk's rotated keys */
    struct error failure;                          /* the first one since the last flush; text[0] == 0: none */
};

/* Room for n floats, 64-byte aligned; NULL without memory. */
float *matrix_cpu_scratch(struct scratch *s, size_t n);

/* The same for every thread, before a job; false, and the failure noted, without memory. */
bool matrix_cpu_scratch_for_threads(struct backend_cpu *b, size_t n);

/* Elements of a matrix that is not in blocks, nor packed alone. */
float *matrix_cpu_data(const struct matrix *m);

/* Before a job that multiplies n rows with w: packs the weights, makes room. False, and the failure noted, where that
 * fails. */
bool matrix_cpu_prepare(struct backend_cpu *b, const struct matrix *w, uint32_t n);

/* How a job is shared out: rows, MATRIX_CPU_ROWS at most, and columns of one task. */
enum { MATRIX_CPU_ROWS = 256 };
struct cut {
    uint32_t rows, columns;
};

/* Rows of a task where n of them are shared out, `times` over (heads), in steps of `least`: so few that every thread
 * has several tasks, since cores differ in speed and are not all ours. */
uint32_t matrix_cpu_task_rows(const struct backend *b, uint32_t n, uint32_t times, uint32_t least, uint32_t most);

/* How a product of n rows with w is best cut, in a job of `all` rows that was prepared. */
struct cut matrix_cpu_cut(const struct matrix *w, uint32_t n, uint32_t all);

/* Whether that cuts rows alone. */
bool matrix_cpu_cuts_rows(const struct matrix *w, uint32_t n);

/* out[i][j] = (add ? the same : 0) + x[i] . w[column + j], i in [0, n), j in [0, columns), in a job of `all` rows that
 * was prepared; begins and ends where matrix_cpu_cut cuts. Rows of out are `stride` apart, x is dense. */
void matrix_cpu_product(struct backend_cpu *b, unsigned thread, const struct matrix *w, uint32_t column,
                        uint32_t columns, const float *x, uint32_t n, uint32_t all, bool add, float *out,
                        size_t stride);

/* Row `row` of weights as float32 into `to`, from any thread; before it, that rows will be wanted. */
void matrix_cpu_keep_rows(const struct matrix *w);
void matrix_cpu_row(const struct matrix *w, uint32_t row, float *to);

/* The table's entries (compute/backend.h). */
int matrix_cpu_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
int matrix_cpu_load(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                    struct error *e);
void matrix_cpu_close(struct matrix *m);
int matrix_cpu_write(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e);
int matrix_cpu_read(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e);
uint64_t matrix_cpu_fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to);
void matrix_cpu_start(struct backend *b);
bool matrix_cpu_done(struct backend *b, uint64_t ticket);
void matrix_cpu_copy(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row, uint32_t n_rows);
int matrix_cpu_flush(struct backend *b, struct error *e);

#endif
