#include "tests/test.h"

#include "compute/gguf_cursor.h"

static void numbers_are_little_endian(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 0xff, 0, 0, 0, 0, 0, 0, 0x80, 9};
    struct gguf_cursor c = {bytes, sizeof bytes};
    uint32_t small;
    uint64_t large;
    assert_true(gguf_cursor_u32(&c, &small));
    assert_int_equal(small, 0x04030201);
    assert_true(gguf_cursor_u64(&c, &large));
    assert_true(large == UINT64_C(0x80000000000000ff));
    assert_int_equal(c.left, 1);
    assert_int_equal(gguf_cursor_number(bytes + 1, 2), 0x0302);
    assert_int_equal(gguf_cursor_number(bytes, 0), 0);
}

static void the_last_byte_can_be_taken_and_none_behind_it(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4};
    struct gguf_cursor c = {bytes, sizeof bytes};
    const uint8_t *at = NULL;
    uint32_t n = 77;
    uint64_t large = 77;
    assert_false(gguf_cursor_u64(&c, &large));
    assert_false(gguf_cursor_take(&c, 5, &at));
    assert_null(at);
    assert_int_equal(c.left, 4); /* nothing was taken */
    assert_true(gguf_cursor_take(&c, 1, &at));
    assert_ptr_equal(at, bytes);
    assert_false(gguf_cursor_u32(&c, &n));
    assert_int_equal(n, 77);
    assert_int_equal(large, 77);
    assert_true(gguf_cursor_take(&c, 3, &at));
    assert_ptr_equal(at, bytes + 1);
    assert_int_equal(c.left, 0);
    assert_true(gguf_cursor_take(&c, 0, &at));
    assert_false(gguf_cursor_take(&c, 1, &at));
}

static void a_string_ends_with_the_file_at_the_latest(void **state)
{
    (void)state;
    const uint8_t whole[] = {3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c'};
    const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a', 'b', 'c'};
    struct gguf_string s = {NULL, 0};
    struct gguf_cursor c = {whole, sizeof whole};
    assert_true(gguf_cursor_string(&c, &s));
    assert_int_equal(s.size, 3);
    assert_memory_equal(s.bytes, "abc", 3);
    assert_int_equal(c.left, 0);
    c = (struct gguf_cursor){whole, sizeof whole - 1};
    assert_false(gguf_cursor_string(&c, &s));
    c = (struct gguf_cursor){endless, sizeof endless};
    assert_false(gguf_cursor_string(&c, &s));
    assert_int_equal(s.size, 3);
}

static void only_numbers_have_a_width(void **state)
{
    (void)state;
    static const struct {
        enum gguf_type type;
        size_t bytes;
    } widths[] = {{GGUF_U8, 1},  {GGUF_I8, 1},  {GGUF_U16, 2},  {GGUF_I16, 2},    {GGUF_U32, 4},
                  {GGUF_I32, 4}, {GGUF_F32, 4}, {GGUF_BOOL, 1}, {GGUF_STRING, 0}, {GGUF_ARRAY, 0},
                  {GGUF_U64, 8}, {GGUF_I64, 8}, {GGUF_F64, 8}};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        assert_int_equal(gguf_cursor_scalar_bytes(widths[i].type), widths[i].bytes);
    assert_int_equal(gguf_cursor_scalar_bytes(GGUF_F64 + 1), 0);
    assert_int_equal(gguf_cursor_scalar_bytes(UINT32_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(the_last_byte_can_be_taken_and_none_behind_it),
        cmocka_unit_test(a_string_ends_with_the_file_at_the_latest),
        cmocka_unit_test(only_numbers_have_a_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
