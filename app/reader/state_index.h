/* The index of a kept read: what its files hold, and the checksums that they must have. Little-endian, versioned, ended
 * by a checksum of its own. */
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

/* Files that only grow: evidence keys, one byte of length a token, one struct state_document a document. */
enum state_stream { STATE_KEYS, STATE_LENGTHS, STATE_DOCUMENTS, STATE_N_STREAMS };

struct state_document {
    uint64_t first_token; /* its <|file|> */
    uint64_t text_token;  /* the first one of its text */
};

/* How far a read has come. */
struct state_place {
    uint64_t n_tokens;    /* of the whole sequence */
    uint64_t n_documents; /* begun; at least 1 */
    uint64_t offset;      /* in the last one's text */
};

/* A place at which the session was kept, and so one that reading can go on from. */
struct state_checkpoint {
    struct state_place place;
    uint64_t prefix[2];    /* hash of the text that decided the tokens before it (state_prefix.h) */
    uint64_t session_size; /* bytes of the file that holds the session */
    uint64_t session_hash;
};

/* Streams are checked in blocks of this size, the last one shorter. */
#define STATE_BLOCK ((uint64_t)1 << 20)

struct state_index {
    struct state_key key;
    uint64_t text[2]; /* hash of the whole text */
    bool complete;
    uint64_t n_documents, n_bytes;        /* of the whole text */
    char *label;                          /* for people; owned */
    uint64_t size[STATE_N_STREAMS];       /* at the last checkpoint */
    uint64_t *blocks[STATE_N_STREAMS];    /* a hash a block; owned */
    struct state_checkpoint *checkpoints; /* by rising place; owned */
    size_t n_checkpoints;
};

void state_index_free(struct state_index *x);

/* Sizes of the streams at a place. */
void state_index_sizes(const struct state_key *key, const struct state_place *place, uint64_t size[STATE_N_STREAMS]);
size_t state_index_n_blocks(uint64_t size);

/* *out: malloc'ed. */
int state_index_encode(uint8_t **out, size_t *size, const struct state_index *x, struct error *e);

/* Takes only what state_index_encode can have written: everything is checked, down to how the numbers fit together. */
int state_index_decode(struct state_index *out, const uint8_t *bytes, size_t size, struct error *e);

#endif
