/* perplexity MODEL.gguf IDS LENGTH [DEVICE]: the mean loss of the next token over texts of LENGTH tokens, each from
 * position 0. IDS holds token ids as little-endian 16-bit numbers, one text after the other and one more token at the
 * end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/session.h"

enum { CHUNK = 256 };

static int read_ids(const char *path, int32_t **ids, size_t *n, uint32_t n_vocab, struct error *e)
{
    FILE *f = fopen(path, "rb");
    if (!f) return error_set(e, "%s: cannot be opened", path);
    int failed = fseek(f, 0, SEEK_END);
    const long size = failed ? -1 : ftell(f);
    *n = size > 0 ? (size_t)size / 2 : 0;
    *ids = malloc((*n + 1) * sizeof **ids);
    rewind(f);
    for (size_t i = 0; i < *n && *ids && !failed; i++) {
        const int low = getc(f), high = getc(f);
        (*ids)[i] = high * 256 + low;
        failed = high < 0 || (uint32_t)(*ids)[i] >= n_vocab;
    }
    fclose(f);
    return failed || !*ids ? error_set(e, "%s: no ids below %u", path, n_vocab) : 0;
}

/* Minus the log probability of `id`. */
static double loss(const float *logits, uint32_t n_vocab, int32_t id)
{
    double sum = 0, top = logits[0];
    for (uint32_t i = 1; i < n_vocab; i++) top = fmax(top, (double)logits[i]);
    for (uint32_t i = 0; i < n_vocab; i++) sum += exp((double)logits[i] - top);
    return log(sum) + top - (double)logits[id];
}

static int read_text(const struct model *m, struct backend *b, const int32_t *ids, size_t length, double *total,
                     struct error *e)
{
    struct session *s = NULL;
    float *logits = malloc((size_t)CHUNK * m->n_vocab * sizeof *logits);
    int failed = logits ? session_open(&s, m, b, e) : error_set(e, "out of memory");
    for (size_t i = 0; i < length && !failed; i += CHUNK) {
        const size_t n = length - i < CHUNK ? length - i : CHUNK;
        failed = session_prefill(s, ids + i, n, &(struct session_outputs){.logits = logits}, e);
        for (size_t t = 0; t < n && !failed; t++) *total += loss(logits + t * m->n_vocab, m->n_vocab, ids[i + t + 1]);
    }
    session_close(s);
    free(logits);
    return failed;
}

int main(int argc, char **argv)
{
    struct error e;
    struct model *m = NULL;
    struct backend *b = NULL;
    int32_t *ids = NULL;
    size_t n = 0, texts = 0;
    double total = 0;
    const long length = argc == 4 || argc == 5 ? atol(argv[3]) : 0;
    if (length < 1) {
        fprintf(stderr, "usage: %s MODEL.gguf IDS LENGTH [DEVICE]\n", argv[0]);
        return 2;
    }
    int failed = model_open(&m, argv[1], &e);
    if (!failed) failed = backend_open(&b, argc == 5 ? argv[4] : "cpu", 0, &e);
    if (!failed) failed = read_ids(argv[2], &ids, &n, m->n_vocab, &e);
    for (; !failed && (texts + 1) * (size_t)length < n; texts++)
        failed = read_text(m, b, ids + texts * (size_t)length, (size_t)length, &total, &e);
    if (!failed && texts == 0) failed = error_set(&e, "%s: fewer than %ld ids", argv[2], length + 1);
    if (failed)
        fprintf(stderr, "%s\n", e.text);
    else
        printf("%zu texts of %ld tokens: loss %.6f, perplexity %.6f\n", texts, length,
               total / (double)(texts * (size_t)length), exp(total / (double)(texts * (size_t)length)));
    free(ids);
    backend_close(b);
    model_close(m);
    return failed ? 1 : 0;
}
