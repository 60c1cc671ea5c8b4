#include "compute/encoder.h"

#include <stdlib.h>

#include "compute/backend.h"
#include "compute/encoder_model.h"
#include "compute/error.h"
#include "compute/weights.h"

/* Rows that are computed at a time: as many as the device likes, and no more than a few dozen windows. */
enum { MOST_ROWS = 16384, MAX_PARTS = 3 };

/* A projection or a layer norm on the device. */
struct pair {
    struct matrix *weight, *bias;
};

struct layer {
    struct pair qkv, output, output_norm, up, down, norm;
};

struct encoder {
    const struct encoder_model *model;
    struct backend *backend;
    uint32_t rows; /* of a part at most */
    struct matrix *token_embd, *position_embd, *token_types;
    struct pair embd_norm, head;
    struct layer *layers;                       /* owned, [n_layer] */
    struct matrix *x, *qkv, *attended, *hidden; /* [rows][d], activations [rows][3 d], [rows][d], [rows][f] */
    struct matrix *heads;                       /* [rows][n_heads] */
    int32_t *positions, *types;                 /* owned, [rows]: of a part */
    uint32_t *starts;                           /* owned, [rows + 1]: of a part's windows */
    size_t memory;
};

static int keep(struct encoder *n, struct matrix **out, struct matrix *m)
{
    n->memory += m->bytes;
    *out = m;
    return 0;
}

static int load(struct encoder *n, struct matrix **out, const struct weights *const parts[], unsigned n_parts,
                struct error *e)
{
    struct matrix *m;
    if (n->backend->ops->matrix_load(&m, n->backend, parts, n_parts, e) != 0) return -1;
    return keep(n, out, m);
}

/* Vectors side by side as one. */
static int load_vectors(struct encoder *n, struct matrix **out, const struct weights *const parts[], unsigned n_parts,
                        struct error *e)
{
    uint32_t cols = 0;
    for (unsigned i = 0; i < n_parts; i++) cols += parts[i]->cols;
    float *numbers = malloc(cols * sizeof *numbers);
    if (!numbers) return error_memory(e);
    float *to = numbers;
    for (unsigned i = 0; i < n_parts; to += parts[i++]->cols) weights_dequantize(parts[i], 0, 1, to);
    const struct weights all = {(const uint8_t *)numbers, WEIGHTS_F32, 1, cols, cols * sizeof *numbers};
    int failed = load(n, out, (const struct weights *const[]){&all}, 1, e);
    free(numbers);
    return failed;
}

/* Projections of the same rows become one, one under the other. */
static int load_pairs(struct encoder *n, struct pair *out, const struct encoder_weights *const from[], unsigned n_from,
                      struct error *e)
{
    const struct weights *weights[MAX_PARTS], *biases[MAX_PARTS];
    for (unsigned i = 0; i < n_from; i++) {
        weights[i] = &from[i]->weight;
        biases[i] = &from[i]->bias;
    }
    return load(n, &out->weight, weights, n_from, e) != 0 || load_vectors(n, &out->bias, biases, n_from, e) != 0 ? -1
                                                                                                                 : 0;
}

static int load_pair(struct encoder *n, struct pair *out, const struct encoder_weights *from, struct error *e)
{
    return load_pairs(n, out, (const struct encoder_weights *const[]){from}, 1, e);
}

static int load_layer(struct encoder *n, struct layer *out, const struct encoder_layer *from, struct error *e)
{
    const struct encoder_weights *const qkv[] = {&from->attn_q, &from->attn_k, &from->attn_v};
    const bool failed =
        load_pairs(n, &out->qkv, qkv, 3, e) != 0 || load_pair(n, &out->output, &from->attn_output, e) != 0 ||
        load_pair(n, &out->output_norm, &from->attn_output_norm, e) != 0 ||
        load_pair(n, &out->up, &from->ffn_up, e) != 0 || load_pair(n, &out->down, &from->ffn_down, e) != 0 ||
        load_pair(n, &out->norm, &from->layer_output_norm, e) != 0;
    return failed ? -1 : 0;
}

static int load_all(struct encoder *n, struct error *e)
{
    const struct encoder_model *m = n->model;
    const struct weights *const tables[] = {&m->token_embd, &m->position_embd, &m->token_types};
    struct matrix **const to[] = {&n->token_embd, &n->position_embd, &n->token_types};
    for (int i = 0; i < 3; i++)
        if (load(n, to[i], &tables[i], 1, e) != 0) return -1;
    if (load_pair(n, &n->embd_norm, &m->token_embd_norm, e) != 0 || load_pair(n, &n->head, &m->head, e) != 0) return -1;
    for (uint32_t i = 0; i < m->n_layer; i++)
        if (load_layer(n, &n->layers[i], &m->layers[i], e) != 0) return -1;
    return 0;
}

