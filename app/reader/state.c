#include "app/reader/state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/reader/checkpoints.h"
#include "app/reader/state_adopt.h"
#include "app/reader/state_kept.h"
#include "app/reader/state_list.h"
#include "app/reader/state_prefix.h"
#include "app/reader/state_sessions.h"
#include "app/text/corpus.h"
#include "app/reader/state_wait.h"
#include "app/text/segment.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"
#include "compute/kv_state.h"

struct state {
    struct state_kept kept; /* its index as on the disk, but for light checkpoints and a failed one */
    char *directory, *label;
    int lock;
    size_t n_durable;            /* checkpoints that the index on the disk has; those behind are light ones */
    struct state_prefix *prefix; /* follows reading from checkpoint to checkpoint */
    char note[1024];
};

/* What the user should hear besides what is noted already. */
static void add_note(struct state *s, const char *text)
{
    size_t at = strlen(s->note);
    if (*text) snprintf(s->note + at, sizeof s->note - at, "%s%s", at ? "; " : "", text);
}

static void sweep(const struct state *s)
{
    state_store_sweep(s->kept.directory, s->kept.name, state_sessions_has, &s->kept.index);
}

void state_close(struct state *s)
{
    if (!s) return;
    struct state_kept *k = &s->kept;
    bool writes = k->arrays[0] && !k->index.complete;
    state_kept_close_arrays(k);
    if (writes && s->n_durable == 0) {
        state_store_remove(k->directory, k->name); /* nothing to come back to */
    } else if (writes && k->index.n_checkpoints > s->n_durable) {
        k->index.n_checkpoints = s->n_durable;
        sweep(s);
    }
    state_kept_close(k);
    state_prefix_close(s->prefix);
    free(s->directory);
    free(s->label);
    if (s->lock >= 0) close(s->lock);
    free(s);
}

/* --- opening --- */

/* The index of a read that has not begun. */
static void new_index(struct state *s, const struct state_key *key, const char *precision)
{
    const struct corpus *c = s->kept.corpus;
    struct state_index x = {.key = *key, .n_documents = c->n_documents, .n_bytes = c->n_bytes};
    snprintf(x.precision, sizeof x.precision, "%s", precision ? precision : "fp32");
    state_prefix_text(c, x.text);
    state_kept_set_index(&s->kept, &x);
    state_store_name(s->kept.name, key, x.text);
}

static void make_room(struct state *s, uint64_t limit)
{
    struct state_pruned p;
    struct error text;
    /* Where pruning fails there is only more on the disk than wished. */
    if (state_list_prune(&p, s->kept.directory, limit, s->kept.name, NULL) != 0) return;
    if (p.removed > 0) {
        error_set(&text, "%zu kept read%s removed, %.1f MB, damaged or not used for longest (state-limit %.1f GB)",
                  p.removed, p.removed == 1 ? "" : "s", (double)p.bytes / 1e6, (double)limit / 1e9);
        add_note(s, text.text);
    }
    if (p.others > 0) {
        error_set(&text,
                  "%zu read%s kept by another version of lectern cannot be used and %s left alone (lectern state list)",
                  p.others, p.others == 1 ? "" : "s", p.others == 1 ? "is" : "are");
        add_note(s, text.text);
    }
}

static int begin_kept_arrays(struct state *s, uint64_t limit, struct error *e)
{
    struct error note = {0};
    state_kept_reset(&s->kept);
    state_store_clear(s->kept.directory, s->kept.name);
    if (state_kept_open_arrays(&s->kept, true, e) != 0) return -1;
    make_room(s, limit);
    if (state_adopt(&s->kept, s->label, &note, e) != 0) return -1;
    s->n_durable = s->kept.index.n_checkpoints;
    add_note(s, note.text);
    return 0;
}

/* The lock of a writer. Another process that only looks whether the read is complete is gone in a moment. */
static int lock_alone(const struct state *s, struct error *e)
{
    int lock = -1;
    for (int attempt = 0; lock < 0 && attempt < 3; attempt++) {
        if (attempt > 0) nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
        lock = state_store_lock(s->kept.directory, s->kept.name, false, e);
    }
    return lock;
}

static void is_session(void *found, const char *file, const char *path)
{
    (void)path;
    if (strncmp(file, "session", strlen("session")) == 0) *(bool *)found = true;
}

/* Nothing, or nothing good, is kept of this text: reads it anew. */
static int begin_again(struct state *s, enum state_found found, const struct error *why, uint64_t limit,
                       struct error *e)
{
    bool remains = false;
    struct error text;
    state_store_each(s->kept.directory, s->kept.name, is_session, &remains);
    if (found == STATE_FAILED) {
        error_set(&text, "a kept read was damaged and is deleted (%s): reading again", why->text);
        add_note(s, text.text);
    } else if (remains) {
        add_note(s, "what was kept of this text has no index, so it is deleted: reading again");
    }
    return begin_kept_arrays(s, limit, e);
}

