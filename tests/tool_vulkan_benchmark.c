/* vulkan_benchmark [--device vulkan[:N][/TIER]] [--model FILE] [--tokens N,...]
 * Speed of reading on a Vulkan device, against what the device gives in the same run and the same tier: a large product
 * of matrices, and what passes to and from memory. Random weights in the shapes of sizes s (d 256, 6 layers) and m (d
 * 512, 8 layers); random token ids: speed does not depend on them. A read is tokens to evidence keys on the host, two
 * chunks under way as in the reader, measured with a clock; time by op comes from a second read with timestamps around
 * every dispatch. Before anything is measured the device works for WARM_SECONDS: clocks rise under load. Last, tokens
 * written one by one. With a model that is read and its ops are timed, and nothing else. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/tokens.h"
#include "compute/vulkan/backend_vulkan.h"
#include "tests/synthetic_model.h"

enum { MAX_TIMES = 32, CEILING = 4096, REPEAT = 20, PROFILED_TOKENS = 1 << 18 };
enum { SEGMENT = 128 }; /* tokens, where a model cuts its attention at segments */

static const double WARM_SECONDS = 1.0, WARM_SECONDS_SOFTWARE = 0.01;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct ceilings {
    double flops, bytes; /* a second */
};

/* Bytes a second of the pass that normalises rows: reads float32, writes the tier's numbers, and little else. */
static int measure_pass(struct backend *b, uint32_t rows, double *bytes, struct error *e)
{
    enum { COLS = 512 };
    uint64_t seed = 2;
    struct matrix *x = NULL, *y = NULL, *w = NULL, *norm = NULL;
    struct weights weights = synthetic_weights(16, COLS, 0.1f, 0, &seed),
                   row = synthetic_weights(1, COLS, 0.2f, 1, &seed);
    const struct weights *const w_parts[] = {&weights}, *const norm_parts[] = {&row};
    int status = b->ops->matrix_load(&w, b, w_parts, 1, e);
    if (status == 0) status = b->ops->matrix_load(&norm, b, norm_parts, 1, e);
    if (status == 0) status = b->ops->matrix_open(&x, b, rows, COLS, e);
    if (status == 0) status = b->ops->matrix_open(&y, b, rows, 16, e);
    if (status == 0) status = backend_vulkan_profile(b, e);
    struct project product = {.out = y, .x = x, .w = w, .norm = norm, .norm_eps = 1, .n = rows};
    for (int i = 0; i < REPEAT && status == 0; i++) b->ops->project(&product);
    if (status == 0) status = b->ops->flush(b, e);
    struct backend_vulkan_time times[MAX_TIMES];
    uint32_t n_times = status == 0 ? backend_vulkan_times(b, times, MAX_TIMES) : 0;
    for (uint32_t i = 0; i < n_times; i++)
        if (strcmp(times[i].label, "norm") == 0) *bytes = times[i].bytes / times[i].seconds;
    b->ops->matrix_close(x);
    b->ops->matrix_close(y);
    b->ops->matrix_close(w);
    b->ops->matrix_close(norm);
    synthetic_free(&weights);
    synthetic_free(&row);
    return status;
}

/* The product through the same op and tier that the reader uses, on a shape that suits any device. */
static int measure_ceilings(struct backend *b, uint32_t side, double warm, struct ceilings *out, struct error *e)
{
    uint64_t seed = 1;
    struct matrix *w = NULL, *x = NULL, *y = NULL;
    struct weights weights = synthetic_weights(side, side, 0.1f, 0, &seed);
    struct weights rows = synthetic_weights(2 * side, side, 1, 0, &seed);
    const struct weights *const parts[] = {&weights};
    int status = b->ops->matrix_load(&w, b, parts, 1, e);
    if (status == 0) status = b->ops->activations_open(&x, b, 2 * side, side, e);
    if (status == 0) status = b->ops->activations_open(&y, b, 2 * side, side, e);
    if (status == 0) status = b->ops->matrix_write(x, 0, 2 * side, rows.bytes, e);
    struct project product = {.out = y, .x = x, .w = w, .n = 2 * side};
    double begin = now(), until = begin + warm;
    for (int turn = 0; status == 0 && (turn < 2 || now() < until); turn++) {
        begin = now();
        for (int i = 0; i < REPEAT; i++) b->ops->project(&product);
        status = b->ops->flush(b, e);
        out->flops = REPEAT * 2.0 * 2 * side * side * side / (now() - begin);
    }
    double copy = 0, pass = 0;
    for (int twice = 0; twice < 2 && status == 0; twice++) {
        begin = now();
        for (int i = 0; i < REPEAT; i++) b->ops->matrix_copy(y, 0, x, 0, 2 * side);
        status = b->ops->flush(b, e);
        copy = REPEAT * 2.0 * (double)x->bytes / (now() - begin);
    }
    if (status == 0) status = measure_pass(b, 32 * side, &pass, e);
    out->bytes = copy > pass ? copy : pass;
    b->ops->matrix_close(w);
    b->ops->matrix_close(x);
    b->ops->matrix_close(y);
    synthetic_free(&weights);
    synthetic_free(&rows);
    if (status == 0)
        printf("ceilings: product %u x %u x %u %.1f TFLOP/s, read and written %.0f GB/s by a shader, %.0f by a copy "
               "command\n",
               2 * side, side, side, out->flops / 1e12, pass / 1e9, copy / 1e9);
    return status;
}

