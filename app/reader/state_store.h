/* Where kept reads lie: one directory each, named by a hash, under one directory. Files inside: index, keys, segments,
 * documents, the sessions (state_sessions.h), label and lock. A process that writes holds the lock alone; those that
 * only read a complete one share it. What is not there, or is no file, is ERROR_DAMAGED: an index names it. */
#ifndef LECTERN_STATE_STORE_H
#define LECTERN_STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/state_index.h"

struct error;

/* Hexadecimal digits of a name, and its end. */
#define STATE_NAME_SIZE 33

/* The default directory: $XDG_CACHE_HOME/lectern, or ~/.cache/lectern. *out: malloc'ed. */
int state_store_default(char **out, struct error *e);

/* Makes a directory and those above it, for the user alone. */
int state_store_make(const char *path, struct error *e);

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

/* The same for a file of a read. */
int state_store_read_file(uint8_t **out, size_t *size, const char *directory, const char *name, const char *file,
                          struct error *e);
int state_store_write_file(const char *directory, const char *name, const char *file, const uint8_t *bytes, size_t size,
                           bool durable, struct error *e);

/* Calls `each` with every file of a read. Returns whether it could. */
bool state_store_each(const char *directory, const char *name,
                      void (*each)(void *context, const char *file, const char *path), void *context);

/* Removes the files of a read that do not stay; the caller holds its lock. */
void state_store_sweep(const char *directory, const char *name, bool (*stays)(const void *context, const char *file),
                       const void *context);

/* Removes all of a read but its lock; the caller holds it. */
void state_store_clear(const char *directory, const char *name);

/* Removes a read with its lock, which the caller holds, and its directory. Returns whether nothing is left. */
bool state_store_remove(const char *directory, const char *name);

#endif
