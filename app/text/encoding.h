/* What a file's bytes are: UTF-8, UTF-16 with a byte order mark, Latin-1, or no text at all. */
#ifndef LECTERN_ENCODING_H
#define LECTERN_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/corpus.h"

/* Length (1 to 4) of the valid UTF-8 sequence at p, of which `left` > 0 bytes are there; 0 where there is none. */
size_t encoding_sequence(const uint8_t *p, size_t left);

/* What has been seen of a file's bytes [0, at). Start with zeros. */
struct encoding_scan {
    size_t at;
    uint64_t invalid;   /* bytes that are no UTF-8 */
    uint64_t multibyte; /* valid sequences of more than one byte */
};

/* Goes on to `limit` <= size, or at most three bytes past it. */
void encoding_look(struct encoding_scan *s, const uint8_t *bytes, size_t size, size_t limit);

/* The encoding of a file: a UTF-16 byte order mark decides; else UTF-8, unless the scan found more invalid bytes than
 * valid sequences of several bytes, which is Latin-1. */
enum encoding encoding_decide(const struct encoding_scan *s, const uint8_t *bytes, size_t size);

/* Bytes of the byte order mark at the start of the file, for a file of that encoding: 0, 2 or 3. */
uint32_t encoding_bom(enum encoding encoding, const uint8_t *bytes, size_t size);

/* Binary, and not read as a member of a directory: it starts with "%PDF-", or holds a NUL in its first 8000 bytes
 * (git's rule), or among them more than one control character in 32 (tab, line feed, vertical tab, form feed, return,
 * backspace and escape are not counted). UTF-16 with a byte order mark never is. */
bool encoding_is_binary(const uint8_t *bytes, size_t size);

/* Converts to UTF-8. *out: malloc'ed (never NULL on success), *out_size bytes. Latin-1 is read as Windows-1252, its
 * superset, as browsers do; unpaired surrogates become U+FFFD, and a last odd byte of UTF-16 too. Returns -1 without
 * memory. */
int encoding_from_latin1(char **out, size_t *out_size, const uint8_t *bytes, size_t size);
int encoding_from_utf16(char **out, size_t *out_size, const uint8_t *bytes, size_t size, bool big_endian);

/* How many bytes of the file the first `offset` bytes of the converted text stand for (byte order mark not counted). */
uint64_t encoding_file_bytes(enum encoding encoding, const char *text, uint64_t offset);

#endif
