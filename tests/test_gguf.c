#define XXH_INLINE_ALL
#include "tests/test.h"

#include <xxhash.h>

#include "compute/gguf.h"
#include "compute/weights.h"
#include "tests/gguf_writer.h"

static void assert_refused(const uint8_t *bytes, size_t size, const char *words)
{
    struct error e = {0};
    struct gguf *g = NULL;
    assert_int_equal(gguf_open_bytes(&g, "x.gguf", bytes, size, &e), -1);
    assert_null(g);
    if (!strstr(e.text, words)) fail_msg("\"%s\" has no \"%s\"", e.text, words);
}

static void assert_writer_refused(struct gguf_writer *w, const char *words)
{
    size_t size;
    uint8_t *bytes = gguf_write_finish(w, &size);
    assert_refused(bytes, size, words);
    free(bytes);
}

static void values_and_tensors_come_back(void **state)
{
    (void)state;
    struct error e;
    struct gguf_writer w = {.alignment = 64};
    static const char *const texts[] = {"a", "", "ccc"};
    const int32_t numbers[] = {5, -6, 7};
    const double doubles[] = {3, -0.125};
    const float row[] = {1.5f, -2.0f};
    gguf_write_u32(&w, "n", 12);
    gguf_write_f32(&w, "x", 0.25f);
    gguf_write_string(&w, "s", "text");
    gguf_write_strings(&w, "ss", texts, 3);
    gguf_write_array(&w, "ii", GGUF_I32, 3, numbers, sizeof numbers);
    gguf_write_array(&w, "dd", GGUF_F64, 2, doubles, sizeof doubles);
    gguf_write_tensor(&w, "first", WEIGHTS_F32, 1, 0, row, 4);
    gguf_write_tensor(&w, "second", WEIGHTS_F32, 2, 1, row, 8);
    size_t size;
    uint8_t *bytes = gguf_write_finish(&w, &size);
    struct gguf *g = NULL;
    assert_ok(gguf_open_bytes(&g, "x.gguf", bytes, size, &e), e);

    uint32_t n = 0;
    float x = 0;
    struct gguf_string s = {NULL, 0};
    assert_ok(gguf_get_u32(g, "n", &n, &e), e);
    assert_int_equal(n, 12);
    assert_ok(gguf_get_f32(g, "x", &x, &e), e);
    assert_true(x == 0.25f);
    assert_ok(gguf_get_string(g, "s", &s, &e), e);
    assert_true(gguf_string_is(&s, "text"));
    size_t offset = 0, found = 0;
    while (gguf_next_string(gguf_find(g, "ss"), &offset, &s)) assert_true(gguf_string_is(&s, texts[found++]));
    assert_int_equal(found, 3);
    uint64_t element = 0;
    assert_true(gguf_element_u64(gguf_find(g, "ii"), 2, &element));
    assert_int_equal(element, 7);
    assert_false(gguf_element_u64(gguf_find(g, "ii"), 1, &element));
    assert_false(gguf_element_u64(gguf_find(g, "ii"), 3, &element));
    double number = 0;
    assert_true(gguf_element_f64(gguf_find(g, "dd"), 1, &number));
    assert_true(number == -0.125);
    assert_false(gguf_element_f64(gguf_find(g, "dd"), 2, &number));
    assert_false(gguf_element_f64(gguf_find(g, "ii"), 0, &number));
    const struct gguf_tensor *t = gguf_find_tensor(g, "second");
    assert_int_equal(t->dims[0], 2);
    assert_int_equal(t->dims[1], 1);
    assert_int_equal((size_t)(t->bytes - bytes) % 64, 0);
    assert_memory_equal(t->bytes, row, 8);
    assert_null(gguf_find_tensor(g, "secon"));
    assert_null(gguf_find(g, "nn"));
    gguf_close(g);
    free(bytes);
}

