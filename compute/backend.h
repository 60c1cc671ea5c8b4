/* A device that runs the reader's ops. One table, two implementations (CPU, Vulkan).
 *
 * A tensor is a matrix: rows x cols elements on the device, row-major and dense; a row is a token, a weight row or a
 * cache slot. Ops are few and coarse, are recorded in the order of the calls and may run late; `flush` and
 * `matrix_read` wait for them. The CPU runs them at once; a GPU records a command buffer a chunk. Recording cannot
 * fail: what goes wrong is kept and returned by the next flush or read. Shapes are checked by the callers when they
 * open a session, before the table. Only ids and small arguments go up (they are copied while recording: the caller's
 * memory is free after the call); evidence keys, queries and logits come down.
 *
 * One thread at a time uses a back end. Nothing here takes an absolute position times a width: positions are 64-bit on
 * the host, and what reaches a device are rows of a chunk and slots of a cache. */
#ifndef LECTERN_BACKEND_H
#define LECTERN_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/attention.h"

struct backend;
struct error;
struct thread_pool;
struct weights;

struct backend_info {
    char name[128];        /* "cpu: AMD EPYC, 2 threads" */
    char device[32];       /* opens another one like it (backend_open); "" for a device that cannot be lost */
    const char *precision; /* of products: "fp32", "fp16", "bf16", "int8" */
    unsigned n_threads;    /* 0 where it does not apply */
    size_t memory;         /* bytes that a session may use; 0: unknown */
    uint32_t chunk_rows;   /* tokens of a chunk at which the device is at its best */
    uint32_t max_head_dim; /* columns of a head that attend can take */
    float tolerance;       /* how far right numbers of one op may be off, relative to the largest */
};

/* Numbers on the device. float32 unless the op says otherwise; weights are in whatever precision the back end keeps
 * them. */
struct matrix {
    struct backend *backend; /* borrowed: closed after its matrices */
    uint32_t rows, cols;
    size_t bytes; /* on the device */
};

/* out[i] = (add ? out[i] : 0) + f(W norm(x[x_row + i]) + bias), i in [0, n): a projection of n rows, with the
 * normalisation in front of it. norm(x) = x / sqrt(mean(x^2) + norm_eps) * norm, or x itself where norm is NULL;
 * f(y) = gelu ? y (1 + erf(y / sqrt 2)) / 2 : y. */
struct project {
    struct matrix *out;        /* [>= n][w->rows], activations or not; not x */
    const struct matrix *x;    /* [>= x_row + n][w->cols], the same; not activations where there is a norm */
    const struct matrix *w;    /* weights */
    const struct matrix *norm; /* weights [1][w->cols], or NULL */
    const struct matrix *bias; /* weights [1][w->rows], or NULL */
    float norm_eps;
    uint32_t x_row, n;
    bool gelu;
    bool add; /* to what is no activations */
};

/* x[i] = (x[i] - mean) / sqrt(variance + eps) * weight + bias, i in [0, n), mean and variance of the row. */
struct layer_norm {
    struct matrix *x;                   /* [>= n][d] */
    const struct matrix *weight, *bias; /* weights [1][d] */
    float eps;
    uint32_t n;
};

/* Each of x[i]'s parts, which are [begin + k width, begin + (k + 1) width) for k below n_part, becomes part /
 * sqrt(mean(part^2) + eps) * norm, i in [0, n): heads of queries or keys. */
struct norm_parts {
    struct matrix *x;          /* activations [>= n][>= begin + n_part width] */
    const struct matrix *norm; /* weights [1][width] */
    uint32_t begin, n_part;
    float eps;
    uint32_t n;
};

/* x[i] += Wdown(silu(Wgate norm(x[i])) * (Wup norm(x[i]))), i in [0, n). */
struct feed_forward {
    struct matrix *x;             /* [>= n][d] */
    const struct matrix *norm;    /* weights [1][d] */
    const struct matrix *gate_up; /* weights [2 f][d]: the gate's rows, then up's */
    const struct matrix *down;    /* weights [d][f] */
    float norm_eps;
    uint32_t n;
};

