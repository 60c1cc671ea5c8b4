/* The chunks of a read that are under way: tokens are fetched, a device is set to them, and when their keys are there
 * both are entered into the sequence. A device can be so fast that its host must work on several chunks at once: while
 * it reads one, the caller begins the next, a thread fetches the one after, and another enters the one before. */
#ifndef LECTERN_CHUNKS_H
#define LECTERN_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunks;
struct error;
struct sequence;
struct session_guard;
struct token_source;

/* Borrows all until chunks_close, which does not need the guard. width: of a key. */
int chunks_open(struct chunks **out, struct session_guard *guard, struct token_source *source,
                struct sequence *sequence, uint32_t width, struct error *e);

/* Waits for the threads; accepts NULL. The guard is closed first: after a failure its session may still put keys here.
 */
void chunks_close(struct chunks *c);

/* Nothing goes on beside the caller afterwards, also where it fails: the sequence may be looked at. */
int chunks_wait(struct chunks *c, struct error *e);

/* The next chunk, of n tokens unless it has been fetched already; *there: what it has, 0 behind the end. Waits. */
int chunks_fetch(struct chunks *c, size_t n, size_t *there, struct error *e);

/* Begins the chunk that was fetched; beside, one of n_next tokens is fetched, and what has ended is entered. */
int chunks_begin(struct chunks *c, size_t n_next, struct error *e);

/* Waits for the oldest chunks so that another can be begun, or for all of them: then all are entered too. */
int chunks_end(struct chunks *c, bool all, struct error *e);

/* Tokens entered so far, and whether the last one is inside a header. Behind chunks_wait. */
uint64_t chunks_entered(const struct chunks *c);
bool chunks_in_header(const struct chunks *c);

#endif
