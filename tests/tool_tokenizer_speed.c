/* tokenizer_speed MODEL.gguf TEXT [IDS]: MB/s and tokens/s of the model's tokenizer on the text, by one thread.
 * IDS: a file that gets the ids as little-endian int32, to compare with other tokenizers. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "compute/error.h"
#include "compute/file.h"
#include "compute/gguf.h"
#include "compute/tokenizer.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int write_ids(const char *path, const struct tokens *tokens, struct error *e)
{
    FILE *f = fopen(path, "wb");
    if (!f) return error_set(e, "%s: cannot be written", path);
    int failed = fwrite(tokens->ids, sizeof *tokens->ids, tokens->n, f) != tokens->n;
    return fclose(f) != 0 || failed ? error_set(e, "%s: cannot be written", path) : 0;
}

static int measure(const struct tokenizer *t, const struct file_map *text, const char *ids, struct error *e)
{
    struct tokens tokens = {0};
    double begin = now();
    int failed = tokenizer_encode(t, (const char *)text->bytes, text->size, &tokens, e);
    double seconds = now() - begin;
    if (!failed) {
        printf("%zu bytes, %zu tokens, %.2f MB/s, %.0f tokens/s\n", text->size, tokens.n,
               (double)text->size / seconds * 1e-6, (double)tokens.n / seconds);
        if (ids) failed = write_ids(ids, &tokens, e);
    }
    tokens_free(&tokens);
    return failed;
}

int main(int argc, char **argv)
{
    struct error e;
    struct gguf *model = NULL;
    struct tokenizer *t = NULL;
    struct file_map text = {NULL, 0};
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: %s MODEL.gguf TEXT [IDS]\n", argv[0]);
        return 2;
    }
    int failed = gguf_open(&model, argv[1], &e);
    if (!failed) failed = tokenizer_open_model(&t, model, &e);
    if (!failed) failed = file_map(&text, argv[2], &e);
    if (!failed) failed = measure(t, &text, argc == 4 ? argv[3] : NULL, &e);
    if (failed) fprintf(stderr, "%s\n", e.text);
    file_unmap(&text);
    tokenizer_close(t);
    gguf_close(model);
    return failed ? 1 : 0;
}
