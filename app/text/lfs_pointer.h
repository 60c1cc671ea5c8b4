/* Git LFS leaves a pointer of three lines in the place of a large file that was not fetched. */
#ifndef LECTERN_LFS_POINTER_H
#define LECTERN_LFS_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether these are all bytes of such a pointer; *size: of the file that it stands for. */
bool lfs_pointer_read(const uint8_t *bytes, size_t n, uint64_t *size);

#endif
