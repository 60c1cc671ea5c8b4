#include "app/reader/state_wait.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "app/reader/checkpoints.h"
#include "app/reader/state_index.h"
#include "app/reader/state_store.h"
#include "app/text/corpus.h"

/* Seconds without a checkpoint after which nobody seems to read. */
#define STILL (3 * CHECKPOINTS_SECONDS)

static bool changed_lately(const char *directory, const char *name, const char *file)
{
    char *path = state_store_path(directory, name, file);
    struct stat s;
    const bool there = path != NULL && lstat(path, &s) == 0;
    free(path);
    return there && difftime(time(NULL), s.st_mtime) < STILL;
}

static uint64_t bytes_before(const struct corpus *c, const struct state_extent *extent)
{
    uint64_t bytes = extent->offset;
    for (uint64_t i = 0; i + 1 < extent->n_documents && i < c->n_documents; i++) bytes += c->documents[i].size;
    return bytes;
}

bool state_wait_sees(const char *directory, const char *name, const struct corpus *c, uint64_t *bytes)
{
    uint8_t *encoded;
    size_t size;
    struct state_index x = {.n_checkpoints = 0};
    *bytes = 0;
    /* The lock is touched where a read is opened. */
    if (!changed_lately(directory, name, "index") && !changed_lately(directory, name, "lock")) return false;
    if (state_store_read_file(&encoded, &size, directory, name, "index", NULL) != 0) return true;
    if (state_index_decode(&x, encoded, size, NULL) == 0 && x.n_checkpoints > 0)
        *bytes = bytes_before(c, &x.checkpoints[x.n_checkpoints - 1].extent);
    state_index_free(&x);
    free(encoded);
    return true;
}

void state_wait_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}
