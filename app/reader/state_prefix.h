/* Which part of a text decides the tokens before a place: all before it, to the end of its line (a cut of the tokenizer
 * never depends on more, models/FORMAT.md, The sequence). Where those bytes are the same, reading may go on from there.
 */
#ifndef LECTERN_STATE_PREFIX_H
#define LECTERN_STATE_PREFIX_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct corpus;
struct error;
struct state_checkpoint;
struct state_extent;
struct state_prefix;

/* Hashes a corpus once, from its beginning on. Borrowed until state_prefix_close. */
int state_prefix_open(struct state_prefix **out, const struct corpus *c, const atomic_bool *cancel, struct error *e);
void state_prefix_close(struct state_prefix *p);

/* The hash for a place at or after the one asked for before. Returns 1 where the corpus has no such place, -1 when
 * cancelled. */
int state_prefix_hash(struct state_prefix *p, const struct state_extent *extent, uint64_t hash[2], struct error *e);

/* How many of the checkpoints, which rise, are places of this corpus with the same text before them; negative when
 * cancelled. */
int64_t state_prefix_match(const struct corpus *c, const struct state_checkpoint *checkpoints, size_t n,
                           const atomic_bool *cancel, struct error *e);

/* Hash of a whole corpus. */
void state_prefix_text(const struct corpus *c, uint64_t hash[2]);

#endif
