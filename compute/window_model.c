#include "compute/window_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/model_file.h"
#include "compute/shared_words.h"
#include "compute/tokenizer.h"

#define ARCHITECTURE "longnet-windows"

enum { LEAST_WINDOW = 4, MAX_WINDOW = 1 << 16 };

static int read_sizes(struct model *m, struct error *e)
{
    const struct gguf *g = m->file;
    const struct {
        const char *key;
        uint32_t *out;
    } all[] = {{ARCHITECTURE ".block_count", &m->n_layer},
               {ARCHITECTURE ".embedding_length", &m->n_embd},
               {ARCHITECTURE ".feed_forward_length", &m->n_ff},
               {ARCHITECTURE ".attention.head_count", &m->n_head},
               {ARCHITECTURE ".evidence.width", &m->evidence.width}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (model_file_dimension(g, all[i].key, all[i].out, e) != 0) return -1;
    if (model_file_f32(g, ARCHITECTURE ".attention.layer_norm_epsilon", 0.0f, 1.0f, &m->norm_eps, e) != 0 ||
        model_file_f32(g, ARCHITECTURE ".evidence.scale", 0.0f, 1000.0f, &m->evidence.scale, e) != 0 ||
        gguf_get_u32(g, ARCHITECTURE ".segment_layers", &m->windows->segment_layers, e) != 0)
        return -1;
    if (m->n_embd % m->n_head != 0)
        return error_set(e, "%s: a width of %u is no multiple of %u heads", m->path, m->n_embd, m->n_head);
    m->n_head_kv = m->n_head;
    m->head_dim = m->n_embd / m->n_head;
    if (m->windows->segment_layers > m->n_layer)
        return error_set(e, "%s: segment_layers is %u of %u layers", m->path, m->windows->segment_layers, m->n_layer);
    if (!(m->evidence.scale > 0)) return error_set(e, "%s: " ARCHITECTURE ".evidence.scale is 0", m->path);
    if (m->evidence.width % 4 != 0)
        return error_set(e, "%s: an evidence width of %u is no multiple of 4", m->path, m->evidence.width);
    if (m->n_layer > gguf_n_tensors(g) / ENCODER_LAYER_TENSORS)
        return error_set(e, "%s: %u layers, but there are %zu tensors", m->path, m->n_layer, gguf_n_tensors(g));
    return 0;
}

/* The first branch is the window; every other one's grid and segments fit it, so that each window has as many of its
 * rows, or at most one. */
static int read_branches(struct model *m, struct error *e)
{
    struct gguf_string rule = {NULL, 0};
    if (model_file_branches(m->file, ARCHITECTURE, m->branch, &m->n_branch, &m->context_length, e) != 0 ||
        gguf_get_string(m->file, ARCHITECTURE ".dilated.offset_rule", &rule, e) != 0)
        return -1;
    if (!gguf_string_is(&rule, "paper"))
        return error_set(e, "%s: " ARCHITECTURE ".dilated.offset_rule is not paper", m->path);
    const uint64_t window = m->branch[0].segment_length;
    if (m->branch[0].dilation_rate != 1 || window < LEAST_WINDOW || window > MAX_WINDOW)
        return error_set(e, "%s: branch 0 has segment length %llu and dilation rate %llu, expected %d to %d and 1",
                         m->path, (unsigned long long)window, (unsigned long long)m->branch[0].dilation_rate,
                         LEAST_WINDOW, MAX_WINDOW);
    m->windows->window = (uint32_t)window;
    for (uint32_t i = 1; i < m->n_branch; i++) {
        const uint64_t w = m->branch[i].segment_length, r = m->branch[i].dilation_rate;
        if (r == 1 || w % window != 0 || (window % r != 0 && r % window != 0))
            return error_set(e, "%s: branch %u (%llu, %llu) does not fit windows of %u", m->path, i,
                             (unsigned long long)w, (unsigned long long)r, m->windows->window);
    }
    return 0;
}

static int read_tokenizer(struct model *m, struct error *e)
{
    if (shared_words_open(&m->windows->words, m->file, m->path, e) != 0 ||
        tokenizer_open_model(&m->tokenizer, model_words(m), e) != 0)
        return -1;
    m->n_vocab = tokenizer_n_pieces(m->tokenizer);
    m->token_file = m->token_question = tokenizer_control(m->tokenizer, "[CLS]");
    m->windows->token_sep = tokenizer_control(m->tokenizer, "[SEP]");
    if (m->token_file < 0 || m->windows->token_sep < 0)
        return error_set(e, "%s: the tokenizer has no control pieces [CLS] and [SEP]", m->path);
    m->token_answer = m->token_end = m->token_bos = m->token_eos = -1;
    return 0;
}

/* "blk.N.attn_branch.bias", [n_branch - 1][n_head], behind the local branch's zeros. */
static int read_branch_bias(struct model *m, struct error *e)
{
    const size_t layer = (size_t)m->n_branch * m->n_head;
    m->windows->branch_bias = calloc(m->n_layer * layer, sizeof *m->windows->branch_bias);
    if (!m->windows->branch_bias) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint32_t i = 0; i < m->n_layer && m->n_branch > 1; i++) {
        char name[48];
        struct weights bias;
        snprintf(name, sizeof name, "blk.%u.attn_branch.bias", i);
        if (model_file_weights(m->file, &bias, name, m->n_branch - 1, m->n_head, e) != 0) return -1;
        weights_dequantize(&bias, 0, m->n_branch - 1, m->windows->branch_bias + i * layer + m->n_head);
    }
    return 0;
}

static int find_all_weights(struct model *m, struct error *e)
{
    struct window_model *w = m->windows;
    struct weights gate_bias;
    if (model_file_weights(model_words(m), &m->token_embd, "token_embd.weight", m->n_vocab, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &w->position_embd, "position_embd.weight", w->window, m->n_embd, e) != 0 ||
        encoder_layer_pair(m->file, &w->token_embd_norm, "token_embd_norm", 0, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &w->evidence_k, "evidence_k.weight", m->evidence.width, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &w->evidence_gate, "evidence_gate.weight", 0, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &gate_bias, "evidence_gate.bias", 0, 1, e) != 0)
        return -1;
    weights_dequantize(&gate_bias, 0, 1, &w->gate_bias);
    w->layers = calloc(m->n_layer, sizeof *w->layers);
    if (!w->layers) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        if (encoder_layer_find(m->file, &w->layers[layer], layer, m->n_embd, m->n_ff, e) != 0) return -1;
    return 0;
}

/* A file may say that shared words help its ranks (models/FORMAT.md, fusion_weight). */
static int read_fusion(struct model *m, struct error *e)
{
    static const char key[] = ARCHITECTURE ".evidence.fusion_weight";
    return gguf_find(m->file, key) ? model_file_f32(m->file, key, 0.0f, 1e6f, &m->evidence.fusion_weight, e) : 0;
}

int window_model_read(struct model *m, struct error *e)
{
    m->windows = calloc(1, sizeof *m->windows);
    if (!m->windows) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    m->offset_rule = OFFSET_PAPER;
    return read_sizes(m, e) != 0 || read_branches(m, e) != 0 || read_tokenizer(m, e) != 0 ||
                   read_branch_bias(m, e) != 0 || find_all_weights(m, e) != 0 || read_fusion(m, e) != 0
               ? -1
               : 0;
}

void window_model_close(struct window_model *w)
{
    if (!w) return;
    gguf_close(w->words);
    free(w->layers);
    free(w->branch_bias);
    free(w);
}
