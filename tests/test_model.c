#include "tests/test.h"

#include <math.h>

#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

static int open_bytes(struct model **m, const uint8_t *bytes, size_t size, struct error *e)
{
    return model_open_bytes(m, "tiny.gguf", bytes, size, e);
}

static void a_model_file_opens_with_what_was_written(void **state)
{
    (void)state;
    struct error e;
    struct tiny_model t = tiny_model_default();
    t.offset_rule = OFFSET_TORCHSCALE;
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    struct model *m = NULL;
    assert_ok(open_bytes(&m, bytes, size, &e), e);
    assert_string_equal(m->name, "tiny");
    assert_string_equal(m->path, "tiny.gguf");
    assert_int_equal(m->n_embd, 32);
    assert_int_equal(m->n_layer, 2);
    assert_int_equal(m->n_head, 4);
    assert_int_equal(m->head_dim, 8);
    assert_int_equal(m->n_vocab, 300);
    assert_int_equal(m->n_branch, 3);
    assert_int_equal(m->branch[2].segment_length, 64);
    assert_int_equal(m->branch[2].dilation_rate, 4);
    assert_int_equal(m->context_length, 64);
    assert_int_equal(m->offset_rule, OFFSET_TORCHSCALE);
    assert_int_equal(m->position_mode, POSITION_ROPE_LOCAL);
    assert_int_equal(m->token_answer, TINY_ANSWER);
    assert_int_equal(m->evidence.width, 32);
    assert_int_equal(m->layers[1].ffn_down.cols, 64);
    assert_int_equal(m->layers[1].ffn_down.rows, 32);
    assert_ptr_equal(m->output.bytes, m->token_embd.bytes);
    /* 2 layers of 4 (32 x 32) + 3 (32 x 64) + 2 x 32, an output norm, two tables of 300 x 32, two matrices 32 x 32, a
     * gate of 300, 2 x 32 */
    assert_int_equal(model_n_parameters(m), 2 * (4096 + 6144 + 64) + 32 + 19200 + 2048 + 300 + 64);
    model_close(m);
    free(bytes);
}

/* Opening fails, and the message has the words. */
static void assert_refused(const uint8_t *bytes, size_t size, const char *words)
{
    struct error e = {0};
    struct model *m = NULL;
    assert_int_equal(open_bytes(&m, bytes, size, &e), -1);
    assert_null(m);
    if (!strstr(e.text, words)) fail_msg("\"%s\" has no \"%s\"", e.text, words);
}

static void refuse_changed(void (*change)(struct tiny_model *t), const char *words)
{
    struct tiny_model t = tiny_model_default();
    change(&t);
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    assert_refused(bytes, size, words);
    free(bytes);
}

static void no_branch(struct tiny_model *t)
{
    t->n_branch = 0;
}
static void rate_of_zero(struct tiny_model *t)
{
    t->branch[1].dilation_rate = 0;
}
static void rate_above_length(struct tiny_model *t)
{
    t->branch[1].dilation_rate = 17;
}
static void length_of_zero(struct tiny_model *t)
{
    t->branch[0] = (struct branch){0, 0};
}
static void huge_length(struct tiny_model *t)
{
    t->branch[2].segment_length = UINT64_MAX;
}
static void odd_heads(struct tiny_model *t)
{
    t->n_head = t->n_head_kv = 32;
}
static void heads_that_do_not_divide(struct tiny_model *t)
{
    t->n_head = t->n_head_kv = 5;
}
static void key_heads_that_do_not_divide(struct tiny_model *t)
{
    t->n_head_kv = 3;
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    refuse_changed(no_branch, "0 segment lengths");
    refuse_changed(rate_of_zero, "branch 1");
    refuse_changed(rate_above_length, "branch 1");
    refuse_changed(length_of_zero, "branch 0");
    refuse_changed(huge_length, "branch 2");
    refuse_changed(odd_heads, "heads of 1 columns");
    refuse_changed(heads_that_do_not_divide, "no multiple of 5 heads");
    refuse_changed(key_heads_that_do_not_divide, "no multiple of 3 key heads");
}

