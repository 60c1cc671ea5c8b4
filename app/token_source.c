#include "app/token_source.h"

#include <stdlib.h>
#include <string.h>

#include "app/corpus.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/tokenizer.h"

/* Text is tokenised this many bytes at a time, so that threads have work and little is held. */
#define BLOCK_BYTES (256 * 1024)

struct token_source {
    const struct tokenizer *tokenizer;
    const struct corpus *corpus;
    int32_t file_token;
    unsigned n_threads;
    size_t document;  /* next to begin, when `text` is used up */
    const char *text; /* what is left of the current document */
    size_t text_size;
    struct tokens block; /* tokenised, from `used` on not yet given out */
    size_t used;
    struct tokens chunk; /* given out */
    struct token_run *runs;
    size_t n_runs, runs_capacity;
};

int token_source_open(struct token_source **out, const struct tokenizer *t, const struct corpus *c, int32_t file_token,
                      unsigned n_threads, struct error *e)
{
    struct token_source *s = calloc(1, sizeof *s);
    if (!s) return error_set(e, "out of memory");
    s->tokenizer = t;
    s->corpus = c;
    s->file_token = file_token;
    s->n_threads = n_threads;
    *out = s;
    return 0;
}

void token_source_close(struct token_source *s)
{
    if (!s) return;
    tokens_free(&s->block);
    tokens_free(&s->chunk);
    free(s->runs);
    free(s);
}

/* Bytes of whole cuts at the start of a text: BLOCK_BYTES of them, or a little more. */
static size_t block_size(const char *text, size_t size)
{
    if (size <= BLOCK_BYTES) return size;
    size_t n = 0;
    while (n < BLOCK_BYTES) n += tokenizer_cut(text + n, size - n);
    return n;
}

static int add_run(struct token_source *s, size_t n, bool header, struct error *e)
{
    struct token_run *last = s->n_runs ? &s->runs[s->n_runs - 1] : NULL;
    if (last && !header && !last->header) {
        last->n += n;
        return 0;
    }
    struct token_run *runs = bytes_reserve(s->runs, &s->runs_capacity, s->n_runs + 1, sizeof *runs);
    if (!runs) return error_set(e, "out of memory");
    s->runs = runs;
    runs[s->n_runs++] = (struct token_run){n, header};
    return 0;
}

static int reserve_chunk(struct token_source *s, size_t n, struct error *e)
{
    size_t capacity = s->chunk.capacity;
    uint8_t *lengths = bytes_reserve(s->chunk.lengths, &capacity, n, 1);
    if (!lengths) return error_set(e, "out of memory");
    s->chunk.lengths = lengths;
    capacity = s->chunk.capacity;
    int32_t *ids = bytes_reserve(s->chunk.ids, &capacity, n, sizeof *ids);
    if (!ids) return error_set(e, "out of memory");
    s->chunk.ids = ids;
    s->chunk.capacity = capacity;
    return 0;
}

/* Appends the header of the next document to the chunk and makes its text the current one. */
static int begin_document(struct token_source *s, struct error *e)
{
    const struct document *d = &s->corpus->documents[s->document];
    if (reserve_chunk(s, s->chunk.n + 1, e)) return -1;
    size_t begin = s->chunk.n;
    s->chunk.ids[s->chunk.n++] = s->file_token;
    if (tokenizer_encode(s->tokenizer, d->path, strlen(d->path), &s->chunk, e) ||
        tokenizer_encode(s->tokenizer, "\n", 1, &s->chunk, e)) {
        return -1;
    }
    memset(s->chunk.lengths + begin, 0, s->chunk.n - begin);
    s->text = d->text;
    s->text_size = (size_t)d->size;
    s->document++;
    return add_run(s, s->chunk.n - begin, true, e);
}

/* Refills the block from the current document's text. */
static int next_block(struct token_source *s, struct error *e)
{
    size_t size = block_size(s->text, s->text_size);
    s->block.n = s->used = 0;
    if (tokenizer_encode_parallel(s->tokenizer, s->text, size, s->n_threads, &s->block, e)) return -1;
    s->text += size;
    s->text_size -= size;
    return 0;
}

/* Start of the cut that holds `offset`: a line's start, or a cut of a long line. */
static uint64_t cut_start(const char *text, uint64_t size, uint64_t offset)
{
    uint64_t start = offset;
    while (start > 0 && text[start - 1] != '\n') start--;
    while (start < size) {
        size_t cut = tokenizer_cut(text + start, (size_t)(size - start));
        if (start + cut > offset) break;
        start += cut;
    }
    return start;
}

int token_source_seek(struct token_source *s, uint64_t n_documents, uint64_t offset, size_t zero_lengths,
                      struct error *e)
{
    if (n_documents == 0) return 0;
    const struct document *d = &s->corpus->documents[n_documents - 1];
    uint64_t start = cut_start(d->text, d->size, offset);
    s->document = (size_t)n_documents;
    s->text = d->text + start;
    s->text_size = (size_t)(d->size - start);
    if (start == d->size) return 0;
    if (next_block(s, e)) return -1;
    /* A cut is shorter than a block, so its tokens are all here. */
    for (uint64_t at = start; at < offset && s->used < s->block.n; s->used++) at += s->block.lengths[s->used];
    s->used += zero_lengths;
    return 0;
}

int token_source_next(struct token_source *s, size_t n, struct token_chunk *out, struct error *e)
{
    s->chunk.n = s->n_runs = 0;
    while (s->chunk.n < n) {
        if (s->used == s->block.n && s->text_size > 0) {
            if (next_block(s, e)) return -1;
            continue;
        }
        if (s->used == s->block.n) {
            if (s->document == s->corpus->n_documents) break;
            if (begin_document(s, e)) return -1;
            continue;
        }
        size_t part = s->block.n - s->used;
        if (part > n - s->chunk.n) part = n - s->chunk.n;
        if (reserve_chunk(s, s->chunk.n + part, e) || add_run(s, part, false, e)) return -1;
        memcpy(s->chunk.ids + s->chunk.n, s->block.ids + s->used, part * sizeof *s->block.ids);
        memcpy(s->chunk.lengths + s->chunk.n, s->block.lengths + s->used, part);
        s->chunk.n += part;
        s->used += part;
    }
    *out = (struct token_chunk){s->chunk.ids, s->chunk.lengths, s->chunk.n, s->runs, s->n_runs};
    return 0;
}
