#include "tests/test.h"

#include "app/answer/quote.h"
#include "app/answer/quote_text.h"

static void assert_answer(const char *question, const struct quote_source *sources, size_t n, const char *words)
{
    struct error e;
    char *answer;
    assert_ok(quote_answer(&answer, question, sources, n, &e), e);
    assert_string_equal(answer, words);
    free(answer);
}

static struct quote_source source(const char *path, const char *text, float score)
{
    return (struct quote_source){.path = path, .text = text, .size = strlen(text), .score = score};
}

static void the_sentence_with_the_questions_words_is_quoted_with_its_source(void **state)
{
    (void)state;
    const struct quote_source sources[] = {
        source("a.txt", "The weather was fine. They walked to\nthe  harbour and looked at ships.", 2),
        source("b.txt", "He ate. Captain Hull bought the schooner in 1846 from a widow. He slept.", 1.8f),
    };
    assert_answer("When did Hull buy the schooner?", sources, 2,
                  "Captain Hull bought the schooner in 1846 from a widow. [2]");
    assert_answer("Who looked at the ships in the harbour?", sources, 2,
                  "They walked to the harbour and looked at ships. [1]");
}

static void the_better_ranked_source_decides_where_words_do_not(void **state)
{
    (void)state;
    const struct quote_source sources[] = {source("a.txt", "One was red.", 1), source("b.txt", "Two was blue.", 2)};
    assert_answer("Colour?", sources, 2, "Two was blue. [2]");
}

static void an_answer_that_follows_the_questions_words_is_found(void **state)
{
    (void)state;
    const struct quote_source s = source(
        "a.txt", "Where was the harbour of the schooner? The schooner left the harbour. It sank near Hull in 1846.", 1);
    assert_answer("When did the schooner of the harbour sink?", &s, 1,
                  "It sank near Hull in 1846. [1] The schooner left the harbour. [1]");
}

static void of_code_the_definition_is_quoted(void **state)
{
    (void)state;
    const struct quote_source s = source(
        "src/a.py", "import os\n\ndef read_file(path):\n    return open(path).read()\n\nx = read_file('a')\n", 1);
    assert_answer("Where is read_file defined?", &s, 1, "def read_file(path): [1]");
    assert_answer("What does it return, open?", &s, 1, "def read_file(path): [1]\nreturn open(path).read() [1]");
}

static void a_definition_comes_with_the_comment_above_it(void **state)
{
    (void)state;
    const struct quote_source s = source(
        "a.h", "/* Unrelated. */\n\n/* Goes back to\n * the mark. */\nint mark(void);\nint rewind_to(void);\n", 1);
    assert_answer("What does rewind_to do?", &s, 1,
                  "/* Goes back to\n* the mark. */\nint mark(void);\nint rewind_to(void); [1]");
}

static void nothing_to_quote_is_an_empty_answer(void **state)
{
    (void)state;
    const struct quote_source s = source("a", " \n\n ", 1);
    assert_answer("Who?", &s, 1, "");
    assert_answer("", NULL, 0, "");
}

static void hostile_text_is_quoted_as_it_is_without_nuls(void **state)
{
    (void)state;
    const char text[] = "\033[2J the\0 cat \xff\xfe sat.";
    const struct quote_source s = {.path = "a", .text = text, .size = sizeof text - 1, .score = 0};
    assert_answer("cat?", &s, 1, "\033[2J the cat \xff\xfe sat. [1]");
}

static void assert_sentences(const char *text, size_t n, const size_t *ends)
{
    size_t at = 0, size = strlen(text);
    for (size_t i = 0; i < n; i++) assert_int_equal(at = quote_text_sentence_end(text, at, size), ends[i]);
    assert_int_equal(at, size);
}

static void sentences_end_at_stops_but_not_after_titles_or_inside_speech(void **state)
{
    (void)state;
    assert_sentences("Mr. J. Smith left. \"Go!\" he said. The end", 3, (const size_t[]){18, 33, 41});
    assert_sentences("Title\n\nText on\ntwo lines.\n- item\n- item", 4, (const size_t[]){6, 25, 33, 39});
    assert_sentences("It cost $3.50 in 1999. Why?", 2, (const size_t[]){22, 27});
}

/* Without the white space around them. */
static void assert_sentences_of(const char *text, size_t n, const char *const *sentences)
{
    size_t at = 0, size = strlen(text);
    for (size_t i = 0; i < n; i++) {
        size_t end = quote_text_sentence_end(text, at, size), next = end;
        quote_text_trim(text, &at, &end);
        assert_int_equal(end - at, strlen(sentences[i]));
        assert_memory_equal(text + at, sentences[i], end - at);
        at = next;
    }
    assert_int_equal(at, size);
}

static void sentences_end_at_the_stops_of_every_script(void **state)
{
    (void)state;
    assert_sentences_of("　钟很旧。天亮了吗？！老人说：“开门。”他走了。", 4,
                        (const char *[]){"钟很旧。", "天亮了吗？！", "老人说：“开门。”", "他走了。"});
    assert_sentences_of("「行け！」と彼は言った。鐘が鳴る｡終わり", 3,
                        (const char *[]){"「行け！」と彼は言った。", "鐘が鳴る｡", "終わり"});
    assert_sentences_of("पुल पुराना है। नदी गहरी है॥ क्यों?", 3, (const char *[]){"पुल पुराना है।", "नदी गहरी है॥", "क्यों?"});
    assert_sentences_of("هل وصل القارب؟ نعم. پل پرانا ہے۔", 3,
                        (const char *[]){"هل وصل القارب؟", "نعم.", "پل پرانا ہے۔"});
    assert_sentences_of("А. С. Сеткин жил на ул. весны. Он рыбак.", 2,
                        (const char *[]){"А. С. Сеткин жил на ул. весны.", "Он рыбак."});
}

