/* Dilated attention on the CPU: one block of queries after the other, never a full matrix of scores. */
#ifndef LECTERN_ATTENTION_CPU_H
#define LECTERN_ATTENTION_CPU_H

#include <stdint.h>

#include "compute/attention.h"

enum { ATTENTION_CPU_MAX_HEAD_DIM = 256, ATTENTION_CPU_ROWS = 512 };

struct attend_local;

/* One call's data; everything is borrowed. */
struct attention_cpu {
    const struct attention *shape;
    const float *qkv;      /* [n][(n_head + 2 n_head_kv) head_dim] */
    const float *rotary;   /* [angle][head_dim], or NULL */
    const float **rotated; /* [n_branch]: [n][n_head_kv head_dim], the chunk's rotated keys of a branch that rotates */
    float *cache_k, *cache_v; /* these and `kept` are not looked at from position 0 on */
    const uint32_t *kept;
    uint64_t position;
    uint32_t n;
    bool causal;
    uint32_t window;                  /* keys that a query sees at most; 0: all (compute/backend.h) */
    const struct attend_local *local; /* or NULL (compute/backend.h) */
    float *out, *lse;                 /* lse may be NULL */
};

/* loops()->attention. */
struct attention_cpu_loops {
    /* Rotates the chunk's keys of rows [begin, end) for one branch: to[n][n_head_kv head_dim]. */
    void (*rotate)(const struct attention_cpu *a, uint32_t branch, uint32_t begin, uint32_t end, float *to);

    /* out and lse of the rows [begin, end) of one query head, all branches; at most ATTENTION_CPU_ROWS rows. */
    void (*head)(const struct attention_cpu *a, uint32_t head, uint32_t begin, uint32_t end);

    /* Brings one branch's run of one query head in the caches to the state after the chunk. */
    void (*keep)(const struct attention_cpu *a, uint32_t branch, uint32_t head);
};

#endif
