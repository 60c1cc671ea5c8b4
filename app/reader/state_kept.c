#define XXH_INLINE_ALL
#include "app/reader/state_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/reader/state.h"
#include "app/reader/state_sessions.h"
#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"

static const char *const stream_names[STATE_N_STREAMS] = {"keys", "segments", "documents"};

bool state_kept_is_cancelled(const struct state_kept *k)
{
    return k->cancel && atomic_load(k->cancel);
}

static const struct state_checkpoint *last_of(const struct state_index *x)
{
    return &x->checkpoints[x->n_checkpoints - 1];
}

void state_kept_close_arrays(struct state_kept *k)
{
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        file_array_close(k->arrays[i]);
        k->arrays[i] = NULL;
    }
}

static void forget_session(struct state_kept *k)
{
    free(k->session);
    k->session = NULL;
    k->session_size = 0;
}

void state_kept_close(struct state_kept *k)
{
    state_kept_close_arrays(k);
    forget_session(k);
    state_index_free(&k->index);
}

void state_kept_set_index(struct state_kept *k, struct state_index *x)
{
    state_index_free(&k->index);
    k->index = *x;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) k->blocks_capacity[i] = state_index_n_blocks(x->size[i]);
    k->checkpoints_capacity = x->n_checkpoints;
}

void state_kept_reset(struct state_kept *k)
{
    struct state_index x = {.key = k->index.key,
                            .text = {k->index.text[0], k->index.text[1]},
                            .n_documents = k->index.n_documents,
                            .n_bytes = k->index.n_bytes};
    memcpy(x.precision, k->index.precision, sizeof x.precision);
    state_kept_close_arrays(k);
    forget_session(k);
    state_kept_set_index(k, &x);
}

int state_kept_open_arrays(struct state_kept *k, bool writable, struct error *e)
{
    struct state_extent most;
    uint64_t room[STATE_N_STREAMS];
    state_most(&most, k->corpus);
    state_index_sizes(&k->index.key, &most, room);
    state_kept_close_arrays(k);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        char *path = state_store_path(k->directory, k->name, stream_names[i]);
        int result =
            path ? file_array_open_named(&k->arrays[i], path, k->index.size[i], writable, room[i], e) : error_memory(e);
        free(path);
        if (result != 0) return -1;
    }
    return 0;
}

/* --- checking --- */

static uint64_t block_size(uint64_t size, size_t block)
{
    const uint64_t left = size - block * STATE_BLOCK;
    return left < STATE_BLOCK ? left : STATE_BLOCK;
}

/* Reads a block as the file has it: what a disk cannot give is an error here, and a signal where it is mapped. */
static int read_block(int fd, uint8_t *bytes, uint64_t at, size_t size, const char *stream, struct error *e)
{
    for (size_t n = 0; n < size;) {
        ssize_t got = pread(fd, bytes + n, size - n, (off_t)(at + n));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return error_set_kind(e, file_is_wrong(errno) ? ERROR_DAMAGED : ERROR_OTHER, "%s: %s", stream,
                                  strerror(errno));
        if (got == 0) return error_set_kind(e, ERROR_DAMAGED, "%s: shorter than it was", stream);
        n += (size_t)got;
    }
    return 0;
}

static int check_stream(const struct state_kept *k, size_t stream, uint8_t *bytes, struct error *e)
{
    const struct state_index *x = &k->index;
    char *path = state_store_path(k->directory, k->name, stream_names[stream]);
    if (!path) return error_memory(e);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int result = 0;
    if (fd < 0)
        result = error_set_kind(e, file_is_wrong(errno) ? ERROR_DAMAGED : ERROR_OTHER, "%s: %s", path, strerror(errno));
    for (size_t b = 0; result == 0 && b < state_index_n_blocks(x->size[stream]); b++) {
        const size_t size = (size_t)block_size(x->size[stream], b);
        if (state_kept_is_cancelled(k)) result = error_cancelled(e);
        if (result == 0) result = read_block(fd, bytes, b * STATE_BLOCK, size, stream_names[stream], e);
        if (result == 0 && XXH3_64bits(bytes, size) != x->blocks[stream][b])
            result = error_set_kind(e, ERROR_DAMAGED, "%s: block %zu has a wrong checksum", stream_names[stream], b);
    }
    if (fd >= 0) close(fd);
    free(path);
    return result;
}

