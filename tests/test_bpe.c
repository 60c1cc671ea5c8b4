/* tests/data/tokenizer_reference.py says what is in tokenizer_reference.gguf. */
#include "tests/test.h"

#include "compute/gguf.h"
#include "compute/tokenizer.h"
#include "compute/weights.h"
#include "tests/gguf_writer.h"

static int open_reference(void **state)
{
    struct error e;
    struct gguf *g = NULL;
    if (gguf_open(&g, "tests/data/tokenizer_reference.gguf", &e) != 0) return -1;
    *state = g;
    return 0;
}

static int close_reference(void **state)
{
    gguf_close(*state);
    return 0;
}

/* Writes an array of the reference file under another key. */
static void copy_array(struct gguf_writer *w, const char *key, const struct gguf *g, const char *from)
{
    const struct gguf_value *v = gguf_find(g, from);
    assert_non_null(v);
    gguf_write_array(w, key, v->element, v->count, v->bytes, v->size);
}

/* A tokenizer of what has been written. */
static int open_written(struct tokenizer **t, struct gguf_writer *w, struct error *e)
{
    size_t size;
    struct gguf *g = NULL;
    uint8_t *bytes = gguf_write_finish(w, &size);
    assert_ok(gguf_open_bytes(&g, "x.gguf", bytes, size, e), *e);
    int failed = tokenizer_open_model(t, g, e);
    gguf_close(g);
    free(bytes);
    return failed;
}

static struct tokenizer *open_gpt2(const struct gguf *g, const char *pre)
{
    struct error e;
    struct gguf_writer w = {0};
    struct tokenizer *t = NULL;
    gguf_write_string(&w, "tokenizer.ggml.model", "gpt2");
    gguf_write_string(&w, "tokenizer.ggml.pre", pre);
    copy_array(&w, "tokenizer.ggml.tokens", g, "gpt2.tokens");
    copy_array(&w, "tokenizer.ggml.token_type", g, "gpt2.token_type");
    copy_array(&w, "tokenizer.ggml.merges", g, "gpt2.merges");
    assert_ok(open_written(&t, &w, &e), e);
    return t;
}

static struct tokenizer *open_llama(const struct gguf *g)
{
    struct error e;
    struct gguf_writer w = {0};
    struct tokenizer *t = NULL;
    gguf_write_string(&w, "tokenizer.ggml.model", "llama");
    copy_array(&w, "tokenizer.ggml.tokens", g, "llama.tokens");
    copy_array(&w, "tokenizer.ggml.token_type", g, "llama.token_type");
    copy_array(&w, "tokenizer.ggml.scores", g, "llama.scores");
    assert_ok(open_written(&t, &w, &e), e);
    return t;
}

static struct gguf_string sample_text(const struct gguf *g)
{
    struct error e;
    struct gguf_string text = {NULL, 0};
    assert_ok(gguf_get_string(g, "text", &text, &e), e);
    return text;
}

static void assert_reference_ids(const struct gguf *g, const struct tokenizer *t, const char *name)
{
    struct error e;
    struct gguf_string text = sample_text(g);
    const struct gguf_tensor *expected = gguf_find_tensor(g, name);
    assert_non_null(expected);
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(t, text.bytes, text.size, &tokens, &e), e);
    for (size_t i = 0; i < tokens.n && i < expected->dims[0]; i++) {
        int32_t id;
        memcpy(&id, expected->bytes + i * 4, 4);
        if (id != tokens.ids[i]) fail_msg("%s: id %zu is %d, expected %d", name, i, (int)tokens.ids[i], (int)id);
    }
    assert_int_equal(tokens.n, expected->dims[0]);
    tokens_free(&tokens);
}

static void ids_of_every_pretokenizer_are_those_of_the_reference(void **state)
{
    static const char *const names[] = {"gpt-2", "smollm", "llama-bpe", "qwen2"};
    for (int i = 0; i < 4; i++) {
        struct tokenizer *t = open_gpt2(*state, names[i]);
        assert_reference_ids(*state, t, names[i]);
        tokenizer_close(t);
    }
}

