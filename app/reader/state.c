#define XXH_INLINE_ALL
#include "app/reader/state.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/text/corpus.h"
#include "app/reader/state_prefix.h"
#include "app/reader/state_store.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"

static const char *const stream_names[STATE_N_STREAMS] = {"keys", "lengths", "documents"};

struct state {
    char *directory;
    char name[STATE_NAME_SIZE];
    int lock;
    const struct corpus *corpus;
    const atomic_bool *cancel;
    uint64_t sessions_most;   /* bytes */
    struct state_index index; /* as on the disk, but for a failed checkpoint */
    size_t blocks_capacity[STATE_N_STREAMS], checkpoints_capacity;
    size_t n_durable; /* checkpoints that the index on the disk has; those behind are light ones */
    struct file_array *arrays[STATE_N_STREAMS];
    struct file_map session;     /* of the last checkpoint, while it may be asked for */
    struct state_prefix *prefix; /* follows reading from checkpoint to checkpoint */
    struct error note;
};

static bool is_cancelled(const struct state *s)
{
    return s->cancel && atomic_load(s->cancel);
}

static char *path_of(const struct state *s, const char *file)
{
    return state_store_path(s->directory, s->name, file);
}

static void session_name(char name[40], const struct state_checkpoint *p)
{
    snprintf(name, 40, "session.%" PRIu64, p->place.n_tokens);
}

static void remove_sessions(const struct state *s, const struct state_checkpoint *dropped, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[40];
        session_name(name, &dropped[i]);
        char *path = path_of(s, name);
        if (path) unlink(path);
        free(path);
    }
}

static void close_arrays(struct state *s)
{
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        file_array_close(s->arrays[i]);
        s->arrays[i] = NULL;
    }
}

void state_close(struct state *s)
{
    if (!s) return;
    bool writes = s->arrays[0] && !s->index.complete;
    close_arrays(s);
    if (writes && s->n_durable == 0) {
        state_store_remove(s->directory, s->name); /* nothing to come back to */
    } else if (writes && s->index.n_checkpoints > s->n_durable) {
        remove_sessions(s, s->index.checkpoints + s->n_durable, s->index.n_checkpoints - s->n_durable);
    }
    file_unmap(&s->session);
    state_index_free(&s->index);
    state_prefix_close(s->prefix);
    free(s->directory);
    if (s->lock >= 0) close(s->lock);
    free(s);
}

/* --- opening what is there --- */

static int open_arrays(struct state *s, bool writable, struct error *e)
{
    close_arrays(s);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        char *path = path_of(s, stream_names[i]);
        int result = path ? file_array_open_named(&s->arrays[i], path, s->index.size[i], writable, e) : error_memory(e);
        free(path);
        if (result != 0) return -1;
    }
    return 0;
}

static uint64_t hash_block(const struct file_array *a, uint64_t size, size_t block)
{
    uint64_t begin = block * STATE_BLOCK, left = size - begin;
    return XXH3_64bits(file_array_bytes(a) + begin, (size_t)(left < STATE_BLOCK ? left : STATE_BLOCK));
}

static int check_blocks(const struct state *s, struct error *e)
{
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        for (size_t b = 0; b < state_index_n_blocks(s->index.size[i]); b++) {
            if (is_cancelled(s)) return error_cancelled(e);
            if (hash_block(s->arrays[i], s->index.size[i], b) != s->index.blocks[i][b])
                return error_set_kind(e, ERROR_DAMAGED, "%s: block %zu has a wrong checksum", stream_names[i], b);
        }
    }
    return 0;
}

static uint64_t sum(const uint8_t *lengths, uint64_t begin, uint64_t end)
{
    uint64_t total = 0;
    for (uint64_t i = begin; i < end; i++) total += lengths[i];
    return total;
}

/* Whether the tables fit the text. Checksums say that they are what was written; this, that it was written for this
 * text. */