int state_kept_check_blocks(const struct state_kept *k, struct error *e)
{
    uint8_t *bytes = malloc(STATE_BLOCK);
    int result = bytes ? 0 : error_memory(e);
    for (size_t i = 0; result == 0 && i < STATE_N_STREAMS; i++) result = check_stream(k, i, bytes, e);
    free(bytes);
    return result;
}

/* Goes through the segments of a document from *at on, to its end if it is `whole`, else to the last that has ended.
 * Returns where the text after them begins and counts their tokens, or UINT64_MAX where they are not the text's. */
static uint64_t walk_segments(const struct document *d, const struct state_segment **at,
                              const struct state_segment *end, bool whole, uint64_t *n_tokens)
{
    uint64_t offset = 0;
    while (offset < d->size && *at < end) {
        offset += segment_cut(d->text + offset, (size_t)(d->size - offset));
        if ((*at)->back > offset || (offset == d->size && (*at)->back > 0)) return UINT64_MAX;
        *n_tokens += (*at)->n_tokens;
        ++*at;
    }
    return whole && offset < d->size ? UINT64_MAX : offset;
}

int state_kept_check_tables(const struct state_kept *k, struct error *e)
{
    const struct state_document *documents = (const void *)file_array_bytes(k->arrays[STATE_DOCUMENTS]);
    const struct state_segment *at = (const void *)file_array_bytes(k->arrays[STATE_SEGMENTS]);
    const struct state_extent *extent = &last_of(&k->index)->extent;
    const struct state_segment *end = at + extent->n_segments;
    uint64_t token = 0;
    for (uint64_t i = 0; i < extent->n_documents; i++) {
        const struct document *d = &k->corpus->documents[i];
        const bool last = i + 1 == extent->n_documents;
        uint64_t text = documents[i].text_token, n = 0, after = last ? extent->n_tokens : documents[i + 1].first_token;
        uint64_t offset = walk_segments(d, &at, end, !last, &n);
        bool fits = documents[i].first_token == token && text > token && text <= after && after <= extent->n_tokens &&
                    offset != UINT64_MAX && (last ? text + n <= after : text + n == after);
        /* the segment under way holds what was read last, but for a token that began it */
        if (last && fits)
            fits = at == end && offset < d->size && extent->offset <= d->size &&
                   extent->offset <= offset + segment_cut(d->text + offset, (size_t)(d->size - offset));
        if (!fits) return error_set_kind(e, ERROR_DAMAGED, "documents: entry %" PRIu64 " does not fit the text", i);
        token = after;
    }
    bool whole = extent->n_documents == k->corpus->n_documents &&
                 extent->offset == k->corpus->documents[extent->n_documents - 1].size;
    return k->index.complete && !whole ? error_set_kind(e, ERROR_DAMAGED, "documents: not all are there") : 0;
}

/* --- loading --- */

/* Forgets the last checkpoint, and all after the one before. */
static int step_back(struct state_kept *k, struct error *e)
{
    struct state_index *x = &k->index;
    if (x->n_checkpoints <= 1) return error_set_kind(e, ERROR_DAMAGED, "no session is left");
    x->n_checkpoints--;
    if (x->n_chained > x->n_checkpoints) x->n_chained = x->n_checkpoints;
    state_index_sizes(&x->key, &last_of(x)->extent, x->size);
    x->complete = false;
    if (state_kept_open_arrays(k, false, e) != 0) return -1;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        size_t n = state_index_n_blocks(x->size[i]);
        if (n == 0) continue;
        const uint8_t *block = file_array_bytes(k->arrays[i]) + (n - 1) * STATE_BLOCK;
        x->blocks[i][n - 1] = XXH3_64bits(block, (size_t)block_size(x->size[i], n - 1));
    }
    return 0;
}

