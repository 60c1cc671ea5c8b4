#include "tests/tiny_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/vocabulary.h"
#include "compute/weights.h"

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545F4914F6CDD1D);
}

struct tiny_model tiny_model_default(void)
{
    return (struct tiny_model){
        .n_embd = 32,
        .n_layer = 2,
        .n_head = 4,
        .n_head_kv = 4,
        .n_ff = 64,
        .evidence_width = 32,
        .n_branch = 3,
        .branch = {{8, 1}, {16, 2}, {64, 4}},
        .type = WEIGHTS_F32,
        .seed = 1,
    };
}

static void add(struct vocabulary *v, const char *text, float score, enum piece_type type)
{
    if (vocabulary_add(v, text, strlen(text), score, type, NULL) != 0) abort();
}

uint8_t *tiny_tokenizer(size_t *size)
{
    static const char *const controls[] = {"<|file|>", "<|question|>", "<|answer|>", "<|end|>"};
    static const char *const words[] = {"\xe2\x96\x81",
                                        "\xe2\x96\x81\xe2\x96\x81",
                                        "\xe2\x96\x81the",
                                        ("\xe2\x96\x81"
                                         "a"),
                                        "ing",
                                        "er",
                                        "\xe2\x96\x81of",
                                        "in",
                                        "on",
                                        "\xc3\xa9",
                                        "\xe6\x9c\xac",
                                        "\xf0\x9f\x98\x80"};
    static char bytes[256][8], letters[26][2];
    struct vocabulary v = {.model = VOCABULARY_UNIGRAM};
    add(&v, "<unk>", 0, PIECE_UNKNOWN);
    for (int i = 0; i < 4; i++) add(&v, controls[i], 0, PIECE_CONTROL);
    for (int i = 0; i < 256; i++) {
        snprintf(bytes[i], sizeof bytes[i], "<0x%02X>", (unsigned)i);
        add(&v, bytes[i], 0, PIECE_BYTE);
    }
    add(&v, "\n", 0, PIECE_USER_DEFINED);
    for (int i = 0; i < 26; i++) {
        letters[i][0] = (char)('a' + i);
        add(&v, letters[i], -5.0f - (float)i / 10, PIECE_NORMAL);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) add(&v, words[i], -3.0f - (float)i / 10, PIECE_NORMAL);
    uint8_t *proto = NULL;
    if (vocabulary_write(&v, &proto, size, NULL) != 0) abort();
    vocabulary_free(&v);
    return proto;
}

static size_t tiny_vocabulary(void)
{
    return 1 + 4 + 256 + 1 + 26 + 12;
}

/* Numbers of about the size 1 / sqrt(cols). */
static void write_random(struct gguf_writer *w, const char *name, uint32_t type, uint32_t cols, uint32_t rows,
                         uint64_t *seed)
{
    size_t n = (size_t)cols * (rows ? rows : 1), size = n / weights_block_elements(type) * weights_block_bytes(type);
    uint8_t *bytes = malloc(size);
    if (!bytes) abort();
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(next_random(seed) >> 56);
    for (size_t i = 0; type == WEIGHTS_F32 && i < n; i++) {
        float x = (float)(int32_t)(next_random(seed) >> 32) / 2147483648.0f * (rows ? 1.7f / sqrtf((float)cols) : 1.0f);
        memcpy(bytes + i * 4, &x, sizeof x);
    }
    /* Half precision: sign and ten bits of mantissa are random, the exponent is that of 1/8 to 1/4. */
    for (size_t i = 0; type == WEIGHTS_F16 && i < n; i++)
        bytes[i * 2 + 1] = (uint8_t)((bytes[i * 2 + 1] & 0x83) | 12 << 2);
    /* A scale of 2^-9. */
    for (size_t i = 0; type == WEIGHTS_Q8_0 && i < size; i += 34) {
        bytes[i] = 0;
        bytes[i + 1] = 6 << 2;
    }
    gguf_write_tensor(w, name, type, cols, rows, bytes, size);
    free(bytes);
}

