#include "app/answer/quote_text.h"

#include <string.h>
#include <utf8proc.h>

#include "app/text/sentence.h"
#include "app/text/stems.h"
#include "app/text/words.h"

static const char *const titles[] = {"Mr",  "Mrs", "Ms",  "Dr",     "St", "Prof", "Rev", "Hon",   "Capt", "Col",
                                     "Gen", "Lt",  "Sgt", "Messrs", "vs", "No",   "e.g", "i.e",   "cf",   "etc",
                                     "Fig", "Jr",  "Sr",  "Inc",    "Co", "Ltd",  "al",  "approx"};

static const char *const number_words[] = {"two",     "three", "four",  "five",    "six",      "seven",
                                           "eight",   "nine",  "ten",   "eleven",  "twelve",   "twenty",
                                           "thirty",  "forty", "fifty", "hundred", "thousand", "million",
                                           "billion", "dozen", "once",  "twice",   "half"};

static const char *const time_words[] = {
    "january", "february", "march",    "april",   "may",       "june",      "july",     "august",    "september",
    "october", "november", "december", "monday",  "tuesday",   "wednesday", "thursday", "friday",    "saturday",
    "sunday",  "century",  "morning",  "evening", "afternoon", "night",     "today",    "yesterday", "year",
    "years",   "week",     "day",      "days",    "month",     "months",    "summer",   "winter",    "spring",
    "autumn",  "midnight", "noon",     "hours",   "minutes"};

/* Without a capital these are no months. */
static const char *const verbs[] = {"may", "march"};

static const char *const place_words[] = {"in",   "at",     "near",  "from",   "to",
                                          "into", "inside", "under", "behind", "outside"};
static const char *const reason_words[] = {"because", "since", "so",     "therefore", "due", "reason",
                                           "order",   "cause", "caused", "causes",    "to",  "for"};

#define HOLDS(list, word, size) stems_list_holds(list, sizeof(list) / sizeof *(list), word, size)

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower_letter(char c)
{
    return is_upper(c) ? (char)(c | 0x20) : c;
}

/* Whether the question holds a phrase, in any letter case, as whole words. */
static bool asks(const char *question, const char *phrase)
{
    size_t size = strlen(phrase);
    for (const char *at = question; *at; at++) {
        size_t n = 0;
        while (n < size && lower_letter(at[n]) == phrase[n]) n++;
        bool begins = at == question || is_space(at[-1]);
        if (n == size && begins && (at[n] == '\0' || is_space(at[n]) || strchr("?,.'", at[n]))) return true;
    }
    return false;
}

static enum quote_kind kind_of(const char *question)
{
    static const struct {
        const char *phrase;
        enum quote_kind kind;
    } phrases[] = {
        {"how many", QUOTE_NUMBER}, {"how much", QUOTE_NUMBER},    {"how old", QUOTE_NUMBER},
        {"how far", QUOTE_NUMBER},  {"how long", QUOTE_NUMBER},    {"when", QUOTE_TIME},
        {"what year", QUOTE_TIME},  {"which year", QUOTE_TIME},    {"what time", QUOTE_TIME},
        {"what date", QUOTE_TIME},  {"what day", QUOTE_TIME},      {"where", QUOTE_PLACE},
        {"what city", QUOTE_PLACE}, {"what country", QUOTE_PLACE}, {"who", QUOTE_PERSON},
        {"whom", QUOTE_PERSON},     {"whose", QUOTE_PERSON},       {"why", QUOTE_REASON},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (asks(question, phrases[i].phrase)) return phrases[i].kind;
    return QUOTE_ANY;
}

void quote_text_read_question(struct quote_question *q, const char *question)
{
    q->kind = kind_of(question);
    q->n_terms = stems_find(question, strlen(question), STEMS_TELLING, q->terms, QUOTE_MAX_TERMS);
    if (q->n_terms == 0) q->n_terms = stems_find(question, strlen(question), STEMS_ALL, q->terms, QUOTE_MAX_TERMS);
}

bool quote_text_is_code(const char *path)
{
    static const char *const endings[] = {
        "c",     "h",    "cc",   "cpp",  "cxx",   "hpp",  "hh",    "cs",  "py",   "js",  "jsx",  "ts",  "tsx",  "java",
        "go",    "rs",   "rb",   "php",  "swift", "kt",   "scala", "sh",  "bash", "pl",  "pm",   "lua", "m",    "mm",
        "hs",    "ml",   "el",   "clj",  "ex",    "erl",  "r",     "jl",  "sql",  "vue", "zig",  "nim", "d",    "f90",
        "cmake", "comp", "glsl", "json", "toml",  "yaml", "yml",   "ini", "cfg",  "xml", "html", "css", "proto"};
    const char *name = strrchr(path, '/'), *dot = strrchr(name ? name : path, '.');
    return dot && HOLDS(endings, dot + 1, strlen(dot + 1));
}

size_t quote_text_line_end(const char *text, size_t at, size_t size)
{
    const char *newline = memchr(text + at, '\n', size - at);
    return newline ? (size_t)(newline - text) + 1 : size;
}

/* The category of the character at p, where it is of exactly `size` bytes. */
static utf8proc_category_t sole_category(const char *p, size_t size)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)size, &c);
    return n == (utf8proc_ssize_t)size ? utf8proc_category(c) : UTF8PROC_CATEGORY_CN;
}

