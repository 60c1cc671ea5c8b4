#include "app/measure/scale.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/measure/scale_attention.h"
#include "app/measure/scale_model.h"
#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/error.h"

/* Where no lengths are named: as far as the paper's figure 5 goes, and for the reader what takes a minute. */
static const uint64_t attention_lengths[] = {1 << 13, 1 << 16, 1 << 19, 1 << 22, 1 << 25, 1 << 28, 1000000000};
static const uint64_t model_lengths[] = {1 << 13, 1 << 14, 1 << 15, 1 << 16};

/* Seconds after which a dense row is given up. */
static const double DENSE_LIMIT = 60;

/* How far a row may be off, in the device's own tolerance. Outputs of attention are sums of values of variance 1: one
 * key too many or too few among n moves an output by about 1/n, and rows with few keys and with many are checked.
 * Logits are of order 10, and in int8 a difference in the order of sums now and then rounds an input to the next step,
 * which the layers behind it magnify (up to 0.47 seen of 64 rows' logits; 2e-5 in fp32). */
static const double ATTENTION_TOLERANCE = 0.2, MODEL_TOLERANCE = 25;

struct run {
    const struct scale_options *options;
    struct backend *backend;
    const struct model *model;
    const struct scale_callbacks *callbacks;
    bool dense_over;
};

static int give(const struct run *r, const struct scale_row *row, double tolerance, struct error *e)
{
    if (r->callbacks->row(r->callbacks->context, row, e) != 0) return -1;
    const struct scale_result *x = &row->result;
    if (x->max_error <= tolerance * (double)r->backend->info.tolerance) return 0;
    return error_set(e, "%s, %" PRIu64 " tokens: %zu positions checked, wrong by up to %.3g", row->what, row->tokens,
                     x->checked_positions, x->max_error);
}

static struct scale_watch watch(const struct run *r, double limit)
{
    const struct scale_callbacks *c = r->callbacks;
    return (struct scale_watch){
        .cancel = c->cancel, .comm = c->comm, .limit = limit, .progress = c->progress, .context = c->context};
}

static int run_attention(const struct run *r, uint64_t tokens, struct error *e)
{
    const struct scale_options *o = r->options;
    struct scale_row row = {.what = "attention", .tokens = tokens};
    struct scale_watch w = watch(r, 0);
    struct attention shape;
    if (scale_attention_ladder(&shape, o->n_head, o->head_dim, o->segment, o->ratio, tokens, e) != 0) return -1;
    int status = o->has_at ? scale_attention_at(&row.result, r->backend, &shape, tokens, &w, e)
                           : scale_attention_read(&row.result, r->backend, &shape, tokens, &w, e);
    return status != 0 ? -1 : give(r, &row, ATTENTION_TOLERANCE, e);
}

static int run_dense(struct run *r, uint64_t tokens, struct error *e)
{
    const struct scale_options *o = r->options;
    const struct scale_callbacks *c = r->callbacks;
    struct scale_row row = {.what = "dense", .tokens = tokens};
    struct scale_watch w = watch(r, DENSE_LIMIT);
    struct attention shape;
    char why[128] = "";
    double bytes = 2.0 * (double)tokens * (double)o->n_head * (double)o->head_dim * sizeof(float);
    if (r->backend->info.memory && bytes > (double)r->backend->info.memory) {
        snprintf(why, sizeof why, "its keys and values would take %.3g GB", bytes / 1e9);
    } else if (scale_attention_dense(&shape, o->n_head, o->head_dim, tokens, e) != 0 ||
               scale_attention_read(&row.result, r->backend, &shape, tokens, &w, e) != 0) {
        return -1;
    } else if (row.result.gave_up) {
        snprintf(why, sizeof why, "more than %.0f s", DENSE_LIMIT);
    }
    if (!why[0]) return give(r, &row, ATTENTION_TOLERANCE, e);
    r->dense_over = true;
    c->gave_up(c->context, tokens, why);
    return 0;
}

static int run_model(const struct run *r, uint64_t tokens, struct error *e)
{
    const struct scale_options *o = r->options;
    struct scale_row row = {.what = "model", .tokens = tokens, .disk = scale_model_disk(r->model)};
    struct scale_watch w = watch(r, 0);
    int status = o->has_at ? scale_model_at(&row.result, r->backend, r->model, tokens, &w, e)
                           : scale_model_read(&row.result, r->backend, r->model, tokens, &w, e);
    return status != 0 ? -1 : give(r, &row, MODEL_TOLERANCE, e);
}

static int run_length(struct run *r, uint64_t tokens, struct error *e)
{
    const struct scale_callbacks *c = r->callbacks;
    c->begin(c->context, r->options->model ? "model" : "attention", tokens);
    if (r->options->model) return run_model(r, tokens, e);
    if (run_attention(r, tokens, e) != 0) return -1;
    if (!r->options->against_dense || r->dense_over) return 0;
    c->begin(c->context, "dense", tokens);
    return run_dense(r, tokens, e);
}

int scale_measure(const struct scale_options *o, struct backend *b, const struct model *m,
                  const struct scale_callbacks *c, struct error *e)
{
    if (!o->model && o->head_dim > b->info.max_head_dim)
        return error_set(e, "heads of %" PRIu32 " columns, this device runs up to %" PRIu32, o->head_dim,
                         b->info.max_head_dim);
    const uint64_t *lengths = o->n_tokens ? o->tokens : o->model ? model_lengths : attention_lengths;
    size_t n = o->n_tokens ? o->n_tokens
               : o->model  ? sizeof model_lengths / sizeof *model_lengths
                           : sizeof attention_lengths / sizeof *attention_lengths;
    struct run r = {.options = o, .backend = b, .model = m, .callbacks = c};
    if (o->has_at) return run_length(&r, o->at, e);
    for (size_t i = 0; i < n; i++) {
        if (run_length(&r, lengths[i], e) != 0) return -1;
    }
    return 0;
}
