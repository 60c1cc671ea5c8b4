/* Which lines head a part of a book. What reads on as a sentence heads none. */
#include "tests/test.h"

#include "app/text/heading.h"

static unsigned level(const char *line)
{
    const char *word;
    return heading_level(line, strlen(line), &word);
}

static void assert_levels(unsigned expected, size_t n, const char *const *lines)
{
    for (size_t i = 0; i < n; i++)
        if (level(lines[i]) != expected) fail_msg("\"%s\" is of level %u", lines[i], level(lines[i]));
}

#define LEVELS(expected, ...)                                                                                          \
    do {                                                                                                               \
        static const char *const lines[] = {__VA_ARGS__};                                                              \
        assert_levels(expected, sizeof lines / sizeof *lines, lines);                                                  \
    } while (0)

static void chapters_are_named_and_numbered_in_english(void **state)
{
    (void)state;
    LEVELS(2, "CHAPTER I", "CHAPTER IV.", "Chapter Two", "Chapter 12. A Name", "Chapter 3: The Door", "Letter 1",
           "STAVE ONE", "SECTION THE FIRST", "Chapter twenty-one", "Scene 2");
    LEVELS(1, "BOOK THE FIRST", "Part 1", "VOLUME II", "Act 3");
    LEVELS(2, "PREFACE", "Preface.", "Prologue", "CONTENTS");
    LEVELS(0, "chapter 2", "Chapter", "Chapters 2", "Chapter of accidents", "Part of it", "Book I read",
           "Prologue to it", "Letter onely", "");
}

static void what_follows_the_number_must_not_read_on(void **state)
{
    (void)state;
    LEVELS(2, "Chapter 2 The Door", "Chapter 2 ", "Chapter 2) x", "Chapter Two \xE2\x80\x94 x");
    LEVELS(0, "Chapter 2 was long", "Chapter 2x", "Chapter I wrote", "Chapter Twofold");
}

static void chapters_are_named_in_other_languages(void **state)
{
    (void)state;
    LEVELS(2, "Глава 2", "ГЛАВА ПЕРВАЯ", "Kapitel XII: Die Flut", "Erstes Kapitel", "2. fejezet", "Capítulo 4",
           "Пролог", "Épilogue", "الفصل الأول");
    LEVELS(1, "Часть 1", "Teil 2", "Livre I");
    LEVELS(0, "Глава государства сказал", "Kapitel ist ein Wort", "глава 2", "Пролог был длинный",
           "Глава 2 была длинной", "Kapitel 3 war lang", "Chapitre 2 est perdu");
    LEVELS(2, "Глава 2.");
    LEVELS(0, "Глава 2,", "第一章。"); /* goes on, or ends like a sentence */
}

static void counted_parts_are_named_where_no_spaces_are_written(void **state)
{
    (void)state;
    LEVELS(2, "第一章 雾港", "第3回", "第十二章", "제2장", "2장", "2장 바다", "序章", "目次");
    LEVELS(1, "第一部", "제1부", "第二卷 海");
    LEVELS(0, "第一", "第章", "2장을 읽다", "章");
}

static void a_word_of_a_part_needs_its_number_right_behind_it(void **state)
{
    (void)state;
    LEVELS(2, "CHAPTER AA", "CHAPTER ZZ", "Chapter 10", "CHAPTER THE LAST", "Appendix.", "Section 4 \xC3\x89pilogue");
    LEVELS(0, "Appendix.x", "Appendix .", "Chapter.", "CHAPTER", "CHAPTER ", "Chapter THE LAST", "CHAPTER the last",
           "Chapters AA", "chapter 1", "Chapter-1", "Part A", "Contents of it");
    LEVELS(2, "第1章", "第中章", "第上回", "第十二話 海", "제 3 화", "3화", "第１２章"); /* digits of full width too */
    LEVELS(1, "第下巻", "4권", "4권 바다", "第二部 x");
    LEVELS(0, "4 권x", "十二章", "第 章", "第十", "제장", "회");
}

static void a_line_of_capitals_has_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is;
    } lines[] = {
        {"STORY OF THE DOOR", true},
        {"AB CDE", true},
        {"AB CD", false},
        {"ABCDE", false},
        {"STORY of THE DOOR", false},
        {"ÉTUDE EN ROUGE", true},
        {"1 AB CDE", false},
        {"AB CDE;", false},
        {"AB CDE:", false},
        {"AB CDE,", false},
        {"AB CDE.", true},
        {"ABC 1234 D E", false},
        {"ABCD 12 E", true},
        {"", false},
        {"AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAAA", true}, /* sixty characters */
        {"AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAA AAAAAAAAAAA", false},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (heading_is_in_capitals(lines[i].line, strlen(lines[i].line)) != lines[i].is) fail_msg("%s", lines[i].line);
}