static bool is_lower_at(const char *text, size_t at, size_t size)
{
    utf8proc_int32_t c;
    return utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &c) > 0 &&
           utf8proc_category(c) == UTF8PROC_CATEGORY_LL;
}

/* Whether the stop at `at` belongs to a title, an abbreviation or an initial: "Mr." "J." */
static bool is_abbreviation(const char *text, size_t begin, size_t at)
{
    size_t first = at;
    while (first > begin && !is_space(text[first - 1]) && !strchr("(\"'", text[first - 1])) first--;
    size_t n = at - first;
    if (n > 0 && sole_category(text + first, n) == UTF8PROC_CATEGORY_LU) return true;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strlen(titles[i]) == n && memcmp(titles[i], text + first, n) == 0) return true;
    return false;
}

/* Whether a new line at `at` begins another thing: a blank line, an item of a list, a row of a table. */
static bool parts(const char *text, size_t at, size_t size)
{
    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) at++;
    if (at == size || text[at] == '\n') return true;
    return strchr("-*|#>+", text[at]) && at + 1 < size && (is_space(text[at + 1]) || text[at + 1] == text[at]);
}

/* The end of the stops and closing marks from `at` on. */
static size_t stops_end(const char *text, size_t at, size_t size)
{
    for (size_t mark; at < size; at += mark) {
        mark = text[at] == '.' || text[at] == '!' || text[at] == '?' ? 1 : sentence_stop(text, at, size);
        if (mark == 0) break;
    }
    for (size_t mark; (mark = sentence_closing(text, at, size)) > 0;) at += mark;
    return at;
}

/* Whether the sentence that a wide stop seems to end at `end` goes on: Japanese speech before "he said". */
static bool goes_on(const char *text, size_t end, size_t size)
{
    if (size - end < 3 || end < 3) return false;
    bool speech = memcmp(text + end - 3, "」", 3) == 0 || memcmp(text + end - 3, "』", 3) == 0;
    return speech && (memcmp(text + end, "と", 3) == 0 || memcmp(text + end, "っ", 3) == 0);
}

size_t quote_text_sentence_end(const char *text, size_t at, size_t size)
{
    size_t begin = at;
    while (at < size && is_space(text[at])) at++;
    for (; at < size; at++) {
        if (text[at] == '\n' && parts(text, at + 1, size)) return at + 1;
        bool wide = sentence_stop(text, at, size) > 0;
        if (!wide && text[at] != '.' && text[at] != '!' && text[at] != '?') continue;
        size_t end = stops_end(text, at, size);
        if (wide && !goes_on(text, end, size)) return end;
        if (wide || (end < size && !is_space(text[end]))) continue;
        if (text[at] == '.' && is_abbreviation(text, begin, at)) continue;
        size_t next = end;
        while (next < size && is_space(text[next])) next++;
        if (next < size && is_lower_at(text, next, size)) continue; /* "Stop!" he said */
        return end;
    }
    return size;
}

