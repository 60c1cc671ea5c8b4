/* attention_golden [--device definition|cpu|vulkan[:N]] [--tier fp32|fp16|coopmat] [--write OUT] DIR...
 * Runs golden cases of dilated attention (tests/golden/README.md) through the product's own back end and prints the
 * largest error of each. Exit status: 0 when all are within their tolerance, 1 when one is not or cannot be run, 2 for
 * wrong usage or a missing device. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/definition.h"
#include "compute/error.h"

struct golden {
    struct attention shape;
    uint32_t n;
    bool causal;
    double tolerance;
    double *q, *k, *v, *out; /* [n][n_head][head_dim], owned */
};

static void golden_close(struct golden *g)
{
    free(g->q);
    free(g->k);
    free(g->v);
    free(g->out);
}

static char *read_text(const char *path, struct error *e)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        error_set(e, "%s cannot be opened", path);
        return NULL;
    }
    enum { LIMIT = 1 << 20 };
    char *text = malloc(LIMIT);
    size_t n = text ? fread(text, 1, LIMIT - 1, f) : 0;
    fclose(f);
    if (!text || n == 0) {
        error_set(e, "%s cannot be read", path);
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

/* A whole number in [low, high] of a JSON object or array item. */
static int get_number(uint64_t *out, const cJSON *item, const char *name, double low, double high, struct error *e)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high))
        return error_set(e, "meta.json: %s is missing or out of range", name);
    *out = (uint64_t)item->valuedouble;
    return 0;
}

static int parse_branches(struct golden *g, const cJSON *meta, struct error *e)
{
    const cJSON *segments = cJSON_GetObjectItem(meta, "segments"), *dilations = cJSON_GetObjectItem(meta, "dilations");
    int n = cJSON_IsArray(segments) ? cJSON_GetArraySize(segments) : 0;
    if (n < 1 || n > DILATION_MAX_BRANCHES || !cJSON_IsArray(dilations) || cJSON_GetArraySize(dilations) != n)
        return error_set(e, "meta.json: segments and dilations are not lists of the same length up to %d",
                         DILATION_MAX_BRANCHES);
    g->shape.n_branch = (uint32_t)n;
    for (int i = 0; i < n; i++) {
        struct branch *b = &g->shape.branch[i];
        if (get_number(&b->segment_length, cJSON_GetArrayItem(segments, i), "segments", 1, 9e15, e) != 0 ||
            get_number(&b->dilation_rate, cJSON_GetArrayItem(dilations, i), "dilations", 1, 9e15, e) != 0)
            return -1;
        /* longer segments than the sequence are one segment: no more slots than it needs */
        if (b->segment_length > g->n) b->segment_length = g->n;
    }
    return 0;
}

static int parse_meta(struct golden *g, const char *text, struct error *e)
{
    cJSON *meta = cJSON_Parse(text);
    if (!meta) return error_set(e, "meta.json is not JSON");
    uint64_t n = 0, heads = 0, head_dim = 0;
    const cJSON *causal = cJSON_GetObjectItem(meta, "causal"), *rule = cJSON_GetObjectItem(meta, "offset_rule");
    const cJSON *tolerance = cJSON_GetObjectItem(meta, "tolerance");
    int status = 0;
    if (get_number(&n, cJSON_GetObjectItem(meta, "N"), "N", 1, 1 << 24, e) != 0 ||
        get_number(&heads, cJSON_GetObjectItem(meta, "heads"), "heads", 1, 1024, e) != 0 ||
        get_number(&head_dim, cJSON_GetObjectItem(meta, "head_dim"), "head_dim", 1, 256, e) != 0)
        status = -1;
    else if (!cJSON_IsBool(causal) || !cJSON_IsNumber(tolerance) || !cJSON_IsString(rule))
        status = error_set(e, "meta.json: causal, tolerance or offset_rule is missing");
    else if (strcmp(rule->valuestring, "paper") != 0 && strcmp(rule->valuestring, "torchscale") != 0)
        status = error_set(e, "meta.json: offset_rule is neither paper nor torchscale");
    if (status == 0) {
        g->n = (uint32_t)n;
        g->shape.n_head = g->shape.n_head_kv = (uint32_t)heads;
        g->shape.head_dim = (uint32_t)head_dim;
        g->shape.offset_rule = strcmp(rule->valuestring, "paper") == 0 ? OFFSET_PAPER : OFFSET_TORCHSCALE;
        g->causal = cJSON_IsTrue(causal);
        g->tolerance = tolerance->valuedouble;
        status = parse_branches(g, meta, e);
    }
    cJSON_Delete(meta);
    return status;
}