static void write_values(const struct tiny_model *t, struct gguf_writer *w)
{
    uint64_t lengths[DILATION_MAX_BRANCHES], rates[DILATION_MAX_BRANCHES], longest = 0;
    for (uint32_t i = 0; i < t->n_branch; i++) {
        lengths[i] = t->branch[i].segment_length;
        rates[i] = t->branch[i].dilation_rate;
        if (lengths[i] > longest) longest = lengths[i];
    }
    gguf_write_string(w, "general.architecture", "longnet");
    gguf_write_string(w, "general.name", "tiny");
    gguf_write_u64(w, "longnet.context_length", longest);
    gguf_write_u32(w, "longnet.embedding_length", t->n_embd);
    gguf_write_u32(w, "longnet.block_count", t->n_layer);
    gguf_write_u32(w, "longnet.feed_forward_length", t->n_ff);
    gguf_write_u32(w, "longnet.attention.head_count", t->n_head);
    gguf_write_u32(w, "longnet.attention.head_count_kv", t->n_head_kv);
    gguf_write_f32(w, "longnet.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_write_f32(w, "longnet.rope.freq_base", 10000.0f);
    gguf_write_string(w, "longnet.position_mode", t->position_mode == POSITION_ROPE_ALL ? "rope-all" : "rope-local");
    gguf_write_array(w, "longnet.dilated.segment_length", GGUF_U64, t->n_branch, lengths,
                     t->n_branch * sizeof *lengths);
    gguf_write_array(w, "longnet.dilated.dilation_rate", GGUF_U64, t->n_branch, rates, t->n_branch * sizeof *rates);
    gguf_write_string(w, "longnet.dilated.offset_rule", t->offset_rule == OFFSET_TORCHSCALE ? "torchscale" : "paper");
    gguf_write_u32(w, "longnet.token.file", TINY_FILE);
    gguf_write_u32(w, "longnet.token.question", TINY_QUESTION);
    gguf_write_u32(w, "longnet.token.answer", TINY_ANSWER);
    gguf_write_u32(w, "longnet.token.end", TINY_END);
    gguf_write_string(w, "tokenizer.ggml.model", "sentencepiece");
    size_t size;
    uint8_t *proto = tiny_tokenizer(&size);
    gguf_write_array(w, "tokenizer.sentencepiece.proto", GGUF_U8, size, proto, size);
    free(proto);
    if (t->evidence_width == 0) return;
    gguf_write_u32(w, "longnet.evidence.width", t->evidence_width);
    gguf_write_f32(w, "longnet.evidence.log_eps", 0.5f);
    gguf_write_f32(w, "longnet.evidence.log_tau", 1.0f);
    gguf_write_f32(w, "longnet.evidence.fusion_weight", 0.25f);
}

static void write_layers(const struct tiny_model *t, struct gguf_writer *w, uint32_t vocabulary, uint64_t *seed)
{
    uint32_t d = t->n_embd, kv = d / t->n_head * t->n_head_kv;
    write_random(w, "token_embd.weight", t->type, d, vocabulary, seed);
    for (uint32_t layer = 0; layer < t->n_layer; layer++) {
        const struct {
            const char *name;
            uint32_t cols, rows;
        } all[] = {{"attn_norm", d, 0},      {"attn_q", d, d},       {"attn_k", d, kv},
                   {"attn_v", d, kv},        {"attn_output", d, d},  {"ffn_norm", d, 0},
                   {"ffn_gate", d, t->n_ff}, {"ffn_up", d, t->n_ff}, {"ffn_down", t->n_ff, d}};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            char name[64];
            snprintf(name, sizeof name, "blk.%u.%s.weight", layer, all[i].name);
            write_random(w, name, all[i].rows ? t->type : WEIGHTS_F32, all[i].cols, all[i].rows, seed);
        }
    }
    write_random(w, "output_norm.weight", WEIGHTS_F32, d, 0, seed);
    if (t->has_output) write_random(w, "output.weight", t->type, d, vocabulary, seed);
}

