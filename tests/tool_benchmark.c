/* benchmark [--model FILE] [--threads N] [--precision auto|fp32|bf16|int8] [--tokens N,...]
 * Speed and memory of reading on the CPU, next to what the machine gives in the same run: a bare OpenBLAS loop over the
 * same matrix shapes plus textbook dilated attention (gather, sgemm, softmax, sgemm on blocks of 512 rows; no
 * normalisation, no caches, nothing else). Without a model: random weights in the shape of size s. Token ids are
 * random: speed does not depend on them. */
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/session.h"
#include "compute/thread_pool.h"
#include "compute/vector.h"
#include "tests/synthetic_model.h"

enum { BLOCK = 512, CHUNK = 2048 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of all threads together: what a rate would be with the cores to ourselves. */
static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- time per op: the back end's table with a clock around each entry ---- */

enum { EMBED, QKV, ATTEND, OUTPUT, FEED_FORWARD, EVIDENCE, N_OPS };
static const char *const op_names[N_OPS] = {"embed", "qkv", "attend", "output", "feed_forward", "evidence"};
static double op_seconds[N_OPS];
static const struct backend_ops *device_ops;

static void timed_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, float scale,
                        bool add)
{
    double t = now();
    device_ops->embed(x, table, ids, n, scale, add);
    op_seconds[EMBED] += now() - t;
}

static void timed_project(const struct project *op)
{
    double t = now();
    device_ops->project(op);
    op_seconds[op->add ? OUTPUT : QKV] += now() - t;
}

static void timed_attend(const struct attend *op)
{
    double t = now();
    device_ops->attend(op);
    op_seconds[ATTEND] += now() - t;
}

static void timed_feed_forward(const struct feed_forward *op)
{
    double t = now();
    device_ops->feed_forward(op);
    op_seconds[FEED_FORWARD] += now() - t;
}

static void timed_evidence_rows(const struct evidence_rows *op)
{
    double t = now();
    device_ops->evidence_rows(op);
    op_seconds[EVIDENCE] += now() - t;
}

/* ---- the machine's own speed ---- */

struct bare {
    const struct model *m;
    float *input, *weights, *output; /* shared; large enough for every shape */
    uint32_t n, k;                   /* the product being run: [BLOCK][k] x [n][k]^T */
    float *scratch;                  /* a thread: gathered q, k, v, scores */
};

static void blas_product(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)k, b,
                (blasint)k, 0.0f, c, (blasint)n);
}

static void bare_product(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct bare *b = context;
    blas_product(BLOCK, b->n, b->k, b->input + (size_t)task * BLOCK * b->k, b->weights,
                 b->output + (size_t)task * BLOCK * b->n);
}

/* One (head, block) of textbook attention: 512 queries over 512 keys at stride 1. */
static void bare_attention(void *context, unsigned task, unsigned thread)
{
    const struct bare *b = context;
    const uint32_t dim = b->m->head_dim, width = b->m->n_head * dim;
    float *q = b->scratch + (size_t)thread * BLOCK * (4 * dim + BLOCK), *k = q + BLOCK * dim, *v = k + BLOCK * dim;
    float *out = v + BLOCK * dim, *scores = out + BLOCK * dim;
    const float *rows = b->input + (size_t)(task / b->m->n_head) * BLOCK * width + (task % b->m->n_head) * dim;
    for (size_t i = 0; i < BLOCK; i++) {
        memcpy(q + i * dim, rows + i * width, dim * sizeof *q);
        memcpy(k + i * dim, rows + i * width, dim * sizeof *q);
        for (size_t d = 0; d < dim; d++) v[d * BLOCK + i] = rows[i * width + d];
    }
    blas_product(BLOCK, BLOCK, dim, q, k, scores);
    for (size_t i = 0; i < BLOCK; i++) {
        vector max = vector_all(-INFINITY), sum = {0};
        for (size_t j = 0; j < BLOCK; j += VECTOR_LANES) max = vector_max(vector_load(scores + i * BLOCK + j), max);
        float top = max[0];
        for (int j = 1; j < VECTOR_LANES; j++) top = fmaxf(top, max[j]);
        for (size_t j = 0; j < BLOCK; j += VECTOR_LANES) {
            vector p = vector_exp(vector_load(scores + i * BLOCK + j) - top);
            sum += p;
            vector_store(scores + i * BLOCK + j, p);
        }
        float total = 0;
        for (int j = 0; j < VECTOR_LANES; j++) total += sum[j];
        for (size_t j = 0; j < BLOCK; j++) scores[i * BLOCK + j] /= total;
    }
    blas_product(BLOCK, dim, BLOCK, scores, v, out);
}

