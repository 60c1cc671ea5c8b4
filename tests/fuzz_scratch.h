/* Where a fuzz target writes its files: a directory of its own, in memory where the system has such, because a disk
 * takes hours for a million small files. It is gone when the target ends. */
#ifndef LECTERN_FUZZ_SCRATCH_H
#define LECTERN_FUZZ_SCRATCH_H

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char fuzz_scratch_path[64];

static int fuzz_scratch_remove(const char *path, const struct stat *s, int type, struct FTW *where)
{
    (void)s;
    (void)type;
    (void)where;
    return remove(path);
}

static void fuzz_scratch_leave(void)
{
    nftw(fuzz_scratch_path, fuzz_scratch_remove, 4, FTW_DEPTH | FTW_PHYS);
}

static inline const char *fuzz_scratch(void)
{
    if (fuzz_scratch_path[0]) return fuzz_scratch_path;
    const char *memory = "/dev/shm", *top = access(memory, W_OK) == 0 ? memory : "/tmp";
    snprintf(fuzz_scratch_path, sizeof fuzz_scratch_path, "%s/lectern-fuzz-XXXXXX", top);
    if (!mkdtemp(fuzz_scratch_path)) abort();
    atexit(fuzz_scratch_leave);
    return fuzz_scratch_path;
}

/* The path of a file in there; `path` has room for 96 bytes. */
static inline const char *fuzz_scratch_file(char path[96], const char *name)
{
    snprintf(path, 96, "%s/%s", fuzz_scratch(), name);
    return path;
}

static inline void fuzz_scratch_write(const char *name, const uint8_t *bytes, size_t size)
{
    char path[96];
    FILE *f = fopen(fuzz_scratch_file(path, name), "wb");
    if (!f || (size > 0 && fwrite(bytes, 1, size, f) != size) || fclose(f) != 0) abort();
}

#endif