static void refuse_written(struct gguf_writer *w, void (*write)(struct gguf_writer *w), const char *key,
                           const char *words)
{
    /* The key's first letter changes, so that the file lacks it, and the test's own value takes its place. */
    for (size_t i = 0; key && i + strlen(key) <= w->values.size; i++) {
        if (memcmp(w->values.bytes + i, key, strlen(key)) == 0) w->values.bytes[i] = 'X';
    }
    if (write) write(w);
    size_t size;
    uint8_t *bytes = gguf_write_finish(w, &size);
    assert_refused(bytes, size, words);
    free(bytes);
}

static void refuse_value(void (*write)(struct gguf_writer *w), const char *key, const char *words)
{
    struct tiny_model t = tiny_model_default();
    struct gguf_writer w = {0};
    tiny_model_write(&t, &w);
    refuse_written(&w, write, key, words);
}

static void other_architecture(struct gguf_writer *w)
{
    gguf_write_string(w, "general.architecture", "mamba");
}
static void many_layers(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.block_count", 1000000);
}
static void no_layer(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.block_count", 0);
}
static void other_width(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.embedding_length", 64);
}
static void huge_width(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.embedding_length", 0xffffffe0);
}
static void epsilon_of_five(struct gguf_writer *w)
{
    gguf_write_f32(w, "longnet.attention.layer_norm_rms_epsilon", 5);
}
static void infinite_base(struct gguf_writer *w)
{
    gguf_write_f32(w, "longnet.rope.freq_base", INFINITY);
}
static void other_mode(struct gguf_writer *w)
{
    gguf_write_string(w, "longnet.position_mode", "alibi");
}
static void id_of_a_word(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.token.end", 290);
}
static void id_beyond(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.token.end", 300);
}
static void id_twice(struct gguf_writer *w)
{
    gguf_write_u32(w, "longnet.token.end", TINY_FILE);
}
static void other_context(struct gguf_writer *w)
{
    gguf_write_u64(w, "longnet.context_length", 65);
}
static void thirty_three_branches(struct gguf_writer *w)
{
    uint64_t ones[33];
    for (int i = 0; i < 33; i++) ones[i] = 1;
    gguf_write_array(w, "longnet.dilated.segment_length", GGUF_U64, 33, ones, sizeof ones);
}
static void lengths_of_text(struct gguf_writer *w)
{
    static const char *const texts[] = {"8", "16", "64"};
    gguf_write_strings(w, "longnet.dilated.segment_length", texts, 3);
}
static void other_tokenizer(struct gguf_writer *w)
{
    gguf_write_string(w, "tokenizer.ggml.model", "rwkv");
}
static void broken_tokenizer(struct gguf_writer *w)
{
    gguf_write_array(w, "tokenizer.sentencepiece.proto", GGUF_U8, 4, "\xff\xff\xff\xff", 4);
}
static void large_tau(struct gguf_writer *w)
{
    gguf_write_f32(w, "longnet.evidence.log_tau", 1e9f);
}

static void wrong_values_are_named(void **state)
{
    (void)state;
    refuse_value(NULL, "longnet.rope.freq_base", "longnet.rope.freq_base is missing");
    refuse_value(other_architecture, "general.architecture", "is not run here");
    refuse_value(many_layers, "longnet.block_count", "1000000 layers");
    refuse_value(no_layer, "longnet.block_count", "block_count is 0");
    refuse_value(other_width, "longnet.embedding_length", "token_embd.weight is [32, 300, 1, 1], expected [64, 300]");
    refuse_value(huge_width, "longnet.embedding_length", "embedding_length is 4294967264");
    refuse_value(epsilon_of_five, "longnet.attention.layer_norm_rms_epsilon", "is 5, expected 0 to 1");
    refuse_value(infinite_base, "longnet.rope.freq_base", "not finite");
    refuse_value(other_mode, "longnet.position_mode", "neither rope-local nor rope-all");
    refuse_value(id_of_a_word, "longnet.token.end", "290, which is no control piece");
    refuse_value(id_beyond, "longnet.token.end", "300 of 300 pieces");
    refuse_value(id_twice, "longnet.token.end", "two control tokens");
    refuse_value(other_context, "longnet.context_length", "is 65, but the longest segment is 64");
    refuse_value(thirty_three_branches, "longnet.dilated.segment_length", "33 segment lengths and 3 dilation rates");
    refuse_value(lengths_of_text, "longnet.dilated.segment_length", "branch 0: no whole numbers");
    refuse_value(other_tokenizer, "tokenizer.ggml.model", "tokenizer.ggml.model is not");
    refuse_value(broken_tokenizer, "tokenizer.sentencepiece.proto", "no SentencePiece model");
    refuse_value(large_tau, "longnet.evidence.log_tau", "log_tau is 1e+09");
}

