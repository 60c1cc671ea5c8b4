#include "tests/test.h"

#include "app/text/segment.h"

/* The lengths of a text's segments, one after the other. */
static size_t cut_all(const char *text, size_t size, size_t *lengths, size_t capacity)
{
    size_t n = 0;
    for (size_t at = 0; at < size; n++) {
        assert_true(n < capacity);
        lengths[n] = segment_cut(text + at, size - at);
        assert_in_range(lengths[n], 1, SEGMENT_MAX_BYTES);
        at += lengths[n];
    }
    return n;
}

/* `n` copies of a line, in malloc'ed memory without a terminator, so that a read too far is found. */
static char *repeat(const char *line, size_t n, size_t *size)
{
    size_t length = strlen(line);
    char *text = malloc(length * n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) memcpy(text + i * length, line, length);
    *size = length * n;
    return text;
}

static void an_empty_text_has_no_segment(void **state)
{
    (void)state;
    assert_int_equal(segment_cut("", 0), 0);
}

static void whole_lines_are_packed_up_to_512_bytes(void **state)
{
    (void)state;
    size_t size, lengths[16];
    char *text =
        repeat("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
               7, &size);
    assert_int_equal(cut_all(text, size, lengths, 16), 2);
    assert_int_equal(lengths[0], 505);
    assert_int_equal(lengths[1], 202);
    free(text);
}

static void a_line_of_512_bytes_is_one_segment_and_one_of_513_is_cut(void **state)
{
    (void)state;
    size_t size, lengths[16];
    char *text = repeat("a", 513, &size);
    text[511] = '\n';
    assert_int_equal(segment_cut(text, 512), 512);
    assert_int_equal(segment_cut(text, 513), 512);
    text[511] = 'a';
    text[512] = '\n';
    assert_int_equal(cut_all(text, size, lengths, 16), 2);
    assert_int_equal(lengths[0], 512);
    free(text);
}

static void long_lines_are_cut_after_sentences_and_their_closing_marks(void **state)
{
    (void)state;
    size_t size;
    char *text = repeat("word ", 200, &size);
    memcpy(text + 90, "end.\xe2\x80\x9d) ", 9);
    assert_int_equal(segment_cut(text, size), 99);
    memcpy(text + 300, "Dr.x ", 5);
    assert_int_equal(segment_cut(text, size), 99);
    memcpy(text + 400, "so?! ", 5);
    assert_int_equal(segment_cut(text, size), 405);
    free(text);
}

static void without_a_sentence_end_the_last_space_cuts(void **state)
{
    (void)state;
    size_t size;
    char *text = repeat("word ", 200, &size);
    assert_int_equal(segment_cut(text, size), 510);
    free(text);
}

static void code_without_line_ends_is_cut_after_statements(void **state)
{
    (void)state;
    char line[700];
    size_t n = 0;
    while (n < 495) n += (size_t)sprintf(line + n, "f(1);");
    n += (size_t)sprintf(line + n, "g=function(){return 17};");
    memset(line + n, 'x', 100);
    assert_int_equal(segment_cut(line, n + 100), 495);
}

static void without_a_space_characters_stay_whole(void **state)
{
    (void)state;
    size_t size;
    char *text = repeat("\xe2\x82\xac", 400, &size);
    assert_int_equal(segment_cut(text, size), 510);
    free(text);
    text = repeat("\x80", 600, &size); /* no character begins anywhere */
    assert_int_equal(segment_cut(text, size), 512);
    free(text);
}

static void the_rest_of_a_long_line_takes_the_lines_after_it(void **state)
{
    (void)state;
    size_t size, lengths[16];
    char *text = repeat("word ", 130, &size); /* 650 bytes, one line */
    memcpy(text + 645, "end\n\n", 5);
    assert_int_equal(cut_all(text, size, lengths, 16), 2);
    assert_int_equal(lengths[0], 510);
    assert_int_equal(lengths[1], 140);
    free(text);
}

static void long_lines_of_scripts_without_spaces_are_cut_after_sentences(void **state)
{
    (void)state;
    size_t size;
    char *text = repeat("雾", 300, &size);
    assert_int_equal(segment_cut(text, size), 510);
    memcpy(text + 300, "。", 3);
    assert_int_equal(segment_cut(text, size), 303);
    memcpy(text + 303, "」）", 6);
    assert_int_equal(segment_cut(text, size), 309);
    memcpy(text + 309, "   ", 3); /* the first space stays with its sentence, the others are a unit */
    assert_int_equal(segment_cut(text, size), 312);
    memcpy(text + 507, "।", 3);
    assert_int_equal(segment_cut(text, size), 510);
    memcpy(text + 510, "”", 3); /* does not fit, and is not parted from its sentence */
    assert_int_equal(segment_cut(text, size), 310);
    memcpy(text + 393, "۔ ", 3);
    assert_int_equal(segment_cut(text, size), 396);
    free(text);
}

