/* Where sentences end in every script. Full stops, question and exclamation marks of ASCII end one before white space
 * only (3.14, a.c); the marks of other scripts, after which often nothing stands, end one wherever they are. */
#ifndef LECTERN_SENTENCE_H
#define LECTERN_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the mark that begins at text[at] and ends a sentence by itself, 0 where none does. */
size_t sentence_stop(const char *text, size_t at, size_t size);

/* Bytes of the closing quotation mark or bracket that begins at text[at], 0 where none does. */
size_t sentence_closing(const char *text, size_t at, size_t size);

/* Whether a sentence ends with text[end - 1], closing marks included: by a stop of its own or, where `spaced` (white
 * space follows), by one of ASCII. */
bool sentence_ends(const char *text, size_t end, bool spaced);

#endif
