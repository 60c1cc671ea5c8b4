/* The words tokenizer against models/train/words.py: test_words [MODEL VECTORS] runs the vectors on other files. */
#include "tests/test.h"

#include <pthread.h>

#include "compute/encoder_model.h"
#include "compute/file.h"
#include "compute/gguf.h"
#include "compute/tokenizer.h"
#include "compute/tokens.h"
#include "tests/gguf_writer.h"

static const char *model_path = "tests/data/encoder_small.gguf";
static const char *vectors_path = "tests/data/words_small_vectors.txt";

static struct encoder_model *model;
static const struct tokenizer *tokenizer; /* whose tokens are asked for */
static struct error e;

static int open_group(void **state)
{
    (void)state;
    if (encoder_model_open(&model, model_path, &e) == 0) {
        tokenizer = model->tokenizer;
        return 0;
    }
    print_error("%s\n", e.text);
    return -1;
}

static int close_group(void **state)
{
    (void)state;
    encoder_model_close(model);
    return 0;
}

static struct token_ranges encode(const char *text, size_t size)
{
    struct token_ranges r = {0};
    assert_ok(tokenizer_encode_ranges(tokenizer, text, size, &r, &e), e);
    return r;
}

/* One line of the vectors: the text in hexadecimal, a tab, its tokens as id:begin:end. */
static void check_line(char *line)
{
    char *tokens = strchr(line, '\t'), *text = malloc(strlen(line) + 1);
    assert_non_null(tokens);
    size_t size = 0;
    for (const char *hex = line; hex < tokens; hex += 2) {
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        text[size++] = (char)byte;
    }
    for (int again = 0; again < 2; again++) { /* the second time the words are known */
        struct token_ranges r = encode(text, size);
        size_t i = 0;
        for (char *at = tokens + 1; *at && *at != '\n'; i++) {
            long id = strtol(at, &at, 10), begin = strtol(at + 1, &at, 10), end = strtol(at + 1, &at, 10);
            while (*at == ' ') at++;
            if (i >= r.n || r.ids[i] != id || r.begins[i] != begin || r.ends[i] != end)
                fail_msg("%.60s: token %zu is %d:%u:%u of %zu, expected %ld:%ld:%ld", line, i, i < r.n ? r.ids[i] : -1,
                         i < r.n ? r.begins[i] : 0, i < r.n ? r.ends[i] : 0, r.n, id, begin, end);
        }
        assert_int_equal(i, r.n);
        tokens_ranges_free(&r);
    }
    free(text);
}

static void check_vectors(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    int n = 0;
    assert_non_null(f);
    for (; getline(&line, &capacity, f) >= 0; n++) check_line(line);
    assert_true(n > 20);
    free(line);
    fclose(f);
}

static void tokens_and_their_bytes_are_those_of_the_python_side(void **state)
{
    (void)state;
    check_vectors(vectors_path);
}

/* The same pieces, but that words are neither folded nor cut. */
static void whole_words_are_those_of_the_python_side(void **state)
{
    (void)state;
    static const char key[] = "tokenizer.sentencepiece.proto";
    struct gguf_writer w = {0};
    struct gguf *file, *g;
    struct tokenizer *whole;
    size_t size;
    assert_ok(gguf_open(&file, "tests/data/encoder_small.gguf", &e), e);
    const struct gguf_value *proto = gguf_find(file, key);
    gguf_write_string(&w, "tokenizer.ggml.model", "whole-words");
    gguf_write_array(&w, key, GGUF_U8, proto->count, proto->bytes, proto->size);
    uint8_t *bytes = gguf_write_finish(&w, &size);
    assert_ok(gguf_open_bytes(&g, "whole", bytes, size, &e), e);
    assert_ok(tokenizer_open_model(&whole, g, &e), e);
    assert_true(tokenizer_has_whole_words(whole));
    assert_false(tokenizer_has_whole_words(tokenizer));
    tokenizer = whole;
    check_vectors("tests/data/words_whole_vectors.txt");
    tokenizer = model->tokenizer;
    tokenizer_close(whole);
    gguf_close(g);
    gguf_close(file);
    free(bytes);
}

