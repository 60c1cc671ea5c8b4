#include "compute/encoder_stack.h"

#include <stdlib.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/shared_words.h"

enum { MAX_PARTS = 3, N_PAIRS = 6 };

struct layer {
    struct encoder_pair qkv, output, output_norm, up, down, norm;
};

struct encoder_stack {
    struct backend *backend; /* borrowed */
    uint32_t n_layer;
    float norm_eps;
    struct matrix *token_embd, *position_embd;
    struct encoder_pair embd_norm;
    struct layer *layers;                       /* owned, [n_layer] */
    struct matrix *x, *qkv, *attended, *hidden; /* [rows][d], activations [rows][3 d], [rows][d], [rows][f] */
    struct matrix *normed; /* activations [rows][d]: x behind a norm, where products would have to make them of it */
};

/* Vectors side by side as one. */
static int load_vectors(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                        struct error *e)
{
    uint32_t cols = 0;
    for (unsigned i = 0; i < n_parts; i++) cols += parts[i]->cols;
    float *numbers = malloc(cols * sizeof *numbers);
    if (!numbers) return error_memory(e);
    float *to = numbers;
    for (unsigned i = 0; i < n_parts; to += parts[i++]->cols) weights_dequantize(parts[i], 0, 1, to);
    const struct weights all = {(const uint8_t *)numbers, WEIGHTS_F32, 1, cols, cols * sizeof *numbers};
    int failed = b->ops->matrix_load(out, b, (const struct weights *const[]){&all}, 1, e);
    free(numbers);
    return failed;
}

/* Projections of the same rows become one, one under the other. */
int encoder_stack_load(struct encoder_pair *out, struct backend *b, const struct encoder_weights *const from[],
                       unsigned n_from, struct error *e)
{
    const struct weights *weights[MAX_PARTS] = {0}, *biases[MAX_PARTS] = {0};
    for (unsigned i = 0; i < n_from; i++) {
        weights[i] = &from[i]->weight;
        biases[i] = &from[i]->bias;
    }
    return b->ops->matrix_load(&out->weight, b, weights, n_from, e) != 0 ||
                   load_vectors(&out->bias, b, biases, n_from, e) != 0
               ? -1
               : 0;
}

void encoder_stack_unload(struct encoder_pair *p, struct backend *b)
{
    b->ops->matrix_close(p->weight);
    b->ops->matrix_close(p->bias);
}

static int load_one(struct encoder_pair *out, struct backend *b, const struct encoder_weights *from, struct error *e)
{
    return encoder_stack_load(out, b, (const struct encoder_weights *const[]){from}, 1, e);
}

static int load_layer(struct layer *out, struct backend *b, const struct encoder_layer *from, struct error *e)
{
    const struct encoder_weights *const qkv[] = {&from->attn_q, &from->attn_k, &from->attn_v};
    const bool failed =
        encoder_stack_load(&out->qkv, b, qkv, 3, e) != 0 || load_one(&out->output, b, &from->attn_output, e) != 0 ||
        load_one(&out->output_norm, b, &from->attn_output_norm, e) != 0 ||
        load_one(&out->up, b, &from->ffn_up, e) != 0 || load_one(&out->down, b, &from->ffn_down, e) != 0 ||
        load_one(&out->norm, b, &from->layer_output_norm, e) != 0;
    return failed ? -1 : 0;
}

static int load_all(struct encoder_stack *s, const struct encoder_stack_shape *shape, struct error *e)
{
    struct backend *b = s->backend;
    const struct weights *const position = &shape->position_embd;
    if (shared_words_load(&s->token_embd, b, &shape->token_embd, e) != 0 ||
        b->ops->matrix_load(&s->position_embd, b, &position, 1, e) != 0 ||
        load_one(&s->embd_norm, b, &shape->token_embd_norm, e) != 0)
        return -1;
    for (uint32_t i = 0; i < shape->n_layer; i++)
        if (load_layer(&s->layers[i], b, &shape->layers[i], e) != 0) return -1;
    return b->ops->matrix_open(&s->x, b, shape->rows, shape->d, e) != 0 ||
                   (b->info.halves && b->ops->activations_open(&s->normed, b, shape->rows, shape->d, e) != 0) ||
                   b->ops->activations_open(&s->qkv, b, shape->rows, 3 * shape->d, e) != 0 ||
                   b->ops->activations_open(&s->attended, b, shape->rows, shape->d, e) != 0 ||
                   b->ops->activations_open(&s->hidden, b, shape->rows, shape->f, e) != 0
               ? -1
               : 0;
}

