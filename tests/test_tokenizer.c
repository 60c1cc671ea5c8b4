/* tests/data/tokenizer.model: 1000 pieces, trained by SentencePiece on English text with the options of
 * models/train/tokenizer.py. */
#include "tests/test.h"

#include "compute/file.h"
#include "compute/tokenizer.h"
#include "compute/vocabulary.h"
#include "tests/tiny_model.h"

static int open_group(void **state)
{
    struct error e;
    struct file_map proto;
    struct tokenizer *t = NULL;
    assert_ok(file_map(&proto, "tests/data/tokenizer.model", &e), e);
    assert_ok(tokenizer_open(&t, proto.bytes, proto.size, &e), e);
    file_unmap(&proto);
    *state = t;
    return 0;
}

static int close_group(void **state)
{
    tokenizer_close(*state);
    return 0;
}

/* Encodes; the lengths must add up to the text. */
static struct tokens encode(const struct tokenizer *t, const char *text, size_t size)
{
    struct error e;
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(t, text, size, &tokens, &e), e);
    size_t covered = 0;
    for (size_t i = 0; i < tokens.n; i++) covered += tokens.lengths[i];
    assert_int_equal(covered, size);
    return tokens;
}

static void assert_comes_back(const struct tokenizer *t, const char *text, size_t size)
{
    struct tokens tokens = encode(t, text, size);
    char *back = malloc(size + 256);
    assert_non_null(back);
    size_t n = 0;
    for (size_t i = 0; i < tokens.n; i++) {
        assert_true(n < size);
        n += tokenizer_piece(t, tokens.ids[i], back + n, size + 256 - n);
    }
    assert_int_equal(n, size);
    if (size > 0) assert_memory_equal(back, text, size);
    free(back);
    tokens_free(&tokens);
}

static void ids_are_those_of_the_reference(void **state)
{
    /* From the Python package sentencepiece 0.1.97 with the same model. */
    static const int32_t english[] = {363, 618, 289, 618, 265, 268, 591, 326, 427, 862, 266, 7};
    static const int32_t code[] = {264, 284, 270, 264, 704, 385, 907, 336, 264, 731, 7};
    static const int32_t bytes[] = {281, 283, 313, 203, 177, 264, 238, 159, 173,
                                    238, 164, 180, 264, 248, 167, 160, 136};
    static const struct {
        const char *text;
        const int32_t *ids;
        size_t n;
    } cases[] = {{"The reader reads the whole book.\n", english, 12},
                 {"  int main(void) {\n", code, 11},
                 {"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80", bytes, 17}};
    for (size_t i = 0; i < 3; i++) {
        struct tokens tokens = encode(*state, cases[i].text, strlen(cases[i].text));
        assert_int_equal(tokens.n, cases[i].n);
        assert_memory_equal(tokens.ids, cases[i].ids, tokens.n * sizeof *tokens.ids);
        tokens_free(&tokens);
    }
}

static void the_last_of_a_characters_bytes_carries_its_length(void **state)
{
    static const uint8_t lengths[] = {1, 1, 1, 0, 2, 1, 0, 0, 3, 0, 0, 3, 1, 0, 0, 0, 4};
    struct tokens tokens = encode(*state, "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80", 17);
    assert_int_equal(tokens.n, sizeof lengths);
    assert_memory_equal(tokens.lengths, lengths, sizeof lengths);
    tokens_free(&tokens);
}

static void valid_text_comes_back_byte_by_byte(void **state)
{
    static const char mixed[] = "The thing of\tit,  on  \r\n\r\n caf\xc3\xa9 \xf0\x9f\x98\x80\xf0\x9f\x8f\xbb "
                                "\xe2\x96\x81 mark \xe2\x96\x81\xe2\x96\x81"
                                "\xef\xbf\xbd \0 <|file|> <unk> <s> <0x41> \xef\xbb\xbf\xe2\x80\xae\xcc\x81 "
                                "\xc2\xa0\xe3\x80\x80 \x1b[2J \x7f end ";
    assert_comes_back(*state, mixed, sizeof mixed - 1);
    assert_comes_back(*state, "", 0);
    assert_comes_back(*state, "\n", 1);
    assert_comes_back(*state, " ", 1);
    assert_comes_back(*state, "\0", 1);
    static char line[100000];
    memset(line, ' ', sizeof line);
    assert_comes_back(*state, line, sizeof line);
    memset(line, 'x', sizeof line);
    assert_comes_back(*state, line, sizeof line);
    for (size_t i = 0; i + 3 <= sizeof line; i += 3) memcpy(line + i, "\xe6\x9c\xac", 3);
    assert_comes_back(*state, line, sizeof line - sizeof line % 3);
    for (size_t i = 0; i + 3 <= sizeof line; i += 3) memcpy(line + i, "\xe2\x96\x81", 3);
    assert_comes_back(*state, line, sizeof line - sizeof line % 3);
    for (size_t i = 0; i + 2 <= sizeof line; i += 2) memcpy(line + i, "\r\n", 2);
    assert_comes_back(*state, line, sizeof line);
}