static void a_model_without_evidence_opens(void **state)
{
    (void)state;
    struct error e;
    struct tiny_model t = tiny_model_default();
    t.evidence_width = 0;
    t.has_output = 1;
    t.type = WEIGHTS_Q8_0;
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    struct model *m = NULL;
    assert_ok(open_bytes(&m, bytes, size, &e), e);
    assert_int_equal(m->evidence.width, 0);
    assert_ptr_not_equal(m->output.bytes, m->token_embd.bytes);
    assert_int_equal(m->token_embd.row_bytes, 34);
    model_close(m);
    free(bytes);
}

static void a_chat_model_is_one_branch_as_long_as_its_context(void **state)
{
    (void)state;
    struct error e;
    struct tiny_model t = tiny_model_default();
    t.n_head_kv = 2;
    t.type = WEIGHTS_F16;
    size_t size;
    uint8_t *bytes = tiny_llama_bytes(&t, &size);
    struct model *m = NULL;
    assert_ok(open_bytes(&m, bytes, size, &e), e);
    assert_string_equal(m->name, "tiny chat");
    assert_int_equal(m->n_branch, 1);
    assert_int_equal(m->branch[0].segment_length, 64);
    assert_int_equal(m->branch[0].dilation_rate, 1);
    assert_int_equal(m->position_mode, POSITION_ROPE_ALL);
    assert_true(m->rope_base == 100000.0f);
    assert_int_equal(m->n_head_kv, 2);
    assert_int_equal(m->layers[0].attn_k.rows, 16);
    assert_int_equal(m->n_vocab, 260);
    assert_ptr_equal(m->output.bytes, m->token_embd.bytes);
    assert_int_equal(m->evidence.width, 0);
    assert_int_equal(m->token_file, -1);
    assert_int_equal(m->token_bos, TINY_IM_START);
    assert_int_equal(m->token_eos, TINY_IM_END);
    assert_false(m->starts_with_bos);
    assert_int_equal(strncmp(m->chat_template, "{% for message", 14), 0);
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(m->tokenizer, "the t", 5, &tokens, &e), e);
    static const int32_t ids[] = {257, ' ', 't'};
    assert_int_equal(tokens.n, 3);
    assert_memory_equal(tokens.ids, ids, sizeof ids);
    tokens_free(&tokens);
    model_close(m);
    free(bytes);
}

static void refuse_chat(void (*write)(struct gguf_writer *w), const char *key, const char *words)
{
    struct tiny_model t = tiny_model_default();
    struct gguf_writer w = {0};
    tiny_llama_write(&t, &w);
    refuse_written(&w, write, key, words);
}

static void scaled_rotary(struct gguf_writer *w)
{
    gguf_write_string(w, "llama.rope.scaling.type", "yarn");
}
static void other_rotary(struct gguf_writer *w)
{
    gguf_write_u32(w, "llama.rope.dimension_count", 4);
}
static void biased(struct gguf_writer *w)
{
    float bias[32] = {0};
    gguf_write_tensor(w, "blk.0.attn_q.bias", WEIGHTS_F32, 32, 0, bias, sizeof bias);
}
static void experts(struct gguf_writer *w)
{
    float gate[32] = {0};
    gguf_write_tensor(w, "blk.0.ffn_gate_inp.weight", WEIGHTS_F32, 32, 0, gate, sizeof gate);
}
static void endless_context(struct gguf_writer *w)
{
    gguf_write_u64(w, "llama.context_length", 1ull << 60);
}
static void end_beyond(struct gguf_writer *w)
{
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", 260);
}

