#include "compute/vulkan/disk_cache.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 256 << 20, PATH_BYTES = 1024 };

struct head {
    char magic[8];
    uint64_t bytes, hash;
};

static const char magic[8] = "lecternc";

/* FNV-1a: torn and mixed-up files, not attacks; the cache is the user's own. */
static uint64_t hash(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes; i++) h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

/* Of the file; the folder is made if asked for. */
static int path_of(char path[PATH_BYTES], const char *name, int make)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char folder[PATH_BYTES];
    int n;
    if (base && base[0] == '/')
        n = snprintf(folder, sizeof folder, "%s", base);
    else if (home && home[0] == '/')
        n = snprintf(folder, sizeof folder, "%s/.cache", home);
    else
        return -1;
    if (n < 0 || (size_t)n >= sizeof folder) return -1;
    if (make) mkdir(folder, 0700);
    n = snprintf(path, PATH_BYTES, "%s/lectern", folder);
    if (n < 0 || n >= PATH_BYTES) return -1;
    if (make) mkdir(path, 0700);
    n = snprintf(path, PATH_BYTES, "%s/lectern/%s", folder, name);
    return n < 0 || n >= PATH_BYTES ? -1 : 0;
}

void *disk_cache_read(const char *name, size_t *bytes)
{
    char path[PATH_BYTES];
    if (path_of(path, name, 0) != 0) return NULL;
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    struct head head;
    void *data = NULL;
    if (fread(&head, sizeof head, 1, f) == 1 && memcmp(head.magic, magic, sizeof magic) == 0 && head.bytes > 0 &&
        head.bytes <= MAX_BYTES)
        data = malloc((size_t)head.bytes);
    if (data && (fread(data, 1, (size_t)head.bytes, f) != head.bytes || hash(data, (size_t)head.bytes) != head.hash)) {
        free(data);
        data = NULL;
    }
    fclose(f);
    if (data) *bytes = (size_t)head.bytes;
    return data;
}

void disk_cache_write(const char *name, const void *data, size_t bytes)
{
    char path[PATH_BYTES], temporary[PATH_BYTES + 8];
    if (bytes > MAX_BYTES || path_of(path, name, 1) != 0) return;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    if (fd < 0) return;
    FILE *f = fdopen(fd, "wb");
    if (!f) {
        close(fd);
        unlink(temporary);
        return;
    }
    struct head head = {.bytes = bytes, .hash = hash(data, bytes)};
    memcpy(head.magic, magic, sizeof magic);
    int written = fwrite(&head, sizeof head, 1, f) == 1 && fwrite(data, 1, bytes, f) == bytes;
    if (fclose(f) != 0) written = 0;
    if (!written || rename(temporary, path) != 0) unlink(temporary);
}
