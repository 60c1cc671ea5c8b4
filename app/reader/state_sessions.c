#define XXH_INLINE_ALL
#include "app/reader/state_sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/reader/checkpoints.h"
#include "app/reader/state_index.h"
#include "app/reader/state_store.h"
#include "compute/error.h"
#include "compute/kv_state.h"

#define NAME_SIZE 64

static void own_name(char name[NAME_SIZE], const struct state_checkpoint *p)
{
    snprintf(name, NAME_SIZE, "session.%" PRIu64 ".%016" PRIx64, p->extent.n_tokens, p->session_hash);
}

static void chain_name(char name[NAME_SIZE], uint64_t chain)
{
    snprintf(name, NAME_SIZE, "sessions.%016" PRIx64, chain);
}

int state_sessions_write(const char *directory, const char *name, struct state_checkpoint *p, const uint8_t *shrunk,
                         size_t size, bool durable, struct error *e)
{
    char file[NAME_SIZE];
    uint8_t *part;
    size_t part_size;
    if (kv_state_part(&part, &part_size, shrunk, size, NULL, 0, e) != 0) return -1;
    p->session_size = part_size;
    p->session_hash = XXH3_64bits(part, part_size);
    own_name(file, p);
    int result = state_store_write_file(directory, name, file, part, part_size, durable, e);
    free(part);
    return result;
}

/* --- reading: one session after the other --- */

struct walk {
    const char *directory, *name;
    const struct state_index *x;
    size_t next;                /* checkpoint */
    uint8_t *file, *shrunk;     /* the chain, and the session of the checkpoint before `next`; owned, may be NULL */
    size_t file_size, size, at; /* at: in the chain, where the next part begins */
};

static void walk_free(struct walk *w)
{
    free(w->file);
    free(w->shrunk);
}

/* A kept session is what its checkpoint says, or damaged; what it is made of was checked by its hash, so that a state
 * that does not fit together is damage too. */
static int unpack(struct walk *w, const uint8_t *part, size_t size, bool chained, struct error *e)
{
    const struct state_checkpoint *p = &w->x->checkpoints[w->next];
    uint8_t *shrunk;
    size_t n;
    if (size != p->session_size || XXH3_64bits(part, size) != p->session_hash)
        return error_set_kind(e, ERROR_DAMAGED, "the session at token %" PRIu64 " has a wrong checksum",
                              p->extent.n_tokens);
    const bool first = !chained || w->next == 0;
    if (kv_state_whole(&shrunk, &n, part, size, first ? NULL : w->shrunk, first ? 0 : w->size, e) != 0) {
        if (e && e->kind == ERROR_OTHER) e->kind = ERROR_DAMAGED;
        return -1;
    }
    free(w->shrunk);
    w->shrunk = shrunk;
    w->size = n;
    return 0;
}

static int open_chain(struct walk *w, struct error *e)
{
    char file[NAME_SIZE];
    if (w->file) return 0;
    chain_name(file, w->x->chain);
    return state_store_read_file(&w->file, &w->file_size, w->directory, w->name, file, e);
}

/* The session of the next checkpoint. On failure the walk goes on behind it, but no chained one can be had then. */
static int walk_on(struct walk *w, struct error *e)
{
    const struct state_checkpoint *p = &w->x->checkpoints[w->next];
    int failed;
    if (w->next < w->x->n_chained) {
        const size_t size = (size_t)p->session_size;
        failed = open_chain(w, e);
        if (!failed && (w->at > w->file_size || size > w->file_size - w->at))
            failed = error_set_kind(e, ERROR_DAMAGED, "sessions: shorter than they were");
        if (!failed) failed = unpack(w, w->file + w->at, size, true, e);
        w->at += failed ? SIZE_MAX / 2 - w->at : size;
    } else {
        char file[NAME_SIZE];
        uint8_t *part = NULL;
        size_t size;
        own_name(file, p);
        failed = state_store_read_file(&part, &size, w->directory, w->name, file, e);
        if (!failed) failed = unpack(w, part, size, false, e);
        free(part);
    }
    w->next++;
    return failed;
}

int state_sessions_load(uint8_t **out, size_t *size, const char *directory, const char *name,
                        const struct state_index *x, struct error *e)
{
    struct walk w = {.directory = directory, .name = name, .x = x};
    if (x->n_checkpoints > x->n_chained) w.next = x->n_checkpoints - 1;
    int failed = 0;
    while (!failed && w.next < x->n_checkpoints) failed = walk_on(&w, e);
    if (!failed) {
        *out = w.shrunk;
        *size = w.size;
        w.shrunk = NULL;
    }
    walk_free(&w);
    return failed;
}

/* --- chaining --- */

struct chain {
    uint8_t *bytes, *before; /* the file so far, and the last session in it; owned */
    size_t size, before_size;
    struct state_checkpoint *stay; /* owned */
    size_t n;
};

