/* When a read makes checkpoints. Two kinds: by the clock, put on the disk so that whatever happens at most
 * CHECKPOINTS_SECONDS are lost; and light ones at round places, so that a text that has changed since is read again
 * from close before the change. A light one waits for no disk: a session at a round place is small, since segments end
 * there, and a damaged one only means that the one before it is taken.
 *
 * Light ones are made at every place, as long as what they write is within CHECKPOINTS_FREE bytes, spread evenly over
 * the text, and CHECKPOINTS_BYTES a token more where a hundredth of the time of reading is enough. What that gives is
 * in docs/long-reads.md. */
#ifndef LECTERN_CHECKPOINTS_H
#define LECTERN_CHECKPOINTS_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds of reading between two by the clock. */
#define CHECKPOINTS_SECONDS 8.0

/* Tokens between two round places: a power of two, by the size of the text. */
#define CHECKPOINTS_LEAST_TOKENS 512
#define CHECKPOINTS_MOST_TOKENS 8192

/* Bytes of sessions, however fast the device: all that a short text gets there. */
#define CHECKPOINTS_FREE ((uint64_t)16 << 20)

/* Bytes of sessions a token besides, half of it at places that are not round for four grains: less than what two cores
 * have time for, so that what they keep follows from the text alone. */
#define CHECKPOINTS_BYTES 128

struct checkpoints {
    uint64_t grain;      /* tokens from one round place to the next */
    uint64_t text_bytes; /* of the whole text */
    uint64_t bytes;      /* that light ones wrote */
    double seconds;      /* that they took */
};

struct checkpoints checkpoints_begin(uint64_t text_bytes);

/* How many tokens, of at most n from `at` on, end at a round place; n where none does. */
uint64_t checkpoints_cut(const struct checkpoints *c, uint64_t at, uint64_t n);

/* Whether a light one is to be made where a chunk of tokens [begin, end) ends, `bytes` of text and `seconds` of reading
 * into it. */
bool checkpoints_is_due(const struct checkpoints *c, uint64_t begin, uint64_t end, uint64_t bytes, double seconds);

/* A light one was made. */
void checkpoints_made(struct checkpoints *c, uint64_t bytes, double seconds);

#endif
