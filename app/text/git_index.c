/* The format is gitformat-index(5)'s. Nothing of it is trusted: whatever does not fit is an error. */
#include "app/text/git_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/text/git_file.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Bytes of an entry before its hash: times, device, mode, owner, size. */
#define STAT_SIZE 40
#define MODE_AT 24
#define FLAG_EXTENDED 0x4000u
#define FLAG_SKIP_WORKTREE 0x4000u /* among the extended flags */
#define HASH_MOST 32

/* A file of the format while it is read. */
struct reader {
    const uint8_t *at, *end;
    const char *name; /* of the file */
    size_t hash_size;
};

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t u64(const uint8_t *p)
{
    return (uint64_t)u32(p) << 32 | u32(p + 4);
}

static int damaged_index(const struct reader *r, struct error *e)
{
    return error_set_kind(e, ERROR_DAMAGED, "%s: not git's index, or damaged", r->name);
}

static size_t left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* Takes `path`, which is malloc'ed, also on failure. */
static int add_entry(struct git_index *x, char *path, uint32_t mode, bool skipped, struct error *e)
{
    struct git_index_entry *entries = path ? bytes_reserve(x->entries, &x->capacity, x->n + 1, sizeof *entries) : NULL;
    if (!entries) {
        free(path);
        return error_memory(e);
    }
    x->entries = entries;
    entries[x->n++] = (struct git_index_entry){path, mode, skipped};
    return 0;
}

/* How much of the path before an entry of version 4 leaves out at its end. */
static int read_cut(struct reader *r, size_t *out, struct error *e)
{
    size_t value = 0;
    uint8_t byte;
    do { /* every further byte counts from one more than what the ones before could say */
        if (left(r) == 0 || value > SIZE_MAX >> 8) return damaged_index(r, e);
        byte = *r->at++;
        value = value << 7 | (byte & 0x7Fu);
        value += byte >> 7;
    } while (byte & 0x80);
    *out = value;
    return 0;
}

/* The path of the entry that begins at `begin`; r->at stands on it, and behind the entry afterwards. malloc'ed. */
static char *read_path(struct reader *r, const uint8_t *begin, uint32_t version, const char *before, struct error *e)
{
    size_t cut = 0, kept = 0;
    if (version == 4) {
        if (read_cut(r, &cut, e) != 0) return NULL;
        if (cut > strlen(before)) {
            damaged_index(r, e);
            return NULL;
        }
        kept = strlen(before) - cut;
    }
    const uint8_t *nul = left(r) > 0 ? memchr(r->at, 0, left(r)) : NULL;
    size_t size = nul ? (size_t)(nul - r->at) : 0, whole = (size_t)(r->at - begin) + size;
    size_t padded = version == 4 ? whole + 1 : (whole + 8) & ~(size_t)7;
    char *path = nul && padded <= (size_t)(r->end - begin) ? malloc(kept + size + 1) : NULL;
    if (!path) {
        if (nul && padded <= (size_t)(r->end - begin))
            error_memory(e);
        else
            damaged_index(r, e);
        return NULL;
    }
    memcpy(path, before, kept);
    memcpy(path + kept, r->at, size + 1);
    r->at = begin + padded;
    return path;
}

static int read_entry(struct git_index *x, struct reader *r, uint32_t version, struct error *e)
{
    const uint8_t *begin = r->at;
    const char *before = x->n > 0 ? x->entries[x->n - 1].path : "";
    if (left(r) < STAT_SIZE + r->hash_size + 4) return damaged_index(r, e);
    uint32_t mode = u32(begin + MODE_AT);
    r->at += STAT_SIZE + r->hash_size;
    uint32_t flags = (uint32_t)r->at[0] << 8 | r->at[1], extended = 0;
    r->at += 2;
    if (version >= 3 && (flags & FLAG_EXTENDED)) {
        extended = (uint32_t)r->at[0] << 8 | r->at[1];
        r->at += 2;
    }
    char *path = read_path(r, begin, version, before, e);
    return path ? add_entry(x, path, mode, extended & FLAG_SKIP_WORKTREE, e) : -1;
}

