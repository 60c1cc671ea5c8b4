/* Dilated attention alone over a sequence of generated inputs, chunk after chunk: the back end's own attend op over
 * caches that are kept as a reader keeps them, and sampled rows compared with their definition. Several ranks share a
 * chunk as in reading (compute/sequence_parallel.h): each makes and attends a contiguous share, and all end it with the
 * same caches. Rank 0 calls what is here; the others are in scale_stream_follow and do with it what needs all of them.
 * After a failure of any call but open the stream is closed, and with it what the ranks can do together. */
#ifndef LECTERN_SCALE_STREAM_H
#define LECTERN_SCALE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/measure/scale_run.h"

struct attention;
struct backend;
struct comm;
struct error;
struct scale_stream;

/* Rows of a rank's first chunk. */
enum { SCALE_STREAM_FIRST_ROWS = 256 };

/* At position 0. The rows that are checked are of positions [begin, end). Borrows all until scale_stream_close. */
int scale_stream_open(struct scale_stream **out, struct backend *b, const struct attention *a, uint64_t begin,
                      uint64_t end, const struct scale_watch *watch, struct error *e);
void scale_stream_close(struct scale_stream *s);

/* The state after [0, position): the on-grid keys of every branch's current segment, and no others, are made. */
int scale_stream_seek(struct scale_stream *s, uint64_t position, struct error *e);

/* Attends the next chunk, up to `end`; keeps the sampled rows in it, if they are `wanted`. */
int scale_stream_step(struct scale_stream *s, uint64_t end, bool wanted, struct error *e);

uint64_t scale_stream_position(const struct scale_stream *s);
bool scale_stream_sampled(const struct scale_stream *s); /* all samples are kept */
size_t scale_stream_memory(const struct scale_stream *s);

/* Of all ranks, since the last call: input_seconds and exchange_seconds are a rank's, the mean; sent is in bytes. */
int scale_stream_tally(struct scale_stream *s, struct scale_result *out, struct error *e);

/* Compares the kept rows: checked_positions and max_error. */
int scale_stream_check(struct scale_stream *s, struct scale_result *out, struct error *e);

/* Ranks other than 0: until rank 0 closes its stream. For ranks_follow. */
int scale_stream_follow(struct comm *c, struct backend *b, struct error *e);

#endif
