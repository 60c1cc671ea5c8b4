#include "compute/session_guard.h"

#include <assert.h>
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

/* A prefill under way. */
struct begun {
    size_t n;                   /* of the last ids */
    struct session_outputs out; /* without a ticket */
    uint64_t ticket;
    bool ended; /* its outputs are there */
};

struct session_guard {
    const struct model *model;   /* borrowed */
    struct backend *backend;     /* of the session */
    struct backend *replacement; /* owned; NULL while the borrowed one is in use */
    struct session *session;     /* owned */
    uint8_t *saved;              /* owned; NULL: nothing saved, the ids are all of them */
    size_t saved_size;
    double saved_at;
    int32_t *ids; /* read or begun since then; owned */
    size_t n_ids, capacity;
    struct begun begun[SESSION_GUARD_AHEAD]; /* the oldest first */
    unsigned n_begun;
    char notice[640];
};

static bool can_be_lost(const struct session_guard *g)
{
    return backend_info(g->backend)->device[0] != 0;
}

int session_guard_open(struct session_guard **out, const struct model *m, struct backend *b, struct error *e)
{
    struct session_guard *g = calloc(1, sizeof *g);
    if (!g) return error_memory(e);
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

struct backend *session_guard_backend(struct session_guard *g)
{
    return g->backend;
}

const char *session_guard_notice(const struct session_guard *g)
{
    return g->notice;
}

/* The outputs of everything begun are there. */
static void end_all(struct session_guard *g)
{
    for (unsigned i = 0; i < g->n_begun; i++) g->begun[i].ended = true;
}

/* Brings a new session to where the guarded one was, with the outputs that were still to come. */
static int restore(struct session_guard *g, struct session *s, struct error *e)
{
    size_t at = g->n_ids;
    for (unsigned i = 0; i < g->n_begun; i++)
        if (!g->begun[i].ended) at -= g->begun[i].n;
    if (g->saved && session_state_load(s, g->saved, g->saved_size, e) != 0) return -1;
    if (at > 0 && session_prefill(s, g->ids, at, NULL, e) != 0) return -1;
    for (unsigned i = 0; i < g->n_begun; i++) {
        const struct begun *b = &g->begun[i];
        if (b->ended) continue;
        if (session_prefill(s, g->ids + at, b->n, &b->out, e) != 0) return -1;
        at += b->n;
    }
    return 0;
}

/* Puts a session on `device` in the place of the one that failed. */
static int replace_session(struct session_guard *g, const char *device, struct error *e)
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
    end_all(g);
    return 0;
}

int session_guard_recover(struct session_guard *g, const struct error *why, struct error *e)
{
    if (!can_be_lost(g)) return error_copy(e, why);
    char device[sizeof g->backend->info.device], name[sizeof g->backend->info.name];
    memcpy(device, backend_info(g->backend)->device, sizeof device);
    memcpy(name, backend_info(g->backend)->name, sizeof name);
    if (replace_session(g, device, NULL) != 0 && replace_session(g, "cpu", e) != 0) return -1;
    snprintf(g->notice, sizeof g->notice, "%s failed (%.300s); reading goes on, nothing is lost, on %s", name,
             why->text, backend_info(g->backend)->name);
    log_line("%s", g->notice);
    return 0;
}

/* Keeps the state, for which everything begun is waited for; the ids since the last time are then not needed. A device
 * that fails here is lost. */
static int keep_state(struct session_guard *g, struct error *e)
{
    size_t size = session_state_size(g->session);
    uint8_t *bytes = malloc(size);
    if (!bytes) return error_set_kind(e, ERROR_MEMORY, "out of memory for a state of %zu bytes", size);
    struct error why;
    if (session_state_save(g->session, bytes, size, &why) != 0) {
        free(bytes);
        return session_guard_recover(g, &why, e);
    }
    end_all(g);
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
    if (!copy) return error_set_kind(e, ERROR_MEMORY, "out of memory for a state of %zu bytes", size);
    memcpy(copy, bytes, size);
    free(g->saved);
    g->saved = copy;
    g->saved_size = size;
    g->saved_at = clock_seconds();
    g->n_ids = 0;
    return 0;
}

static int remember_ids(struct session_guard *g, const int32_t *ids, size_t n, struct error *e)
{
    int32_t *grown = bytes_reserve(g->ids, &g->capacity, g->n_ids + n, sizeof *grown);
    if (!grown) return error_memory(e);
    g->ids = grown;
    memcpy(g->ids + g->n_ids, ids, n * sizeof *ids);
    g->n_ids += n;
    return 0;
}

/* Nothing is under way any more. */
static int give_up(struct session_guard *g)
{
    struct error known;
    (void)session_wait(g->session, UINT64_MAX, &known);
    g->n_begun = 0;
    return -1;
}

int session_guard_begin(struct session_guard *g, const int32_t *ids, size_t n, const struct session_outputs *out,
                        struct error *e)
{
    assert(g->n_begun < SESSION_GUARD_AHEAD);
    const bool due = g->n_ids > KEEP_IDS || clock_seconds() - g->saved_at > KEEP_SECONDS;
    if (can_be_lost(g) && ((due && keep_state(g, e) != 0) || remember_ids(g, ids, n, e) != 0)) return give_up(g);
    struct begun *b = &g->begun[g->n_begun++];
    *b = (struct begun){.n = n, .out = *out};
    b->out.ticket = NULL;
    struct session_outputs later = *out;
    later.ticket = &b->ticket;
    struct error why;
    if (session_prefill(g->session, ids, n, &later, &why) == 0 || session_guard_recover(g, &why, e) == 0) return 0;
    return give_up(g);
}

int session_guard_end(struct session_guard *g, struct error *e)
{
    assert(g->n_begun > 0);
    struct error why;
    if (!g->begun[0].ended && session_wait(g->session, g->begun[0].ticket, &why) != 0 &&
        session_guard_recover(g, &why, e) != 0)
        return give_up(g);
    g->n_begun--;
    memmove(g->begun, g->begun + 1, g->n_begun * sizeof *g->begun);
    return 0;
}
