/* Sentences are ranked by what can be seen without understanding: how many of the question's rarer words they hold
 * (stemmed), how much of the evidence attention falls on them, how their segment ranks, and whether they hold what such
 * a question asks for (a year for "when", a name for "who"). The weights were fitted on questions that were held out of
 * training. */
#include "app/quote.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/quote_text.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* At most this many sources, of this many sentences together, are looked at. */
#define MAX_SOURCES 8
#define MAX_SENTENCES 512
#define MAX_QUOTATIONS 3

static const float weight_overlap = 1.0f, weight_before = 0.4f, weight_segment = 0.4f, weight_attention = 0.6f,
                   weight_kind = 0.2f, weight_length = 0.07f, weight_definition = 0.5f, weight_asking = 0.3f;

/* A further sentence is quoted where it scores at least this part of the best one, and brings at least this share of
 * the question's words. */
static const float worth_quoting = 0.8f, worth_adding = 0.2f;

struct sentence {
    size_t source, begin, end; /* in the source's text */
    size_t n_words;
    uint64_t asked; /* bit t: it holds the question's term t */
    float attention, kind, score;
    bool definition;
};

struct quotes {
    const struct quote_source *sources;
    size_t n_sources;
    struct quote_question question;
    float weight[QUOTE_MAX_TERMS]; /* of the question's terms */
    struct sentence sentences[MAX_SENTENCES];
    size_t n;
};

static float attention_inside(const struct quote_source *s, size_t begin, size_t end)
{
    float sum = 0;
    for (size_t i = 0; i < s->n_tokens; i++) {
        uint64_t last = s->token_begin[i + 1]; /* a token belongs where its last byte is */
        if (last > begin && last <= end) sum += s->token_share[i];
    }
    return sum;
}

static void find_sentences(struct quotes *q)
{
    for (size_t i = 0; i < q->n_sources; i++) {
        const struct quote_source *s = &q->sources[i];
        bool code = quote_is_code(s->path);
        for (size_t at = 0, end; at < s->size && q->n < MAX_SENTENCES; at = end) {
            end = code ? quote_line_end(s->text, at, s->size) : quote_sentence_end(s->text, at, s->size);
            struct sentence found = {.source = i, .begin = at, .end = end};
            quote_trim(s->text, &found.begin, &found.end);
            if (found.begin == found.end) continue;
            quote_look(&q->question, s->text + found.begin, found.end - found.begin, &found.asked, &found.n_words,
                       &found.kind);
            found.attention = attention_inside(s, at, end);
            found.definition = code && quote_is_definition(s->text + found.begin, found.end - found.begin);
            q->sentences[q->n++] = found;
        }
    }
}

/* A term weighs by how rare it is among the sentences. */
static void weigh_terms(struct quotes *q)
{
    float total = 0;
    for (size_t t = 0; t < q->question.n_terms; t++) {
        size_t holders = 0;
        for (size_t i = 0; i < q->n; i++) holders += q->sentences[i].asked >> t & 1;
        q->weight[t] = logf(1 + ((float)q->n + 1) / ((float)holders + 0.5f));
        total += q->weight[t];
    }
    for (size_t t = 0; t < q->question.n_terms; t++) q->weight[t] /= total;
}

static float overlap(const struct quotes *q, uint64_t asked)
{
    float sum = 0;
    for (size_t t = 0; t < q->question.n_terms; t++)
        if (asked >> t & 1) sum += q->weight[t];
    return sum;
}

static void score_sentences(struct quotes *q)
{
    float most = 0, best = 0;
    for (size_t i = 0; i < q->n; i++) most = fmaxf(most, q->sentences[i].attention);
    for (size_t i = 0; i < q->n_sources; i++) best = fmaxf(best, q->sources[i].score);
    for (size_t i = 0; i < q->n; i++) {
        struct sentence *s = &q->sentences[i];
        bool follows = i > 0 && q->sentences[i - 1].source == s->source;
        uint64_t before = follows ? q->sentences[i - 1].asked & ~s->asked : 0;
        s->score = weight_overlap * overlap(q, s->asked) + weight_before * overlap(q, before) + weight_kind * s->kind;
        if (best > 0) s->score += weight_segment * q->sources[s->source].score / best;
        if (most > 0) s->score += weight_attention * s->attention / most;
        if (s->definition && s->asked) s->score += weight_definition;
        if (q->sources[s->source].text[s->end - 1] == '?') s->score -= weight_asking; /* it asks too */
        s->score -= weight_length * logf(((float)s->n_words + 4) / 12);
    }
}