static void a_value_of_the_wrong_type_is_named(void **state)
{
    (void)state;
    struct error e;
    struct gguf_writer w = {0};
    const uint32_t nan_bits = 0x7fc00000;
    float nan;
    memcpy(&nan, &nan_bits, sizeof nan);
    gguf_write_f32(&w, "nan", nan);
    gguf_write_string(&w, "s", "text");
    gguf_write_u64(&w, "big", 1ull << 32);
    size_t size;
    uint8_t *bytes = gguf_write_finish(&w, &size);
    struct gguf *g = NULL;
    assert_ok(gguf_open_bytes(&g, "x.gguf", bytes, size, &e), e);
    uint32_t n = 77;
    float x = 77;
    struct gguf_string s = {NULL, 77};
    assert_int_equal(gguf_get_u32(g, "s", &n, &e), -1);
    assert_string_equal(e.text, "x.gguf: s is no whole number");
    assert_int_equal(gguf_get_u32(g, "big", &n, &e), -1);
    assert_string_equal(e.text, "x.gguf: big is 4294967296");
    assert_int_equal(gguf_get_u32(g, "none", &n, &e), -1);
    assert_string_equal(e.text, "x.gguf: none is missing");
    assert_int_equal(gguf_get_f32(g, "nan", &x, &e), -1);
    assert_string_equal(e.text, "x.gguf: nan is not finite");
    assert_int_equal(gguf_get_string(g, "big", &s, &e), -1);
    assert_string_equal(e.text, "x.gguf: big is no string");
    assert_int_equal(n, 77);
    assert_true(x == 77);
    assert_int_equal(s.size, 77);
    gguf_close(g);
    free(bytes);
}

static void a_short_file_with_a_huge_count_fails_at_once(void **state)
{
    (void)state;
    uint8_t bytes[43] = "GGUF\3";
    bytes[8 + 7] = 0x10; /* 2^60 tensors */
    assert_refused(bytes, sizeof bytes, "1152921504606846976 tensors");
    bytes[8 + 7] = 0;
    bytes[16 + 7] = 0x10; /* 2^60 keys */
    assert_refused(bytes, sizeof bytes, "1152921504606846976 keys");
    /* one key "k", an array of 2^60 bytes, then of 2^60 strings */
    memset(bytes + 8, 0, sizeof bytes - 8);
    bytes[16] = bytes[24] = 1;
    bytes[32] = 'k';
    bytes[33] = GGUF_ARRAY;
    struct gguf_writer w = {0};
    gguf_write_array(&w, "k", GGUF_U8, 1ull << 60, NULL, 0);
    assert_writer_refused(&w, "ends inside its header");
    gguf_write_array(&w, "k", GGUF_STRING, 1ull << 60, NULL, 0);
    assert_writer_refused(&w, "ends inside its header");
    assert_refused(bytes, sizeof bytes, "ends inside its header");
}

static void files_that_are_no_gguf_are_refused(void **state)
{
    (void)state;
    assert_refused((const uint8_t *)"", 0, "not a GGUF file");
    assert_refused((const uint8_t *)"PK\3\4 and so on, a long enough file", 30, "not a GGUF file");
    assert_refused((const uint8_t *)"GGUF\4\0\0\0", 8, "GGUF version 4");
    assert_refused((const uint8_t *)"GGUF\1\0\0\0", 8, "version 1 is too old");
    assert_refused((const uint8_t *)"GGUF\0\0\0\3", 8, "big-endian");
    assert_refused((const uint8_t *)"GGUF\2\0\0\0", 8, "ends inside its header"); /* read as version 3 is */
    assert_refused((const uint8_t *)"GGUF\3\0\0\0\0", 9, "ends inside its header");
}

static void a_part_of_a_split_model_is_named(void **state)
{
    (void)state;
    struct gguf_writer w = {0};
    gguf_write_u32(&w, "split.count", 3);
    gguf_write_u32(&w, "split.no", 1);
    assert_writer_refused(&w, "part 2 of 3");
}