int encoder_stack_open(struct encoder_stack **out, const struct encoder_stack_shape *shape, struct backend *b,
                       struct error *e)
{
    struct encoder_stack *s = calloc(1, sizeof *s);
    struct layer *layers = calloc(shape->n_layer, sizeof *layers);
    if (!s || !layers) {
        free(s);
        free(layers);
        return error_memory(e);
    }
    *s = (struct encoder_stack){.backend = b, .n_layer = shape->n_layer, .norm_eps = shape->norm_eps, .layers = layers};
    if (load_all(s, shape, e) != 0) {
        encoder_stack_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

/* Every pair of a layer. */
static void pairs_of(struct layer *l, struct encoder_pair *out[N_PAIRS])
{
    struct encoder_pair *const all[N_PAIRS] = {&l->qkv, &l->output, &l->output_norm, &l->up, &l->down, &l->norm};
    for (int i = 0; i < N_PAIRS; i++) out[i] = all[i];
}

void encoder_stack_close(struct encoder_stack *s)
{
    if (!s) return;
    struct matrix *const all[] = {s->position_embd, s->x, s->normed, s->qkv, s->attended, s->hidden};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) s->backend->ops->matrix_close(all[i]);
    shared_words_unload(s->backend, s->token_embd);
    encoder_stack_unload(&s->embd_norm, s->backend);
    for (uint32_t i = 0; i < s->n_layer; i++) {
        struct encoder_pair *pairs[N_PAIRS];
        pairs_of(&s->layers[i], pairs);
        for (int k = 0; k < N_PAIRS; k++) encoder_stack_unload(pairs[k], s->backend);
    }
    free(s->layers);
    free(s);
}

size_t encoder_stack_memory(const struct encoder_stack *s)
{
    const struct matrix *const all[] = {s->token_embd, s->position_embd, s->embd_norm.weight, s->embd_norm.bias,
                                        s->x,          s->qkv,           s->attended,         s->hidden};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) bytes += all[i]->bytes;
    if (s->normed) bytes += s->normed->bytes;
    for (uint32_t i = 0; i < s->n_layer; i++) {
        struct encoder_pair *pairs[N_PAIRS];
        pairs_of(&s->layers[i], pairs);
        for (int k = 0; k < N_PAIRS; k++) bytes += pairs[k]->weight->bytes + pairs[k]->bias->bytes;
    }
    return bytes;
}

static void norm(struct encoder_stack *s, const struct encoder_pair *p, uint32_t n)
{
    s->backend->ops->layer_norm(&(struct layer_norm){
        .x = s->x, .copy = s->normed, .weight = p->weight, .bias = p->bias, .eps = s->norm_eps, .n = n});
}

void encoder_stack_embed(struct encoder_stack *s, const int32_t *ids, const int32_t *positions,
                         const struct matrix *extra, const int32_t *extra_ids, uint32_t n)
{
    const struct backend_ops *ops = s->backend->ops;
    ops->embed(s->x, s->token_embd, ids, n, 1, false);
    ops->embed(s->x, s->position_embd, positions, n, 1, true);
    if (extra) ops->embed(s->x, extra, extra_ids, n, 1, true);
    norm(s, &s->embd_norm, n);
}

void encoder_stack_run(struct encoder_stack *s, uint32_t layer, uint32_t n, const struct encoder_attend *attend)
{
    const struct backend_ops *ops = s->backend->ops;
    const struct layer *l = &s->layers[layer];
    ops->project(
        &(struct project){.out = s->qkv, .x = encoder_stack_rows(s), .w = l->qkv.weight, .bias = l->qkv.bias, .n = n});
    attend->attend(attend->context, layer, s->qkv, s->attended);
    ops->project(&(struct project){
        .out = s->x, .x = s->attended, .w = l->output.weight, .bias = l->output.bias, .n = n, .add = true});
    norm(s, &l->output_norm, n);
    ops->project(&(struct project){
        .out = s->hidden, .x = encoder_stack_rows(s), .w = l->up.weight, .bias = l->up.bias, .n = n, .gelu = true});
    ops->project(
        &(struct project){.out = s->x, .x = s->hidden, .w = l->down.weight, .bias = l->down.bias, .n = n, .add = true});
    norm(s, &l->norm, n);
}

struct matrix *encoder_stack_rows(const struct encoder_stack *s)
{
    return s->normed ? s->normed : s->x;
}
