/* The inputs of scale_input.h as rows of matrices. A processor makes those of a chunk anew; a GPU, to which bringing
 * them would take far longer than attending to them, is given all that there are once and copies. One thread. */
#ifndef LECTERN_SCALE_FEED_H
#define LECTERN_SCALE_FEED_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct error;
struct matrix;

struct scale_feed {
    struct backend *backend; /* borrowed until scale_feed_close */
    uint64_t seed;
    uint32_t width;      /* columns of the inputs */
    uint32_t batch_rows; /* of `batch` */
    float *batch;        /* [batch_rows][width], owned */
    struct matrix *all;  /* every row that there is, owned; NULL where they are made anew */
};

int scale_feed_open(struct scale_feed *f, struct backend *b, uint64_t seed, uint32_t width, struct error *e);
void scale_feed_close(struct scale_feed *f); /* zeros are closed already */
size_t scale_feed_memory(const struct scale_feed *f);

/* Rows that a device takes at once, at most; where so many cannot be had, batch_rows are. */
uint32_t scale_feed_chunk(const struct scale_feed *f);

/* The positions [first, first + n) into rows 0, 1, ... of `to`, activations of that width; n is at most a chunk. */
int scale_feed_rows(struct scale_feed *f, struct matrix *to, uint64_t first, uint32_t n, struct error *e);

/* Columns [column, column + to's) of n positions, first, first + stride, ..., into rows from to_row on. */
int scale_feed_columns(struct scale_feed *f, struct matrix *to, uint32_t to_row, uint64_t first, uint64_t stride,
                       uint32_t n, uint32_t column, struct error *e);

#endif
