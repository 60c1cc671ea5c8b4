#include "app/reader/finding_copies.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/sequence.h"
#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "app/text/stems.h"
#include "app/text/words.h"
#include "compute/error.h"

/* So many words in a row are the same in two places only where one repeats the other. */
enum { RUN = 5 };

/* One word in so many may be another; so many share one that must stand in the other place itself. */
enum { CHANGED = 20, INSIDE = 3 };

/* In so many documents a place is told of: what else says it is worth to know, but not ten times. */
enum { DOCUMENTS = 3 };

enum { WORDS = 512, SLOTS = 1024, ASKED = 64 };

struct word {
    uint64_t hash;
    size_t begin, end; /* in the document's text */
};

struct words {
    struct word words[WORDS];
    size_t n, offset;
};

/* Where a run of words was met: what is within a place says more. */
enum met { NOWHERE, AROUND, WITHIN };

struct run {
    uint32_t hash;
    uint32_t met;
};

struct place {
    size_t segments[DOCUMENTS]; /* the first that was met, and its first copies in other documents */
    size_t n;
    uint64_t asked;         /* a bit for each of the question's words that it holds */
    struct run runs[SLOTS]; /* an open hash table: its own, and those that reach into what stands around it */
};

struct finding_copies {
    const struct corpus *corpus;
    const struct reader_segment *segments;
    uint64_t asked[ASKED]; /* the question's words */
    size_t n_asked, n, most;
    struct place places[];
};

int finding_copies_open(struct finding_copies **out, const struct corpus *corpus, const struct reader_segment *segments,
                        const char *question, size_t most, struct error *e)
{
    struct finding_copies *c = calloc(1, sizeof *c + most * sizeof *c->places);
    if (!c) return error_memory(e);
    c->corpus = corpus;
    c->segments = segments;
    c->most = most;
    c->n_asked = stems_find(question, strlen(question), STEMS_TELLING, c->asked, ASKED);
    *out = c;
    return 0;
}

void finding_copies_close(struct finding_copies *c)
{
    free(c);
}

/* Parts of the word before say nothing more. */
static void add_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct words *w = context;
    const bool part = w->n > 0 && w->offset + end <= w->words[w->n - 1].end;
    if (!part && w->n < WORDS) w->words[w->n++] = (struct word){hash, w->offset + begin, w->offset + end};
}

/* The words of bytes [begin, end) of a document. */
static void find_words(struct words *out, const struct document *d, size_t begin, size_t end)
{
    out->n = 0;
    out->offset = begin;
    words_find(d->text + begin, end - begin, add_word, out);
}

