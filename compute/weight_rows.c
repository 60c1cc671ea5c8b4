#include "compute/weight_rows.h"

#include <assert.h>
#include <string.h>

#include "compute/loops.h"
#include "compute/rows_cpu.h"
#include "compute/weight_dots.h"

/* The part that holds a row, with the row's number inside it. */
static const struct weights *part_of(const struct weight_rows *w, uint32_t *row)
{
    unsigned i = 0;
    while (*row >= w->parts[i].rows) *row -= w->parts[i++].rows;
    assert(i < w->n_parts);
    return &w->parts[i];
}

void weight_rows_dequantize(const struct weight_rows *w, uint32_t begin, uint32_t end, float *out)
{
    while (begin < end) {
        uint32_t row = begin;
        const struct weights *part = part_of(w, &row);
        uint32_t n = part->rows - row < end - begin ? part->rows - row : end - begin;
        weights_dequantize(part, row, row + n, out);
        out += (size_t)n * part->cols;
        begin += n;
    }
}

void weight_rows_multiply(const struct weight_rows *w, uint32_t begin, uint32_t end, const float *x, uint32_t n,
                          bool add, float *out, size_t stride, float *scratch)
{
    assert(n <= WEIGHT_ROWS_FEW);
    const struct weight_dots *dots = loops()->dots;
    for (uint32_t at = begin; at < end; at++) {
        uint32_t row = at;
        const struct weights *part = part_of(w, &row);
        const uint8_t *b = part->bytes + (size_t)row * part->row_bytes;
        const uint32_t cols = part->cols;
        float (*direct)(const uint8_t *, const float *, uint32_t) = n > 1                        ? NULL
                                                                    : part->type == WEIGHTS_Q4_0 ? dots->q4_0
                                                                    : part->type == WEIGHTS_Q4_1 ? dots->q4_1
                                                                    : part->type == WEIGHTS_Q8_0 ? dots->q8_0
                                                                                                 : NULL;
        if (!direct) weights_dequantize(part, row, row + 1, scratch);
        for (uint32_t i = 0; i < n; i++) {
            float *to = out + i * stride + (at - begin);
            float product = direct ? direct(b, x, cols) : loops()->rows->dot(scratch, x + (size_t)i * cols, cols);
            *to = (add ? *to : 0) + product;
        }
    }
}

bool weight_rows_are_small(const struct weight_rows *w, uint32_t n)
{
    for (unsigned i = 0; i < w->n_parts; i++) {
        const enum weights_type t = w->parts[i].type;
        if (weights_block_elements(t) == 1 || (t == WEIGHTS_Q8_0 && n > WEIGHT_ROWS_FEW_SMALL)) return false;
    }
    return true;
}

void weight_rows_multiply_small(const struct weight_rows *w, uint32_t begin, uint32_t end,
                                const struct block_elements *x, uint32_t n, bool add, float *out, size_t stride,
                                float *scratch)
{
    for (uint32_t at = begin, part_end; at < end; at = part_end) {
        uint32_t row = at;
        const struct weights *part = part_of(w, &row);
        part_end = part->rows - row < end - at ? at + (part->rows - row) : end;
        loops()->blocks->multiply(part, row, row + (part_end - at), x, n, add, out + (at - begin), stride, scratch);
    }
}
