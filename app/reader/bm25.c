#include "app/reader/bm25.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/reader/sequence.h"
#include "app/text/words.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/thread_pool.h"

static const double k1 = 1.2, b = 0.75;

/* A different word of the question. */
struct term {
    uint64_t hash;
    uint32_t in_question; /* occurrences */
    uint64_t n_segments;  /* that hold it */
    double idf;
};

struct question {
    struct term *terms;
    size_t n_terms;
    uint32_t *table; /* open hash table of term + 1 by hash; 0: free */
    size_t table_size;
};

/* A term found in a segment: what is kept of the pass over the text. */
struct hit {
    uint32_t term, count;
};

/* A stretch of segments, which one thread looks through. */
struct part {
    const struct question *question;
    struct hit *hits; /* of all its segments, one segment's after the other's */
    size_t n_hits, hits_capacity;
    uint32_t *in_segment; /* [n_terms] occurrences in the segment being looked at */
    uint32_t n_words;     /* of it */
    bool out_of_memory;   /* callbacks cannot fail */
};

struct pass {
    const struct corpus *corpus;
    const struct reader_segment *segments;
    size_t n;
    const atomic_bool *cancel;
    struct question question;
    struct part *parts; /* of SEGMENTS segments each */
    unsigned n_parts;
    uint32_t *n_hits, *n_words; /* [n] */
    double mean;                /* words of a segment */
    float *scores;
};

enum { SEGMENTS = 4096 };

static uint32_t *slot(const struct question *q, uint64_t hash)
{
    size_t at = hash & (q->table_size - 1);
    while (q->table[at] != 0 && q->terms[q->table[at] - 1].hash != hash) at = (at + 1) & (q->table_size - 1);
    return &q->table[at];
}

static void question_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct question *q = context;
    (void)begin, (void)end;
    uint32_t *found = slot(q, hash);
    if (*found == 0) {
        q->terms[q->n_terms++] = (struct term){.hash = hash};
        *found = (uint32_t)q->n_terms;
    }
    q->terms[*found - 1].in_question++;
}

static void segment_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct part *p = context;
    (void)begin, (void)end;
    p->n_words++;
    uint32_t found = *slot(p->question, hash);
    if (found == 0 || p->in_segment[found - 1]++ > 0) return;
    struct hit *hits = bytes_reserve(p->hits, &p->hits_capacity, p->n_hits + 1, sizeof *hits);
    if (!hits) {
        p->out_of_memory = true;
        return;
    }
    p->hits = hits;
    hits[p->n_hits++].term = found - 1;
}

static int open_question(struct question *q, const char *text, struct error *e)
{
    size_t size = strlen(text);
    q->table_size = 64;
    while (q->table_size < 4 * (size + 1)) q->table_size *= 2; /* no more than two words a byte */
    q->table = calloc(q->table_size, sizeof *q->table);
    q->terms = calloc(2 * size + 1, sizeof *q->terms);
    if (!q->table || !q->terms) return error_memory(e);
    words_find(text, size, question_word, q);
    return 0;
}

static size_t part_end(const struct pass *p, unsigned part)
{
    size_t end = ((size_t)part + 1) * SEGMENTS;
    return end < p->n ? end : p->n;
}

/* Counts the words of a part's segments. */
static void count_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    struct pass *pass = context;
    struct part *p = &pass->parts[task];
    p->question = &pass->question;
    p->in_segment = calloc(pass->question.n_terms + 1, sizeof *p->in_segment);
    p->out_of_memory = !p->in_segment;
    for (size_t i = (size_t)task * SEGMENTS; i < part_end(pass, task) && !p->out_of_memory; i++) {
        if (pass->cancel && i % 256 == 0 && atomic_load(pass->cancel)) return;
        const struct reader_segment *s = &pass->segments[i];
        size_t first = p->n_hits;
        p->n_words = 0;
        words_find(pass->corpus->documents[s->document].text + s->offset, s->size, segment_word, p);
        for (size_t at = first; at < p->n_hits; at++) {
            p->hits[at].count = p->in_segment[p->hits[at].term];
            p->in_segment[p->hits[at].term] = 0;
        }
        pass->n_hits[i] = (uint32_t)(p->n_hits - first);
        pass->n_words[i] = p->n_words;
    }
}

