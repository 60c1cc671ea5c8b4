#include "app/answer/answer_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer.h"
#include "app/answer/answer_small.h"
#include "app/answer/answerer.h"
#include "app/answer/citation.h"
#include "app/text/corpus.h"
#include "app/reader/reader.h"
#include "app/text/words.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Tokens of passages that a model is shown. */
#define PASSAGE_TOKENS 1500
#define ANSWER_TOKENS 200
/* An answer that does not end is cut. */
#define ANSWER_BYTES ((size_t)16 << 10)

/* Below this part of the question's words, by weight, nothing is answered (docs/answers.md has the calibration). */
#define LEAST_COVERAGE 0.30

static const char system_text[] =
    "You answer questions about a text. You are given numbered passages of it. Use only what the passages "
    "say. Answer in one short sentence and put the number of the passage after it in brackets. "
    "If the passages do not say it, reply: " ANSWER_NOT_FOUND;

/* --- is it in the text? --- */

#define QUESTION_WORDS 64

struct question_words {
    uint64_t hash[QUESTION_WORDS];
    uint64_t segments[QUESTION_WORDS]; /* that hold the word */
    uint64_t last[QUESTION_WORDS];     /* 1 + the last segment where it was seen */
    bool covered[QUESTION_WORDS];
    size_t n;
    uint64_t segment; /* being looked at */
    bool shown;       /* it is among the best passages */
};

static void add_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct question_words *q = context;
    (void)begin;
    (void)end;
    for (size_t i = 0; i < q->n; i++)
        if (q->hash[i] == hash) return;
    if (q->n < QUESTION_WORDS) q->hash[q->n++] = hash;
}

static void see_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct question_words *q = context;
    (void)begin;
    (void)end;
    for (size_t i = 0; i < q->n; i++) {
        if (q->hash[i] != hash) continue;
        if (q->shown) q->covered[i] = true;
        if (q->last[i] != q->segment + 1) q->segments[i]++;
        q->last[i] = q->segment + 1;
        return;
    }
}

/* Passages that are looked at for the question's words. */
#define COVERING_PASSAGES 3

static bool is_covering(const struct finding *f, uint64_t segment)
{
    for (size_t i = 0; i < f->n_items && i < COVERING_PASSAGES; i++)
        if (f->items[i].segment == segment) return true;
    return false;
}

int answer_words_coverage(const struct finding *f, const struct reader *r, double *coverage, struct error *e)
{
    struct question_words *q = calloc(1, sizeof *q);
    if (!q) return error_memory(e);
    words_find(f->question, strlen(f->question), add_word, q);
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    for (size_t i = 0; i < n && i < f->n_segments; i++) {
        q->segment = i;
        q->shown = is_covering(f, i);
        words_find(reader_corpus(r)->documents[segments[i].document].text + segments[i].offset, segments[i].size,
                   see_word, q);
    }
    double total = 0, covered = 0;
    for (size_t i = 0; i < q->n; i++) {
        double weight = log(1.0 + ((double)n + 0.5) / ((double)q->segments[i] + 0.5));
        total += weight;
        if (q->covered[i]) covered += weight;
    }
    *coverage = total > 0 ? covered / total : 0;
    free(q);
    return 0;
}

/* --- the prompt --- */

struct text {
    char *bytes; /* owned, terminated */
    size_t size, capacity;
};

static int add_bytes(struct text *t, const char *bytes, size_t size, struct error *e)
{
    char *grown = bytes_reserve(t->bytes, &t->capacity, t->size + size + 1, 1);
    if (!grown) return error_memory(e);
    t->bytes = grown;
    for (size_t i = 0; i < size; i++) grown[t->size++] = bytes[i] ? bytes[i] : ' '; /* a C string */
    grown[t->size] = 0;
    return 0;
}

static int add_string(struct text *t, const char *string, struct error *e)
{
    return add_bytes(t, string, strlen(string), e);
}

static const char *text_of(const struct corpus *c, const struct finding_item *item)
{
    return c->documents[item->document].text + item->offset;
}

/* The best items within the budget, as bits; at least one. */
static uint32_t choose_shown(const struct finding *f, const struct reader *r, const struct answerer *w)
{
    uint32_t shown = 0;
    size_t used = 0;
    for (size_t i = 0; i < f->n_items && i < 32; i++) {
        const struct finding_item *s = &f->items[i];
        used += answerer_count(w, text_of(reader_corpus(r), s), s->size) + 6;
        if (i > 0 && used > PASSAGE_TOKENS) break;
        shown |= UINT32_C(1) << i;
    }
    return shown;
}

static int add_passage(struct text *t, const struct finding *f, const struct reader *r, size_t item, struct error *e)
{
    char number[32];
    const struct finding_item *s = &f->items[item];
    const char *text = text_of(reader_corpus(r), s);
    size_t size = s->size;
    while (size && strchr(" \t\r\n", text[size - 1])) size--;
    snprintf(number, sizeof number, "[%zu] ", item + 1);
    return add_string(t, number, e) || add_bytes(t, text, size, e) || add_string(t, "\n\n", e) ? -1 : 0;
}

/* The passages in the order of the text, then the question. */
static int write_prompt(struct text *t, const struct finding *f, const struct reader *r, uint32_t shown,
                        struct error *e)
{
    if (add_string(t, "Passages:\n\n", e) != 0) return -1;
    for (uint32_t left = shown; left;) {
        size_t first = 0;
        for (size_t i = 0; i < f->n_items && i < 32; i++) {
            if (!(left >> i & 1)) continue;
            if (!(left >> first & 1) || f->items[i].segment < f->items[first].segment) first = i;
        }
        left &= ~(UINT32_C(1) << first);
        if (add_passage(t, f, r, first, e) != 0) return -1;
    }
    return add_string(t, "Question: ", e) || add_string(t, f->question, e) ? -1 : 0;
}

