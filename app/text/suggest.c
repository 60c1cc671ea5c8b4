#include "app/text/suggest.h"

#include <stdio.h>
#include <string.h>

/* Longer words are no typing errors of a name. */
#define LONGEST 31

struct suggest suggest_for(const char *word, size_t size)
{
    return (struct suggest){.word = word, .size = size};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters left out, added, changed, or swapped with their neighbour. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t k = 0; k <= m; k++) last[k] = k;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t k = 1; k <= m; k++) {
            now[k] = least(least(last[k], now[k - 1]) + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = least(now[k], before[k - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[m];
}

void suggest_try(struct suggest *s, const char *name)
{
    const size_t n = strlen(name);
    if (s->size < 2 || n < 2 || s->size > LONGEST || n > LONGEST) return;
    const size_t d = distance(s->word, s->size, name, n), most = n > 6 ? 2 : 1;
    if (d > most || (s->nearest && d >= s->distance)) return;
    s->nearest = name;
    s->distance = d;
}

const char *suggest_words(const struct suggest *s, const char *before, char out[64])
{
    out[0] = '\0';
    if (s->nearest) snprintf(out, 64, "; did you mean %s%s?", before, s->nearest);
    return out;
}
