/* Any bytes as what a terminal sends: keys, escape sequences, pastes, the mouse. They come through a pseudo-terminal as
 * they would; every event is one that the screen knows. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/terminal/keys.h"
#include "app/terminal/terminal.h"
#include "compute/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int user = -1; /* the terminal's other end */
static int saved_out = -1;
static struct terminal *terminal;

static void leave(void)
{
    terminal_close(terminal);
    dup2(saved_out, STDOUT_FILENO);
}

static void enter(void)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct error e;
    if (terminal) return;
    user = posix_openpt(O_RDWR | O_NOCTTY);
    if (user < 0 || grantpt(user) != 0 || unlockpt(user) != 0) abort();
    const int tty = open(ptsname(user), O_RDWR | O_NOCTTY);
    if (tty < 0 || ioctl(tty, TIOCSWINSZ, &size) != 0) abort();
    saved_out = dup(STDOUT_FILENO);
    dup2(tty, STDIN_FILENO);
    dup2(tty, STDOUT_FILENO);
    fcntl(user, F_SETFL, O_NONBLOCK);
    setenv("TERM", "xterm-256color", 1);
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}; /* the fuzzer's, which keeps what broke it */
    struct sigaction kept[5];
    for (int i = 0; i < 5; i++) sigaction(fatal[i], NULL, &kept[i]);
    if (terminal_open(&terminal, THEME_DARK, true, &e) != 0) abort();
    for (int i = 0; i < 5; i++) sigaction(fatal[i], &kept[i], NULL);
    atexit(leave);
}

/* What the program writes is read away, or it would wait for room. */
static void drain(void)
{
    char written[4096];
    while (read(user, written, sizeof written) > 0) continue;
}

static void check(const struct event *e)
{
    if (e->type > EVENT_QUIT) abort();
    static volatile uint8_t seen;
    for (size_t i = 0; e->type == EVENT_PASTE && i < e->size; i++) seen = (uint8_t)e->text[i];
    (void)seen;
    if (e->type == EVENT_MOUSE && (e->mouse > MOUSE_RELEASE || e->y < 0 || e->x < 0)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct event event;
    enter();
    if (size > 1000) size = 1000;
    if (size > 0 && write(user, bytes, size) != (ssize_t)size) abort();
    if (write(user, "\033[201~q", 7) != 7) abort(); /* a paste ends, and nothing is left of a sequence */
    for (int i = 0; i < 3000; i++) {
        terminal_event(terminal, &event);
        check(&event);
        if (event.type == EVENT_NONE) break;
    }
    drain();
    return 0;
}
