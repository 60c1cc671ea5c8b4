/* What a terminal sends becomes events, and what is drawn reaches it: through a pseudo-terminal, of which this is the
 * other end. Bytes are there when they are written, so nothing has to be waited for. */
#include "tests/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/terminal/canvas.h"
#include "app/terminal/keys.h"
#include "app/terminal/terminal.h"

static struct terminal *terminal;
static int user = -1, saved[2];

static int enter(void **state)
{
    (void)state;
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct error e = {0};
    user = posix_openpt(O_RDWR | O_NOCTTY);
    if (user < 0 || grantpt(user) != 0 || unlockpt(user) != 0) return -1;
    const int tty = open(ptsname(user), O_RDWR | O_NOCTTY);
    if (tty < 0 || ioctl(tty, TIOCSWINSZ, &size) != 0) return -1;
    fflush(stdout);
    saved[0] = dup(STDIN_FILENO);
    saved[1] = dup(STDOUT_FILENO);
    dup2(tty, STDIN_FILENO);
    dup2(tty, STDOUT_FILENO);
    close(tty);
    fcntl(user, F_SETFL, O_NONBLOCK);
    return terminal_open(&terminal, THEME_DARK, true, &e);
}

static int leave(void **state)
{
    (void)state;
    terminal_close(terminal);
    fflush(stdout);
    dup2(saved[0], STDIN_FILENO);
    dup2(saved[1], STDOUT_FILENO);
    close(saved[0]);
    close(saved[1]);
    close(user);
    return 0;
}

/* What was written to the terminal since it was asked last; ends at what there is. */
static const char *written(void)
{
    static char bytes[1 << 16];
    size_t size = 0;
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    for (ssize_t n; (n = read(user, bytes + size, sizeof bytes - 1 - size)) > 0;) size += (size_t)n;
    bytes[size] = '\0';
    return bytes;
}

static struct event next(void)
{
    struct event event;
    terminal_event(terminal, &event);
    return event;
}

static void send(const char *bytes, size_t size)
{
    assert_int_equal(write(user, bytes, size), (ssize_t)size);
}

static void expect_key(const char *bytes, size_t size, uint32_t key)
{
    send(bytes, size);
    const struct event event = next();
    if (event.type != EVENT_KEY || event.key != key)
        fail_msg("%s: event %d, key %x, expected %x", bytes, (int)event.type, event.key, key);
    assert_true(next().type == EVENT_NONE);
}

static void letters_and_control_keys_are_their_keys(void **state)
{
    (void)state;
    for (int c = ' '; c < 127; c++) expect_key((const char[]){(char)c, '\0'}, 1, (uint32_t)c);
    for (char c = 'a'; c <= 'z'; c++) {
        const char byte[] = {(char)(c - 'a' + 1), '\0'};
        expect_key(byte, 1,
                   c == 'm'   ? KEYS_ENTER
                   : c == 'i' ? KEYS_TAB
                   : c == 'h' ? KEYS_BACKSPACE
                              : KEYS_CTRL | (uint32_t)c);
    }
    expect_key("", 1, KEYS_CTRL | ' ');
    expect_key("\x1c", 1, KEYS_CTRL | '\\');
    expect_key("\x1f", 1, KEYS_CTRL | '_');
    expect_key("\x7f", 1, KEYS_BACKSPACE);
    expect_key("\xC3\xA9", 2, 0xE9);
    expect_key("\xE6\x97\xA5", 3, 0x65E5);
    expect_key("\xF0\x9F\x90\x8B", 4, 0x1F40B);
}

