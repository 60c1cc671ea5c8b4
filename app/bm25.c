#include "app/bm25.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/corpus.h"
#include "app/reader.h"
#include "app/words.h"
#include "compute/bytes.h"
#include "compute/error.h"

static const double k1 = 1.2, b = 0.75;

/* A different word of the question. */
struct term {
    uint64_t hash;
    uint32_t in_question, in_segment; /* occurrences; in_segment: in the one being looked at */
    uint64_t n_segments;              /* that hold it */
};

/* A term found in a segment: what is kept of the pass over the text. */
struct hit {
    uint32_t term, count;
};

struct scan {
    struct term *terms;
    size_t n_terms, terms_capacity;
    uint32_t *table; /* open hash table of term + 1 by hash; 0: free */
    size_t table_size;
    struct hit *hits;
    size_t n_hits, hits_capacity;
    size_t first_hit;   /* of the segment being looked at */
    uint32_t n_words;   /* of it */
    bool out_of_memory; /* callbacks cannot fail */
};

static uint32_t *slot(const struct scan *s, uint64_t hash)
{
    size_t at = hash & (s->table_size - 1);
    while (s->table[at] != 0 && s->terms[s->table[at] - 1].hash != hash) at = (at + 1) & (s->table_size - 1);
    return &s->table[at];
}

static void question_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct scan *s = context;
    (void)begin, (void)end;
    uint32_t *found = slot(s, hash);
    if (*found == 0) {
        s->terms[s->n_terms++] = (struct term){.hash = hash};
        *found = (uint32_t)s->n_terms;
    }
    s->terms[*found - 1].in_question++;
}

static void segment_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct scan *s = context;
    (void)begin, (void)end;
    s->n_words++;
    uint32_t found = *slot(s, hash);
    if (found == 0 || s->terms[found - 1].in_segment++ > 0) return;
    struct hit *hits = bytes_reserve(s->hits, &s->hits_capacity, s->n_hits + 1, sizeof *hits);
    if (!hits) {
        s->out_of_memory = true;
        return;
    }
    s->hits = hits;
    hits[s->n_hits++].term = found - 1;
}

static int open_question(struct scan *s, const char *question, struct error *e)
{
    size_t size = strlen(question);
    s->table_size = 64;
    while (s->table_size < 4 * (size + 1)) s->table_size *= 2; /* no more than two words a byte */
    s->table = calloc(s->table_size, sizeof *s->table);
    s->terms = calloc(2 * size + 1, sizeof *s->terms);
    if (!s->table || !s->terms) return error_set(e, "out of memory");
    words_find(question, size, question_word, s);
    return 0;
}

/* Counts the words of one segment; its hits are the last ones. */
static void count(struct scan *s, const char *text, size_t size)
{
    s->n_words = 0;
    s->first_hit = s->n_hits;
    words_find(text, size, segment_word, s);
    for (size_t i = s->first_hit; i < s->n_hits; i++) {
        struct term *term = &s->terms[s->hits[i].term];
        s->hits[i].count = term->in_segment;
        term->in_segment = 0;
        term->n_segments++;
    }
}

static void add_up(const struct scan *s, const size_t *first_hit, const uint32_t *n_words, size_t n, float *scores)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) total += n_words[i];
    double mean = total > 0 ? total / (double)n : 1;
    for (size_t i = 0; i < n; i++) {
        double score = 0, norm = k1 * (1 - b + b * n_words[i] / mean);
        for (size_t at = first_hit[i]; at < first_hit[i + 1]; at++) {
            const struct term *term = &s->terms[s->hits[at].term];
            double holders = (double)term->n_segments, times = s->hits[at].count;
            double idf = log(1 + ((double)n - holders + 0.5) / (holders + 0.5));
            score += term->in_question * idf * times * (k1 + 1) / (times + norm);
        }
        scores[i] = (float)score;
    }
}

int bm25_score(const struct corpus *c, const struct reader_segment *segments, size_t n, const char *question,
               const atomic_bool *cancel, float *scores, struct error *e)
{
    struct scan s = {0};
    size_t *first_hit = calloc(n + 1, sizeof *first_hit);
    uint32_t *n_words = calloc(n + 1, sizeof *n_words);
    int result = first_hit && n_words ? open_question(&s, question, e) : error_set(e, "out of memory");
    for (size_t i = 0; i < n && result == 0; i++) {
        if (cancel && i % 1024 == 0 && atomic_load(cancel)) {
            result = error_set(e, "interrupted");
            break;
        }
        count(&s, c->documents[segments[i].document].text + segments[i].offset, segments[i].size);
        n_words[i] = s.n_words;
        first_hit[i + 1] = s.n_hits;
        if (s.out_of_memory) result = error_set(e, "out of memory");
    }
    if (result == 0) add_up(&s, first_hit, n_words, n, scores);
    free(first_hit);
    free(n_words);
    free(s.hits);
    free(s.table);
    free(s.terms);
    return result;
}

static float largest(const float *values, size_t n)
{
    float max = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] > max) max = values[i];
    return max > 0 ? max : 1;
}

void bm25_fuse(const float *attention, const float *bm25, float weight, size_t n, float *fused)
{
    float scale = 1 / largest(attention, n), bm25_scale = weight / largest(bm25, n);
    for (size_t i = 0; i < n; i++) fused[i] = attention[i] * scale + bm25[i] * bm25_scale;
}
