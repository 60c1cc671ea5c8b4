#define XXH_INLINE_ALL
#include "app/reader/state_prefix.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "app/text/corpus.h"
#include "app/reader/state_index.h"
#include "compute/error.h"

/* The tokenizer cuts longer lines, so no token depends on text this far away. */
#define FAR 8192
#define BLOCK ((uint64_t)4 << 20)

struct state_prefix {
    XXH3_state_t hash; /* of all text before document `document`, and of its name and its text up to `offset` */
    const struct corpus *corpus;
    const atomic_bool *cancel;
    uint64_t document, offset;
};

static void begin_document(struct state_prefix *p)
{
    const struct document *d = &p->corpus->documents[p->document];
    p->offset = 0;
    XXH3_128bits_update(&p->hash, d->name, strlen(d->name) + 1);
}

int state_prefix_open(struct state_prefix **out, const struct corpus *c, const atomic_bool *cancel, struct error *e)
{
    struct state_prefix *p = aligned_alloc(_Alignof(struct state_prefix), sizeof *p);
    if (!p) return error_memory(e);
    p->corpus = c;
    p->cancel = cancel;
    p->document = 0;
    XXH3_128bits_reset(&p->hash);
    begin_document(p);
    *out = p;
    return 0;
}

void state_prefix_close(struct state_prefix *p)
{
    free(p);
}

/* Moves forward inside the current document. */
static int hash_up_to_offset(struct state_prefix *p, uint64_t offset, struct error *e)
{
    const struct document *d = &p->corpus->documents[p->document];
    while (p->offset < offset) {
        uint64_t n = offset - p->offset < BLOCK ? offset - p->offset : BLOCK;
        if (p->cancel && atomic_load(p->cancel)) return error_cancelled(e);
        XXH3_128bits_update(&p->hash, d->text + p->offset, (size_t)n);
        p->offset += n;
    }
    return 0;
}

/* Where the text ends that decides the tokens before `offset`; *to_end: the end of the document itself is part of what
 * decides. */
static uint64_t decided_by(const struct document *d, uint64_t offset, bool *to_end)
{
    *to_end = false;
    if (offset == 0 || d->text[offset - 1] == '\n') return offset;
    uint64_t window = d->size - offset < FAR ? d->size - offset : FAR;
    const char *newline = memchr(d->text + offset, '\n', (size_t)window);
    if (newline) return (uint64_t)(newline - d->text) + 1;
    *to_end = offset + window == d->size;
    return offset + window;
}

int state_prefix_hash(struct state_prefix *p, const struct state_extent *extent, uint64_t hash[2], struct error *e)
{
    const struct corpus *c = p->corpus;
    if (extent->n_documents == 0 || extent->n_documents > c->n_documents) return 1;
    uint64_t last = extent->n_documents - 1;
    const struct document *d = &c->documents[last];
    if (extent->offset > d->size || last < p->document || (last == p->document && extent->offset < p->offset)) return 1;
    while (p->document < last) {
        uint64_t size = c->documents[p->document].size;
        if (hash_up_to_offset(p, size, e) != 0) return -1;
        XXH3_128bits_update(&p->hash, &size, sizeof size);
        p->document++;
        begin_document(p);
    }
    if (hash_up_to_offset(p, extent->offset, e) != 0) return -1;
    bool to_end;
    uint64_t end = decided_by(d, extent->offset, &to_end);
    XXH3_state_t ahead;
    XXH3_copyState(&ahead, &p->hash);
    XXH3_128bits_update(&ahead, d->text + extent->offset, (size_t)(end - extent->offset));
    XXH3_128bits_update(&ahead, &to_end, sizeof to_end);
    XXH3_128bits_update(&ahead, &extent->offset, sizeof extent->offset);
    XXH128_hash_t found = XXH3_128bits_digest(&ahead);
    hash[0] = found.low64;
    hash[1] = found.high64;
    return 0;
}

int64_t state_prefix_match(const struct corpus *c, const struct state_checkpoint *checkpoints, size_t n,
                           const atomic_bool *cancel, struct error *e)
{
    struct state_prefix *p;
    if (state_prefix_open(&p, c, cancel, e) != 0) return -1;
    int64_t matched = 0;
    int result = 0;
    for (size_t i = 0; i < n && result == 0; i++) {
        uint64_t hash[2];
        result = state_prefix_hash(p, &checkpoints[i].extent, hash, e);
        if (result == 0 && memcmp(hash, checkpoints[i].prefix, sizeof hash) != 0)
            result = 1; /* nor can any later one */
        if (result == 0) matched++;
    }
    state_prefix_close(p);
    return result < 0 ? -1 : matched;
}

void state_prefix_text(const struct corpus *c, uint64_t hash[2])
{
    XXH3_state_t all;
    XXH3_128bits_reset(&all);
    for (size_t i = 0; i < c->n_documents; i++) {
        const struct document *d = &c->documents[i];
        XXH3_128bits_update(&all, d->name, strlen(d->name) + 1);
        XXH3_128bits_update(&all, &d->hash, sizeof d->hash);
        XXH3_128bits_update(&all, &d->size, sizeof d->size);
    }
    XXH128_hash_t found = XXH3_128bits_digest(&all);
    hash[0] = found.low64;
    hash[1] = found.high64;
}