/* Dilated attention of n rows at positions [position, position + n), all branches, one softmax (compute/attention.h).
 * The keys of a query are, per branch, the kept rows of the cache and the chunk's own on-grid keys of the same segment;
 * causal: up to itself, otherwise all of them. The chunk may begin and end anywhere. Afterwards the cache holds, per
 * branch, the on-grid keys before position + n of the segment that it lies in: those that were there (`kept`) and the
 * chunk's own.
 *
 * With `local` a chunk begins at a multiple of its window. Branches with r = 1 give a row the keys of its part, before
 * and behind it, and no others; the rest give it those that lie in earlier windows. */
struct attend_local {
    const uint32_t *starts; /* [n + 1], rising from 0 to the rows of the chunk; no part is empty or crosses a multiple
                               of `window` */
    uint32_t n;
    uint32_t window;   /* divides every segment length; r divides it, or it divides r */
    const float *bias; /* [n_branch][n_head], added to a branch's logits; 0 for r = 1 */
};

struct attend {
    const struct attention *shape;
    const struct matrix *qkv;         /* activations [>= n][(n_head + 2 n_head_kv) head_dim]: q, k, v, not rotated */
    struct matrix *cache_k, *cache_v; /* activations [cache_rows][head_dim]; k is rotated if its branch rotates */
    const struct matrix *rotary; /* [>= largest p mod w + 1][head_dim] attention_rotary_row: q and k of the branches
                                    with r = 1 are rotated by p mod w; or NULL */
    const uint32_t *kept;        /* [n_branch][n_head]: slots in use for the segment that `position` lies in */
    uint64_t position;
    uint32_t n;
    bool causal;
    const struct attend_local *local; /* NULL, or `causal` is not looked at */
    struct matrix *out;               /* activations [>= n][n_head head_dim]: 0 where no branch covers the row */
    struct matrix *lse;               /* [>= n][n_head] natural logs, -INFINITY where nothing covers the row; or NULL */
};

/* Attention inside windows: window i is the rows [starts[i], starts[i + 1]), and each of its rows attends to all of
 * them, logits q . k / sqrt(head_dim). */
struct attend_windows {
    struct matrix *out;       /* activations [>= starts[n]][n_head head_dim] */
    const struct matrix *qkv; /* activations [>= starts[n]][3 n_head head_dim]: q, k, v */
    const uint32_t *starts;   /* [n + 1], rising from 0; no window is empty */
    uint32_t n, n_head, head_dim;
};

/* u = T[id] + W norm(x), u / |u| (models/FORMAT.md); without norm or T, W x and no T. quantise: out is [>= n][e / 4]
 * words of four int8 each, lowest byte first, round(clamp(254 u, -127, 127)); otherwise out is [>= n][e]. */
struct evidence_rows {
    struct matrix *out;
    const struct matrix *x;     /* [>= n][d] */
    const struct matrix *norm;  /* weights [1][d], or NULL */
    const struct matrix *w;     /* weights [e][d] */
    const struct matrix *token; /* weights [V][e]: T, or NULL */
    const int32_t *ids;         /* [n], in [0, V); with T */
    float norm_eps;
    uint32_t n;
    bool quantise;
};

/* The evidence attention over keys that lie on the host, in three steps of which the sums in between stay on the
 * device: scan fills rows of `lse`, lse[row + i][t] = ln sum of e^(queries[t] . key) over segment i, which holds the
 * keys [starts[i], starts[i + 1]), -INFINITY for an empty one; total joins rows over all segments; score makes of the
 * rows what a segment is ranked by. */
struct evidence_scan {
    struct matrix *lse; /* [>= row + n][n_query] */
    uint32_t row, n, n_query, width;
    const int8_t *keys;     /* [starts[n]][width], width a multiple of 4, at most 256 */
    const uint64_t *starts; /* [n + 1], rising; a segment has at most EVIDENCE_SEGMENT_KEYS */
    const float *queries;   /* [n_query][width], scaled so that a product with a stored key is a logit */
};
enum { EVIDENCE_SEGMENT_KEYS = 4096 };