/* --- the answer --- */

struct writing {
    struct citation_filter filter;
    struct error *e;
    bool failed;
    bool unended, too_long, round; /* why the answer is cut */
};

/* Whether the end repeats itself, as greedy words do that go round in a circle: a period of up to 200 bytes that comes
 * three times and over at least 48 bytes. */
static bool goes_round(const char *text, size_t size)
{
    for (size_t period = 2; 3 * period <= size && period <= 200; period++) {
        size_t span = period < 24 ? 48 : 2 * period;
        if (size < span + period) continue;
        if (memcmp(text + size - span, text + size - span - period, span) == 0) return true;
    }
    return false;
}

static int take_piece(void *context, const char *text, size_t size)
{
    struct writing *w = context;
    w->failed = citation_add(&w->filter, text, size, w->e) != 0;
    if (w->failed || !w->filter.text) return w->failed;
    w->too_long = w->filter.size > ANSWER_BYTES;
    w->round = goes_round(w->filter.text, w->filter.size);
    return w->too_long || w->round;
}

struct word_set {
    uint64_t hash[256];
    size_t n, found;
    bool counting;
};

static void set_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct word_set *s = context;
    if (end - begin < 4 && !s->counting) return; /* little words are everywhere */
    for (size_t i = 0; i < s->n; i++) {
        if (s->hash[i] != hash) continue;
        if (s->counting) {
            s->hash[i] = s->hash[--s->n];
            s->found++;
        }
        return;
    }
    if (!s->counting && s->n < sizeof s->hash / sizeof *s->hash) s->hash[s->n++] = hash;
}

/* An answer without references gets one: the passage that holds most of its words, if it holds half of them. */
static int refer(struct writing *w, const struct finding *f, const struct reader *r, uint32_t shown)
{
    struct word_set answer = {.n = 0};
    size_t best = 0, most = 0;
    words_find(w->filter.text, w->filter.size, set_word, &answer);
    for (size_t i = 0; i < f->n_items && i < 32; i++) {
        if (!(shown >> i & 1)) continue;
        struct word_set left = answer;
        left.counting = true;
        const struct finding_item *s = &f->items[i];
        words_find(text_of(reader_corpus(r), s), s->size, set_word, &left);
        if (left.found <= most) continue;
        best = i;
        most = left.found;
    }
    if (most == 0 || 2 * most < answer.n) return 0;
    char reference[32];
    int size = snprintf(reference, sizeof reference, " [%zu]", best + 1);
    return citation_add(&w->filter, reference, (size_t)size, w->e);
}

static int filter_text(struct writing *w, const char *text)
{
    return citation_add(&w->filter, text, strlen(text), w->e);
}

static int ask_for_words(struct writing *writing, const struct finding *f, const struct reader *r, struct answerer *w,
                         struct backend *b, const struct answer_callbacks *c, struct error *e)
{
    struct text prompt = {0};
    int failed = write_prompt(&prompt, f, r, writing->filter.shown, e);
    const struct chat_message messages[] = {{CHAT_SYSTEM, system_text}, {CHAT_USER, prompt.bytes}};
    const struct chat_request request = {.messages = messages,
                                         .n_messages = 2,
                                         .max_tokens = ANSWER_TOKENS,
                                         .emit = take_piece,
                                         .context = writing,
                                         .unended = &writing->unended,
                                         .cancel = c->cancel,
                                         .idle = c->idle,
                                         .idle_context = c->context};
    if (!failed) failed = answerer_chat(w, b, &request, e) || writing->failed;
    free(prompt.bytes);
    if (failed) return -1;
    if (writing->filter.size == 0) return filter_text(writing, ANSWER_NOT_FOUND);
    /* What the prompt tells it to say where the passages do not. */
    bool not_found = strncmp(writing->filter.text, ANSWER_NOT_FOUND, strlen(ANSWER_NOT_FOUND) - 1) == 0;
    return writing->filter.cited || not_found ? 0 : refer(writing, f, r, writing->filter.shown);
}

/* Says why the words end before their end, where they do. */
static int take_cut(struct answer *a, const struct writing *w, struct error *e)
{
    if (!w->unended && !w->too_long && !w->round) return 0;
    const char *why = w->round      ? "the answer repeats itself and is cut there"
                      : w->too_long ? "the answer does not end and is cut after 16 KB"
                                    : "the answer did not end within 200 tokens and is cut there";
    return (a->cut = strdup(why)) ? 0 : error_memory(e);
}

int answer_words(struct answer *a, const struct reader *r, struct answerer *w, struct backend *b,
                 const struct answer_callbacks *c, struct error *e)
{
    double coverage = 0;
    const bool judged = a->finding->judged && a->finding->found;
    if (!judged && answer_words_coverage(a->finding, r, &coverage, e) != 0) return -1;
    const bool found = judged || coverage >= LEAST_COVERAGE;
    if (found && !answerer_is_large(w)) return answer_small(a, reader_corpus(r), w, b, c, e);
    struct writing writing = {.filter = {.emit = c->words, .context = c->context}, .e = e};
    if (found) writing.filter.shown = choose_shown(a->finding, r, w);
    int failed = found ? ask_for_words(&writing, a->finding, r, w, b, c, e) : filter_text(&writing, ANSWER_NOT_FOUND);
    if (!failed) failed = citation_finish(&writing.filter, e);
    if (!failed) failed = take_cut(a, &writing, e);
    if (failed) {
        free(writing.filter.text);
        return -1;
    }
    a->text = writing.filter.text;
    snprintf(a->answerer, sizeof a->answerer, "%s", answerer_name(w));
    return 0;
}