/* What is known of the terms once all segments are counted. */
static void weigh(struct pass *p)
{
    struct term *terms = p->question.terms;
    double total = 0;
    for (size_t i = 0; i < p->n; i++) total += p->n_words[i];
    p->mean = total > 0 ? total / (double)p->n : 1;
    for (unsigned i = 0; i < p->n_parts; i++)
        for (size_t at = 0; at < p->parts[i].n_hits; at++) terms[p->parts[i].hits[at].term].n_segments++;
    for (size_t i = 0; i < p->question.n_terms; i++) {
        double holders = (double)terms[i].n_segments;
        terms[i].idf = log(1 + ((double)p->n - holders + 0.5) / (holders + 0.5));
    }
}

static void score_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct pass *p = context;
    const struct hit *hit = p->parts[task].hits;
    for (size_t i = (size_t)task * SEGMENTS; i < part_end(p, task); i++) {
        double score = 0, norm = k1 * (1 - b + b * p->n_words[i] / p->mean);
        for (uint32_t n = p->n_hits[i]; n > 0; n--, hit++) {
            const struct term *term = &p->question.terms[hit->term];
            double times = hit->count;
            score += term->in_question * term->idf * times * (k1 + 1) / (times + norm);
        }
        p->scores[i] = (float)score;
    }
}

static int score_segments(struct pass *p, const char *question, struct thread_pool *pool, struct error *e)
{
    if (p->n / SEGMENTS >= UINT_MAX) return error_set(e, "%zu segments are too many", p->n);
    p->n_parts = (unsigned)((p->n + SEGMENTS - 1) / SEGMENTS);
    p->parts = calloc((size_t)p->n_parts + 1, sizeof *p->parts);
    p->n_hits = calloc(p->n + 1, sizeof *p->n_hits);
    p->n_words = calloc(p->n + 1, sizeof *p->n_words);
    if (!p->parts || !p->n_hits || !p->n_words) return error_memory(e);
    if (open_question(&p->question, question, e) != 0) return -1;
    thread_pool_run(pool, p->n_parts, count_task, p);
    if (p->cancel && atomic_load(p->cancel)) return error_cancelled(e);
    for (unsigned i = 0; i < p->n_parts; i++)
        if (p->parts[i].out_of_memory) return error_memory(e);
    weigh(p);
    thread_pool_run(pool, p->n_parts, score_task, p);
    return 0;
}

int bm25_score(const struct corpus *c, const struct reader_segment *segments, size_t n, const char *question,
               struct thread_pool *pool, const atomic_bool *cancel, float *scores, struct error *e)
{
    struct pass p = {.corpus = c, .segments = segments, .n = n, .cancel = cancel, .scores = scores};
    int result = score_segments(&p, question, pool, e);
    for (unsigned i = 0; p.parts && i < p.n_parts; i++) {
        free(p.parts[i].hits);
        free(p.parts[i].in_segment);
    }
    free(p.parts);
    free(p.n_hits);
    free(p.n_words);
    free(p.question.table);
    free(p.question.terms);
    return result;
}

static float largest_value(const float *values, size_t n)
{
    float max = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] > max) max = values[i];
    return max > 0 ? max : 1;
}

void bm25_fuse(const float *attention, bool in_logs, const float *bm25, float weight, size_t n, float *fused)
{
    const float scale = in_logs ? 1 : 1 / largest_value(attention, n), bm25_scale = weight / largest_value(bm25, n);
    float top = -INFINITY;
    for (size_t i = 0; i < n && in_logs; i++) top = fmaxf(top, attention[i]);
    for (size_t i = 0; i < n; i++)
        fused[i] = (in_logs ? expf(attention[i] - top) : attention[i] * scale) + bm25[i] * bm25_scale;
}
