#include "app/reader/token_source.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/tokenizer.h"

/* Text is tokenised this many bytes at a time, and at most so many stretches of it a thread are ahead: little is held,
 * and no thread waits for another. */
#define BLOCK_BYTES ((size_t)1 << 16)
#define BLOCKS_AHEAD 4

/* A stretch of a document's text, with its header where the document begins here, and their tokens. */
struct block {
    const struct document *begins; /* NULL: no header */
    const char *text;
    size_t size;
    struct tokens tokens; /* the header's first; owned */
    size_t n_header;
    bool done;
    int failed;
    struct error error;
};

/* What is given out. */
struct chunk {
    struct tokens tokens;
    struct token_run *runs;
    size_t n_runs, runs_capacity;
    bool cuts_header;
};

struct token_source {
    const struct tokenizer *tokenizer;
    const struct corpus *corpus;
    struct token_marks marks;

    pthread_t *threads;
    unsigned n_threads, n_started;
    pthread_mutex_t mutex; /* guards what follows, but for a block between claim and done: that is its thread's */
    pthread_cond_t room, ready;
    bool stopping;
    struct block *ring; /* block i is ring[i % n_ring] */
    size_t n_ring, first, end;
    size_t document; /* next to begin, when `text` is used up */
    const char *text;
    size_t text_size; /* what is left of the current document */

    /* the caller's own */
    bool held;                       /* the first block is being given out */
    size_t used;                     /* its tokens that were */
    uint64_t skip_bytes, skip_zeros; /* of the first block, before anything is given out */
    const struct document *current;  /* whose tokens are given out */
    uint64_t offset, segment_end;    /* in its text: the next token's, and of the segment given out last */
    struct chunk chunks[TOKEN_CHUNKS];
    unsigned at;
};

int token_source_open(struct token_source **out, const struct tokenizer *t, const struct corpus *c,
                      const struct token_marks *marks, unsigned n_threads, struct error *e)
{
    struct token_source *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->tokenizer = t;
    s->corpus = c;
    s->marks = *marks;
    s->n_threads = n_threads;
    s->n_ring = BLOCKS_AHEAD * (size_t)n_threads;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->room, NULL);
    pthread_cond_init(&s->ready, NULL);
    s->threads = calloc(n_threads, sizeof *s->threads);
    s->ring = calloc(s->n_ring, sizeof *s->ring);
    if (!s->threads || !s->ring) {
        token_source_close(s);
        return error_memory(e);
    }
    *out = s;
    return 0;
}