/* Puts a session, which is copied, behind those that are there. */
static int chain_add(struct chain *c, const struct state_checkpoint *p, const uint8_t *shrunk, size_t size,
                     struct error *e)
{
    uint8_t *part, *copy = malloc(size);
    size_t n;
    if (!copy) return error_memory(e);
    if (kv_state_part(&part, &n, shrunk, size, c->before, c->before_size, e) != 0) {
        free(copy);
        return -1;
    }
    uint8_t *grown = realloc(c->bytes, c->size + n);
    if (!grown) {
        free(copy);
        free(part);
        return error_memory(e);
    }
    memcpy(copy, shrunk, size);
    memcpy(grown + c->size, part, n);
    free(c->before);
    c->bytes = grown;
    c->before = copy;
    c->before_size = size;
    c->stay[c->n] = *p;
    c->stay[c->n].session_size = n;
    c->stay[c->n++].session_hash = XXH3_64bits(part, n);
    c->size += n;
    free(part);
    return 0;
}

static int chain_all(struct chain *c, struct walk *w, const bool *stays, const uint8_t *shrunk, size_t size,
                     struct error *e)
{
    const struct state_index *x = w->x;
    while (w->next + 1 < x->n_checkpoints) {
        const size_t i = w->next;
        struct error why = {0};
        int failed = walk_on(w, &why);
        if (failed && why.kind != ERROR_DAMAGED) return error_copy(e, &why);
        if (!failed && stays[i] && chain_add(c, &x->checkpoints[i], w->shrunk, w->size, e) != 0) return -1;
    }
    return chain_add(c, &x->checkpoints[x->n_checkpoints - 1], shrunk, size, e);
}

static void chain_free(struct chain *c)
{
    free(c->bytes);
    free(c->before);
    free(c->stay);
}

/* Chains at most `most` sessions. */
static int chain_most(struct chain *c, const struct walk *from, size_t most, const uint8_t *shrunk, size_t size,
                      struct error *e)
{
    const size_t n = from->x->n_checkpoints;
    struct walk w = *from;
    bool *stays = calloc(n, sizeof *stays);
    uint64_t *places = calloc(n, sizeof *places);
    *c = (struct chain){.stay = calloc(n, sizeof *c->stay)};
    int failed = c->stay && stays && places ? 0 : error_memory(e);
    for (size_t i = 0; !failed && i < n; i++) places[i] = w.x->checkpoints[i].extent.n_tokens;
    if (!failed) checkpoints_stay(stays, places, n, most);
    if (!failed) failed = chain_all(c, &w, stays, shrunk, size, e);
    walk_free(&w);
    free(stays);
    free(places);
    return failed;
}

int state_sessions_chain(const char *directory, const char *name, struct state_index *x, const uint8_t *shrunk,
                         size_t size, struct error *e)
{
    const struct walk from = {.directory = directory, .name = name, .x = x};
    struct chain c;
    char file[NAME_SIZE];
    int failed = chain_most(&c, &from, CHECKPOINTS_STAY, shrunk, size, e);
    for (size_t most = c.n; !failed && c.size > CHECKPOINTS_STAY_BYTES && most-- > CHECKPOINTS_STAY_LEAST;) {
        chain_free(&c);
        failed = chain_most(&c, &from, most, shrunk, size, e);
    }
    if (!failed) {
        const uint64_t hash = XXH3_64bits(c.bytes, c.size);
        chain_name(file, hash);
        failed = state_store_write_file(directory, name, file, c.bytes, c.size, true, e);
        if (!failed) {
            memcpy(x->checkpoints, c.stay, c.n * sizeof *c.stay);
            x->n_checkpoints = x->n_chained = c.n;
            x->chain = hash;
        }
    }
    chain_free(&c);
    return failed;
}

/* --- files --- */

static int share_file(const char *directory, const char *name, const char *from, const char *file, struct error *e)
{
    uint8_t *bytes;
    size_t size;
    char *source = state_store_path(directory, from, file), *target = state_store_path(directory, name, file);
    int result = source && target ? 0 : error_memory(e);
    if (result == 0 &&
        link(source, target) != 0) { /* across a border of file systems, or where links are not to be had */
        result = state_store_read(&bytes, &size, source, e);
        if (result == 0) {
            result = state_store_replace(target, bytes, size, true, e);
            free(bytes);
        }
    }
    free(source);
    free(target);
    return result;
}

int state_sessions_share(const char *directory, const char *name, const char *from, const struct state_index *x,
                         struct error *e)
{
    char file[NAME_SIZE];
    chain_name(file, x->chain);
    if (x->n_chained > 0 && share_file(directory, name, from, file, e) != 0) return -1;
    for (size_t i = (size_t)x->n_chained; i < x->n_checkpoints; i++) {
        own_name(file, &x->checkpoints[i]);
        if (share_file(directory, name, from, file, e) != 0) return -1;
    }
    return 0;
}

bool state_sessions_has(const void *index, const char *file)
{
    const struct state_index *x = index;
    char name[NAME_SIZE];
    if (strncmp(file, "session", strlen("session")) != 0) return true;
    chain_name(name, x->chain);
    if (x->n_chained > 0 && strcmp(file, name) == 0) return true;
    for (size_t i = (size_t)x->n_chained; i < x->n_checkpoints; i++) {
        own_name(name, &x->checkpoints[i]);
        if (strcmp(file, name) == 0) return true;
    }
    return false;
}