/* Seconds that a token takes at least. */
struct bound {
    double products, attention; /* by the clock */
    double cpu;                 /* of all threads together */
};

static int measure_bare(const struct model *m, struct thread_pool *pool, struct bound *bound)
{
    const uint32_t d = m->n_embd, width = m->n_head * m->head_dim, kv = m->n_head_kv * m->head_dim, f = m->n_ff;
    const uint32_t shapes[][2] = {{width + 2 * kv, d}, {d, width}, {2 * f, d}, {d, f}, {m->evidence.width, d}};
    uint32_t most = width + 2 * kv > 2 * f ? width + 2 * kv : 2 * f;
    struct bare b = {.m = m};
    b.input = calloc((size_t)CHUNK * (f > width ? f : width), sizeof *b.input);
    b.weights = calloc((size_t)most * (d > f ? d : f), sizeof *b.weights);
    b.output = calloc((size_t)CHUNK * most, sizeof *b.output);
    b.scratch = calloc((size_t)thread_pool_n_threads(pool) * BLOCK * (4 * m->head_dim + BLOCK), sizeof *b.scratch);
    int status = b.input && b.weights && b.output && b.scratch ? 0 : -1;
    for (int turn = 0; status == 0 && turn < 3; turn++) { /* the last one counts, the others warm up */
        double t = now(), cpu = cpu_now();
        for (uint32_t layer = 0; layer < m->n_layer; layer++)
            for (int i = 0; i < 4; i++) {
                b.n = shapes[i][0];
                b.k = shapes[i][1];
                thread_pool_run(pool, CHUNK / BLOCK, bare_product, &b);
            }
        b.n = shapes[4][0];
        b.k = shapes[4][1];
        if (b.n) thread_pool_run(pool, CHUNK / BLOCK, bare_product, &b);
        bound->products = (now() - t) / CHUNK;
        bound->cpu = (cpu_now() - cpu) / CHUNK;
        t = now();
        cpu = cpu_now();
        for (uint32_t layer = 0; layer < m->n_layer; layer++)
            thread_pool_run(pool, CHUNK / BLOCK * m->n_head, bare_attention, &b);
        /* branch i does 1 / r of branch 0's work for every head */
        double share = 0;
        for (uint32_t i = 0; i < m->n_branch; i++)
            share += (double)m->branch[i].segment_length / (double)m->branch[i].dilation_rate /
                     (double)m->branch[i].dilation_rate / BLOCK;
        bound->attention = (now() - t) / CHUNK * share;
        bound->cpu += (cpu_now() - cpu) / CHUNK * share;
    }
    free(b.input);
    free(b.weights);
    free(b.output);
    free(b.scratch);
    return status;
}

/* ---- reading ---- */

static size_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fscanf(f, "%lu %lu", &total, &resident) != 2) resident = 0;
    fclose(f);
    return resident * 4096;
}