/* A random character of 1 to 4 bytes, no surrogate. */
static size_t random_character(uint64_t *seed, char *out)
{
    static const uint32_t most[] = {0x7f, 0x7ff, 0xffff, 0x10ffff};
    uint64_t r = test_random(seed);
    uint32_t c = (uint32_t)(r >> 32) % (most[r % 4] + 1);
    if (c >= 0xd800 && c < 0xe000) c = 0x2581;
    unsigned n = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = n; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 63));
    out[0] = (char)(first[n] | c);
    return n + 1;
}

static void random_characters_come_back(void **state)
{
    uint64_t seed = 5;
    static char text[12000];
    for (int round = 0; round < 50; round++) {
        size_t size = 0, most = test_random(&seed) % (sizeof text - 4);
        while (size < most) size += random_character(&seed, text + size);
        assert_comes_back(*state, text, size);
    }
}

static void lengths_add_up_for_any_bytes(void **state)
{
    uint64_t seed = 7;
    static char text[20000];
    for (int round = 0; round < 100; round++) {
        size_t size = test_random(&seed) % sizeof text;
        for (size_t i = 0; i < size; i++) {
            uint64_t r = test_random(&seed) >> 32;
            /* Every other round has no spaces and newlines, so that cuts fall anywhere. */
            text[i] = (char)(round % 2 && (r & 255) <= ' ' ? 0x80 : r);
        }
        struct tokens tokens = encode(*state, text, size);
        tokens_free(&tokens);
    }
    memset(text, 0x80, sizeof text);
    struct tokens tokens = encode(*state, text, sizeof text);
    assert_int_equal(tokens.n, 3 * sizeof text); /* a U+FFFD in bytes for every byte */
    tokens_free(&tokens);
}

static void cuts_follow_newlines_spaces_and_characters(void **state)
{
    (void)state;
    static char text[10000];
    assert_int_equal(tokenizer_cut("", 0), 0);
    assert_int_equal(tokenizer_cut("ab\ncd\n", 6), 3);
    assert_int_equal(tokenizer_cut("\n\n", 2), 1);
    assert_int_equal(tokenizer_cut("ab", 2), 2);
    memset(text, 'x', sizeof text);
    assert_int_equal(tokenizer_cut(text, 4096), 4096);
    assert_int_equal(tokenizer_cut(text, 4097), 4096);
    text[4096] = '\n'; /* a line of 4097 bytes */
    assert_int_equal(tokenizer_cut(text, sizeof text), 4096);
    text[4095] = '\n'; /* a line of 4096 */
    assert_int_equal(tokenizer_cut(text, sizeof text), 4096);
    text[4095] = text[4096] = 'x';
    text[0] = ' '; /* a cut before the first byte would be none */
    assert_int_equal(tokenizer_cut(text, sizeof text), 4096);
    text[100] = text[3000] = text[4096] = ' ';
    assert_int_equal(tokenizer_cut(text, sizeof text), 3000);
    assert_int_equal(tokenizer_cut(text, 4096), 4096);
    memset(text, 'x', sizeof text);
    memcpy(text + 4094, "\xf0\x9f\x98\x80", 4);
    assert_int_equal(tokenizer_cut(text, sizeof text), 4094);
    memset(text, 0x80, sizeof text);
    assert_int_equal(tokenizer_cut(text, sizeof text), 4096);
}

static void a_text_is_the_sum_of_its_cuts(void **state)
{
    static const char text[] = "The first line.\n  and the second\n\n  \nthird";
    struct tokens whole = encode(*state, text, sizeof text - 1), parts = {0};
    struct error e;
    for (size_t at = 0; at < sizeof text - 1;) {
        size_t cut = tokenizer_cut(text + at, sizeof text - 1 - at);
        assert_ok(tokenizer_encode(*state, text + at, cut, &parts, &e), e);
        at += cut;
    }
    assert_int_equal(whole.n, parts.n);
    assert_memory_equal(whole.ids, parts.ids, whole.n * sizeof *whole.ids);
    tokens_free(&whole);
    tokens_free(&parts);
}

static void pieces_are_bytes_and_controls_are_none(void **state)
{
    struct error e;
    size_t size;
    uint8_t *proto = tiny_tokenizer(&size);
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_open(&t, proto, size, &e), e);
    free(proto);
    (void)state;
    char bytes[8] = "";
    assert_int_equal(tokenizer_n_pieces(t), 300);
    assert_int_equal(tokenizer_piece(t, 0, bytes, sizeof bytes), 0);
    assert_int_equal(tokenizer_piece(t, TINY_FILE, bytes, sizeof bytes), 0);
    assert_int_equal(tokenizer_piece(t, -1, bytes, sizeof bytes), 0);
    assert_int_equal(tokenizer_piece(t, 300, bytes, sizeof bytes), 0);
    assert_int_equal(tokenizer_piece(t, 5 + 0xe9, bytes, sizeof bytes), 1);
    assert_int_equal((uint8_t)bytes[0], 0xe9);
    struct tokens tokens = encode(t, " the", 4);
    assert_int_equal(tokens.n, 1);
    assert_int_equal(tokenizer_piece(t, tokens.ids[0], bytes, 2), 4);
    assert_memory_equal(bytes, " t", 2);
    tokens_free(&tokens);
    tokenizer_close(t);
}

