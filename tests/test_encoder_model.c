/* Files that are nearly an encoder: each is refused with the field that is wrong. */
#include "tests/test.h"

#include "compute/encoder_model.h"
#include "compute/file.h"
#include "compute/tokenizer.h"

static struct error e;
static struct file_map small;

static int open_group(void **state)
{
    (void)state;
    return file_map(&small, "tests/data/encoder_small.gguf", &e);
}

static int close_group(void **state)
{
    (void)state;
    file_unmap(&small);
    return 0;
}

/* Where the key's or tensor's name stands, as the format has it: with its length before it. */
static uint8_t *find(uint8_t *bytes, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 8; i + n + 8 <= small.size; i++) {
        uint64_t length;
        memcpy(&length, bytes + i - 8, sizeof length);
        if (length == n && memcmp(bytes + i, name, n) == 0) return bytes + i;
    }
    fail_msg("the file has no %s", name);
    return NULL;
}

/* The file with one thing changed; expects this error. */
static void expect_refused(uint8_t *bytes, const char *expected)
{
    struct encoder_model *m = NULL;
    assert_int_equal(encoder_model_open_bytes(&m, "x", bytes, small.size, &e), -1);
    assert_null(m);
    if (!strstr(e.text, expected)) fail_msg("\"%s\" instead of \"%s\"", e.text, expected);
    free(bytes);
}

static uint8_t *copy(void)
{
    uint8_t *bytes = malloc(small.size);
    memcpy(bytes, small.bytes, small.size);
    return bytes;
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "encoder.block_count",  "encoder.context_length", "encoder.attention.layer_norm_epsilon",
        "general.architecture", "reread.window",          "reread.joint_sentences",
        "reread.threshold",     "tokenizer.ggml.model"};
    static const char *const tensors[] = {"token_embd.weight", "blk.1.attn_output.bias",
                                          "blk.0.layer_output_norm.weight", "reread.heads.bias",
                                          "position_embd.weight"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint8_t *bytes = copy();
        *find(bytes, keys[i]) = 'X';
        expect_refused(bytes, keys[i]);
    }
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        uint8_t *bytes = copy();
        *find(bytes, tensors[i]) = 'X';
        expect_refused(bytes, tensors[i]);
    }
}

static void numbers_that_do_not_fit_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint32_t value;
        const char *expected;
    } cases[] = {
        {"encoder.block_count", 0, "encoder.block_count is 0"},
        {"encoder.block_count", 1000000, "1000000 layers, but there are"},
        {"encoder.embedding_length", 60, "is [64, "},
        {"encoder.feed_forward_length", 64, "blk.0.ffn_up.weight is [64, 128, 1, 1], expected [64, 64]"},
        {"encoder.attention.head_count", 5, "a width of 64 is no multiple of 5 heads"},
        {"encoder.context_length", 1u << 18, "encoder.context_length is 262144"},
        {"encoder.context_length", 256, "position_embd.weight is [64, 128"},
        {"reread.window", 129, "reread.window is 129, expected 4 to 128"},
        {"reread.span_tokens", 0, "reread.span_tokens is 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *bytes = copy();
        memcpy(find(bytes, cases[i].key) + strlen(cases[i].key) + 4, &cases[i].value, 4);
        expect_refused(bytes, cases[i].expected);
    }
}

static void other_kinds_of_values_are_refused(void **state)
{
    (void)state;
    uint8_t *bytes = copy();
    memcpy(find(bytes, "end"), "yes", 3);
    expect_refused(bytes, "reread.heads has a name twice");
    bytes = copy();
    memcpy(find(bytes, "encoder"), "longnet", 7);
    expect_refused(bytes, "general.architecture is not encoder");
    bytes = copy();
    const float nan = 0.0f / 0.0f;
    memcpy(find(bytes, "reread.threshold") + strlen("reread.threshold") + 4, &nan, 4);
    expect_refused(bytes, "reread.threshold");
    bytes = copy();
    const uint32_t i32 = 26;
    memcpy(find(bytes, "reread.heads.bias") + strlen("reread.heads.bias") + 4 + 8, &i32, 4);
    expect_refused(bytes, "reread.heads.bias has type 26, which is no weight type");
}

static void the_whole_file_is_hashed_and_opened_from_a_path(void **state)
{
    (void)state;
    struct encoder_model *m, *n;
    uint8_t *bytes = copy();
    bytes[small.size - 1] ^= 1; /* the last of the vectors */
    assert_ok(encoder_model_open(&m, "tests/data/encoder_small.gguf", &e), e);
    assert_ok(encoder_model_open_bytes(&n, "x", bytes, small.size, &e), e);
    assert_true(m->hash != n->hash);
    assert_int_equal(m->window, 64);
    assert_int_equal(m->before_tokens, 8);
    assert_int_equal(m->n_vocab, tokenizer_n_pieces(m->tokenizer));
    assert_string_equal(m->heads[4], "no");
    encoder_model_close(n);
    encoder_model_close(m);
    free(bytes);
    assert_int_equal(encoder_model_open(&m, "tests/data/nowhere.gguf", &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(numbers_that_do_not_fit_are_named),
        cmocka_unit_test(other_kinds_of_values_are_refused),
        cmocka_unit_test(the_whole_file_is_hashed_and_opened_from_a_path),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
