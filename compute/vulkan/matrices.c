/* Matrices on the device. Weights keep the precision of the file where the shaders can unpack it: F32, F16 and BF16 as
 * they are, the block formats with their quants first and their scales behind, so that both are read by whole words.
 * What is small is kept in float16 where products multiply in it: nothing is left to unpack, and a cache holds it. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/block_lanes.h"
#include "compute/bytes.h"
#include "compute/vulkan/half.h"
#include "compute/vulkan/vulkan.h"
#include "compute/weights.h"

enum { BLOCK = 32, LOAD_BYTES = 1 << 20, SMALL = 1 << 22 };

bool vulkan_reserve(struct vulkan *v, struct vulkan_scratch *s, uint64_t words, const char *name)
{
    if (words * 4 <= s->buffer.bytes) return true;
    stream_drain(v->stream); /* the old memory may be in use */
    struct arena_buffer grown;
    struct error why;
    if (arena_buffer_open(&grown, v->arena, words * 4, name, &why) != 0) {
        stream_fail(v->stream, &why);
        return false;
    }
    arena_buffer_close(&s->buffer, v->arena);
    s->buffer = grown;
    stream_fill(v->stream, grown.buffer, 0, words * 4, 0);
    return true;
}

const struct pipeline *vulkan_pipeline(struct vulkan *v, enum shader shader, const uint32_t *constants, uint32_t n)
{
    struct error why;
    const struct pipeline *p = pipelines_get(v->pipelines, shader, constants, n, &why);
    if (!p) stream_fail(v->stream, &why);
    return p;
}

static int open_words(struct vulkan_matrix **out, struct vulkan *v, uint32_t rows, uint32_t cols, uint32_t stride,
                      const char *what, struct error *e)
{
    size_t bytes;
    if (!bytes_multiply(&bytes, rows, stride) || !bytes_multiply(&bytes, bytes, 4) || bytes == 0 ||
        (size_t)stride * 4 > STREAM_STAGING_BYTES)
        return error_set_kind(e, ERROR_DEVICE, "a matrix of %u rows and %u columns is not possible", rows, cols);
    char name[64];
    snprintf(name, sizeof name, "%s %u x %u", what, rows, cols);
    struct vulkan_matrix *m = calloc(1, sizeof *m);
    if (!m) return error_memory(e);
    if (arena_buffer_open(&m->buffer, v->arena, bytes, name, e) != 0) {
        free(m);
        return -1;
    }
    m->base = (struct matrix){.backend = &v->base, .rows = rows, .cols = cols, .bytes = bytes};
    m->stride = stride;
    *out = m;
    return 0;
}

static int open_numbers(struct matrix **out, struct vulkan *v, uint32_t rows, uint32_t cols, bool half, struct error *e)
{
    struct vulkan_matrix *m = NULL;
    if (cols > UINT32_MAX - 7) return error_set_kind(e, ERROR_DEVICE, "a matrix of %u columns is not possible", cols);
    if (open_words(&m, v, rows, cols, vulkan_stride(cols, half), half ? "activations" : "matrix", e) != 0) return -1;
    m->half = half;
    stream_fill(v->stream, m->buffer.buffer, 0, m->buffer.bytes, 0);
    *out = &m->base;
    return 0;
}

int vulkan_matrix_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e)
{
    return open_numbers(out, (struct vulkan *)b, rows, cols, false, e);
}

int vulkan_activations_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e)
{
    return open_numbers(out, (struct vulkan *)b, rows, cols, vulkan_half((struct vulkan *)b), e);
}

/* How a file's type lies on the device, and the words of a row. */
static uint32_t format_of(uint32_t type, uint32_t padded, uint32_t *stride)
{
    const uint32_t blocks = padded / BLOCK;
    switch (type) {
    case WEIGHTS_F16:
    case WEIGHTS_BF16:
        *stride = padded / 2;
        return type == WEIGHTS_F16 ? FORMAT_F16 : FORMAT_BF16;
    case WEIGHTS_Q8_0:
        *stride = vulkan_stride(padded / 4 + (blocks + 1) / 2, false);
        return FORMAT_Q8;
    case WEIGHTS_Q4_0:
    case WEIGHTS_Q4_1:
    case WEIGHTS_Q4_K:
        *stride = vulkan_stride(padded / 8 + blocks, false);
        return type == WEIGHTS_Q4_0 ? FORMAT_Q4_0 : FORMAT_Q4_1;
    case WEIGHTS_Q5_0:
    case WEIGHTS_Q5_1:
    case WEIGHTS_Q5_K:
        *stride = vulkan_stride(padded / 8 + 2 * blocks, false);
        return FORMAT_Q5;
    case WEIGHTS_Q6_K:
        *stride = vulkan_stride(padded / 8 + 3 * blocks, false);
        return FORMAT_Q6;
    default:
        *stride = padded;
        return FORMAT_F32;
    }
}

static void pack_q8(uint8_t *to, const uint8_t *from, uint32_t cols)
{
    for (uint32_t i = 0; i < cols / BLOCK; i++, from += 2 + BLOCK) {
        memcpy(to + i * BLOCK, from + 2, BLOCK);
        memcpy(to + cols + 2 * i, from, 2);
    }
}

