#include "compute/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/error.h"
#include "compute/family.h"
#include "compute/gguf.h"
#include "compute/model_chat.h"
#include "compute/model_file.h"
#include "compute/tokenizer.h"
#include "compute/window_model.h"

#define TENSORS_PER_LAYER 8

/* One of the two words; *out is 0 or 1. */
static int read_choice(const struct gguf *g, const char *key, const char *first, const char *second, int *out,
                       struct error *e)
{
    struct gguf_string s = {NULL, 0};
    if (gguf_get_string(g, key, &s, e) != 0) return -1;
    if (!gguf_string_is(&s, first) && !gguf_string_is(&s, second)) {
        return error_set(e, "%s: %s is neither %s nor %s", gguf_name(g), key, first, second);
    }
    *out = gguf_string_is(&s, second);
    return 0;
}

/* One number, or one a layer: then 0 where a layer has no attention, and the same everywhere else. */
static int read_key_heads(struct model *m, const char *key, struct error *e)
{
    const struct gguf *g = m->file;
    const struct gguf_value *v = gguf_find(g, key);
    if (!v || v->type != GGUF_ARRAY) return model_file_dimension(g, key, &m->n_head_kv, e);
    if (v->count != m->n_layer) return error_set(e, "%s: %s is not one number a layer", gguf_name(g), key);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        uint64_t n;
        if (!gguf_element_u64(v, i, &n) || n > m->n_head || (n > 0 && m->n_head_kv > 0 && n != m->n_head_kv))
            return error_set(e, "%s: %s: layers with different numbers of heads are not supported", gguf_name(g), key);
        if (n > 0) m->n_head_kv = (uint32_t)n;
    }
    return m->n_head_kv > 0 ? 0 : error_set(e, "%s: %s: no layer has heads", gguf_name(g), key);
}

static int read_sizes(struct model *m, const char *architecture, struct error *e)
{
    const struct gguf *g = m->file;
    const char *name = gguf_name(g);
    const struct {
        const char *key;
        uint32_t *out;
    } all[] = {{"embedding_length", &m->n_embd},
               {"block_count", &m->n_layer},
               {"feed_forward_length", &m->n_ff},
               {"attention.head_count", &m->n_head}};
    char key[MODEL_FILE_KEY];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (model_file_dimension(g, model_file_key(key, architecture, all[i].key), all[i].out, e) != 0) return -1;
    }
    if (read_key_heads(m, model_file_key(key, architecture, "attention.head_count_kv"), e) != 0) return -1;
    if (model_file_f32(g, model_file_key(key, architecture, "attention.layer_norm_rms_epsilon"), 0.0f, 1.0f,
                       &m->norm_eps, e) != 0)
        return -1;
    const char *width = model_file_key(key, architecture, "attention.key_length");
    if (gguf_find(g, width) && model_file_dimension(g, width, &m->head_dim, e) != 0) return -1;
    if (m->head_dim == 0 && m->n_embd % m->n_head != 0) {
        return error_set(e, "%s: a width of %u is no multiple of %u heads", name, m->n_embd, m->n_head);
    }
    if (m->head_dim == 0) m->head_dim = m->n_embd / m->n_head;
    if (m->n_head % m->n_head_kv != 0) {
        return error_set(e, "%s: %u heads are no multiple of %u key heads", name, m->n_head, m->n_head_kv);
    }
    if (m->head_dim % 2 != 0)
        return error_set(e, "%s: heads of %u columns cannot be rotated by pairs", name, m->head_dim);
    if (m->n_layer > gguf_n_tensors(g) / TENSORS_PER_LAYER) {
        return error_set(e, "%s: %u layers, but there are %zu tensors", name, m->n_layer, gguf_n_tensors(g));
    }
    return 0;
}

