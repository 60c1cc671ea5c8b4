/* The rule of models/FORMAT.md, Segments. A cut depends on at most the 2 * SEGMENT_MAX_BYTES + 1 bytes from the
 * segment's start on: the last unit that may still fit begins within the first SEGMENT_MAX_BYTES, and its own cut looks
 * one byte past its limit. */
#include "app/text/segment.h"

#include <stdbool.h>
#include <string.h>

/* Length of the closing mark that ends at text[end - 1], or 0. */
static size_t closing_mark(const char *text, size_t end)
{
    if (end >= 1 && memchr("\"')]}", text[end - 1], 5)) return 1;
    if (end >= 3 && (memcmp(text + end - 3, "\xe2\x80\x99", 3) == 0 || memcmp(text + end - 3, "\xe2\x80\x9d", 3) == 0))
        return 3;
    if (end >= 2 && memcmp(text + end - 2, "\xc2\xbb", 2) == 0) return 2;
    return 0;
}

/* Whether a unit may end after text[cut - 1], a space: before it, past closing marks, a sentence ends. */
static bool is_sentence_end(const char *text, size_t cut)
{
    for (size_t at = cut - 1; at > 0;) {
        if (memchr(".!?", text[at - 1], 3)) return true;
        size_t mark = closing_mark(text, at);
        if (mark == 0) return false;
        at -= mark;
    }
    return false;
}

/* The first unit of a line of which more than SEGMENT_MAX_BYTES are left. */
static size_t cut_long_line(const char *text)
{
    size_t last_space = 0;
    for (size_t cut = SEGMENT_MAX_BYTES; cut > 0; cut--) {
        if (text[cut - 1] != ' ') continue;
        if (is_sentence_end(text, cut)) return cut;
        if (last_space == 0) last_space = cut;
    }
    if (last_space > 0) return last_space;
    for (size_t cut = SEGMENT_MAX_BYTES; cut > 0; cut--)
        if (((unsigned char)text[cut] & 0xC0) != 0x80) return cut;
    return SEGMENT_MAX_BYTES;
}

static size_t cut_unit(const char *text, size_t size)
{
    size_t window = size < SEGMENT_MAX_BYTES ? size : SEGMENT_MAX_BYTES;
    const char *newline = memchr(text, '\n', window);
    if (newline) return (size_t)(newline - text) + 1;
    return size <= SEGMENT_MAX_BYTES ? size : cut_long_line(text);
}

size_t segment_cut(const char *text, size_t size)
{
    size_t end = 0;
    while (end < size) {
        size_t unit = cut_unit(text + end, size - end);
        if (end + unit > SEGMENT_MAX_BYTES) break;
        end += unit;
    }
    return end;
}
