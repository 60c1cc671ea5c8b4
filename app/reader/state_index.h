/* The index of a kept read: what its files hold, and the checksums that they must have. Little-endian. Every version of
 * the format begins with the same 8 bytes and its number and ends with a checksum of all before, so that each can tell
 * a read of another version from a damaged one. */
#ifndef LECTERN_STATE_INDEX_H
#define LECTERN_STATE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* What has to be equal for a read to be of use, besides the text. */
struct state_key {
    uint64_t model;    /* struct model's hash */
    uint64_t settings; /* of whatever else changes the keys */
    uint32_t width;    /* bytes of an evidence key */
    uint32_t rate;     /* every rate-th position's key is kept */
};

/* Files that only grow: evidence keys, one struct state_segment for each segment that has ended, one struct
 * state_document a document. */
enum state_stream { STATE_KEYS, STATE_SEGMENTS, STATE_DOCUMENTS, STATE_N_STREAMS };

/* Where a segment's bytes end follows from the text (segment.h), and where its tokens do from this. */
struct state_segment {
    uint16_t n_tokens; /* of text that have their last byte in it */
    uint16_t back;     /* bytes of it that the first token of the next one begins with */
};

struct state_document {
    uint64_t first_token; /* its <|file|> */
    uint64_t text_token;  /* the first one of its text */
};

/* How far a read has come. */
struct state_extent {
    uint64_t n_tokens;    /* of the whole sequence */
    uint64_t n_documents; /* begun; at least 1 */
    uint64_t offset;      /* in the last one's text */
    uint64_t n_segments;  /* ended */
    uint64_t zeros;       /* last tokens that stand for no bytes: pieces of a character that is not whole yet */
};

/* A place at which the session was kept, and so one that reading can go on from. */
struct state_checkpoint {
    struct state_extent extent;
    uint64_t prefix[2];    /* hash of the text that decided the tokens before it (state_prefix.h) */
    uint64_t session_size; /* bytes of the session, as state_sessions.h keeps it */
    uint64_t session_hash;
};

/* Streams are checked in blocks of this size, the last one shorter. */
#define STATE_BLOCK ((uint64_t)1 << 20)

#define STATE_VERSION 3

struct state_index {
    struct state_key key;
    char precision[8]; /* of the products that it was read with: "fp32", "int8" ...; a read goes on in the one it has */
    uint64_t text[2];  /* hash of the whole text */
    bool complete;
    uint64_t n_documents, n_bytes;        /* of the whole text */
    uint64_t size[STATE_N_STREAMS];       /* at the last checkpoint */
    uint64_t *blocks[STATE_N_STREAMS];    /* a hash a block; owned */
    struct state_checkpoint *checkpoints; /* by rising place; owned */
    size_t n_checkpoints;
    uint64_t n_chained; /* the first checkpoints, whose sessions lie in one file (state_sessions.h) */
    uint64_t chain;     /* its name */
};

void state_index_free(struct state_index *x);

/* Sizes of the streams at an extent. */
void state_index_sizes(const struct state_key *key, const struct state_extent *extent, uint64_t size[STATE_N_STREAMS]);
size_t state_index_n_blocks(uint64_t size);

/* *out: malloc'ed. */
int state_index_encode(uint8_t **out, size_t *size, const struct state_index *x, struct error *e);

/* The version that an index is of; 0 for what is none, or is damaged. */
uint64_t state_index_version(const uint8_t *bytes, size_t size);

/* Takes only what state_index_encode can have written: everything is checked, down to how the numbers fit together.
 * What is not is ERROR_DAMAGED, another version too. */
int state_index_decode(struct state_index *out, const uint8_t *bytes, size_t size, struct error *e);

#endif
