/* When a read makes checkpoints. There are two kinds. Those by the clock are put on the disk, so that whatever happens
 * at most CHECKPOINTS_SECONDS of reading are lost. Light ones lie at round positions, so that a text that has changed
 * is read again from close before the change. A light one does not wait for the disk: its session is small, since
 * segments end at round positions, and if it is damaged the one before it is taken.
 *
 * A light one is made at every round position as long as all of them take at most CHECKPOINTS_FREE bytes, spread evenly
 * over the text. Where a hundredth of the reading time suffices, CHECKPOINTS_BYTES a token are added.
 * docs/long-reads.md has what this gives. */
#ifndef LECTERN_CHECKPOINTS_H
#define LECTERN_CHECKPOINTS_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds of reading between two checkpoints by the clock. */
#define CHECKPOINTS_SECONDS 8.0

/* Tokens between two round positions: a power of two that grows with the text. */
#define CHECKPOINTS_LEAST_TOKENS 512
#define CHECKPOINTS_MOST_TOKENS 8192

/* Bytes that light checkpoints may take on any device; a short text gets no others. */
#define CHECKPOINTS_FREE ((uint64_t)16 << 20)

/* Bytes a token that they may take besides, half of them at positions that are not round for four grains. Two cores
 * have time for more, so that what they keep follows from the text alone. */
#define CHECKPOINTS_BYTES 128

struct checkpoints {
    uint64_t grain;      /* tokens from one round position to the next */
    uint64_t text_bytes; /* size of the whole text */
    uint64_t bytes;      /* what light checkpoints have written so far */
    double seconds;      /* the time they took */
};

struct checkpoints checkpoints_begin(uint64_t text_bytes);

/* How many of the next n tokens from `at` on lead to a round position; n where none is among them. */
uint64_t checkpoints_cut(const struct checkpoints *c, uint64_t at, uint64_t n);

/* Whether a light checkpoint is due after the chunk of tokens [begin, end), when `bytes` of text have been read in
 * `seconds`. */
bool checkpoints_is_due(const struct checkpoints *c, uint64_t begin, uint64_t end, uint64_t bytes, double seconds);

/* Tells that a light checkpoint was made, what it wrote and how long it took. */
void checkpoints_made(struct checkpoints *c, uint64_t bytes, double seconds);

#endif