/* mass[t] = e^(lse[row + i][t] - total[t]), score[i] = sum of gate[t] ln(1 + mass[t] per_eps), or, where per_eps is
 * below 0, of gate[t] ln(mass[t]), which is EVIDENCE_LEAST_LOG at least; share[i] = sum of gate[t] mass[t]; i in [0,
 * n). */
#define EVIDENCE_LEAST_LOG -1e4
struct evidence_score {
    const struct matrix *lse; /* [>= row + n][n_query] */
    uint32_t row, n, n_query;
    const double *total; /* [n_query] */
    const float *gate;   /* [n_query] */
    double per_eps;
    float *score, *share; /* [n] */
};

struct backend_ops {
    void (*close)(struct backend *b);                           /* its matrices are closed before */
    void (*set_precision)(struct backend *b, const char *name); /* NULL where there is no choice */

    /* rows x cols zeros. Pages that nobody writes cost no memory where the device can do that. */
    int (*matrix_open)(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
    /* The same for what products and attention read besides: qkv, caches and out of `attend`, which takes no others.
     * Written and read as float32; a device may keep them in float16. */
    int (*activations_open)(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e);
    /* Read-only weights: the parts one under the other, all with the same cols. Copied: the parts may go. */
    int (*matrix_load)(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                       struct error *e);
    void (*matrix_close)(struct matrix *m); /* accepts NULL; not between recording and flush */

    /* Host to device and back, n_rows whole rows of 4-byte elements from `row` on. Both wait for what was recorded
     * before. */
    int (*matrix_write)(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e);
    int (*matrix_read)(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e);

    /* A read that does not hold up the host: the device is set to work on all that was recorded, and the rows are in
     * `to`, which is kept until then, when a wait for the ticket, or for a later one, returns. Tickets rise. */
    uint64_t (*matrix_fetch)(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to);
    /* -1 if anything recorded so far has failed: then no fetch is pending any more. */
    int (*wait)(struct backend *b, uint64_t ticket, struct error *e);

    /* The ops, recorded in order. */
    void (*matrix_copy)(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row,
                        uint32_t n_rows);
    void (*embed)(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n,
                  bool add); /* x[i] = (add ? x[i] : 0) + table[ids[i]] */
    void (*project)(const struct project *op);
    void (*layer_norm)(const struct layer_norm *op);
    void (*norm_parts)(const struct norm_parts *op);
    void (*feed_forward)(const struct feed_forward *op);
    void (*attend)(const struct attend *op);
    void (*attend_windows)(const struct attend_windows *op);
    void (*evidence_rows)(const struct evidence_rows *op);

    /* NULL, all three, where the host's threads are as good (compute/evidence.c). They wait until they are done, but
     * for the scan, which is recorded; the keys are read during the call. */
    void (*evidence_scan)(struct backend *b, const struct evidence_scan *op);
    int (*evidence_total)(const struct matrix *lse, uint32_t n, double *total, struct error *e);
    int (*evidence_score)(const struct evidence_score *op, struct error *e);

    /* Waits until everything recorded is done; -1 if any of it failed. */
    int (*flush)(struct backend *b, struct error *e);
};

/* What an implementation begins its own struct with. */
struct backend {
    const struct backend_ops *ops;
    struct backend_info info;
    struct thread_pool *pool; /* owned: host threads, for work that stays on the host */
};

/* `device`: "auto", "cpu", "vulkan" or "vulkan:N". A processor multiplies in float32; "auto/auto", "cpu/auto" let it
 * choose by its instructions, "/fp32", "/bf16" and "/int8" fix it (compute/product.h). n_threads 0: as many as there
 * are cores. */
int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e);
void backend_close(struct backend *b);

/* Weights that nothing was multiplied with yet will be multiplied in this precision (backend_info), where the device
 * has a choice of it and knows the name: what goes on with numbers of another device goes on as they were made. */
void backend_set_precision(struct backend *b, const char *name);
const struct backend_info *backend_info(const struct backend *b);

/* A known answer for every op, computed and compared: -1 and the op's name where the device is wrong. */
int backend_self_test(struct backend *b, struct error *e);

#endif