static int check_tables(const struct state *s, struct error *e)
{
    const struct state_document *documents = (const void *)file_array_bytes(s->arrays[STATE_DOCUMENTS]);
    const uint8_t *lengths = file_array_bytes(s->arrays[STATE_LENGTHS]);
    const struct state_place *place = &s->index.checkpoints[s->index.n_checkpoints - 1].place;
    uint64_t at = 0;
    for (uint64_t i = 0; i < place->n_documents; i++) {
        bool last = i + 1 == place->n_documents;
        uint64_t text = documents[i].text_token, end = last ? place->n_tokens : documents[i + 1].first_token;
        if (documents[i].first_token != at || text <= at || text > end || end > place->n_tokens ||
            sum(lengths, at, text) != 0 ||
            sum(lengths, text, end) != (last ? place->offset : s->corpus->documents[i].size))
            return error_set_kind(e, ERROR_DAMAGED, "documents: entry %" PRIu64 " does not fit the text", i);
        at = end;
    }
    bool whole = place->n_documents == s->corpus->n_documents &&
                 place->offset == s->corpus->documents[place->n_documents - 1].size;
    return s->index.complete && !whole ? error_set_kind(e, ERROR_DAMAGED, "documents: not all are there") : 0;
}

/* Maps the session of the last checkpoint and checks it. */
static int open_session(struct state *s, struct error *e)
{
    const struct state_checkpoint *last = &s->index.checkpoints[s->index.n_checkpoints - 1];
    char name[40];
    session_name(name, last);
    char *path = path_of(s, name);
    file_unmap(&s->session);
    int result = path ? file_map(&s->session, path, e) : error_memory(e);
    free(path);
    if (result != 0) return -1;
    if (s->session.size == last->session_size && XXH3_64bits(s->session.bytes, s->session.size) == last->session_hash)
        return 0;
    file_unmap(&s->session);
    return error_set_kind(e, ERROR_DAMAGED, "%s: has a wrong checksum", name);
}

/* Forgets the last checkpoint, and all after the one before. */
static int step_back(struct state *s, struct error *e)
{
    struct state_index *x = &s->index;
    if (--x->n_checkpoints == 0) return -1;
    state_index_sizes(&x->key, &x->checkpoints[x->n_checkpoints - 1].place, x->size);
    x->complete = false;
    if (open_arrays(s, false, e) != 0) return -1;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        size_t n = state_index_n_blocks(x->size[i]);
        if (n > 0) x->blocks[i][n - 1] = hash_block(s->arrays[i], x->size[i], n - 1);
    }
    return 0;
}

/* Opens the session of the last checkpoint that has a good one; `exactly`: of the last. */
static int settle(struct state *s, bool exactly, struct error *e)
{
    struct error why;
    for (bool first = true; open_session(s, first ? &why : NULL) != 0; first = false) {
        if (exactly || is_cancelled(s) || step_back(s, NULL) != 0) return error_copy(e, &why);
        error_set(&s->note, "a kept read was damaged (%s): %" PRIu64 " tokens of it are kept", why.text,
                  s->index.checkpoints[s->index.n_checkpoints - 1].place.n_tokens);
    }
    return 0;
}

static bool same_key(const struct state_key *a, const struct state_key *b)
{
    return a->model == b->model && a->settings == b->settings && a->width == b->width && a->rate == b->rate;
}

/* Takes an index over, with everything that is allocated by its sizes. */
static void set_index(struct state *s, struct state_index *x)
{
    state_index_free(&s->index);
    s->index = *x;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) s->blocks_capacity[i] = state_index_n_blocks(x->size[i]);
    s->checkpoints_capacity = x->n_checkpoints;
    s->n_durable = x->n_checkpoints;
}

/* Reads the index of this very text. Returns 1 where there is none, -1 where it cannot be used. */
static int load_index(struct state *s, struct error *e)
{
    char *path = path_of(s, "index");
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct stat st;
    struct state_index x = {.label = NULL};
    int result = path ? 0 : error_memory(e);
    if (result == 0 && stat(path, &st) != 0) result = 1;
    if (result == 0) result = state_store_read(&bytes, &size, path, e);
    if (result == 0) result = state_index_decode(&x, bytes, size, e);
    free(bytes);
    free(path);
    if (result != 0) return result;
    if (!same_key(&x.key, &s->index.key) || memcmp(x.text, s->index.text, sizeof x.text) != 0 ||
        x.n_documents != s->index.n_documents) {
        state_index_free(&x);
        return error_set(e, "the index belongs to another text");
    }
    set_index(s, &x);
    return 0;
}

/* Opens the kept read of this very text, to look at only. Returns 1 where there is none (with `whole`, none that is
 * complete and undamaged), -1 where it is damaged. */
