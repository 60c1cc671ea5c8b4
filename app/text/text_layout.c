#include "app/text/text_layout.h"

#include <string.h>

#include "app/text/corpus.h"

/* One character with a storm of combining marks fills no columns: a row ends after this many bytes whatever its width.
 */
#define ROW_BYTES 2048

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* A block boundary moves forward past the rest of a character, at most three bytes: invalid text cannot push it on. */
static uint64_t block_boundary(const char *text, uint64_t size, uint64_t offset)
{
    for (int i = 0; i < 3 && offset < size && is_continuation(text[offset]); i++) offset++;
    return offset;
}

static uint64_t line_start(const struct document *d, uint64_t offset)
{
    return d->lines[corpus_document_line(d, offset) - 1];
}

uint64_t text_layout_block(const struct document *d, uint64_t offset)
{
    uint64_t start = line_start(d, offset);
    uint64_t index = (offset - start) / TEXT_LAYOUT_BLOCK;
    uint64_t begin = index ? block_boundary(d->text, d->size, start + index * TEXT_LAYOUT_BLOCK) : start;
    if (begin <= offset) return begin;
    return index > 1 ? block_boundary(d->text, d->size, start + (index - 1) * TEXT_LAYOUT_BLOCK) : start;
}

static uint64_t block_end(const struct document *d, uint64_t offset)
{
    uint64_t start = line_start(d, offset);
    uint64_t index = (text_layout_block(d, offset) - start + 3) / TEXT_LAYOUT_BLOCK + 1;
    uint64_t end = start + index * TEXT_LAYOUT_BLOCK;
    return end < d->size ? block_boundary(d->text, d->size, end) : d->size;
}

void text_layout_glyph(const char *bytes, size_t size, int column, struct safe_glyph *g)
{
    if (bytes[0] == '\n' || (size > 1 && bytes[0] == '\r' && bytes[1] == '\n')) {
        *g = (struct safe_glyph){.taken = bytes[0] == '\n' ? 1 : 2};
        return;
    }
    if (bytes[0] == '\t') {
        *g = (struct safe_glyph){.taken = 1, .width = (uint8_t)(TEXT_LAYOUT_TAB - column % TEXT_LAYOUT_TAB)};
        g->size = g->width;
        memset(g->text, ' ', g->size);
        return;
    }
    safe_text_next(bytes, size, g);
}

size_t text_layout_break(const char *text, size_t size, int width, bool words)
{
    int column = 0;
    size_t i = 0, after_blank = 0;
    while (i < size) {
        struct safe_glyph g;
        text_layout_glyph(text + i, size - i, column, &g);
        if (text[i + g.taken - 1] == '\n') return i + g.taken;
        bool blank = text[i] == ' ' || text[i] == '\t';
        bool full = column + g.width > width && i > 0;
        if (full && blank && words) return i + g.taken; /* the blank at which a row breaks is not drawn */
        if (full) return words && after_blank > 0 ? after_blank : i;
        if (i >= ROW_BYTES) return i;
        column += g.width;
        i += g.taken;
        if (blank) after_blank = i;
    }
    return i;
}

uint64_t text_layout_row_end(const struct document *d, uint64_t begin, int width, bool words)
{
    if (begin >= d->size) return d->size;
    uint64_t limit = block_end(d, begin);
    if (limit - begin > 2 * ROW_BYTES) limit = begin + 2 * ROW_BYTES;
    return begin + text_layout_break(d->text + begin, (size_t)(limit - begin), width, words);
}

uint64_t text_layout_row_start(const struct document *d, uint64_t offset, int width, bool words)
{
    if (offset > d->size) offset = d->size;
    uint64_t begin = text_layout_block(d, offset);
    for (;;) {
        uint64_t end = text_layout_row_end(d, begin, width, words);
        if (end > offset || end == begin || end >= d->size) return begin;
        begin = end;
    }
}
