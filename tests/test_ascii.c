/* The signs of the screen on a terminal without UTF-8. */
#include "tests/test.h"

#include "app/terminal/ascii.h"

static void ascii_stays_as_it_is(void **state)
{
    (void)state;
    for (wchar_t c = 0; c < 0x80; c++) assert_int_equal(ascii_sign(c), c);
}

static void every_sign_of_the_panes_has_its_own_form(void **state)
{
    (void)state;
    const struct {
        wchar_t sign;
        char form;
    } cases[] = {{L'─', '-'}, {L'│', '|'}, {L'┼', '+'}, {L'┤', '+'}, {L'▏', '|'}, {L'█', '#'}, {L'▁', '_'}, {L'▇', '+'},
                 {L'░', '.'}, {L'▓', 'O'}, {L'▲', '^'}, {L'▼', 'v'}, {L'▶', '>'}, {L'◀', '<'}, {L'●', '*'}, {L'·', '.'},
                 {L'…', '.'}, {L'›', '>'}, {L'✓', 'v'}, {L'▕', '|'}, {L'┊', ':'}, {L'╌', '-'}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (ascii_sign(cases[i].sign) != (wchar_t)cases[i].form)
            fail_msg("U+%04X is '%c', not '%c'", (unsigned)cases[i].sign, (char)ascii_sign(cases[i].sign),
                     cases[i].form);
}

static void other_characters_are_question_marks(void **state)
{
    (void)state;
    assert_int_equal(ascii_sign(L'é'), L'?');
    assert_int_equal(ascii_sign(0x4F60), L'?');
    assert_int_equal(ascii_sign(0x10FFFF), L'?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_stays_as_it_is),
        cmocka_unit_test(every_sign_of_the_panes_has_its_own_form),
        cmocka_unit_test(other_characters_are_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
