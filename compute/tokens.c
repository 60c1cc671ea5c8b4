#include "compute/tokens.h"

#include <stdlib.h>

#include "compute/bytes.h"
#include "compute/error.h"

void tokens_free(struct tokens *t)
{
    free(t->ids);
    free(t->lengths);
    *t = (struct tokens){0};
}

int tokens_reserve(struct tokens *t, size_t n, struct error *e)
{
    size_t need, ids_capacity = t->capacity, lengths_capacity = t->capacity;
    if (!bytes_add(&need, t->n, n)) return error_memory(e);
    int32_t *ids = bytes_reserve(t->ids, &ids_capacity, need, sizeof *ids);
    if (!ids) return error_memory(e);
    t->ids = ids;
    uint8_t *lengths = bytes_reserve(t->lengths, &lengths_capacity, need, sizeof *lengths);
    if (!lengths) return error_memory(e);
    t->lengths = lengths;
    t->capacity = ids_capacity;
    return 0;
}