static void set_size(struct model *m, char size)
{
    const bool small = size == 's';
    *m = (struct model){.n_embd = small ? 256 : 512,
                        .n_layer = small ? 6 : 8,
                        .n_head = small ? 4 : 8,
                        .n_head_kv = small ? 4 : 8,
                        .head_dim = 64,
                        .n_ff = small ? 704 : 1408,
                        .n_vocab = 16384,
                        .n_branch = 17,
                        .evidence.width = 64};
    for (uint32_t i = 0; i < m->n_branch; i++)
        m->branch[i] = (struct branch){.segment_length = UINT64_C(512) << 2 * i, .dilation_rate = UINT64_C(1) << 2 * i};
    synthetic_model_fill(m, 1);
}

/* Reads n tokens in calls as the reader makes them: a chunk each, the keys of one coming while the next computes. */
static int read_tokens(struct session *s, const struct model *m, uint64_t n, uint32_t chunk, double *seconds,
                       struct error *e)
{
    int32_t *ids = malloc(chunk * sizeof *ids);
    int8_t *keys = malloc(2 * (size_t)chunk * m->evidence.width);
    uint64_t seed = 7, tickets[2] = {0};
    int status = ids && keys ? 0 : error_memory(e);
    double begin = now();
    for (uint64_t done = 0, turn = 0; done < n && status == 0; done += chunk, turn ^= 1) {
        size_t part = n - done < chunk ? (size_t)(n - done) : chunk;
        for (size_t i = 0; i < part; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            ids[i] = (int32_t)((seed >> 33) % m->n_vocab);
            if (m->windows && i % SEGMENT == 0) ids[i] |= TOKENS_SEGMENT;
        }
        if (tickets[turn]) status = session_wait(s, tickets[turn], e);
        struct session_outputs out = {.keys = keys + turn * chunk * m->evidence.width, .ticket = &tickets[turn]};
        if (status == 0) status = session_prefill(s, ids, part, &out, e);
    }
    for (int i = 0; i < 2 && status == 0; i++)
        if (tickets[i]) status = session_wait(s, tickets[i], e);
    *seconds = now() - begin;
    free(ids);
    free(keys);
    return status;
}

/* Reads for a while, so that all is compiled and clocks are up. */
static int warm_up(struct session *s, const struct model *m, uint32_t chunk, double warm, struct error *e)
{
    double seconds, begin = now();
    int status;
    do {
        status = read_tokens(s, m, chunk, chunk, &seconds, e);
    } while (status == 0 && now() - begin < warm);
    return status;
}

static int measure_read(const struct model *m, const char *device, uint64_t n, double warm, struct error *e)
{
    struct backend *b;
    struct session *s;
    double seconds;
    if (backend_open(&b, device, 0, e) != 0) return -1;
    int status = session_open(&s, m, b, e);
    if (status == 0) {
        status = warm_up(s, m, b->info.chunk_rows, warm, e);
        if (status == 0) status = read_tokens(s, m, n, b->info.chunk_rows, &seconds, e);
        if (status == 0)
            printf("  %9llu tokens: %10.0f tokens/s (%.3f s, %zu MB live)\n", (unsigned long long)n,
                   (double)n / seconds, seconds, session_memory(s) >> 20);
        session_close(s);
    }
    backend_close(b);
    return status;
}

static bool begins(const char *label, const char *with)
{
    return strncmp(label, with, strlen(with)) == 0;
}

static void print_times(const struct backend_vulkan_time *times, uint32_t n_times, uint64_t n_tokens,
                        const struct ceilings *c)
{
    struct backend_vulkan_time all = {0}, products = {0};
    for (uint32_t i = 0; i < n_times; i++) all.seconds += times[i].seconds;
    for (uint32_t i = 0; i < n_times; i++) {
        const struct backend_vulkan_time *t = &times[i];
        double flops = 2 * t->multiplications / t->seconds, bytes = t->bytes / t->seconds;
        printf(
            "  %-24s %8.3f us/1000 tokens %5.1f %%  %7.2f TFLOP/s (%5.1f %% of the product)  %6.0f GB/s (%5.1f %% of "
            "memory)\n",
            t->label, 1e9 * t->seconds / (double)n_tokens, 100 * t->seconds / all.seconds, flops / 1e12,
            100 * flops / c->flops, bytes / 1e9, 100 * bytes / c->bytes);
        if (!begins(t->label, "project") && !begins(t->label, "feed-forward")) continue;
        products.seconds += t->seconds;
        products.multiplications += t->multiplications;
    }
    double flops = 2 * products.multiplications / products.seconds;
    printf("  %-24s %8.3f us/1000 tokens; products of the layers %.2f TFLOP/s (%.1f %% of the product)\n", "all",
           1e9 * all.seconds / (double)n_tokens, flops / 1e12, 100 * flops / c->flops);
}

