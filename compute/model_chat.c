#include "compute/model_chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/family.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/model_file.h"
#include "compute/tokenizer.h"

/* Files may say any number of positions; caches and angles are as long as what is used of them. */
enum { MAX_CONTEXT = 1 << 24, USED_CONTEXT = 1 << 15 };

enum { MAX_HEAD_DIM = 256 }; /* of every device */

/* The file does not say how logits are scaled; of the models of that kind this one alone differs. */
enum { GEMMA3_27B_LAYERS = 62 };

enum { MAX_TAPS = 16 }; /* tokens of a short convolution */

static bool has_key(const struct model *m, char key[MODEL_FILE_KEY], const char *rest)
{
    return gguf_find(m->file, model_file_key(key, m->family->name, rest)) != NULL;
}

/* Heads are as wide for keys as for values, and turn as a whole. */
static int check_widths(const struct model *m, struct error *e)
{
    static const char *const lengths[] = {"rope.dimension_count", "attention.value_length"};
    char key[MODEL_FILE_KEY];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint32_t n = 0;
        if (!has_key(m, key, lengths[i])) continue;
        if (gguf_get_u32(m->file, key, &n, e) != 0) return -1;
        if (n != m->head_dim)
            return error_set(e, "%s: %s is %u in heads of %u columns: not supported", m->path, key, n, m->head_dim);
    }
    return 0;
}

static int set_factors(struct model *m, const float *from, float all, struct error *e)
{
    m->rope_factors = malloc(m->head_dim / 2 * sizeof *m->rope_factors);
    if (!m->rope_factors) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint32_t i = 0; i < m->head_dim / 2; i++) {
        m->rope_factors[i] = from ? from[i] : all;
        if (!(m->rope_factors[i] > 0 && m->rope_factors[i] < 1e9f))
            return error_set(e, "%s: rope_freqs.weight holds %g", m->path, (double)m->rope_factors[i]);
    }
    return 0;
}

/* Longer contexts than a model was trained on first: every pair turns more slowly by a factor of its own (Llama 3.1),
 * or all by the same. */
static int read_factors(struct model *m, struct error *e)
{
    char key[MODEL_FILE_KEY];
    struct gguf_string type = {"linear", 6}; /* where only a factor is given */
    struct weights w;
    float all = 1, factors[MAX_HEAD_DIM / 2];
    if (has_key(m, key, "rope.scaling.type") && gguf_get_string(m->file, key, &type, e) != 0) return -1;
    if (!gguf_string_is(&type, "none") && !gguf_string_is(&type, "linear"))
        return error_set(e, "%s: %s %.*s is not supported (none and linear are, and rope_freqs.weight)", m->path, key,
                         (int)(type.size < 40 ? type.size : 40), type.bytes);
    if (gguf_string_is(&type, "linear") && has_key(m, key, "rope.scaling.factor") &&
        model_file_f32(m->file, key, 1e-3f, 1e3f, &all, e) != 0)
        return -1;
    if (!gguf_find_tensor(m->file, "rope_freqs.weight")) return all == 1.0f ? 0 : set_factors(m, NULL, all, e);
    if (model_file_weights(m->file, &w, "rope_freqs.weight", 0, m->head_dim / 2, e) != 0) return -1;
    weights_dequantize(&w, 0, 1, factors);
    return set_factors(m, factors, 1, e);
}

/* Layers with a window turn by a base of their own. */
static int read_window(struct model *m, struct error *e)
{
    char key[MODEL_FILE_KEY];
    m->window_layers = m->family->window_layers;
    if (!m->window_layers) return 0;
    if (m->n_layer == GEMMA3_27B_LAYERS)
        return error_set(e, "%s: %s of %d layers (27B) is not supported: its logits are scaled otherwise", m->path,
                         m->family->name, GEMMA3_27B_LAYERS);
    m->window_rope_base = 10000.0f;
    if (model_file_dimension(m->file, model_file_key(key, m->family->name, "attention.sliding_window"), &m->window,
                             e) != 0 ||
        (has_key(m, key, "attention.sliding_window_pattern") &&
         model_file_dimension(m->file, key, &m->window_layers, e) != 0) ||
        (has_key(m, key, "rope.freq_base_swa") &&
         model_file_f32(m->file, key, 1.0f, 1e12f, &m->window_rope_base, e) != 0))
        return -1;
    return 0;
}

int model_chat_read(struct model *m, struct error *e)
{
    char key[MODEL_FILE_KEY];
    m->rope_base = 10000.0f;
    m->token_file = m->token_question = m->token_answer = m->token_end = -1;
    if (has_key(m, key, "rope.freq_base") && model_file_f32(m->file, key, 1.0f, 1e12f, &m->rope_base, e) != 0)
        return -1;
    if (gguf_get_u64(m->file, model_file_key(key, m->family->name, "context_length"), &m->context_length, e) != 0)
        return -1;
    if (m->context_length < 1 || m->context_length > MAX_CONTEXT)
        return error_set(e, "%s: %s is %llu", m->path, key, (unsigned long long)m->context_length);
    if (m->context_length > USED_CONTEXT) m->context_length = USED_CONTEXT;
    if (m->head_dim > MAX_HEAD_DIM)
        return error_set(e, "%s: heads of %u columns, at most %d are supported", m->path, m->head_dim, MAX_HEAD_DIM);
    m->position_mode = POSITION_ROPE_ALL;
    m->offset_rule = OFFSET_PAPER;
    m->n_branch = 1;
    m->branch[0] = (struct branch){m->context_length, 1};
    return check_widths(m, e) != 0 || read_factors(m, e) != 0 || read_window(m, e) != 0 ? -1 : 0;
}

