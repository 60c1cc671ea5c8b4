#include "app/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/measure/scale.h"
#include "app/text/figures.h"
#include "compute/error.h"

int option_value_size(uint64_t *out, const char *name, const char *text, struct error *e)
{
    if (figures_size(out, text) == 0) return 0;
    return error_set_kind(e, ERROR_USAGE, "--%s %s: not a size (a number, with K, M or G)", name, text);
}

/* What a pool has at most (compute/thread_pool.c). */
#define THREADS_MOST 256

int option_value_threads(unsigned *out, const char *name, const char *text, struct error *e)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end || text[0] == '-' || errno || n < 1 || n > THREADS_MOST) {
        return error_set_kind(e, ERROR_USAGE, "--%s %s: not a number from 1 to %d", name, text, THREADS_MOST);
    }
    *out = (unsigned)n;
    return 0;
}

int option_value_real(float *out, const char *name, const char *text, float low, float high, struct error *e)
{
    char *end;
    float x = strtof(text, &end);
    if (end == text || *end || !(x >= low && x <= high)) {
        return error_set_kind(e, ERROR_USAGE, "--%s %s: not a number from %g to %g", name, text, (double)low,
                              (double)high);
    }
    *out = x;
    return 0;
}

int option_value_within(uint64_t *out, const char *name, const char *text, uint64_t low, uint64_t high, struct error *e)
{
    uint64_t n = 0;
    if (option_value_size(&n, name, text, e)) return -1;
    if (n < low || n > high) {
        return error_set_kind(e, ERROR_USAGE, "--%s %s: not from %" PRIu64 " to %" PRIu64, name, text, low, high);
    }
    *out = n;
    return 0;
}

int option_value_up_to(uint32_t *out, const char *name, const char *text, uint32_t most, struct error *e)
{
    uint64_t n;
    if (option_value_within(&n, name, text, 1, most, e)) return -1;
    *out = (uint32_t)n;
    return 0;
}

int option_value_lengths(struct scale_options *s, const char *text, struct error *e)
{
    s->n_tokens = 0;
    for (const char *at = text, *comma;; at = comma + 1) {
        comma = strchr(at, ',');
        char one[32];
        snprintf(one, sizeof one, "%.*s", (int)(comma && comma - at < 31 ? comma - at : 31), at);
        if (s->n_tokens == SCALE_MAX_LENGTHS)
            return error_set_kind(e, ERROR_USAGE, "--tokens: more than %d lengths", SCALE_MAX_LENGTHS);
        if (option_value_within(&s->tokens[s->n_tokens], "tokens", one, 1, SCALE_MAX_TOKENS, e)) return -1;
        s->n_tokens++;
        if (!comma) return 0;
    }
}
