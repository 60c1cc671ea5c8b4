#include "app/text/heading.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "app/text/sentence.h"

/* Characters of a line in capitals at most. */
#define CAPITALS_MAX 60

#define N(list) (sizeof(list) / sizeof *(list))

/* A line, taken from its front. */
struct rest {
    const char *at;
    size_t size;
};

static utf8proc_int32_t first_of(struct rest r, size_t *bytes)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t n =
        r.size > 0 ? utf8proc_iterate((const utf8proc_uint8_t *)r.at, (utf8proc_ssize_t)r.size, &c) : 0;
    *bytes = n > 0 ? (size_t)n : r.size > 0;
    return n > 0 ? c : 0;
}

static void drop(struct rest *r, size_t bytes)
{
    r->at += bytes;
    r->size -= bytes;
}

static void drop_spaces(struct rest *r)
{
    for (size_t n; r->size > 0; drop(r, n)) {
        utf8proc_int32_t c = first_of(*r, &n);
        if (c != ' ' && c != 0x3000 && c != 0xA0) break;
    }
}

/* Takes a word in any letter case from the front. */
static bool take_word(struct rest *r, const char *word)
{
    struct rest line = *r, wanted = {word, strlen(word)};
    while (wanted.size > 0) {
        size_t n, m;
        utf8proc_int32_t a = first_of(line, &n), b = first_of(wanted, &m);
        if (line.size == 0 || utf8proc_tolower(a) != utf8proc_tolower(b)) return false;
        drop(&line, n);
        drop(&wanted, m);
    }
    *r = line;
    return true;
}

/* Takes a number of digits, or of Chinese numerals, from the front. */
static bool take_number(struct rest *r)
{
    static const char numerals[] = "〇零一二三四五六七八九十百千两兩上中下"; /* of three bytes each */
    struct rest line = *r;
    for (size_t n; line.size > 0; drop(&line, n)) {
        utf8proc_int32_t c = first_of(line, &n);
        bool numeral = utf8proc_category(c) == UTF8PROC_CATEGORY_ND;
        for (size_t i = 0; n == 3 && i + 3 < sizeof numerals; i += 3)
            numeral = numeral || memcmp(numerals + i, line.at, 3) == 0;
        if (!numeral) break;
    }
    bool found = line.size < r->size;
    *r = line;
    return found;
}

struct named {
    const char *word;
    unsigned level;
};

static const struct named nothing = {NULL, 0};

/* Takes one of the words, or nothing. */
static const struct named *take_one(struct rest *r, const struct named *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (take_word(r, list[i].word)) return &list[i];
    return &nothing;
}

/* "第一章 雾港", "第3回", "제2장", "2장": a number and what it counts, then nothing that reads on. */
static const struct named *counted(struct rest line)
{
    static const struct named han[] = {{"章", 2}, {"回", 2}, {"节", 2}, {"節", 2}, {"話", 2},
                                       {"话", 2}, {"幕", 2}, {"夜", 2}, {"卷", 1}, {"巻", 1},
                                       {"部", 1}, {"篇", 1}, {"編", 1}, {"编", 1}, {"集", 1}},
                              hangul[] = {{"장", 2}, {"화", 2}, {"절", 2}, {"회", 2},
                                          {"막", 2}, {"부", 1}, {"편", 1}, {"권", 1}};
    bool chinese = take_word(&line, "第"), korean = !chinese && take_word(&line, "제");
    drop_spaces(&line);
    if (!take_number(&line)) return &nothing;
    drop_spaces(&line);
    const struct named *found = chinese ? take_one(&line, han, N(han)) : take_one(&line, hangul, N(hangul));
    size_t n;
    if (korean || found->level == 0 || chinese || line.size == 0) return found;
    return first_of(line, &n) == ' ' ? found : &nothing;
}

/* Words that stand before a number, or behind an ordinal. */
static const struct named counting[] = {
    {"Глава", 2},     {"Часть", 1},    {"Книга", 1}, {"Том", 1},    {"Письмо", 2},   {"Розділ", 2},   {"Частина", 1},
    {"Kapitel", 2},   {"Teil", 1},     {"Buch", 1},  {"Band", 1},   {"Chapitre", 2}, {"Partie", 1},   {"Livre", 1},
    {"Tome", 1},      {"Capítulo", 2}, {"Parte", 1}, {"Libro", 1},  {"Livro", 1},    {"Capitolo", 2}, {"Hoofdstuk", 2},
    {"Deel", 1},      {"Rozdział", 2}, {"Część", 1}, {"Księga", 1}, {"Kapitola", 2}, {"Část", 1},     {"Fejezet", 2},
    {"Capitolul", 2}, {"Bölüm", 2},    {"Kısım", 1}, {"Luku", 2},   {"Osa", 1},      {"Κεφάλαιο", 2}, {"Μέρος", 1},
    {"Βιβλίο", 1},    {"अध्याय", 2},    {"भाग", 1},   {"খণ্ড", 1},    {"অধ্যায়", 2},    {"الفصل", 2},    {"الباب", 1},
    {"الجزء", 1},     {"فصل", 2},      {"פרק", 2},   {"חלק", 1},    {"บทที่", 2},      {"ภาค", 1},      {"Chương", 2},
    {"Phần", 1},      {"Bab", 2},
};

