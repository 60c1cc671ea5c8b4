/* Sentences are ranked by what can be seen without understanding: how many of the question's rarer words they and the
 * sentence before hold (stemmed), how their segment ranks, and whether they hold what such a question asks for (a year
 * for "when", a name for "who"). The weights were fitted on eight sets of questions and tested on twelve others
 * (docs/answers.md); the attention inside a segment has none, since it falls on the question's own words rather than on
 * the answer. */
#include "app/answer/quote.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/quote_text.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* At most this many sources, of this many sentences together, are looked at. */
#define MAX_SOURCES 8
#define MAX_SENTENCES 512
#define MAX_QUOTATIONS 3
/* Lines before a definition that are looked at for its comment. */
#define COMMENT_LINES 6

static const float weight_overlap = 1.0f, weight_before = 0.8f, weight_segment = 1.2f, weight_kind = 0.35f,
                   weight_length = 0.12f, weight_definition = 0.5f, weight_asking = 1.0f;

/* A further sentence is quoted where it scores at least this part of the best one, and brings at least this share of
 * the question's words. */
static const float worth_quoting = 0.8f, worth_adding = 0.1f;

struct sentence {
    size_t source, begin, end; /* in the source's text */
    size_t n_words;
    struct quote_terms asked;
    float kind, score;
    bool definition, comment; /* of code */
    bool passed, quoted;
};

struct quotes {
    const struct quote_source *sources;
    size_t n_sources;
    struct quote_question question;
    float weight[QUOTE_MAX_TERMS]; /* of the question's terms */
    struct sentence sentences[MAX_SENTENCES];
    size_t n;
};