static uint32_t hash_run(const struct word *words)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < RUN; i++) {
        hash = (hash ^ words[i].hash) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

/* The slot that holds a run, or the free one where it would stand. */
static size_t slot_of(const struct place *p, uint32_t hash)
{
    size_t slot = hash % SLOTS;
    while (p->runs[slot].met != NOWHERE && p->runs[slot].hash != hash) slot = (slot + 1) % SLOTS;
    return slot;
}

static uint64_t asked_in(const struct finding_copies *c, const char *text, size_t size)
{
    uint64_t stems[WORDS], held = 0;
    const size_t n = c->n_asked > 0 ? stems_find(text, size, STEMS_TELLING, stems, WORDS) : 0;
    for (size_t i = 0; i < c->n_asked; i++)
        for (size_t k = 0; k < n; k++)
            if (stems[k] == c->asked[i]) held |= UINT64_C(1) << i;
    return held;
}

static void remember(struct finding_copies *c, size_t segment, uint64_t asked)
{
    const struct reader_segment *s = &c->segments[segment];
    const struct document *d = &c->corpus->documents[s->document];
    const size_t begin = s->offset, end = begin + s->size;
    const size_t before = begin < SEGMENT_MAX_BYTES ? begin : SEGMENT_MAX_BYTES;
    const size_t after = d->size - end < SEGMENT_MAX_BYTES ? d->size - end : SEGMENT_MAX_BYTES;
    struct words words;
    find_words(&words, d, begin - before, end + after);
    struct place *p = &c->places[c->n++];
    p->segments[0] = segment;
    p->n = 1;
    p->asked = asked;
    for (size_t i = 0; i + RUN <= words.n; i++) {
        const uint32_t hash = hash_run(&words.words[i]);
        struct run *run = &p->runs[slot_of(p, hash)];
        const bool within = words.words[i].begin >= begin && words.words[i + RUN - 1].end <= end;
        if (run->met != WITHIN) *run = (struct run){hash, within ? WITHIN : AROUND};
    }
}

/* Whether one stands in what stands around the other, where it would only repeat itself. */
static bool is_beside(const struct reader_segment *a, const struct reader_segment *b)
{
    return a->document == b->document && a->offset < b->offset + b->size + SEGMENT_MAX_BYTES &&
           b->offset < a->offset + a->size + SEGMENT_MAX_BYTES;
}

/* Whether words, whose runs these are, repeat a place. A word is known where a run that it is part of is met. */
static bool repeats(const struct place *p, enum met least, const uint32_t *runs, size_t n_words)
{
    size_t known = 0, known_to = 0, within = 0, within_to = 0;
    for (size_t i = 0; i + RUN <= n_words; i++) {
        const enum met met = p->runs[slot_of(p, runs[i])].met;
        const size_t end = i + RUN;
        if (met >= least) {
            known += end - (known_to > i ? known_to : i);
            known_to = end;
        }
        if (met == WITHIN) {
            within += end - (within_to > i ? within_to : i);
            within_to = end;
        }
        const size_t decided = known_to > i ? known_to : i + 1;
        if (CHANGED * (decided - known) > n_words) return false;
    }
    return n_words >= RUN && CHANGED * (n_words - known) <= n_words && INSIDE * within >= n_words;
}

/* What a copy of the place counts as. */
static size_t add_copy(const struct finding_copies *c, struct place *p, size_t segment)
{
    bool elsewhere = p->n < DOCUMENTS;
    for (size_t i = 0; i < p->n; i++)
        elsewhere = elsewhere && c->segments[p->segments[i]].document != c->segments[segment].document;
    if (elsewhere) p->segments[p->n++] = segment;
    return elsewhere ? segment : p->segments[0];
}

size_t finding_copies_first(struct finding_copies *c, size_t segment)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->places[i].n; k++)
            if (c->places[i].segments[k] == segment) return segment;
    const struct reader_segment *s = &c->segments[segment];
    const struct document *d = &c->corpus->documents[s->document];
    struct words words;
    uint32_t runs[WORDS];
    find_words(&words, d, s->offset, s->offset + s->size);
    for (size_t i = 0; i + RUN <= words.n; i++) runs[i] = hash_run(&words.words[i]);
    const uint64_t asked = asked_in(c, d->text + s->offset, s->size);
    for (size_t i = 0; i < c->n; i++) {
        struct place *p = &c->places[i];
        const enum met least = is_beside(&c->segments[p->segments[0]], s) ? WITHIN : AROUND;
        if ((asked & ~p->asked) == 0 && repeats(p, least, runs, words.n)) return add_copy(c, p, segment);
    }
    if (c->n < c->most) remember(c, segment, asked);
    return segment;
}

size_t finding_copies_put_behind(struct finding_copies *c, size_t *list, size_t n, size_t most)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n && distinct < most; i++) {
        const size_t first = finding_copies_first(c, list[i]);
        size_t k = 0;
        while (k < distinct && list[k] != first) k++;
        if (k < distinct) continue;
        for (k = i + 1; k < n; k++)
            if (list[k] == first) list[k] = list[i];
        memmove(list + distinct + 1, list + distinct, (i - distinct) * sizeof *list);
        list[distinct++] = first;
    }
    return n < most ? n : most;
}
