/* ncurses' own idea of a character's width (wcwidth) is never asked: every cell is put at its own place, and a
 * character that wcwidth counts differently is replaced, so that ncurses' picture and ours cannot drift apart. */
#include "app/terminal/terminal.h"

#include <assert.h>
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "app/terminal/ascii.h"
#include "app/terminal/canvas.h"
#include "app/terminal/keys.h"
#include "app/terminal/terminal_mouse.h"
#include "app/terminal/terminal_signals.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"

#define PASTE_MAX (1u << 20)
#define PAIRS_MAX 250

/* Codes for sequences that terminfo does not name. */
enum {
    CODE_PASTE_BEGIN = KEY_MAX + 1,
    CODE_PASTE_END,
    CODE_MOUSE,
    CODE_MOUSE_OLD,
    CODE_MODIFIED, /* + 2 * n for Control, + 2 * n + 1 for Alt, n: 0 up, 1 down, 2 right, 3 left */
};

struct terminal {
    enum theme theme;
    const struct palette *palette; /* borrowed; NULL: all as the theme says */
    enum depth depth;
    bool hears_mouse, ascii, gone;
    struct terminal_mouse mouse;
    struct {
        int32_t foreground, background;
    } pairs[PAIRS_MAX];
    int n_pairs;
    char *paste;
    size_t paste_capacity;
    mbstate_t partial; /* of a character whose other bytes have not come yet */
};

/* Where standard input is no terminal, the one that this process belongs to takes its place. */
static int take_keyboard(bool only_look, struct error *e)
{
    if (isatty(STDIN_FILENO)) return 0;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0) return error_set(e, "there is no terminal that keys could come from");
    bool taken = only_look || dup2(fd, STDIN_FILENO) >= 0;
    close(fd);
    return taken ? 0 : error_set(e, "%s", strerror(errno));
}

int terminal_check(struct error *e)
{
    const char *term = getenv("TERM");
    int status;
    if (!isatty(STDOUT_FILENO)) return error_set(e, "standard output is no terminal");
    if (take_keyboard(true, e) != 0) return -1;
    if (term == NULL || *term == '\0') return error_set(e, "TERM is not set");
    if (setupterm(NULL, STDOUT_FILENO, &status) != OK)
        return error_set(e, "TERM=%s: %s", term,
                         status < 0 ? "there is no terminfo database" : "terminfo does not describe this terminal");
    const char *move = tigetstr("cup");
    bool possible = move != NULL && move != (char *)-1;
    del_curterm(cur_term);
    return possible ? 0 : error_set(e, "TERM=%s: this terminal cannot move its cursor", term);
}

/* Without any locale set, the terminal is taken to speak UTF-8, as nearly all do; where a locale says otherwise, ASCII
 * is drawn. */
static bool choose_locale(void)
{
    setlocale(LC_ALL, "");
    const char *all = getenv("LC_ALL"), *type = getenv("LC_CTYPE"), *lang = getenv("LANG");
    bool unset = !(all && *all) && !(type && *type) && !(lang && *lang);
    if (unset) setlocale(LC_CTYPE, "C.UTF-8");
    setlocale(LC_NUMERIC, "C");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool without_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    return no_color && *no_color;
}

/* Most terminals with 16 million colours call themselves by a name of 256, and say the rest in COLORTERM: then the
 * entry of the same family for direct colours is taken, where the system has it. */
static SCREEN *open_screen(void)
{
    const char *term = getenv("TERM"), *says = getenv("COLORTERM");
    char direct[64];
    SCREEN *screen = NULL;
    if (term && says && !without_colour() && (strcmp(says, "truecolor") == 0 || strcmp(says, "24bit") == 0) &&
        snprintf(direct, sizeof direct, "%.*s-direct", (int)strcspn(term, "-"), term) < (int)sizeof direct)
        screen = newterm(direct, stdout, stdin);
    return screen ? screen : newterm(NULL, stdout, stdin);
}

static enum depth choose_depth(void)
{
    if (!has_colors() || without_colour()) return DEPTH_MONO;
    if (COLORS >= 1 << 24) return DEPTH_TRUE;
    if (COLORS >= 256) return DEPTH_256;
    return COLORS >= 16 ? DEPTH_16 : DEPTH_8;
}

static void write_bytes(const char *bytes)
{
    fputs(bytes, stdout);
    fflush(stdout);
}

