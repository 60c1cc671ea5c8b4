#include "app/text/lfs_pointer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* By its specification a pointer is shorter. */
#define POINTER_MOST 1024

bool lfs_pointer_read(const uint8_t *bytes, size_t n, uint64_t *size)
{
    static const char version[] = "version https://git-lfs.github.com/spec/v1\n";
    char text[POINTER_MOST];
    if (n < sizeof version || n >= sizeof text || memcmp(bytes, version, sizeof version - 1) != 0) return false;
    memcpy(text, bytes, n);
    text[n] = '\0';
    const char *found = strstr(text, "\nsize ");
    if (!found || !strstr(text, "\noid ")) return false;
    *size = strtoumax(found + strlen("\nsize "), NULL, 10);
    return true;
}
