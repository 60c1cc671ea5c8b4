#include "compute/matrix_cpu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "compute/bytes.h"
#include "compute/loops.h"
#include "compute/thread_pool.h"
#include "compute/weights.h"

/* Weights of block types stay in their blocks from this many elements on: float32 would be seven times their bytes, and
 * a single token costs what its weights take to read. For many rows they become float32 a tile of weight rows at a
 * time. */
enum { BLOCKS_FROM = 1 << 18, FLOATS_MOST = 1 << 22, TILE = 128 };

/* Rows of elements that are in 8 bits at a time. */
enum { SMALL_ROWS = 256 };

/* Rows of a job that are few: a product with them takes what reading its weights takes. */
enum { FEW = 32 };

/* Tasks of a thread; rows and columns of a task. Each task unpacks its weights for its rows, or brings its rows into
 * the product's numbers for its columns: neither should be done for little. */
enum { TASKS = 4, ROWS_LEAST = 64, ROWS = MATRIX_CPU_ROWS, COLUMNS_LEAST = 64 };

struct matrix_cpu {
    struct matrix base;
    float *data; /* owned: mapped; NULL: packed alone */
    size_t mapped;
    struct weight_rows blocks;        /* n_parts > 0: weights in their blocks, which lie in data */
    struct product_weights *packed;   /* owned; NULL: not yet, or never */
    enum product_precision precision; /* of its products, once there was one */
    bool weights, looked_up, used;    /* it is weights; single rows of them, a product with them were wanted */
};

static const struct matrix_cpu *cpu(const struct matrix *m)
{
    return (const struct matrix_cpu *)m;
}

float *matrix_cpu_scratch(struct scratch *s, size_t n)
{
    if (n <= s->capacity) return s->data;
    size_t bytes;
    if (!bytes_multiply(&bytes, n, sizeof *s->data) || !bytes_add(&bytes, bytes, 63)) return NULL;
    float *grown = aligned_alloc(64, bytes & ~(size_t)63);
    if (!grown) return NULL;
    free(s->data);
    s->data = grown;
    s->capacity = n;
    return grown;
}

bool matrix_cpu_scratch_for_threads(struct backend_cpu *b, size_t n)
{
    for (unsigned i = 0; i < b->base.info.n_threads; i++)
        if (!matrix_cpu_scratch(&b->thread[i], n)) {
            error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for %zu elements of scratch space", n);
            return false;
        }
    return true;
}

float *matrix_cpu_data(const struct matrix *m)
{
    assert(cpu(m)->blocks.n_parts == 0 && cpu(m)->data);
    return cpu(m)->data;
}

/* ---- opening and loading ---- */

static int open_bytes(struct matrix_cpu **out, struct backend *b, uint32_t rows, uint32_t cols, size_t bytes,
                      struct error *e)
{
    struct matrix_cpu *m = calloc(1, sizeof *m);
    if (!m) return error_memory(e);
    m->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->data == MAP_FAILED) {
        free(m);
        return error_set_kind(e, ERROR_MEMORY, "out of memory for a matrix of %u rows and %u columns", rows, cols);
    }
    m->mapped = bytes;
    m->base = (struct matrix){.backend = b, .rows = rows, .cols = cols, .bytes = bytes};
    *out = m;
    return 0;
}

int matrix_cpu_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e)
{
    size_t bytes;
    if (!bytes_multiply(&bytes, rows, cols) || !bytes_multiply(&bytes, bytes, sizeof(float)) || bytes == 0)
        return error_set(e, "a matrix of %u rows and %u columns is not possible", rows, cols);
    struct matrix_cpu *m;
    if (open_bytes(&m, b, rows, cols, bytes, e) != 0) return -1;
    *out = &m->base;
    return 0;
}

void matrix_cpu_close(struct matrix *matrix)
{
    struct matrix_cpu *m = (struct matrix_cpu *)matrix;
    if (!m) return;
    if (m->data) munmap(m->data, m->mapped);
    product_weights_close(m->packed);
    free(m);
}

static bool stays_in_blocks(const struct weights *const parts[], unsigned n_parts)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < n_parts; i++) {
        if (weights_block_elements(parts[i]->type) == 1) return false;
        n += (uint64_t)parts[i]->rows * parts[i]->cols;
    }
    return n >= BLOCKS_FROM && n_parts <= 3;
}

static int load_blocks(struct matrix_cpu **out, struct backend *b, const struct weights *const parts[],
                       unsigned n_parts, uint32_t rows, struct error *e)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n_parts; i++) bytes += (parts[i]->rows * parts[i]->row_bytes + 63) & ~(size_t)63;
    struct matrix_cpu *m;
    if (open_bytes(&m, b, rows, parts[0]->cols, bytes, e) != 0) return -1;
    m->blocks.n_parts = n_parts;
    madvise(m->data, bytes, MADV_HUGEPAGE); /* every token of an answer reads all of it; without, a little slower */
    uint8_t *to = (uint8_t *)m->data;
    for (unsigned i = 0; i < n_parts; i++) {
        memcpy(to, parts[i]->bytes, parts[i]->rows * parts[i]->row_bytes);
        m->blocks.parts[i] = *parts[i];
        m->blocks.parts[i].bytes = to;
        to += (parts[i]->rows * parts[i]->row_bytes + 63) & ~(size_t)63;
    }
    *out = m;
    return 0;
}

