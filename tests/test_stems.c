/* Stems by which a question's words meet a text's. */
#include "tests/test.h"

#include "app/text/stems.h"

static uint64_t hash(const char *word)
{
    return stems_hash(word, strlen(word));
}

static void the_forms_of_a_word_are_one(void **state)
{
    (void)state;
    static const char *const same[][4] = {{"ask", "asked", "asking", "asks"},
                                          {"Asking", "ASKED", "ask", "asks"},
                                          {"wall", "walls", "walled", "Walling"},
                                          {"relation", "relations", "relation", "Relations"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (size_t k = 1; k < 4; k++) {
            if (hash(same[i][k]) != hash(same[i][0])) fail_msg("%s and %s", same[i][0], same[i][k]);
        }
}

static void other_words_are_others(void **state)
{
    (void)state;
    static const char *const words[] = {"ask", "door", "Poole", "lamp", "hand", "will", "1886", "red", "bed", "is"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (size_t k = 0; k < i; k++) assert_true(hash(words[i]) != hash(words[k]));
}

static void stop_words_tell_nothing_in_any_case(void **state)
{
    (void)state;
    assert_true(stems_is_stop_word("the", 3));
    assert_true(stems_is_stop_word("WHO", 3));
    assert_false(stems_is_stop_word("them-", 5));
    assert_false(stems_is_stop_word("th", 2));
    assert_false(stems_is_stop_word("lamp", 4));
}

static void a_text_gives_each_stem_once(void **state)
{
    (void)state;
    static const char text[] = "Who asked the lamp? The lamps were asking, and asked.";
    uint64_t stems[8];
    assert_int_equal(stems_find(text, strlen(text), STEMS_TELLING, stems, 8), 2);
    assert_true(stems[0] == hash("ask") && stems[1] == hash("lamp"));
    assert_int_equal(stems_find(text, strlen(text), STEMS_ALL, stems, 8), 6); /* who ask the lamp were and */
    assert_int_equal(stems_find(text, strlen(text), STEMS_ALL, stems, 3), 3);
    assert_int_equal(stems_find(text, 0, STEMS_ALL, stems, 8), 0);
}

static void a_list_holds_whole_words_only(void **state)
{
    (void)state;
    static const char *const list[] = {"chapter", "part"};
    assert_true(stems_list_holds(list, 2, "Chapter", 7));
    assert_true(stems_list_holds(list, 2, "PART", 4));
    assert_false(stems_list_holds(list, 2, "chapters", 8));
    assert_false(stems_list_holds(list, 2, "chap", 4));
    assert_false(stems_list_holds(list, 0, "part", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_of_a_word_are_one),         cmocka_unit_test(other_words_are_others),
        cmocka_unit_test(stop_words_tell_nothing_in_any_case), cmocka_unit_test(a_text_gives_each_stem_once),
        cmocka_unit_test(a_list_holds_whole_words_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
