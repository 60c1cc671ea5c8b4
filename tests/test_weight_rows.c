#include "tests/test.h"

#include <math.h>

#include "compute/weight_rows.h"
#include "tests/loops_fixture.h"

enum { COLS = 512, ROWS = 7, PART_ROWS = 19, MOST_ROW_BYTES = COLS * 2 };

/* Random blocks whose scales are halves between 1 and 2 in size: finite numbers of all signs. */
static void fill(uint8_t *bytes, size_t n, enum weights_type type, uint64_t *seed)
{
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)test_random(seed);
    const size_t block = weights_block_bytes(type);
    for (size_t i = 0; i < n; i += block) {
        const size_t scales[] = {0, 2, block - 2};
        for (int k = 0; k < 3; k++) bytes[i + scales[k] + 1] = (uint8_t)(bytes[i + scales[k] + 1] & 0x83) | 0x3C;
    }
}

static struct weights wide_part(const uint8_t *bytes, enum weights_type type, uint32_t rows, uint32_t cols)
{
    size_t row_bytes = cols / weights_block_elements(type) * weights_block_bytes(type);
    return (struct weights){.bytes = bytes, .type = type, .rows = rows, .cols = cols, .row_bytes = row_bytes};
}

static struct weights part(const uint8_t *bytes, enum weights_type type, uint32_t rows)
{
    return wide_part(bytes, type, rows, COLS);
}

static void products_are_those_of_the_dequantised_rows(void **state)
{
    (void)state;
    static const enum weights_type types[] = {WEIGHTS_Q4_0, WEIGHTS_Q4_1, WEIGHTS_Q5_0, WEIGHTS_Q5_1,
                                              WEIGHTS_Q8_0, WEIGHTS_Q4_K, WEIGHTS_Q5_K, WEIGHTS_Q6_K};
    static uint8_t bytes[3][ROWS * MOST_ROW_BYTES];
    static float rows[3 * ROWS * COLS], x[WEIGHT_ROWS_FEW * COLS], scratch[COLS];
    uint64_t seed = 5;
    for (size_t i = 0; i < WEIGHT_ROWS_FEW * COLS; i++) x[i] = test_uniform(&seed);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct weight_rows w = {.n_parts = 3};
        for (unsigned i = 0; i < 3; i++) { /* types may differ from part to part */
            enum weights_type type = types[(t + i) % (sizeof types / sizeof *types)];
            w.parts[i] = part(bytes[i], type, ROWS);
            fill(bytes[i], ROWS * w.parts[i].row_bytes, type, &seed);
            weights_dequantize(&w.parts[i], 0, ROWS, rows + (size_t)i * ROWS * COLS);
        }
        for (uint32_t n = 1; n <= WEIGHT_ROWS_FEW; n++) {
            const uint32_t begin = 3, end = 3 * ROWS - 1;
            float out[WEIGHT_ROWS_FEW][32];
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < 32; k++) out[i][k] = 1000;
            weight_rows_multiply(&w, begin, end, x, n, n > 1, out[0], 32, scratch);
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t row = begin; row < end; row++) {
                    double expected = n > 1 ? 1000 : 0, size = 1000;
                    for (uint32_t c = 0; c < COLS; c++) {
                        double product = (double)rows[row * COLS + c] * (double)x[i * COLS + c];
                        expected += product;
                        size += fabs(product);
                    }
                    if (!(fabs((double)out[i][row - begin] - expected) <= 1e-5 * size))
                        fail_msg("type %zu, row %u: %f, expected %f", t, row, (double)out[i][row - begin], expected);
                }
            for (uint32_t i = 0; i < n; i++) assert_true(out[i][end - begin] == 1000);
        }
    }
}

static void tiles_may_cross_parts(void **state)
{
    (void)state;
    static uint8_t bytes[2][ROWS * MOST_ROW_BYTES];
    static float rows[2 * ROWS * COLS], tile[2 * ROWS * COLS];
    uint64_t seed = 6;
    struct weight_rows w = {.n_parts = 2};
    w.parts[0] = part(bytes[0], WEIGHTS_Q8_0, ROWS);
    w.parts[1] = part(bytes[1], WEIGHTS_Q4_1, ROWS);
    for (unsigned i = 0; i < 2; i++) {
        fill(bytes[i], ROWS * w.parts[i].row_bytes, w.parts[i].type, &seed);
        weights_dequantize(&w.parts[i], 0, ROWS, rows + (size_t)i * ROWS * COLS);
    }
    weight_rows_dequantize(&w, 2, 2 * ROWS - 1, tile);
    assert_memory_equal(tile, rows + 2 * COLS, (2 * ROWS - 3) * COLS * sizeof *tile);
}

