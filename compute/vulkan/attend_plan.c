#include "compute/vulkan/attend_plan.h"

#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Keys of a tile where they are shared out. */
enum { PART_KEYS = 128 };

void attend_plan_free(struct attend_plan *p)
{
    attend_chains_free(&p->chains);
    free(p->tiles);
    free(p->keeps);
    free(p->sorted);
    free(p->kept);
    free(p->starts);
    *p = (struct attend_plan){0};
}

/* Room for n elements of an array of the plan. */
#define RESERVE(p, array, n) reserve((void **)&(p)->array, &(p)->array##_capacity, (n), sizeof *(p)->array)

static int reserve(void **array, size_t *capacity, size_t n, size_t size)
{
    void *grown = bytes_reserve(*array, capacity, n, size);
    if (!grown) return -1;
    *array = grown;
    return 0;
}

static uint32_t count_rows(uint32_t first, uint32_t end, uint64_t r)
{
    return (uint32_t)((end - first + r - 1) / r);
}

/* The rows of one (branch, head) inside a piece, as a list of on-grid rows. */
struct run {
    uint32_t branch, head;
    struct attention_piece piece;
    uint32_t first, count, step; /* chunk rows first, first + step, ... */
};

/* False where no row is on the grid. */
static bool run_of(struct run *out, const struct attend *op, uint32_t branch, uint32_t head,
                   struct attention_piece piece)
{
    const struct attention *s = op->shape;
    const struct branch *b = &s->branch[branch];
    uint64_t offset = dilation_head_offset(s->offset_rule, head, s->n_head, b->dilation_rate);
    uint32_t first = attention_first_row(b, offset, op->position, piece.begin, piece.end);
    if (first == UINT32_MAX) return false;
    uint32_t count = count_rows(first, piece.end, b->dilation_rate);
    /* where there are two rows in a chunk, r fits */
    uint32_t step = count > 1 ? (uint32_t)b->dilation_rate : 0;
    *out = (struct run){branch, head, piece, first, count, step};
    return true;
}

/* Each branch with r = 1 has rows for the whole chunk, one branch after the other. */
static uint32_t rotated_row(const struct attend *op, uint32_t branch)
{
    const struct branch *b = op->shape->branch;
    if (!op->rotary || b[branch].dilation_rate != 1) return NONE;
    uint32_t before = 0;
    for (uint32_t i = 0; i < branch; i++) before += b[i].dilation_rate == 1;
    return before * op->n;
}

/* On-grid rows of a window, or 1 where not every window has one. */
static uint32_t rows_of_window(const struct attend *op, uint32_t branch)
{
    const uint64_t r = op->shape->branch[branch].dilation_rate;
    return r < op->local->window ? (uint32_t)(op->local->window / r) : 1;
}

static int add_tile(struct attend_plan *p, const struct attend_tile *t)
{
    if (RESERVE(p, tiles, p->n_tiles + 1) != 0) return -1;
    p->tiles[p->n_tiles++] = *t;
    return 0;
}

/* A token of an answer: its few workgroups would walk over all keys while the device waits. So the keys are shared out
 * too, and what each part gives is joined. */
static bool shares_keys(const struct attend *op)
{
    return op->n == 1 && !op->local;
}

/* Takes what is too much of a tile's keys away from its front: tiles of their own. */
static int add_parts_of_keys(struct attend_plan *p, struct attend_tile *tile)
{
    while (tile->n_cache > PART_KEYS) {
        struct attend_tile part = *tile;
        part.before += tile->n_cache - PART_KEYS;
        part.n_cache = PART_KEYS;
        part.n_key = 0;
        tile->partial++;
        tile->n_cache -= PART_KEYS;
        tile->cache_row += PART_KEYS;
        if (add_tile(p, &part) != 0) return -1;
    }
    return 0;
}

/* Keys in front that no query from row `done` of a run on sees, of the cache and of the chunk. */
static uint32_t skipped_keys(const struct attend *op, uint32_t n_cache, uint32_t done)
{
    return op->window && n_cache + done >= op->window ? n_cache + done - op->window + 1 : 0;
}

/* Partial results of each row. */
static uint32_t n_parts_of_keys(const struct attend *op, uint32_t n_cache)
{
    const uint32_t skipped = skipped_keys(op, n_cache, 0);
    return shares_keys(op) && n_cache > skipped ? (n_cache - skipped + PART_KEYS - 1) / PART_KEYS : 1;
}

