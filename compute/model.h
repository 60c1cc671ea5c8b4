/* A model file opened and checked: hyper-parameters, weights, tokenizer. models/FORMAT.md is the format. Immutable once
 * open; may be shared by threads. Dense chat models (compute/family.h) are the one-branch case (w = context length, r =
 * 1, rotary everywhere). */
#ifndef LECTERN_MODEL_H
#define LECTERN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/dilation.h"
#include "compute/weights.h"

struct error;
struct family;
struct gguf;
struct tokenizer;
struct window_model;

enum position_mode {
    POSITION_ROPE_LOCAL, /* rotary by p mod w on branches with r = 1, none on the others */
    POSITION_ROPE_ALL,   /* rotary by p on every branch */
};

struct model_layer {
    struct weights attn_norm;                           /* [1][d] */
    struct weights attn_q, attn_k, attn_v, attn_output; /* [H D][d], [H_kv D][d] x 2, [d][H D] */
    struct weights q_bias, k_bias, v_bias;              /* [1][rows of the matrix]; or none */
    struct weights q_norm, k_norm;                      /* [1][D], of every head; or none */
    struct weights conv_in, conv; /* [3 d][d], [d][L]: a short convolution in place of attention; or none */
    struct weights attn_post_norm, ffn_post_norm; /* [1][d]; or none */
    struct weights ffn_norm;                      /* [1][d] */
    struct weights ffn_gate, ffn_up, ffn_down;    /* [f][d] x 2, [d][f] */
};

struct model_evidence {
    uint32_t width; /* e; 0: the model has no evidence attention */
    float log_eps, log_tau, fusion_weight;
    float scale;          /* not 0: logits are this times a cosine at any length, and scores are in the log domain */
    struct weights token; /* [V][e] */
    struct weights k, q;  /* [e][d] */
    struct weights gate_token, gate, tau; /* [1][V], [1][d], [1][d] */
};

struct model {
    struct gguf *file;           /* owned; the weights' bytes lie in it */
    const struct family *family; /* static; NULL: a reader */
    struct tokenizer *tokenizer; /* owned */
    char *path, *name;           /* owned */
    uint64_t hash;               /* of the whole file's bytes */
    uint32_t n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff, n_vocab;
    float norm_eps, rope_base;
    float *rope_factors;            /* owned, [D / 2]: what the turns of a pair are divided by; NULL: 1 */
    uint32_t window, window_layers; /* of chat models (model_layer_window); 0: none */
    float window_rope_base;         /* of layers with a window, without factors */
    enum position_mode position_mode;
    enum offset_rule offset_rule;
    uint32_t n_branch;
    struct branch branch[DILATION_MAX_BRANCHES];
    uint64_t context_length;                                     /* w_max */
    int32_t token_file, token_question, token_answer, token_end; /* -1: a chat model has none */
    int32_t token_bos, token_eos;                                /* of chat models; -1: none */
    bool starts_with_bos;                                        /* a prompt begins with token_bos */
    char *chat_template;                                         /* owned, untrusted; NULL: none */
    struct weights token_embd, output_norm, output; /* [V][d], [1][d], [V][d]: output is token_embd where tied */
    struct model_layer *layers;                     /* owned, n_layer */
    struct model_evidence evidence;
    struct window_model *windows; /* owned; NULL: every branch is causal */
};

/* Opens and checks everything: counts, shapes, types, ranges. Errors name the file and the field. */
int model_open(struct model **out, const char *path, struct error *e);

/* The same from a file's bytes, borrowed until model_close. */
int model_open_bytes(struct model **out, const char *path, const uint8_t *bytes, size_t size, struct error *e);
void model_close(struct model *m);

/* Tokens that look both ways and are read together: 1 where every branch is causal. */
uint32_t model_window(const struct model *m);

/* What ends a document's path, and a question; -1: a newline, and nothing. */
int32_t model_token_sep(const struct model *m);

/* The tokens of a question at most, besides those around it. */
uint32_t model_question_tokens(const struct model *m);

/* Segment length of the local branch, the first with r = 1; of the first one where there is none. */
uint64_t model_local_segment(const struct model *m);

/* Keys that a query of the layer sees at most; 0: all. */
uint32_t model_layer_window(const struct model *m, uint32_t layer);

/* The file that the tokenizer and token_embd lie in. */
const struct gguf *model_words(const struct model *m);

/* Number of parameters, with those of words that are in another file. */
uint64_t model_n_parameters(const struct model *m);

#endif
