#include "app/measure/eval_score.h"

#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/text/encoding.h"

void eval_score_add_hit(struct eval_recall *sum, size_t order)
{
    if (order == 0) return;
    sum->at_1 += order <= 1;
    sum->at_5 += order <= 5;
    sum->at_20 += order <= 20;
    sum->mrr += 1.0 / (double)order;
}

void eval_score_add_chance(struct eval_recall *sum, size_t n, size_t n_hits)
{
    double none = 1; /* probability that there is no hit among the first `order` - 1 */
    for (size_t order = 1; order <= n && n_hits > 0 && none > 0; order++) {
        double left = (double)(n - order + 1), hit = (double)n_hits < left ? (double)n_hits / left : 1;
        double first = none * hit;
        if (order <= 1) sum->at_1 += first;
        if (order <= 5) sum->at_5 += first;
        if (order <= 20) sum->at_20 += first;
        sum->mrr += first / (double)order;
        none -= first;
    }
}

void eval_score_divide(struct eval_recall *sum, size_t n_tasks)
{
    if (n_tasks == 0) return;
    sum->at_1 /= (double)n_tasks;
    sum->at_5 /= (double)n_tasks;
    sum->at_20 /= (double)n_tasks;
    sum->mrr /= (double)n_tasks;
}

size_t eval_score_first_hit(const float *scores, const bool *hits, size_t n)
{
    size_t best = n, order = 1;
    for (size_t i = 0; i < n; i++)
        if (hits[i] && (best == n || scores[i] > scores[best])) best = i;
    if (best == n) return 0;
    for (size_t i = 0; i < n; i++) order += scores[i] > scores[best] || (scores[i] == scores[best] && i < best);
    return order;
}

/* An answer's words. */
struct words {
    char *text; /* lower case, words ended by NULs */
    char **words;
    size_t n;
};

static void free_words(struct words *w)
{
    free(w->text);
    free(w->words);
}

double eval_score_auc(const float *figures, const bool *truths, size_t n)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n && truths[i]; j++) {
            if (truths[j]) continue;
            pairs++;
            won += figures[i] > figures[j] ? 1 : figures[i] == figures[j] ? 0.5 : 0;
        }
    }
    return pairs > 0 ? won / pairs : NAN;
}

/* Size of the reference "[12]" at p, 0 where there is none. */
static size_t reference_size(const char *p)
{
    size_t n = 1;
    if (*p != '[') return 0;
    while (p[n] >= '0' && p[n] <= '9') n++;
    return n > 1 && p[n] == ']' ? n + 1 : 0;
}

static bool is_article(const char *word)
{
    return strcmp(word, "a") == 0 || strcmp(word, "an") == 0 || strcmp(word, "the") == 0;
}

/* Lower case without ASCII punctuation; white space becomes a space. Returns the bytes written, at most 3 for each one
 * read. */
static size_t normalise_text(char *out, const char *text, bool references)
{
    size_t n = 0, left = strlen(text);
    while (left > 0) {
        size_t size = references ? reference_size(text) : 0;
        unsigned char c = (unsigned char)*text;
        utf8proc_int32_t character;
        if (size > 0) {
            out[n++] = ' ';
        } else if (c < 0x80) {
            size = 1;
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
            if (letter || digit) out[n++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
            if (c == ' ' || (c >= '\t' && c <= '\r')) out[n++] = ' ';
        } else if ((size = encoding_sequence((const uint8_t *)text, left)) == 0 ||
                   utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &character) < 0) {
            size = 1;
        } else if (utf8proc_category(character) == UTF8PROC_CATEGORY_ZS) {
            out[n++] = ' ';
        } else {
            n += (size_t)utf8proc_encode_char(utf8proc_tolower(character), (utf8proc_uint8_t *)out + n);
        }
        text += size;
        left -= size;
    }
    return n;
}

static int split_words(struct words *w, const char *text, bool references)
{
    *w = (struct words){0};
    size_t size = strlen(text);
    w->text = malloc(3 * size + 5);
    w->words = calloc(size + 1, sizeof *w->words);
    if (!w->text || !w->words) {
        free_words(w);
        return -1;
    }
    w->text[normalise_text(w->text, text, references)] = '\0';
    char *rest;
    for (char *word = strtok_r(w->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        if (!is_article(word)) w->words[w->n++] = word;
    return 0;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool same_words(const struct words *a, const struct words *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->words[i], b->words[i]) != 0) return false;
    return true;
}

/* Both sorted. Two texts without words are equal, as in SQuAD. */
static double overlap_of_words(const struct words *a, const struct words *b)
{
    size_t common = 0;
    if (a->n == 0 || b->n == 0) return a->n == b->n;
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        int order = strcmp(a->words[i], b->words[j]);
        common += order == 0;
        i += order <= 0;
        j += order >= 0;
    }
    return 2.0 * (double)common / (double)(a->n + b->n);
}

/* Whether b's words stand in a, one after the other. */
static bool holds_in_a_row(const struct words *a, const struct words *b)
{
    for (size_t at = 0; b->n > 0 && at + b->n <= a->n; at++) {
        size_t n = 0;
        while (n < b->n && strcmp(a->words[at + n], b->words[n]) == 0) n++;
        if (n == b->n) return true;
    }
    return false;
}

int eval_score_answer(struct eval_match *out, const char *answer, char *const *expected, size_t n)
{
    struct words given, sorted, wanted;
    struct eval_match best = {0};
    if (split_words(&given, answer, true) != 0) return -1;
    if (split_words(&sorted, answer, true) != 0) {
        free_words(&given);
        return -1;
    }
    qsort(sorted.words, sorted.n, sizeof *sorted.words, compare_words);
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++) {
        if ((result = split_words(&wanted, expected[i], false)) != 0) break;
        if (same_words(&given, &wanted)) best.exact_match = 1;
        if (holds_in_a_row(&given, &wanted)) best.holds = 1;
        qsort(wanted.words, wanted.n, sizeof *wanted.words, compare_words);
        double f = overlap_of_words(&sorted, &wanted);
        if (f > best.f1) best.f1 = f;
        free_words(&wanted);
    }
    free_words(&given);
    free_words(&sorted);
    if (result != 0) return -1;
    *out = best;
    return 0;
}
