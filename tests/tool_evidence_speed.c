/* evidence_speed [KEYS [THREADS]]: what one question over KEYS kept keys costs (default 4 million of width 64): 12
 * question tokens, a segment every 120 keys. Keys are random: speed does not depend on them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/model.h"

enum { WIDTH = 64, QUERIES = 12, SEGMENT = 120 };

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t random_word(void)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 32);
}

static int measure(struct backend *b, uint64_t n_keys, struct error *e)
{
    const struct model m = {.path = (char *)"random keys", .evidence = {.width = WIDTH, .log_eps = 4.0f}};
    const size_t n_segments = (size_t)((n_keys + SEGMENT - 1) / SEGMENT);
    int8_t *keys = malloc(n_keys * WIDTH);
    uint64_t *starts = malloc((n_segments + 1) * sizeof *starts);
    float *score = malloc(n_segments * sizeof *score), *share = malloc(n_segments * sizeof *share);
    struct evidence *v = NULL;
    int status = -1;
    if (keys && starts && score && share) {
        float queries[QUERIES * WIDTH], tau[QUERIES], gate[QUERIES] = {0};
        for (uint64_t i = 0; i < n_keys * WIDTH; i++) keys[i] = (int8_t)(random_word() >> 25);
        for (size_t i = 0; i <= n_segments; i++) starts[i] = i * SEGMENT < n_keys ? i * SEGMENT : n_keys;
        for (int i = 0; i < QUERIES * WIDTH; i++) queries[i] = (float)random_word() / 4294967296.0f * 0.2f;
        for (int i = 0; i < QUERIES; i++) tau[i] = 2;
        status = evidence_open(&v, &m, queries, tau, gate, QUERIES, e);
    } else {
        error_set_kind(e, ERROR_MEMORY, "out of memory for %llu keys", (unsigned long long)n_keys);
    }
    double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (status == 0)
        status = evidence_attend(v, &m, b, keys, n_keys, n_keys, starts, n_segments, score, share, NULL, e);
    double seconds = now(CLOCK_MONOTONIC) - began;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu; /* what the cores would take without others on them */
    if (status == 0)
        printf("%llu keys, %d question tokens: %.3f s, %.1f ns a key; %.1f ns of one core a key; %s\n",
               (unsigned long long)n_keys, QUERIES, seconds, 1e9 * seconds / (double)n_keys, 1e9 * cpu / (double)n_keys,
               b->info.name);
    evidence_close(v);
    free(keys);
    free(starts);
    free(score);
    free(share);
    return status;
}

int main(int argc, char **argv)
{
    struct error e;
    struct backend *b;
    uint64_t n_keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000000;
    unsigned n_threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (n_keys == 0 || n_keys > UINT64_C(1) << 34) {
        fputs("usage: evidence_speed [KEYS [THREADS]]\n", stderr);
        return 2;
    }
    int status = backend_open(&b, "cpu", n_threads, &e);
    if (status == 0) {
        status = measure(b, n_keys, &e);
        backend_close(b);
    }
    if (status != 0) fprintf(stderr, "evidence_speed: %s\n", e.text);
    return status != 0;
}