static void modes_on(const struct terminal *t)
{
    write_bytes("\033[?2004h");
    write_bytes(t->hears_mouse ? TERMINAL_MOUSE_ON : TERMINAL_MOUSE_OFF);
}

static void modes_off(void)
{
    write_bytes(TERMINAL_MOUSE_OFF "\033[?2004l");
}

static void define_keys(void)
{
    static const char letters[] = "ABCD";
    define_key("\033[200~", CODE_PASTE_BEGIN);
    define_key("\033[201~", CODE_PASTE_END);
    define_key(NULL, KEY_MOUSE);
    define_key(TERMINAL_MOUSE_SGR, CODE_MOUSE);
    define_key(TERMINAL_MOUSE_OLD, CODE_MOUSE_OLD);
    for (int i = 0; i < 4; i++) {
        char sequence[] = "\033[1;5A";
        sequence[5] = letters[i];
        define_key(sequence, CODE_MODIFIED + 2 * i);
        sequence[4] = '3';
        define_key(sequence, CODE_MODIFIED + 2 * i + 1);
    }
}

int terminal_open(struct terminal **out, enum theme theme, bool mouse, struct error *e)
{
    struct terminal *t = calloc(1, sizeof *t);
    if (t == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for the terminal");
    t->theme = theme == THEME_AUTO ? theme_guess(getenv("COLORFGBG")) : theme;
    t->hears_mouse = mouse;
    t->ascii = !choose_locale();
    const bool heard = take_keyboard(false, e) == 0;
    if (!heard || terminal_signals_catch(e) != 0) {
        free(t);
        return heard ? error_prefix(e, "the terminal cannot be set up") : -1;
    }
    set_escdelay(25);
    if (open_screen() == NULL) {
        terminal_signals_release();
        free(t);
        const char *term = getenv("TERM");
        return error_set(e, "TERM=%s: unknown terminal", term ? term : "");
    }
    raw();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    start_color();
    use_default_colors();
    t->depth = choose_depth();
    define_keys();
    terminal_signals_restore("\033[?2004l");
    terminal_signals_restore(tigetstr("sgr0"));
    terminal_signals_restore(tigetstr("cnorm"));
    terminal_signals_restore(tigetstr("rmkx"));
    terminal_signals_restore(tigetstr("rmcup"));
    if (mouse) terminal_signals_restore(TERMINAL_MOUSE_OFF);
    modes_on(t);
    terminal_signals_arm(true);
    *out = t;
    return 0;
}

void terminal_close(struct terminal *t)
{
    if (t == NULL) return;
    modes_off();
    curs_set(1);
    endwin();
    terminal_signals_arm(false);
    terminal_signals_release();
    free(t->paste);
    free(t);
}

void terminal_theme(struct terminal *t, enum theme theme, const struct palette *p)
{
    t->palette = p;
    t->theme = theme == THEME_AUTO ? theme_guess(getenv("COLORFGBG")) : theme;
}

void terminal_mouse(struct terminal *t, bool on)
{
    t->hears_mouse = on;
    modes_on(t);
}

void terminal_size(const struct terminal *t, int *rows, int *cols)
{
    (void)t;
    struct winsize size;
    *rows = LINES;
    *cols = COLS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row;
        *cols = size.ws_col;
    }
}

/* The pair for two colours; 0 (the terminal's own) where the terminal has no more pairs. */
static int pair_of(struct terminal *t, int32_t foreground, int32_t background)
{
    if (foreground == -1 && background == -1) return 0;
    for (int i = 0; i < t->n_pairs; i++)
        if (t->pairs[i].foreground == foreground && t->pairs[i].background == background) return i + 1;
    if (t->n_pairs == PAIRS_MAX || t->n_pairs + 1 >= COLOR_PAIRS) return 0;
    if (init_extended_pair(t->n_pairs + 1, foreground, background) == ERR) return 0;
    t->pairs[t->n_pairs].foreground = foreground;
    t->pairs[t->n_pairs].background = background;
    return ++t->n_pairs;
}

static attr_t attributes_of(const struct look *l)
{
    return (l->bold ? A_BOLD : 0) | (l->dim ? A_DIM : 0) | (l->underline ? A_UNDERLINE : 0) |
           (l->reverse ? A_REVERSE : 0);
}

