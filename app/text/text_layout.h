/* Text cut into rows of a given width. Lines may be hundreds of megabytes long: a line is laid out in blocks of at most
 * TEXT_LAYOUT_BLOCK bytes, so that moving by a row, forwards or backwards, always costs the same. */
#ifndef LECTERN_TEXT_LAYOUT_H
#define LECTERN_TEXT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/safe_text.h"

struct document;

#define TEXT_LAYOUT_BLOCK 8192
#define TEXT_LAYOUT_TAB 8

/* Text offset where the block that holds `offset` begins: a line's start, or a multiple of TEXT_LAYOUT_BLOCK into it
 * (at a character). */
uint64_t text_layout_block(const struct document *d, uint64_t offset);

/* The row that begins at `begin` (a row start) ends before this offset, its newline included. Greater than `begin`
 * unless that is the end. */
uint64_t text_layout_row_end(const struct document *d, uint64_t begin, int width, bool words);

/* The row that holds an offset. */
uint64_t text_layout_row_start(const struct document *d, uint64_t offset, int width, bool words);

/* The same for a text of its own, such as an answer: lines end at newlines. */
size_t text_layout_break(const char *text, size_t size, int width, bool words);

/* A glyph at a column: tabs become blanks up to the next stop (width), the rest is safe_text_next's. The newline that
 * ends a row, with the carriage return before it, has width 0 and no text. */
void text_layout_glyph(const char *bytes, size_t size, int column, struct safe_glyph *g);

#endif
