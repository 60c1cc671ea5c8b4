/* What the parts of the Vulkan back end share. */
#ifndef LECTERN_VULKAN_H
#define LECTERN_VULKAN_H

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/vulkan/arena.h"
#include "compute/vulkan/attend_plan.h"
#include "compute/vulkan/pipelines.h"
#include "compute/vulkan/stream.h"

/* A matrix on the device. Rows are `stride` words apart; what lies between their ends is zeros and stays so. */
struct vulkan_matrix {
    struct matrix base;
    struct arena_buffer buffer;
    uint32_t stride;
    bool half;       /* float16, two to a word */
    uint32_t format; /* of weights: shaders/params.h */
};

/* Memory of an op, kept from call to call. */
struct vulkan_scratch {
    struct arena_buffer buffer;
};

struct vulkan {
    struct backend base;
    struct gpu *gpu;
    struct arena *arena;
    struct pipelines *pipelines;
    struct stream *stream;
    enum gpu_tier tier;
    bool fragment_known; /* shaders/fragment.glsl holds here */
    struct vulkan_scratch x, hidden, evidence, rotated, partial, lse, plan, keys, starts, queries, scores;
    struct attend_plan attend_plan;
};

static inline struct vulkan *vulkan_of(const struct matrix *m)
{
    return (struct vulkan *)m->backend;
}

static inline const struct vulkan_matrix *vulkan_matrix_of(const struct matrix *m)
{
    return (const struct vulkan_matrix *)m;
}

static inline struct stream_binding vulkan_bind(const struct matrix *m)
{
    return (struct stream_binding){.buffer = vulkan_matrix_of(m)->buffer.buffer};
}

static inline struct stream_binding vulkan_bind_scratch(const struct vulkan_scratch *s)
{
    return (struct stream_binding){.buffer = s->buffer.buffer};
}

static inline uint32_t vulkan_ceil(uint32_t n, uint32_t each)
{
    return n / each + (n % each != 0);
}

/* Words of a row of elements: rows begin on 16 bytes. */
static inline uint32_t vulkan_stride(uint32_t cols, bool half)
{
    return half ? vulkan_ceil(cols, 8) * 4 : vulkan_ceil(cols, 4) * 4;
}

/* Numbers from one row to the next. */
static inline uint32_t vulkan_numbers(const struct matrix *m)
{
    return vulkan_matrix_of(m)->stride * (vulkan_matrix_of(m)->half ? 2 : 1);
}

/* Do activations lie in float16? */
static inline bool vulkan_half(const struct vulkan *v)
{
    return v->tier != GPU_FP32;
}

/* Makes room for `words` words; false and the failure noted where there is none. New memory is zeros. */
bool vulkan_reserve(struct vulkan *v, struct vulkan_scratch *s, uint64_t words, const char *name);

/* The pipeline; NULL and the failure noted if it cannot be made. */
const struct pipeline *vulkan_pipeline(struct vulkan *v, enum shader shader, const uint32_t *constants, uint32_t n);

/* matrices.c: the table's functions that are about memory. */
int vulkan_matrix_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
int vulkan_activations_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
int vulkan_matrix_load(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                       struct error *e);
void vulkan_matrix_close(struct matrix *m);
int vulkan_matrix_write(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e);
int vulkan_matrix_read(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e);
uint64_t vulkan_matrix_fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to);
void vulkan_start(struct backend *b);
bool vulkan_done(struct backend *b, uint64_t ticket);
int vulkan_wait(struct backend *b, uint64_t ticket, struct error *e);
void vulkan_matrix_copy(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row,
                        uint32_t n_rows);
int vulkan_flush(struct backend *b, struct error *e);

/* project.c, attend.c, evidence_scan.c: the ops. */
void vulkan_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, float scale, bool add);
void vulkan_project(const struct project *op);
void vulkan_layer_norm(const struct layer_norm *op);
void vulkan_norm_parts(const struct norm_parts *op);
void vulkan_norm_add(const struct norm_add *op);
void vulkan_short_conv(const struct short_conv *op);
void vulkan_feed_forward(const struct feed_forward *op);
void vulkan_evidence_rows(const struct evidence_rows *op);
void vulkan_evidence_scan(struct backend *b, const struct evidence_scan *op);
int vulkan_evidence_total(const struct matrix *lse, uint32_t n, double *total, struct error *e);
int vulkan_evidence_score(const struct evidence_score *op, struct error *e);
void vulkan_attend(const struct attend *op);
void vulkan_attend_windows(const struct attend_windows *op);
void vulkan_keep(const struct keep *op);
uint32_t vulkan_max_head_dim(const struct vulkan *v);

/* keep.c: a keep whose runs, of at most `rows` rows, lie on the device as shaders/params.h has them. */
struct vulkan_keeps {
    struct stream_binding runs, rotated;
    uint32_t rotated_stride, rows;
    bool together;
};
void vulkan_run_keeps(const struct keep *op, const struct vulkan_keeps *keeps);

/* Asks the device for v->fragment_known. */
int vulkan_find_fragment(struct vulkan *v, struct error *e);

#endif
