/* Any bytes as a file of the Vulkan back end's cache: what it has is the bytes after its head, and those only where the
 * head says so. The second half of the runs has the head that belongs to the bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compute/vulkan/disk_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char top[] = "/tmp/lectern-fuzz-cache-XXXXXX", file[sizeof top + 16];

static void leave(void)
{
    unlink(file);
    *strrchr(file, '/') = '\0';
    rmdir(file);
    rmdir(top);
}

static void enter(void)
{
    if (file[0]) return;
    if (!mkdtemp(top)) abort();
    setenv("XDG_CACHE_HOME", top, 1);
    snprintf(file, sizeof file, "%s/lectern", top);
    mkdir(file, 0700);
    snprintf(file, sizeof file, "%s/lectern/fuzz", top);
    atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t n = 0;
    if (size == 0) return 0;
    enter();
    if (bytes[0] % 2) {
        disk_cache_write("fuzz", bytes + 1, size - 1);
    } else {
        FILE *f = fopen(file, "wb");
        if (!f || fwrite(bytes + 1, 1, size - 1, f) != size - 1 || fclose(f) != 0) abort();
    }
    uint8_t *data = disk_cache_read("fuzz", &n);
    if (bytes[0] % 2 && size > 1 && (!data || n != size - 1 || memcmp(data, bytes + 1, n) != 0)) abort();
    if (data && (n == 0 || n > size - 1)) abort();
    free(data);
    return 0;
}