static void doubled_names_are_refused(void **state)
{
    (void)state;
    struct gguf_writer w = {0};
    gguf_write_u32(&w, "b", 1);
    gguf_write_u32(&w, "a", 1);
    gguf_write_string(&w, "b", "");
    assert_writer_refused(&w, "the key b is there twice");
    gguf_write_tensor(&w, "t", WEIGHTS_F32, 1, 0, "abcd", 4);
    gguf_write_tensor(&w, "u", WEIGHTS_F32, 1, 0, "abcd", 4);
    gguf_write_tensor(&w, "t", WEIGHTS_F32, 1, 0, "abcd", 4);
    assert_writer_refused(&w, "the tensor t is there twice");
}

static void unsound_values_are_refused(void **state)
{
    (void)state;
    struct gguf_writer w = {0};
    gguf_write_array(&w, "k", GGUF_ARRAY, 1, NULL, 0);
    assert_writer_refused(&w, "k: an array of elements of type 9");
    gguf_write_array(&w, "k", 13, 1, NULL, 0);
    assert_writer_refused(&w, "k: an array of elements of type 13");
    gguf_write_u32(&w, "", 1);
    assert_writer_refused(&w, "a key name of 0 bytes");
    w.alignment = 48;
    assert_writer_refused(&w, "general.alignment is 48");
    w.alignment = 4;
    assert_writer_refused(&w, "general.alignment is 4");
    w.alignment = 0;
    gguf_write_u32(&w, "general.alignment", 0);
    assert_writer_refused(&w, "general.alignment is 0");
}

static void unsound_tensors_are_refused(void **state)
{
    (void)state;
    struct gguf_writer w = {0};
    uint8_t block[34] = {0};
    gguf_write_tensor(&w, "t", WEIGHTS_Q8_0, 31, 1, block, sizeof block);
    assert_writer_refused(&w, "rows of 31 elements are not whole blocks of 32");
    gguf_write_tensor(&w, "t", 4, 32, 1, block, sizeof block);
    assert_writer_refused(&w, "tensor type 4 is not known");
    gguf_write_tensor(&w, "t", 0xffffffff, 32, 1, block, sizeof block);
    assert_writer_refused(&w, "tensor type 4294967295 is not known");
    gguf_write_tensor(&w, "t", WEIGHTS_Q8_0, 0, 1, block, sizeof block);
    assert_writer_refused(&w, "a dimension of 0");
    gguf_write_tensor(&w, "t", WEIGHTS_Q8_0, 32, 2, block, sizeof block);
    assert_writer_refused(&w, "lies beyond the end of the file");
    gguf_write_tensor(&w, "t", WEIGHTS_F32, 0xffffffff, 0xffffffff, block, sizeof block);
    assert_writer_refused(&w, "more bytes than can be");
}

/* A file with one tensor whose description is written by hand. */
static uint8_t *hand_written(size_t *size, uint32_t n_dims, const uint64_t *dims, uint64_t offset)
{
    uint8_t *bytes = calloc(1, 512);
    assert_non_null(bytes);
    memcpy(bytes, "GGUF\3\0\0\0\1", 9);
    bytes[24] = 1;
    bytes[32] = 't';
    memcpy(bytes + 33, &n_dims, 4);
    size_t at = 37;
    for (uint32_t i = 0; i < n_dims && i < 8; i++, at += 8) memcpy(bytes + at, &dims[i], 8);
    at += 4; /* type F32 */
    memcpy(bytes + at, &offset, 8);
    at += 8;
    *size = (at + 31) / 32 * 32 + 64;
    return bytes;
}

