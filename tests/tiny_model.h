/* Reader models of a few KB with random weights, written in memory for tests. */
#ifndef LECTERN_TINY_MODEL_H
#define LECTERN_TINY_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "compute/dilation.h"
#include "compute/model.h"
#include "tests/gguf_writer.h"

struct tiny_model {
    uint32_t n_embd, n_layer, n_head, n_head_kv, n_ff;
    uint32_t evidence_width; /* 0: no evidence attention */
    uint32_t n_branch;
    struct branch branch[DILATION_MAX_BRANCHES];
    enum offset_rule offset_rule;
    enum position_mode position_mode;
    uint32_t type;  /* of the matrices: WEIGHTS_F32, WEIGHTS_F16 or WEIGHTS_Q8_0 (then n_embd, n_ff and e must be
                       multiples of 32) */
    int has_output; /* an output matrix of its own */
    uint64_t seed;  /* of the weights */
};

/* 2 layers, d 32, 4 heads, ff 64, e 32, branches (8, 1) (16, 2) (64, 4), F32. */
struct tiny_model tiny_model_default(void);

/* The ids of the vocabulary's control pieces; its 256 byte pieces and some letters and words follow. */
enum { TINY_FILE = 1, TINY_QUESTION = 2, TINY_ANSWER = 3, TINY_END = 4 };

/* A serialized SentencePiece model of that vocabulary, malloc'ed. */
uint8_t *tiny_tokenizer(size_t *size);

/* The file's bytes, malloc'ed: what model_open_bytes takes. */
uint8_t *tiny_model_bytes(const struct tiny_model *t, size_t *size);

/* A chat model of the same sizes: architecture llama with one branch as long as its context of 64, a byte-level
 * vocabulary with the merges "t h", "th e" and the control pieces <|im_start|> and <|im_end|>, and a chat template. */
void tiny_llama_write(const struct tiny_model *t, struct gguf_writer *w);
uint8_t *tiny_llama_bytes(const struct tiny_model *t, size_t *size);

/* The ids of its control pieces; byte b is b. */
enum { TINY_IM_START = 258, TINY_IM_END = 259 };

/* Only puts keys and tensors, so that a test can go on writing. */
void tiny_model_write(const struct tiny_model *t, struct gguf_writer *w);

#endif
