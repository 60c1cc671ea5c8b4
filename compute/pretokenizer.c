#include "compute/pretokenizer.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <utf8proc.h>

#include "compute/vocabulary.h"

enum kind { KIND_END, KIND_SPACE, KIND_NEWLINE, KIND_LETTER, KIND_NUMBER, KIND_OTHER };

/* The characters with the property White_Space above ASCII. */
static bool is_space(uint32_t c)
{
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

static enum kind ascii_kind(unsigned char c)
{
    if (c == '\n' || c == '\r') return KIND_NEWLINE;
    if (c == ' ' || (c >= '\t' && c <= '\f')) return KIND_SPACE;
    if (c >= '0' && c <= '9') return KIND_NUMBER;
    unsigned char lower = c | 0x20;
    return lower >= 'a' && lower <= 'z' ? KIND_LETTER : KIND_OTHER;
}

/* Kind and length of the first character; a byte that is no UTF-8 is a character of its own. */
static enum kind first_kind(const char *text, size_t size, size_t *length)
{
    *length = size > 0;
    if (size == 0) return KIND_END;
    const unsigned char *b = (const unsigned char *)text;
    if (b[0] < 0x80) return ascii_kind(b[0]);
    size_t n = vocabulary_character(text, size);
    if (n == 0) return KIND_OTHER;
    *length = n;
    uint32_t c = b[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) c = c << 6 | (b[i] & 63u);
    if (is_space(c)) return KIND_SPACE;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return KIND_LETTER;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return KIND_NUMBER;
    return KIND_OTHER;
}

/* Where the run of one kind ends that may begin at `at`. */
static size_t run_end(const char *text, size_t size, size_t at, enum kind wanted)
{
    size_t length;
    while (first_kind(text + at, size - at, &length) == wanted) at += length;
    return at;
}

/* Length of 's 't 're 've 'm 'll 'd at the start, or 0. */
static size_t contraction(const char *text, size_t size, bool any_case)
{
    if (size < 2 || text[0] != '\'') return 0;
    char a = text[1], b = size > 2 ? text[2] : 0;
    if (any_case && a >= 'A' && a <= 'Z') a = (char)(a + 32);
    if (any_case && b >= 'A' && b <= 'Z') b = (char)(b + 32);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* \s+(?!\S)|\s+: the spaces at the end of the text; otherwise all but the last, which belongs to the word behind, or
 * the only one. */
static size_t spaces(const char *text, size_t size)
{
    size_t at = 0, last = 0, length;
    for (enum kind c; (c = first_kind(text + at, size - at, &length)) == KIND_SPACE || c == KIND_NEWLINE;
         at += length) {
        last = at;
    }
    return at == size || last == 0 ? at : last;
}

static size_t word_gpt2(const char *text, size_t size)
{
    size_t n = contraction(text, size, false);
    if (n > 0) return n;
    size_t begin = text[0] == ' ', length;
    enum kind c = first_kind(text + begin, size - begin, &length);
    if (c == KIND_LETTER || c == KIND_NUMBER || c == KIND_OTHER) return run_end(text, size, begin + length, c);
    return spaces(text, size);
}

/* \s*[\r\n]+ at the start: up to the last newline of the run of spaces; 0 where it has none. */
static size_t spaces_and_newlines(const char *text, size_t size)
{
    size_t at = 0, end = 0, length;
    for (enum kind c; (c = first_kind(text + at, size - at, &length)) == KIND_SPACE || c == KIND_NEWLINE;) {
        at += length;
        if (c == KIND_NEWLINE) end = at;
    }
    return end;
}

static size_t size_of_numbers(const char *text, size_t size, unsigned most)
{
    size_t at = 0, length;
    for (unsigned i = 0; i < most && first_kind(text + at, size - at, &length) == KIND_NUMBER; i++) at += length;
    return at;
}

static size_t word_llama3(const char *text, size_t size, unsigned most_numbers)
{
    size_t n = contraction(text, size, true), length, next;
    if (n > 0) return n;
    enum kind c = first_kind(text, size, &length);
    if (c == KIND_LETTER) return run_end(text, size, length, KIND_LETTER);
    if (c == KIND_NUMBER) return size_of_numbers(text, size, most_numbers);
    enum kind behind = first_kind(text + length, size - length, &next);
    if (c != KIND_NEWLINE && behind == KIND_LETTER) return run_end(text, size, length + next, KIND_LETTER);
    if (c == KIND_OTHER || (text[0] == ' ' && behind == KIND_OTHER)) {
        return run_end(text, size, run_end(text, size, length, KIND_OTHER), KIND_NEWLINE);
    }
    n = spaces_and_newlines(text, size);
    return n > 0 ? n : spaces(text, size);
}

static size_t word_smollm(const char *text, size_t size, size_t *between)
{
    size_t length;
    if (*between == 0) {
        if (first_kind(text, size, &length) == KIND_NUMBER) return length;
        size_t at = 0;
        for (enum kind c; (c = first_kind(text + at, size - at, &length)) != KIND_NUMBER && c != KIND_END;)
            at += length;
        *between = at;
    }
    size_t n = word_gpt2(text, *between);
    *between -= n;
    return n;
}

size_t pretokenizer_word(enum pretokenizer kind, const char *text, size_t size, size_t *between)
{
    if (size == 0) return 0;
    switch (kind) {
    case PRETOKENIZER_GPT2:
        return word_gpt2(text, size);
    case PRETOKENIZER_SMOLLM:
        return word_smollm(text, size, between);
    case PRETOKENIZER_LLAMA3:
        return word_llama3(text, size, 3);
    case PRETOKENIZER_QWEN2:
        return word_llama3(text, size, 1);
    }
    return size;
}