static void a_sentence_is_found_by_pairs_of_characters(void **state)
{
    (void)state;
    const struct quote_source s =
        source("a", "山坡上的学校很旧。雾角灯塔的铜钟是铁匠\n贺兰石铸造的。医生每月来一次。", 1);
    assert_answer("雾角灯塔的铜钟是谁铸造的？", &s, 1, "雾角灯塔的铜钟是铁匠贺兰石铸造的。 [1]");
}

static void the_end_of_a_long_question_counts_too(void **state)
{
    (void)state;
    char question[2048] = "";
    for (int i = 0; i < 25; i++) strcat(question, "很多年前的故事，岛上的人。"); /* 325 characters */
    for (unsigned c = 0x5000; c < 0x5030; c++) {
        const char other[] = {(char)0xE5, (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)), 0};
        strcat(question, other);
    }
    strcat(question, "铜钟是谁铸造的？");
    const struct quote_source s = source("a", "山坡上的学校很旧。铜钟是铁匠铸造的。医生每月来一次。", 1);
    assert_answer(question, &s, 1, "铜钟是铁匠铸造的。 [1]");
}

static void questions_are_read_for_their_words_and_kind(void **state)
{
    (void)state;
    struct quote_question q;
    quote_text_read_question(&q, "In what year was the ships' captain asked?");
    assert_int_equal(q.kind, QUOTE_TIME);
    assert_int_equal(q.n_terms, 4); /* year, ship, captain, ask */
    struct quote_terms asked;
    size_t n_words;
    float kind;
    quote_text_look(&q, "Asking a ship in 1846", 21, &asked, &n_words, &kind);
    assert_int_equal(asked.bits[0], 0xA);
    assert_int_equal(n_words, 5);
    assert_float_equal(kind, 1, 0);
    quote_text_read_question(&q, "who is it");
    assert_int_equal(q.kind, QUOTE_PERSON);
    assert_int_equal(q.n_terms, 3); /* stop words, but there is nothing else */
    quote_text_read_question(&q, "The whole thing, anywhere");
    assert_int_equal(q.kind, QUOTE_ANY);
}

static void a_question_of_any_length_is_taken(void **state)
{
    (void)state;
    char *question = malloc(100001);
    assert_non_null(question);
    for (size_t i = 0; i < 100000; i++) question[i] = i % 7 ? (char)('a' + i * i % 26) : ' ';
    question[100000] = '\0';
    const struct quote_source s = source("a", "One sentence.", 1);
    assert_answer(question, &s, 1, "One sentence. [1]");
    free(question);
}

static void of_sentences_as_good_the_first_is_quoted(void **state)
{
    (void)state;
    const struct quote_source one = source("a.txt", "One was red. Two was red. Six was red.", 1);
    assert_answer("Colour?", &one, 1, "One was red. [1]");
    const struct quote_source two[] = {source("a.txt", "One was red.", 1), source("b.txt", "Two was red.", 1)};
    assert_answer("Colour?", two, 2, "One was red. [1]");
}

static void a_line_broken_inside_chinese_is_joined_without_a_blank(void **state)
{
    (void)state;
    const struct quote_source s = source("a.txt", "猫在\n  船上睡觉。", 1);
    assert_answer("猫在睡觉吗？", &s, 1, "猫在船上睡觉。 [1]");
    const struct quote_source latin = source("a.txt", "The cat\n  slept on the ship.", 1);
    assert_answer("Where did the cat sleep?", &latin, 1, "The cat slept on the ship. [1]");
    const struct quote_source blank = source("a.txt", "猫在 船上睡觉。", 1); /* no line ends there */
    assert_answer("猫在睡觉吗？", &blank, 1, "猫在 船上睡觉。 [1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentence_with_the_questions_words_is_quoted_with_its_source),
        cmocka_unit_test(the_better_ranked_source_decides_where_words_do_not),
        cmocka_unit_test(an_answer_that_follows_the_questions_words_is_found),
        cmocka_unit_test(of_code_the_definition_is_quoted),
        cmocka_unit_test(a_definition_comes_with_the_comment_above_it),
        cmocka_unit_test(nothing_to_quote_is_an_empty_answer),
        cmocka_unit_test(hostile_text_is_quoted_as_it_is_without_nuls),
        cmocka_unit_test(sentences_end_at_stops_but_not_after_titles_or_inside_speech),
        cmocka_unit_test(sentences_end_at_the_stops_of_every_script),
        cmocka_unit_test(a_sentence_is_found_by_pairs_of_characters),
        cmocka_unit_test(the_end_of_a_long_question_counts_too),
        cmocka_unit_test(questions_are_read_for_their_words_and_kind),
        cmocka_unit_test(a_question_of_any_length_is_taken),
        cmocka_unit_test(of_sentences_as_good_the_first_is_quoted),
        cmocka_unit_test(a_line_broken_inside_chinese_is_joined_without_a_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
