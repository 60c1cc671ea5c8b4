/* A session that outlives its device. On a device that can be lost (backend_info.device), the state is kept on the host
 * every few seconds together with the ids since then. When a prefill fails, the device is opened again, and where that
 * fails too the CPU takes its place; state and ids bring a new session to where the old one was, and what was begun is
 * done once more. The worst that a loss costs is the time. */
#ifndef LECTERN_SESSION_GUARD_H
#define LECTERN_SESSION_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct error;
struct model;
struct session;
struct session_guard;
struct session_outputs;

/* Borrows the model and the back end until session_guard_close. */
int session_guard_open(struct session_guard **out, const struct model *m, struct backend *b, struct error *e);
void session_guard_close(struct session_guard *g); /* accepts NULL */

/* The session as it is now: another one after a prefill or a recovery that met a loss. What is read through it directly
 * must be rewound, and nothing may be begun then. */
struct session *session_guard_session(struct session_guard *g);

/* A prefill that survives the loss, in two steps, so that the device has work while the host sees to what it did
 * before: SESSION_GUARD_AHEAD can be begun before the oldest is ended. `ids` may go after the call; the outputs'
 * buffers are kept until the end, and what is in them counts from then on (`ticket` is not looked at). Both fail when
 * the CPU fails too, or for want of memory: nothing is begun then. */
enum { SESSION_GUARD_AHEAD = 2 };
int session_guard_begin(struct session_guard *g, const int32_t *ids, size_t n, const struct session_outputs *out,
                        struct error *e);
int session_guard_end(struct session_guard *g, struct error *e);

/* What the session is on. */
struct backend *session_guard_backend(struct session_guard *g);

/* session_state_load: the state is kept as the place to come back to. */
int session_guard_load(struct session_guard *g, const uint8_t *bytes, size_t size, struct error *e);

/* After a failure of something else on the session: a new session in the state after the last prefill.
 * `why`: what failed. -1 where the device is not one that can be lost. */
int session_guard_recover(struct session_guard *g, const struct error *why, struct error *e);

/* What happened to the device, for the user; "" while nothing has. */
const char *session_guard_notice(const struct session_guard *g);

#endif
