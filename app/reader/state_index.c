#define XXH_INLINE_ALL
#include "app/reader/state_index.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "compute/error.h"

static const uint8_t magic[8] = {'l', 'e', 'c', 't', 's', 't', 'a', 't'};

/* Numbers and their place in the file: the same walk writes and reads them, so that the two cannot differ. */
struct cursor {
    uint8_t *write;      /* NULL while reading, and while the size is counted */
    const uint8_t *read; /* NULL while writing */
    size_t at, size;     /* size: of what is read */
    bool failed, memory; /* memory: failed for want of it */
};

static void bytes(struct cursor *c, void *value, size_t n)
{
    if (c->read && n > c->size - c->at) {
        c->failed = true;
        memset(value, 0, n);
        return;
    }
    if (c->read) memcpy(value, c->read + c->at, n);
    if (c->write) memcpy(c->write + c->at, value, n);
    c->at += n;
}

static void walk_number(struct cursor *c, uint64_t *value)
{
    uint8_t little[8];
    for (size_t i = 0; i < 8; i++) little[i] = (uint8_t)(*value >> 8 * i);
    bytes(c, little, sizeof little);
    if (!c->read) return;
    *value = 0;
    for (size_t i = 0; i < 8; i++) *value |= (uint64_t)little[i] << 8 * i;
}

static void small_number(struct cursor *c, uint32_t *value)
{
    uint64_t wide = *value;
    walk_number(c, &wide);
    if (wide > UINT32_MAX) c->failed = true;
    *value = (uint32_t)wide;
}

/* Room for the n elements that follow, where the rest of the file can hold them. */
static void *room(struct cursor *c, void *array, uint64_t n, size_t element)
{
    if (!c->read || c->failed) return array;
    if (n > (c->size - c->at) / element) {
        c->failed = true;
        return NULL;
    }
    array = calloc((size_t)n + 1, element);
    if (!array) c->failed = c->memory = true;
    return array;
}

static void walk_checkpoint(struct cursor *c, struct state_checkpoint *p)
{
    walk_number(c, &p->extent.n_tokens);
    walk_number(c, &p->extent.n_documents);
    walk_number(c, &p->extent.offset);
    walk_number(c, &p->extent.n_segments);
    walk_number(c, &p->extent.zeros);
    walk_number(c, &p->prefix[0]);
    walk_number(c, &p->prefix[1]);
    walk_number(c, &p->session_size);
    walk_number(c, &p->session_hash);
}

static void walk_index(struct cursor *c, struct state_index *x)
{
    uint8_t head[sizeof magic];
    uint64_t version = STATE_VERSION, complete = x->complete, n_checkpoints = x->n_checkpoints;
    memcpy(head, magic, sizeof magic);
    bytes(c, head, sizeof head);
    walk_number(c, &version);
    if (memcmp(head, magic, sizeof magic) != 0 || version != STATE_VERSION) c->failed = true;
    walk_number(c, &x->key.model);
    walk_number(c, &x->key.settings);
    small_number(c, &x->key.width);
    small_number(c, &x->key.rate);
    bytes(c, x->precision, sizeof x->precision);
    walk_number(c, &x->text[0]);
    walk_number(c, &x->text[1]);
    walk_number(c, &complete);
    x->complete = complete == 1;
    walk_number(c, &x->n_documents);
    walk_number(c, &x->n_bytes);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) {
        walk_number(c, &x->size[i]);
        size_t n = state_index_n_blocks(x->size[i]);
        x->blocks[i] = room(c, x->blocks[i], n, sizeof *x->blocks[i]);
        for (size_t b = 0; b < n && !c->failed; b++) walk_number(c, &x->blocks[i][b]);
    }
    walk_number(c, &x->n_chained);
    walk_number(c, &x->chain);
    walk_number(c, &n_checkpoints);
    x->checkpoints = room(c, x->checkpoints, n_checkpoints, sizeof *x->checkpoints);
    if (c->read && c->failed) return;
    x->n_checkpoints = (size_t)n_checkpoints;
    for (size_t i = 0; i < x->n_checkpoints; i++) walk_checkpoint(c, &x->checkpoints[i]);
    if (c->read && complete > 1) c->failed = true;
}