static int open_writable(struct state *s, uint64_t limit, struct error *e)
{
    struct error why = {0}, lost = {0};
    s->lock = lock_alone(s, e);
    if (s->lock < 0) return -1;
    enum state_found found = state_kept_load(&s->kept, false, &lost, &why);
    if (state_kept_is_cancelled(&s->kept)) {
        if (found == STATE_NOTHING) state_store_remove(s->kept.directory, s->kept.name); /* the lock that was made */
        return error_cancelled(e);
    }
    if (found == STATE_FOREIGN)
        return error_set(e, "what is kept of this text is another version's (lectern state prune %.12s removes it)",
                         s->kept.name);
    if (found == STATE_FAILED && why.kind != ERROR_DAMAGED)
        return error_set_kind(e, why.kind, "what is kept of this text cannot be opened now and is left as it is: %s",
                              why.text);
    if (found != STATE_FOUND) return begin_again(s, found, &why, limit, e);
    add_note(s, lost.text);
    s->n_durable = s->kept.index.n_checkpoints;
    if (s->kept.index.complete) {
        flock(s->lock, LOCK_SH | LOCK_NB);
        return 0;
    }
    sweep(s);
    return state_kept_open_arrays(&s->kept, true, e);
}

/* Looks whether a complete read is there that needs no lock of a writer. */
static bool open_complete(struct state *s)
{
    s->lock = state_store_lock(s->kept.directory, s->kept.name, true, NULL);
    if (s->lock < 0) return false;
    if (state_kept_load(&s->kept, true, NULL, NULL) == STATE_FOUND) {
        s->n_durable = s->kept.index.n_checkpoints;
        return true;
    }
    close(s->lock);
    s->lock = -1;
    state_kept_reset(&s->kept);
    return false;
}

/* Whether to look again for a read that another process is at. */
static bool waits(const struct state *s, const struct state_options *o, const struct error *why)
{
    uint64_t bytes;
    if (why->kind != ERROR_BUSY || !o->waits || state_kept_is_cancelled(&s->kept) ||
        !state_wait_sees(s->kept.directory, s->kept.name, s->kept.corpus, &bytes) || !o->waits(o->context, bytes))
        return false;
    state_wait_pause();
    return !state_kept_is_cancelled(&s->kept);
}

static int find_kept(struct state *s, const struct state_options *o, const struct state_key *key, struct error *e)
{
    const char *label = o->label ? o->label : s->kept.corpus->documents[0].path;
    if (!(s->label = strndup(label, 1000))) return error_memory(e);
    if (o->directory && !(s->directory = strdup(o->directory))) return error_memory(e);
    if (!o->directory && state_store_default(&s->directory, e) != 0) return -1;
    s->kept.directory = s->directory;
    new_index(s, key, o->precision);
    struct error why = {0};
    while (!open_complete(s) && open_writable(s, o->limit ? o->limit : STATE_LIMIT, &why) != 0)
        if (!waits(s, o, &why)) return error_copy(e, &why);
    state_list_set_label(s->directory, s->kept.name, s->label);
    return 0;
}

int state_open(struct state **out, const struct state_options *o, const struct state_key *key, const struct corpus *c,
               struct error *e)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->lock = -1;
    s->kept.corpus = c;
    s->kept.cancel = o->cancel;
    s->kept.window = o->window > 0 ? o->window : 1;
    /* Checkpoints are not cancelled: the last one is made because reading was. */
    if (find_kept(s, o, key, e) != 0 || state_prefix_open(&s->prefix, c, NULL, e) != 0) {
        state_close(s);
        return -1;
    }
    futimens(s->lock, NULL); /* used now: the least recently used ones are pruned first */
    *out = s;
    return 0;
}

const struct state_extent *state_extent_of(const struct state *s)
{
    const struct state_index *x = &s->kept.index;
    return x->n_checkpoints > 0 ? &x->checkpoints[x->n_checkpoints - 1].extent : NULL;
}

int state_session(const struct state *s, uint8_t **out, size_t *size, struct error *e)
{
    return kv_state_expand(out, size, s->kept.session, s->kept.session_size, e);
}

bool state_is_complete(const struct state *s)
{
    return s->kept.index.complete;
}

const char *state_precision(const struct state *s)
{
    return s->kept.index.precision;
}

const char *state_note(const struct state *s)
{
    return s->note;
}

struct file_array *state_array(const struct state *s, enum state_stream stream)
{
    return s->kept.arrays[stream];
}

