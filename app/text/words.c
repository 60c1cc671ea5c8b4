#include "app/text/words.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "app/text/encoding.h"

/* What a character is within a word. Only ASCII has humps; other letters and numbers form parts of their own. From
 * KIND_PAIRED on: scripts whose words are found by pairs of characters. */
enum kind { KIND_NONE, KIND_LOWER, KIND_UPPER, KIND_DIGIT, KIND_OTHER, KIND_MARK, KIND_PAIRED, KIND_HANGUL };

struct character {
    uint32_t code; /* of ASCII in lower case */
    uint8_t kind, size;
    bool letter, capital, joined; /* joined: a mark of the character before it */
    bool inflected;               /* a letter of a script whose words are cut to their beginning too */
};

static const struct character end_of_word = {.kind = KIND_NONE, .size = 1};

/* Letters of an inflected word that stand for all its forms. */
enum { STEM_LETTERS = 5 };

static struct character ascii(uint8_t c)
{
    struct character found = {.code = c, .kind = KIND_NONE, .size = 1};
    if (c >= 'a' && c <= 'z') {
        found.kind = KIND_LOWER;
        found.letter = true;
    } else if (c >= 'A' && c <= 'Z') {
        found.code = c | 0x20U;
        found.kind = KIND_UPPER;
        found.letter = found.capital = true;
    } else if (c >= '0' && c <= '9') {
        found.kind = KIND_DIGIT;
    } else if (c == '_') {
        found.kind = KIND_MARK;
    }
    return found;
}

struct range {
    uint32_t first, last;
};

/* Scripts without spaces: Thai, Lao, Burmese, Khmer, Han with its radicals, kana, Bopomofo, half-width kana. */
static const struct range paired[] = {{0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}, {0x2E80, 0x2FDF},
                                      {0x3005, 0x3007}, {0x3021, 0x312F}, {0x31A0, 0x31FF}, {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF}};

static bool in(uint32_t c, struct range r)
{
    return c >= r.first && c <= r.last;
}

static uint8_t kind_of(uint32_t c, utf8proc_category_t category)
{
    if (category == UTF8PROC_CATEGORY_ND) return KIND_MARK;
    if (in(c, (struct range){0xAC00, 0xD7A3})) return KIND_HANGUL;
    for (size_t i = 0; i < sizeof paired / sizeof *paired; i++)
        if (in(c, paired[i])) return KIND_PAIRED;
    return KIND_OTHER;
}

static struct character character_at(const char *text, size_t at, size_t size)
{
    const uint8_t *p = (const uint8_t *)text + at;
    if (at >= size) return end_of_word;
    if (*p < 0x80) return ascii(*p);
    size_t n = encoding_sequence(p, size - at);
    utf8proc_int32_t c;
    if (n == 0 || utf8proc_iterate(p, (utf8proc_ssize_t)n, &c) < 0) return end_of_word;
    utf8proc_category_t category = utf8proc_category(c);
    bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    bool number = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
    struct character found = {
        .code = (uint32_t)c, .kind = KIND_NONE, .size = (uint8_t)n, .letter = letter || mark, .joined = mark};
    if (!letter && !mark && !number) return found;
    found.capital = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
    found.joined = mark || in(found.code, (struct range){0xFF9E, 0xFF9F}); /* half-width voicing marks */
    found.kind = kind_of(found.code, category);
    found.inflected = letter && in(found.code, (struct range){0x0370, 0x052F});
    return found;
}

static uint64_t hash_character(uint64_t hash, uint32_t character)
{
    return (hash ^ character) * UINT64_C(0x100000001B3);
}

/* Vowel marks that may be written or not, and the stretching of Arabic. */
static bool is_optional(uint32_t c)
{
    static const struct range optional[] = {{0x0591, 0x05C7}, {0x0640, 0x0640}, {0x064B, 0x065F}, {0x0670, 0x0670}};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (in(c, optional[i])) return true;
    return false;
}

static uint64_t add_character(uint64_t hash, const struct character *c)
{
    utf8proc_int32_t folded[32];
    if (c->code < 0x80) return hash_character(hash, c->code);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c->code, folded, 32,
                                                 UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, NULL);
    for (utf8proc_ssize_t i = 0; i < n && i < 32; i++)
        if (!is_optional((uint32_t)folded[i])) hash = hash_character(hash, (uint32_t)folded[i]);
    return hash;
}

static const uint64_t hash_start = UINT64_C(0xCBF29CE484222325);

