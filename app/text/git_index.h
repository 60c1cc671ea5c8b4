/* What git tracks: its index file, of every version (2 to 4), hash (SHA-1, SHA-256) and form (split, sparse). */
#ifndef LECTERN_GIT_INDEX_H
#define LECTERN_GIT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct git_index_entry {
    char *path; /* inside the working tree; of a directory that a sparse index leaves out: with a slash behind it */
    uint32_t mode;
    bool skipped; /* not to be in the working tree (sparse checkout) */
};

struct git_index {
    struct git_index_entry *entries; /* in order of their paths (without regard to case where `fold`) */
    size_t n, capacity;
    bool fold;
};

#define GIT_INDEX_TYPE 0170000u /* of a mode */
#define GIT_INDEX_SUBMODULE 0160000u

/* Reads `directory`/index; a missing one holds nothing. hash_size: bytes of the repository's hash, 20 or 32. `fold`:
 * paths that differ in case only are the same. */
int git_index_open(struct git_index *out, const char *directory, size_t hash_size, bool fold, struct error *e);
void git_index_close(struct git_index *x);

/* The entry of a path; NULL: none. */
const struct git_index_entry *git_index_find(const struct git_index *x, const char *path);

/* The first entry whose path begins with `prefix` ("a/"; "" for all), and how many do. */
const struct git_index_entry *git_index_below(const struct git_index *x, const char *prefix, size_t *n);

#endif
