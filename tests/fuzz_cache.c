/* Any bytes as a file of the Vulkan back end's cache: what it has is the bytes after its head, and those only where the
 * head says so. The second half of the runs has the head that belongs to the bytes. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compute/vulkan/disk_cache.h"
#include "tests/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void enter(void)
{
    static bool entered;
    char path[96];
    if (entered) return;
    entered = true;
    setenv("XDG_CACHE_HOME", fuzz_scratch(), 1);
    if (mkdir(fuzz_scratch_file(path, "lectern"), 0700) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t n = 0;
    if (size == 0) return 0;
    enter();
    if (bytes[0] % 2) {
        disk_cache_write("fuzz", bytes + 1, size - 1);
    } else {
        fuzz_scratch_write("lectern/fuzz", bytes + 1, size - 1);
    }
    uint8_t *data = disk_cache_read("fuzz", &n);
    if (bytes[0] % 2 && size > 1 && (!data || n != size - 1 || memcmp(data, bytes + 1, n) != 0)) abort();
    if (data && (n == 0 || n > size - 1)) abort();
    free(data);
    return 0;
}
