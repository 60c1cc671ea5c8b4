#include "compute/encoder.h"

#include <stdlib.h>

#include "compute/backend.h"
#include "compute/encoder_model.h"
#include "compute/encoder_stack.h"
#include "compute/error.h"

/* Rows that are computed at a time: as many as the device likes, and no more than a few dozen windows. */
enum { MOST_ROWS = 16384 };

struct encoder {
    const struct encoder_model *model;
    struct backend *backend;
    uint32_t rows; /* of a part at most */
    struct encoder_stack *stack;
    struct matrix *token_types;
    struct encoder_pair head;
    struct matrix *heads;       /* [rows][n_heads] */
    int32_t *positions, *types; /* owned, [rows]: of a part */
    uint32_t *starts;           /* owned, [rows + 1]: of a part's windows */
    uint32_t n_windows;
};

static int open_all(struct encoder *n, struct error *e)
{
    const struct encoder_model *m = n->model;
    struct backend *b = n->backend;
    const struct weights *const types = &m->token_types;
    const struct encoder_weights *const head = &m->head;
    const struct encoder_stack_shape shape = {.n_layer = m->n_layer,
                                              .d = m->n_embd,
                                              .f = m->n_ff,
                                              .norm_eps = m->norm_eps,
                                              .rows = n->rows,
                                              .token_embd = m->token_embd,
                                              .position_embd = m->position_embd,
                                              .token_embd_norm = m->token_embd_norm,
                                              .layers = m->layers};
    return encoder_stack_open(&n->stack, &shape, b, e) != 0 ||
                   b->ops->matrix_load(&n->token_types, b, &types, 1, e) != 0 ||
                   encoder_stack_load(&n->head, b, &head, 1, e) != 0 ||
                   b->ops->matrix_open(&n->heads, b, n->rows, m->n_heads, e) != 0
               ? -1
               : 0;
}

int encoder_open(struct encoder **out, const struct encoder_model *m, struct backend *b, struct error *e)
{
    if (m->head_dim > b->info.max_head_dim)
        return error_set(e, "%s: heads of %u columns, the device takes %u", m->path, m->head_dim, b->info.max_head_dim);
    struct encoder *n = calloc(1, sizeof *n);
    if (!n) return error_memory(e);
    n->model = m;
    n->backend = b;
    n->rows = b->info.chunk_rows < MOST_ROWS ? b->info.chunk_rows : MOST_ROWS;
    if (n->rows < m->context_length) n->rows = m->context_length;
    n->positions = calloc(n->rows, sizeof *n->positions);
    n->types = calloc(n->rows, sizeof *n->types);
    n->starts = calloc(n->rows + 1, sizeof *n->starts);
    int failed = n->positions && n->types && n->starts ? 0 : error_memory(e);
    if (failed || open_all(n, e) != 0) {
        encoder_close(n);
        return -1;
    }
    *out = n;
    return 0;
}

void encoder_close(struct encoder *n)
{
    if (!n) return;
    encoder_stack_close(n->stack);
    n->backend->ops->matrix_close(n->token_types);
    n->backend->ops->matrix_close(n->heads);
    encoder_stack_unload(&n->head, n->backend);
    free(n->positions);
    free(n->types);
    free(n->starts);
    free(n);
}

size_t encoder_memory(const struct encoder *n)
{
    return encoder_stack_memory(n->stack) + n->token_types->bytes + n->head.weight->bytes + n->head.bias->bytes +
           n->heads->bytes;
}

static int check_batch(const struct encoder_model *m, const struct encoder_batch *b, struct error *e)
{
    if (b->n < 1 || b->starts[0] != 0) return error_set(e, "encoder: no windows, or the first does not begin at 0");
    for (uint32_t i = 0; i < b->n; i++)
        if (b->starts[i + 1] <= b->starts[i] || b->starts[i + 1] - b->starts[i] > m->context_length)
            return error_set(e, "encoder: window %u has no tokens or more than %u", i, m->context_length);
    for (uint32_t i = 0; i < b->starts[b->n]; i++) {
        if (b->ids[i] < 0 || (uint32_t)b->ids[i] >= m->n_vocab)
            return error_set(e, "encoder: token %u is %d of %u", i, (int)b->ids[i], m->n_vocab);
        if (b->types[i] >= m->n_types)
            return error_set(e, "encoder: token %u has type %u of %u", i, b->types[i], m->n_types);
    }
    return 0;
}

static void attend(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out)
{
    const struct encoder *n = context;
    (void)layer;
    n->backend->ops->attend_windows(&(struct attend_windows){.out = out,
                                                             .qkv = qkv,
                                                             .starts = n->starts,
                                                             .n = n->n_windows,
                                                             .n_head = n->model->n_head,
                                                             .head_dim = n->model->head_dim});
}

/* Windows [first, first + n_windows), which have `rows` rows. */
static int run_part(struct encoder *n, const struct encoder_batch *b, uint32_t first, uint32_t n_windows, uint32_t rows,
                    float *heads, struct error *e)
{
    const struct backend_ops *ops = n->backend->ops;
    const uint32_t begin = b->starts[first];
    n->n_windows = n_windows;
    for (uint32_t i = 0; i <= n_windows; i++) n->starts[i] = b->starts[first + i] - begin;
    for (uint32_t i = 0, window = 0; i < rows; i++) {
        if (i == n->starts[window + 1]) window++;
        n->positions[i] = (int32_t)(i - n->starts[window]);
        n->types[i] = b->types[begin + i];
    }
    encoder_stack_embed(n->stack, b->ids + begin, n->positions, n->token_types, n->types, rows);
    const struct encoder_attend windows = {attend, n};
    for (uint32_t i = 0; i < n->model->n_layer; i++) encoder_stack_run(n->stack, i, rows, &windows);
    ops->project(&(struct project){
        .out = n->heads, .x = encoder_stack_rows(n->stack), .w = n->head.weight, .bias = n->head.bias, .n = rows});
    return ops->matrix_read(n->heads, 0, rows, heads + (size_t)begin * n->model->n_heads, e);
}

int encoder_run(struct encoder *n, const struct encoder_batch *batch, float *heads, struct error *e)
{
    if (check_batch(n->model, batch, e) != 0) return -1;
    for (uint32_t first = 0, end; first < batch->n; first = end) {
        for (end = first + 1; end < batch->n && batch->starts[end + 1] - batch->starts[first] <= n->rows;) end++;
        if (run_part(n, batch, first, end - first, batch->starts[end] - batch->starts[first], heads, e) != 0) return -1;
    }
    return 0;
}
