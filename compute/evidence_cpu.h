/* The evidence attention's scan on a CPU: loops()->evidence. Question tokens lie across the vector lanes, as queries do
 * in attention_cpu.c; nothing is kept per key. */
#ifndef LECTERN_EVIDENCE_CPU_H
#define LECTERN_EVIDENCE_CPU_H

#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_CPU_MAX_WIDTH 256

/* Tokens of a question, with those that only fill a vector. */
#define EVIDENCE_CPU_LANES(n_query) (((size_t)(n_query) + 15) / 16 * 16)

struct evidence_cpu {
    /* Queries [n_query][width] as `scan` wants them: [EVIDENCE_CPU_LANES(n_query)][width] floats. */
    void (*pack)(float *to, const float *queries, uint32_t n_query, uint32_t width);

    /* lse[t] = ln of the sum of e^(query t . key) over n keys; -INFINITY for none. width at most the most. */
    void (*scan)(float *lse, const float *packed, uint32_t n_query, uint32_t width, const int8_t *keys, uint64_t n);
};

#endif
