#include "compute/product.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/loops.h"
#include "compute/rows_cpu.h"

/* Rows of one call of a kernel; the rest of a block is made of calls with few rows. */
enum { MANY = 64, FEW = 8, STRIPE = PRODUCT_STRIPE };

enum { SOURCE, WEIGHTS, RESULT, SCRATCH, N_MEMORIES };
static const int arguments[N_MEMORIES] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};

/* A product of m rows of k elements with n columns, for every thread. */
struct kernel {
    struct kernel *next;
    uint32_t m, n, k;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t weights;
    dnnl_memory_t (*memory)[N_MEMORIES]; /* [threads]; they own no bytes */
};

/* Bytes of one thread: [MANY][k] elements of a source, their scales, [MANY][STRIPE] results, and the library's own. */
struct room {
    uint8_t *bytes; /* owned */
    size_t source, scales, results, library, all;
};

struct products {
    enum product_precision precision;
    unsigned n_threads;
    dnnl_engine_t engine;
    dnnl_stream_t *streams; /* [threads] */
    struct kernel *kernels;
    struct room *rooms; /* [threads] */
};

struct stripe {
    const struct kernel *many, *few;
    void *packed; /* owned */
    size_t bytes;
};

struct product_weights {
    struct products *products; /* borrowed */
    uint32_t rows, cols;
    struct stripe *stripes;
    float *scale;  /* [rows], with int8: of a weight row */
    int32_t *zero; /* [rows], with int8: what the sums hold too much */
};

/* Debian's oneDNN runs its loops with OpenMP, whose number of threads is each calling thread's own. */
void omp_set_num_threads(int n);

static void run_alone(void)
{
    static _Thread_local bool told;
    if (told) return;
    omp_set_num_threads(1);
    openblas_set_num_threads(1);
    told = true;
}

const char *product_precision_name(enum product_precision p)
{
    static const char *const names[] = {[PRODUCT_FP32] = "fp32", [PRODUCT_BF16] = "bf16", [PRODUCT_INT8] = "int8"};
    return names[p];
}

static bool has_avx2(void)
{
#ifdef __x86_64__
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2;
#else
    return false;
#endif
}

bool product_precision_find(const char *name, enum product_precision *p)
{
    *p = has_avx2() ? PRODUCT_INT8 : PRODUCT_FP32;
    if (strcmp(name, "auto") == 0) return true;
    for (int i = PRODUCT_FP32; i <= PRODUCT_INT8; i++) {
        *p = (enum product_precision)i;
        if (strcmp(name, product_precision_name(*p)) == 0) return true;
    }
    return false;
}

static int check_status(dnnl_status_t status, const char *what, struct error *e)
{
    return status == dnnl_success ? 0 : error_set(e, "oneDNN: %s failed (status %d)", what, (int)status);
}

int product_open(struct products **out, enum product_precision precision, unsigned n_threads, struct error *e)
{
    run_alone();
    struct products *p = calloc(1, sizeof *p);
    if (!p) return error_memory(e);
    p->precision = precision;
    p->n_threads = n_threads;
    p->rooms = calloc(n_threads, sizeof *p->rooms);
    p->streams = calloc(n_threads, sizeof(dnnl_stream_t));
    int status = p->rooms && p->streams
                     ? check_status(dnnl_engine_create(&p->engine, dnnl_cpu, 0), "opening the processor", e)
                     : error_memory(e);
    for (unsigned i = 0; status == 0 && i < n_threads; i++)
        status = check_status(dnnl_stream_create(&p->streams[i], p->engine, dnnl_stream_default_flags),
                              "opening a stream", e);
    if (status != 0) {
        product_close(p);
        return -1;
    }
    *out = p;
    return 0;
}

static void kernel_close(struct kernel *k, unsigned n_threads)
{
    for (unsigned i = 0; k->memory && i < n_threads; i++)
        for (int j = 0; j < N_MEMORIES; j++) dnnl_memory_destroy(k->memory[i][j]);
    free(k->memory);
    dnnl_primitive_destroy(k->primitive);
    free(k);
}

void product_close(struct products *p)
{
    if (!p) return;
    for (struct kernel *k = p->kernels, *next; k; k = next) {
        next = k->next;
        kernel_close(k, p->n_threads);
    }
    for (unsigned i = 0; i < p->n_threads; i++) {
        if (p->streams) dnnl_stream_destroy(p->streams[i]);
        if (p->rooms) free(p->rooms[i].bytes);
    }
    if (p->engine) dnnl_engine_destroy(p->engine);
    free(p->streams);
    free(p->rooms);
    free(p);
}

