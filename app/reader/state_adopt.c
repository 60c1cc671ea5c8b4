#include "app/reader/state_adopt.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "app/reader/state_kept.h"
#include "app/reader/state_list.h"
#include "app/reader/state_prefix.h"
#include "app/reader/state_sessions.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"

static int copy_stream(const struct state_kept *k, const struct state_kept *from, enum state_stream stream,
                       uint64_t size, struct error *e)
{
    const uint8_t *bytes = file_array_bytes(from->arrays[stream]);
    for (uint64_t at = 0; at < size; at += STATE_BLOCK) {
        uint64_t left = size - at;
        if (state_kept_is_cancelled(k)) return error_cancelled(e);
        if (file_array_append(k->arrays[stream], bytes + at, (size_t)(left < STATE_BLOCK ? left : STATE_BLOCK), e) != 0)
            return -1;
    }
    return 0;
}

/* Copies all checkpoints of an opened and checked read, and the streams up to the last of them. */
static int copy_from(struct state_kept *k, const struct state_kept *from, struct error *e)
{
    struct state_index *x = &k->index;
    const struct state_index *theirs = &from->index;
    const size_t n = theirs->n_checkpoints;
    uint64_t size[STATE_N_STREAMS];
    state_index_sizes(&x->key, &theirs->checkpoints[n - 1].extent, size);
    x->checkpoints = bytes_reserve(NULL, &k->checkpoints_capacity, n, sizeof *x->checkpoints);
    if (!x->checkpoints) return error_memory(e);
    for (enum state_stream i = 0; i < STATE_N_STREAMS; i++)
        if (copy_stream(k, from, i, size[i], e) != 0) return -1;
    memcpy(x->checkpoints, theirs->checkpoints, n * sizeof *x->checkpoints);
    x->n_checkpoints = n;
    x->n_chained = theirs->n_chained < n ? theirs->n_chained : n;
    x->chain = theirs->chain;
    memcpy(x->precision, theirs->precision, sizeof x->precision);
    if (state_sessions_share(k->directory, k->name, from->name, x, e) != 0 || state_kept_update_blocks(k, e) != 0 ||
        state_kept_settle(k, true, NULL, e) != 0 || state_kept_check_tables(k, e) != 0)
        return -1;
    for (size_t i = 0; i < STATE_N_STREAMS; i++)
        if (file_array_sync(k->arrays[i], e) != 0) return -1;
    return state_kept_write_index(k, e);
}

/* Takes over at most n checkpoints of another kept read: up to the last that has a good session. */
static int take_checkpoints(struct state_kept *k, const struct state_entry *entry, size_t n, struct error *e)
{
    struct state_kept from = {.directory = k->directory, .cancel = k->cancel, .corpus = k->corpus};
    struct error why = {0};
    memcpy(from.name, entry->name, sizeof from.name);
    int lock = state_store_lock(from.directory, from.name, true, e);
    if (lock < 0) return -1;
    from.index = entry->index; /* borrowed */
    int result = state_kept_check_blocks(&from, e) != 0 || state_kept_open_arrays(&from, false, e) != 0 ? -1 : 0;
    from.index.n_checkpoints = n;
    bool found = false;
    while (result == 0 && !found) {
        if (from.index.n_chained > from.index.n_checkpoints) from.index.n_chained = from.index.n_checkpoints;
        found =
            state_sessions_load(&from.session, &from.session_size, from.directory, from.name, &from.index, &why) == 0;
        if (!found && (why.kind != ERROR_DAMAGED || --from.index.n_checkpoints == 0)) result = error_copy(e, &why);
    }
    if (result == 0) result = copy_from(k, &from, e);
    from.index = (struct state_index){.n_checkpoints = 0};
    state_kept_close(&from);
    close(lock);
    return result;
}

static bool same_key(const struct state_key *a, const struct state_key *b)
{
    return a->model == b->model && a->settings == b->settings && a->width == b->width && a->rate == b->rate;
}

/* Why nothing of an earlier read of the same label could be kept; `why`: what failed, or "". A text that has none, or
 * was read with another model or other settings only, is no news but the latter. */
static void note_nothing_kept(const struct state_kept *k, const char *label, const struct state_entry *entries,
                              size_t n, const char *why, struct error *note)
{
    const struct state_index *found = NULL;
    const struct state_key *key = &k->index.key;
    if (strcmp(label, "-") == 0) return; /* what comes through a pipe has no name that an earlier one had */
    for (size_t i = 0; i < n; i++) {
        const struct state_index *x = &entries[i].index;
        if (x->n_checkpoints == 0 || strcmp(entries[i].label, label) != 0) continue;
        if (!found || (!same_key(&found->key, key) && same_key(&x->key, key))) found = x;
    }
    if (!found) return;
    if (*why)
        error_set(note, "nothing is kept from an earlier read: %s", why);
    else if (found->key.model != key->model)
        error_set(note, "nothing is kept from an earlier read: another model read it");
    else if (!same_key(&found->key, key))
        error_set(note,
                  "nothing is kept from an earlier read: it kept the key of every %u. token, this one of every %u.",
                  found->key.rate, key->rate);
    else
        error_set(note,
                  "nothing is kept from an earlier read: the text differs before token %" PRIu64
                  ", the first place to go on from",
                  found->checkpoints[0].extent.n_tokens);
}

/* The entry that has most in common with the text, and in *n_best how many of its checkpoints; 0: none has any. */
static size_t find_best(const struct state_kept *k, const struct state_entry *entries, size_t n, size_t *n_best)
{
    size_t best = 0;
    uint64_t most = 0;
    *n_best = 0;
    for (size_t i = 0; i < n && !state_kept_is_cancelled(k); i++) {
        const struct state_index *x = &entries[i].index;
        if (x->n_checkpoints == 0 || !same_key(&x->key, &k->index.key)) continue;
        int64_t matched = state_prefix_match(k->corpus, x->checkpoints, x->n_checkpoints, k->cancel, NULL);
        while (matched > 0 && x->checkpoints[matched - 1].extent.n_tokens % k->window != 0) matched--;
        if (matched <= 0 || x->checkpoints[matched - 1].extent.n_tokens <= most) continue;
        best = i;
        *n_best = (size_t)matched;
        most = x->checkpoints[matched - 1].extent.n_tokens;
    }
    return best;
}

int state_adopt(struct state_kept *k, const char *label, struct error *note, struct error *e)
{
    struct state_entry *entries;
    struct error why = {0};
    size_t n, n_best;
    int failed = 0;
    if (state_list(&entries, &n, k->directory, e) != 0) return -1;
    const size_t best = find_best(k, entries, n, &n_best);
    if (n_best > 0 && take_checkpoints(k, &entries[best], n_best, &why) == 0) {
        error_set(note, "%" PRIu64 " tokens are kept from an earlier read, the text has changed after them",
                  k->index.checkpoints[k->index.n_checkpoints - 1].extent.n_tokens);
    } else {
        note_nothing_kept(k, label, entries, n, why.text, note);
        if (n_best > 0) {
            state_kept_reset(k);
            state_store_clear(k->directory, k->name);
            failed = state_kept_open_arrays(k, true, e);
        }
    }
    state_list_free(entries, n);
    return state_kept_is_cancelled(k) ? error_cancelled(e) : failed;
}