static void ids_of_a_llama_vocabulary_are_those_of_the_reference(void **state)
{
    struct tokenizer *t = open_llama(*state);
    assert_reference_ids(*state, t, "llama");
    tokenizer_close(t);
}

/* Decodes into a fresh string. */
static char *decode(const struct tokenizer *t, const struct tokens *tokens, size_t *size)
{
    char *text = malloc(tokens->n * 256 + 1);
    assert_non_null(text);
    *size = 0;
    for (size_t i = 0; i < tokens->n; i++) *size += tokenizer_piece(t, tokens->ids[i], text + *size, 256);
    return text;
}

static void any_bytes_come_back_from_pairs(void **state)
{
    struct error e;
    struct tokenizer *t = open_gpt2(*state, "smollm");
    uint64_t seed = 3;
    char text[3000];
    for (int round = 0; round < 50; round++) {
        size_t size = test_random(&seed) % sizeof text, covered = 0, back_size;
        for (size_t i = 0; i < size; i++) {
            uint64_t r = test_random(&seed) >> 32;
            text[i] = round % 2 ? (char)r : " etaoin.5'\n"[r % 11];
            if (text[i] == 6) text[i] = 7; /* the vocabulary has no piece for it */
        }
        struct tokens tokens = {0};
        assert_ok(tokenizer_encode(t, text, size, &tokens, &e), e);
        for (size_t i = 0; i < tokens.n; i++) covered += tokens.lengths[i];
        char *back = decode(t, &tokens, &back_size);
        assert_int_equal(covered, size);
        assert_int_equal(back_size, size);
        if (size > 0) assert_memory_equal(back, text, size);
        free(back);
        tokens_free(&tokens);
    }
    tokenizer_close(t);
}

static void a_byte_without_a_piece_is_left_out(void **state)
{
    struct error e;
    struct tokenizer *t = open_gpt2(*state, "gpt-2");
    struct tokens with = {0}, without = {0};
    assert_ok(tokenizer_encode(t, "a\6 b", 4, &with, &e), e);
    assert_ok(tokenizer_encode(t, "a b", 3, &without, &e), e);
    assert_int_equal(with.n, without.n);
    assert_memory_equal(with.ids, without.ids, with.n * sizeof *with.ids);
    tokens_free(&with);
    tokens_free(&without);
    tokenizer_close(t);
}

static void a_word_of_a_hundred_thousand_letters_is_merged_in_time(void **state)
{
    struct error e;
    struct tokenizer *t = open_gpt2(*state, "gpt-2");
    static char text[100000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "etaoinshrdlu"[i * i % 12];
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(t, text, sizeof text, &tokens, &e), e);
    size_t size;
    char *back = decode(t, &tokens, &size);
    assert_int_equal(size, sizeof text);
    assert_memory_equal(back, text, size);
    free(back);
    tokens_free(&tokens);
    tokenizer_close(t);
}

static void the_lengths_of_a_llama_vocabulary_leave_the_space_before_out(void **state)
{
    struct error e;
    struct tokenizer *t = open_llama(*state);
    static const char *const texts[] = {"the", " the", "\n", "\xe6\x97\xa5x\n y", "\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct tokens tokens = {0};
        size_t covered = 0;
        assert_ok(tokenizer_encode(t, texts[i], strlen(texts[i]), &tokens, &e), e);
        for (size_t k = 0; k < tokens.n; k++) covered += tokens.lengths[k];
        assert_int_equal(covered, strlen(texts[i]));
        tokens_free(&tokens);
    }
    tokenizer_close(t);
}

static void control_pieces_are_found_by_name_and_never_in_a_text(void **state)
{
    struct error e;
    struct tokenizer *t = open_gpt2(*state, "gpt-2");
    int32_t id = tokenizer_control(t, "<|im_start|>");
    assert_int_equal(id, tokenizer_n_pieces(t) - 1);
    assert_int_equal(tokenizer_control(t, "the"), -1);
    assert_int_equal(tokenizer_piece(t, id, NULL, 0), 0);
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(t, "<|im_start|>", 12, &tokens, &e), e);
    assert_true(tokens.n > 1);
    tokens_free(&tokens);
    tokenizer_close(t);
    t = open_llama(*state);
    assert_int_equal(tokenizer_control(t, "</s>"), 2);
    tokenizer_close(t);
}

