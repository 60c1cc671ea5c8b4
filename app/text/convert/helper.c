#define _GNU_SOURCE /* memfd_create, pipe2 */
#include "app/text/convert/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/text/convert/converted.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Files that it may have open: fonts' tables and the like. */
#define FILES 64

/* The child, between fork and exec: calls that are safe there only. It writes no file, leaves no core, and ends with
 * us. */
static _Noreturn void become(const struct helper *h, int in, int out, int err, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    setpgid(0, 0); /* Ctrl-C is for us: we end it */
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(126);
    const struct rlimit memory = {(rlim_t)h->memory, (rlim_t)h->memory}, files = {FILES, FILES}, none = {0, 0};
    const struct rlimit cpu = {(rlim_t)h->cpu_seconds, (rlim_t)h->cpu_seconds};
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    execvp(h->arguments[0], (char *const *)(uintptr_t)h->arguments);
    _exit(127);
}

/* The input as a file without a name. */
static int open_input(const struct helper *h, struct error *e)
{
    int fd = memfd_create("lectern-input", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < h->size;) {
        ssize_t n = write(fd, h->input + at, h->size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            close(fd);
            fd = -1;
            break;
        }
        at += (size_t)n;
    }
    if (fd < 0) return error_set(e, "%s: its input cannot be kept: %s", h->arguments[0], strerror(errno));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Takes what is there from a pipe: 1 there may be more, 0 its end, -1 failed. */
static int take_output(int fd, struct helper_result *r, size_t *capacity, struct convert_budget *b, struct error *e)
{
    char *grown = bytes_reserve(r->output, capacity, r->size + 65536, 1);
    if (!grown) return error_memory(e);
    r->output = grown;
    ssize_t n = read(fd, r->output + r->size, *capacity - r->size);
    if (n < 0) return errno == EINTR || errno == EAGAIN ? 1 : error_set(e, "%s", strerror(errno));
    r->size += (size_t)n;
    return converted_spend(b, (uint64_t)n, e) != 0 ? -1 : n > 0;
}

/* The first line of what it says is kept, the rest is read so that it is never kept waiting. */
static bool listen_to_errors(int fd, struct helper_result *r, size_t *said)
{
    char words[512];
    ssize_t n = read(fd, words, sizeof words);
    for (ssize_t i = 0; i < n && *said + 1 < sizeof r->said; i++)
        if (*said == 0 || r->said[*said - 1] != '\n') r->said[(*said)++] = words[i];
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Reads both pipes to their ends. */
static int collect_output(struct helper_result *r, int out, int err, struct convert_budget *b, struct error *e)
{
    struct pollfd wait[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    size_t capacity = 0, said = 0;
    while (wait[0].fd >= 0 || wait[1].fd >= 0) {
        if (converted_check(b, e) != 0) return -1;
        if (poll(wait, 2, 50) <= 0) continue;
        if (wait[0].revents) {
            int more = take_output(out, r, &capacity, b, e);
            if (more < 0) return -1;
            if (more == 0) wait[0].fd = -1;
        }
        if (wait[1].revents && !listen_to_errors(err, r, &said)) wait[1].fd = -1;
    }
    r->said[strcspn(r->said, "\n")] = '\0';
    return 0;
}

/* The process is gone from here on, whatever it did. */
static int reap(pid_t pid, const char *program, int failed, int *status, struct error *e)
{
    int how = 0;
    if (failed) kill(-pid, SIGKILL);
    if (failed) kill(pid, SIGKILL); /* where it has no group of its own yet */
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) continue;
    if (failed) return -1;
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGXCPU) return error_set(e, "takes too long to convert");
    if (WIFSIGNALED(how)) return error_set(e, "%s was killed by signal %d", program, WTERMSIG(how));
    *status = WEXITSTATUS(how);
    return 0;
}

static void close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0) close(fds[i]);
}

int helper_run(struct helper_result *result, const struct helper *h, struct convert_budget *b, struct error *e)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1}, in = open_input(h, e);
    struct helper_result r = {0};
    if (in < 0) return -1;
    pid_t parent = getpid(), pid = -1;
    if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0) pid = fork();
    if (pid == 0) become(h, in, out[1], err[1], parent);
    int failed = pid < 0 ? error_set(e, "%s does not start: %s", h->arguments[0], strerror(errno)) : 0;
    close(in);
    if (pid > 0) {
        close(out[1]);
        close(err[1]);
        out[1] = err[1] = -1;
        failed = collect_output(&r, out[0], err[0], b, e);
    }
    close_pair(out);
    close_pair(err);
    if (pid > 0) failed = reap(pid, h->arguments[0], failed, &r.status, e);
    if (failed) {
        free(r.output);
        return -1;
    }
    *result = r;
    return 0;
}