static void assert_refused(const uint8_t *proto, size_t size, const char *words)
{
    struct error e = {0};
    struct tokenizer *t = NULL;
    assert_int_equal(tokenizer_open(&t, proto, size, &e), -1);
    assert_null(t);
    if (!strstr(e.text, words)) fail_msg("\"%s\" has no \"%s\"", e.text, words);
}

/* The tiny vocabulary without its last two fields, and others instead. */
static void refuse_specs(const char *fields, size_t size, const char *words)
{
    size_t n;
    uint8_t *proto = tiny_tokenizer(&n);
    uint8_t *changed = malloc(n + size);
    assert_non_null(changed);
    memcpy(changed, proto, n - 15);
    memcpy(changed + n - 15, fields, size);
    assert_refused(changed, n - 15 + size, words);
    free(changed);
    free(proto);
}

static void models_that_change_the_text_are_refused(void **state)
{
    (void)state;
    refuse_specs("", 0, "no byte fallback");
    refuse_specs("\x12\x05\x18\x01\x98\x02\x01", 7, "spaces");
    refuse_specs("\x12\x05\x18\x03\x98\x02\x01", 7, "neither a unigram nor a BPE");
    refuse_specs("\x12\x05\x18\x01\x98\x02\x01\x1a\x06\x18\x01\x20\x00\x28\x01", 15, "spaces");
    refuse_specs("\x12\x05\x18\x01\x98\x02\x01\x1a\x06\x18\x00\x20\x00\x28\x00", 15, "spaces");
    refuse_specs("\x12\x05\x18\x01\x98\x02\x01\x1a\x09\x18\x00\x20\x00\x28\x01\x12\x01x", 18, "normalises");
    refuse_specs("\x12\x7f\x18\x01", 4, "no SentencePiece model");
    refuse_specs("\x12\x01\x18", 3, "no SentencePiece model");
}

static void unsound_pieces_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        float score;
        uint32_t type;
        const char *words;
    } cases[] = {
        {"", 0, PIECE_NORMAL, "has 0 bytes"},
        {"\xff", 0, PIECE_NORMAL, "not UTF-8"},
        {"\xed\xa0\x80", 0, PIECE_NORMAL, "not UTF-8"},
        {"x", -1.0f / 0.0f, PIECE_NORMAL, "no finite score"},
        {"x", 0, 0, "has type 0"},
        {"x", 0, 7, "has type 7"},
        {"x", 0, PIECE_UNKNOWN, "2 pieces for the unknown"},
        {"<0xg0>", 0, PIECE_BYTE, "is no byte"},
        {"<0x41>", 0, PIECE_BYTE, "the byte 0x41 twice"},
        {"the", 0, PIECE_NORMAL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = {0};
        size_t size;
        uint8_t *proto = tiny_tokenizer(&size);
        struct vocabulary v = {0};
        assert_ok(vocabulary_parse(&v, proto, size, &e), e);
        assert_ok(vocabulary_add(&v, cases[i].bytes, strlen(cases[i].bytes), cases[i].score, cases[i].type, &e), e);
        int failed = vocabulary_check(&v, &e);
        assert_int_equal(failed, cases[i].words ? -1 : 0);
        if (failed && !strstr(e.text, cases[i].words)) fail_msg("\"%s\" has no \"%s\"", e.text, cases[i].words);
        vocabulary_free(&v);
        free(proto);
    }
    assert_refused((const uint8_t *)"", 0, "no SentencePiece model");
    assert_refused((const uint8_t *)"not a model", 11, "no SentencePiece model");
}

static void a_piece_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    struct error e;
    size_t size, twice_size;
    uint8_t *proto = tiny_tokenizer(&size), *twice = NULL;
    struct vocabulary v = {0};
    assert_ok(vocabulary_parse(&v, proto, size, &e), e);
    assert_ok(vocabulary_add(&v, "ing", 3, 0, PIECE_NORMAL, &e), e);
    assert_ok(vocabulary_write(&v, &twice, &twice_size, &e), e);
    assert_refused(twice, twice_size, "ing is already defined");
    vocabulary_free(&v);
    free(proto);
    free(twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_the_reference),
        cmocka_unit_test(the_last_of_a_characters_bytes_carries_its_length),
        cmocka_unit_test(valid_text_comes_back_byte_by_byte),
        cmocka_unit_test(random_characters_come_back),
        cmocka_unit_test(lengths_add_up_for_any_bytes),
        cmocka_unit_test(cuts_follow_newlines_spaces_and_characters),
        cmocka_unit_test(a_text_is_the_sum_of_its_cuts),
        cmocka_unit_test(pieces_are_bytes_and_controls_are_none),
        cmocka_unit_test(models_that_change_the_text_are_refused),
        cmocka_unit_test(unsound_pieces_are_refused),
        cmocka_unit_test(a_piece_that_is_there_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