void tiny_model_write(const struct tiny_model *t, struct gguf_writer *w)
{
    uint64_t seed = t->seed * 2 + 1;
    uint32_t d = t->n_embd, vocabulary = (uint32_t)tiny_vocabulary();
    write_values(t, w);
    write_layers(t, w, vocabulary, &seed);
    if (t->evidence_width == 0) return;
    write_random(w, "evidence_token.weight", t->type, t->evidence_width, vocabulary, &seed);
    write_random(w, "evidence_k.weight", t->type, d, t->evidence_width, &seed);
    write_random(w, "evidence_q.weight", t->type, d, t->evidence_width, &seed);
    write_random(w, "evidence_gate_token.weight", WEIGHTS_F32, vocabulary, 0, &seed);
    write_random(w, "evidence_gate.weight", WEIGHTS_F32, d, 0, &seed);
    write_random(w, "evidence_tau.weight", WEIGHTS_F32, d, 0, &seed);
}

uint8_t *tiny_model_bytes(const struct tiny_model *t, size_t *size)
{
    struct gguf_writer w = {0};
    tiny_model_write(t, &w);
    return gguf_write_finish(&w, size);
}

/* GPT-2's spelling of a byte, in UTF-8. */
static void spell_byte(unsigned b, char out[3])
{
    unsigned c = b;
    if (b <= ' ') c = 0x100 + b;
    if (b >= 0x7f && b <= 0xa0) c = 0x121 + b - 0x7f;
    if (b == 0xad) c = 0x143;
    size_t n = 0;
    if (c >= 0x80) out[n++] = (char)(0xc0 | c >> 6);
    out[n++] = (char)(c >= 0x80 ? 0x80 | (c & 63) : c);
    out[n] = 0;
}

static void write_llama_vocabulary(struct gguf_writer *w)
{
    static char bytes[256][3];
    static const char *const merges[] = {"t h", "th e"};
    const char *pieces[260];
    int32_t types[260];
    for (unsigned b = 0; b < 256; b++) {
        spell_byte(b, bytes[b]);
        pieces[b] = bytes[b];
    }
    pieces[256] = "th";
    pieces[257] = "the";
    pieces[TINY_IM_START] = "<|im_start|>";
    pieces[TINY_IM_END] = "<|im_end|>";
    for (int i = 0; i < 260; i++) types[i] = i < TINY_IM_START ? PIECE_NORMAL : PIECE_CONTROL;
    gguf_write_string(w, "tokenizer.ggml.model", "gpt2");
    gguf_write_string(w, "tokenizer.ggml.pre", "smollm");
    gguf_write_strings(w, "tokenizer.ggml.tokens", pieces, 260);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, 260, types, sizeof types);
    gguf_write_strings(w, "tokenizer.ggml.merges", merges, 2);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", TINY_IM_START);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", TINY_IM_END);
    gguf_write_string(w, "tokenizer.chat_template",
                      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
                      "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}");
}

void tiny_llama_write(const struct tiny_model *t, struct gguf_writer *w)
{
    uint64_t seed = t->seed * 2 + 1;
    gguf_write_string(w, "general.architecture", "llama");
    gguf_write_string(w, "general.name", "tiny chat");
    gguf_write_u32(w, "llama.context_length", 64);
    gguf_write_u32(w, "llama.embedding_length", t->n_embd);
    gguf_write_u32(w, "llama.block_count", t->n_layer);
    gguf_write_u32(w, "llama.feed_forward_length", t->n_ff);
    gguf_write_u32(w, "llama.attention.head_count", t->n_head);
    gguf_write_u32(w, "llama.attention.head_count_kv", t->n_head_kv);
    gguf_write_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_write_f32(w, "llama.rope.freq_base", 100000.0f);
    gguf_write_u32(w, "llama.rope.dimension_count", t->n_embd / t->n_head);
    write_llama_vocabulary(w);
    write_layers(t, w, 260, &seed);
}

uint8_t *tiny_llama_bytes(const struct tiny_model *t, size_t *size)
{
    struct gguf_writer w = {0};
    tiny_llama_write(t, &w);
    return gguf_write_finish(&w, size);
}
