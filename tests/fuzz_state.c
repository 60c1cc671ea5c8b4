/* Any bytes as the index of a kept read, with the checksum that they should have: what is taken must be written back as
 * it was. */
#define XXH_INLINE_ALL
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "app/reader/state_index.h"
#include "compute/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t *sealed = malloc(size + 8), *again;
    struct state_index x;
    struct error e;
    if (!sealed) abort();
    if (size > 0) memcpy(sealed, bytes, size);
    uint64_t hash = XXH3_64bits(sealed, size);
    for (int i = 0; i < 8; i++) sealed[size + (size_t)i] = (uint8_t)(hash >> 8 * i);
    if (state_index_decode(&x, sealed, size + 8, &e) == 0) {
        size_t again_size;
        if (state_index_encode(&again, &again_size, &x, &e) != 0) abort();
        if (again_size != size + 8 || memcmp(again, sealed, again_size) != 0) abort();
        free(again);
        state_index_free(&x);
    }
    free(sealed);
    return 0;
}
