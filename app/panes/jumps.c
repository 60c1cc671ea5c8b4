#include "app/panes/jumps.h"

#include <string.h>

static bool same_spot(struct spot a, struct spot b)
{
    return a.document == b.document && a.offset == b.offset;
}

void jumps_leave(struct jumps *j, struct spot from)
{
    j->marks['\''] = from;
    j->marked['\''] = true;
    j->n = j->at;
    if (j->n > 0 && same_spot(j->visited[j->n - 1], from)) return;
    if (j->n == JUMPS_MAX) memmove(j->visited, j->visited + 1, --j->n * sizeof j->visited[0]);
    j->visited[j->n++] = from;
    j->at = j->n;
}

/* Going back the first time remembers where from, so that forward comes back here. */
bool jumps_back(struct jumps *j, struct spot here, struct spot *out)
{
    if (j->at == 0) return false;
    if (j->at == j->n) {
        if (j->n == JUMPS_MAX) {
            memmove(j->visited, j->visited + 1, --j->n * sizeof j->visited[0]);
            j->at--;
        }
        j->visited[j->n++] = here;
    } else {
        j->visited[j->at] = here;
    }
    *out = j->visited[--j->at];
    return true;
}

bool jumps_forward(struct jumps *j, struct spot here, struct spot *out)
{
    if (j->at + 1 >= j->n) return false;
    j->visited[j->at] = here;
    *out = j->visited[++j->at];
    return true;
}

static bool is_mark(uint32_t letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool jumps_mark(struct jumps *j, uint32_t letter, struct spot here)
{
    if (!is_mark(letter)) return false;
    j->marks[letter] = here;
    j->marked[letter] = true;
    return true;
}

bool jumps_marked(const struct jumps *j, uint32_t letter, struct spot *out)
{
    if ((!is_mark(letter) && letter != '\'') || !j->marked[letter]) return false;
    *out = j->marks[letter];
    return true;
}