static int load(struct state *s, bool whole, struct error *e)
{
    int result = load_index(s, e);
    if (result != 0) return result;
    if (whole && !s->index.complete) return 1;
    if (open_arrays(s, false, e) != 0 || check_blocks(s, e) != 0) return -1;
    if (settle(s, whole, e) != 0 || check_tables(s, e) != 0) return -1;
    s->n_durable = s->index.n_checkpoints;
    return 0;
}

/* --- a new one, and what an older one has in common with it --- */

/* The index of a read that has not begun. */
static int new_index(struct state *s, const struct state_key *key, const char *label, struct error *e)
{
    struct state_index x = {.key = *key, .n_documents = s->corpus->n_documents, .n_bytes = s->corpus->n_bytes};
    state_prefix_text(s->corpus, x.text);
    x.label = strndup(label ? label : s->corpus->documents[0].path, 1000);
    if (!x.label) return error_memory(e);
    set_index(s, &x);
    return 0;
}

/* Empty again, as new_index left it. */
static void reset(struct state *s)
{
    struct state_index x = s->index;
    s->index.label = NULL;
    x.complete = false;
    x.n_checkpoints = 0;
    x.checkpoints = NULL;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        x.size[i] = 0;
        x.blocks[i] = NULL;
    }
    close_arrays(s);
    file_unmap(&s->session);
    set_index(s, &x);
}

static int write_index(struct state *s, struct error *e)
{
    uint8_t *bytes;
    size_t size;
    if (state_index_encode(&bytes, &size, &s->index, e) != 0) return -1;
    char *path = path_of(s, "index");
    int result = path ? state_store_replace(path, bytes, size, true, e) : error_memory(e);
    if (result == 0) s->n_durable = s->index.n_checkpoints;
    free(path);
    free(bytes);
    return result;
}

/* Brings the checksums up to the arrays as they are now. */
static int update_blocks(struct state *s, struct error *e)
{
    struct state_index *x = &s->index;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        uint64_t size = file_array_size(s->arrays[i]);
        size_t n = state_index_n_blocks(size);
        uint64_t *blocks = bytes_reserve(x->blocks[i], &s->blocks_capacity[i], n + 1, sizeof *blocks);
        if (!blocks) return error_memory(e);
        x->blocks[i] = blocks;
        for (size_t b = (size_t)(x->size[i] / STATE_BLOCK); b < n; b++) blocks[b] = hash_block(s->arrays[i], size, b);
        x->size[i] = size;
    }
    return 0;
}

/* Sessions are never changed in place, so two reads may share one. */
static int share_session(const struct state *s, const struct state *from, const struct state_checkpoint *p,
                         struct error *e)
{
    char name[40];
    session_name(name, p);
    char *source = path_of(from, name), *target = path_of(s, name);
    int result = source && target ? 0 : error_memory(e);
    if (result == 0 && link(source, target) != 0) {
        struct file_map m;
        result = file_map(&m, source, e);
        if (result == 0) {
            result = state_store_replace(target, m.bytes, m.size, true, e);
            file_unmap(&m);
        }
    }
    free(source);
    free(target);
    return result;
}

static int copy_stream(struct state *s, const struct state *from, enum state_stream stream, uint64_t size,
                       struct error *e)
{
    const uint8_t *bytes = file_array_bytes(from->arrays[stream]);
    for (uint64_t at = 0; at < size; at += STATE_BLOCK) {
        uint64_t left = size - at;
        if (is_cancelled(s)) return error_cancelled(e);
        if (file_array_append(s->arrays[stream], bytes + at, (size_t)(left < STATE_BLOCK ? left : STATE_BLOCK), e) != 0)
            return -1;
    }
    return 0;
}

/* Copies the first n checkpoints, and the streams up to the last of them, from an opened and checked read. */
static int copy_from(struct state *s, const struct state *from, size_t n, struct error *e)
{
    struct state_index *x = &s->index;
    uint64_t size[STATE_N_STREAMS];
    state_index_sizes(&x->key, &from->index.checkpoints[n - 1].place, size);
    x->checkpoints = bytes_reserve(NULL, &s->checkpoints_capacity, n, sizeof *x->checkpoints);
    if (!x->checkpoints) return error_memory(e);
    for (enum state_stream i = 0; i < STATE_N_STREAMS; i++)
        if (copy_stream(s, from, i, size[i], e) != 0) return -1;
    for (size_t i = 0; i < n; i++) {
        if (share_session(s, from, &from->index.checkpoints[i], e) != 0) return -1;
        x->checkpoints[x->n_checkpoints++] = from->index.checkpoints[i];
    }
    if (update_blocks(s, e) != 0 || settle(s, true, e) != 0 || check_tables(s, e) != 0) return -1;
    for (size_t i = 0; i < STATE_N_STREAMS; i++)
        if (file_array_sync(s->arrays[i], e) != 0) return -1;
    return write_index(s, e);
}

