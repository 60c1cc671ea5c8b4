#include "app/panes/places.h"

#include <string.h>

static bool same(struct spot a, struct spot b)
{
    return a.document == b.document && a.offset == b.offset;
}

void places_leave(struct places *p, struct spot from)
{
    p->marks['\''] = from;
    p->marked['\''] = true;
    p->n = p->at;
    if (p->n > 0 && same(p->visited[p->n - 1], from)) return;
    if (p->n == PLACES_MAX) memmove(p->visited, p->visited + 1, --p->n * sizeof p->visited[0]);
    p->visited[p->n++] = from;
    p->at = p->n;
}

/* Going back the first time remembers where from, so that forward comes back here. */
bool places_back(struct places *p, struct spot here, struct spot *out)
{
    if (p->at == 0) return false;
    if (p->at == p->n) {
        if (p->n == PLACES_MAX) {
            memmove(p->visited, p->visited + 1, --p->n * sizeof p->visited[0]);
            p->at--;
        }
        p->visited[p->n++] = here;
    } else {
        p->visited[p->at] = here;
    }
    *out = p->visited[--p->at];
    return true;
}

bool places_forward(struct places *p, struct spot here, struct spot *out)
{
    if (p->at + 1 >= p->n) return false;
    p->visited[p->at] = here;
    *out = p->visited[++p->at];
    return true;
}

static bool is_mark(uint32_t letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool places_mark(struct places *p, uint32_t letter, struct spot here)
{
    if (!is_mark(letter)) return false;
    p->marks[letter] = here;
    p->marked[letter] = true;
    return true;
}

bool places_marked(const struct places *p, uint32_t letter, struct spot *out)
{
    if ((!is_mark(letter) && letter != '\'') || !p->marked[letter]) return false;
    *out = p->marks[letter];
    return true;
}