static void sequences_that_terminals_have_names_for_are_special_keys(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t key;
    } cases[] = {{"\x1bOA", KEYS_UP},
                 {"\x1bOB", KEYS_DOWN},
                 {"\x1bOC", KEYS_RIGHT},
                 {"\x1bOD", KEYS_LEFT},
                 {"\x1bOH", KEYS_HOME},
                 {"\x1bOF", KEYS_END},
                 {"\x1b[5~", KEYS_PAGE_UP},
                 {"\x1b[6~", KEYS_PAGE_DOWN},
                 {"\x1b[3~", KEYS_DELETE},
                 {"\x1b[2~", KEYS_INSERT},
                 {"\x1b[Z", KEYS_BACKTAB},
                 {"\x1bOP", KEYS_F1},
                 {"\x1b[24~", KEYS_F1 + 11},
                 {"\x1b[1;5A", KEYS_CTRL | KEYS_UP},
                 {"\x1b[1;5D", KEYS_CTRL | KEYS_LEFT},
                 {"\x1b[1;3B", KEYS_ALT | KEYS_DOWN},
                 {"\x1b[1;3C", KEYS_ALT | KEYS_RIGHT},
                 {"\x1bx", KEYS_ALT | 'x'},
                 {"\x1b\r", KEYS_ALT | KEYS_ENTER},
                 {"\x1b\xC3\xA9", KEYS_ALT | 0xE9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_key(cases[i].bytes, strlen(cases[i].bytes), cases[i].key);
}

/* A sequence that nobody knows types nothing of itself. */
static void an_unknown_sequence_is_swallowed_whole(void **state)
{
    (void)state;
    static const char *const unknown[] = {"\x1b[99~", "\x1b[?1;2c", "\x1b[12;34R", "\x1b[I", "\x1b[>4;2m"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        send(unknown[i], strlen(unknown[i]));
        expect_key("q", 1, 'q');
    }
}

/* A character whose bytes do not come at once, as over a slow line. */
static void a_character_may_come_in_pieces(void **state)
{
    (void)state;
    static const char *const characters[] = {"\xC3\xA9", "\xE6\x97\xA5", "\xF0\x9F\x90\x8B"};
    static const uint32_t keys[] = {0xE9, 0x65E5, 0x1F40B};
    for (size_t i = 0; i < 3; i++)
        for (size_t cut = 1; cut < strlen(characters[i]); cut++) {
            send(characters[i], cut);
            assert_true(next().type == EVENT_NONE);
            expect_key(characters[i] + cut, strlen(characters[i]) - cut, keys[i]);
        }
    send("\xE6", 1);
    assert_true(next().type == EVENT_NONE);
    send("\x97", 1);
    assert_true(next().type == EVENT_NONE);
    expect_key("\xA5", 1, 0x65E5);
}

static void bytes_of_no_character_are_left_out(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\xff", "\xA5", "\xC3(", "\xE6\x97(", "\xF0\x9F\x90(", "\xC0\x80", "\xE6\xC3("};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        send(wrong[i], strlen(wrong[i]));
        struct event event;
        do event = next();
        while (event.type == EVENT_KEY && event.key != 'q' && (event.key == '(' || event.key == 0xFFFD));
        assert_true(event.type == EVENT_NONE);
        expect_key("q", 1, 'q');
    }
}

static void what_is_pasted_is_one_text(void **state)
{
    (void)state;
    static const char paste[] = "\x1b[200~one\rtwo \xE6\x97\xA5\x1b[Ax\tq\x1b[201~q";
    send(paste, sizeof paste - 1);
    struct event event = next();
    assert_true(event.type == EVENT_PASTE);
    assert_true(event.size >= 11 && memcmp(event.text, "one\ntwo \xE6\x97\xA5", 11) == 0);
    assert_true(memcmp(event.text + event.size - 3, "x\tq", 3) == 0);
    event = next();
    assert_true(event.type == EVENT_KEY && event.key == 'q');
    send("\x1b[200~\x1b[201~", 12);
    event = next();
    assert_true(event.type == EVENT_PASTE && event.size == 0);
}

static void the_mouse_says_where_and_what(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum mouse mouse;
        int y, x;
    } cases[] = {{"\x1b[<0;5;3M", MOUSE_PRESS, 2, 4},
                 {"\x1b[<0;5;3m", MOUSE_RELEASE, 2, 4},
                 {"\x1b[<64;1;1M", MOUSE_WHEEL_UP, 0, 0},
                 {"\x1b[<65;80;24M", MOUSE_WHEEL_DOWN, 23, 79}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        send(cases[i].bytes, strlen(cases[i].bytes));
        const struct event event = next();
        if (event.type != EVENT_MOUSE || event.mouse != cases[i].mouse)
            fail_msg("%zu: event %d, mouse %d", i, (int)event.type, (int)event.mouse);
        assert_true(event.y == cases[i].y && event.x == cases[i].x);
        assert_true(next().type == EVENT_NONE);
    }
}

/* What ncurses 6.4 would break on among it. */
static void a_report_of_any_kind_is_swallowed(void **state)
{
    (void)state;
    static const char *const reports[] = {"\x1b[<6;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;9M",
                                          "\x1b[<0;81;1M",
                                          "\x1b[<0;1;25M",
                                          "\x1b[<0;0;1M",
                                          "\x1b[<32;3;3M",
                                          "\x1b[<2;3;3M",
                                          "\x1b[<66;3;3M",
                                          "\x1b[<0;4294967297;1M",
                                          "\x1b[<;;M",
                                          "\x1b[M",
                                          "\x1b[M   "};
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        send(reports[i], strlen(reports[i]));
        const struct event event = next();
        if (event.type != EVENT_NONE) fail_msg("%zu: event %d, key %u", i, (int)event.type, event.key);
    }
    send("q", 1);
    assert_int_equal(next().key, 'q');
}

static void a_report_may_come_in_pieces(void **state)
{
    (void)state;
    send("\x1b[<0;1", 6);
    assert_true(next().type == EVENT_NONE);
    send("2;3M", 4);
    const struct event event = next();
    assert_true(event.type == EVENT_MOUSE && event.y == 2 && event.x == 11);
    send("\x1b[<0;1\r", 7); /* and what is of no sequence is a key */
    assert_int_equal(next().key, KEYS_ENTER);
}

static void older_terminals_report_in_characters(void **state)
{
    (void)state;
    send("\x1b[M !\"", 6);
    struct event event = next();
    assert_true(event.type == EVENT_MOUSE && event.mouse == MOUSE_PRESS && event.y == 1 && event.x == 0);
    send("\x1b[M#!\"", 6);
    event = next();
    assert_true(event.type == EVENT_MOUSE && event.mouse == MOUSE_RELEASE && event.y == 1 && event.x == 0);
}

static void signals_are_events(void **state)
{
    (void)state;
    raise(SIGINT);
    assert_true(next().type == EVENT_INTERRUPT);
    raise(SIGTERM);
    assert_true(next().type == EVENT_QUIT);
    raise(SIGTSTP);
    assert_true(next().type == EVENT_SUSPEND);
    raise(SIGWINCH);
    assert_true(next().type == EVENT_RESIZE);
    assert_true(next().type == EVENT_NONE);
}

static void waiting_ends_with_a_byte_that_is_read_away(void **state)
{
    (void)state;
    int wake[2];
    assert_true(pipe(wake) == 0);
    fcntl(wake[0], F_SETFL, O_NONBLOCK);
    assert_true(write(wake[1], "", 1) == 1);
    terminal_wait(terminal, wake[0], -1);
    char byte;
    assert_true(read(wake[0], &byte, 1) < 0);
    send("x", 1);
    terminal_wait(terminal, wake[0], -1);
    const struct event event = next();
    assert_true(event.type == EVENT_KEY && event.key == 'x');
    close(wake[0]);
    close(wake[1]);
}

static void what_is_drawn_is_written_with_its_colours_and_the_cursor(void **state)
{
    (void)state;
    struct canvas c = {0};
    struct error e;
    assert_true(canvas_resize(&c, 24, 80, &e) == 0);
    const struct rect all = {0, 0, 24, 80};
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "plain \xE6\x97\xA5 e\xCC\x81 end");
    canvas_puts(&c, all, 1, 0, style(ROLE_ERROR), "wrong");
    (void)written();
    terminal_draw(terminal, &c);
    const char *bytes = written();
    assert_true(strstr(bytes, "plain \xE6\x97\xA5 e\xCC\x81 end") != NULL);
    assert_true(strstr(bytes, "wrong") != NULL);
    assert_true(strstr(bytes, "\x1b[?25h") == NULL);
    terminal_draw(terminal, &c); /* nothing has changed */
    assert_true(strstr(written(), "plain") == NULL);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "P");
    c.cursor_y = 3;
    c.cursor_x = 4;
    terminal_draw(terminal, &c);
    bytes = written();
    assert_true(strstr(bytes, "P") != NULL && strstr(bytes, "lain") == NULL);
    assert_true(strstr(bytes, "\x1b[4;5H") != NULL);
    terminal_refresh(terminal);
    terminal_draw(terminal, &c);
    assert_true(strstr(written(), "Plain") != NULL);
    canvas_close(&c);
}

