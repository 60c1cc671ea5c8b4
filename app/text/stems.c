#include "app/text/stems.h"

#include <string.h>

#include "app/text/words.h"

static const char *const stop_words[] = {
    "a",      "about", "after", "all",  "also",  "an",    "and",  "any",   "are",  "as",    "at",    "be",    "been",
    "before", "being", "but",   "by",   "can",   "could", "did",  "do",    "does", "for",   "from",  "had",   "has",
    "have",   "he",    "her",   "him",  "his",   "how",   "i",    "if",    "in",   "into",  "is",    "it",    "its",
    "many",   "may",   "me",    "much", "my",    "of",    "on",   "one",   "or",   "our",   "s",     "she",   "should",
    "so",     "some",  "such",  "t",    "than",  "that",  "the",  "their", "them", "then",  "there", "these", "they",
    "this",   "those", "to",    "us",   "was",   "we",    "were", "what",  "when", "where", "which", "who",   "whom",
    "whose",  "why",   "will",  "with", "would", "you",   "your",
};

#define HOLDS(list, word, size) stems_list_holds(list, sizeof(list) / sizeof *(list), word, size)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool stems_list_holds(const char *const *list, size_t n, const char *word, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < size && list[i][at] == lower_ascii(word[at]) && list[i][at]) at++;
        if (at == size && list[i][at] == '\0') return true;
    }
    return false;
}

bool stems_is_stop_word(const char *word, size_t size)
{
    return HOLDS(stop_words, word, size);
}

static bool ends_with(const char *word, size_t size, const char *suffix)
{
    size_t n = strlen(suffix);
    if (size < n + 3) return false;
    for (size_t i = 0; i < n; i++)
        if (lower_ascii(word[size - n + i]) != suffix[i]) return false;
    return true;
}

/* Length of a word without the endings that questions and texts differ in: asked, asking, asks -> ask. */
static size_t stem(const char *word, size_t size)
{
    static const char *const endings[] = {"ations", "ation", "ings", "ing", "ions", "ion", "ies", "ied",
                                          "ers",    "er",    "ed",   "es",  "ly",   "s",   "y",   "e"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (!ends_with(word, size, endings[i])) continue;
        size -= strlen(endings[i]);
        break;
    }
    if (size > 3 && word[size - 1] == word[size - 2] && !is_digit(word[size - 1])) size--; /* stopped -> stop */
    return size;
}

static bool is_ascii(const char *word, size_t size)
{
    while (size > 0 && (uint8_t)word[size - 1] < 0x80) size--;
    return size == 0;
}

uint64_t stems_hash(const char *word, size_t size)
{
    if (!is_ascii(word, size)) return words_hash(word, size);
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0, n = stem(word, size); i < n; i++)
        hash = (hash ^ (uint8_t)lower_ascii(word[i])) * UINT64_C(0x100000001B3);
    return hash;
}

struct finder {
    const char *text;
    uint64_t *stems;
    size_t n, most;
    enum stems_wanted wanted;
};

static void add_stem(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct finder *f = context;
    (void)hash;
    if (f->wanted == STEMS_TELLING && stems_is_stop_word(f->text + begin, end - begin)) return;
    uint64_t stem = stems_hash(f->text + begin, end - begin);
    for (size_t i = 0; i < f->n; i++)
        if (f->stems[i] == stem) return;
    if (f->n < f->most) f->stems[f->n++] = stem;
}

size_t stems_find(const char *text, size_t size, enum stems_wanted wanted, uint64_t *stems, size_t most)
{
    struct finder f = {.text = text, .stems = stems, .most = most, .wanted = wanted};
    words_find(text, size, add_stem, &f);
    return f.n;
}