int state_kept_settle(struct state_kept *k, bool exactly, struct error *lost, struct error *e)
{
    struct error why = {0};
    forget_session(k);
    while (state_sessions_load(&k->session, &k->session_size, k->directory, k->name, &k->index, &why) != 0) {
        if (why.kind != ERROR_DAMAGED || exactly) return error_copy(e, &why);
        if (state_kept_is_cancelled(k)) return error_cancelled(e);
        if (step_back(k, e) != 0) return -1;
        error_set(lost, "a kept read was damaged (%s): %" PRIu64 " tokens of it are kept", why.text,
                  last_of(&k->index)->extent.n_tokens);
    }
    return 0;
}

static bool same_text(const struct state_index *a, const struct state_index *b)
{
    return memcmp(&a->key, &b->key, sizeof a->key) == 0 && memcmp(a->text, b->text, sizeof a->text) == 0 &&
           a->n_documents == b->n_documents && a->n_bytes == b->n_bytes;
}

static enum state_found load_index(struct state_kept *k, struct error *e)
{
    char *path = state_store_path(k->directory, k->name, "index");
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct stat st;
    struct state_index x = {.n_checkpoints = 0};
    enum state_found found = STATE_FAILED;
    if (!path)
        error_memory(e);
    else if (lstat(path, &st) != 0 && errno == ENOENT)
        found = STATE_NOTHING;
    else if (state_store_read(&bytes, &size, path, e) == 0) {
        const uint64_t version = state_index_version(bytes, size);
        if (version != 0 && version != STATE_VERSION)
            found = STATE_FOREIGN;
        else if (state_index_decode(&x, bytes, size, e) == 0)
            found = STATE_FOUND;
    }
    free(bytes);
    free(path);
    if (found == STATE_FOUND && !same_text(&x, &k->index)) {
        state_index_free(&x);
        error_set_kind(e, ERROR_DAMAGED, "the index belongs to another text");
        found = STATE_FAILED;
    }
    if (found == STATE_FOUND) state_kept_set_index(k, &x);
    return found;
}

enum state_found state_kept_load(struct state_kept *k, bool whole, struct error *lost, struct error *e)
{
    enum state_found found = load_index(k, e);
    if (found != STATE_FOUND) return found;
    if (whole && !k->index.complete) return STATE_NOTHING;
    if (state_kept_check_blocks(k, e) != 0 || state_kept_open_arrays(k, false, e) != 0 ||
        state_kept_settle(k, whole, lost, e) != 0 || state_kept_check_tables(k, e) != 0)
        return STATE_FAILED;
    return STATE_FOUND;
}

/* --- writing --- */

int state_kept_update_blocks(struct state_kept *k, struct error *e)
{
    struct state_index *x = &k->index;
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        const uint64_t size = file_array_size(k->arrays[i]);
        const size_t n = state_index_n_blocks(size);
        uint64_t *blocks = bytes_reserve(x->blocks[i], &k->blocks_capacity[i], n + 1, sizeof *blocks);
        if (!blocks) return error_memory(e);
        x->blocks[i] = blocks;
        for (size_t b = (size_t)(x->size[i] / STATE_BLOCK); b < n; b++)
            blocks[b] = XXH3_64bits(file_array_bytes(k->arrays[i]) + b * STATE_BLOCK, (size_t)block_size(size, b));
        x->size[i] = size;
    }
    return 0;
}

int state_kept_write_index(const struct state_kept *k, struct error *e)
{
    uint8_t *bytes;
    size_t size;
    if (state_index_encode(&bytes, &size, &k->index, e) != 0) return -1;
    int result = state_store_write_file(k->directory, k->name, "index", bytes, size, true, e);
    free(bytes);
    return result;
}