static void bytes_that_are_no_text_part_words_and_have_no_token(void **state)
{
    (void)state;
    static const char text[] = "the\xff\xfe"
                               "sea \xed\xa0\x80\xc3 sea\xe2\x82"
                               "\0the";
    struct token_ranges r = encode(text, sizeof text - 1), sea = encode("sea", 3), the = encode("the", 3);
    assert_int_equal(sea.n, 1);
    assert_int_equal(the.n, 1);
    assert_int_equal(r.n, 4);
    static const uint32_t begins[] = {0, 5, 14, 20};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(r.begins[i], begins[i]);
        assert_int_equal(r.ends[i], begins[i] + 3);
        assert_int_equal(r.ids[i], i % 3 == 0 ? the.ids[0] : sea.ids[0]);
    }
    tokens_ranges_free(&r);
    tokens_ranges_free(&sea);
    tokens_ranges_free(&the);
}

static void lengths_add_up_to_the_text(void **state)
{
    (void)state;
    char spaces[700];
    memset(spaces, ' ', sizeof spaces);
    memcpy(spaces + 3, "sea", 3);
    const struct {
        const char *text;
        size_t size, n;
        uint8_t lengths[4];
    } cases[] = {{"the  sea\n", 9, 2, {5, 4}},
                 {" the", 4, 1, {4}},
                 {" \n", 2, 1, {2}},
                 {"", 0, 0, {0}},
                 {spaces, sizeof spaces, 3, {255, 255, 190}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tokens t = {0};
        assert_ok(tokenizer_encode(model->tokenizer, cases[i].text, cases[i].size, &t, &e), e);
        assert_int_equal(t.n, cases[i].n);
        if (t.n) assert_memory_equal(t.lengths, cases[i].lengths, t.n);
        tokens_free(&t);
    }
}

static void control_pieces_come_from_no_text(void **state)
{
    (void)state;
    struct token_ranges r = encode("[CLS] [SEP]", 11);
    for (size_t i = 0; i < r.n; i++) assert_true(r.ids[i] != model->token_cls && r.ids[i] != model->token_sep);
    assert_int_equal(r.begins[r.n - 1], 10);
    tokens_ranges_free(&r);
}

enum { N_WORDS = 60000, N_THREADS = 4 };

/* More words than are kept, every thread in another order: all get the same tokens. */
static void *encode_many(void *context)
{
    uint64_t seed = 1 + (uint64_t)(uintptr_t)context;
    uint64_t *sum = calloc(1, sizeof *sum);
    for (uint64_t i = 0; i < N_WORDS; i++) {
        char word[24];
        struct token_ranges r = {0};
        struct error why;
        const int n = snprintf(word, sizeof word, "sea%llu", (unsigned long long)((i * 7919 + seed * 977) % N_WORDS));
        if (tokenizer_encode_ranges(model->tokenizer, word, (size_t)n, &r, &why) != 0) return sum;
        for (size_t k = 0; k < r.n; k++) *sum += (uint64_t)r.ids[k] * r.ends[k];
        tokens_ranges_free(&r);
    }
    return sum;
}

static void threads_share_what_is_known(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    uint64_t sums[N_THREADS];
    for (uintptr_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, encode_many, (void *)i), 0);
    for (int i = 0; i < N_THREADS; i++) {
        void *sum;
        assert_int_equal(pthread_join(threads[i], &sum), 0);
        sums[i] = *(uint64_t *)sum;
        free(sum);
    }
    assert_true(sums[0] > 0);
    for (int i = 1; i < N_THREADS; i++) assert_true(sums[i] == sums[0]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_and_their_bytes_are_those_of_the_python_side),
        cmocka_unit_test(whole_words_are_those_of_the_python_side),
        cmocka_unit_test(bytes_that_are_no_text_part_words_and_have_no_token),
        cmocka_unit_test(lengths_add_up_to_the_text),
        cmocka_unit_test(control_pieces_come_from_no_text),
        cmocka_unit_test(threads_share_what_is_known),
    };
    if (argc == 3) {
        model_path = argv[1];
        vectors_path = argv[2];
    }
    return cmocka_run_group_tests(tests, open_group, close_group);
}