void state_index_free(struct state_index *x)
{
    free(x->checkpoints);
    for (size_t i = 0; i < STATE_N_STREAMS; i++) free(x->blocks[i]);
    *x = (struct state_index){.n_checkpoints = 0};
}

void state_index_sizes(const struct state_key *key, const struct state_extent *extent, uint64_t size[STATE_N_STREAMS])
{
    size[STATE_KEYS] = (extent->n_tokens / key->rate + (extent->n_tokens % key->rate != 0)) * key->width;
    size[STATE_SEGMENTS] = extent->n_segments * sizeof(struct state_segment);
    size[STATE_DOCUMENTS] = extent->n_documents * sizeof(struct state_document);
}

size_t state_index_n_blocks(uint64_t size)
{
    return (size_t)(size / STATE_BLOCK + (size % STATE_BLOCK != 0));
}

/* Whether an extent is one, behind the one before it (or NULL). */
static bool is_extent(const struct state_index *x, const struct state_extent *p, const struct state_extent *before)
{
    if (p->n_tokens > (uint64_t)1 << 44 || p->n_documents == 0 || p->n_documents > x->n_documents ||
        p->n_tokens < p->n_documents || p->n_segments > p->n_tokens + x->n_bytes || p->zeros > p->n_tokens)
        return false;
    return !before || (p->n_tokens > before->n_tokens && p->n_documents >= before->n_documents &&
                       p->n_segments >= before->n_segments);
}

/* Whether the numbers fit together; they are already known to be what was written. */
static bool is_sound(const struct state_index *x)
{
    uint64_t size[STATE_N_STREAMS];
    if (memchr(x->precision, '\0', sizeof x->precision) == NULL || x->key.width == 0 || x->key.width > 65536 ||
        x->key.rate == 0 || x->n_checkpoints == 0 || x->n_chained > x->n_checkpoints || x->n_bytes > (uint64_t)1 << 44)
        return false;
    for (size_t i = 0; i < x->n_checkpoints; i++)
        if (!is_extent(x, &x->checkpoints[i].extent, i > 0 ? &x->checkpoints[i - 1].extent : NULL) ||
            x->checkpoints[i].session_size == 0)
            return false;
    state_index_sizes(&x->key, &x->checkpoints[x->n_checkpoints - 1].extent, size);
    return memcmp(size, x->size, sizeof size) == 0;
}

int state_index_encode(uint8_t **out, size_t *size, const struct state_index *x, struct error *e)
{
    struct state_index copy = *x; /* walking writes what it reads; here both are the same */
    struct cursor count = {.write = NULL};
    walk_index(&count, &copy);
    uint64_t hash;
    uint8_t *written = malloc(count.at + sizeof hash);
    if (!written) return error_memory(e);
    struct cursor c = {.write = written};
    walk_index(&c, &copy);
    hash = XXH3_64bits(written, c.at);
    walk_number(&c, &hash);
    *out = written;
    *size = c.at;
    return 0;
}

uint64_t state_index_version(const uint8_t *bytes_read, size_t size)
{
    uint64_t hash = 0, version = 0;
    if (size < sizeof magic + sizeof version + sizeof hash || memcmp(bytes_read, magic, sizeof magic) != 0) return 0;
    struct cursor tail = {.read = bytes_read + size - sizeof hash, .size = sizeof hash};
    struct cursor head = {.read = bytes_read + sizeof magic, .size = sizeof version};
    walk_number(&tail, &hash);
    walk_number(&head, &version);
    return XXH3_64bits(bytes_read, size - sizeof hash) == hash ? version : 0;
}

int state_index_decode(struct state_index *out, const uint8_t *bytes_read, size_t size, struct error *e)
{
    struct state_index x = {.n_checkpoints = 0};
    const uint64_t version = state_index_version(bytes_read, size);
    if (version == 0) return error_set_kind(e, ERROR_DAMAGED, "the index has a wrong checksum");
    if (version != STATE_VERSION) return error_set_kind(e, ERROR_DAMAGED, "the index is of another version");
    struct cursor c = {.read = bytes_read, .size = size - sizeof(uint64_t)};
    walk_index(&c, &x);
    if (c.memory)
        error_memory(e);
    else if (c.failed || c.at != c.size || !is_sound(&x))
        error_set_kind(e, ERROR_DAMAGED, "the index does not fit together");
    else {
        *out = x;
        return 0;
    }
    state_index_free(&x);
    return -1;
}