int matrix_cpu_load(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                    struct error *e)
{
    assert(n_parts > 0);
    uint32_t rows = 0;
    for (unsigned i = 0; i < n_parts; i++) {
        assert(parts[i]->cols == parts[0]->cols);
        if (__builtin_add_overflow(rows, parts[i]->rows, &rows))
            return error_set(e, "a weight matrix has too many rows");
    }
    struct matrix_cpu *m;
    if (stays_in_blocks(parts, n_parts)) {
        if (load_blocks(&m, b, parts, n_parts, rows, e) != 0) return -1;
    } else {
        struct matrix *plain;
        if (matrix_cpu_open(&plain, b, rows, parts[0]->cols, e) != 0) return -1;
        m = (struct matrix_cpu *)plain;
        float *to = m->data;
        for (unsigned i = 0; i < n_parts; i++) {
            weights_dequantize(parts[i], 0, parts[i]->rows, to);
            to += (size_t)parts[i]->rows * parts[i]->cols;
        }
    }
    m->weights = true;
    *out = &m->base;
    return 0;
}

/* ---- host and device ---- */

int matrix_cpu_flush(struct backend *backend, struct error *e)
{
    struct backend_cpu *b = (struct backend_cpu *)backend;
    if (!b->failure.text[0]) return 0;
    error_copy(e, &b->failure);
    b->failure.text[0] = 0;
    return -1;
}

int matrix_cpu_write(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    memcpy(matrix_cpu_data(m) + (size_t)row * m->cols, from, (size_t)n_rows * m->cols * sizeof(float));
    return matrix_cpu_flush(m->backend, e);
}

uint64_t matrix_cpu_fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    memcpy(to, matrix_cpu_data(m) + (size_t)row * m->cols, (size_t)n_rows * m->cols * sizeof(float));
    return 0;
}

void matrix_cpu_start(struct backend *b)
{
    (void)b;
}

bool matrix_cpu_done(struct backend *b, uint64_t ticket)
{
    (void)b;
    (void)ticket;
    return true;
}

int matrix_cpu_read(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e)
{
    matrix_cpu_fetch(m, row, n_rows, to);
    return matrix_cpu_flush(m->backend, e);
}

void matrix_cpu_copy(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row, uint32_t n_rows)
{
    assert(to->cols == from->cols && n_rows <= to->rows - to_row && n_rows <= from->rows - from_row);
    memcpy(matrix_cpu_data(to) + (size_t)to_row * to->cols, matrix_cpu_data(from) + (size_t)from_row * from->cols,
           (size_t)n_rows * to->cols * sizeof(float));
}

void matrix_cpu_keep_rows(const struct matrix *w)
{
    ((struct matrix_cpu *)w)->looked_up = true;
}

void matrix_cpu_row(const struct matrix *w, uint32_t row, float *to)
{
    if (cpu(w)->blocks.n_parts)
        weight_rows_dequantize(&cpu(w)->blocks, row, row + 1, to);
    else
        memcpy(to, matrix_cpu_data(w) + (size_t)row * w->cols, w->cols * sizeof *to);
}

/* ---- products ---- */

/* Four bits a weight or so do not become eight: models that are packed so tightly are large, and write their answers
 * token by token. Nor do eight become 32, but where a matrix is a small model's. */
static bool is_packed(const struct matrix_cpu *m, uint32_t n)
{
    if (m->blocks.n_parts == 0) return n > FEW || m->precision != PRODUCT_FP32;
    for (unsigned i = 0; i < m->blocks.n_parts; i++)
        if (m->blocks.parts[i].type != WEIGHTS_Q8_0) return false;
    return n > FEW && (m->precision != PRODUCT_FP32 || (uint64_t)m->base.rows * m->base.cols <= FLOATS_MOST);
}

/* Products of blocks with elements in 8 bits (compute/block_product.h), in a job of n rows. */
static bool is_small(const struct matrix_cpu *m, uint32_t n)
{
    return m->precision == PRODUCT_INT8 && m->blocks.n_parts && weight_rows_are_small(&m->blocks, n);
}

/* Floats of the rows of elements, and of what the product takes besides. */
static size_t small_elements(uint32_t cols)
{
    return SMALL_ROWS * ((size_t)cols / 4 + cols / 8);
}

