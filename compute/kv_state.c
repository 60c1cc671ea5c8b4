#include "compute/kv_state.h"

#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/kv_row.h"

static const char whole_magic[8] = "LECTKV01", shrunk_magic[8] = "LECTKV2W", part_magic[8] = "LECTKV2P";

struct kv_state_header kv_state_header(const struct attention *a, uint32_t n_layer, uint64_t position)
{
    struct kv_state_header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, whole_magic, sizeof h.magic);
    h.position = position;
    h.n_layer = n_layer;
    h.n_head = a->n_head;
    h.n_head_kv = a->n_head_kv;
    h.head_dim = a->head_dim;
    h.n_branch = a->n_branch;
    h.offset_rule = (uint32_t)a->offset_rule;
    memcpy(h.branch, a->branch, a->n_branch * sizeof *a->branch);
    return h;
}

uint32_t kv_state_kept_at(const struct attention *a, uint32_t branch, uint32_t head, uint64_t position)
{
    const struct branch *b = &a->branch[branch];
    uint64_t offset = dilation_head_offset(a->offset_rule, head, a->n_head, b->dilation_rate);
    return offset < b->dilation_rate ? (uint32_t)dilation_count(b, offset, position % b->segment_length) : 0;
}

bool kv_state_possible(const struct attention *a, const uint32_t *kept, uint64_t position)
{
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const uint32_t *branch = kept + (size_t)i * a->n_head, heads = a->n_head / a->cache_heads[i];
        for (uint32_t head = 0; head < a->n_head; head++)
            if (branch[head] > kv_state_kept_at(a, i, head, position) || branch[head] != branch[head / heads * heads])
                return false;
    }
    return true;
}

/* --- what is where in a state --- */

/* A run: the kept rows of a branch and head. A part has rows [stored, stored_end): those before are the earlier
 * state's, those behind the finer branch's, row k being its row k * step - first. */
struct run {
    uint32_t n, stored, stored_end, n_before;
    uint64_t step, first;
    size_t at, before_at; /* rows, of keys and values, of a layer before it; the same in the earlier state */
    size_t finer;         /* run of the finer branch */
};

struct layout {
    struct kv_state_header h;
    struct attention shape;
    uint32_t *kept;                                /* owned */
    struct run *runs;                              /* of a layer; owned */
    size_t n_runs, rows, before_rows, stored_rows; /* of a layer, keys and values */
};

static void layout_free(struct layout *l)
{
    free(l->kept);
    free(l->runs);
}

static size_t kept_size(const struct attention *a)
{
    return (size_t)a->n_branch * a->n_head * sizeof(uint32_t);
}

/* The positions that a head keeps of a branch, where nothing was skipped. */
static uint64_t offset_of(const struct attention *a, uint32_t branch, uint32_t head)
{
    return dilation_head_offset(a->offset_rule, head, a->n_head, a->branch[branch].dilation_rate);
}

/* Whether a branch's later rows are rows of the one before it too. Keys of an undilated branch may be turned by their
 * positions (models/FORMAT.md), so it shares nothing. */
static bool is_nested(const struct layout *l, uint32_t branch, uint32_t head)
{
    const struct attention *a = &l->shape;
    if (branch == 0 || a->cache_heads[branch] != a->cache_heads[branch - 1]) return false;
    const struct branch *finer = &a->branch[branch - 1], *b = &a->branch[branch];
    return finer->dilation_rate > 1 && finer->segment_length % finer->dilation_rate == 0 &&
           b->dilation_rate % finer->dilation_rate == 0 && b->segment_length % finer->segment_length == 0 &&
           offset_of(a, branch, head) < finer->dilation_rate &&
           offset_of(a, branch, head) == offset_of(a, branch - 1, head) &&
           l->kept[branch * a->n_head + head] == kv_state_kept_at(a, branch, head, l->h.position) &&
           l->kept[(branch - 1) * a->n_head + head] == kv_state_kept_at(a, branch - 1, head, l->h.position);
}