/* The entries of the file; r->at stands on its extensions afterwards. */
static int read_entries(struct git_index *x, struct reader *r, struct error *e)
{
    if (left(r) < 12 + r->hash_size || memcmp(r->at, "DIRC", 4) != 0) return damaged_index(r, e);
    uint32_t version = u32(r->at + 4), n = u32(r->at + 8);
    if (version < 2 || version > 4) return error_set(e, "%s: index of version %u", r->name, version);
    r->at += 12;
    r->end -= r->hash_size; /* the checksum */
    for (uint32_t i = 0; i < n; i++)
        if (read_entry(x, r, version, e) != 0) return -1;
    return 0;
}

/* --- split indexes --- */

/* Entries of a shared index that the set (an EWAH bitmap: runs of equal words, then literal ones) names; malloc'ed. */
static int read_bitmap(struct reader *r, bool *set, size_t n_set, struct error *e)
{
    if (left(r) < 8) return damaged_index(r, e);
    size_t n = u32(r->at + 4), bit = 0;
    r->at += 8;
    if (n > left(r) / 8 || left(r) - n * 8 < 4) return damaged_index(r, e);
    for (size_t i = 0; i < n;) {
        uint64_t run = u64(r->at + 8 * i++), length = run >> 1 & 0xFFFFFFFFu, literals = run >> 33;
        if (literals > n - i) return damaged_index(r, e);
        for (size_t b = bit; (run & 1) && b < n_set && b - bit < length * 64; b++) set[b] = true;
        bit += length * 64;
        for (; literals > 0; literals--, i++, bit += 64)
            for (unsigned b = 0; b < 64; b++)
                if (bit + b < n_set && (u64(r->at + 8 * i) >> b & 1)) set[bit + b] = true;
    }
    r->at += 8 * n + 4;
    return 0;
}

/* The shared index's entries less the deleted ones; those that were replaced, in their order, have no path in the split
 * one. What is left there is new. */
static int merge(struct git_index *x, struct git_index *shared, const bool *deleted, const bool *replaced,
                 struct error *e)
{
    struct git_index all = {0};
    size_t next = 0;
    int result = 0;
    for (size_t i = 0; i < shared->n && result == 0; i++) {
        struct git_index_entry *s = &shared->entries[i];
        while (replaced[i] && next < x->n && *x->entries[next].path) next++;
        const struct git_index_entry *now = replaced[i] && next < x->n ? &x->entries[next++] : s;
        if (deleted[i]) continue;
        char *path = s->path;
        s->path = NULL; /* moved */
        result = add_entry(&all, path, now->mode, now->skipped, e);
    }
    for (size_t i = 0; i < x->n && result == 0; i++) {
        char *path = x->entries[i].path;
        if (!*path) continue;
        x->entries[i].path = NULL;
        result = add_entry(&all, path, x->entries[i].mode, x->entries[i].skipped, e);
    }
    git_index_close(x);
    *x = all;
    return result;
}

static int read_file(struct git_index *x, const char *directory, const char *name, size_t hash_size, bool split,
                     struct error *e);

/* The extension "link": which shared index this one changes, and where. */
static int read_link(struct git_index *x, struct reader *r, const char *directory, struct error *e)
{
    static const uint8_t none[HASH_MOST];
    char name[sizeof "sharedindex." + (size_t)2 * HASH_MOST] = "sharedindex.";
    if (left(r) < r->hash_size) return damaged_index(r, e);
    if (memcmp(r->at, none, r->hash_size) == 0) return 0;
    for (size_t i = 0; i < r->hash_size; i++) snprintf(name + strlen(name), 3, "%02x", r->at[i]);
    r->at += r->hash_size;
    struct git_index shared = {0};
    int result = read_file(&shared, directory, name, r->hash_size, false, e);
    bool *sets = result == 0 ? calloc(2 * shared.n + 1, sizeof *sets) : NULL;
    if (result == 0 && !sets) result = error_memory(e);
    if (result == 0 && left(r) > 0)
        result = read_bitmap(r, sets, shared.n, e) != 0 ? -1 : read_bitmap(r, sets + shared.n, shared.n, e);
    if (result == 0) result = merge(x, &shared, sets, sets + shared.n, e);
    free(sets);
    git_index_close(&shared);
    return result;
}

