/* Untrusted strings (text, file names, titles, model output, error texts) made safe to show. Nothing that a terminal
 * could obey is left: C0 and DEL become ^[ and ^?, C1 \x9b, bidi controls and other invisible format characters
 * <U+202E>, invalid UTF-8 U+FFFD. Characters of unknown width (unassigned, private use) are shown by number too, so
 * that what is counted here is what a terminal draws. */
#ifndef LECTERN_SAFE_TEXT_H
#define LECTERN_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What one character of untrusted bytes shows as. */
struct safe_glyph {
    char text[16]; /* UTF-8, terminated; empty for variation selectors and joiners, whose effect no two terminals agree
                      on */
    uint8_t size;  /* bytes of text */
    uint8_t width; /* columns: 0 for combining marks, 2 for wide characters; as long as the text for notations */
    uint8_t taken; /* bytes of input that it stands for, at least 1 */
    bool notation; /* the text stands for something that cannot be shown as itself */
};

/* The first glyph of bytes[0..size), size at least 1. Tab and newline are notations here (^I, ^J). */
void safe_text_next(const char *bytes, size_t size, struct safe_glyph *g);

enum safe_mode {
    SAFE_LINE,  /* one line: newline and tab are notations too */
    SAFE_BLOCK, /* newline and tab stay, CR LF becomes LF */
};

/* Renders into out[capacity], always terminated (capacity at least 1), cut at a whole glyph; returns the length of the
 * whole rendering. */
size_t safe_text_render(char *out, size_t capacity, const char *bytes, size_t size, enum safe_mode mode);

/* The same onto a stream; -1 where writing fails. */
int safe_text_write(FILE *f, const char *bytes, size_t size, enum safe_mode mode);

/* Columns of SAFE_LINE's rendering. */
size_t safe_text_width(const char *bytes, size_t size);

/* Length of the longest prefix that does not end inside a UTF-8 character: for text that comes in pieces. */
size_t safe_text_whole(const char *bytes, size_t size);

/* Bytes of a string, at most so many and no part of a character: for "%.*s". */
int safe_text_most(const char *text, size_t most);

#endif
