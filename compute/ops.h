/* What the ops of a back end are given: shapes, and what becomes of the numbers. The table that runs them is in
 * compute/backend.h. */
#ifndef LECTERN_OPS_H
#define LECTERN_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/attention.h"

struct matrix;

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
    struct matrix *copy;                /* activations [>= n][d]: gets the rows too, for products to read; or NULL */
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

/* x[i] += norm(y[i]), i in [0, n). */
struct norm_add {
    struct matrix *x;          /* [>= n][d] */
    const struct matrix *y;    /* [>= n][d] */
    const struct matrix *norm; /* weights [1][d] */
    float eps;
    uint32_t n;
};

/* x[i] += Wdown(f(Wgate norm(x[i])) * (Wup norm(x[i]))), i in [0, n); f(y) = y sigmoid(z), z = y or, for gelu, sqrt(8 /
 * pi) (y + 0.044715 y^3). */
struct feed_forward {
    struct matrix *x;             /* [>= n][d] */
    struct matrix *apart;         /* [>= n][d]: gets what x is not added to then; or NULL */
    const struct matrix *norm;    /* weights [1][d] */
    const struct matrix *gate_up; /* weights [2 f][d]: the gate's rows, then up's */
    const struct matrix *down;    /* weights [d][f] */
    float norm_eps;
    uint32_t n;
    bool gelu;
};

/* out[i] = c * sum over k < L of w[k] g[i + k - L + 1], where x[i] = (b, c, v) and g[i] = b * v, element by element, i
 * in [0, n). g of earlier rows lies in `kept`, before row `position`, and this call's is put there; before row 0 it is
 * 0. */
struct short_conv {
    struct matrix *out;     /* activations [>= n][d] */
    const struct matrix *x; /* activations [>= n][3 d] */
    const struct matrix *w; /* weights [1][L d] */
    struct matrix *kept;    /* activations [>= position + n][d] */
    uint32_t position, n;
};

/* Dilated attention of n rows at positions [position, position + n), all branches, one softmax (compute/attention.h).
 * The keys of a query are, per branch, the kept rows of the cache and the chunk's own on-grid keys of the same segment;
 * causal: up to itself, otherwise all of them. The chunk may begin and end anywhere. Afterwards the cache holds, per
 * branch, the on-grid keys before position + n of the segment that it lies in: those that were there (`kept`) and the
 * chunk's own.
 *
 * With a `window` a query sees no more than that many keys, the last of which is its own. There is one branch then, it
 * has r = 1, and the chunk is causal.
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
    uint32_t window;                  /* 0: all keys */
    const struct attend_local *local; /* NULL, or `causal` is not looked at */
    struct matrix *out;               /* activations [>= n][n_head head_dim]: 0 where no branch covers the row */
    struct matrix *lse;               /* [>= n][n_head] natural logs, -INFINITY where nothing covers the row; or NULL */
};

/* Keys and values of rows, copied to rows of their own: those of rows row, row + step, ..., `count` of them, to rows
 * to, to + 1, ... The key of a head is the columns [(n_head + head) head_dim, + head_dim), its value those n_head_kv
 * head_dim further. */
struct keep_run {
    uint32_t row, step, count, head, to;
};

struct keep {
    const struct matrix *from; /* activations */
    struct matrix *k, *v;      /* activations [..][head_dim] */
    const struct keep_run *runs;
    uint32_t n_runs, n_head, n_head_kv, head_dim;
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

#endif
