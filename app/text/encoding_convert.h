/* Texts in other encodings become UTF-8 by iconv, and every place of the text knows its place in the file. */
#ifndef LECTERN_ENCODING_CONVERT_H
#define LECTERN_ENCODING_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch of the text whose characters all take `width` bytes of the file. */
struct encoding_run {
    uint64_t text, file; /* where it starts in both */
    uint32_t width;
};

struct encoding_text {
    char *text; /* UTF-8, malloc'ed */
    size_t size;
    struct encoding_run *runs; /* malloc'ed; in order, the first at text 0 */
    size_t n_runs;
    size_t n_bad; /* stretches that are no characters there, each a U+FFFD now */
};

/* Whether iconv knows the name. */
bool encoding_convert_known(const char *name);

/* Converts a file of that encoding from byte `begin` (after its byte order mark) on. -1: without memory, or iconv does
 * not know the name. */
int encoding_convert(struct encoding_text *out, const char *name, const uint8_t *bytes, size_t size, size_t begin);
void encoding_convert_free(struct encoding_text *t);

/* The place in the file of a place in the text. */
uint64_t encoding_convert_file_offset(const struct encoding_run *runs, size_t n_runs, const char *text,
                                      uint64_t offset);

/* The characters of the 256 bytes in an encoding of one byte a character, 0 where one has none; false where the
 * encoding is of another kind. Bytes 0x80 to 0x9F that have no character are the controls of that number, as in
 * Latin-1. */
bool encoding_convert_bytes(const char *name, uint32_t characters[256]);

#endif