static int read_position(struct model *m, struct error *e)
{
    const struct gguf *g = m->file;
    int mode = 0, rule = 0;
    if (model_file_f32(g, "longnet.rope.freq_base", 1.0f, 1e12f, &m->rope_base, e) != 0 ||
        read_choice(g, "longnet.position_mode", "rope-local", "rope-all", &mode, e) != 0 ||
        read_choice(g, "longnet.dilated.offset_rule", "paper", "torchscale", &rule, e) != 0) {
        return -1;
    }
    m->position_mode = mode ? POSITION_ROPE_ALL : POSITION_ROPE_LOCAL;
    m->offset_rule = rule ? OFFSET_TORCHSCALE : OFFSET_PAPER;
    return 0;
}

static int open_tokenizer(struct model *m, struct error *e)
{
    if (tokenizer_open_model(&m->tokenizer, m->file, e) != 0) return -1;
    m->n_vocab = tokenizer_n_pieces(m->tokenizer);
    return 0;
}

static int read_control(struct model *m, const char *key, int32_t *out, struct error *e)
{
    uint32_t id = 0;
    if (gguf_get_u32(m->file, key, &id, e) != 0) return -1;
    if (id >= m->n_vocab) return error_set(e, "%s: %s is %u of %u pieces", gguf_name(m->file), key, id, m->n_vocab);
    if (tokenizer_piece(m->tokenizer, (int32_t)id, NULL, 0) != 0) {
        return error_set(e, "%s: %s is %u, which is no control piece", gguf_name(m->file), key, id);
    }
    *out = (int32_t)id;
    return 0;
}

static int read_controls(struct model *m, struct error *e)
{
    if (read_control(m, "longnet.token.file", &m->token_file, e) != 0 ||
        read_control(m, "longnet.token.question", &m->token_question, e) != 0 ||
        read_control(m, "longnet.token.answer", &m->token_answer, e) != 0 ||
        read_control(m, "longnet.token.end", &m->token_end, e) != 0) {
        return -1;
    }
    const int32_t ids[] = {m->token_file, m->token_question, m->token_answer, m->token_end};
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            if (ids[i] == ids[j])
                return error_set(e, "%s: two control tokens have the id %d", gguf_name(m->file), (int)ids[i]);
        }
    }
    return 0;
}

/* A layer's tensor of that name, if it is wanted. */
struct wanted {
    struct weights *out;
    const char *name;
    uint32_t rows, cols;
    bool wanted;
};

static int find_wanted(const struct model *m, uint32_t layer, const struct wanted *all, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "blk.%u.%s", layer, all[i].name);
        if (all[i].wanted && model_file_weights(m->file, all[i].out, name, all[i].rows, all[i].cols, e) != 0) return -1;
    }
    return 0;
}

static int find_attention(const struct model *m, uint32_t layer, struct error *e)
{
    struct model_layer *l = &m->layers[layer];
    uint32_t d = m->n_embd, q = m->n_head * m->head_dim, kv = m->n_head_kv * m->head_dim;
    const bool bias = m->family && m->family->qkv_bias, norm = m->family && m->family->qk_norm;
    const struct wanted all[] = {
        {&l->attn_q, "attn_q.weight", q, d, true},
        {&l->attn_k, "attn_k.weight", kv, d, true},
        {&l->attn_v, "attn_v.weight", kv, d, true},
        {&l->q_bias, "attn_q.bias", 0, q, bias},
        {&l->k_bias, "attn_k.bias", 0, kv, bias},
        {&l->v_bias, "attn_v.bias", 0, kv, bias},
        {&l->q_norm, "attn_q_norm.weight", 0, m->head_dim, norm},
        {&l->k_norm, "attn_k_norm.weight", 0, m->head_dim, norm},
        {&l->attn_output, "attn_output.weight", d, q, true},
    };
    return find_wanted(m, layer, all, sizeof all / sizeof *all, e);
}