void state_most(struct state_extent *most, const struct corpus *c)
{
    /* A byte that is no UTF-8 is three pieces. A segment and the next are together longer than one may be. */
    *most = (struct state_extent){.n_tokens = 3 * c->n_bytes, .n_documents = c->n_documents};
    most->n_segments = 2 * c->n_bytes / SEGMENT_MAX_BYTES + 2 * (uint64_t)c->n_documents;
    for (size_t i = 0; i < c->n_documents; i++) most->n_tokens += 3 * strlen(c->documents[i].name) + 4;
}

/* --- checkpoints --- */

/* Puts a checkpoint into the index, in place of one at the same token. */
static int add_checkpoint(struct state_kept *k, const struct state_checkpoint *added, struct error *e)
{
    struct state_index *x = &k->index;
    struct state_checkpoint *checkpoints =
        bytes_reserve(x->checkpoints, &k->checkpoints_capacity, x->n_checkpoints + 1, sizeof *checkpoints);
    if (!checkpoints) return error_memory(e);
    x->checkpoints = checkpoints;
    bool again = x->n_checkpoints > 0 && checkpoints[x->n_checkpoints - 1].extent.n_tokens == added->extent.n_tokens;
    checkpoints[again ? x->n_checkpoints - 1 : x->n_checkpoints++] = *added;
    if (x->n_chained >= x->n_checkpoints) x->n_chained = x->n_checkpoints - 1; /* it has a file of its own now */
    return 0;
}

/* Drops checkpoints from `first` on where there are too many. Chained ones need each other and stay. */
static void thin(struct state_kept *k, size_t first)
{
    struct state_index *x = &k->index;
    uint64_t places[2 * CHECKPOINTS_MOST];
    bool stays[2 * CHECKPOINTS_MOST];
    if (first < x->n_chained) first = (size_t)x->n_chained;
    const size_t n = x->n_checkpoints - first;
    if (n <= CHECKPOINTS_MOST || n > 2 * CHECKPOINTS_MOST) return;
    for (size_t i = 0; i < n; i++) places[i] = x->checkpoints[first + i].extent.n_tokens;
    checkpoints_stay(stays, places, n, CHECKPOINTS_MOST);
    x->n_checkpoints = first;
    for (size_t i = 0; i < n; i++)
        if (stays[i]) x->checkpoints[x->n_checkpoints++] = x->checkpoints[first + i];
}

/* Puts the index, of which everything is on the disk, there too. */
static int write_index(struct state *s, struct error *e)
{
    if (state_kept_write_index(&s->kept, e) != 0) return -1;
    s->n_durable = s->kept.index.n_checkpoints;
    sweep(s);
    return 0;
}

static int keep_light(struct state *s, struct state_checkpoint *added, const uint8_t *shrunk, size_t size,
                      struct error *e)
{
    if (state_sessions_write(s->kept.directory, s->kept.name, added, shrunk, size, false, e) != 0 ||
        add_checkpoint(&s->kept, added, e) != 0)
        return -1;
    thin(&s->kept, s->n_durable);
    return 0;
}

static int keep_durable(struct state *s, struct state_checkpoint *added, const uint8_t *shrunk, size_t size, bool ends,
                        struct error *e)
{
    struct state_kept *k = &s->kept;
    for (size_t i = 0; i < STATE_N_STREAMS; i++)
        if (file_array_sync(k->arrays[i], e) != 0) return -1;
    if (!ends && state_sessions_write(k->directory, k->name, added, shrunk, size, true, e) != 0) return -1;
    if (add_checkpoint(k, added, e) != 0 || state_kept_update_blocks(k, e) != 0) return -1;
    if (ends && state_sessions_chain(k->directory, k->name, &k->index, shrunk, size, e) != 0) return -1;
    if (!ends) thin(k, 0);
    k->index.complete = ends;
    if (write_index(s, e) == 0) return 0;
    k->index.complete = false;
    return -1;
}

int state_checkpoint(struct state *s, const struct state_extent *extent, const uint8_t *session, size_t size,
                     enum state_weight weight, struct error *e)
{
    struct state_kept *k = &s->kept;
    uint64_t wanted[STATE_N_STREAMS];
    uint8_t *shrunk;
    size_t shrunk_size;
    state_index_sizes(&k->index.key, extent, wanted);
    assert(!k->index.complete);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) assert(file_array_size(k->arrays[i]) == wanted[i]);
    struct state_checkpoint added = {.extent = *extent};
    int known = state_prefix_hash(s->prefix, extent, added.prefix, e);
    if (known != 0) return known < 0 ? -1 : error_set(e, "the end of what was read is not in the text");
    if (kv_state_shrink(&shrunk, &shrunk_size, session, size, e) != 0) return -1;
    int result = weight == STATE_LIGHT ? keep_light(s, &added, shrunk, shrunk_size, e)
                                       : keep_durable(s, &added, shrunk, shrunk_size, weight == STATE_END, e);
    free(shrunk);
    if (result == 0 && k->index.complete) flock(s->lock, LOCK_SH | LOCK_NB); /* others may read it now */
    return result;
}
