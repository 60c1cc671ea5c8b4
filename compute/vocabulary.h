/* The pieces of a SentencePiece model: parsed from the serialized model and checked, and written again as a serialized
 * model that holds nothing else. Files are untrusted, and the library takes what it is given (normalisation tables, for
 * one) on trust: it only ever loads what is written here. */
#ifndef LECTERN_VOCABULARY_H
#define LECTERN_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* The numbers are SentencePiece's. */
enum piece_type { PIECE_NORMAL = 1, PIECE_UNKNOWN, PIECE_CONTROL, PIECE_USER_DEFINED, PIECE_UNUSED, PIECE_BYTE };
enum vocabulary_model { VOCABULARY_UNIGRAM = 1, VOCABULARY_BPE = 2 };

struct vocabulary_piece {
    const char *bytes; /* borrowed; UTF-8, "\xe2\x96\x81" stands for a space */
    size_t size;       /* 1 to 255 */
    float score;
    enum piece_type type;
    uint8_t byte; /* PIECE_BYTE: which */
};

struct vocabulary {
    struct vocabulary_piece *pieces; /* owned; the index is the id */
    size_t n, capacity;
    enum vocabulary_model model;
    int32_t byte_ids[256];
};

/* The pieces of a serialized model. Refuses what Lectern does not do: normalisation, a dummy prefix, removed spaces, no
 * byte fallback. The pieces' bytes stay borrowed from `proto`. */
int vocabulary_parse(struct vocabulary *out, const uint8_t *proto, size_t size, struct error *e);
void vocabulary_free(struct vocabulary *v);

/* Appends a piece; vocabulary_check comes after the last. */
int vocabulary_add(struct vocabulary *v, const char *bytes, size_t size, float score, uint32_t type, struct error *e);

/* Every piece is sound, one is the unknown piece, every byte has its piece; fills byte_ids. (The library refuses pieces
 * that are there twice.) */
int vocabulary_check(struct vocabulary *v, struct error *e);

/* A serialized model of these pieces, malloc'ed. */
int vocabulary_write(const struct vocabulary *v, uint8_t **out, size_t *size, struct error *e);

/* Length of the valid UTF-8 character at the start, 0 where there is none. */
size_t vocabulary_character(const char *bytes, size_t size);

#endif