static int find_layer_weights(const struct model *m, uint32_t layer, struct error *e)
{
    struct model_layer *l = &m->layers[layer];
    const uint32_t d = m->n_embd;
    const bool after = m->family && m->family->norms_after;
    const struct wanted all[] = {
        {&l->attn_norm, "attn_norm.weight", 0, d, true},
        {&l->attn_post_norm, "post_attention_norm.weight", 0, d, after},
        {&l->ffn_norm, "ffn_norm.weight", 0, d, true},
        {&l->ffn_gate, "ffn_gate.weight", m->n_ff, d, true},
        {&l->ffn_up, "ffn_up.weight", m->n_ff, d, true},
        {&l->ffn_down, "ffn_down.weight", d, m->n_ff, true},
        {&l->ffn_post_norm, "post_ffw_norm.weight", 0, d, after},
    };
    if (find_wanted(m, layer, all, sizeof all / sizeof *all, e) != 0) return -1;
    return model_chat_has_conv(m, layer) ? model_chat_find_conv(m, layer, e) : find_attention(m, layer, e);
}

static int find_all_weights(struct model *m, struct error *e)
{
    const char *norm = m->family && m->family->output_norm ? m->family->output_norm : "output_norm.weight";
    if (model_file_weights(m->file, &m->token_embd, "token_embd.weight", m->n_vocab, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &m->output_norm, norm, 0, m->n_embd, e) != 0) {
        return -1;
    }
    m->output = m->token_embd;
    if (gguf_find_tensor(m->file, "output.weight") &&
        model_file_weights(m->file, &m->output, "output.weight", m->n_vocab, m->n_embd, e) != 0) {
        return -1;
    }
    m->layers = calloc(m->n_layer, sizeof *m->layers);
    if (!m->layers) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint32_t layer = 0; layer < m->n_layer; layer++) {
        if (find_layer_weights(m, layer, e) != 0) return -1;
    }
    return 0;
}

static int read_evidence(struct model *m, struct error *e)
{
    const struct gguf *g = m->file;
    struct model_evidence *v = &m->evidence;
    if (!gguf_find(g, "longnet.evidence.width")) return 0;
    if (model_file_dimension(g, "longnet.evidence.width", &v->width, e) != 0 ||
        model_file_f32(g, "longnet.evidence.log_eps", -50.0f, 50.0f, &v->log_eps, e) != 0 ||
        model_file_f32(g, "longnet.evidence.log_tau", -50.0f, 50.0f, &v->log_tau, e) != 0 ||
        model_file_f32(g, "longnet.evidence.fusion_weight", 0.0f, 1e6f, &v->fusion_weight, e) != 0) {
        return -1;
    }
    if (model_file_weights(m->file, &v->token, "evidence_token.weight", m->n_vocab, v->width, e) != 0 ||
        model_file_weights(m->file, &v->k, "evidence_k.weight", v->width, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &v->q, "evidence_q.weight", v->width, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &v->gate_token, "evidence_gate_token.weight", 0, m->n_vocab, e) != 0 ||
        model_file_weights(m->file, &v->gate, "evidence_gate.weight", 0, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &v->tau, "evidence_tau.weight", 0, m->n_embd, e) != 0) {
        return -1;
    }
    return 0;
}

/* The file's own name for itself, or its path. */
static int copy_names(struct model *m, const char *path, struct error *e)
{
    struct gguf_string s = {NULL, 0};
    m->path = strdup(path);
    if (gguf_find(m->file, "general.name") && gguf_get_string(m->file, "general.name", &s, e) != 0) return -1;
    m->name = s.size > 0 ? strndup(s.bytes, s.size) : strdup(path);
    return m->path && m->name ? 0 : error_set_kind(e, ERROR_MEMORY, "%s: out of memory", path);
}

