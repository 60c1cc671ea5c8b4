#include "app/reader/checkpoints.h"

/* A token is taken for four bytes of text. */
#define TOKEN_BYTES 4

struct checkpoints checkpoints_begin(uint64_t text_bytes)
{
    struct checkpoints c = {.grain = CHECKPOINTS_LEAST_TOKENS};
    while (CHECKPOINTS_MOST * c.grain <= text_bytes / TOKEN_BYTES) c.grain *= 2;
    return c;
}

uint64_t checkpoints_cut(const struct checkpoints *c, uint64_t at, uint64_t n)
{
    uint64_t step = c->grain; /* of the roundest place that n tokens lead over */
    while ((at + n) / step / 2 * step * 2 > at) step *= 2;
    const uint64_t end = (at + n) / step * step;
    return end > at ? end - at : n;
}

bool checkpoints_is_due(const struct checkpoints *c, uint64_t begin, uint64_t end)
{
    return end / c->grain != begin / c->grain;
}

void checkpoints_made(struct checkpoints *c)
{
    if (++c->n < CHECKPOINTS_MOST) return;
    c->grain *= 2;
    c->n /= 2;
}

/* The largest power of two that divides a place, up to which sessions have nothing of it. */
static uint64_t roundness(uint64_t place)
{
    return place & (~place + 1);
}

void checkpoints_stay(bool *stays, const uint64_t *places, size_t n, size_t most)
{
    size_t left = n;
    for (size_t i = 0; i < n; i++) stays[i] = true;
    for (; left > most; left--) {
        size_t worst = 0, before = 0; /* before: the one that stays before i, n where none does */
        uint64_t worst_gap = 0;
        bool found = false;
        before = n;
        for (size_t i = 0; i + 1 < n; i++) {
            if (!stays[i]) continue;
            size_t after = i + 1;
            while (!stays[after]) after++;
            uint64_t gap = places[after] - (before < n ? places[before] : 0);
            before = i;
            if (found && (roundness(places[i]) > roundness(places[worst]) ||
                          (roundness(places[i]) == roundness(places[worst]) && gap >= worst_gap)))
                continue;
            found = true;
            worst = i;
            worst_gap = gap;
        }
        if (!found) return;
        stays[worst] = false;
    }
}