/* Elements in 8 bits are off by half a step at most; with them products are exact but for the sums' rounding. */
static void products_with_elements_in_8_bits_are_those_of_what_they_stand_for(void **state)
{
    (void)state;
    static const enum weights_type types[] = {WEIGHTS_Q4_0, WEIGHTS_Q4_1, WEIGHTS_Q5_0, WEIGHTS_Q5_1,
                                              WEIGHTS_Q8_0, WEIGHTS_Q4_K, WEIGHTS_Q5_K, WEIGHTS_Q6_K};
    enum { N = 21, STRIDE = 2 * PART_ROWS, N_TYPES = sizeof types / sizeof *types };
    static uint8_t bytes[2][PART_ROWS * MOST_ROW_BYTES];
    static float rows[2 * PART_ROWS * COLS], x[N * COLS], scale[N * COLS / 32], sum16[N * COLS / 16],
        sum32[N * COLS / 32], out[N * STRIDE];
    static _Alignas(64) float scratch[BLOCK_PRODUCT_SCRATCH * COLS];
    static int8_t q[N * COLS];
    const struct block_elements elements = {q, scale, sum16, sum32};
    uint64_t seed = 6;
    for (size_t i = 0; i < N * COLS; i++) x[i] = i / 32 % 5 ? test_uniform(&seed) : 0; /* some blocks are zeros */
    loops()->blocks->quantise(&elements, x, N, COLS);
    for (size_t i = 0; i < N * COLS; i++) {
        const float stands_for = (float)q[i] * scale[i / 32];
        assert_true(fabsf(stands_for - x[i]) <= scale[i / 32] * 0.5001f);
        x[i] = stands_for;
    }
    for (int t = 0; t < N_TYPES; t++) {
        struct weight_rows w = {.n_parts = 2};
        for (unsigned i = 0; i < 2; i++) {
            w.parts[i] = part(bytes[i], types[(t + (int)i) % N_TYPES], PART_ROWS);
            fill(bytes[i], PART_ROWS * w.parts[i].row_bytes, w.parts[i].type, &seed);
            weights_dequantize(&w.parts[i], 0, PART_ROWS, rows + (size_t)i * PART_ROWS * COLS);
        }
        assert_true(weight_rows_are_small(&w, N));
        for (uint32_t n = 1; n <= N; n = n < 5 ? n + 1 : n + 8) {
            const uint32_t begin = 3, end = 2 * PART_ROWS - 1;
            for (int i = 0; i < N * STRIDE; i++) out[i] = 1000;
            weight_rows_multiply_small(&w, begin, end, &elements, n, n > 1, out, STRIDE, scratch);
            for (uint32_t i = 0; i < n; i++)
                for (uint32_t row = begin; row < end; row++) {
                    double expected = n > 1 ? 1000 : 0, size = 1000;
                    for (uint32_t c = 0; c < COLS; c++) {
                        double product = (double)rows[row * COLS + c] * (double)x[i * COLS + c];
                        expected += product;
                        size += fabs(product) * (1 + 32); /* of the numbers before the minimum is taken away */
                    }
                    if (!(fabs((double)out[i * STRIDE + row - begin] - expected) <= 2e-6 * size))
                        fail_msg("type %d, %u rows, row %u: %f, expected %f", t, n, row,
                                 (double)out[i * STRIDE + row - begin], expected);
                }
            assert_true(out[(n - 1) * STRIDE + end - begin] == 1000); /* and no number more */
        }
    }
}

/* One product of a row with one row of elements, both ways, against the sum in double precision. `size` is that of the
 * numbers which are summed. */