static void draw_cell(struct terminal *t, int y, int x, const struct cell *cell)
{
    wchar_t text[CCHARW_MAX + 1];
    size_t n = 0;
    for (const char *p = cell->text; *p != '\0' && n < CCHARW_MAX;) {
        /* The cell holds UTF-8 whatever the locale is. */
        uint32_t c = (unsigned char)*p++;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
        if (more) c &= 0x3Fu >> more;
        while (more-- > 0) c = c << 6 | ((unsigned char)*p++ & 0x3F);
        wchar_t w = t->ascii ? ascii_sign((wchar_t)c) : (wchar_t)c;
        int width = wcwidth(w), expected = n == 0 ? cell->width : 0;
        if (n == 0 && width != expected) w = L'?';
        if (n > 0 && (width != 0 || t->ascii)) continue;
        text[n++] = w;
    }
    text[n] = L'\0';
    struct look l = palette_look(t->palette, t->theme, t->depth, cell->style);
    int pair = pair_of(t, l.foreground, l.background);
    cchar_t c;
    setcchar(&c, text, attributes_of(&l), (short)pair, &pair);
    mvadd_wch(y, x, &c);
    if (cell->width == 2 && wcwidth(text[0]) < 2) {
        setcchar(&c, L" ", attributes_of(&l), (short)pair, &pair);
        mvadd_wch(y, x + 1, &c);
    }
}

void terminal_draw(struct terminal *t, const struct canvas *c)
{
    if (LINES != c->rows || COLS != c->cols) resizeterm(c->rows, c->cols);
    for (int y = 0; y < c->rows; y++)
        for (int x = 0; x < c->cols; x++) {
            const struct cell *cell = &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
            if (cell->width != 0) draw_cell(t, y, x, cell);
        }
    bool cursor = c->cursor_y >= 0 && c->cursor_y < c->rows && c->cursor_x >= 0 && c->cursor_x < c->cols;
    curs_set(cursor);
    if (cursor) move(c->cursor_y, c->cursor_x);
    refresh();
}

void terminal_refresh(struct terminal *t)
{
    (void)t;
    clearok(curscr, TRUE);
}

void terminal_wait(struct terminal *t, int wake, int timeout_ms)
{
    struct pollfd fds[3] = {{STDIN_FILENO, POLLIN, 0}, {terminal_signals_fd(), POLLIN, 0}, {wake, POLLIN, 0}};
    if (poll(fds, 3, timeout_ms) <= 0) return;
    char bytes[64];
    if (fds[2].revents & POLLIN) {
        ssize_t ignored = read(wake, bytes, sizeof bytes);
        (void)ignored;
    }
    if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) t->gone = true;
}

static uint32_t special_key(wint_t code)
{
    if (code >= KEY_F(1) && code <= KEY_F(12)) return KEYS_F1 + (code - KEY_F(1));
    if (code >= CODE_MODIFIED && code < CODE_MODIFIED + 8) {
        static const uint32_t arrows[] = {KEYS_UP, KEYS_DOWN, KEYS_RIGHT, KEYS_LEFT};
        unsigned n = code - CODE_MODIFIED;
        return arrows[n / 2] | (uint32_t)(n % 2 ? KEYS_ALT : KEYS_CTRL);
    }
    switch (code) {
    case KEY_UP:
        return KEYS_UP;
    case KEY_DOWN:
        return KEYS_DOWN;
    case KEY_LEFT:
        return KEYS_LEFT;
    case KEY_RIGHT:
        return KEYS_RIGHT;
    case KEY_HOME:
        return KEYS_HOME;
    case KEY_END:
        return KEYS_END;
    case KEY_PPAGE:
        return KEYS_PAGE_UP;
    case KEY_NPAGE:
        return KEYS_PAGE_DOWN;
    case KEY_DC:
        return KEYS_DELETE;
    case KEY_IC:
        return KEYS_INSERT;
    case KEY_BACKSPACE:
        return KEYS_BACKSPACE;
    case KEY_BTAB:
        return KEYS_BACKTAB;
    case KEY_ENTER:
        return KEYS_ENTER;
    default:
        return 0;
    }
}

/* As get_wch, which forgets the first bytes of a character when the others are late. Bytes of no character are left
 * out. */
static int next_code(struct terminal *t, wint_t *code)
{
    for (int c; (c = getch()) != ERR;) {
        const char byte = (char)c;
        wchar_t w = L'\0';
        *code = (wint_t)c;
        if (c > 0xFF) return KEY_CODE_YES;
        const bool begun = !mbsinit(&t->partial);
        const size_t n = mbrtowc(&w, &byte, 1, &t->partial);
        *code = (wint_t)w;
        if (n <= 1) return OK;
        if (n == (size_t)-2) continue; /* more is to come */
        t->partial = (mbstate_t){0};
        if (begun) ungetch(c); /* it may begin another one */
    }
    return ERR;
}

