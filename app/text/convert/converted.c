#include "app/text/convert/converted.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/bytes.h"
#include "compute/error.h"

uint64_t converted_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int converted_check(const struct convert_budget *b, struct error *e)
{
    if (b->cancel && atomic_load(b->cancel)) return error_cancelled(e);
    if (b->progress) b->progress(b->context);
    if (converted_now() > b->end) return error_set(e, "takes too long to convert");
    return 0;
}

int converted_spend(struct convert_budget *b, uint64_t bytes, struct error *e)
{
    if (bytes > b->bytes) return error_set(e, "unpacks to far more than its size (a limit against archive bombs)");
    b->bytes -= bytes;
    return 0;
}

int converted_put(struct converted *c, const char *text, size_t size, struct error *e)
{
    if (converted_spend(c->budget, size, e) != 0) return -1;
    char *grown = bytes_reserve(c->text, &c->capacity, c->size + size, 1);
    if (!grown) return error_memory(e);
    c->text = grown;
    if (size > 0) memcpy(grown + c->size, text, size);
    c->size += size;
    return 0;
}

void converted_free(struct converted *c)
{
    free(c->text);
    parts_free(&c->parts);
    *c = (struct converted){0};
}