/* Parts that have no number. */
static const struct named alone[] = {
    {"Пролог", 2},     {"Эпилог", 2},   {"Предисловие", 2},  {"Введение", 2}, {"Заключение", 2},   {"Послесловие", 2},
    {"Содержание", 2}, {"Prolog", 2},   {"Epilog", 2},       {"Vorwort", 2},  {"Einleitung", 2},   {"Nachwort", 2},
    {"Inhalt", 2},     {"Prologue", 2}, {"Épilogue", 2},     {"Préface", 2},  {"Avant-propos", 2}, {"Prólogo", 2},
    {"Epílogo", 2},    {"Prefacio", 2}, {"Introducción", 2}, {"Prologo", 2},  {"Prefazione", 2},   {"Πρόλογος", 2},
    {"Επίλογος", 2},   {"序", 2},       {"序章", 2},         {"序言", 2},     {"前言", 2},         {"引子", 2},
    {"楔子", 2},       {"尾声", 2},     {"尾聲", 2},         {"后记", 2},     {"後記", 2},         {"跋", 2},
    {"目录", 2},       {"目錄", 2},     {"目次", 2},         {"終章", 2},     {"终章", 2},         {"まえがき", 2},
    {"はじめに", 2},   {"あとがき", 2}, {"おわりに", 2},     {"머리말", 2},   {"서문", 2},         {"프롤로그", 2},
    {"에필로그", 2},   {"후기", 2},     {"맺음말", 2},       {"차례", 2},     {"प्रस्तावना", 2},     {"भूमिका", 2},
    {"مقدمة", 2},      {"خاتمة", 2},
};

/* Whether a small letter follows: "2 была длинной" is a sentence's, "2 Die Flut" and "2. Die Flut" are headings'. */
static bool reads_on(struct rest line)
{
    if (line.size == 0 || *line.at != ' ') return false;
    drop_spaces(&line);
    size_t n;
    return line.size > 0 && utf8proc_category(first_of(line, &n)) == UTF8PROC_CATEGORY_LL;
}

/* Whether the rest is a number (also a Roman one), or a single word: "1", "XII. Die Flut", "первая". */
static bool is_number_or_ordinal(struct rest line)
{
    if (line.size == 0) return false;
    if (take_number(&line)) return !reads_on(line);
    size_t roman = strspn(line.at, "IVXLC");
    if (roman > 0 && (roman >= line.size || strchr(" .:", line.at[roman]))) return true;
    return !memchr(line.at, ' ', line.size);
}

/* "Глава 2", "Kapitel XII: Die Flut", "الفصل الأول"; "Erstes Kapitel", "2. fejezet". */
static const struct named *worded(struct rest line)
{
    struct rest second = line;
    const struct named *found = take_one(&line, counting, N(counting));
    if (found->level > 0 && line.size > 0 && *line.at == ' ') {
        drop_spaces(&line);
        return is_number_or_ordinal(line) ? found : &nothing;
    }
    const char *space = memchr(second.at, ' ', second.size);
    if (!space) return &nothing;
    drop(&second, (size_t)(space - second.at) + 1);
    found = take_one(&second, counting, N(counting));
    return second.size == 0 ? found : &nothing;
}

/* Whether a number stands first, and what follows it does not read on as a sentence: "IV", "12. A Name", "Two", but not
 * "I wrote". */