/* The file's byte i of a block holds elements i and i + 16; here word k holds elements 8 k to 8 k + 7. */
static void pack_q4(uint8_t *to, const uint8_t *from, uint32_t cols, bool has_minimum)
{
    for (uint32_t i = 0; i < cols / BLOCK; i++) {
        const uint32_t scales = has_minimum ? 4 : 2;
        memcpy(to + cols / 2 + 4 * i, from, scales);
        from += scales;
        for (uint32_t k = 0; k < BLOCK; k += 2) {
            int shift = k < 16 ? 0 : 4;
            unsigned low = from[k % 16] >> shift & 15, high = from[k % 16 + 1] >> shift & 15;
            to[i * BLOCK / 2 + k / 2] = (uint8_t)(low | high << 4);
        }
        from += BLOCK / 2;
    }
}

static void put_scales(uint8_t *to, float first, float second)
{
    const uint16_t halves[] = {half_of(first), half_of(second)};
    memcpy(to, halves, sizeof halves);
}

/* The bits of numbers that are above their lower four, `each` of a number, to[] full from its lowest bits on. */
static void pack_high_bits(uint8_t *to, const uint8_t *q, uint32_t cols, uint32_t each)
{
    for (uint32_t i = 0; i < cols; i++) to[i * each / 8] |= (uint8_t)(q[i] >> 4 << i * each % 8);
}

/* Types whose scales are products, or whose numbers have a fifth bit: taken apart, scale and minimum of a span rounded
 * to float16. `elements`: room for a row of floats. `to` holds zeros. */
static void pack_spans(uint8_t *to, const struct weights *w, uint32_t row, uint32_t format, float *elements)
{
    const uint32_t cols = w->cols;
    const struct row r = {(uint8_t *)elements, elements + cols / 4, elements + cols / 4 + cols / 16};
    open_row(&r, w, row);
    for (uint32_t i = 0; i < cols / 2; i++) to[i] = (uint8_t)((r.q[2 * i] & 15) | r.q[2 * i + 1] << 4);
    to += cols / 2;
    if (format == FORMAT_Q6) {
        pack_high_bits(to, r.q, cols, 2);
        for (uint32_t i = 0; i < cols / BLOCK; i++)
            put_scales(to + cols / 4 + 4 * i, r.scale[2 * i], r.scale[2 * i + 1]); /* the minimum is -32 scale */
        return;
    }
    if (format == FORMAT_Q5) {
        pack_high_bits(to, r.q, cols, 1);
        to += cols / 8;
    }
    for (uint32_t i = 0; i < cols / BLOCK; i++) put_scales(to + 4 * i, r.scale[i], r.least[i]);
}

static void pack_half(uint8_t *to, const struct weights *w, uint32_t row, float *elements)
{
    weights_dequantize(w, row, row + 1, elements);
    for (uint32_t i = 0; i < w->cols; i++) {
        uint16_t half = half_of(elements[i]);
        memcpy(to + 2 * (size_t)i, &half, sizeof half);
    }
}

/* elements: room for a row. */
static void pack_row(uint8_t *to, const struct weights *w, uint32_t row, uint32_t format, float *elements)
{
    const uint8_t *from = w->bytes + row * w->row_bytes;
    if (format == FORMAT_Q8)
        pack_q8(to, from, w->cols);
    else if (format == FORMAT_Q5 || format == FORMAT_Q6 || (format == FORMAT_Q4_1 && w->type == WEIGHTS_Q4_K))
        pack_spans(to, w, row, format, elements);
    else if (format == FORMAT_Q4_0 || format == FORMAT_Q4_1)
        pack_q4(to, from, w->cols, format == FORMAT_Q4_1);
    else if (format == FORMAT_F32)
        weights_dequantize(w, row, row + 1, (float *)(void *)to);
    else if (format == FORMAT_F16 && w->type != WEIGHTS_F16)
        pack_half(to, w, row, elements);
    else
        memcpy(to, from, w->row_bytes);
}

static int load_part(struct vulkan_matrix *m, uint32_t first, const struct weights *w, struct error *e)
{
    const size_t row_bytes = (size_t)m->stride * 4;
    const uint32_t at_once = row_bytes < LOAD_BYTES ? (uint32_t)(LOAD_BYTES / row_bytes) : 1;
    uint8_t *rows = malloc(at_once * row_bytes);
    float *elements = malloc(w->cols * sizeof *elements);
    if (!rows || !elements) {
        free(rows);
        free(elements);
        return error_memory(e);
    }
    for (uint32_t row = 0, n; row < w->rows; row += n) {
        n = w->rows - row < at_once ? w->rows - row : at_once;
        memset(rows, 0, n * row_bytes);
        for (uint32_t i = 0; i < n; i++) pack_row(rows + i * row_bytes, w, row + i, m->format, elements);
        stream_write(vulkan_of(&m->base)->stream, m->buffer.buffer, (first + row) * row_bytes, row_bytes, rows,
                     row_bytes, n);
    }
    free(rows);
    free(elements);
    return 0;
}