/* The low bits of a product know only the low bits of its factors. */
static uint64_t finish_hash(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* The end of the run of one kind that begins at `at`; *n: its characters. */
static size_t run_end(const char *text, size_t at, size_t end, uint8_t kind, size_t *n)
{
    *n = 0;
    for (struct character c; (c = character_at(text, at, end)).kind == kind && at < end; at += c.size) ++*n;
    return at;
}

/* The end of the part that begins at `at`: HTTPServer2 is HTTP, Server and 2. */
static size_t part_end(const char *text, size_t at, size_t end)
{
    uint8_t kind = character_at(text, at, end).kind;
    size_t n, stop = run_end(text, at, end, kind, &n);
    if (kind != KIND_UPPER || character_at(text, stop, end).kind != KIND_LOWER) return stop;
    return n > 1 ? stop - 1 : run_end(text, stop, end, KIND_LOWER, &n);
}

uint64_t words_hash(const char *word, size_t size)
{
    uint64_t hash = hash_start;
    for (size_t at = 0; at < size;) {
        struct character c = character_at(word, at, size);
        hash = add_character(hash, &c);
        at += c.size;
    }
    return finish_hash(hash);
}

static void report(const char *text, size_t begin, size_t end, words_found *found, void *context)
{
    found(context, words_hash(text + begin, end - begin), begin, end);
}

/* The parts of the word [begin, end), where there are several. */
static void find_parts(const char *text, size_t begin, size_t end, words_found *found, void *context)
{
    size_t first_begin = 0, first_end = 0, n = 0;
    for (size_t at = begin; at < end;) {
        struct character c = character_at(text, at, end);
        if (c.kind == KIND_MARK) {
            at += c.size;
            continue;
        }
        size_t stop = part_end(text, at, end);
        if (++n == 2) report(text, first_begin, first_end, found, context);
        if (n >= 2) report(text, at, stop, found, context);
        if (n == 1) first_begin = at, first_end = stop;
        at = stop;
    }
}

/* The end of the character at `at` with its marks. */
static size_t cluster_end(const char *text, size_t at, size_t size)
{
    struct character c = character_at(text, at, size);
    do {
        at += c.size;
        c = character_at(text, at, size);
    } while (c.joined && c.kind != KIND_NONE);
    return at;
}

/* The words of the run of one kind that begins at `at`; returns its end. */
static size_t find_pairs(const char *text, size_t at, size_t size, words_found *found, void *context)
{
    const uint8_t kind = character_at(text, at, size).kind;
    size_t begin = at, before = at, end = at, n = 0;
    while (end < size && character_at(text, end, size).kind == kind) {
        end = cluster_end(text, end, size);
        n++;
    }
    if (n == 1 || kind == KIND_HANGUL) report(text, begin, end, found, context);
    if (n == 1 || (n == 2 && kind == KIND_HANGUL)) return end;
    for (at = cluster_end(text, at, size); at < end;) {
        size_t behind = cluster_end(text, at, size);
        report(text, before, behind, found, context);
        before = at;
        at = behind;
    }
    return end;
}

/* The beginning of an inflected word, where it is longer. */
static void find_stem(const char *text, size_t begin, size_t end, words_found *found, void *context)
{
    size_t at = begin;
    for (unsigned n = 0; n < STEM_LETTERS && at < end; n++) at = cluster_end(text, at, end);
    if (at < end) report(text, begin, at, found, context);
}

void words_find(const char *text, size_t size, words_found *found, void *context)
{
    for (size_t at = 0; at < size;) {
        struct character c = character_at(text, at, size);
        if (c.kind == KIND_NONE) {
            at += c.size;
            continue;
        }
        if (c.kind >= KIND_PAIRED) {
            at = find_pairs(text, at, size, found, context);
            continue;
        }
        size_t begin = at;
        uint64_t hash = hash_start;
        bool simple = true;                 /* letters, no capital after the first: no parts */
        const bool inflected = c.inflected; /* going by its first letter */
        for (; c.kind != KIND_NONE && c.kind < KIND_PAIRED; c = character_at(text, at, size)) {
            simple = simple && c.letter && (at == begin || !c.capital);
            hash = add_character(hash, &c);
            at += c.size;
            /* most characters of most texts */
            for (; at < size && text[at] >= 'a' && text[at] <= 'z'; at++)
                hash = hash_character(hash, (uint8_t)text[at]);
        }
        found(context, finish_hash(hash), begin, at);
        if (!simple) find_parts(text, begin, at, found, context);
        if (inflected) find_stem(text, begin, at, found, context);
    }
}
