/* What ranks places of a repository besides their words: code before documentation before tests, the place that defines
 * a name before those that use it, files named as the question says, files that hold several good places; and one
 * file's places do not take all the first ranks (docs/code.md: each measured). */
#ifndef LECTERN_CODE_RANK_H
#define LECTERN_CODE_RANK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct corpus;
struct error;
struct reader_segment;

/* Whether a corpus is a repository to be ranked so: some documents of code, and a quarter of all belong to programs. */
bool code_rank_applies(const struct corpus *c);

/* Whether a question is the name of something: "Command", "Rack::Response", "parse_args". */
bool code_rank_is_symbol(const char *question);

/* Replaces the scores [n] of the segments, zero or more each, by others on a scale of their own; the order of a file's
 * segments and zeros mostly stay. Cancelled (may be NULL): -1, ERROR_CANCELLED. */
int code_rank(const struct corpus *c, const struct reader_segment *segments, size_t n, const char *question,
              const atomic_bool *cancel, float *scores, struct error *e);

/* The score of a place that was read a second time: `score` is the one above as a share of the best place's,
 * `relevance` what the second reading says (reread.h). */
float code_rank_reread(float score, float relevance);

#endif