static int open_activations(struct encoder *n, struct error *e)
{
    const struct encoder_model *m = n->model;
    const struct {
        struct matrix **out;
        uint32_t cols;
        bool numbers; /* not what products and attention read alone */
    } all[] = {{&n->x, m->n_embd, true},
               {&n->qkv, 3 * m->n_embd, false},
               {&n->attended, m->n_embd, false},
               {&n->hidden, m->n_ff, false},
               {&n->heads, m->n_heads, true}};
    const struct backend_ops *ops = n->backend->ops;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct matrix *opened;
        if ((all[i].numbers ? ops->matrix_open : ops->activations_open)(&opened, n->backend, n->rows, all[i].cols, e) !=
            0)
            return -1;
        keep(n, all[i].out, opened);
    }
    return 0;
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
    n->layers = calloc(m->n_layer, sizeof *n->layers);
    n->positions = calloc(n->rows, sizeof *n->positions);
    n->types = calloc(n->rows, sizeof *n->types);
    n->starts = calloc(n->rows + 1, sizeof *n->starts);
    int failed = n->layers && n->positions && n->types && n->starts ? 0 : error_memory(e);
    if (failed || load_all(n, e) != 0 || open_activations(n, e) != 0) {
        encoder_close(n);
        return -1;
    }
    *out = n;
    return 0;
}

static void close_pair(const struct backend_ops *ops, struct pair *p)
{
    ops->matrix_close(p->weight);
    ops->matrix_close(p->bias);
}

void encoder_close(struct encoder *n)
{
    if (!n) return;
    const struct backend_ops *ops = n->backend->ops;
    struct matrix *const all[] = {n->token_embd, n->position_embd, n->token_types, n->x,
                                  n->qkv,        n->attended,      n->hidden,      n->heads};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ops->matrix_close(all[i]);
    close_pair(ops, &n->embd_norm);
    close_pair(ops, &n->head);
    for (uint32_t i = 0; n->layers && i < n->model->n_layer; i++) {
        struct layer *l = &n->layers[i];
        struct pair *const pairs[] = {&l->qkv, &l->output, &l->output_norm, &l->up, &l->down, &l->norm};
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) close_pair(ops, pairs[k]);
    }
    free(n->layers);
    free(n->positions);
    free(n->types);
    free(n->starts);
    free(n);
}

size_t encoder_memory(const struct encoder *n)
{
    return n->memory;
}

static int check(const struct encoder_model *m, const struct encoder_batch *b, struct error *e)
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

static void norm(struct encoder *n, const struct pair *p, uint32_t rows)
{
    n->backend->ops->layer_norm(
        &(struct layer_norm){.x = n->x, .weight = p->weight, .bias = p->bias, .eps = n->model->norm_eps, .n = rows});
}

static void run_layer(struct encoder *n, const struct layer *l, uint32_t n_windows, uint32_t rows)
{
    const struct backend_ops *ops = n->backend->ops;
    ops->project(&(struct project){.out = n->qkv, .x = n->x, .w = l->qkv.weight, .bias = l->qkv.bias, .n = rows});
    ops->attend_windows(&(struct attend_windows){.out = n->attended,
                                                 .qkv = n->qkv,
                                                 .starts = n->starts,
                                                 .n = n_windows,
                                                 .n_head = n->model->n_head,
                                                 .head_dim = n->model->head_dim});
    ops->project(&(struct project){
        .out = n->x, .x = n->attended, .w = l->output.weight, .bias = l->output.bias, .n = rows, .add = true});
    norm(n, &l->output_norm, rows);
    ops->project(
        &(struct project){.out = n->hidden, .x = n->x, .w = l->up.weight, .bias = l->up.bias, .n = rows, .gelu = true});
    ops->project(&(struct project){
        .out = n->x, .x = n->hidden, .w = l->down.weight, .bias = l->down.bias, .n = rows, .add = true});
    norm(n, &l->norm, rows);
}

/* Windows [first, first + n_windows), which have `rows` rows. */
static int run_part(struct encoder *n, const struct encoder_batch *b, uint32_t first, uint32_t n_windows, uint32_t rows,
                    float *heads, struct error *e)
{
    const struct backend_ops *ops = n->backend->ops;
    const uint32_t begin = b->starts[first];
    for (uint32_t i = 0; i <= n_windows; i++) n->starts[i] = b->starts[first + i] - begin;
    for (uint32_t i = 0, window = 0; i < rows; i++) {
        if (i == n->starts[window + 1]) window++;
        n->positions[i] = (int32_t)(i - n->starts[window]);
        n->types[i] = b->types[begin + i];
    }
    ops->embed(n->x, n->token_embd, b->ids + begin, rows, false);
    ops->embed(n->x, n->position_embd, n->positions, rows, true);
    ops->embed(n->x, n->token_types, n->types, rows, true);
    norm(n, &n->embd_norm, rows);
    for (uint32_t i = 0; i < n->model->n_layer; i++) run_layer(n, &n->layers[i], n_windows, rows);
    ops->project(&(struct project){.out = n->heads, .x = n->x, .w = n->head.weight, .bias = n->head.bias, .n = rows});
    return ops->matrix_read(n->heads, 0, rows, heads + (size_t)begin * n->model->n_heads, e);
}

int encoder_run(struct encoder *n, const struct encoder_batch *batch, float *heads, struct error *e)
{
    if (check(n->model, batch, e) != 0) return -1;
    for (uint32_t first = 0, end; first < batch->n; first = end) {
        for (end = first + 1; end < batch->n && batch->starts[end + 1] - batch->starts[first] <= n->rows;) end++;
        if (run_part(n, batch, first, end - first, batch->starts[end] - batch->starts[first], heads, e) != 0) return -1;
    }
    return 0;
}