static void hostile_tensor_places_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t n_dims;
        uint64_t dims[5], offset;
        const char *words;
    } cases[] = {
        {0, {0}, 0, "0 dimensions"},
        {5, {1, 1, 1, 1, 1}, 0, "5 dimensions"},
        {0xffffffff, {1}, 0, "4294967295 dimensions"},
        {2, {1ull << 32, 1ull << 32}, 0, "more elements than can be"},
        {4, {1ull << 16, 1ull << 16, 1ull << 16, 1ull << 15}, 0, "more bytes than can be"},
        {1, {1}, 1, "not aligned to 32"},
        {1, {1}, 64, "beyond the end"},
        {1, {1}, UINT64_MAX - 31, "beyond the end"},
        {1, {17}, 0, "beyond the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size;
        uint8_t *bytes = hand_written(&size, cases[i].n_dims, cases[i].dims, cases[i].offset);
        assert_refused(bytes, size, cases[i].words);
        free(bytes);
    }
    const uint64_t dims[] = {16};
    size_t size;
    uint8_t *bytes = hand_written(&size, 1, dims, 0);
    struct gguf *g = NULL;
    struct error e;
    assert_ok(gguf_open_bytes(&g, "x.gguf", bytes, size, &e), e);
    gguf_close(g);
    free(bytes);
}

static void tensors_that_overlap_are_refused(void **state)
{
    (void)state;
    struct gguf_writer w = {0};
    uint8_t data[64] = {0};
    gguf_write_tensor(&w, "a", WEIGHTS_F32, 16, 0, data, 64);
    gguf_write_tensor(&w, "b", WEIGHTS_F32, 16, 0, data, 64);
    memset(w.tensors.bytes + w.tensors.size - 8, 0, 8); /* b's offset */
    w.tensors.bytes[w.tensors.size - 8] = 32;
    assert_writer_refused(&w, "a and b overlap");
}

static void a_file_that_says_its_hash_has_it(void **state)
{
    (void)state;
    struct error e;
    struct gguf *g = NULL;
    struct gguf_writer w = {.alignment = 0};
    const float row[] = {1.5f, -2.0f};
    gguf_write_u32(&w, "n", 12);
    gguf_write_u64(&w, "lectern.file_hash", 0);
    gguf_write_tensor(&w, "first", WEIGHTS_F32, 2, 0, row, 8);
    size_t size;
    uint8_t *bytes = gguf_write_finish(&w, &size);
    assert_refused(bytes, size, "damaged: its bytes do not have the hash that it says");
    const uint64_t hash = XXH3_64bits(bytes, size);
    for (size_t at = 0; at + 17 < size; at++)
        if (memcmp(bytes + at, "lectern.file_hash", 17) == 0) memcpy(bytes + at + 17 + 4, &hash, sizeof hash);
    assert_ok(gguf_open_bytes(&g, "x.gguf", bytes, size, &e), e);
    gguf_close(g);
    bool in_key = false; /* a file whose key is another one says no hash */
    for (size_t bit = 0; bit < 8 * size; bit++) {
        in_key = in_key || memcmp(bytes + bit / 8, "lectern.file_hash", 17) == 0;
        if (in_key && memcmp(bytes + bit / 8 - 17, "lectern.file_hash", 17) == 0) in_key = false;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (gguf_open_bytes(&g, "x.gguf", bytes, size, &e) == 0) {
            assert_true(in_key);
            gguf_close(g);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_tensors_come_back),
        cmocka_unit_test(a_value_of_the_wrong_type_is_named),
        cmocka_unit_test(a_short_file_with_a_huge_count_fails_at_once),
        cmocka_unit_test(files_that_are_no_gguf_are_refused),
        cmocka_unit_test(a_part_of_a_split_model_is_named),
        cmocka_unit_test(doubled_names_are_refused),
        cmocka_unit_test(unsound_values_are_refused),
        cmocka_unit_test(unsound_tensors_are_refused),
        cmocka_unit_test(hostile_tensor_places_are_refused),
        cmocka_unit_test(tensors_that_overlap_are_refused),
        cmocka_unit_test(a_file_that_says_its_hash_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