static struct run make_run(const struct layout *l, const struct layout *before, uint32_t branch, uint32_t head)
{
    const struct attention *a = &l->shape;
    const struct branch *b = &a->branch[branch];
    const uint64_t p = l->h.position, w = b->segment_length;
    struct run r = {.n = l->kept[branch * a->n_head + head]};
    r.stored_end = r.n;
    if (before) r.n_before = before->kept[branch * a->n_head + head];
    if (before && before->h.position / w == p / w && r.n_before <= r.n) r.stored = r.n_before;
    if (is_nested(l, branch, head)) {
        const struct branch *finer = &a->branch[branch - 1];
        uint64_t apart = p / finer->segment_length * finer->segment_length - p / w * w;
        uint64_t own = dilation_count(b, offset_of(a, branch, head), apart);
        if (own < r.n) r.stored_end = (uint32_t)own;
        r.step = b->dilation_rate / finer->dilation_rate;
        r.first = apart / finer->dilation_rate;
    }
    if (r.stored > r.stored_end) r.stored_end = r.stored;
    return r;
}

static int lay_out_runs(struct layout *l, const struct layout *before, struct error *e)
{
    const struct attention *a = &l->shape;
    l->runs = calloc((size_t)a->n_branch * a->n_head, sizeof *l->runs);
    if (!l->runs) return error_memory(e);
    for (uint32_t i = 0; i < a->n_branch; i++)
        for (uint32_t run = 0; run < a->cache_heads[i]; run++) {
            struct run *r = &l->runs[l->n_runs];
            *r = make_run(l, before, i, run * (a->n_head / a->cache_heads[i]));
            r->at = l->rows;
            r->before_at = l->before_rows;
            r->finer = i > 0 ? l->n_runs - a->cache_heads[i - 1] : 0;
            l->rows += 2 * (size_t)r->n;
            l->before_rows += 2 * (size_t)r->n_before;
            l->stored_rows += 2 * (size_t)(r->stored_end - r->stored);
            l->n_runs++;
        }
    return 0;
}

static int set_shape(struct layout *l, struct error *e)
{
    const struct kv_state_header *h = &l->h;
    if (h->n_layer > 4096 || h->n_head > 4096 || h->head_dim == 0 || h->head_dim > KV_ROW_COLUMNS ||
        h->n_branch > DILATION_MAX_BRANCHES || h->offset_rule > OFFSET_TORCHSCALE)
        return error_set(e, "state: its shape is not possible");
    l->shape = (struct attention){.n_head = h->n_head, .n_head_kv = h->n_head_kv, .head_dim = h->head_dim};
    l->shape.n_branch = h->n_branch;
    l->shape.offset_rule = (enum offset_rule)h->offset_rule;
    memcpy(l->shape.branch, h->branch, sizeof h->branch);
    return attention_layout(&l->shape, e);
}

/* Reads what a state begins with. `before`: of the earlier state, or NULL. The caller frees, on failure too. */
static int read_layout(struct layout *l, const uint8_t *bytes, size_t size, const char magic[8],
                       const struct layout *before, struct error *e)
{
    *l = (struct layout){.n_runs = 0};
    if (size < sizeof l->h) return error_set(e, "state: %zu bytes are too few", size);
    memcpy(&l->h, bytes, sizeof l->h);
    if (memcmp(l->h.magic, magic, sizeof l->h.magic) != 0) return error_set(e, "state: of another kind");
    if (set_shape(l, e) != 0) return -1;
    if (size - sizeof l->h < kept_size(&l->shape)) return error_set(e, "state: %zu bytes are too few", size);
    l->kept = malloc(kept_size(&l->shape));
    if (!l->kept) return error_memory(e);
    memcpy(l->kept, bytes + sizeof l->h, kept_size(&l->shape));
    if (!kv_state_possible(&l->shape, l->kept, l->h.position))
        return error_set(e, "state: its counts of kept keys are not possible");
    if (before && (before->h.position > l->h.position || before->h.n_layer != l->h.n_layer ||
                   memcmp(&before->shape, &l->shape, sizeof l->shape) != 0))
        return error_set(e, "state: the one before it is of another shape or comes later");
    return lay_out_runs(l, before, e);
}

/* Where the rows begin, and the bytes of a state of `rows` rows a layer. */
static size_t rows_begin(const struct layout *l)
{
    return sizeof l->h + kept_size(&l->shape);
}

static size_t size_of(const struct layout *l, size_t rows, size_t row)
{
    return rows_begin(l) + rows * l->h.n_layer * row;
}

