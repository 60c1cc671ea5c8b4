/* The rule of models/FORMAT.md, Segments. A cut depends on at most the 2 * SEGMENT_MAX_BYTES + 3 bytes from the
 * segment's start on: the last unit that may still fit begins within the first SEGMENT_MAX_BYTES, and its own cut looks
 * three bytes past its limit, for a closing mark. */
#include "app/text/segment.h"

#include <stdbool.h>
#include <string.h>

#include "app/text/sentence.h"

/* Whether a unit may end after text[cut - 1]: before it, past a space and closing marks, a sentence ends; without a
 * space by a stop that needs none, behind its closing marks and the space that may follow. */
static bool is_sentence_end(const char *text, size_t cut, size_t size)
{
    if (text[cut - 1] == ' ') return sentence_ends(text, cut - 1, true);
    return (unsigned char)text[cut - 1] >= 0x80 && text[cut] != ' ' && !sentence_closing(text, cut, size) &&
           sentence_ends(text, cut, false);
}

/* Where a statement of code without line ends is over: behind ";" or "}" and what belongs to it. */
static bool is_statement_end(const char *text, size_t cut)
{
    static const char going_on[] = {';', '}', ')', ','};
    return (text[cut - 1] == ';' || text[cut - 1] == '}') && !memchr(going_on, text[cut], sizeof going_on);
}

/* The first unit of a line of which more than SEGMENT_MAX_BYTES are left. */
static size_t cut_long_line(const char *text, size_t size)
{
    size_t last_space = 0;
    for (size_t cut = SEGMENT_MAX_BYTES; cut > 0; cut--) {
        if (is_sentence_end(text, cut, size)) return cut;
        if (last_space == 0 && text[cut - 1] == ' ') last_space = cut;
    }
    for (size_t cut = SEGMENT_MAX_BYTES; cut > SEGMENT_MAX_BYTES / 2; cut--)
        if (is_statement_end(text, cut)) return cut;
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
    return size <= SEGMENT_MAX_BYTES ? size : cut_long_line(text, size);
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