/* With attend_local, of a branch with r > 1: a query sees the keys of earlier windows. The first window's see none. */
static int add_tiles(struct attend_plan *p, const struct attend *op, const struct run *r, bool direct)
{
    const struct attention *s = op->shape;
    const uint32_t n_cache = r->piece.continues ? op->kept[r->branch * s->n_head + r->head] : 0;
    const uint32_t each = op->local ? rows_of_window(op, r->branch) : 0;
    const struct attend_run results = {
        r->head, r->first, r->step, n_cache ? 0 : each, r->count, n_parts_of_keys(op, n_cache)};
    uint32_t partial = NONE;
    if (!direct && attend_chains_add(&p->chains, &results, &partial) != 0) return -1;
    for (uint32_t done = results.begin, n; done < r->count; done += n) {
        n = r->count - done < p->tile_rows ? r->count - done : p->tile_rows;
        const uint32_t last = n_cache + done + n - 1;
        const uint32_t skipped = skipped_keys(op, n_cache, done);
        const uint32_t of_cache = skipped < n_cache ? skipped : n_cache, of_chunk = skipped - of_cache;
        struct attend_tile tile = {
            .head = r->head,
            .query = r->first + done * r->step,
            .n_query = n,
            .step = r->step,
            .key = r->first + of_chunk * r->step,
            .n_key = each         ? last - last % each - n_cache
                     : op->causal ? done + n - of_chunk
                                  : r->count,
            .before = done - of_chunk,
            .cache_row = attention_cache_row(s, r->branch, r->head) + of_cache,
            .n_cache = n_cache - of_cache,
            .partial = direct ? NONE : partial + done - results.begin,
            .each = each,
            .bias = op->local ? r->branch * s->n_head + r->head : NONE,
            .rotated = rotated_row(op, r->branch),
        };
        if (results.times > 1 && !direct && add_parts_of_keys(p, &tile) != 0) return -1;
        if (add_tile(p, &tile) != 0) return -1;
    }
    return 0;
}

/* Of the piece that the chunk ends in. */
static int add_keep(struct attend_plan *p, const struct attend *op, const struct run *r)
{
    const struct attention *s = op->shape;
    const uint32_t group = s->n_head / s->n_head_kv;
    if (r->head % (s->n_head / s->cache_heads[r->branch]) != 0) return 0;            /* another head keeps the run */
    if ((op->position + op->n) % s->branch[r->branch].segment_length == 0) return 0; /* the segment is over */
    uint32_t kept = r->piece.continues ? op->kept[r->branch * s->n_head + r->head] : 0;
    if (RESERVE(p, keeps, p->n_keeps + 1) != 0) return -1;
    p->keeps[p->n_keeps++] = (struct attend_keep){
        .cache_row = attention_cache_row(s, r->branch, r->head) + kept,
        .row = r->first,
        .step = r->step,
        .count = r->count,
        .head = r->head / group,
        .rotated = rotated_row(op, r->branch),
    };
    if (r->count > p->keep_rows) p->keep_rows = r->count;
    return 0;
}

/* A branch with r = 1 in attend_local's parts: every row of a part sees all of them. */
static int add_parts(struct attend_plan *p, const struct attend *op, uint32_t branch)
{
    const uint32_t n_head = op->shape->n_head, *starts = op->local->starts, rotated = rotated_row(op, branch);
    const size_t most = n_head * ((size_t)op->local->n + op->n / p->tile_rows);
    if (RESERVE(p, tiles, p->n_tiles + most) != 0) return -1;
    for (uint32_t i = 0; i < op->local->n; i++)
        for (uint32_t head = 0; head < n_head; head++)
            for (uint32_t at = starts[i], n; at < starts[i + 1]; at += n) {
                n = starts[i + 1] - at < p->tile_rows ? starts[i + 1] - at : p->tile_rows;
                p->tiles[p->n_tiles++] = (struct attend_tile){.head = head,
                                                              .query = at,
                                                              .n_query = n,
                                                              .step = 1,
                                                              .key = starts[i],
                                                              .n_key = starts[i + 1] - starts[i],
                                                              .bias = NONE,
                                                              .partial = NONE,
                                                              .rotated = rotated};
            }
    return 0;
}

/* Heads are innermost: neighbouring tiles read the same rows of the chunk. */
static int add_branch(struct attend_plan *p, const struct attend *op, uint32_t branch, bool direct)
{
    const struct attention *s = op->shape;
    const bool in_parts = op->local && s->branch[branch].dilation_rate == 1;
    struct attention_piece piece = {0};
    for (uint32_t at = 0; at < op->n; at = piece.end) {
        piece = attention_piece_at(&s->branch[branch], op->position, at, op->n);
        for (uint32_t head = 0; head < s->n_head; head++) {
            struct run r;
            if (!run_of(&r, op, branch, head, piece)) continue;
            if (!in_parts && add_tiles(p, op, &r, direct) != 0) return -1;
            if (piece.end == op->n && add_keep(p, op, &r) != 0) return -1;
        }
    }
    return 0;
}