static int compare_score(const void *left, const void *right)
{
    const struct sentence *a = *(const struct sentence *const *)left, *b = *(const struct sentence *const *)right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return (a > b) - (a < b);
}

struct writer {
    char *text;
    size_t size, capacity;
};

static int put(struct writer *w, const char *text, size_t size)
{
    char *grown = bytes_reserve(w->text, &w->capacity, w->size + size + 1, 1);
    if (!grown) return -1;
    w->text = grown;
    if (size > 0) memcpy(w->text + w->size, text, size);
    w->size += size;
    w->text[w->size] = '\0';
    return 0;
}

/* Prose in one line: every run of white space becomes a space. NULs, which would end the answer, are left out. */
static int put_sentence(struct writer *w, const struct quotes *q, const struct sentence *s)
{
    const struct quote_source *source = &q->sources[s->source];
    bool code = quote_is_code(source->path);
    int result = w->size > 0 ? put(w, code ? "\n" : " ", 1) : 0;
    for (size_t at = s->begin; at < s->end && result == 0; at++) {
        char c = source->text[at];
        bool space = !code && (c == ' ' || (c >= '\t' && c <= '\r'));
        if (space && (w->size == 0 || w->text[w->size - 1] == ' ')) continue;
        if (c != '\0') result = put(w, space ? " " : &c, 1);
    }
    char reference[32];
    snprintf(reference, sizeof reference, " [%zu]", s->source + 1);
    return result == 0 ? put(w, reference, strlen(reference)) : -1;
}

/* A line of code is led in by the definition that it stands under. */
static int put_quotation(struct writer *w, const struct quotes *q, const struct sentence *s)
{
    const struct sentence *definition = s;
    if (!quote_is_code(q->sources[s->source].path)) return put_sentence(w, q, s);
    while (!definition->definition && definition > q->sentences && definition[-1].source == s->source) definition--;
    if (definition == s || !definition->definition) return put_sentence(w, q, s);
    return put_sentence(w, q, definition) != 0 ? -1 : put_sentence(w, q, s);
}

static int put_answer(struct writer *w, const struct quotes *q, const struct sentence *const *ranked)
{
    uint64_t said = 0;
    int result = put(w, "", 0);
    for (size_t i = 0, n = 0; i < q->n && n < MAX_QUOTATIONS && result == 0; i++) {
        if (n > 0 && ranked[i]->score < worth_quoting * ranked[0]->score) break;
        if (n > 0 && overlap(q, ranked[i]->asked & ~said) < worth_adding) continue;
        result = put_quotation(w, q, ranked[i]);
        said |= ranked[i]->asked;
        n++;
    }
    return result;
}

int quote_answer(char **out, const char *question, const struct quote_source *sources, size_t n, struct error *e)
{
    struct writer w = {0};
    struct quotes *q = calloc(1, sizeof *q);
    const struct sentence **ranked = malloc(MAX_SENTENCES * sizeof *ranked);
    int result = q && ranked ? 0 : -1;
    if (result == 0) {
        q->sources = sources;
        q->n_sources = n < MAX_SOURCES ? n : MAX_SOURCES;
        quote_question_read(&q->question, question);
        find_sentences(q);
        weigh_terms(q);
        score_sentences(q);
        for (size_t i = 0; i < q->n; i++) ranked[i] = &q->sentences[i];
        qsort(ranked, q->n, sizeof *ranked, compare_score);
        result = put_answer(&w, q, ranked);
    }
    free(q);
    free(ranked);
    if (result != 0) {
        free(w.text);
        return error_set(e, "out of memory");
    }
    *out = w.text;
    return 0;
}