static int read_tokens(const struct model *m, struct backend *b, uint64_t n, struct error *e)
{
    enum { STEP = 8192 };
    struct session *s;
    if (session_open(&s, m, b, e) != 0) return -1;
    int32_t *ids = malloc(STEP * sizeof *ids);
    int8_t *keys = malloc((size_t)STEP * (m->evidence.width + 1));
    uint64_t seed = 1;
    int status = ids && keys ? 0 : error_memory(e);
    memset(op_seconds, 0, sizeof op_seconds);
    double start = now(), start_cpu = cpu_now(), last_rate = 0;
    for (uint64_t done = 0; done < n && status == 0;) {
        size_t part = n - done < STEP ? (size_t)(n - done) : STEP;
        for (size_t i = 0; i < part; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            ids[i] = (int32_t)((seed >> 33) % m->n_vocab);
        }
        double t = now();
        status = session_prefill(s, ids, part, &(struct session_outputs){.keys = m->evidence.width ? keys : NULL}, e);
        last_rate = (double)part / (now() - t);
        done += part;
    }
    double seconds = now() - start, cpu = cpu_now() - start_cpu;
    struct bound bare = {0};
    if (status == 0 && measure_bare(m, b->pool, &bare) != 0) status = error_memory(e);
    if (status == 0) {
        double bound = 1 / (bare.products + bare.attention), rate = (double)n / seconds;
        printf("%llu tokens: %.0f tokens/s (last %d: %.0f); bare OpenBLAS and textbook attention: %.0f tokens/s, ratio "
               "%.2f\n",
               (unsigned long long)n, rate, STEP, last_rate, bound, rate / bound);
        printf("  by processor time: %.0f tokens/s a core, bare %.0f, ratio %.2f\n", (double)n / cpu, 1 / bare.cpu,
               bare.cpu * (double)n / cpu);
        printf("  us a token: bare products %.1f, bare attention %.1f; reading %.1f:", 1e6 * bare.products,
               1e6 * bare.attention, 1e6 / rate);
        for (int i = 0; i < N_OPS; i++)
            printf(" %s %.1f (%.0f%%)", op_names[i], 1e6 * op_seconds[i] / (double)n, 100 * op_seconds[i] / seconds);
        printf("\n  memory: session %.1f MB, resident %.1f MB\n", 1e-6 * (double)session_memory(s),
               1e-6 * (double)resident_bytes());
    }
    free(ids);
    free(keys);
    session_close(s);
    return status;
}

static void size_s(struct model *m)
{
    *m = (struct model){.n_embd = 256,
                        .n_layer = 6,
                        .n_head = 4,
                        .n_head_kv = 4,
                        .head_dim = 64,
                        .n_ff = 704,
                        .n_vocab = 16384,
                        .n_branch = 17,
                        .evidence.width = 64};
    for (uint32_t i = 0; i < m->n_branch; i++)
        m->branch[i] = (struct branch){.segment_length = UINT64_C(512) << 2 * i, .dilation_rate = UINT64_C(1) << 2 * i};
    synthetic_model_fill(m, 1);
}

int main(int argc, char **argv)
{
    const char *path = NULL, *precision = "fp32", *lengths = "16384,131072";
    unsigned n_threads = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--model") == 0)
            path = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--tokens") == 0)
            lengths = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--precision") == 0)
            precision = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0)
            n_threads = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else {
            fputs("usage: benchmark [--model FILE] [--threads N] [--precision auto|fp32|bf16|int8] [--tokens N,...]\n",
                  stderr);
            return 2;
        }
    }
    struct error e = {0};
    struct model synthetic, *opened = NULL;
    struct backend *b;
    char device[32];
    snprintf(device, sizeof device, "cpu/%s", precision);
    openblas_set_num_threads(1); /* the bare loop's */
    if (backend_open(&b, device, n_threads, &e) != 0 || (path && model_open(&opened, path, &e) != 0)) {
        fprintf(stderr, "benchmark: %s\n", e.text);
        return 1;
    }
    if (!path) size_s(&synthetic);
    printf("%s; %s\n", b->info.name, path ? path : "random weights, size s");
    struct backend_ops timed = *b->ops;
    device_ops = b->ops;
    timed.embed = timed_embed;
    timed.project = timed_project;
    timed.attend = timed_attend;
    timed.feed_forward = timed_feed_forward;
    timed.evidence_rows = timed_evidence_rows;
    b->ops = &timed;
    int status = 0;
    for (const char *at = lengths; status == 0 && at; at = strchr(at, ',')) {
        if (*at == ',') at++;
        uint64_t n = strtoull(at, NULL, 10);
        if (n > 0) status = read_tokens(path ? opened : &synthetic, b, n, &e);
    }
    if (status != 0) fprintf(stderr, "benchmark: %s\n", e.text);
    b->ops = device_ops;
    backend_close(b);
    if (path)
        model_close(opened);
    else
        synthetic_model_close(&synthetic);
    return status ? 1 : 0;
}
