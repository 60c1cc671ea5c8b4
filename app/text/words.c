#include "app/text/words.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "app/text/encoding.h"

/* What a character is within a word. Only ASCII has humps; other letters and numbers form parts of their own. */
enum kind { KIND_NONE, KIND_LOWER, KIND_UPPER, KIND_DIGIT, KIND_OTHER, KIND_MARK };

struct character {
    uint32_t lower; /* code point in lower case */
    uint8_t kind, size;
    bool letter, capital;
};

static const struct character end_of_word = {.kind = KIND_NONE, .size = 1};

static struct character ascii(uint8_t c)
{
    struct character found = {.lower = c, .kind = KIND_NONE, .size = 1};
    if (c >= 'a' && c <= 'z') {
        found.kind = KIND_LOWER;
        found.letter = true;
    } else if (c >= 'A' && c <= 'Z') {
        found.lower = c | 0x20U;
        found.kind = KIND_UPPER;
        found.letter = found.capital = true;
    } else if (c >= '0' && c <= '9') {
        found.kind = KIND_DIGIT;
    } else if (c == '_') {
        found.kind = KIND_MARK;
    }
    return found;
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
    bool number = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
    struct character found = {
        .lower = (uint32_t)utf8proc_tolower(c), .kind = KIND_NONE, .size = (uint8_t)n, .letter = letter};
    found.capital = found.lower != (uint32_t)c;
    if (letter || number) found.kind = category == UTF8PROC_CATEGORY_ND ? KIND_MARK : KIND_OTHER;
    return found;
}

static uint64_t add(uint64_t hash, uint32_t character)
{
    return (hash ^ character) * UINT64_C(0x100000001B3);
}

static const uint64_t hash_start = UINT64_C(0xCBF29CE484222325);

/* The low bits of a product know only the low bits of its factors. */
static uint64_t finish(uint64_t hash)
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

static void report(const char *text, size_t begin, size_t end, words_found *found, void *context)
{
    uint64_t hash = hash_start;
    for (size_t at = begin; at < end;) {
        struct character c = character_at(text, at, end);
        hash = add(hash, c.lower);
        at += c.size;
    }
    found(context, finish(hash), begin, end);
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

void words_find(const char *text, size_t size, words_found *found, void *context)
{
    for (size_t at = 0; at < size;) {
        struct character c = character_at(text, at, size);
        if (c.kind == KIND_NONE) {
            at += c.size;
            continue;
        }
        size_t begin = at;
        uint64_t hash = hash_start;
        bool simple = true; /* letters, no capital after the first: no parts */
        for (; c.kind != KIND_NONE; c = character_at(text, at, size)) {
            simple = simple && c.letter && (at == begin || !c.capital);
            hash = add(hash, c.lower);
            at += c.size;
            /* most characters of most texts */
            for (; at < size && text[at] >= 'a' && text[at] <= 'z'; at++) hash = add(hash, (uint8_t)text[at]);
        }
        found(context, finish(hash), begin, at);
        if (!simple) find_parts(text, begin, at, found, context);
    }
}
