#include "app/reader/checkpoints.h"

/* A token is taken for four bytes of text. */
#define TOKEN_BYTES 4

struct checkpoints checkpoints_begin(uint64_t text_bytes)
{
    struct checkpoints c = {.grain = CHECKPOINTS_LEAST_TOKENS, .text_bytes = text_bytes};
    while (c.grain < CHECKPOINTS_MOST_TOKENS && 2 * c.grain <= text_bytes / TOKEN_BYTES / 4) c.grain *= 2;
    return c;
}

uint64_t checkpoints_cut(const struct checkpoints *c, uint64_t at, uint64_t n)
{
    uint64_t end = (at + n) / c->grain * c->grain;
    return end > at ? end - at : n;
}

bool checkpoints_is_due(const struct checkpoints *c, uint64_t begin, uint64_t end, uint64_t bytes, double seconds)
{
    if (end / c->grain == begin / c->grain) return false;
    const double part = c->text_bytes ? (double)bytes / (double)c->text_bytes : 1,
                 left = part * (double)CHECKPOINTS_FREE - (double)c->bytes;
    if (left >= 0) return true;
    /* Rounder places have smaller sessions: half of the bytes are left to them. */
    const bool rounder = end / (4 * c->grain) > begin / (4 * c->grain);
    const uint64_t more = (rounder ? CHECKPOINTS_BYTES : CHECKPOINTS_BYTES / 2) * end;
    if (left + (double)more < 0) return false;
    return c->seconds <= 0.01 * seconds;
}

void checkpoints_made(struct checkpoints *c, uint64_t bytes, double seconds)
{
    c->bytes += bytes;
    c->seconds += seconds;
}
