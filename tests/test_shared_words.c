/* A model's words may lie in a file beside it: that file is found, checked, and named where it is missing or another.
 * Models with the same words have one table of them on a device. */
#include "tests/test.h"

#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/backend.h"
#include "compute/encoder_model.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/shared_words.h"
#include "compute/weights.h"
#include "tests/gguf_writer.h"

static const uint8_t proto[] = {1, 2, 3, 4, 5};
static const float table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static char folder[] = "/tmp/test_shared_words.XXXXXX", beside[64], model_path[64];

static uint64_t right_hash(void)
{
    uint8_t both[sizeof proto + sizeof table];
    memcpy(both, proto, sizeof proto);
    memcpy(both + sizeof proto, table, sizeof table);
    return XXH3_64bits(both, sizeof both);
}

static int open_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(beside, sizeof beside, "%s/words.gguf", folder);
    snprintf(model_path, sizeof model_path, "%s/model.gguf", folder);
    struct gguf_writer w = {0};
    size_t size;
    gguf_write_array(&w, "tokenizer.sentencepiece.proto", GGUF_U8, sizeof proto, proto, sizeof proto);
    gguf_write_tensor(&w, "token_embd.weight", 0, 4, 2, table, sizeof table);
    uint8_t *bytes = gguf_write_finish(&w, &size);
    FILE *f = fopen(beside, "wb");
    const bool written = f && fwrite(bytes, 1, size, f) == size;
    free(bytes);
    return f && fclose(f) == 0 && written ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(beside);
    return rmdir(folder);
}

/* What comes of a model's file that names this one; name NULL: it names none. */
static int open_named(struct gguf **words, const char *name, uint64_t hash, struct error *e)
{
    struct gguf_writer w = {0};
    struct gguf *model;
    size_t size;
    if (name) gguf_write_string(&w, "lectern.words_file", name);
    gguf_write_u64(&w, "lectern.words_hash", hash);
    uint8_t *bytes = gguf_write_finish(&w, &size);
    assert_ok(gguf_open_bytes(&model, model_path, bytes, size, e), *e);
    const int failed = shared_words_open(words, model, model_path, e);
    gguf_close(model);
    free(bytes);
    return failed;
}

static void a_file_with_its_own_words_names_none(void **state)
{
    (void)state;
    struct error e = {0};
    struct gguf *words;
    assert_ok(open_named(&words, NULL, 0, &e), e);
    assert_null(words);
}

static void the_file_beside_it_is_opened(void **state)
{
    (void)state;
    struct error e = {0};
    struct gguf *words;
    assert_ok(open_named(&words, "words.gguf", right_hash(), &e), e);
    assert_string_equal(gguf_name(words), beside);
    gguf_close(words);
}

static void a_missing_or_other_file_is_named(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint64_t hash;
        const char *said;
    } all[] = {{"nowhere.gguf", right_hash(), "belongs beside it"},
               {"words.gguf", right_hash() + 1, "are not those"},
               {"", right_hash(), "no file's name"},
               {"../words.gguf", right_hash(), "no file's name"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct error e = {0};
        struct gguf *words;
        assert_int_equal(open_named(&words, all[i].name, all[i].hash, &e), -1);
        assert_null(words);
        assert_non_null(strstr(e.text, all[i].said));
        assert_non_null(strstr(e.text, model_path));
    }
}

static void the_reader_that_ships_has_the_second_readings_words(void **state)
{
    (void)state;
    struct error e = {0};
    struct model *m;
    assert_ok(model_open(&m, "models/lectern-s.gguf", &e), e);
    assert_string_equal(gguf_name(model_words(m)), "models/lectern-s-reread.gguf");
    assert_int_equal(m->token_embd.rows, m->n_vocab);
    assert_true(model_n_parameters(m) > (uint64_t)m->n_vocab * m->n_embd);
    model_close(m);
}

static struct backend *open_cpu(void)
{
    struct error e = {0};
    struct backend *b;
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    return b;
}

static void expect_first_row(struct backend *b, const struct matrix *words, const float *row)
{
    struct error e = {0};
    struct matrix *x;
    float read[4];
    const int32_t id = 0;
    assert_ok(b->ops->matrix_open(&x, b, 1, 4, &e), e);
    b->ops->embed(x, words, &id, 1, 1, false);
    assert_ok(b->ops->matrix_read(x, 0, 1, read, &e), e);
    assert_memory_equal(read, row, sizeof read);
    b->ops->matrix_close(x);
}

static void the_same_words_are_on_a_device_once(void **state)
{
    (void)state;
    struct error e = {0};
    struct backend *b = open_cpu();
    const float copy[8] = {1, 2, 3, 4, 5, 6, 7, 8}, others[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    struct weights words = {(const uint8_t *)table, WEIGHTS_F32, 2, 4, 16};
    struct matrix *first, *second, *third, *other;
    assert_ok(shared_words_load(&first, b, &words, &e), e);
    words.bytes = (const uint8_t *)copy;
    assert_ok(shared_words_load(&second, b, &words, &e), e);
    words.bytes = (const uint8_t *)others;
    assert_ok(shared_words_load(&other, b, &words, &e), e);
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    shared_words_unload(b, first);
    expect_first_row(b, second, table);
    expect_first_row(b, other, others);
    shared_words_unload(b, second);
    assert_ok(shared_words_load(&third, b, &words, &e), e); /* the device is free for other words */
    expect_first_row(b, third, others);
    shared_words_unload(b, other);
    shared_words_unload(b, third);
    shared_words_unload(b, NULL);
    backend_close(b);
}

static void the_reader_and_the_second_reading_have_one_table(void **state)
{
    (void)state;
    struct error e = {0};
    struct model *m;
    struct encoder_model *n;
    struct backend *b = open_cpu();
    struct matrix *first, *second;
    assert_ok(model_open(&m, "models/lectern-s.gguf", &e), e);
    assert_ok(encoder_model_open(&n, "models/lectern-s-reread.gguf", &e), e);
    assert_ok(shared_words_load(&first, b, &m->token_embd, &e), e);
    assert_ok(shared_words_load(&second, b, &n->token_embd, &e), e);
    assert_ptr_equal(first, second);
    shared_words_unload(b, second);
    shared_words_unload(b, first);
    encoder_model_close(n);
    model_close(m);
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_with_its_own_words_names_none),
        cmocka_unit_test(the_file_beside_it_is_opened),
        cmocka_unit_test(a_missing_or_other_file_is_named),
        cmocka_unit_test(the_reader_that_ships_has_the_second_readings_words),
        cmocka_unit_test(the_same_words_are_on_a_device_once),
        cmocka_unit_test(the_reader_and_the_second_reading_have_one_table),
    };
    return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
