/* Files: read-only mappings of given files, and growing scratch files mapped for what a read leaves behind. */
#ifndef LECTERN_FILE_H
#define LECTERN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct file_map {
    const uint8_t *bytes; /* valid until file_unmap; NULL when size is 0 */
    size_t size;
};

/* Maps a whole regular file read-only. A file that shrinks while it is mapped raises SIGBUS: callers that map files of
 * others copy small ones (corpus.c says how). */
int file_map(struct file_map *out, const char *path, struct error *e);
void file_unmap(struct file_map *m);

/* Whether an open that failed for this reason (errno) says that there is no such file there, and not that it cannot be
 * opened now. */
bool file_is_wrong(int reason);

/* A growing array in a mapped file: memory stays flat, the pages belong to the file. */
struct file_array;

/* `directory`: where an unlinked temporary file is made; `most`: bytes that it may come to take, for which address
 * space is reserved, less where that is scarce. */
int file_array_open(struct file_array **out, const char *directory, uint64_t most, struct error *e);

/* The same in a named file that stays: made where it is missing, cut to its first `size` bytes, which must be there (or
 * it is ERROR_DAMAGED). Not writable: the file is only mapped, and appending and writing are bugs. */
int file_array_open_named(struct file_array **out, const char *path, uint64_t size, bool writable, uint64_t most,
                          struct error *e);

/* Waits until the array's bytes are on the disk. */
int file_array_sync(struct file_array *a, struct error *e);

/* A named file is cut to the array's size. */
void file_array_close(struct file_array *a);

/* Appends n bytes; more than there is address space for is ERROR_MEMORY. Pointers from file_array_bytes stay valid. A
 * full disk is no error here, nor a signal: the array goes on in memory, up to half of the machine's, and
 * file_array_sync is what fails from then on. */
int file_array_append(struct file_array *a, const void *bytes, size_t n, struct error *e);
/* Overwrites n bytes that are there, at `offset`. */
void file_array_write(struct file_array *a, uint64_t offset, const void *bytes, size_t n);
const uint8_t *file_array_bytes(const struct file_array *a);
uint64_t file_array_size(const struct file_array *a);

#endif
