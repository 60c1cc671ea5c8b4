/* Any bytes as a document: encodings, lines, segments, words, sentences. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/bm25.h"
#include "app/text/corpus.h"
#include "app/answer/quote.h"
#include "app/reader/reader.h"
#include "app/text/segment.h"
#include "compute/error.h"
#include "compute/thread_pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char question[] = "what isThe1 \xff file_name? 铜钟是谁 등대의 колокола की";

static void ask(const struct corpus *c, const struct reader_segment *segments, size_t n)
{
    struct error e;
    float *scores = malloc(n * sizeof *scores);
    struct quote_source *sources = malloc(n * sizeof *sources);
    char *answer;
    static struct thread_pool *pool; /* one thread: the caller's */
    if (!pool && thread_pool_open(&pool, 1, &e) != 0) abort();
    if (!scores || !sources || bm25_score(c, segments, n, question, pool, NULL, scores, &e) != 0) abort();
    for (size_t i = 0; i < n; i++)
        sources[i] = (struct quote_source){.path = i % 2 ? "a.c" : "a",
                                           .text = c->documents[0].text + segments[i].offset,
                                           .size = segments[i].size,
                                           .score = scores[i]};
    if (quote_answer(&answer, question, sources, n, &e) != 0) abort();
    free(answer);
    free(sources);
    free(scores);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct corpus *c;
    struct error e;
    const char *const path = "a", *const text = (const char *)bytes;
    if (corpus_open_memory(&c, &path, &text, &size, 1, &e) != 0) return 0;
    const struct document *d = &c->documents[0];
    struct reader_segment *segments = malloc((size_t)d->size * sizeof *segments);
    size_t n = 0;
    uint64_t before = 0;
    for (uint64_t at = 0; at < d->size; at += segments[n++].size) {
        size_t length = segment_cut(d->text + at, (size_t)(d->size - at));
        if (length == 0 || length > SEGMENT_MAX_BYTES || corpus_document_line(d, at) > d->n_lines) abort();
        const uint64_t place = corpus_document_file_offset(d, at);
        if (place > d->file_size || place < before) abort();
        before = place;
        segments[n] = (struct reader_segment){.size = (uint32_t)length, .offset = at};
    }
    ask(c, segments, n);
    free(segments);
    corpus_close(c);
    return 0;
}