static void the_same_word_is_the_same_pointer(void **state)
{
    (void)state;
    const char *a = NULL, *b = NULL, *c = NULL;
    heading_level("CHAPTER I", 9, &a);
    heading_level("Chapter Two", 11, &b);
    heading_level("Part 1", 6, &c);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    assert_string_equal(a, "chapter");
}

static void a_manual_begins_and_ends_its_line_with_its_name(void **state)
{
    (void)state;
#define MANUAL(line) heading_is_manual(line, sizeof(line) - 1)
    assert_true(MANUAL("LS(1)          User Commands          LS(1)"));
    assert_true(MANUAL("a(3p) x a(3p)"));
    assert_true(MANUAL("a(9) x a(9)"));
    assert_false(MANUAL("a(:) x a(:)"));
    assert_false(MANUAL("LS(1)          User Commands          LS(2)"));
    assert_false(MANUAL("LS(0) LS(0)"));
    assert_false(MANUAL("LS(1)LS(1)")); /* nothing between them */
    assert_false(MANUAL("(1) x (1)"));
    assert_false(MANUAL("LS 1"));
    assert_false(MANUAL(""));
}

static void sections_of_a_manual_stand_at_the_left_in_capitals(void **state)
{
    (void)state;
#define MANUAL_LEVEL(line) heading_manual_level(line, sizeof(line) - 1)
    assert_int_equal(MANUAL_LEVEL("NAME"), 1);
    assert_int_equal(MANUAL_LEVEL("SEE ALSO"), 1);
    assert_int_equal(MANUAL_LEVEL("   Comments and whitespace"), 2);
    assert_int_equal(MANUAL_LEVEL("Name"), 0);
    assert_int_equal(MANUAL_LEVEL("  Two"), 0);
    assert_int_equal(MANUAL_LEVEL("    Four"), 0);
    assert_int_equal(MANUAL_LEVEL("   -A"), 0); /* an option */
    assert_int_equal(MANUAL_LEVEL("   "), 0);
    assert_int_equal(MANUAL_LEVEL("123"), 0);
    assert_int_equal(MANUAL_LEVEL(""), 0);
}

static void a_line_in_capitals_has_two_words_and_no_end_that_goes_on(void **state)
{
    (void)state;
#define CAPITALS(line) heading_is_in_capitals(line, sizeof(line) - 1)
    assert_true(CAPITALS("STORY OF THE DOOR"));
    assert_true(CAPITALS("ИСТОРИЯ ДВЕРИ"));
    assert_true(CAPITALS("AN END."));
    assert_false(CAPITALS("STORY"));
    assert_false(CAPITALS("STORY OF THE DOOR,"));
    assert_false(CAPITALS("STORY OF THE DOOR:"));
    assert_false(CAPITALS("STORY of THE DOOR"));
    assert_false(CAPITALS("A B"));                /* four letters at most */
    assert_false(CAPITALS("ABCDE 1234567890"));   /* mostly other than letters */
    assert_false(CAPITALS(" STORY OF THE DOOR")); /* it begins with a letter */
    assert_true(CAPITALS("STORY OF A DOOR THAT STANDS HERE AND THERE AND EVERYWHERE EE"));
    assert_false(CAPITALS("STORY OF A DOOR THAT STANDS HERE AND THERE AND EVERYWHERE EEE")); /* 61 characters */
    assert_false(CAPITALS(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chapters_are_named_and_numbered_in_english),
        cmocka_unit_test(what_follows_the_number_must_not_read_on),
        cmocka_unit_test(chapters_are_named_in_other_languages),
        cmocka_unit_test(counted_parts_are_named_where_no_spaces_are_written),
        cmocka_unit_test(a_word_of_a_part_needs_its_number_right_behind_it),
        cmocka_unit_test(a_line_of_capitals_has_bounds),
        cmocka_unit_test(the_same_word_is_the_same_pointer),
        cmocka_unit_test(a_manual_begins_and_ends_its_line_with_its_name),
        cmocka_unit_test(sections_of_a_manual_stand_at_the_left_in_capitals),
        cmocka_unit_test(a_line_in_capitals_has_two_words_and_no_end_that_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
