#include "app/reader/inspected.h"

#include <stdlib.h>
#include <string.h>

#include "app/reader/reader.h"
#include "compute/error.h"
#include "compute/model.h"

static struct inspect_range range_of(int chosen, uint32_t n)
{
    if (chosen < 0) return (struct inspect_range){0, n};
    return (struct inspect_range){(uint32_t)chosen, (uint32_t)chosen + 1};
}

struct inspect_choice inspected_ranges(const struct inspected_choice *c, const struct model *m, uint32_t n)
{
    return (struct inspect_choice){range_of(c->layer, m->n_layer), range_of(c->head, m->n_head),
                                   range_of(c->branch, m->n_branch), range_of(c->token, n)};
}

bool inspected_same(const struct inspected_choice *a, const struct inspected_choice *b)
{
    return a->layer == b->layer && a->head == b->head && a->branch == b->branch && a->token == b->token;
}

/* The keys of the text with the most mass. */
static void choose_places(struct inspected *i)
{
    struct inspected_place *all = i->places;
    for (size_t k = 0; k < i->in->n_keys && i->in->keys[k].position < i->in->n_text; k++) {
        const struct inspect_key *key = &i->in->keys[k];
        if (i->n_places == INSPECTED_PLACES && key->mass <= all[i->n_places - 1].mass) continue;
        size_t at = i->n_places < INSPECTED_PLACES ? i->n_places++ : i->n_places - 1;
        for (; at > 0 && all[at - 1].mass < key->mass; at--) all[at] = all[at - 1];
        all[at] = (struct inspected_place){.position = key->position, .mass = key->mass, .branches = key->branches};
    }
}

static bool range_holds(struct inspect_range r, uint32_t i)
{
    return i >= r.begin && i < r.end;
}

/* What one head of one layer has for the chosen tokens, added to the branches' and to its own. */
static void add_head(struct inspected *i, uint32_t layer, uint32_t head)
{
    const struct inspection *in = i->in;
    const struct inspect_range tokens = range_of(i->choice.token, in->n_token),
                               branches = range_of(i->choice.branch, in->n_branch);
    const bool chosen = range_holds(range_of(i->choice.layer, in->n_layer), layer) &&
                        range_holds(range_of(i->choice.head, in->n_head), head);
    double *own = &i->heads[(size_t)layer * in->n_head + head];
    for (uint32_t branch = 0; branch < in->n_branch; branch++)
        for (uint32_t t = tokens.begin; t < tokens.end; t++) {
            const size_t at = inspection_at(in, layer, head, branch, t);
            if (range_holds(branches, branch)) *own += (double)in->text[at];
            if (!chosen) continue;
            i->mass[branch] += (double)in->mass[at];
            i->text[branch] += (double)in->text[at];
        }
    *own /= tokens.end - tokens.begin;
}

/* Once, here, so that drawing need not. */
static void sum_up(struct inspected *i)
{
    const struct inspection *in = i->in;
    const struct inspect_range layers = range_of(i->choice.layer, in->n_layer),
                               heads = range_of(i->choice.head, in->n_head),
                               tokens = range_of(i->choice.token, in->n_token);
    const double n = (double)(layers.end - layers.begin) * (heads.end - heads.begin) * (tokens.end - tokens.begin);
    for (uint32_t layer = 0; layer < in->n_layer; layer++)
        for (uint32_t head = 0; head < in->n_head; head++) add_head(i, layer, head);
    for (uint32_t branch = 0; branch < in->n_branch; branch++) {
        i->mass[branch] /= n;
        i->text[branch] /= n;
    }
}

int inspected_open(struct inspected **out, struct inspection *in, const struct inspected_choice *c, struct error *e)
{
    struct inspected *i = calloc(1, sizeof *i);
    double *sums = malloc((in->n_keys + 1) * sizeof *sums),
           *heads = calloc((size_t)in->n_layer * in->n_head, sizeof *heads);
    if (!i || !sums || !heads) {
        free(i);
        free(sums);
        free(heads);
        inspect_close(in);
        return error_memory(e);
    }
    i->choice = *c;
    i->in = in;
    i->sums = sums;
    i->heads = heads;
    sums[0] = 0;
    for (size_t k = 0; k < in->n_keys; k++) sums[k + 1] = sums[k] + in->keys[k].mass;
    i->on_text = inspected_share(i, 0, in->n_text);
    i->on_question = sums[in->n_keys] - i->on_text;
    choose_places(i);
    sum_up(i);
    *out = i;
    return 0;
}

void inspected_close(struct inspected *i)
{
    if (!i) return;
    inspect_close(i->in);
    free(i->sums);
    free(i->heads);
    free(i->tokens);
    free(i);
}

/* Keys before a position. */
static size_t keys_before(const struct inspected *i, uint64_t position)
{
    size_t low = 0, high = i->in->n_keys;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (i->in->keys[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double inspected_share(const struct inspected *i, uint64_t begin, uint64_t end)
{
    return begin < end ? i->sums[keys_before(i, end)] - i->sums[keys_before(i, begin)] : 0;
}

bool inspected_hottest(const struct inspected *i, uint64_t begin, uint64_t end, uint64_t *position)
{
    double most = 0;
    for (size_t k = keys_before(i, begin); k < i->in->n_keys && i->in->keys[k].position < end; k++) {
        if (i->in->keys[k].mass <= most) continue;
        most = i->in->keys[k].mass;
        *position = i->in->keys[k].position;
    }
    return most > 0;
}

/* The offsets of all heads are consecutive from 0 under either rule: between the first and the last every one is there.
 */
static void count_grids(const struct inspected *i, const struct model *m, const struct branch *b,
                        struct inspected_branch *out)
{
    const bool far = m->windows && b->dilation_rate > 1; /* a question that is a window by itself sees nothing by it */
    const struct inspect_range heads = range_of(i->choice.head, m->n_head),
                               tokens = range_of(i->choice.token, i->in->n_token);
    const uint64_t w = b->segment_length,
                   reached = !m->windows && i->in->n_text / w == i->in->start / w ? i->in->n_text % w : 0;
    out->segment = i->in->start / w * w;
    out->n_tokens = tokens.end - tokens.begin;
    out->offset_first = UINT64_MAX;
    for (uint32_t head = heads.begin; head < heads.end; head++) {
        uint64_t offset = dilation_head_offset(m->offset_rule, head, m->n_head, b->dilation_rate);
        if (offset >= b->dilation_rate) continue;
        if (offset < out->offset_first) out->offset_first = offset;
        if (offset > out->offset_last) out->offset_last = offset;
    }
    for (uint64_t offset = out->offset_first; offset <= out->offset_last; offset++) {
        uint64_t n = dilation_count(b, offset, reached), first = out->segment + offset;
        if (n == 0) continue;
        uint64_t last = first + (n - 1) * b->dilation_rate;
        if (out->n_keys == 0) out->key_first = first;
        if (last > out->key_last) out->key_last = last;
        out->n_keys += n;
    }
    for (uint32_t t = tokens.begin; t < tokens.end; t++) {
        uint64_t residue = (i->in->start + t) % w % b->dilation_rate;
        out->n_covered += !far && residue >= out->offset_first && residue <= out->offset_last;
    }
}

void inspected_branch(const struct inspected *i, const struct model *m, uint32_t branch, struct inspected_branch *out)
{
    *out = (struct inspected_branch){.mass = i->mass[branch], .text = i->text[branch]};
    count_grids(i, m, &m->branch[branch], out);
}

double inspected_head(const struct inspected *i, uint32_t layer, uint32_t head)
{
    return i->heads[(size_t)layer * i->in->n_head + head];
}
