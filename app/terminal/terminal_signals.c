#include "app/terminal/terminal_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/terminal/terminal.h"
#include "compute/error.h"

static int signal_pipe[2] = {-1, -1};
static struct termios saved_modes;
static char restore_bytes[128];
static size_t restore_size;
static volatile sig_atomic_t crash_ready;
static struct sigaction old[NSIG];

static const int caught[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

/* Another thread may be drawing: what it still writes goes nowhere. */
static void give_back(void)
{
    if (!crash_ready) return;
    crash_ready = 0;
    const int terminal = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
    ssize_t ignored = write(terminal, restore_bytes, restore_size);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
}

static void on_crash(int number)
{
    give_back();
    signal(number, SIG_DFL);
    raise(number);
}

void terminal_signals_restore(const char *bytes)
{
    size_t n = bytes && bytes != (char *)-1 ? strlen(bytes) : 0;
    if (n == 0 || restore_size + n > sizeof restore_bytes) return;
    memcpy(restore_bytes + restore_size, bytes, n);
    restore_size += n;
}

int terminal_signals_catch(struct error *e)
{
    if (tcgetattr(STDIN_FILENO, &saved_modes) != 0) return error_set(e, "%s", strerror(errno));
    restore_size = 0;
    if (pipe(signal_pipe) != 0) return error_set(e, "pipe: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
    }
    static bool registered; /* for a library without memory, which ends the program (compute/spm.cc) */
    if (!registered) registered = at_quick_exit(give_back) == 0;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < LENGTH(caught); i++) sigaction(caught[i], &action, &old[caught[i]]);
    action.sa_handler = on_crash;
    action.sa_flags = (int)SA_RESETHAND;
    for (size_t i = 0; i < LENGTH(fatal); i++) sigaction(fatal[i], &action, &old[fatal[i]]);
    return 0;
}

void terminal_signals_release(void)
{
    for (size_t i = 0; i < LENGTH(caught); i++) sigaction(caught[i], &old[caught[i]], NULL);
    for (size_t i = 0; i < LENGTH(fatal); i++) sigaction(fatal[i], &old[fatal[i]], NULL);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
    signal_pipe[0] = signal_pipe[1] = -1;
}

void terminal_signals_arm(bool armed)
{
    crash_ready = armed;
}

int terminal_signals_fd(void)
{
    return signal_pipe[0];
}

bool terminal_signals_event(struct event *out)
{
    unsigned char number;
    while (read(signal_pipe[0], &number, 1) == 1) {
        switch (number) {
        case SIGWINCH:
            out->type = EVENT_RESIZE;
            return true;
        case SIGTSTP:
            out->type = EVENT_SUSPEND;
            return true;
        case SIGINT:
            out->type = EVENT_INTERRUPT;
            return true;
        case SIGTERM:
        case SIGHUP:
            out->type = EVENT_QUIT;
            return true;
        default:
            break;
        }
    }
    return false;
}

void terminal_signals_default(void)
{
    for (size_t i = 0; i < LENGTH(caught); i++) signal(caught[i], SIG_DFL);
}