static void random_texts_are_covered_in_valid_pieces_that_do_not_look_far_ahead(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a", "word", " ", " ", ". ", "!\xe2\x80\x9d ", "\xc3\xa9", "\xf0\x9f\x98\x80", "\n", ")", "。", "」", "雾"};
    uint64_t seed = 20240517;
    for (int round = 0; round < 300; round++) {
        size_t size = 0, count = 50 + test_random(&seed) % 1500, newline_every = 1 + test_random(&seed) % 600;
        char *text = malloc(count * 5);
        assert_non_null(text);
        for (size_t i = 0; i < count; i++) {
            const char *piece = pieces[test_random(&seed) % (sizeof pieces / sizeof *pieces)];
            if (*piece == '\n' && test_random(&seed) % newline_every) continue;
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        text = realloc(text, size ? size : 1);
        for (size_t at = 0; at < size;) {
            size_t left = size - at, length = segment_cut(text + at, left);
            assert_in_range(length, 1, SEGMENT_MAX_BYTES);
            assert_true(length == left || ((unsigned char)text[at + length] & 0xC0) != 0x80);
            if (left > 1027) assert_int_equal(segment_cut(text + at, 1027), length);
            at += length;
        }
        free(text);
    }
}

static void a_statement_in_the_first_half_cuts_no_line(void **state)
{
    (void)state;
    size_t size;
    char *text = repeat("x", 600, &size);
    text[255] = ';';
    assert_int_equal(segment_cut(text, size), 512);
    text[256] = '}';
    assert_int_equal(segment_cut(text, size), 257);
    text[257] = ',';
    assert_int_equal(segment_cut(text, size), 512); /* it goes on */
    free(text);
}

/* What models/FORMAT.md promises to those who read a stream: a cut depends on 2 * 512 + 3 bytes at most. */
static void a_cut_depends_on_what_is_near(void **state)
{
    (void)state;
    static const char *const pieces[] = {"word ",
                                         "end. ",
                                         "\n",
                                         "\xe3\x80\x82",
                                         "\xe2\x80\x9d",
                                         "x",
                                         ";",
                                         ")",
                                         "\xff",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    enum { NEAR = 2 * SEGMENT_MAX_BYTES + 3 };
    uint64_t seed = 31;
    for (int round = 0; round < 400; round++) {
        char text[4096];
        size_t size = 0;
        const uint64_t kinds = 1 + test_random(&seed) % 10; /* with few of them lines are long */
        while (size < sizeof text - 128) {
            const char *piece = pieces[9 - (test_random(&seed) >> 32) % kinds];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        for (size_t at = 0, n; at < size; at += n) {
            const size_t left = size - at;
            n = segment_cut(text + at, left);
            assert_in_range(n, 1, SEGMENT_MAX_BYTES);
            char *near = malloc(left < NEAR ? left : NEAR); /* of its own, so that a read too far is found */
            assert_non_null(near);
            memcpy(near, text + at, left < NEAR ? left : NEAR);
            assert_int_equal(segment_cut(near, left < NEAR ? left : NEAR), n);
            free(near);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_has_no_segment),
        cmocka_unit_test(whole_lines_are_packed_up_to_512_bytes),
        cmocka_unit_test(a_line_of_512_bytes_is_one_segment_and_one_of_513_is_cut),
        cmocka_unit_test(long_lines_are_cut_after_sentences_and_their_closing_marks),
        cmocka_unit_test(without_a_sentence_end_the_last_space_cuts),
        cmocka_unit_test(code_without_line_ends_is_cut_after_statements),
        cmocka_unit_test(without_a_space_characters_stay_whole),
        cmocka_unit_test(the_rest_of_a_long_line_takes_the_lines_after_it),
        cmocka_unit_test(a_statement_in_the_first_half_cuts_no_line),
        cmocka_unit_test(a_cut_depends_on_what_is_near),
        cmocka_unit_test(long_lines_of_scripts_without_spaces_are_cut_after_sentences),
        cmocka_unit_test(random_texts_are_covered_in_valid_pieces_that_do_not_look_far_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
