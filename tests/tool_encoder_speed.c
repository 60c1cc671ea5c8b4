/* encoder_speed MODEL.gguf [DEVICE [WINDOWS [TOKENS]]]: how long the second reading's windows take, the fastest and the
 * median of some runs. */
#include <stdio.h>
#include <stdlib.h>

#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/encoder.h"
#include "compute/encoder_model.h"
#include "compute/error.h"

enum { RUNS = 7 };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Multiplications and additions of the products with weights, and of attention. */
static double operations(const struct encoder_model *m, double windows, double tokens)
{
    const double d = m->n_embd, layer = 8 * d * d + 4 * d * m->n_ff + 4 * d * tokens;
    return windows * tokens * m->n_layer * layer;
}

static int measure(const struct encoder_model *m, struct backend *b, uint32_t windows, uint32_t tokens, struct error *e)
{
    struct encoder *n;
    const uint32_t rows = windows * tokens;
    int32_t *ids = calloc(rows, sizeof *ids);
    uint8_t *types = calloc(rows, 1);
    uint32_t *starts = calloc(windows + 1, sizeof *starts);
    float *heads = calloc((size_t)rows * m->n_heads, sizeof *heads);
    double seconds[RUNS];
    for (uint32_t i = 0; i < rows; i++) ids[i] = (int32_t)(i * 7919u % m->n_vocab);
    for (uint32_t i = 0; i <= windows; i++) starts[i] = i * tokens;
    int failed = encoder_open(&n, m, b, e);
    for (int i = 0; i < RUNS && !failed; i++) {
        const double begin = clock_seconds();
        failed = encoder_run(n, &(struct encoder_batch){windows, starts, ids, types}, heads, e);
        seconds[i] = clock_seconds() - begin;
    }
    if (!failed) {
        qsort(seconds, RUNS, sizeof *seconds, by_size);
        printf("%s: %u windows of %u tokens: %.4f s (median %.4f), %.1f GFLOP/s, %.1f MB\n", backend_info(b)->name,
               windows, tokens, seconds[0], seconds[RUNS / 2], operations(m, windows, tokens) / seconds[0] * 1e-9,
               (double)encoder_memory(n) * 1e-6);
        encoder_close(n);
    }
    free(ids);
    free(types);
    free(starts);
    free(heads);
    return failed;
}

int main(int argc, char **argv)
{
    struct error e;
    struct encoder_model *m = NULL;
    struct backend *b = NULL;
    if (argc < 2 || argc > 5) {
        fprintf(stderr, "usage: %s MODEL.gguf [DEVICE [WINDOWS [TOKENS]]]\n", argv[0]);
        return 2;
    }
    const int windows = argc > 3 ? atoi(argv[3]) : 32, tokens = argc > 4 ? atoi(argv[4]) : 220;
    int failed = encoder_model_open(&m, argv[1], &e);
    if (!failed) failed = backend_open(&b, argc > 2 ? argv[2] : "cpu", 0, &e);
    if (!failed && (windows < 1 || tokens < 1 || windows > 100000 || (uint32_t)tokens > m->context_length))
        failed = error_set(&e, "windows: 1 to 100000; tokens: 1 to %u", m->context_length);
    if (!failed) failed = measure(m, b, (uint32_t)windows, (uint32_t)tokens, &e);
    if (failed) fprintf(stderr, "%s\n", e.text);
    backend_close(b);
    encoder_model_close(m);
    return failed ? 1 : 0;
}
