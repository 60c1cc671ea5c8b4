/* Archives and packed files in memory (libarchive): zip, tar, and gzip, xz, zstd or bzip2 of anything. Nothing is ever
 * written to a disk; a member's name is only a name. */
#ifndef LECTERN_UNPACK_H
#define LECTERN_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct convert_budget;
struct error;

/* "libarchive 3.6.2"; NULL where this build is without it, and every walk fails. */
extern const char *const unpack_library;

struct unpack_member {
    const char *name;    /* without "./" and "/" in front; "" for what a packed file holds that is no tar */
    const char *problem; /* why it cannot be read ("a symbolic link"), or NULL */
    int64_t size;        /* unpacked, as the archive says; -1 where it does not */
};

struct unpack_handler {
    /* Is the member wanted? Called for all but folders, also for those with a problem, which are then not read. */
    bool (*wants)(void *context, const struct unpack_member *m);
    /* What a member held; its bytes (malloc'ed, never NULL) are owned by the handler from now on. `problem`: they could
     * not be read to their end. */
    int (*take)(void *context, const struct unpack_member *m, char *bytes, size_t size, struct error *e);
    void *context;
};

/* Members in the archive's own order. Fails where the archive is damaged, holds too much, or the handler fails. */
int unpack_walk(const uint8_t *bytes, size_t size, const struct unpack_handler *h, struct convert_budget *b,
                struct error *e);

#endif