static void chat_models_that_would_be_read_wrongly_are_refused(void **state)
{
    (void)state;
    refuse_chat(scaled_rotary, NULL, "llama.rope.scaling.type yarn is not supported");
    refuse_chat(other_rotary, "llama.rope.dimension_count", "is 4 in heads of 8 columns");
    refuse_chat(biased, NULL, "llama models with blk.0.attn_q.bias are not supported");
    refuse_chat(experts, NULL, "llama models with blk.0.ffn_gate_inp.weight are not supported");
    refuse_chat(endless_context, "llama.context_length", "context_length is 1152921504606846976");
    refuse_chat(end_beyond, "tokenizer.ggml.eos_token_id", "260 of 260 pieces");
}

static void a_factor_of_the_file_slows_every_turn(void **state)
{
    (void)state;
    struct error e;
    struct tiny_model t = tiny_model_default();
    struct gguf_writer w = {0};
    struct model *m;
    size_t size;
    tiny_llama_write(&t, &w);
    gguf_write_f32(&w, "llama.rope.scaling.factor", 4);
    uint8_t *bytes = gguf_write_finish(&w, &size);
    assert_ok(open_bytes(&m, bytes, size, &e), e);
    assert_true(m->rope_factors[0] == 4 && m->rope_factors[3] == 4);
    model_close(m);
    free(bytes);
}

static uint8_t *small_model(size_t *size)
{
    struct tiny_model t = tiny_model_default();
    t.n_embd = 8;
    t.n_ff = 8;
    t.evidence_width = 4;
    t.n_layer = 1;
    t.type = WEIGHTS_F16;
    return tiny_model_bytes(&t, size);
}

/* Where the tensors' bytes begin. */
static size_t header_size(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct gguf *g = NULL;
    assert_ok(gguf_open_bytes(&g, "tiny.gguf", bytes, size, &e), e);
    size_t header = (size_t)(gguf_tensor(g, 0)->bytes - bytes);
    gguf_close(g);
    return header;
}

static void every_flipped_bit_of_the_header_is_an_error_or_a_model(void **state)
{
    (void)state;
    size_t size, refused = 0, opened = 0;
    uint8_t *bytes = small_model(&size);
    size_t header = header_size(bytes, size);
    assert_true(header > 4096);
    for (size_t i = 0; i < header * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        struct error e = {0};
        struct model *m = NULL;
        if (open_bytes(&m, bytes, size, &e) == 0) {
            opened++;
            assert_int_equal(m->n_embd, 8);
        } else {
            refused++;
            assert_null(m);
            assert_int_equal(strncmp(e.text, "tiny.gguf: ", 11), 0);
        }
        model_close(m);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(refused > 1000);
    assert_int_equal(refused + opened, header * 8);
    free(bytes);
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = small_model(&size);
    for (size_t n = 0; n < size; n += n < header_size(bytes, size) ? 1 : 61) {
        struct error e = {0};
        struct model *m = NULL;
        uint8_t *copy = malloc(n + 1); /* exactly as long, so that a read past the end is seen */
        assert_non_null(copy);
        memcpy(copy, bytes, n);
        assert_int_equal(open_bytes(&m, copy, n, &e), -1);
        free(copy);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_file_opens_with_what_was_written),
        cmocka_unit_test(a_model_without_evidence_opens),
        cmocka_unit_test(a_chat_model_is_one_branch_as_long_as_its_context),
        cmocka_unit_test(chat_models_that_would_be_read_wrongly_are_refused),
        cmocka_unit_test(a_factor_of_the_file_slows_every_turn),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(every_flipped_bit_of_the_header_is_an_error_or_a_model),
        cmocka_unit_test(every_truncation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
