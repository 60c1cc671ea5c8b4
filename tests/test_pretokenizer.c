/* Words that byte-pair encoding works in, cut by hand as the reference's regular expressions cut them. */
#include "tests/test.h"

#include "compute/pretokenizer.h"

/* The words joined by "|"; `cut` owns the result until the next call. */
static const char *cut(enum pretokenizer kind, const char *text)
{
    static char out[512];
    size_t size = strlen(text), used = 0, between = 0;
    for (size_t at = 0; at < size;) {
        size_t n = pretokenizer_word(kind, text + at, size - at, &between);
        assert_true(n > 0 && n <= size - at);
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s", at ? "|" : "", (int)n, text + at);
        at += n;
    }
    out[used] = '\0';
    return out;
}

static void gpt2_gives_a_word_the_space_before_it(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_GPT2, "Who is Poole?"), "Who| is| Poole|?");
    assert_string_equal(cut(PRETOKENIZER_GPT2, "a  b"), "a| | b");
    assert_string_equal(cut(PRETOKENIZER_GPT2, "x = 12;\n"), "x| =| 12|;|\n");
    assert_string_equal(cut(PRETOKENIZER_GPT2, "end   "), "end|   ");
}

static void gpt2_knows_contractions_in_small_letters(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_GPT2, "it's we'll I'd"), "it|'s| we|'ll| I|'d");
    assert_string_equal(cut(PRETOKENIZER_GPT2, "IT'S"), "IT|'|S");
}

static void letters_and_numbers_of_every_script_are_known(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_GPT2, "Größe \xe4\xbd\xa0\xe5\xa5\xbd \xd9\xa3"),
                        "Größe| \xe4\xbd\xa0\xe5\xa5\xbd| \xd9\xa3");
    assert_string_equal(cut(PRETOKENIZER_GPT2, "a\xc2\xa0"
                                               "b"),
                        "a|\xc2\xa0|b"); /* a no-break space is white space */
}

static void smollm_has_every_digit_alone(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_SMOLLM, "in 1886."), "in| |1|8|8|6|.");
    assert_string_equal(cut(PRETOKENIZER_SMOLLM, "no digits here"), "no| digits| here");
    assert_string_equal(cut(PRETOKENIZER_SMOLLM, "7"), "7");
}

static void llama3_has_digits_by_three_and_qwen2_one_by_one(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "1234567"), "123|456|7");
    assert_string_equal(cut(PRETOKENIZER_QWEN2, "1234"), "1|2|3|4");
}

static void llama3_joins_what_stands_before_letters(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "(word)"), "(word|)");
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "a.b"), "a|.b");
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "IT'S"), "IT|'S");
}

static void llama3_keeps_line_ends_with_what_is_before(void **state)
{
    (void)state;
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "x;\n\ny"), "x|;\n\n|y");
    assert_string_equal(cut(PRETOKENIZER_LLAMA3, "x \n  y"), "x| \n| | y");
}

static void bytes_that_are_no_characters_end_no_loop(void **state)
{
    (void)state;
    for (int kind = PRETOKENIZER_GPT2; kind <= PRETOKENIZER_QWEN2; kind++)
        for (int byte = 0x80; byte < 0x100; byte++) {
            char text[] = {'a', (char)byte, ' ', (char)byte, '1', '\0'};
            size_t between = 0, at = 0;
            while (at < 5) {
                size_t n = pretokenizer_word((enum pretokenizer)kind, text + at, 5 - at, &between);
                assert_true(n > 0 && n <= 5 - at);
                at += n;
            }
        }
    size_t between = 0;
    assert_int_equal(pretokenizer_word(PRETOKENIZER_GPT2, "", 0, &between), 0);
}

/* tests/data/pretokenizer_reference.py. */
static void words_of_varied_text_equal_the_references(void **state)
{
    (void)state;
    static const char *const names[] = {[PRETOKENIZER_GPT2] = "gpt2",
                                        [PRETOKENIZER_SMOLLM] = "smollm",
                                        [PRETOKENIZER_LLAMA3] = "llama3",
                                        [PRETOKENIZER_QWEN2] = "qwen2"};
    char line[4096], text[2048];
    FILE *f = fopen("tests/data/pretokenizer_vectors.txt", "r");
    int lines = 0;
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); lines++) {
        char *hex = strchr(line, ' ') + 1, *lengths = strchr(hex, ' ');
        const size_t size = (size_t)(lengths - hex) / 2;
        int kind = PRETOKENIZER_GPT2;
        while (strncmp(line, names[kind], strlen(names[kind])) != 0) kind++;
        for (size_t i = 0; i < size; i++) {
            char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
            text[i] = (char)strtoul(digits, NULL, 16);
        }
        size_t between = 0;
        for (size_t at = 0, n; at < size; at += n) {
            n = pretokenizer_word((enum pretokenizer)kind, text + at, size - at, &between);
            if (n != strtoul(lengths, &lengths, 10)) fail_msg("a word at byte %zu has %zu bytes: %s", at, n, line);
        }
    }
    assert_true(lines > 600);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt2_gives_a_word_the_space_before_it),
        cmocka_unit_test(gpt2_knows_contractions_in_small_letters),
        cmocka_unit_test(letters_and_numbers_of_every_script_are_known),
        cmocka_unit_test(smollm_has_every_digit_alone),
        cmocka_unit_test(llama3_has_digits_by_three_and_qwen2_one_by_one),
        cmocka_unit_test(llama3_joins_what_stands_before_letters),
        cmocka_unit_test(llama3_keeps_line_ends_with_what_is_before),
        cmocka_unit_test(bytes_that_are_no_characters_end_no_loop),
        cmocka_unit_test(words_of_varied_text_equal_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