static int read_longnet(struct model *m, struct error *e)
{
    if (read_sizes(m, "longnet", e) != 0 || read_position(m, e) != 0 ||
        model_file_branches(m->file, "longnet", m->branch, &m->n_branch, &m->context_length, e) != 0 ||
        open_tokenizer(m, e) != 0 || read_controls(m, e) != 0 || find_all_weights(m, e) != 0 ||
        read_evidence(m, e) != 0) {
        return -1;
    }
    m->token_bos = m->token_eos = -1;
    return 0;
}

/* Dense attention is dilated attention with one branch as long as the context. */
static int read_chat(struct model *m, struct error *e)
{
    m->family = family_find(m->file, e);
    if (!m->family || read_sizes(m, m->family->name, e) != 0 || model_chat_read(m, e) != 0 ||
        open_tokenizer(m, e) != 0 || model_chat_read_tokens(m, e) != 0 || find_all_weights(m, e) != 0)
        return -1;
    return model_chat_check_tensors(m, e);
}

static int read_architecture(struct model *m, struct error *e)
{
    struct gguf_string architecture = {NULL, 0};
    if (gguf_get_string(m->file, "general.architecture", &architecture, e) != 0) return -1;
    if (gguf_string_is(&architecture, "longnet-windows")) return window_model_read(m, e);
    return gguf_string_is(&architecture, "longnet") ? read_longnet(m, e) : read_chat(m, e);
}

/* Takes the file over, whatever comes of it. */
static int open_file(struct model **out, const char *path, struct gguf *file, struct error *e)
{
    struct model *m = calloc(1, sizeof *m);
    if (!m) {
        gguf_close(file);
        return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", path);
    }
    m->file = file;
    if (copy_names(m, path, e) != 0 || read_architecture(m, e) != 0) {
        model_close(m);
        return -1;
    }
    size_t size;
    const uint8_t *bytes = gguf_bytes(file, &size);
    m->hash = XXH3_64bits(bytes, size);
    *out = m;
    return 0;
}

int model_open(struct model **out, const char *path, struct error *e)
{
    struct gguf *file = NULL;
    if (gguf_open(&file, path, e) != 0) return -1;
    return open_file(out, path, file, e);
}

int model_open_bytes(struct model **out, const char *path, const uint8_t *bytes, size_t size, struct error *e)
{
    struct gguf *file = NULL;
    if (gguf_open_bytes(&file, path, bytes, size, e) != 0) return -1;
    return open_file(out, path, file, e);
}

void model_close(struct model *m)
{
    if (!m) return;
    tokenizer_close(m->tokenizer);
    gguf_close(m->file);
    window_model_close(m->windows);
    free(m->layers);
    free(m->rope_factors);
    free(m->path);
    free(m->name);
    free(m->chat_template);
    free(m);
}

uint64_t model_local_segment(const struct model *m)
{
    for (uint32_t i = 0; i < m->n_branch; i++)
        if (m->branch[i].dilation_rate == 1) return m->branch[i].segment_length;
    return m->branch[0].segment_length;
}

uint32_t model_window(const struct model *m)
{
    return m->windows ? m->windows->window : 1;
}

int32_t model_token_sep(const struct model *m)
{
    return m->windows ? m->windows->token_sep : -1;
}

uint32_t model_question_tokens(const struct model *m)
{
    const uint64_t n = model_local_segment(m) - (model_token_sep(m) >= 0 ? 2 : 1);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

uint32_t model_layer_window(const struct model *m, uint32_t layer)
{
    return m->window_layers && (layer + 1) % m->window_layers != 0 ? m->window : 0;
}

const struct gguf *model_words(const struct model *m)
{
    return m->windows && m->windows->words ? m->windows->words : m->file;
}

uint64_t model_n_parameters(const struct model *m)
{
    uint64_t n = model_words(m) == m->file ? 0 : (uint64_t)m->n_vocab * m->n_embd;
    for (size_t i = 0; i < gguf_n_tensors(m->file); i++) {
        const struct gguf_tensor *t = gguf_tensor(m->file, i);
        n += t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
    }
    return n;
}