static size_t small_row(const struct layout *l)
{
    return kv_row_bytes(l->shape.head_dim);
}

static int check_size(const struct layout *l, size_t rows, size_t row, size_t size, struct error *e)
{
    if (size == size_of(l, rows, row)) return 0;
    return error_set(e, "state: %zu bytes, expected %zu", size, size_of(l, rows, row));
}

/* A state of `size` bytes that begins as `l` says, its rows to be filled in. */
static uint8_t *begin_state(const struct layout *l, const char magic[8], size_t size, struct error *e)
{
    uint8_t *bytes = malloc(size);
    if (!bytes) {
        error_set_kind(e, ERROR_MEMORY, "out of memory for a state of %zu bytes", size);
        return NULL;
    }
    memcpy(bytes, &l->h, sizeof l->h);
    memcpy(bytes, magic, sizeof l->h.magic);
    memcpy(bytes + sizeof l->h, l->kept, kept_size(&l->shape));
    return bytes;
}

/* --- rounding --- */

int kv_state_shrink(uint8_t **out, size_t *size_out, const uint8_t *state, size_t size, struct error *e)
{
    struct layout l;
    uint8_t *bytes = NULL;
    float row[KV_ROW_COLUMNS];
    int failed = read_layout(&l, state, size, whole_magic, NULL, e);
    const size_t wide = l.shape.head_dim * sizeof(float);
    if (!failed) failed = check_size(&l, l.rows, wide, size, e);
    if (!failed) failed = (bytes = begin_state(&l, shrunk_magic, size_of(&l, l.rows, small_row(&l)), e)) ? 0 : -1;
    for (size_t i = 0; !failed && i < l.rows * l.h.n_layer; i++) {
        memcpy(row, state + rows_begin(&l) + i * wide, wide);
        kv_row_shrink(bytes + rows_begin(&l) + i * small_row(&l), row, l.shape.head_dim);
    }
    if (!failed) {
        *out = bytes;
        *size_out = size_of(&l, l.rows, small_row(&l));
    }
    layout_free(&l);
    return failed;
}

int kv_state_expand(uint8_t **out, size_t *size_out, const uint8_t *shrunk, size_t size, struct error *e)
{
    struct layout l;
    uint8_t *bytes = NULL;
    float row[KV_ROW_COLUMNS];
    int failed = read_layout(&l, shrunk, size, shrunk_magic, NULL, e);
    const size_t wide = l.shape.head_dim * sizeof(float);
    if (!failed) failed = check_size(&l, l.rows, small_row(&l), size, e);
    if (!failed) failed = (bytes = begin_state(&l, whole_magic, size_of(&l, l.rows, wide), e)) ? 0 : -1;
    for (size_t i = 0; !failed && i < l.rows * l.h.n_layer; i++) {
        kv_row_expand(row, shrunk + rows_begin(&l) + i * small_row(&l), l.shape.head_dim);
        memcpy(bytes + rows_begin(&l) + i * wide, row, wide);
    }
    if (!failed) {
        *out = bytes;
        *size_out = size_of(&l, l.rows, wide);
    }
    layout_free(&l);
    return failed;
}

/* --- parts --- */

/* The layouts of a state and of the one before it, sizes checked. */
static int read_both(struct layout *l, struct layout *b, const uint8_t *bytes, size_t size, const char magic[8],
                     const uint8_t *before, size_t before_size, struct error *e)
{
    *l = *b = (struct layout){.n_runs = 0};
    if (before && (read_layout(b, before, before_size, shrunk_magic, NULL, e) != 0 ||
                   check_size(b, b->rows, small_row(b), before_size, e) != 0))
        return -1;
    if (read_layout(l, bytes, size, magic, before ? b : NULL, e) != 0) return -1;
    return check_size(l, magic == part_magic ? l->stored_rows : l->rows, small_row(l), size, e);
}