void token_source_close(struct token_source *s)
{
    if (!s) return;
    pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    pthread_cond_broadcast(&s->room);
    pthread_mutex_unlock(&s->mutex);
    for (unsigned i = 0; i < s->n_started; i++) pthread_join(s->threads[i], NULL);
    pthread_cond_destroy(&s->room);
    pthread_cond_destroy(&s->ready);
    pthread_mutex_destroy(&s->mutex);
    for (size_t i = 0; s->ring && i < s->n_ring; i++) tokens_free(&s->ring[i].tokens);
    for (size_t i = 0; i < TOKEN_CHUNKS; i++) {
        tokens_free(&s->chunks[i].tokens);
        free(s->chunks[i].runs);
    }
    free(s->threads);
    free(s->ring);
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

/* The next block of the corpus, to be tokenised by the caller; NULL where all are claimed, or too many are ahead. With
 * the mutex held. */
static struct block *claim(struct token_source *s)
{
    const bool begins = s->text_size == 0;
    if (s->end - s->first == s->n_ring || (begins && s->document == s->corpus->n_documents)) return NULL;
    struct block *b = &s->ring[s->end++ % s->n_ring];
    b->begins = NULL;
    b->done = false;
    if (begins) {
        b->begins = &s->corpus->documents[s->document++];
        s->text = b->begins->text;
        s->text_size = (size_t)b->begins->size;
    }
    b->text = s->text;
    b->size = block_size(s->text, s->text_size);
    s->text += b->size;
    s->text_size -= b->size;
    return b;
}

static int encode_header(const struct token_source *s, struct block *b, struct error *e)
{
    const char *name = b->begins->name;
    if (tokens_reserve(&b->tokens, 1, e)) return -1;
    b->tokens.ids[b->tokens.n++] = s->marks.file;
    if (tokenizer_encode(s->tokenizer, name, strlen(name), &b->tokens, e)) return -1;
    if (s->marks.sep < 0 && tokenizer_encode(s->tokenizer, "\n", 1, &b->tokens, e)) return -1;
    if (s->marks.sep >= 0 && tokens_reserve(&b->tokens, 1, e)) return -1;
    if (s->marks.sep >= 0) b->tokens.ids[b->tokens.n++] = s->marks.sep;
    memset(b->tokens.lengths, 0, b->tokens.n);
    b->n_header = b->tokens.n;
    return 0;
}

static void encode_block(const struct token_source *s, struct block *b)
{
    b->tokens.n = b->n_header = 0;
    b->failed = b->begins ? encode_header(s, b, &b->error) : 0;
    if (!b->failed) b->failed = tokenizer_encode(s->tokenizer, b->text, b->size, &b->tokens, &b->error);
}

/* Claims a block and tokenises it; false where there is none to claim. With the mutex held, which it lets go. */
static bool work_on_block(struct token_source *s)
{
    struct block *b = claim(s);
    if (!b) return false;
    pthread_mutex_unlock(&s->mutex);
    encode_block(s, b);
    pthread_mutex_lock(&s->mutex);
    b->done = true;
    pthread_cond_signal(&s->ready);
    return true;
}

static void *thread_main(void *context)
{
    struct token_source *s = context;
    pthread_mutex_lock(&s->mutex);
    while (!s->stopping)
        if (!work_on_block(s)) pthread_cond_wait(&s->room, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* Where a thread cannot be made the others do its work, and the caller the rest. */
static void start_threads(struct token_source *s)
{
    while (s->n_started < s->n_threads && pthread_create(&s->threads[s->n_started], NULL, thread_main, s) == 0)
        s->n_started++;
    s->n_threads = s->n_started;
}

uint64_t token_source_cut(const char *text, uint64_t size, uint64_t offset)
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

void token_source_seek(struct token_source *s, uint64_t n_documents, uint64_t offset, size_t zero_lengths,
                       uint64_t segment_end)
{
    assert(s->n_started == 0);
    if (n_documents == 0) return;
    const struct document *d = &s->corpus->documents[n_documents - 1];
    uint64_t start = token_source_cut(d->text, d->size, offset);
    s->current = d;
    s->offset = offset;
    s->segment_end = segment_end;
    s->document = (size_t)n_documents;
    s->text = d->text + start;
    s->text_size = (size_t)(d->size - start);
    if (start == d->size) return;
    s->skip_bytes = offset - start;
    s->skip_zeros = zero_lengths;
}

/* A cut is shorter than a block, so the tokens that a seek skips are all in the first one. */
static void skip_tokens(struct token_source *s, const struct block *b)
{
    for (uint64_t at = 0; at < s->skip_bytes && s->used < b->tokens.n; s->used++) at += b->tokens.lengths[s->used];
    s->used += (size_t)s->skip_zeros;
    s->skip_bytes = s->skip_zeros = 0;
}

/* The first block, tokenised; one that has been given out makes room for others. NULL behind the last. */
static const struct block *next_block(struct token_source *s)
{
    pthread_mutex_lock(&s->mutex);
    if (s->held && s->used == s->ring[s->first % s->n_ring].tokens.n) {
        s->first++;
        s->used = 0;
        pthread_cond_signal(&s->room);
    }
    const struct block *b = &s->ring[s->first % s->n_ring];
    s->held = s->first < s->end || work_on_block(s);
    while (s->held && !b->done) pthread_cond_wait(&s->ready, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    return s->held ? b : NULL;
}

static int add_run(struct chunk *c, size_t n, size_t header, bool in_header, struct error *e)
{
    struct token_run *last = c->n_runs ? &c->runs[c->n_runs - 1] : NULL;
    if (last && !in_header && !last->in_header) {
        last->n += n;
        return 0;
    }
    struct token_run *runs = bytes_reserve(c->runs, &c->runs_capacity, c->n_runs + 1, sizeof *runs);
    if (!runs) return error_memory(e);
    c->runs = runs;
    c->runs[c->n_runs++] = (struct token_run){n, header, in_header};
    return 0;
}

/* Marks the first token of each segment among n tokens: a token is of the segment that holds its last byte, a header of
 * its document's first. */
static void mark_segments(struct token_source *s, const struct block *b, int32_t *ids, const uint8_t *lengths, size_t n)
{
    if (s->used == 0 && b->begins) {
        s->current = b->begins;
        s->offset = 0;
        s->segment_end = segment_cut(s->current->text, (size_t)s->current->size);
        ids[0] |= TOKENS_SEGMENT;
    }
    for (size_t i = 0; i < n; i++) {
        s->offset += lengths[i];
        if (s->offset <= s->segment_end) continue;
        ids[i] |= TOKENS_SEGMENT;
        while (s->offset > s->segment_end)
            s->segment_end +=
                segment_cut(s->current->text + s->segment_end, (size_t)(s->current->size - s->segment_end));
    }
}

static int add_tokens(struct token_source *s, struct chunk *c, const struct block *b, size_t n, struct error *e)
{
    const bool in_header = s->used < b->n_header;
    int32_t *ids;
    if (tokens_reserve(&c->tokens, n, e) || add_run(c, n, in_header && s->used == 0 ? b->n_header : 0, in_header, e))
        return -1;
    ids = c->tokens.ids + c->tokens.n;
    memcpy(ids, b->tokens.ids + s->used, n * sizeof *b->tokens.ids);
    memcpy(c->tokens.lengths + c->tokens.n, b->tokens.lengths + s->used, n);
    if (s->marks.segments) mark_segments(s, b, ids, c->tokens.lengths + c->tokens.n, n);
    c->tokens.n += n;
    s->used += n;
    c->cuts_header = in_header && s->used < b->n_header;
    return 0;
}

int token_source_next(struct token_source *s, size_t n, struct token_chunk *out, struct error *e)
{
    struct chunk *c = &s->chunks[s->at++ % TOKEN_CHUNKS];
    c->tokens.n = c->n_runs = 0;
    c->cuts_header = false;
    if (s->n_started == 0) start_threads(s);
    while (c->tokens.n < n) {
        const struct block *b = next_block(s);
        if (!b) break;
        if (b->failed) return error_copy(e, &b->error);
        skip_tokens(s, b);
        if (s->used == b->tokens.n) continue;
        size_t left = n - c->tokens.n, there = b->tokens.n - s->used, part = there < left ? there : left;
        if (s->used < b->n_header && part > b->n_header - s->used) part = b->n_header - s->used;
        if (add_tokens(s, c, b, part, e)) return -1;
    }
    *out = (struct token_chunk){c->tokens.ids, c->tokens.lengths, c->tokens.n, c->runs, c->n_runs, c->cuts_header};
    return 0;
}
