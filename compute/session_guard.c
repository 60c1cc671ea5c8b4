#include "compute/session_guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/log.h"
#include "compute/session.h"

enum { KEEP_SECONDS = 10, KEEP_IDS = 1 << 24 }; /* the state is saved when either has passed since the last time */

struct session_guard {
    const struct model *model;   /* borrowed */
    struct backend *backend;     /* of the session */
    struct backend *replacement; /* owned; NULL while the borrowed one is in use */
    struct session *session;     /* owned */
    uint8_t *saved;              /* owned; NULL: nothing saved, the ids are all of them */
    size_t saved_size;
    double saved_at;
    int32_t *ids; /* read since then; owned */
    size_t n_ids, capacity;
    char notice[640];
};

static bool can_be_lost(const struct session_guard *g)
{
    return backend_info(g->backend)->device[0] != 0;
}

int session_guard_open(struct session_guard **out, const struct model *m, struct backend *b, struct error *e)
{
    struct session_guard *g = calloc(1, sizeof *g);
    if (!g) return error_set(e, "out of memory");
    g->model = m;
    g->backend = b;
    g->saved_at = clock_seconds();
    if (session_open(&g->session, m, b, e) != 0) {
        free(g);
        return -1;
    }
    *out = g;
    return 0;
}

void session_guard_close(struct session_guard *g)
{
    if (!g) return;
    session_close(g->session);
    backend_close(g->replacement);
    free(g->saved);
    free(g->ids);
    free(g);
}

struct session *session_guard_session(struct session_guard *g)
{
    return g->session;
}

const char *session_guard_notice(const struct session_guard *g)
{
    return g->notice;
}

/* Brings a new session to where the guarded one was. */
static int restore(struct session_guard *g, struct session *s, struct error *e)
{
    if (g->saved && session_state_load(s, g->saved, g->saved_size, e) != 0) return -1;
    return g->n_ids ? session_prefill(s, g->ids, g->n_ids, NULL, e) : 0;
}

/* Puts a session on `device` in the place of the one that failed. */
static int replace(struct session_guard *g, const char *device, struct error *e)
{
    struct backend *b;
    struct session *s;
    if (backend_open(&b, device, 0, e) != 0) return -1;
    if (session_open(&s, g->model, b, e) != 0) {
        backend_close(b);
        return -1;
    }
    if (restore(g, s, e) != 0) {
        session_close(s);
        backend_close(b);
        return -1;
    }
    session_close(g->session);
    backend_close(g->replacement);
    g->session = s;
    g->backend = g->replacement = b;
    return 0;
}

/* again: the device may be opened once more; otherwise the CPU takes its place at once. */
static int recover(struct session_guard *g, const char *why, bool again, struct error *e)
{
    if (!can_be_lost(g)) return error_set(e, "%s", why);
    char device[sizeof g->backend->info.device], name[sizeof g->backend->info.name];
    memcpy(device, backend_info(g->backend)->device, sizeof device);
    memcpy(name, backend_info(g->backend)->name, sizeof name);
    if ((!again || replace(g, device, NULL) != 0) && replace(g, "cpu", e) != 0) return -1;
    snprintf(g->notice, sizeof g->notice, "%s failed (%.300s); reading goes on, nothing is lost, on %s", name, why,
             backend_info(g->backend)->name);
    log_line("%s", g->notice);
    return 0;
}

int session_guard_recover(struct session_guard *g, const char *why, struct error *e)
{
    return recover(g, why, true, e);
}

/* Keeps the state; the ids since the last time are then not needed. A device that fails here is lost. */
static int keep(struct session_guard *g, struct error *e)
{
    size_t size = session_state_size(g->session);
    uint8_t *bytes = malloc(size);
    if (!bytes) return error_set(e, "out of memory for a state of %zu bytes", size);
    struct error why;
    if (session_state_save(g->session, bytes, size, &why) != 0) {
        free(bytes);
        return recover(g, why.text, true, e);
    }
    free(g->saved);
    g->saved = bytes;
    g->saved_size = size;
    g->saved_at = clock_seconds();
    g->n_ids = 0;
    return 0;
}

int session_guard_load(struct session_guard *g, const uint8_t *bytes, size_t size, struct error *e)
{
    if (session_state_load(g->session, bytes, size, e) != 0) return -1;
    if (!can_be_lost(g)) return 0;
    uint8_t *copy = malloc(size);
    if (!copy) return error_set(e, "out of memory for a state of %zu bytes", size);
    memcpy(copy, bytes, size);
    free(g->saved);
    g->saved = copy;
    g->saved_size = size;
    g->saved_at = clock_seconds();
    g->n_ids = 0;
    return 0;
}

int session_guard_prefill(struct session_guard *g, const int32_t *ids, size_t n, const struct session_outputs *out,
                          struct error *e)
{
    if (!can_be_lost(g)) return session_prefill(g->session, ids, n, out, e);
    if ((g->n_ids > KEEP_IDS || clock_seconds() - g->saved_at > KEEP_SECONDS) && keep(g, e) != 0) return -1;
    int32_t *grown = bytes_reserve(g->ids, &g->capacity, g->n_ids + n, sizeof *grown);
    if (!grown) return error_set(e, "out of memory");
    g->ids = grown;
    struct error why;
    for (bool again = true; session_prefill(g->session, ids, n, out, &why) != 0; again = false)
        if (recover(g, why.text, again, e) != 0) return -1;
    memcpy(g->ids + g->n_ids, ids, n * sizeof *ids);
    g->n_ids += n;
    return 0;
}
