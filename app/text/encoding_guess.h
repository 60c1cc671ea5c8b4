/* The encoding of a text that is neither Unicode nor told by anyone. libuchardet names it from the lines that hold more
 * than ASCII; what it says is checked by reading them. */
#ifndef LECTERN_ENCODING_GUESS_H
#define LECTERN_ENCODING_GUESS_H

#include <stddef.h>
#include <stdint.h>

/* "libuchardet 0.0.7"; NULL where this build is without it. */
extern const char *const encoding_guess_library;

struct encoding_choice;
struct encoding_scan;

/* Of a file that was scanned whole. *out keeps saying UTF-8 (a text of which some bytes are not) where that explains
 * the bytes better. Western texts of few accents are Windows-1252, which holds Latin-1, as browsers read it. The
 * confidence is the share of what is not ASCII that reads as letters and punctuation, less where little is there;
 * encodings of one byte a character fit nearly any text and are never sure. */
void encoding_guess(struct encoding_choice *out, const struct encoding_scan *s, const uint8_t *bytes, size_t size);

#endif