static bool begins_with_number(const char *text, size_t size)
{
    static const char *const words[] = {"one",     "two",       "three",    "four",     "five",
                                        "six",     "seven",     "eight",    "nine",     "ten",
                                        "eleven",  "twelve",    "thirteen", "fourteen", "fifteen",
                                        "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};
    size_t n = 0, roman = 0;
    while (n < size && text[n] >= '0' && text[n] <= '9') n++;
    while (n == 0 && roman < size && strchr("IVXLCDM", text[roman])) roman++;
    n += roman;
    for (size_t i = 0; n == 0 && i < N(words); i++) {
        const size_t length = strlen(words[i]);
        const bool whole = length == size || (length < size && !isalpha((unsigned char)text[length]));
        if (whole && strncasecmp(text, words[i], length) == 0) n = length;
    }
    if (n == 0 || n == size) return n > 0;
    if (text[n] != ' ') return strchr(".:,;-)", text[n]) != NULL || (unsigned char)text[n] >= 0x80;
    return n + 1 == size || text[n + 1] < 'a' || text[n + 1] > 'z';
}

/* "CHAPTER IV", "Chapter Two", "Chapter 12. A Name", "BOOK THE FIRST", "Letter 1", "PROLOGUE": a word of the list, then
 * a number or capitals, or nothing. */
static unsigned english_level(const char *line, size_t size, const char **word)
{
    static const struct {
        const char *word;
        unsigned level;
        bool alone;
    } words[] = {
        {"volume", 1, false},  {"book", 1, false},    {"part", 1, false},        {"act", 1, false},
        {"canto", 2, false},   {"chapter", 2, false}, {"letter", 2, false},      {"scene", 2, false},
        {"section", 2, false}, {"stave", 2, false},   {"appendix", 2, true},     {"prologue", 2, true},
        {"epilogue", 2, true}, {"preface", 2, true},  {"introduction", 2, true}, {"conclusion", 2, true},
        {"contents", 2, true}, {"foreword", 2, true}, {"postscript", 2, true},
    };
    for (size_t i = 0; i < N(words); i++) {
        size_t n = strlen(words[i].word);
        if (size < n || strncasecmp(line, words[i].word, n) != 0 || line[0] < 'A' || line[0] > 'Z') continue;
        *word = words[i].word;
        if (words[i].alone && (size == n || (size == n + 1 && line[n] == '.'))) return words[i].level;
        if (size < n + 2 || line[n] != ' ') continue;
        char next = line[n + 1];
        bool capitals = line[1] >= 'A' && line[1] <= 'Z' && next >= 'A' && next <= 'Z';
        if (capitals || begins_with_number(line + n + 1, size - n - 1)) return words[i].level;
    }
    return 0;
}

unsigned heading_level(const char *line, size_t size, const char **word)
{
    unsigned level = english_level(line, size, word);
    struct rest rest = {line, size};
    drop_spaces(&rest);
    size_t n;
    if (level > 0 || rest.size == 0) return level;
    if (utf8proc_category(first_of(rest, &n)) == UTF8PROC_CATEGORY_LL) return 0;
    if (sentence_ends(line, size, false) || strchr(",;", line[size - 1])) return 0;
    for (size_t i = 0; i < N(alone); i++) {
        struct rest whole = rest;
        *word = alone[i].word;
        if (take_word(&whole, alone[i].word) && whole.size == 0) return alone[i].level;
    }
    const struct named *found = counted(rest);
    if (found->level == 0) found = worded(rest);
    *word = found->word;
    return found->level;
}

bool heading_is_manual(const char *line, size_t size)
{
    size_t n = 0;
    while (n < size && line[n] != ' ' && line[n] != '(') n++;
    if (n == 0 || n + 3 > size || line[n] != '(' || line[n + 1] < '1' || line[n + 1] > '9') return false;
    while (n < size && line[n] != ')') n++;
    n++;
    return 2 * n < size && memcmp(line, line + size - n, n) == 0;
}

unsigned heading_manual_level(const char *line, size_t size)
{
    const size_t blank = strspn(line, " ");
    if (size == 0 || blank >= size || (blank != 0 && blank != 3)) return 0;
    bool capital = false;
    for (size_t i = blank; i < size; i++) {
        if (blank == 0 && line[i] >= 'a' && line[i] <= 'z') return 0;
        capital = capital || (line[i] >= 'A' && line[i] <= 'Z');
    }
    return !capital || line[blank] == '-' ? 0 : blank == 0 ? 1 : 2;
}

bool heading_is_in_capitals(const char *line, size_t size)
{
    size_t letters = 0, words = 1, characters = 0, n;
    struct rest rest = {line, size};
    if (utf8proc_category(first_of(rest, &n)) != UTF8PROC_CATEGORY_LU) return false;
    for (; rest.size > 0; drop(&rest, n), characters++) {
        utf8proc_int32_t c = first_of(rest, &n);
        utf8proc_category_t category = utf8proc_category(c);
        if (category == UTF8PROC_CATEGORY_LL) return false;
        letters += category == UTF8PROC_CATEGORY_LU;
        words += c == ' ';
    }
    return characters <= CAPITALS_MAX && words >= 2 && letters >= 5 && letters * 2 > characters &&
           strchr(",;:", line[size - 1]) == NULL;
}
