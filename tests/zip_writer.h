/* Archives in memory for tests: members of two strings each, name and text, up to a NULL name. */
#ifndef LECTERN_ZIP_WRITER_H
#define LECTERN_ZIP_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* malloc'ed; exits where libarchive fails. */
uint8_t *zip_writer_zip(const char *const *members, size_t *size);
uint8_t *zip_writer_zip_of(const char *name, const void *bytes, size_t n, size_t *size); /* one member */
uint8_t *zip_writer_tar(const char *const *members, const char *filter, size_t *size);

/* One stream of bytes, packed by a filter of libarchive ("gzip", "xz", "zstd", "bzip2"). */
uint8_t *zip_writer_packed(const void *bytes, size_t n, const char *filter, size_t *size);

#endif