/* A device takes tiles in order. Neighbours read the same keys, while these are in its caches; only short tiles of the
 * second half wait to the end, so that it does not end up waiting for a late long one. */
static int put_short_last(struct attend_plan *p)
{
    if (RESERVE(p, sorted, p->n_tiles) != 0) return -1;
    size_t n = 0;
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < p->n_tiles; i++) {
            const struct attend_tile *t = &p->tiles[i];
            const int waits = i >= p->n_tiles / 2 && (uint64_t)t->n_cache + t->n_key <= p->tile_rows;
            if (waits == last) p->sorted[n++] = *t;
        }
    struct attend_tile *tiles = p->tiles;
    size_t capacity = p->tiles_capacity;
    p->tiles = p->sorted;
    p->tiles_capacity = p->sorted_capacity;
    p->sorted = tiles;
    p->sorted_capacity = capacity;
    return 0;
}

static bool has_parts(const struct attend_plan *p, const struct attend_local *local)
{
    return !local || (p->n_parts == local->n && memcmp(p->starts, local->starts, local->n * sizeof *p->starts) == 0);
}

/* But for the parts. */
static bool is_for(const struct attend_plan *p, const struct attend *op, uint32_t tile_rows)
{
    const struct attention *s = op->shape;
    return p->valid && p->position == op->position && p->n == op->n && p->causal == op->causal &&
           p->most_keys == op->window && p->tile_rows == tile_rows &&
           p->window == (op->local ? op->local->window : 0) && p->rotates == !!op->rotary &&
           memcmp(&p->shape, s, sizeof *s) == 0 &&
           memcmp(p->kept, op->kept, (size_t)s->n_branch * s->n_head * sizeof *p->kept) == 0;
}

/* All but what depends on the parts. */
static int make_fixed(struct attend_plan *p, const struct attend *op, uint32_t tile_rows)
{
    const struct attention *s = op->shape;
    const size_t n_kept = (size_t)s->n_branch * s->n_head;
    p->direct = false;
    p->n_tiles = p->n_keeps = p->keep_rows = 0;
    p->tile_rows = tile_rows;
    if (RESERVE(p, kept, n_kept) != 0 || attend_chains_begin(&p->chains, op->n, s->n_head) != 0) return -1;
    for (uint32_t i = 0; i < s->n_branch; i++) {
        const bool shared = shares_keys(op) && op->kept[i * s->n_head] > PART_KEYS;
        bool direct = !p->direct && s->branch[i].dilation_rate == 1 && !shared;
        p->direct |= direct;
        if (add_branch(p, op, i, direct) != 0) return -1;
    }
    attend_chains_end(&p->chains);
    if (put_short_last(p) != 0) return -1;
    p->n_fixed = p->n_tiles;
    p->shape = *s;
    memcpy(p->kept, op->kept, n_kept * sizeof *p->kept);
    p->window = op->local ? op->local->window : 0;
    p->position = op->position;
    p->n = op->n;
    p->causal = op->causal;
    p->most_keys = op->window;
    p->rotates = op->rotary;
    return 0;
}

static int make_parts(struct attend_plan *p, const struct attend *op)
{
    const struct attend_local *local = op->local;
    p->n_tiles = p->n_fixed;
    p->n_parts = local ? local->n : 0;
    if (!local) return 0;
    if (RESERVE(p, starts, local->n) != 0) return -1;
    memcpy(p->starts, local->starts, local->n * sizeof *p->starts);
    for (uint32_t i = 0; i < op->shape->n_branch; i++)
        if (op->shape->branch[i].dilation_rate == 1 && add_parts(p, op, i) != 0) return -1;
    return 0;
}

int attend_plan_make(struct attend_plan *p, const struct attend *op, uint32_t tile_rows,
                     enum attend_plan_change *changed, struct error *e)
{
    const bool fits = is_for(p, op, tile_rows);
    *changed = !fits ? ATTEND_PLAN_ALL : has_parts(p, op->local) ? ATTEND_PLAN_SAME : ATTEND_PLAN_PARTS;
    if (*changed == ATTEND_PLAN_SAME) return 0;
    if (!p->valid) attend_chains_all_changed(&p->chains);
    p->valid = false;
    if ((!fits && make_fixed(p, op, tile_rows) != 0) || make_parts(p, op) != 0) return error_memory(e);
    p->valid = true;
    return 0;
}