static int measure_ops(const struct model *m, const char *device, uint64_t n, double warm, const struct ceilings *c,
                       struct error *e)
{
    struct backend *b;
    struct session *s;
    double seconds;
    if (backend_open(&b, device, 0, e) != 0) return -1;
    int status = session_open(&s, m, b, e);
    if (status == 0) {
        status = warm_up(s, m, b->info.chunk_rows, warm, e);
        if (status == 0) status = backend_vulkan_profile(b, e);
        if (status == 0) status = read_tokens(s, m, n, b->info.chunk_rows, &seconds, e);
        session_close(s);
    }
    struct backend_vulkan_time times[MAX_TIMES];
    uint32_t n_times = status == 0 ? backend_vulkan_times(b, times, MAX_TIMES) : 0;
    if (n_times > 0) print_times(times, n_times, n, c);
    backend_close(b);
    return status;
}

/* Tokens written one by one, in the shape of a chat model of 135 million numbers. */
static int measure_writing(const char *device, unsigned n, struct error *e)
{
    enum { VOCAB = 49152 };
    struct model m = {.n_embd = 576,
                      .n_layer = 30,
                      .n_head = 9,
                      .n_head_kv = 3,
                      .head_dim = 64,
                      .n_ff = 1536,
                      .n_vocab = VOCAB,
                      .n_branch = 1,
                      .branch = {{2048, 1}}};
    struct backend *b;
    struct session *s;
    float *logits = malloc(VOCAB * sizeof *logits);
    if (!logits) return error_memory(e);
    synthetic_model_fill(&m, 1);
    int status = backend_open(&b, device, 0, e);
    if (status == 0) {
        status = session_open(&s, &m, b, e);
        double begin = now();
        for (unsigned i = 0; i < 2 * n && status == 0; i++) { /* the first half warms up */
            if (i == n) begin = now();
            status = session_decode(s, (int32_t)(i * 7919 % VOCAB), logits, e);
        }
        if (status == 0) {
            printf("writing, d 576, 30 layers: %.0f tokens/s\n", n / (now() - begin));
            session_close(s);
        }
        backend_close(b);
    }
    synthetic_model_close(&m);
    free(logits);
    return status;
}

/* Reads of the lengths, and the time by op of the last. */
static int measure_model(const struct model *m, const char *device, const char *lengths, double warm,
                         const struct ceilings *c, struct error *e)
{
    uint64_t last = 0;
    int status = 0;
    for (const char *at = lengths; status == 0 && at; at = strchr(at, ',')) {
        if (*at == ',') at++;
        last = strtoull(at, NULL, 10);
        if (last > 0) status = measure_read(m, device, last, warm, e);
    }
    return status != 0 ? -1 : measure_ops(m, device, last < PROFILED_TOKENS ? last : PROFILED_TOKENS, warm, c, e);
}

static int measure_file(const char *path, const char *device, const char *lengths, double warm,
                        const struct ceilings *c, struct error *e)
{
    struct model *m;
    if (model_open(&m, path, e) != 0) return -1;
    printf("%s: d %u, %u layers\n", path, m->n_embd, m->n_layer);
    int status = measure_model(m, device, lengths, warm, c, e);
    model_close(m);
    return status;
}

static int measure(const char *device, const char *path, const char *lengths, struct error *e)
{
    struct backend *b;
    struct ceilings ceilings = {0};
    if (backend_open(&b, device, 0, e) != 0) return -1;
    const bool software = strstr(b->info.name, "llvmpipe") != NULL;
    const double warm = software ? WARM_SECONDS_SOFTWARE : WARM_SECONDS;
    printf("%s, %zu MB\n", b->info.name, b->info.memory >> 20);
    int status = measure_ceilings(b, software ? 256 : CEILING, warm, &ceilings, e);
    backend_close(b);
    if (path) return status == 0 ? measure_file(path, device, lengths, warm, &ceilings, e) : status;
    for (const char *size = "sm"; *size && status == 0; size++) {
        struct model m;
        set_size(&m, *size);
        printf("size %c: d %u, %u layers\n", *size, m.n_embd, m.n_layer);
        status = measure_model(&m, device, lengths, warm, &ceilings, e);
        synthetic_model_close(&m);
    }
    return status == 0 ? measure_writing(device, software ? 2 : 200, e) : status;
}

int main(int argc, char **argv)
{
    const char *device = "vulkan", *model = NULL, *lengths = "65536,1048576,16777216";
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--device") == 0)
            device = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--model") == 0)
            model = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--tokens") == 0)
            lengths = argv[i + 1];
        else {
            fputs("usage: vulkan_benchmark [--device vulkan[:N][/TIER]] [--model FILE] [--tokens N,...]\n", stderr);
            return 2;
        }
    }
    struct error e = {0};
    if (measure(device, model, lengths, &e) == 0) return 0;
    fprintf(stderr, "vulkan_benchmark: %s\n", e.text);
    return 1;
}