/* Takes over at most n checkpoints of another kept read: up to the last that has a good session. */
static int adopt(struct state *s, struct state_entry *entry, size_t n, struct error *e)
{
    struct state from = {.directory = s->directory, .cancel = s->cancel, .corpus = s->corpus};
    memcpy(from.name, entry->name, sizeof from.name);
    from.lock = state_store_lock(from.directory, from.name, true, e);
    if (from.lock < 0) return -1;
    from.index = entry->index; /* borrowed */
    int result = open_arrays(&from, false, e) != 0 || check_blocks(&from, e) != 0 ? -1 : 0;
    from.index.n_checkpoints = n;
    while (result == 0 && open_session(&from, e) != 0)
        if (--from.index.n_checkpoints == 0) result = -1;
    if (result == 0) result = copy_from(s, &from, from.index.n_checkpoints, e);
    file_unmap(&from.session);
    close_arrays(&from);
    close(from.lock);
    return result;
}

/* What the user should hear besides what is noted already. */
static void add_note(struct state *s, const char *text)
{
    size_t at = strlen(s->note.text);
    snprintf(s->note.text + at, sizeof s->note.text - at, "%s%s", at ? "; " : "", text);
}

/* Why nothing of an earlier read of the same name could be kept; `why`: what failed, or NULL. A text that has none, or
 * was read with another model or other settings only, is no news but the latter. */
static void note_nothing_kept(struct state *s, const struct state_entry *entries, size_t n, const char *why)
{
    const struct state_index *found = NULL;
    struct error text;
    for (size_t i = 0; i < n; i++) {
        const struct state_index *x = &entries[i].index;
        if (entries[i].broken || strcmp(x->label, s->index.label) != 0) continue;
        if (!found || (!same_key(&found->key, &s->index.key) && same_key(&x->key, &s->index.key))) found = x;
    }
    if (!found) return;
    if (why) {
        error_set(&text, "nothing is kept from an earlier read: %s", why);
    } else if (found->key.model != s->index.key.model) {
        error_set(&text, "nothing is kept from an earlier read: another model read it");
    } else if (!same_key(&found->key, &s->index.key)) {
        error_set(&text,
                  "nothing is kept from an earlier read: it kept the key of every %u. token, this one of every %u.",
                  found->key.rate, s->index.key.rate);
    } else {
        error_set(&text,
                  "nothing is kept from an earlier read: the text differs before token %" PRIu64
                  ", the first place to go on from",
                  found->checkpoints[0].place.n_tokens);
    }
    add_note(s, text.text);
}

/* Finds the kept read that has most in common with this text. */
static int adopt_best(struct state *s, struct error *e)
{
    struct state_entry *entries;
    struct error why = {0};
    size_t n, best = 0, best_n = 0;
    uint64_t most = 0;
    int failed = 0;
    if (state_store_list(&entries, &n, s->directory, e) != 0) return -1;
    for (size_t i = 0; i < n && !is_cancelled(s); i++) {
        const struct state_index *x = &entries[i].index;
        if (entries[i].broken || !same_key(&x->key, &s->index.key)) continue;
        int64_t matched = state_prefix_match(s->corpus, x->checkpoints, x->n_checkpoints, s->cancel, e);
        if (matched <= 0 || x->checkpoints[matched - 1].place.n_tokens <= most) continue;
        best = i;
        best_n = (size_t)matched;
        most = x->checkpoints[matched - 1].place.n_tokens;
    }
    if (best_n > 0 && adopt(s, &entries[best], best_n, &why) == 0) {
        struct error text;
        error_set(&text, "%" PRIu64 " tokens are kept from an earlier read, the text has changed after them",
                  s->index.checkpoints[s->index.n_checkpoints - 1].place.n_tokens);
        add_note(s, text.text);
    } else {
        note_nothing_kept(s, entries, n, best_n > 0 ? why.text : NULL);
        if (best_n > 0) {
            state_store_clear(s->directory, s->name);
            reset(s);
            failed = open_arrays(s, true, e);
        }
    }
    state_store_list_free(entries, n);
    return is_cancelled(s) ? error_cancelled(e) : failed;
}