/* ---- kernels ---- */

/* Sums of bf16 are those of float32 on processors without its instructions. */
static bool multiplies_bf16(void)
{
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static void types_of(enum product_precision p, dnnl_data_type_t types[3])
{
    const bool bf16 = p == PRODUCT_BF16 && multiplies_bf16();
    types[SOURCE] = p == PRODUCT_INT8 ? dnnl_u8 : bf16 ? dnnl_bf16 : dnnl_f32;
    types[WEIGHTS] = p == PRODUCT_INT8 ? dnnl_s8 : bf16 ? dnnl_bf16 : dnnl_f32;
    types[RESULT] = p == PRODUCT_INT8 ? dnnl_s32 : dnnl_f32;
}

static size_t element(dnnl_data_type_t type)
{
    return type == dnnl_u8 || type == dnnl_s8 ? 1 : type == dnnl_bf16 ? 2 : 4;
}

/* `packed`: how weights lie already; NULL: as the library likes it. */
static int describe_kernel(dnnl_primitive_desc_t *out, const struct products *p, const struct kernel *k,
                           const dnnl_memory_desc_t *packed, struct error *e)
{
    dnnl_data_type_t types[3];
    types_of(p->precision, types);
    dnnl_memory_desc_t source, weights, result;
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes;
    dnnl_status_t s = dnnl_memory_desc_init_by_tag(&source, 2, (dnnl_dims_t){k->m, k->k}, types[SOURCE], dnnl_ab);
    if (!s) s = dnnl_memory_desc_init_by_tag(&result, 2, (dnnl_dims_t){k->m, k->n}, types[RESULT], dnnl_ab);
    if (!s && packed) weights = *packed;
    if (!s && !packed)
        s = dnnl_memory_desc_init_by_tag(&weights, 2, (dnnl_dims_t){k->k, k->n}, types[WEIGHTS], dnnl_format_tag_any);
    if (!s) s = dnnl_matmul_desc_init(&product, &source, &weights, NULL, &result);
    if (!s) s = dnnl_primitive_attr_create(&attributes);
    if (s) return check_status(s, "describing a product", e);
    s = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (!s) s = dnnl_primitive_desc_create(out, &product, attributes, p->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return check_status(s, "finding a kernel", e);
}

static size_t align(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Every thread has room for one more kernel. */
static int reserve_room(struct products *p, const struct kernel *k, size_t library, struct error *e)
{
    dnnl_data_type_t types[3];
    types_of(p->precision, types);
    for (unsigned i = 0; i < p->n_threads; i++) {
        struct room *r = &p->rooms[i], more = *r;
        const size_t source = align((size_t)MANY * k->k * element(types[SOURCE]));
        more.source = source > r->source ? source : r->source;
        more.scales = align(MANY * sizeof(float));
        more.results = align((size_t)MANY * STRIPE * sizeof(float));
        more.library = library > r->library ? align(library) : r->library;
        more.all = more.source + more.scales + more.results + more.library;
        if (more.all == r->all) continue;
        more.bytes = aligned_alloc(64, more.all);
        if (!more.bytes) return error_set_kind(e, ERROR_MEMORY, "out of memory for products");
        memset(more.bytes, 0, more.all); /* rows that a call has too many of are numbers */
        free(r->bytes);
        *r = more;
    }
    return 0;
}

static int kernel_make(struct kernel *k, struct products *p, const dnnl_memory_desc_t *packed, struct error *e)
{
    dnnl_primitive_desc_t d;
    if (describe_kernel(&d, p, k, packed, e) != 0) return -1;
    const dnnl_query_t which[N_MEMORIES] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md,
                                            dnnl_query_scratchpad_md};
    const dnnl_memory_desc_t *described[N_MEMORIES];
    for (int j = 0; j < N_MEMORIES; j++) described[j] = dnnl_primitive_desc_query_md(d, which[j], 0);
    k->weights = *described[WEIGHTS];
    k->memory = calloc(p->n_threads, sizeof *k->memory);
    int status = k->memory ? reserve_room(p, k, dnnl_memory_desc_get_size(described[SCRATCH]), e)
                           : error_set_kind(e, ERROR_MEMORY, "out of memory for products");
    if (status == 0) status = check_status(dnnl_primitive_create(&k->primitive, d), "making a kernel", e);
    for (unsigned i = 0; status == 0 && i < p->n_threads; i++)
        for (int j = 0; status == 0 && j < N_MEMORIES; j++)
            status = check_status(dnnl_memory_create(&k->memory[i][j], described[j], p->engine, DNNL_MEMORY_NONE),
                                  "describing memory", e);
    dnnl_primitive_desc_destroy(d);
    return status;
}

/* NULL: it cannot be made. */
static const struct kernel *kernel_for(struct products *p, uint32_t m, uint32_t n, uint32_t k,
                                       const dnnl_memory_desc_t *packed, struct error *e)
{
    for (const struct kernel *have = p->kernels; have; have = have->next)
        if (have->m == m && have->n == n && have->k == k) return have;
    struct kernel *made = calloc(1, sizeof *made);
    if (!made) {
        error_set_kind(e, ERROR_MEMORY, "out of memory for products");
        return NULL;
    }
    *made = (struct kernel){.m = m, .n = n, .k = k};
    if (kernel_make(made, p, packed, e) != 0) {
        kernel_close(made, p->n_threads);
        return NULL;
    }
    made->next = p->kernels;
    p->kernels = made;
    return made;
}

/* ---- weights ---- */

/* w as it lies, in the kernel's numbers, reordered into what the kernel wants. */
static int pack_stripe(struct stripe *s, const struct products *p, const void *w, dnnl_data_type_t type,
                       struct error *e)
{
    const struct kernel *k = s->many;
    dnnl_memory_desc_t plain;
    dnnl_primitive_desc_t d = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t from = NULL, to = NULL;
    s->bytes = align(dnnl_memory_desc_get_size(&k->weights));
    s->packed = aligned_alloc(64, s->bytes);
    if (!s->packed) return error_set_kind(e, ERROR_MEMORY, "out of memory for weights");
    dnnl_status_t st = dnnl_memory_desc_init_by_tag(&plain, 2, (dnnl_dims_t){k->k, k->n}, type, dnnl_ba);
    if (!st) st = dnnl_reorder_primitive_desc_create(&d, &plain, p->engine, &k->weights, p->engine, NULL);
    if (!st) st = dnnl_primitive_create(&reorder, d);
    if (!st) st = dnnl_memory_create(&from, &plain, p->engine, (void *)w);
    if (!st) st = dnnl_memory_create(&to, &k->weights, p->engine, s->packed);
    if (!st) {
        const dnnl_exec_arg_t a[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        st = dnnl_primitive_execute(reorder, p->streams[0], 2, a);
    }
    if (!st) st = dnnl_stream_wait(p->streams[0]);
    dnnl_memory_destroy(from);
    dnnl_memory_destroy(to);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(d);
    return check_status(st, "packing weights", e);
}

/* Weight rows [begin, begin + n) into a stripe. */
static int stripe_open(struct product_weights *w, uint32_t begin, uint32_t n, const float *from, struct error *e)
{
    struct products *p = w->products;
    struct stripe *s = &w->stripes[begin / STRIPE];
    dnnl_data_type_t types[3];
    types_of(p->precision, types);
    if (!(s->many = kernel_for(p, MANY, n, w->cols, NULL, e)) ||
        !(s->few = kernel_for(p, FEW, n, w->cols, &s->many->weights, e)))
        return -1;
    const size_t numbers = (size_t)n * w->cols;
    void *converted = malloc(numbers * sizeof(float));
    if (!converted) return error_set_kind(e, ERROR_MEMORY, "out of memory for weights");
    if (p->precision == PRODUCT_INT8)
        loops()->rows->quantise_weights(converted, w->scale + begin, w->zero + begin, from, n, w->cols);
    else if (p->precision == PRODUCT_FP32)
        memcpy(converted, from, numbers * sizeof(float));
    else if (types[WEIGHTS] == dnnl_bf16)
        loops()->rows->to_bf16(converted, from, numbers);
    else
        loops()->rows->round_bf16(converted, from, numbers);
    int status = pack_stripe(s, p, converted, types[WEIGHTS], e);
    free(converted);
    return status;
}

int product_weights_open(struct product_weights **out, struct products *p, const float *from, uint32_t rows,
                         uint32_t cols, struct error *e)
{
    run_alone();
    struct product_weights *w = calloc(1, sizeof *w);
    if (!w) return error_set_kind(e, ERROR_MEMORY, "out of memory for weights");
    const uint32_t n = (rows + STRIPE - 1) / STRIPE;
    w->products = p;
    w->rows = rows;
    w->cols = cols;
    w->stripes = calloc(n, sizeof *w->stripes);
    w->scale = malloc(rows * sizeof *w->scale);
    w->zero = malloc(rows * sizeof *w->zero);
    int status = w->stripes && w->scale && w->zero ? 0 : error_set_kind(e, ERROR_MEMORY, "out of memory for weights");
    for (uint32_t begin = 0; status == 0 && begin < rows; begin += STRIPE)
        status = stripe_open(w, begin, rows - begin < STRIPE ? rows - begin : STRIPE, from + (size_t)begin * cols, e);
    if (status != 0) {
        product_weights_close(w);
        return -1;
    }
    *out = w;
    return 0;
}

void product_weights_close(struct product_weights *w)
{
    if (!w) return;
    for (uint32_t i = 0; w->stripes && i < (w->rows + STRIPE - 1) / STRIPE; i++) free(w->stripes[i].packed);
    free(w->stripes);
    free(w->scale);
    free(w->zero);
    free(w);
}

size_t product_weights_bytes(const struct product_weights *w)
{
    size_t bytes = w->rows * (sizeof *w->scale + sizeof *w->zero);
    for (uint32_t i = 0; i < (w->rows + STRIPE - 1) / STRIPE; i++) bytes += w->stripes[i].bytes;
    return bytes;
}

/* ---- products ---- */

static void execute(const struct products *p, const struct kernel *k, unsigned thread, void *const handles[N_MEMORIES])
{
    dnnl_exec_arg_t a[N_MEMORIES];
    for (int i = 0; i < N_MEMORIES; i++) {
        a[i] = (dnnl_exec_arg_t){arguments[i], k->memory[thread][i]};
        dnnl_memory_set_data_handle(k->memory[thread][i], handles[i]);
    }
    dnnl_status_t s = dnnl_primitive_execute(k->primitive, p->streams[thread], N_MEMORIES, a);
    assert(s == dnnl_success);
    (void)s;
}

/* The rows in the kernel's numbers: where they lie, or in `source`. */
static const void *convert_rows(const struct product_weights *w, const float *x, uint32_t n, bool all, uint8_t *source,
                                float *scales)
{
    const size_t numbers = (size_t)n * w->cols;
    switch (w->products->precision) {
    case PRODUCT_INT8:
        loops()->rows->quantise(source, scales, x, n, w->cols);
        return source;
    case PRODUCT_BF16:
        if (multiplies_bf16())
            loops()->rows->to_bf16((uint16_t *)source, x, numbers);
        else
            loops()->rows->round_bf16((float *)source, x, numbers);
        return source;
    case PRODUCT_FP32:
        break;
    }
    if (all) return x;
    memcpy(source, x, numbers * sizeof *x); /* the call reads more rows than there are */
    return source;
}

void product_run(const struct product_weights *w, unsigned thread, uint32_t begin, uint32_t end, const float *x,
                 uint32_t n, bool add, float *out, size_t stride)
{
    run_alone();
    const struct room *r = &w->products->rooms[thread];
    uint8_t *source = r->bytes, *library = source + r->source + r->scales + r->results;
    float *scales = (float *)(source + r->source), *results = (float *)(source + r->source + r->scales);
    for (uint32_t row = 0, part; row < n; row += part, x += (size_t)part * w->cols, out += part * stride) {
        const uint32_t m = n - row >= MANY ? MANY : FEW;
        part = n - row < m ? n - row : m;
        const void *from = convert_rows(w, x, part, part == m, source, scales);
        for (uint32_t column = begin; column < end; column += STRIPE) {
            const struct stripe *s = &w->stripes[column / STRIPE];
            const struct kernel *k = m == MANY ? s->many : s->few;
            execute(w->products, k, thread, (void *[N_MEMORIES]){(void *)from, s->packed, results, library});
            if (w->products->precision == PRODUCT_INT8)
                loops()->rows->dequantise(out + (column - begin), stride, add, (const int32_t *)results, scales,
                                          w->scale + column, w->zero + column, part, k->n);
            else
                loops()->rows->store(out + (column - begin), stride, add, results, part, k->n);
        }
    }
}

void product_plain(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, bool add, float *c,
                   size_t c_stride)
{
    run_alone();
    const float beta = add ? 1.0f : 0.0f;
    if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (blasint)n, (blasint)k, 1.0f, b, (blasint)k, a, 1, beta, c, 1);
    else if (has_avx2())
        dnnl_sgemm('N', 'T', m, n, k, 1.0f, a, k, b, k, beta, c, (dnnl_dim_t)c_stride);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)k, b,
                    (blasint)k, beta, c, (blasint)c_stride);
}
