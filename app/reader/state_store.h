/* Where kept reads lie: one directory each, named by a hash, under one directory. Files inside: index, keys, lengths,
 * documents, session.N for the session at token N, and lock. A process that writes holds the lock alone; those that
 * only read a complete one share it. */
#ifndef LECTERN_STATE_STORE_H
#define LECTERN_STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "app/reader/state_index.h"

struct error;

/* Hexadecimal digits of a name, and its end. */
#define STATE_NAME_SIZE 33

/* The default directory: $XDG_CACHE_HOME/lectern, or ~/.cache/lectern. *out: malloc'ed. */
int state_store_default(char **out, struct error *e);

/* The name of the read of a text with a key. */
void state_store_name(char name[STATE_NAME_SIZE], const struct state_key *key, const uint64_t text[2]);

/* directory/name/file in malloc'ed memory; NULL without. `file` may be "". */
char *state_store_path(const char *directory, const char *name, const char *file);

/* Makes and locks a read's directory. Returns the lock's descriptor (close it to unlock), or -1. `shared`: together
 * with others that share; the directory must be there. Nobody waits: where another process holds it the error is "in
 * use by another process". */
int state_store_lock(const char *directory, const char *name, bool shared, struct error *e);

/* Whole small files: read into malloc'ed memory, and replaced at once: written beside, put on the disk where they are
 * to be `durable`, renamed. */
int state_store_read(uint8_t **out, size_t *size, const char *path, struct error *e);
int state_store_replace(const char *path, const uint8_t *bytes, size_t size, bool durable, struct error *e);

/* Removes the files of a read that do not stay; the caller holds its lock. */
void state_store_sweep(const char *directory, const char *name, bool (*stays)(const void *context, const char *file),
                       const void *context);

/* Removes all of a read but its lock; the caller holds it. */
void state_store_clear(const char *directory, const char *name);

/* Removes a read with its lock, which the caller holds, and its directory. Returns whether nothing is left. */
bool state_store_remove(const char *directory, const char *name);

/* A kept read, as `lectern state list` shows it. */
struct state_entry {
    char name[STATE_NAME_SIZE];
    struct state_index index; /* owned; all zeros where `broken` */
    uint64_t bytes;           /* on disk */
    time_t used;              /* when it was last opened or written */
    bool broken;              /* its index cannot be read */
};

/* All kept reads, the one used last first. A directory that is not there holds none. */
int state_store_list(struct state_entry **out, size_t *n, const char *directory, struct error *e);
void state_store_list_free(struct state_entry *entries, size_t n);

/* Removes broken reads, and those not used for longest until all together take at most `limit` bytes. Those in use and
 * `keep` (a name, or NULL) stay. *removed, *bytes: how many, and what they took. */
int state_store_prune(const char *directory, uint64_t limit, const char *keep, size_t *removed, uint64_t *bytes,
                      struct error *e);

#endif