/* Of the extensions only "link" and "sdir" (directories among the entries) change what the entries mean; others of that
 * kind, whose names begin in lower case, are not known. */
static int read_extensions(struct git_index *x, struct reader *r, const char *directory, bool split, struct error *e)
{
    while (left(r) >= 8) {
        const uint8_t *name = r->at;
        size_t size = u32(r->at + 4);
        r->at += 8;
        if (size > left(r)) return damaged_index(r, e);
        struct reader inside = {r->at, r->at + size, r->name, r->hash_size};
        r->at += size;
        if (memcmp(name, "link", 4) == 0) {
            if (!split) return damaged_index(r, e);
            if (read_link(x, &inside, directory, e) != 0) return -1;
        } else if ((name[0] < 'A' || name[0] > 'Z') && memcmp(name, "sdir", 4) != 0) {
            return error_set(e, "%s: an extension that is not known", r->name);
        }
    }
    return 0;
}

static int read_file(struct git_index *x, const char *directory, const char *name, size_t hash_size, bool split,
                     struct error *e)
{
    char *path = git_file_join(directory, name);
    if (!path) return error_memory(e);
    if (split && access(path, F_OK) != 0) { /* nothing was ever added */
        free(path);
        return 0;
    }
    size_t size;
    char *bytes = git_file_read(path, GIT_FILE_FOLLOW, &size, e);
    struct reader r = {(const uint8_t *)bytes, (const uint8_t *)bytes + size, path, hash_size};
    int result = bytes ? read_entries(x, &r, e) : -1;
    if (result == 0) result = read_extensions(x, &r, directory, split, e);
    free(bytes);
    free(path);
    return result;
}

/* --- what is asked --- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct git_index_entry *)a)->path, ((const struct git_index_entry *)b)->path);
}

static int compare_folded(const void *a, const void *b)
{
    return strcasecmp(((const struct git_index_entry *)a)->path, ((const struct git_index_entry *)b)->path);
}

int git_index_open(struct git_index *out, const char *directory, size_t hash_size, bool fold, struct error *e)
{
    struct git_index x = {.fold = fold};
    if (read_file(&x, directory, "index", hash_size, true, e) != 0) {
        git_index_close(&x);
        return -1;
    }
    x.fold = fold;
    if (x.n > 0) qsort(x.entries, x.n, sizeof *x.entries, fold ? compare_folded : compare_paths);
    *out = x;
    return 0;
}

void git_index_close(struct git_index *x)
{
    for (size_t i = 0; i < x->n; i++) free(x->entries[i].path);
    free(x->entries);
    *x = (struct git_index){0};
}

/* The first entry that is not before `path`. */
static size_t lower_bound(const struct git_index *x, const char *path)
{
    size_t low = 0, high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *there = x->entries[middle].path;
        if ((x->fold ? strcasecmp(there, path) : strcmp(there, path)) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool entry_begins_with(const struct git_index *x, size_t at, const char *prefix, size_t size)
{
    const char *path = x->entries[at].path;
    return (x->fold ? strncasecmp(path, prefix, size) : strncmp(path, prefix, size)) == 0;
}

const struct git_index_entry *git_index_find(const struct git_index *x, const char *path)
{
    size_t at = lower_bound(x, path), size = strlen(path) + 1; /* the NUL too */
    return at < x->n && entry_begins_with(x, at, path, size) ? &x->entries[at] : NULL;
}

const struct git_index_entry *git_index_below(const struct git_index *x, const char *prefix, size_t *n)
{
    size_t first = lower_bound(x, prefix), at = first;
    while (at < x->n && entry_begins_with(x, at, prefix, strlen(prefix))) at++;
    *n = at - first;
    return *n > 0 ? &x->entries[first] : NULL;
}