static void text_is_copied_as_base64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe\x1b>?", "//4bPj8="}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "\x1b]52;c;%s\a", cases[i].expected);
        (void)written();
        terminal_copy(terminal, cases[i].text, strlen(cases[i].text));
        assert_true(strcmp(written(), expected) == 0);
    }
}

static void a_command_has_the_terminal_and_says_how_it_ended(void **state)
{
    (void)state;
    (void)written();
    assert_true(terminal_run(terminal, "printf HELLO; exit 3") == 3);
    assert_true(strstr(written(), "HELLO") != NULL);
    assert_true(terminal_run(terminal, "kill -9 $$") == -1);
    assert_true(terminal_run(terminal, "true") == 0);
    expect_key("x", 1, 'x'); /* and gives it back */
}

static void a_terminal_that_is_gone_is_the_end(void **state)
{
    (void)state;
    struct event event = next();
    assert_true(event.type == EVENT_NONE);
    const int other = open("/dev/null", O_RDWR);
    close(user);
    terminal_wait(terminal, other, -1);
    event = next();
    assert_true(event.type == EVENT_QUIT);
    close(other);
    user = open("/dev/null", O_RDWR);
}

int main(void)
{
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("COLORTERM");
    unsetenv("NO_COLOR");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_and_control_keys_are_their_keys),
        cmocka_unit_test(sequences_that_terminals_have_names_for_are_special_keys),
        cmocka_unit_test(an_unknown_sequence_is_swallowed_whole),
        cmocka_unit_test(a_character_may_come_in_pieces),
        cmocka_unit_test(bytes_of_no_character_are_left_out),
        cmocka_unit_test(what_is_pasted_is_one_text),
        cmocka_unit_test(the_mouse_says_where_and_what),
        cmocka_unit_test(a_report_of_any_kind_is_swallowed),
        cmocka_unit_test(a_report_may_come_in_pieces),
        cmocka_unit_test(older_terminals_report_in_characters),
        cmocka_unit_test(signals_are_events),
        cmocka_unit_test(waiting_ends_with_a_byte_that_is_read_away),
        cmocka_unit_test(what_is_drawn_is_written_with_its_colours_and_the_cursor),
        cmocka_unit_test(text_is_copied_as_base64),
        cmocka_unit_test(a_command_has_the_terminal_and_says_how_it_ended),
        cmocka_unit_test(a_terminal_that_is_gone_is_the_end),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