/* An id that may be missing: -1. */
static int read_optional_id(const struct model *m, const char *key, int32_t *out, struct error *e)
{
    uint32_t id = 0;
    *out = -1;
    if (!gguf_find(m->file, key)) return 0;
    if (gguf_get_u32(m->file, key, &id, e) != 0) return -1;
    if (id >= m->n_vocab) return error_set(e, "%s: %s is %u of %u pieces", m->path, key, id, m->n_vocab);
    *out = (int32_t)id;
    return 0;
}

int model_chat_read_tokens(struct model *m, struct error *e)
{
    const struct gguf *g = m->file;
    if (read_optional_id(m, "tokenizer.ggml.bos_token_id", &m->token_bos, e) != 0 ||
        read_optional_id(m, "tokenizer.ggml.eos_token_id", &m->token_eos, e) != 0) {
        return -1;
    }
    const struct gguf_value *bos = gguf_find(g, "tokenizer.ggml.add_bos_token");
    uint64_t n = tokenizer_begins_texts(m->tokenizer); /* so it is where the file does not say */
    if (bos) gguf_element_u64(bos, 0, &n);
    m->starts_with_bos = n != 0 && m->token_bos >= 0;
    struct gguf_string template = {NULL, 0};
    if (!gguf_find(g, "tokenizer.chat_template")) return 0;
    if (gguf_get_string(g, "tokenizer.chat_template", &template, e) != 0) return -1;
    m->chat_template = strndup(template.bytes, template.size);
    return m->chat_template ? 0 : error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
}

bool model_chat_has_conv(const struct model *m, uint32_t layer)
{
    char name[64];
    snprintf(name, sizeof name, "blk.%u.shortconv.conv.weight", layer);
    return m->family && m->family->short_conv && gguf_find_tensor(m->file, name);
}

int model_chat_find_conv(const struct model *m, uint32_t layer, struct error *e)
{
    struct model_layer *l = &m->layers[layer];
    const uint32_t d = m->n_embd;
    char key[MODEL_FILE_KEY], in[64], conv[64], out[64];
    uint32_t taps = 0;
    snprintf(in, sizeof in, "blk.%u.shortconv.in_proj.weight", layer);
    snprintf(conv, sizeof conv, "blk.%u.shortconv.conv.weight", layer);
    snprintf(out, sizeof out, "blk.%u.shortconv.out_proj.weight", layer);
    if (model_file_dimension(m->file, model_file_key(key, m->family->name, "shortconv.l_cache"), &taps, e) != 0)
        return -1;
    if (taps > MAX_TAPS) return error_set(e, "%s: %s is %u, at most %d are supported", m->path, key, taps, MAX_TAPS);
    if (m->n_head * m->head_dim != d)
        return error_set(e, "%s: %s models with heads of other width than tokens are not supported", m->path,
                         m->family->name);
    return model_file_weights(m->file, &l->conv_in, in, 3 * d, d, e) != 0 ||
                   model_file_weights(m->file, &l->conv, conv, d, taps, e) != 0 ||
                   model_file_weights(m->file, &l->attn_output, out, d, d, e) != 0
               ? -1
               : 0;
}

/* The layer of a tensor "blk.LAYER.name"; -1: it is of none. */
static long layer_of(const struct gguf_string *name)
{
    uint32_t i = 4, layer = 0;
    if (name->size < i || memcmp(name->bytes, "blk.", i) != 0) return -1;
    for (; i < name->size && name->bytes[i] >= '0' && name->bytes[i] <= '9' && i < 12; i++)
        layer = layer * 10 + (uint32_t)(name->bytes[i] - '0');
    return (long)layer;
}

static bool is_used(const struct model_layer *l, const struct gguf_tensor *t)
{
    const struct weights *const used[] = {
        &l->attn_norm,      &l->attn_q,   &l->attn_k,        &l->attn_v,  &l->q_bias,   &l->k_bias,
        &l->v_bias,         &l->q_norm,   &l->k_norm,        &l->conv_in, &l->conv,     &l->attn_output,
        &l->attn_post_norm, &l->ffn_norm, &l->ffn_post_norm, &l->ffn_up,  &l->ffn_gate, &l->ffn_down};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        if (used[i]->bytes == t->bytes) return true;
    return false;
}

int model_chat_check_tensors(const struct model *m, struct error *e)
{
    for (size_t i = 0; i < gguf_n_tensors(m->file); i++) {
        const struct gguf_tensor *t = gguf_tensor(m->file, i);
        const long layer = layer_of(&t->name);
        if (layer >= 0 && (layer >= (long)m->n_layer || !is_used(&m->layers[layer], t)))
            return error_set(e, "%s: %s models with %.*s are not supported", m->path, m->family->name,
                             (int)(t->name.size < 64 ? t->name.size : 64), t->name.bytes);
    }
    return 0;
}
