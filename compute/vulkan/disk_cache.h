/* Small files that only save time, in $XDG_CACHE_HOME/lectern (or ~/.cache/lectern): each carries a checksum, and what
 * does not match is as if it were not there. Nothing here is an error. */
#ifndef LECTERN_DISK_CACHE_H
#define LECTERN_DISK_CACHE_H

#include <stddef.h>

/* The bytes, malloc'ed; NULL where there are none, or not all of them. `name` is a plain file name. */
void *disk_cache_read(const char *name, size_t *bytes);

/* Replaces the file by a whole new one. */
void disk_cache_write(const char *name, const void *data, size_t bytes);

#endif