/* Bytes of the white space at the beginning or the end, that of CJK included. */
static size_t space_at(const char *text, size_t begin, size_t end)
{
    return is_space(text[begin]) ? 1 : end - begin >= 3 && memcmp(text + begin, "\u3000", 3) == 0 ? 3 : 0;
}

static size_t space_before(const char *text, size_t begin, size_t end)
{
    return is_space(text[end - 1]) ? 1 : end - begin >= 3 && memcmp(text + end - 3, "\u3000", 3) == 0 ? 3 : 0;
}

void quote_text_trim(const char *text, size_t *begin, size_t *end)
{
    for (size_t n; *begin < *end && (n = space_at(text, *begin, *end)) > 0;) *begin += n;
    for (size_t n; *end > *begin && (n = space_before(text, *begin, *end)) > 0;) *end -= n;
}

struct look {
    const struct quote_question *question;
    const char *text;
    struct quote_terms asked;
    size_t n_words, last_end;
    bool found;
};

/* A capital, in any alphabet, and more. */
static bool is_name(const char *word, size_t size)
{
    utf8proc_int32_t c;
    const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)word, (utf8proc_ssize_t)size, &c);
    return n > 0 && (size_t)n < size && utf8proc_category(c) == UTF8PROC_CATEGORY_LU;
}

/* Whether a word that the question does not hold is of the kind it asks for. */
static bool is_of_kind(const struct look *l, const char *word, size_t size, bool first)
{
    switch (l->question->kind) {
    case QUOTE_PERSON:
        return !first && is_name(word, size);
    case QUOTE_PLACE:
        return HOLDS(place_words, word, size);
    case QUOTE_TIME:
        return is_digit(*word) || (HOLDS(time_words, word, size) && !(is_lower(*word) && HOLDS(verbs, word, size)));
    case QUOTE_NUMBER:
        return is_digit(*word) || HOLDS(number_words, word, size);
    case QUOTE_REASON:
        return HOLDS(reason_words, word, size);
    case QUOTE_ANY:
        break;
    }
    return false;
}

static void look_at_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct look *l = context;
    (void)hash;
    bool part = end <= l->last_end; /* of the word before */
    bool first = l->n_words == 0;
    if (!part) {
        l->n_words++;
        l->last_end = end;
    }
    uint64_t term = stems_hash(l->text + begin, end - begin);
    for (size_t i = 0; i < l->question->n_terms; i++) {
        if (l->question->terms[i] != term) continue;
        l->asked.bits[i / 64] |= UINT64_C(1) << i % 64;
        return;
    }
    if (!part && !l->found) l->found = is_of_kind(l, l->text + begin, end - begin, first);
}

void quote_text_look(const struct quote_question *q, const char *text, size_t size, struct quote_terms *asked,
                     size_t *n_words, float *kind)
{
    struct look l = {.question = q, .text = text};
    words_find(text, size, look_at_word, &l);
    *asked = l.asked;
    *n_words = l.n_words;
    *kind = l.found ? 1 : 0;
}

/* Whether the line begins with the word, as a whole. */
static bool begins_with_word(const char *line, size_t size, const char *word)
{
    size_t n = strlen(word);
    return size > n && memcmp(line, word, n) == 0 && (is_space(line[n]) || line[n] == '(');
}

bool quote_text_is_definition(const char *line, size_t size)
{
    static const char *const words[] = {
        "def",   "class",  "func",  "fn",     "function", "struct",    "enum",    "union",  "typedef", "interface",
        "trait", "impl",   "type",  "const",  "let",      "var",       "static",  "public", "private", "protected",
        "pub",   "export", "async", "inline", "extern",   "#define",   "module",  "void",   "int",     "bool",
        "char",  "double", "float", "long",   "unsigned", "namespace", "package", "sub",    "val",     "template"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins_with_word(line, size, words[i])) return true;
    return false;
}

bool quote_text_is_comment(const char *line, size_t size)
{
    static const char *const marks[] = {"//", "/*", "*", "--", ";;", "\"\"\"", "'''"};
    if (size > 1 && line[0] == '#') return !is_lower(line[1]); /* #define and #include are none */
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (size >= strlen(marks[i]) && memcmp(line, marks[i], strlen(marks[i])) == 0) return true;
    return false;
}