/* A file of exactly n little-endian doubles. */
static int read_doubles(double **out, const char *directory, const char *name, size_t n, struct error *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "rb");
    if (!f) return error_set(e, "%s cannot be opened", path);
    *out = malloc(n * sizeof **out);
    size_t got = *out ? fread(*out, sizeof **out, n, f) : 0;
    bool more = fgetc(f) != EOF;
    fclose(f);
    if (got != n || more) return error_set(e, "%s does not hold %zu numbers", path, n);
    return 0;
}

static int golden_open(struct golden *g, const char *directory, struct error *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/meta.json", directory);
    char *text = read_text(path, e);
    if (!text) return -1;
    int status = parse_meta(g, text, e);
    free(text);
    if (status != 0) return -1;
    size_t n = (size_t)g->n * g->shape.n_head * g->shape.head_dim;
    if (attention_layout(&g->shape, e) != 0 || read_doubles(&g->q, directory, "q.f64", n, e) != 0 ||
        read_doubles(&g->k, directory, "k.f64", n, e) != 0 || read_doubles(&g->v, directory, "v.f64", n, e) != 0 ||
        read_doubles(&g->out, directory, "out.f64", n, e) != 0)
        return -1;
    return 0;
}

/* The whole case as one chunk; result[n][n_head][head_dim]. */
static int golden_run(const struct golden *g, struct backend *b, double *result, struct error *e)
{
    const size_t width = (size_t)g->shape.n_head * g->shape.head_dim;
    if (g->shape.head_dim > b->info.max_head_dim)
        return error_set(e, "heads of %u columns, this device runs up to %u", g->shape.head_dim, b->info.max_head_dim);
    float *rows = malloc(g->n * 3 * width * sizeof *rows);
    uint32_t *kept = calloc((size_t)g->shape.n_branch * g->shape.n_head, sizeof *kept);
    struct matrix *qkv = NULL, *out = NULL, *cache_k = NULL, *cache_v = NULL;
    int status = rows && kept ? 0 : error_memory(e);
    if (status == 0)
        for (size_t row = 0; row < g->n; row++)
            for (size_t i = 0; i < width; i++) {
                rows[row * 3 * width + i] = (float)g->q[row * width + i];
                rows[row * 3 * width + width + i] = (float)g->k[row * width + i];
                rows[row * 3 * width + 2 * width + i] = (float)g->v[row * width + i];
            }
    if (status == 0 && (b->ops->activations_open(&qkv, b, g->n, (uint32_t)(3 * width), e) != 0 ||
                        b->ops->activations_open(&out, b, g->n, (uint32_t)width, e) != 0 ||
                        b->ops->activations_open(&cache_k, b, g->shape.cache_rows, g->shape.head_dim, e) != 0 ||
                        b->ops->activations_open(&cache_v, b, g->shape.cache_rows, g->shape.head_dim, e) != 0 ||
                        b->ops->matrix_write(qkv, 0, g->n, rows, e) != 0))
        status = -1;
    if (status == 0) {
        b->ops->attend(&(struct attend){.shape = &g->shape,
                                        .qkv = qkv,
                                        .cache_k = cache_k,
                                        .cache_v = cache_v,
                                        .kept = kept,
                                        .n = g->n,
                                        .causal = g->causal,
                                        .out = out});
        status = b->ops->matrix_read(out, 0, g->n, rows, e);
        for (size_t i = 0; i < g->n * width && status == 0; i++) result[i] = (double)rows[i];
    }
    b->ops->matrix_close(qkv);
    b->ops->matrix_close(out);
    b->ops->matrix_close(cache_k);
    b->ops->matrix_close(cache_v);
    free(kept);
    free(rows);
    return status;
}

static bool read_case(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct golden *g = context;
    const uint32_t width = g->shape.n_head * g->shape.head_dim;
    const double *from = column < width ? g->q : column < 2 * width ? g->k : g->v;
    memcpy(to, from + position * width + column % width, g->shape.head_dim * sizeof *to);
    return true;
}