/* Three pieces "a", "b" and "ab", a control piece, and merges of the test's. */
static void refuse_gpt2(const char *pre, const char *const *tokens, const int32_t *types, const char *const *merges,
                        size_t n_merges, const char *words)
{
    struct error e = {0};
    struct gguf_writer w = {0};
    struct tokenizer *t = NULL;
    gguf_write_string(&w, "tokenizer.ggml.model", "gpt2");
    gguf_write_string(&w, "tokenizer.ggml.pre", pre);
    gguf_write_strings(&w, "tokenizer.ggml.tokens", tokens, 4);
    gguf_write_array(&w, "tokenizer.ggml.token_type", GGUF_I32, 4, types, 16);
    gguf_write_strings(&w, "tokenizer.ggml.merges", merges, n_merges);
    int failed = open_written(&t, &w, &e);
    if (!words) {
        assert_ok(failed, e);
    } else if (!failed || !strstr(e.text, words)) {
        fail_msg("\"%s\" has no \"%s\"", e.text, words);
    }
    tokenizer_close(t);
}

static void broken_vocabularies_are_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a", "b", "ab", "<end>"}, *const twice[] = {"a", "b", "a", "<end>"};
    static const char *const raw[] = {"a", "b", "a b", "<end>"}, *const empty[] = {"a", "b", "", "<end>"};
    static const int32_t types[] = {1, 1, 1, 3}, negative[] = {1, 1, -1, 3};
    static const char *const good[] = {"a b"}, *const again[] = {"a b", "a b"}, *const single[] = {"ab"},
                             *const open[] = {"a "};
    static const char *const unknown[] = {"a c"}, *const no_result[] = {"b a"}, *const foreign[] = {"a \xe6\x97\xa5"};
    refuse_gpt2("gpt-2", tokens, types, good, 1, NULL);
    refuse_gpt2("gpt-5", tokens, types, good, 1, "tokenizer.ggml.pre gpt-5 is not known");
    refuse_gpt2("gpt-2", twice, types, good, 1, "pieces 0 and 2 are the same");
    refuse_gpt2("gpt-2", raw, types, good, 1, "piece 2 is not spelt in bytes");
    refuse_gpt2("gpt-2", empty, types, good, 1, "piece 2 is not spelt in bytes");
    refuse_gpt2("gpt-2", tokens, negative, good, 1, "piece 2 has no type");
    refuse_gpt2("gpt-2", tokens, types, again, 2, "merges 0 and 1 are the same");
    refuse_gpt2("gpt-2", tokens, types, single, 1, "merge 0 is no pair");
    refuse_gpt2("gpt-2", tokens, types, open, 1, "merge 0 is no pair");
    refuse_gpt2("gpt-2", tokens, types, foreign, 1, "merge 0 is no pair");
    refuse_gpt2("gpt-2", tokens, types, unknown, 1, "merge 0 is of pieces that are not there");
    refuse_gpt2("gpt-2", tokens, types, no_result, 1, "merge 0 is of pieces that are not there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_every_pretokenizer_are_those_of_the_reference),
        cmocka_unit_test(ids_of_a_llama_vocabulary_are_those_of_the_reference),
        cmocka_unit_test(any_bytes_come_back_from_pairs),
        cmocka_unit_test(a_byte_without_a_piece_is_left_out),
        cmocka_unit_test(a_word_of_a_hundred_thousand_letters_is_merged_in_time),
        cmocka_unit_test(the_lengths_of_a_llama_vocabulary_leave_the_space_before_out),
        cmocka_unit_test(control_pieces_are_found_by_name_and_never_in_a_text),
        cmocka_unit_test(broken_vocabularies_are_refused),
    };
    return cmocka_run_group_tests(tests, open_reference, close_reference);
}
