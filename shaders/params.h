/* What the host hands to the shaders: valid C and valid GLSL. Rows and the strides between
 * them are those of one matrix, so they fit 32 bits; strides count elements, those of weights 4-byte words. */
#ifndef LECTERN_PARAMS_H
#define LECTERN_PARAMS_H

#ifdef VULKAN
#define U32 uint
#define F32 float
#else
#include <stdint.h>
#define U32 uint32_t
#define F32 float
#endif

/* How a weight row lies on the device (shaders/weights.glsl). */
#define FORMAT_F32 0u
#define FORMAT_F16 1u
#define FORMAT_BF16 2u
#define FORMAT_Q8 3u   /* a signed byte an element, then the scales of its blocks of 32, two to a word */
#define FORMAT_Q4_0 4u /* four bits an element less 8, then a word a block: the scale */
#define FORMAT_Q4_1 5u /* four bits an element, then a word a block: scale and minimum */
#define FORMAT_Q5 6u   /* four bits an element, then their fifth bits, then a word a block: scale and minimum */
#define FORMAT_Q6 7u   /* four bits an element less 32, then two more bits each, then a word a block: two scales */

#define PROJECT_ADD 1u
#define PROJECT_HALF 2u /* out is float16 */
#define PROJECT_BIAS 8u
#define PROJECT_GELU 16u /* of column and bias; not with PROJECT_ADD */
#define PROJECT_GATE 4u  /* the columns of out are silu(column) * (column + columns / 2) */
#define PROJECT_TANH 32u /* gelu by tanh in place of silu, with PROJECT_GATE */

#define NONE 0xffffffffu

struct params_embed {
    U32 n, cols, x_stride, w_stride, add;
    F32 scale;
};

struct params_norm {
    U32 n, x_row, cols, x_stride, out_stride;
    F32 eps;
};

struct params_layer_norm {
    U32 n, cols, stride;
    U32 copy_stride; /* 0: no copy */
    F32 eps;
};

struct params_norm_add {
    U32 n, cols, stride, y_stride;
    F32 eps;
};

struct params_conv {
    U32 n, cols, taps;
    U32 position; /* row of the kept ones that the first belongs to */
    U32 out_stride, x_stride, kept_stride;
};

struct params_norm_parts {
    U32 n, n_part; /* of all rows, of a row */
    U32 begin, cols, stride;
    F32 eps;
};

struct params_project {
    U32 n, rows; /* rows of x from x_row on, to rows of out from out_row on; weight rows */
    U32 x_row, out_row;
    U32 cols, x_stride, w_stride, out_stride;
};

struct params_evidence {
    U32 n, cols, u_stride, w_stride, out_stride;
};

/* Queries of one (branch, head, segment) and the keys that they see: n_cache rows of the cache, then chunk rows `key`,
 * `key + step`, ... The i-th query is chunk row query + i step; when causal it sees the keys up to itself, which is
 * number n_cache + before + i. */
struct attend_tile {
    U32 head, query, n_query, step;
    U32 key, n_key, before, cache_row;
    U32 n_cache;
    U32 partial; /* row of the partial results of the first query; NONE: straight to out and lse */
    U32 each;    /* not 0: a query in slot s of its segment sees the keys in slots below s - s % each */
    U32 bias;    /* of the logits: which of the biases; NONE: 0 */
    U32 rotated; /* row that chunk row 0 has among the rotated q and k; NONE: they are not rotated */
};

struct params_attend {
    U32 n_head, n_head_kv, causal, first_tile;
    U32 qkv_stride, rotated_stride, cache_stride, out_stride, lse_stride;
    F32 scale;  /* 1 / sqrt(head_dim) */
    U32 joined; /* partial row of join 0's share of the direct branch, the others behind it; 0: nothing is joined */
    U32 partial_lse; /* where the lses of the partial rows begin */
    U32 biases;      /* where the biases begin, in numbers from the first tile */
    U32 window;      /* keys that a query sees at most, the last of which is its own; 0: all */
};

/* Rotates q and k of rows [0, n) into rows from first_row on: row i by table row (angle + i) mod wrap. */
struct params_rotate {
    U32 n, n_head; /* heads of q and of k */
    U32 first_row, angle, wrap;
    U32 qkv_stride, rotated_stride, rotary_stride;
};

/* A (row, head) that more than the direct branch covers: its partial results are a chain through `next`, and what the
 * direct branch gives. */
struct attend_join {
    U32 row, head, partial;
};

struct params_join {
    U32 n_join, out_stride, lse_stride;
    U32 direct; /* as params_attend.joined; NONE: no branch is direct */
    U32 partial_lse;
};

/* A run of the cache that grows by `count` keys: chunk rows row, row + step, ... */
struct attend_keep {
    U32 cache_row, row, step, count;
    U32 head;    /* key-value head */
    U32 rotated; /* as of a tile */
};

struct params_keep {
    U32 n_head, n_head_kv, qkv_stride, rotated_stride, cache_stride;
};

struct params_scan {
    U32 n_query, row, stride; /* of the segments' sums */
};

struct params_total {
    U32 n, stride;
};

struct params_score {
    U32 n, row, stride, n_query;
    F32 per_eps;
};

#endif