/* The same by the definition, in place of a device. */
static void golden_define(const struct golden *g, double *result)
{
    const struct definition d = {&g->shape, 0, g->n, g->causal, 0, read_case, g, 0};
    const uint32_t n_head = g->shape.n_head;
    for (uint32_t i = 0; i < g->n * n_head; i++)
        definition_attend(&d, i % n_head, i / n_head, result + (size_t)i * g->shape.head_dim, NULL);
}

static const char *case_name(char *directory)
{
    size_t n = strlen(directory);
    while (n > 1 && directory[n - 1] == '/') directory[--n] = 0;
    const char *slash = strrchr(directory, '/');
    return slash && slash[1] ? slash + 1 : directory;
}

static int write_result(const char *out, const char *name, const double *result, size_t n, struct error *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.f64", out, name);
    FILE *f = fopen(path, "wb");
    if (!f) return error_set(e, "%s cannot be written", path);
    bool good = fwrite(result, sizeof *result, n, f) == n;
    if (fclose(f) != 0 || !good) return error_set(e, "%s cannot be written", path);
    return 0;
}

/* `b` NULL: by the definition. 0: within tolerance, 1: not, -1: could not be run. */
static int check_case(struct backend *b, char *directory, bool half, const char *write, struct error *e)
{
    struct golden g = {0};
    double *result = NULL;
    int status = golden_open(&g, directory, e);
    const size_t n = (size_t)g.n * g.shape.n_head * g.shape.head_dim;
    if (status == 0 && !(result = malloc(n * sizeof *result))) status = error_memory(e);
    if (half) g.tolerance = g.tolerance > 1e-5 ? 2e-2 : 2e-3;
    if (!b) g.tolerance = 1e-12;
    if (status == 0 && b) status = golden_run(&g, b, result, e);
    if (status == 0 && !b) golden_define(&g, result);
    if (status == 0) {
        double largest = 0;
        for (size_t i = 0; i < n; i++) {
            double error = fabs(result[i] - g.out[i]);
            if (isnan(error) || error > largest) largest = error; /* a NaN stays: nothing is greater */
        }
        status = largest <= g.tolerance ? 0 : 1;
        printf("%-4s %-32s largest error %.2e, tolerance %.0e\n", status == 0 ? "ok" : "FAIL", case_name(directory),
               largest, g.tolerance);
    }
    if (status >= 0 && write && write_result(write, case_name(directory), result, n, e) != 0) status = -1;
    free(result);
    golden_close(&g);
    return status;
}

static int usage(void)
{
    fputs("usage: attention_golden [--device definition|cpu|vulkan[:N]] [--tier fp32|fp16|coopmat] [--write OUT] "
          "DIR...\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *device = "cpu", *tier = "fp32", *write = NULL;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (i + 1 >= argc) return usage();
        if (strcmp(argv[i], "--device") == 0)
            device = argv[i + 1];
        else if (strcmp(argv[i], "--tier") == 0)
            tier = argv[i + 1];
        else if (strcmp(argv[i], "--write") == 0)
            write = argv[i + 1];
        else
            return usage();
    }
    if (i >= argc) return usage();
    char with_tier[128];
    if (strncmp(device, "vulkan", 6) == 0) {
        snprintf(with_tier, sizeof with_tier, "%s/%s", device, tier);
        device = with_tier;
    } else if (strcmp(tier, "fp32") != 0) {
        fprintf(stderr, "attention_golden: device %s has no tier %s\n", device, tier);
        return 2;
    }
    if (write && mkdir(write, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "attention_golden: %s cannot be made: %s\n", write, strerror(errno));
        return 2;
    }
    struct error e = {0};
    struct backend *b = NULL;
    if (strcmp(device, "definition") != 0 && backend_open(&b, device, 0, &e) != 0) {
        fprintf(stderr, "attention_golden: %s\n", e.text);
        return 2;
    }
    int failures = 0;
    for (; i < argc; i++) {
        int status = check_case(b, argv[i], strcmp(tier, "fp32") != 0, write, &e);
        if (status < 0) printf("FAIL %s: %s\n", case_name(argv[i]), e.text);
        failures += status != 0;
    }
    backend_close(b);
    return failures ? 1 : 0;
}