/* The rows in 8 bits, in the thread's tile, then the products. */
static void multiply_small(const struct matrix_cpu *m, float *tile, uint32_t column, uint32_t columns, const float *x,
                           uint32_t n, bool add, float *out, size_t stride)
{
    const size_t cols = m->base.cols;
    float *elements = tile + BLOCK_PRODUCT_SCRATCH * cols, *scales = elements + SMALL_ROWS * cols / 4;
    const struct block_elements e = {(int8_t *)elements, scales, scales + SMALL_ROWS * cols / 32,
                                     scales + SMALL_ROWS * cols * 3 / 32};
    for (uint32_t row = 0, part; row < n; row += part, x += part * cols, out += part * stride) {
        part = n - row < SMALL_ROWS ? n - row : SMALL_ROWS;
        loops()->blocks->quantise(&e, x, part, m->base.cols);
        weight_rows_multiply_small(&m->blocks, column, column + columns, &e, part, add, out, stride, tile);
    }
}

static int pack_weights(struct matrix_cpu *m, struct backend_cpu *b, struct error *e)
{
    struct matrix *base = &m->base;
    float *all = m->data;
    if (m->blocks.n_parts) {
        all = malloc((size_t)base->rows * base->cols * sizeof *all);
        if (!all) return error_memory(e);
        weight_rows_dequantize(&m->blocks, 0, base->rows, all);
    }
    struct products **products = &b->products[m->precision];
    int status = *products ? 0 : product_open(products, m->precision, b->base.info.n_threads, e);
    if (status == 0) status = product_weights_open(&m->packed, *products, all, base->rows, base->cols, e);
    if (all != m->data) free(all);
    if (status != 0) return -1;
    base->bytes += product_weights_bytes(m->packed);
    if (m->blocks.n_parts || m->looked_up || m->precision == PRODUCT_FP32) return 0;
    munmap(m->data, m->mapped); /* every product from now on is with what is packed */
    m->data = NULL;
    base->bytes -= m->mapped;
    return 0;
}

bool matrix_cpu_prepare(struct backend_cpu *b, const struct matrix *w, uint32_t n)
{
    struct matrix_cpu *m = (struct matrix_cpu *)w;
    assert(m->weights);
    if (!m->used) m->precision = b->precision;
    m->used = true;
    if (is_packed(m, n)) return m->packed || pack_weights(m, b, &b->failure) == 0;
    const size_t tile =
        is_small(m, n) ? small_elements(w->cols) + BLOCK_PRODUCT_SCRATCH * (size_t)w->cols : (size_t)TILE * w->cols;
    for (unsigned i = 0; m->blocks.n_parts && i < b->base.info.n_threads; i++)
        if (!matrix_cpu_scratch(&b->tile[i], tile)) {
            error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for a tile of weights");
            return false;
        }
    return true;
}

uint32_t matrix_cpu_task_rows(const struct backend *b, uint32_t n, uint32_t times, uint32_t least, uint32_t most)
{
    const unsigned threads = b->info.n_threads;
    if (threads == 1) return most;
    const uint32_t even = thread_pool_tasks(n, thread_pool_tasks(TASKS * threads, times)),
                   each = thread_pool_tasks(even, least) * least;
    return each < most ? each : most;
}

/* Weights in blocks are unpacked for every block of rows: their rows are together and their columns are shared out. */
struct cut matrix_cpu_cut(const struct matrix *w, uint32_t n, uint32_t all)
{
    assert(cpu(w)->used);
    const bool packed = is_packed(cpu(w), all);
    const uint32_t rows = packed ? matrix_cpu_task_rows(w->backend, n, 1, ROWS_LEAST, ROWS) : ROWS;
    const unsigned threads = w->backend->info.n_threads;
    const uint32_t parts = threads == 1 ? 1 : thread_pool_tasks(TASKS * threads, thread_pool_tasks(n, rows));
    const uint32_t unit = packed ? PRODUCT_STRIPE : COLUMNS_LEAST;
    return (struct cut){rows, thread_pool_tasks(thread_pool_tasks(w->rows, parts), unit) * unit};
}

bool matrix_cpu_cuts_rows(const struct matrix *w, uint32_t n)
{
    return is_packed(cpu(w), n) && matrix_cpu_cut(w, n, n).columns >= w->rows;
}

void matrix_cpu_product(struct backend_cpu *b, unsigned thread, const struct matrix *w, uint32_t column,
                        uint32_t columns, const float *x, uint32_t n, uint32_t all, bool add, float *out, size_t stride)
{
    const struct matrix_cpu *m = cpu(w);
    const struct weight_rows *blocks = &m->blocks;
    float *tile = b->tile[thread].data;
    if (is_packed(m, all)) {
        product_run(m->packed, thread, column, column + columns, x, n, add, out, stride);
    } else if (blocks->n_parts == 0) {
        product_plain(n, columns, w->cols, x, m->data + (size_t)column * w->cols, add, out, stride);
    } else if (is_small(m, all)) {
        multiply_small(m, tile, column, columns, x, n, add, out, stride);
    } else if (n <= WEIGHT_ROWS_FEW) {
        weight_rows_multiply(blocks, column, column + columns, x, n, add, out, stride, tile);
    } else {
        for (uint32_t done = 0, part; done < columns; done += part) {
            part = columns - done < TILE ? columns - done : TILE;
            weight_rows_dequantize(blocks, column + done, column + done + part, tile);
            product_plain(n, part, w->cols, x, tile, add, out + done, stride);
        }
    }
}
