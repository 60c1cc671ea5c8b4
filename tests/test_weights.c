#include "tests/test.h"

#include <math.h>

#include "compute/gguf.h"
#include "compute/weights.h"

static struct weights matrix(enum weights_type type, uint32_t rows, uint32_t cols, const uint8_t *bytes)
{
    size_t row_bytes = cols / weights_block_elements(type) * weights_block_bytes(type);
    return (struct weights){bytes, type, rows, cols, row_bytes};
}

static void half_precision_covers_subnormals_and_infinities(void **state)
{
    (void)state;
    static const struct {
        uint16_t bits;
        float value;
    } cases[] = {
        {0x0000, 0.0f},
        {0x3c00, 1.0f},
        {0xc000, -2.0f},
        {0x7bff, 65504.0f},
        {0x0400, 6.103515625e-5f},
        {0x0001, 5.9604644775390625e-8f},
        {0x83ff, -6.097555160522461e-5f},
        {0x3555, 0.333251953125f},
        {0x7c00, INFINITY},
        {0xfc00, -INFINITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t bytes[] = {(uint8_t)cases[i].bits, (uint8_t)(cases[i].bits >> 8)};
        struct weights w = matrix(WEIGHTS_F16, 1, 1, bytes);
        float out = 77;
        weights_dequantize(&w, 0, 1, &out);
        assert_true(out == cases[i].value);
    }
    const uint8_t nan[] = {0x01, 0x7e}, minus_zero[] = {0, 0x80};
    struct weights w = matrix(WEIGHTS_F16, 1, 1, nan);
    float out = 0;
    weights_dequantize(&w, 0, 1, &out);
    assert_true(isnan(out));
    w.bytes = minus_zero;
    weights_dequantize(&w, 0, 1, &out);
    assert_true(out == 0 && signbit(out));
}

static void plain_rows_are_read_from_where_they_begin(void **state)
{
    (void)state;
    const uint8_t bf16[] = {0x80, 0x3f, 0x00, 0xc0, 0x49, 0x40, 0x80, 0xff}; /* 1, -2, 3.140625, -inf */
    struct weights w = matrix(WEIGHTS_BF16, 2, 2, bf16);
    float out[4];
    weights_dequantize(&w, 1, 2, out);
    assert_true(out[0] == 3.140625f && out[1] == -INFINITY);
    const float f32[] = {1, 2, 3, 4, 5, 6};
    w = matrix(WEIGHTS_F32, 3, 2, (const uint8_t *)f32);
    weights_dequantize(&w, 1, 3, out);
    assert_memory_equal(out, f32 + 2, 16);
}

static void blocks_are_scaled_and_shifted(void **state)
{
    (void)state;
    uint8_t bytes[34 * 2] = {0};
    float out[64];
    bytes[1] = 0x38; /* 0.5 */
    bytes[2] = 0x80; /* -128 */
    bytes[33] = 127;
    bytes[34 + 1] = 0x40; /* 2 */
    bytes[34 + 2 + 5] = 3;
    struct weights w = matrix(WEIGHTS_Q8_0, 1, 64, bytes);
    weights_dequantize(&w, 0, 1, out);
    assert_true(out[0] == -64.0f && out[31] == 63.5f && out[32] == 0.0f && out[37] == 6.0f);

    memset(bytes, 0, sizeof bytes);
    bytes[1] = 0x38;
    bytes[2] = 0xf0; /* number 0 is 0 - 8, number 16 is 15 - 8 */
    bytes[17] = 0x0f;
    w = matrix(WEIGHTS_Q4_0, 1, 32, bytes);
    weights_dequantize(&w, 0, 1, out);
    assert_true(out[0] == -4.0f && out[16] == 3.5f && out[15] == 3.5f && out[31] == -4.0f);

    memset(bytes, 0, sizeof bytes);
    bytes[1] = 0x38;
    bytes[3] = 0xbc; /* a minimum of -1 */
    bytes[4] = 0xf0;
    bytes[19] = 0x02;
    w = matrix(WEIGHTS_Q4_1, 1, 32, bytes);
    weights_dequantize(&w, 0, 1, out);
    assert_true(out[0] == -1.0f && out[16] == 6.5f && out[15] == 0.0f && out[31] == -1.0f);
}

static void assert_same_numbers(const char *name, const float *got, const uint8_t *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x;
        memcpy(&x, expected + i * 4, sizeof x);
        if (isnan(x) ? isnan(got[i]) : x == got[i]) continue;
        fail_msg("%s: number %zu is %.9g, expected %.9g", name, i, (double)got[i], (double)x);
    }
}

/* tests/data/weights_reference.py says what is in the file. */
static void every_type_equals_the_reference_on_random_and_adversarial_blocks(void **state)
{
    (void)state;
    struct error e;
    struct gguf *g = NULL;
    assert_ok(gguf_open(&g, "tests/data/weights_reference.gguf", &e), e);
    assert_int_equal(gguf_n_tensors(g), 20);
    for (size_t i = 0; i < gguf_n_tensors(g); i += 2) {
        const struct gguf_tensor *t = gguf_tensor(g, i), *values = gguf_tensor(g, i + 1);
        assert_int_equal(t->dims[0], values->dims[0]);
        assert_int_equal(values->type, WEIGHTS_F32);
        assert_true(gguf_string_is(&t->name, weights_type_name(t->type)));
        uint32_t cols = (uint32_t)t->dims[0];
        float *out = malloc(cols * sizeof *out);
        assert_non_null(out);
        struct weights w = matrix((enum weights_type)t->type, 1, cols, t->bytes);
        assert_int_equal(w.row_bytes, t->size);
        weights_dequantize(&w, 0, 1, out);
        assert_same_numbers(weights_type_name(t->type), out, values->bytes, cols);
        free(out);
    }
    gguf_close(g);
}

static void unknown_types_have_no_blocks(void **state)
{
    (void)state;
    assert_int_equal(weights_block_elements(4), 0);
    assert_int_equal(weights_block_bytes(0xffffffff), 0);
    assert_null(weights_type_name(4));
    assert_string_equal(weights_type_name(8), "Q8_0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_precision_covers_subnormals_and_infinities),
        cmocka_unit_test(plain_rows_are_read_from_where_they_begin),
        cmocka_unit_test(blocks_are_scaled_and_shifted),
        cmocka_unit_test(every_type_equals_the_reference_on_random_and_adversarial_blocks),
        cmocka_unit_test(unknown_types_have_no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