static int begin(struct state *s, uint64_t limit, struct error *e)
{
    size_t removed;
    uint64_t bytes;
    state_store_clear(s->directory, s->name);
    reset(s);
    if (open_arrays(s, true, e) != 0) return -1;
    /* Where pruning fails there is only more on the disk than wished. */
    state_store_prune(s->directory, limit, s->name, &removed, &bytes, NULL);
    return adopt_best(s, e);
}

/* The lock of a writer. Another process that only looks whether the read is complete is gone in a moment. */
static int lock_alone(const struct state *s, struct error *e)
{
    int lock = -1;
    for (int attempt = 0; lock < 0 && attempt < 3; attempt++) {
        if (attempt > 0) nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
        lock = state_store_lock(s->directory, s->name, false, e);
    }
    return lock;
}

/* Whether a file is one that the index names, and no session of light checkpoints of a process that was killed. */
static bool belongs(const void *context, const char *file)
{
    const struct state *s = context;
    char name[40];
    if (strncmp(file, "session.", strlen("session.")) != 0) return true;
    for (size_t i = 0; i < s->index.n_checkpoints; i++) {
        session_name(name, &s->index.checkpoints[i]);
        if (strcmp(file, name) == 0) return true;
    }
    return false;
}

static int open_writable(struct state *s, uint64_t limit, struct error *e)
{
    s->lock = lock_alone(s, e);
    if (s->lock < 0) return -1;
    int result = load(s, false, e);
    if (is_cancelled(s)) return error_cancelled(e);
    if (result < 0) error_set(&s->note, "a kept read was damaged and is deleted (%s): reading again", e->text);
    if (result != 0) return begin(s, limit, e);
    if (s->index.complete) {
        flock(s->lock, LOCK_SH | LOCK_NB);
        return 0;
    }
    state_store_sweep(s->directory, s->name, belongs, s);
    return open_arrays(s, true, e);
}

int state_open(struct state **out, const struct state_options *o, const struct state_key *key, const struct corpus *c,
               struct error *e)
{
    struct error why; /* kept for the note even where the caller wants no error */
    struct state *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->lock = -1;
    s->corpus = c;
    s->cancel = o->cancel;
    s->sessions_most = o->sessions ? o->sessions : STATE_SESSIONS;
    int result = 0;
    if (o->directory && !(s->directory = strdup(o->directory))) result = error_memory(e);
    if (!o->directory) result = state_store_default(&s->directory, e);
    if (result == 0) result = new_index(s, key, o->label, e);
    if (result == 0) {
        state_store_name(s->name, key, s->index.text);
        s->lock = state_store_lock(s->directory, s->name, true, NULL);
        bool loaded = s->lock >= 0 && load(s, true, &why) == 0;
        if (!loaded && s->lock >= 0) {
            close(s->lock);
            s->lock = -1;
            reset(s);
        }
        if (!loaded) result = open_writable(s, o->limit ? o->limit : STATE_LIMIT, &why);
        if (result != 0) error_copy(e, &why);
    }
    /* Checkpoints are not cancelled: the last one is made because reading was. */
    if (result == 0) result = state_prefix_open(&s->prefix, c, NULL, e);
    if (result != 0) {
        state_close(s);
        return -1;
    }
    futimens(s->lock, NULL); /* used now: the least recently used ones are pruned first */
    *out = s;
    return 0;
}

const struct state_place *state_resume(const struct state *s, const uint8_t **session, size_t *size)
{
    if (s->index.n_checkpoints == 0) return NULL;
    *session = s->session.bytes;
    *size = s->session.size;
    return &s->index.checkpoints[s->index.n_checkpoints - 1].place;
}

bool state_is_complete(const struct state *s)
{
    return s->index.complete;
}

const char *state_note(const struct state *s)
{
    return s->note.text;
}

struct file_array *state_array(const struct state *s, enum state_stream stream)
{
    return s->arrays[stream];
}

/* --- checkpoints --- */

/* Where the sessions take too much: the checkpoint, of those from `first` on, whose loss leaves the smallest gap, never
 * the last. SIZE_MAX: none has to go, or none can. */