static void check_one(const struct weights *w, const float *x, const char *what)
{
    static float row[COLS], scratch[COLS], scale[COLS / 32], sum16[COLS / 16], sum32[COLS / 32];
    static _Alignas(64) float more[BLOCK_PRODUCT_SCRATCH * COLS];
    static int8_t q[COLS];
    const struct weight_rows rows = {.parts = {*w}, .n_parts = 1};
    const struct block_elements elements = {q, scale, sum16, sum32};
    float got = 0;
    double expected = 0, size = 0, least = 0;
    weights_dequantize(w, 0, 1, row);
    for (uint32_t i = 0; i < w->cols; i++) least = fmax(least, fabs((double)row[i]));
    for (uint32_t i = 0; i < w->cols; i++) {
        expected += (double)row[i] * (double)x[i];
        size += 64 * least * fabs((double)x[i]);
    }
    weight_rows_multiply(&rows, 0, 1, x, 1, false, &got, 1, scratch);
    if (!(fabs((double)got - expected) <= 1e-6 * size))
        fail_msg("%s of %s, %u columns: %g, expected %g", what, weights_type_name(w->type), w->cols, (double)got,
                 expected);
    if (!weight_rows_are_small(&rows, 1)) return;
    loops()->blocks->quantise(&elements, x, 1, w->cols);
    expected = 0;
    for (uint32_t i = 0; i < w->cols; i++) expected += (double)row[i] * (double)q[i] * (double)scale[i / 32];
    weight_rows_multiply_small(&rows, 0, 1, &elements, 1, false, &got, 1, more);
    if (!(fabs((double)got - expected) <= 1e-6 * size))
        fail_msg("%s of %s with 8 bits, %u columns: %g, expected %g", what, weights_type_name(w->type), w->cols,
                 (double)got, expected);
}

/* Every type, rows from so many columns on. */
static void every_width_from(uint32_t least,
                             void (*make)(uint8_t *bytes, size_t n, enum weights_type type, uint64_t *seed),
                             const float *x, const char *what)
{
    static const enum weights_type types[] = {WEIGHTS_Q4_0, WEIGHTS_Q4_1, WEIGHTS_Q5_0, WEIGHTS_Q5_1,
                                              WEIGHTS_Q8_0, WEIGHTS_Q4_K, WEIGHTS_Q5_K, WEIGHTS_Q6_K};
    static uint8_t bytes[MOST_ROW_BYTES];
    uint64_t seed = 9;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (uint32_t cols = weights_block_elements(types[t]); cols <= COLS; cols += weights_block_elements(types[t])) {
            if (cols < least) continue;
            const struct weights w = wide_part(bytes, types[t], 1, cols);
            make(bytes, w.row_bytes, types[t], &seed);
            check_one(&w, x, what);
        }
}

static void fill_ones(uint8_t *bytes, size_t n, enum weights_type type, uint64_t *seed)
{
    memset(bytes, 0xff, n);
    const size_t block = weights_block_bytes(type);
    for (size_t i = 0; i < n; i += block) {
        const size_t scales[] = {0, 2, block - 2}; /* 1.9990234375, in one block of two below 0 */
        for (int k = 0; k < 3; k++) bytes[i + scales[k] + 1] = test_random(seed) % 2 ? 0x3f : 0xbf;
    }
}

static void fill_nothing(uint8_t *bytes, size_t n, enum weights_type type, uint64_t *seed)
{
    (void)type;
    (void)seed;
    memset(bytes, 0, n);
}

static void rows_of_any_number_of_blocks_are_summed_whole(void **state)
{
    (void)state;
    float x[COLS];
    uint64_t seed = 3;
    for (int i = 0; i < COLS; i++) x[i] = test_uniform(&seed);
    every_width_from(0, fill, x, "random blocks");
    every_width_from(0, fill_ones, x, "blocks of the largest steps");
    every_width_from(0, fill_nothing, x, "blocks of zeros");
}

/* Sums of steps are the largest that there can be: what holds them must not overflow. */
static void the_largest_elements_and_the_largest_weights_have_their_product(void **state)
{
    (void)state;
    float x[COLS];
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int i = 0; i < COLS; i++) x[i] = (float)sign * 3;
        every_width_from(0, fill_ones, x, "the largest");
        for (int i = 0; i < COLS; i++) x[i] = (float)(i % 2 ? sign : -sign) * 3;
        every_width_from(0, fill_ones, x, "the largest in turn");
    }
    memset(x, 0, sizeof x);
    every_width_from(0, fill_ones, x, "nothing");
}

/* Only one element counts: no byte of a block stands for another place of it. */
static void every_element_meets_its_own_weight(void **state)
{
    (void)state;
    float x[COLS] = {0};
    for (int i = 0; i < COLS; i++) {
        x[i] = 1;
        every_width_from(COLS, fill, x, "one element");
        x[i] = 0;
    }
}

int main(void)
{
    if (loops_are_missing()) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_the_dequantised_rows),
        cmocka_unit_test(tiles_may_cross_parts),
        cmocka_unit_test(products_with_elements_in_8_bits_are_those_of_what_they_stand_for),
        cmocka_unit_test(rows_of_any_number_of_blocks_are_summed_whole),
        cmocka_unit_test(the_largest_elements_and_the_largest_weights_have_their_product),
        cmocka_unit_test(every_element_meets_its_own_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