/* After an escape: a control sequence nobody knows is swallowed whole, a single character makes an Alt key. */
static uint32_t escaped_key(struct terminal *t)
{
    wint_t c;
    if (next_code(t, &c) != OK) return KEYS_ESCAPE;
    if (c != '[' && c != 'O') return keys_of_character(c) | KEYS_ALT;
    wint_t next;
    if (next_code(t, &next) != OK) return (uint32_t)c | KEYS_ALT;
    for (int i = 0; i < 32 && !(next >= 0x40 && next <= 0x7E); i++)
        if (next_code(t, &next) != OK) break;
    return 0;
}

static void add_paste(struct terminal *t, size_t *size, wint_t c)
{
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    size_t n = wcrtomb(bytes, (wchar_t)(c == '\r' ? '\n' : c), &state);
    if (n == (size_t)-1 || *size + n > PASTE_MAX) return;
    char *paste = bytes_reserve(t->paste, &t->paste_capacity, *size + n, 1);
    if (paste == NULL) return;
    t->paste = paste;
    memcpy(paste + *size, bytes, n);
    *size += n;
}

/* Everything up to the end mark is text; a terminal that forgets the mark is not waited for longer than a second. */
static void read_paste(struct terminal *t, struct event *out)
{
    size_t size = 0;
    timeout(1000);
    for (;;) {
        wint_t c;
        int kind = next_code(t, &c);
        if (kind == ERR || (kind == KEY_CODE_YES && c == CODE_PASTE_END)) break;
        if (kind == OK) add_paste(t, &size, c);
    }
    nodelay(stdscr, TRUE);
    *out = (struct event){.type = EVENT_PASTE, .text = t->paste, .size = size};
}

/* Three bytes above 32, of terminals that know no numbers; they come at once. */
static void read_old_report(struct terminal *t, struct event *out)
{
    unsigned numbers[3] = {0};
    timeout(100);
    for (int i = 0; i < 3; i++) {
        const int c = getch();
        numbers[i] = c > 32 && c <= 0xFF ? (unsigned)c - 32 : 0;
    }
    nodelay(stdscr, TRUE);
    const bool releases = (numbers[0] & 3) == 3;
    if (releases) numbers[0] &= ~3u; /* of any button */
    terminal_mouse_report(&t->mouse, numbers, releases, clock_seconds(), out);
}

static void take_code(struct terminal *t, int kind, wint_t c, struct event *out)
{
    if (kind == OK && t->mouse.reads && terminal_mouse_take(&t->mouse, c, clock_seconds(), out)) return;
    if (kind == KEY_CODE_YES && c == CODE_PASTE_BEGIN) {
        read_paste(t, out);
    } else if (kind == KEY_CODE_YES && c == CODE_MOUSE) {
        terminal_mouse_begin(&t->mouse);
    } else if (kind == KEY_CODE_YES && c == CODE_MOUSE_OLD) {
        read_old_report(t, out);
    } else if (kind == KEY_CODE_YES && c == KEY_RESIZE) {
        out->type = EVENT_RESIZE;
    } else {
        out->key = kind == KEY_CODE_YES ? special_key(c) : c == 27 ? escaped_key(t) : keys_of_character(c);
        if (out->key != 0) out->type = EVENT_KEY;
    }
}

void terminal_event(struct terminal *t, struct event *out)
{
    *out = (struct event){.type = EVENT_NONE};
    if (terminal_signals_event(out)) return;
    if (t->gone) {
        out->type = EVENT_QUIT;
        return;
    }
    wint_t c;
    int kind;
    while (out->type == EVENT_NONE && (kind = next_code(t, &c)) != ERR) {
        take_code(t, kind, c, out);
        if (out->type == EVENT_MOUSE && (out->y >= LINES || out->x >= COLS)) out->type = EVENT_NONE;
    }
}

void terminal_suspend(struct terminal *t)
{
    modes_off();
    endwin();
    struct sigaction stop = {.sa_handler = SIG_DFL}, ours;
    sigemptyset(&stop.sa_mask);
    sigaction(SIGTSTP, &stop, &ours);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
    refresh();
    modes_on(t);
    terminal_refresh(t);
}

int terminal_run(struct terminal *t, const char *command)
{
    modes_off();
    endwin();
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        terminal_signals_default();
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    refresh();
    modes_on(t);
    terminal_refresh(t);
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
