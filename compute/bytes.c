#include "compute/bytes.h"

#include <stdlib.h>

void *bytes_reserve(void *array, size_t *capacity, size_t need, size_t size)
{
    if (array && need <= *capacity) return array;
    size_t grown = *capacity < 8 ? 8 : *capacity;
    while (grown < need) {
        if (!bytes_multiply(&grown, grown, 2)) return NULL;
    }
    size_t total;
    if (!bytes_multiply(&total, grown, size)) return NULL;
    void *moved = realloc(array, total);
    if (moved) *capacity = grown;
    return moved;
}
