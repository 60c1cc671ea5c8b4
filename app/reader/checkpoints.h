/* When a read makes checkpoints, and which of them stay. Two kinds: by the clock, put on the disk so that whatever
 * happens at most CHECKPOINTS_SECONDS are lost; and light ones at round places, so that a text that has changed since
 * is read again from close before the change. A light one waits for no disk: a session at a round place is small, since
 * segments end there, and a damaged one only means that the one before it is taken.
 *
 * Light ones come eight to sixteen to a text, at multiples of a power of two that follows from its size. When all is
 * read at most CHECKPOINTS_STAY stay, the end among them: what they take together is in docs/long-reads.md. */
#ifndef LECTERN_CHECKPOINTS_H
#define LECTERN_CHECKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds of reading between two checkpoints by the clock. */
#define CHECKPOINTS_SECONDS 8.0

/* Tokens between two round places, at least. */
#define CHECKPOINTS_LEAST_TOKENS 512

/* Of a read: while it goes on, and when it is complete; fewer, but not fewer than the least, where they take more bytes
 * together. */
#define CHECKPOINTS_MOST 16
#define CHECKPOINTS_STAY 8
#define CHECKPOINTS_STAY_LEAST 4
#define CHECKPOINTS_STAY_BYTES ((uint64_t)1500000)

struct checkpoints {
    uint64_t grain; /* tokens from one round place to the next */
    size_t n;       /* light ones made at this grain */
};

struct checkpoints checkpoints_begin(uint64_t text_bytes);

/* How many of the next n tokens from `at` on lead to the roundest position among them; n where none is round. */
uint64_t checkpoints_cut(const struct checkpoints *c, uint64_t at, uint64_t n);

/* Whether a light one is to be made where a chunk of tokens [begin, end) ends. */
bool checkpoints_is_due(const struct checkpoints *c, uint64_t begin, uint64_t end);

/* A light one was made. A text of more tokens than its size let expect has its round places further apart. */
void checkpoints_made(struct checkpoints *c);

/* Which of the checkpoints at n rising places stay where `most` may: the last one always, of the others the roundest,
 * and of those that are as round the ones that lie furthest apart. */
void checkpoints_stay(bool *stays, const uint64_t *places, size_t n, size_t most);

#endif