static void find_sentences(struct quotes *q)
{
    for (size_t i = 0; i < q->n_sources; i++) {
        const struct quote_source *s = &q->sources[i];
        bool code = quote_text_is_code(s->path);
        for (size_t at = 0, end; at < s->size && q->n < MAX_SENTENCES; at = end) {
            end = code ? quote_text_line_end(s->text, at, s->size) : quote_text_sentence_end(s->text, at, s->size);
            struct sentence found = {.source = i, .begin = at, .end = end};
            quote_text_trim(s->text, &found.begin, &found.end);
            if (found.begin == found.end) continue;
            quote_text_look(&q->question, s->text + found.begin, found.end - found.begin, &found.asked, &found.n_words,
                            &found.kind);
            if (found.n_words == 0) continue;
            found.definition = code && quote_text_is_definition(s->text + found.begin, found.end - found.begin);
            found.comment = code && quote_text_is_comment(s->text + found.begin, found.end - found.begin);
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
        for (size_t i = 0; i < q->n; i++) holders += quote_terms_hold(&q->sentences[i].asked, t);
        q->weight[t] = logf(1 + ((float)q->n + 1) / ((float)holders + 0.5f));
        total += q->weight[t];
    }
    for (size_t t = 0; t < q->question.n_terms; t++) q->weight[t] /= total;
}

/* The weight of the terms in `asked` that are not in `but`. */
static float weigh_overlap(const struct quotes *q, const struct quote_terms *asked, const struct quote_terms *but)
{
    float sum = 0;
    for (size_t t = 0; t < q->question.n_terms; t++)
        if (quote_terms_hold(asked, t) && !quote_terms_hold(but, t)) sum += q->weight[t];
    return sum;
}

/* Whether a sentence asks something itself. */
static bool is_question(const char *text, size_t end)
{
    return text[end - 1] == '?' || (end >= 3 && memcmp(text + end - 3, "？", 3) == 0) ||
           (end >= 2 && memcmp(text + end - 2, "؟", 2) == 0);
}

static void score_sentences(struct quotes *q)
{
    const struct quote_terms none = {{0}};
    float best = 0;
    for (size_t i = 0; i < q->n_sources; i++) best = fmaxf(best, q->sources[i].score);
    for (size_t i = 0; i < q->n; i++) {
        struct sentence *s = &q->sentences[i];
        bool follows = i > 0 && q->sentences[i - 1].source == s->source;
        const float asked = weigh_overlap(q, &s->asked, &none);
        s->score = weight_overlap * asked + weight_kind * s->kind;
        if (follows) s->score += weight_before * weigh_overlap(q, &q->sentences[i - 1].asked, &s->asked);
        if (best > 0) s->score += weight_segment * q->sources[s->source].score / best;
        if (s->definition && asked > 0) s->score += weight_definition;
        if (is_question(q->sources[s->source].text, s->end)) s->score -= weight_asking; /* it asks too */
        s->score -= weight_length * logf(((float)s->n_words + 4) / 12);
    }
}

/* The best sentence that has not been passed yet, the first of equals; NULL after the last one. */
static struct sentence *next_best(struct quotes *q)
{
    struct sentence *best = NULL;
    for (size_t i = 0; i < q->n; i++)
        if (!q->sentences[i].passed && (!best || q->sentences[i].score > best->score)) best = &q->sentences[i];
    if (best) best->passed = true;
    return best;
}

struct writer {
    char *text;
    size_t size, capacity;
};

static int put_text(struct writer *w, const char *text, size_t size)
{
    char *grown = bytes_reserve(w->text, &w->capacity, w->size + size + 1, 1);
    if (!grown) return -1;
    w->text = grown;
    if (size > 0) memcpy(w->text + w->size, text, size);
    w->size += size;
    w->text[w->size] = '\0';
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether a character of the scripts that write no spaces (U+3000 to U+9FFF) begins at p. */
static bool is_unspaced(const char *p)
{
    return (unsigned char)*p >= 0xE3 && (unsigned char)*p <= 0xE9;
}

/* Whether the white space around `at` is where a line of such a script was broken: it parts nothing. */
static bool is_wrapped(const char *text, size_t at, size_t begin, size_t end)
{
    size_t first = at, last = at;
    while (first > begin && is_space(text[first - 1])) first--;
    while (last < end && is_space(text[last])) last++;
    return first >= begin + 3 && last < end && memchr(text + first, '\n', last - first) &&
           is_unspaced(text + first - 3) && is_unspaced(text + last);
}

/* A sentence that has not been quoted yet, with its reference or without. Prose in one line: every run of white space
 * becomes a space. NULs, which would end the answer, are left out. */
static int put_sentence(struct writer *w, const struct quotes *q, struct sentence *s, bool refers)
{
    const struct quote_source *source = &q->sources[s->source];
    bool code = quote_text_is_code(source->path);
    if (s->quoted) return 0;
    s->quoted = true;
    int result = w->size > 0 ? put_text(w, code ? "\n" : " ", 1) : 0;
    for (size_t at = s->begin; at < s->end && result == 0; at++) {
        char c = source->text[at];
        bool space = !code && is_space(c);
        if (space && is_wrapped(source->text, at, s->begin, s->end)) continue;
        if (space && (w->size == 0 || w->text[w->size - 1] == ' ')) continue;
        if (c != '\0') result = put_text(w, space ? " " : &c, 1);
    }
    char reference[32];
    snprintf(reference, sizeof reference, " [%zu]", s->source + 1);
    return result == 0 && refers ? put_text(w, reference, strlen(reference)) : result;
}

/* The first line of the comment right above a line of code, or the line itself; other definitions may stand between. */
static struct sentence *comment_of(struct quotes *q, struct sentence *s)
{
    struct sentence *first = s;
    for (struct sentence *p = s; p > q->sentences && p[-1].source == s->source && s - p < COMMENT_LINES; p--) {
        if (!p[-1].comment && !p[-1].definition) break;
        const char *between = q->sources[s->source].text + p[-1].end;
        const char *newline = memchr(between, '\n', p->begin - p[-1].end);
        if (newline && memchr(newline + 1, '\n', p->begin - p[-1].end - (size_t)(newline + 1 - between))) break;
        if (p[-1].comment) first = p - 1;
    }
    return first;
}

/* A definition is led in by its comment, any other line of code by the definition that it stands under. */
static int put_quotation(struct writer *w, struct quotes *q, struct sentence *s)
{
    struct sentence *first = s;
    if (!quote_text_is_code(q->sources[s->source].path)) return put_sentence(w, q, s, true);
    if (s->definition) {
        int result = 0;
        for (first = comment_of(q, s); first <= s && result == 0; first++)
            result = put_sentence(w, q, first, first == s);
        return result;
    }
    while (!first->definition && first > q->sentences && first[-1].source == s->source) first--;
    if (first->definition && put_sentence(w, q, first, true) != 0) return -1;
    return put_sentence(w, q, s, true);
}

static int put_answer(struct writer *w, struct quotes *q)
{
    struct sentence *s = next_best(q);
    const float least = s ? worth_quoting * s->score : 0;
    struct quote_terms said = {{0}};
    int result = put_text(w, "", 0);
    for (size_t n = 0; s && n < MAX_QUOTATIONS && result == 0; s = next_best(q)) {
        if (n > 0 && s->score < least) break;
        if (n > 0 && weigh_overlap(q, &s->asked, &said) < worth_adding) continue;
        result = put_quotation(w, q, s);
        for (size_t i = 0; i < sizeof said.bits / sizeof *said.bits; i++) said.bits[i] |= s->asked.bits[i];
        n++;
    }
    return result;
}

int quote_answer(char **out, const char *question, const struct quote_source *sources, size_t n, struct error *e)
{
    struct writer w = {0};
    struct quotes *q = calloc(1, sizeof *q);
    if (!q) return error_memory(e);
    q->sources = sources;
    q->n_sources = n < MAX_SOURCES ? n : MAX_SOURCES;
    quote_text_read_question(&q->question, question);
    find_sentences(q);
    weigh_terms(q);
    score_sentences(q);
    int result = put_answer(&w, q);
    free(q);
    if (result != 0) {
        free(w.text);
        return error_memory(e);
    }
    *out = w.text;
    return 0;
}
