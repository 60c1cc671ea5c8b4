#include "app/answer/own_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer.h"
#include "app/answer/citation.h"
#include "app/text/corpus.h"
#include "app/text/words.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* So many words in a row are no chance. */
#define WORDS 3

enum { BEGINS = 1, ENDS = 2 };

/* A text and, for each of its bytes and its end, whether a word begins or has ended there. */
struct words {
    const char *text;
    size_t size;
    uint8_t *marks; /* owned, [size + 1] */
    size_t last;    /* end of the last word */
};

/* Parts, which come after their word, are none of their own; pairs of characters, which overlap, are. */
static void mark_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct words *w = context;
    (void)hash;
    if (end <= w->last) return;
    w->marks[begin] |= BEGINS;
    w->marks[end] |= ENDS;
    w->last = end;
}

/* False without memory. */
static bool mark_words(struct words *w, const char *text, size_t size)
{
    *w = (struct words){.text = text, .size = size, .marks = calloc(size + 1, 1)};
    if (w->marks) words_find(text, size, mark_word, w);
    return w->marks != NULL;
}

static bool is_space(const struct words *w, size_t i)
{
    return i < w->size && (w->text[i] == ' ' || (w->text[i] >= '\t' && w->text[i] <= '\r'));
}

/* Length of the white space at i; 0 where a paragraph ends in it. */
static size_t space_at(const struct words *w, size_t i)
{
    size_t n = 0, lines = 0;
    for (; is_space(w, i + n); n++) lines += w->text[i + n] == '\n';
    return lines < 2 ? n : 0;
}

/* Whether a sentence begins at i: nothing but an end, or a reference, stands between it and the word before it. */
static bool begins_sentence(const struct words *w, size_t i)
{
    size_t lines = 0;
    for (; i > 0 && !(w->marks[i] & ENDS) && lines < 2; i--) {
        if (strchr(".!?:;]", w->text[i - 1])) return true;
        lines += w->text[i - 1] == '\n';
    }
    return i == 0 || lines == 2;
}

static bool ends_sentence(const struct words *w, size_t i)
{
    while (is_space(w, i) || (i < w->size && strchr("\"')*", w->text[i]))) i++;
    return i >= w->size || strchr(".!?;[", w->text[i]);
}

/* A name or a number: a capital letter where no sentence begins, a digit, an underscore. */
static bool is_telling(const char *word, size_t size, bool sentence)
{
    for (size_t i = 0; i < size; i++)
        if ((word[i] >= '0' && word[i] <= '9') || word[i] == '_' ||
            (word[i] >= 'A' && word[i] <= 'Z' && (i > 0 || !sentence)))
            return true;
    return false;
}

struct run {
    size_t size;       /* of the answer */
    size_t begin, end; /* of the place */
    size_t words;
    bool telling;
};

/* The longest run from a word of the answer and one of the place on, up to an end of words in both. */
static struct run run_at(const struct words *answer, size_t at, const struct words *place, size_t from)
{
    struct run r = {.begin = from};
    const bool sentence = begins_sentence(answer, at) && begins_sentence(place, from);
    size_t i = at, k = from, word = at;
    while (i < answer->size && k < place->size) {
        const size_t space = space_at(answer, i), there = space_at(place, k);
        if (citation_reference(answer->text + i, answer->size - i) > 0) break;
        if (answer->marks[i] & BEGINS) word = i;
        if (space > 0 && there > 0) {
            i += space;
            k += there;
            continue;
        }
        if (answer->text[i] != place->text[k] || is_space(answer, i)) break;
        i++;
        k++;
        if (!(answer->marks[i] & place->marks[k] & ENDS)) continue;
        r.size = i - at;
        r.end = k;
        r.words++;
        r.telling = r.telling || is_telling(answer->text + word, i - word, word == at && sentence);
    }
    return r;
}

static bool counts(const struct words *answer, size_t at, const struct run *r)
{
    return r->words >= WORDS ||
           (r->words > 0 && (r->telling || (begins_sentence(answer, at) && ends_sentence(answer, at + r->size))));
}

/* An answer and the places that it cites. */
struct sought {
    const struct finding *finding;
    const struct corpus *corpus;
    struct words answer, places[FINDING_MOST]; /* a place that is not cited has no marks */
};

/* Takes the best run from a word of the answer on. */
static bool find_at(struct own_words *out, const struct sought *s, size_t at)
{
    struct run best = {.size = 0};
    for (size_t i = 0; i < s->finding->n_items; i++) {
        const struct words *place = &s->places[i];
        const uint64_t offset = s->finding->items[i].offset;
        for (size_t k = 0; place->marks && k < place->size; k++) {
            if (place->text[k] != s->answer.text[at] || !(place->marks[k] & BEGINS)) continue;
            const struct run r = run_at(&s->answer, at, place, k);
            if (r.size < best.size || (r.size == best.size && r.telling <= best.telling)) continue;
            best = r;
            *out = (struct own_words){at, at + r.size, i, offset + r.begin, offset + r.end};
        }
    }
    return counts(&s->answer, at, &best);
}

/* Marks the words of what is compared; false without memory. */
static bool prepare(struct sought *s, const char *answer, size_t size)
{
    bool whole = mark_words(&s->answer, answer, size);
    for (size_t at = 0; at < size && whole; at++) {
        if (citation_reference(answer + at, size - at) == 0) continue;
        const unsigned long number = strtoul(answer + at + 1, NULL, 10);
        if (number == 0 || number > s->finding->n_items || s->places[number - 1].marks) continue;
        const struct finding_item *item = &s->finding->items[number - 1];
        whole =
            mark_words(&s->places[number - 1], s->corpus->documents[item->document].text + item->offset, item->size);
    }
    return whole;
}

static bool collect_words(struct own_words **out, size_t *n, const struct sought *s)
{
    struct own_words one;
    size_t capacity = 0;
    for (size_t at = 0; at < s->answer.size; at++) {
        const size_t reference = citation_reference(s->answer.text + at, s->answer.size - at);
        if (reference > 0) at += reference - 1; /* its number is nobody's word */
        if (!(s->answer.marks[at] & BEGINS) || !find_at(&one, s, at)) continue;
        struct own_words *grown = bytes_reserve(*out, &capacity, *n + 1, sizeof *grown);
        if (!grown) return false;
        *out = grown;
        grown[(*n)++] = one;
        at = one.end - 1;
    }
    return true;
}

int own_words_find(struct own_words **out, size_t *n, const char *answerer, const char *answer, size_t size,
                   const struct finding *f, const struct corpus *c, struct error *e)
{
    struct sought s = {.finding = f, .corpus = c};
    struct own_words *found = NULL;
    size_t n_found = 0;
    const bool whole =
        !f || !answer_is_modelled(answerer) || (prepare(&s, answer, size) && collect_words(&found, &n_found, &s));
    free(s.answer.marks);
    for (size_t i = 0; i < FINDING_MOST; i++) free(s.places[i].marks);
    if (!whole) {
        free(found);
        return error_memory(e);
    }
    *out = found;
    *n = n_found;
    return 0;
}
