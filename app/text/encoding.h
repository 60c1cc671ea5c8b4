/* What a file's bytes are: UTF-8, UTF-16 or UTF-32 (by byte order mark or by their pattern), another encoding that is
 * guessed (encoding_guess.h) or that the user named, or no text at all. */
#ifndef LECTERN_ENCODING_H
#define LECTERN_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENCODING_NAME_MOST 32
#define ENCODING_UTF8 "UTF-8"

/* Length (1 to 4) of the valid UTF-8 sequence at p, of which `left` > 0 bytes are there; 0 where there is none. */
size_t encoding_sequence(const uint8_t *p, size_t left);

/* What has been seen of a file's bytes [0, at). Start with zeros. */
struct encoding_scan {
    size_t at;
    uint64_t invalid;     /* bytes that are no UTF-8 */
    size_t first_invalid; /* the first of them */
    uint64_t multibyte;   /* valid sequences of more than one byte */
};

/* Goes on to `limit` <= size, or at most three bytes past it. */
void encoding_look(struct encoding_scan *s, const uint8_t *bytes, size_t size, size_t limit);

struct encoding_choice {
    char name[ENCODING_NAME_MOST]; /* as iconv knows it */
    uint32_t bom;                  /* bytes of the byte order mark */
    float confidence;              /* of a guess, up to 1; 0: it is none */
};

/* The encoding of a file that was scanned whole. A byte order mark decides. Else, where the bytes are not plain UTF-8
 * (which holds no NUL and no escape sequences that switch character sets), `named` (may be NULL) does, then the pattern
 * of UTF-16 and UTF-32, then encoding_guess. */
void encoding_decide(struct encoding_choice *out, const struct encoding_scan *s, const uint8_t *bytes, size_t size,
                     const char *named);

/* Binary, and not read as a member of a directory: it starts with "%PDF-", or holds a NUL in its first 8000 bytes
 * (git's rule), or among them more than one, and one in 32, of the control characters (tab, line feed, vertical tab,
 * form feed, return, backspace and escape are not counted). What reads as UTF-16 or UTF-32 never is. */
bool encoding_is_binary(const uint8_t *bytes, size_t size);

#endif