static size_t too_many(const struct state_index *x, size_t first, uint64_t sessions_most)
{
    uint64_t total = 0, most = (x->size[STATE_KEYS] + x->size[STATE_LENGTHS]) / 8;
    for (size_t i = 0; i < x->n_checkpoints; i++) total += x->checkpoints[i].session_size;
    if (total <= (most > sessions_most ? most : sessions_most)) return SIZE_MAX;
    size_t best = SIZE_MAX;
    uint64_t smallest = UINT64_MAX;
    for (size_t i = first; i + 1 < x->n_checkpoints; i++) {
        uint64_t before = i > 0 ? x->checkpoints[i - 1].place.n_tokens : 0;
        uint64_t gap = x->checkpoints[i + 1].place.n_tokens - before;
        if (gap >= smallest) continue;
        smallest = gap;
        best = i;
    }
    return best;
}

/* Drops checkpoints from `first` on from the index; their files go when no index on the disk names them. Returns them
 * in *dropped, malloc'ed. */
static int thin(struct state *s, size_t first, struct state_checkpoint **dropped, size_t *n, struct error *e)
{
    struct state_index *x = &s->index;
    *n = 0;
    *dropped = calloc(x->n_checkpoints, sizeof **dropped);
    if (!*dropped) return error_memory(e);
    for (size_t i; (i = too_many(x, first, s->sessions_most)) != SIZE_MAX;) {
        (*dropped)[(*n)++] = x->checkpoints[i];
        memmove(&x->checkpoints[i], &x->checkpoints[i + 1], (x->n_checkpoints - i - 1) * sizeof *x->checkpoints);
        x->n_checkpoints--;
    }
    return 0;
}

/* Writes the session, and the streams to the disk unless the checkpoint is light; the index does not know of them yet.
 */
static int write_parts(struct state *s, struct state_checkpoint *p, const uint8_t *session, size_t size, bool light,
                       struct error *e)
{
    char name[40];
    session_name(name, p);
    for (size_t i = 0; i < STATE_N_STREAMS && !light; i++)
        if (file_array_sync(s->arrays[i], e) != 0) return -1;
    int known = state_prefix_hash(s->prefix, &p->place, p->prefix, e);
    if (known != 0) return known < 0 ? -1 : error_set(e, "the place is not in the text");
    p->session_size = size;
    p->session_hash = XXH3_64bits(session, size);
    file_unmap(&s->session);
    char *path = path_of(s, name);
    int result = path ? state_store_replace(path, session, size, !light, e) : error_memory(e);
    free(path);
    return result;
}

/* Puts a checkpoint into the index, in place of one at the same token. */
static int add_checkpoint(struct state *s, const struct state_checkpoint *added, struct error *e)
{
    struct state_index *x = &s->index;
    struct state_checkpoint *checkpoints =
        bytes_reserve(x->checkpoints, &s->checkpoints_capacity, x->n_checkpoints + 1, sizeof *checkpoints);
    if (!checkpoints) return error_memory(e);
    x->checkpoints = checkpoints;
    bool again = x->n_checkpoints > 0 && checkpoints[x->n_checkpoints - 1].place.n_tokens == added->place.n_tokens;
    checkpoints[again ? x->n_checkpoints - 1 : x->n_checkpoints++] = *added;
    return 0;
}

int state_checkpoint(struct state *s, const struct state_place *place, const uint8_t *session, size_t size,
                     enum state_weight weight, struct error *e)
{
    struct state_index *x = &s->index;
    const bool light = weight == STATE_LIGHT;
    uint64_t wanted[STATE_N_STREAMS];
    state_index_sizes(&x->key, place, wanted);
    assert(!x->complete && size > 0);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) assert(file_array_size(s->arrays[i]) == wanted[i]);
    struct state_checkpoint added = {.place = *place};
    if (write_parts(s, &added, session, size, light, e) != 0 || add_checkpoint(s, &added, e) != 0) return -1;
    if (!light && update_blocks(s, e) != 0) return -1;
    struct state_checkpoint *dropped;
    size_t n_dropped;
    if (thin(s, light ? s->n_durable : 0, &dropped, &n_dropped, e) != 0) return -1;
    x->complete = weight == STATE_END;
    int result = light ? 0 : write_index(s, e);
    if (result != 0) x->complete = false;
    if (result == 0) remove_sessions(s, dropped, n_dropped);
    free(dropped);
    if (result == 0 && x->complete) flock(s->lock, LOCK_SH | LOCK_NB); /* others may read it now */
    return result;
}