int kv_state_part(uint8_t **out, size_t *size_out, const uint8_t *shrunk, size_t size, const uint8_t *before,
                  size_t before_size, struct error *e)
{
    struct layout l, b;
    uint8_t *bytes = NULL;
    int failed = read_both(&l, &b, shrunk, size, shrunk_magic, before, before_size, e);
    if (!failed) failed = (bytes = begin_state(&l, part_magic, size_of(&l, l.stored_rows, small_row(&l)), e)) ? 0 : -1;
    uint8_t *to = failed ? NULL : bytes + rows_begin(&l);
    for (size_t i = 0; !failed && i < l.h.n_layer * l.n_runs; i++) {
        const struct run *r = &l.runs[i % l.n_runs];
        const uint8_t *from = shrunk + rows_begin(&l) + (i / l.n_runs * l.rows + r->at) * small_row(&l);
        const size_t n = (r->stored_end - r->stored) * small_row(&l);
        memcpy(to, from + r->stored * small_row(&l), n);
        memcpy(to + n, from + (r->n + r->stored) * small_row(&l), n);
        to += 2 * n;
    }
    if (!failed) {
        *out = bytes;
        *size_out = size_of(&l, l.stored_rows, small_row(&l));
    }
    layout_free(&l);
    layout_free(&b);
    return failed;
}

/* Puts a run's rows, of keys or values, together: the earlier state's, the part's own, the finer branch's. */
static void join_rows(uint8_t *to, const struct run *r, const uint8_t *before, const uint8_t *own, const uint8_t *finer,
                      size_t row)
{
    if (r->stored > 0) memcpy(to, before, r->stored * row);
    if (r->stored_end > r->stored) memcpy(to + r->stored * row, own, (r->stored_end - r->stored) * row);
    for (uint64_t k = r->stored_end; k < r->n; k++) memcpy(to + k * row, finer + (k * r->step - r->first) * row, row);
}

int kv_state_whole(uint8_t **out, size_t *size_out, const uint8_t *part, size_t size, const uint8_t *before,
                   size_t before_size, struct error *e)
{
    struct layout l, b;
    uint8_t *bytes = NULL;
    int failed = read_both(&l, &b, part, size, part_magic, before, before_size, e);
    const size_t row = small_row(&l);
    if (!failed) failed = (bytes = begin_state(&l, shrunk_magic, size_of(&l, l.rows, row), e)) ? 0 : -1;
    const uint8_t *own = failed ? NULL : part + rows_begin(&l);
    for (size_t i = 0; !failed && i < l.h.n_layer * l.n_runs; i++) {
        const struct run *r = &l.runs[i % l.n_runs], *finer = &l.runs[r->finer];
        const size_t layer = i / l.n_runs, n = (r->stored_end - r->stored) * row;
        uint8_t *base = bytes + rows_begin(&l) + layer * l.rows * row, *to = base + r->at * row;
        const uint8_t *earlier = before ? before + rows_begin(&l) + (layer * l.before_rows + r->before_at) * row : NULL;
        const uint8_t *shared = base + finer->at * row;
        join_rows(to, r, earlier, own, shared, row);
        join_rows(to + r->n * row, r, before ? earlier + r->n_before * row : NULL, own + n, shared + finer->n * row,
                  row);
        own += 2 * n;
    }
    if (!failed) {
        *out = bytes;
        *size_out = size_of(&l, l.rows, row);
    }
    layout_free(&l);
    layout_free(&b);
    return failed;
}

/* --- sizes --- */

/* The layout of a state after every token before `position`. */
static int make_layout(struct layout *l, const struct attention *a, uint32_t n_layer, uint64_t position,
                       const struct layout *before)
{
    *l = (struct layout){.h = kv_state_header(a, n_layer, position), .shape = *a, .kept = malloc(kept_size(a))};
    if (!l->kept) return -1;
    for (uint32_t i = 0; i < a->n_branch; i++)
        for (uint32_t head = 0; head < a->n_head; head++)
            l->kept[i * a->n_head + head] = kv_state_kept_at(a, i, head, position);
    return lay_out_runs(l, before, NULL);
}

size_t kv_state_part_size_at(const struct attention *a, uint32_t n_layer, uint64_t position, uint64_t before)
{
    struct layout l = {.n_runs = 0}, b;
    size_t size = 0;
    if (make_layout(&b, a, n_layer, before, NULL) == 0 && make_layout(&l, a, n_layer, position, &b) == 0)
        size = size_of(&l, l.stored_rows, small_row(&l));
    layout_free(&l);
    layout_free(&b);
    return size;
}
