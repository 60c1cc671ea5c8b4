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

void tokens_ranges_free(struct token_ranges *t)
{
    free(t->ids);
    free(t->begins);
    free(t->ends);
    *t = (struct token_ranges){0};
}

int tokens_ranges_reserve(struct token_ranges *t, size_t n, struct error *e)
{
    size_t need, capacity[3] = {t->capacity, t->capacity, t->capacity};
    if (!bytes_add(&need, t->n, n)) return error_memory(e);
    int32_t *ids = bytes_reserve(t->ids, &capacity[0], need, sizeof *ids);
    if (!ids) return error_memory(e);
    t->ids = ids;
    uint32_t *begins = bytes_reserve(t->begins, &capacity[1], need, sizeof *begins);
    if (!begins) return error_memory(e);
    t->begins = begins;
    uint32_t *ends = bytes_reserve(t->ends, &capacity[2], need, sizeof *ends);
    if (!ends) return error_memory(e);
    t->ends = ends;
    t->capacity = capacity[0];
    return 0;
}