int vulkan_matrix_load(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                       struct error *e)
{
    const uint32_t cols = parts[0]->cols;
    uint32_t rows = 0;
    bool same = true;
    for (unsigned i = 0; i < n_parts; i++) {
        assert(parts[i]->cols == cols);
        same &= parts[i]->type == parts[0]->type;
        if (__builtin_add_overflow(rows, parts[i]->rows, &rows))
            return error_set_kind(e, ERROR_DEVICE, "a weight matrix has too many rows");
    }
    if (cols > UINT32_MAX / 8) return error_set_kind(e, ERROR_DEVICE, "a matrix of %u columns is not possible", cols);
    /* A single row is a vector that is multiplied in: float32. So is what the shaders do not unpack, and what differs
     * from part to part, but for the tiers that multiply in float16. */
    const uint32_t padded = vulkan_ceil(cols, BLOCK) * BLOCK;
    uint32_t stride, format = format_of(same && rows > 1 ? (uint32_t)parts[0]->type : WEIGHTS_F32, padded, &stride);
    const bool unpacked = format == FORMAT_F32 || (format == FORMAT_Q8 && (uint64_t)rows * cols <= SMALL);
    if (unpacked && rows > 1 && ((struct vulkan *)b)->tier != GPU_FP32)
        format = format_of(WEIGHTS_F16, padded, &stride);
    struct vulkan_matrix *m = NULL;
    if (open_words(&m, (struct vulkan *)b, rows, cols, stride, "weights", e) != 0) return -1;
    m->format = format;
    for (unsigned i = 0, first = 0; i < n_parts; first += parts[i++]->rows)
        if (load_part(m, first, parts[i], e) != 0) {
            vulkan_matrix_close(&m->base);
            return -1;
        }
    *out = &m->base;
    return 0;
}

void vulkan_matrix_close(struct matrix *matrix)
{
    if (!matrix) return;
    struct vulkan *v = vulkan_of(matrix);
    struct vulkan_matrix *m = (struct vulkan_matrix *)matrix;
    stream_drain(v->stream);
    arena_buffer_close(&m->buffer, v->arena);
    free(m);
}

/* Waiting is not needed: the rows are copied now, and reach the matrix in order. */
int vulkan_matrix_write(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    const uint64_t pitch = (uint64_t)vulkan_matrix_of(m)->stride * 4;
    uint16_t *halves = NULL;
    const bool half = vulkan_matrix_of(m)->half;
    if (half && !m->raw) {
        const size_t n = (size_t)n_rows * m->cols;
        halves = malloc(n * sizeof *halves);
        if (!halves) return error_memory(e);
        for (size_t i = 0; i < n; i++) halves[i] = half_of(((const float *)from)[i]);
        from = halves;
    }
    stream_write(vulkan_of(m)->stream, vulkan_matrix_of(m)->buffer.buffer, row * pitch, pitch, from,
                 (uint64_t)m->cols * (half ? 2 : 4), n_rows);
    free(halves);
    return 0;
}

static int waited(struct vulkan *v, int status)
{
    if (status != 0) v->attend_plan.valid = false; /* it may not have reached the device */
    return status;
}

static void fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    const struct vulkan_matrix *from = vulkan_matrix_of(m);
    const uint64_t pitch = (uint64_t)from->stride * 4;
    stream_fetch(vulkan_of(m)->stream, from->buffer.buffer, row * pitch, pitch, to,
                 (uint64_t)m->cols * (from->half ? 2 : 4), n_rows, from->half && !m->raw);
}

int vulkan_matrix_read(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e)
{
    fetch(m, row, n_rows, to);
    return vulkan_flush(m->backend, e);
}

uint64_t vulkan_matrix_fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to)
{
    fetch(m, row, n_rows, to);
    return stream_ticket(vulkan_of(m)->stream);
}

void vulkan_start(struct backend *b)
{
    stream_submit(((struct vulkan *)b)->stream);
}

bool vulkan_done(struct backend *b, uint64_t ticket)
{
    return stream_done(((struct vulkan *)b)->stream, ticket);
}

int vulkan_wait(struct backend *b, uint64_t ticket, struct error *e)
{
    struct vulkan *v = (struct vulkan *)b;
    return waited(v, stream_wait_for(v->stream, ticket, e));
}

void vulkan_matrix_copy(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row,
                        uint32_t n_rows)
{
    assert(to->cols == from->cols && vulkan_matrix_of(to)->half == vulkan_matrix_of(from)->half &&
           n_rows <= to->rows - to_row && n_rows <= from->rows - from_row);
    if (n_rows == 0) return;
    const uint64_t pitch = (uint64_t)vulkan_matrix_of(to)->stride * 4;
    stream_copy(vulkan_of(to)->stream, vulkan_matrix_of(to)->buffer.buffer, to_row * pitch,
                vulkan_matrix_of(from)->buffer.buffer, from_row * pitch, n_rows * pitch);
}

int vulkan_flush(struct backend *b, struct error *e)
{
    struct vulkan *v = (struct vulkan *)b;
    return waited(v, stream_wait(v->stream, e));
}
