#define XXH_INLINE_ALL
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <xxhash.h>

#include "app/text/convert/pdf.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* The words of the text by their hashes, sorted: is a parted word one with a hyphen? */
struct vocabulary {
    uint64_t *words;
    size_t n, capacity;
};

/* A word of a text may be this long. */
#define WORD_MAX ((size_t)80)

static bool is_word(uint8_t c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static int compare_hashes(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Words that stand whole on a line. */
static int learn(struct vocabulary *v, const char *text, size_t size, struct error *e)
{
    for (size_t i = 0; i < size;) {
        size_t begin = i;
        while (i < size && is_word((uint8_t)text[i])) i++;
        if (i > begin && text[i - 1] != '-') {
            uint64_t *words = bytes_reserve(v->words, &v->capacity, v->n + 1, sizeof *words);
            if (!words) return error_memory(e);
            v->words = words;
            words[v->n++] = XXH3_64bits(text + begin, i - begin);
        }
        if (i < size && i == begin) i++;
    }
    if (v->n > 0) qsort(v->words, v->n, sizeof *v->words, compare_hashes);
    return 0;
}

static bool knows_joined_word(const struct vocabulary *v, const char *head, size_t head_size, const char *tail,
                              size_t tail_size)
{
    char word[2 * WORD_MAX];
    if (v->n == 0 || head_size > WORD_MAX || tail_size > WORD_MAX) return false;
    memcpy(word, head, head_size);
    memcpy(word + head_size, tail, tail_size);
    const uint64_t hash = XXH3_64bits(word, head_size + tail_size);
    return bsearch(&hash, v->words, v->n, sizeof hash, compare_hashes) != NULL;
}

/* Bytes of the hyphen that ends a line: "-", U+2010, or a soft hyphen; 0: none. */
static size_t hyphen_at_end(const char *line, size_t size, bool *soft)
{
    *soft = size >= 2 && memcmp(line + size - 2, "\xC2\xAD", 2) == 0;
    if (*soft) return 2;
    if (size >= 3 && memcmp(line + size - 3, "\xE2\x80\x90", 3) == 0) return 3;
    return size >= 2 && line[size - 1] == '-' && line[size - 2] != '-' ? 1 : 0;
}

static bool is_letter(const char *p, size_t left, bool small)
{
    utf8proc_int32_t c;
    if (utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)left, &c) <= 0) return false;
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_LL ||
           (!small && (category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LO));
}

/* The word before the hyphen: its bytes, 0 where it does not end in a letter. */
static size_t word_before(const char *line, size_t size)
{
    size_t begin = size, last = size;
    while (begin > 0 && is_word((uint8_t)line[begin - 1])) begin--;
    while (last > begin && ((uint8_t)line[last - 1] & 0xC0) == 0x80) last--;
    return last > begin && is_letter(line + last - 1, size - last + 1, false) ? size - begin : 0;
}

/* One page's lines. */
struct lines {
    struct converted *out;
    const struct vocabulary *vocabulary;
    size_t letters; /* of the page */
};

static int put_text(struct lines *l, const char *text, size_t size, struct error *e)
{
    static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    for (size_t i = 0, begin = 0; i <= size; i++) {
        bool ligature = i + 3 <= size && memcmp(text + i, "\xEF\xAC", 2) == 0 && (uint8_t)text[i + 2] - 0x80u < 7;
        if (i < size && !ligature) {
            l->letters += (uint8_t)text[i] > ' ';
            continue;
        }
        if (converted_put(l->out, text + begin, i - begin, e) != 0) return -1;
        if (!ligature) break;
        const char *letters = ligatures[(uint8_t)text[i + 2] - 0x80];
        if (converted_put(l->out, letters, strlen(letters), e) != 0) return -1;
        l->letters++;
        begin = i + 3;
        i += 2;
    }
    return 0;
}

/* Where a word is parted between this line and the next, it is put whole on this one; returns how many bytes of the
 * next line that took, or -1. A small letter goes on with a word; "Anglo-" before "Saxon" is left alone. */
static long put_line(struct lines *l, const char *line, size_t size, const char *next, size_t next_size,
                     struct error *e)
{
    bool soft;
    size_t hyphen = hyphen_at_end(line, size, &soft), indent = 0, tail = 0;
    while (indent < next_size && next[indent] == ' ') indent++;
    size_t before = hyphen > 0 ? word_before(line, size - hyphen) : 0;
    bool joins = before > 0 && indent < next_size && is_letter(next + indent, next_size - indent, true);
    if (joins)
        while (indent + tail < next_size && next[indent + tail] != ' ') tail++;
    const char *head = line + size - hyphen - before;
    size_t word = 0;
    while (word < tail && is_word((uint8_t)next[indent + word])) word++;
    bool keeps = joins && !soft && !knows_joined_word(l->vocabulary, head, before, next + indent, word) &&
                 knows_joined_word(l->vocabulary, head, before + hyphen, next + indent, word);
    if (put_text(l, line, joins && !keeps ? size - hyphen : size, e) != 0 || put_text(l, next + indent, tail, e) != 0)
        return -1;
    if (converted_put(l->out, "\n", 1, e) != 0) return -1;
    if (!joins) return 0;
    while (indent + tail < next_size && next[indent + tail] == ' ') tail++;
    return (long)(indent + tail);
}

static int put_page(struct lines *l, const char *page, size_t size, struct error *e)
{
    l->letters = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(page + at, '\n', size - at);
        size_t line = end ? (size_t)(end - page) - at : size - at, next = at + line + (end ? 1 : 0);
        const char *next_end = next < size ? memchr(page + next, '\n', size - next) : NULL;
        size_t next_size = next_end ? (size_t)(next_end - page) - next : size - next;
        long taken = put_line(l, page + at, line, page + next, next_size, e);
        if (taken < 0) return -1;
        at = next + (size_t)taken;
        if (taken > 0 && (size_t)taken == next_size && next_end) at++; /* nothing is left of that line */
    }
    return converted_check(l->out->budget, e);
}

int pdf_text(struct converted *out, const char *printed, size_t size, struct error *e)
{
    struct vocabulary v = {0};
    struct lines l = {.out = out, .vocabulary = &v};
    size_t page = 0, empty = 0;
    int result = learn(&v, printed, size, e);
    for (size_t at = 0; at < size && result == 0;) {
        const char *end = memchr(printed + at, '\f', size - at);
        size_t bytes = end ? (size_t)(end - printed) - at : size - at;
        char name[32];
        snprintf(name, sizeof name, "p. %zu", ++page);
        result = parts_add_place(&out->parts, out->size, name, e);
        if (result == 0) result = put_page(&l, printed + at, bytes, e);
        empty += l.letters == 0;
        at += bytes + (end ? 1 : 0);
    }
    free(v.words);
    if (result == 0 && empty == page) return error_set(e, "a PDF without text (pictures of pages?)");
    if (empty > 0) snprintf(out->note, sizeof out->note, "%zu of %zu pages hold no text", empty, page);
    return result;
}
