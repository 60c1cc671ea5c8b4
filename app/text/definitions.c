#define _GNU_SOURCE /* pipe2 */
#include "app/text/definitions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute/bytes.h"

#define FOUND_MOST 5000

extern char **environ;

struct definitions {
    pid_t child;
    int from;
    char line[1024]; /* that is not whole yet */
    size_t size;
    struct definition *found; /* owned */
    size_t n, capacity;
};

static bool start_ctags(struct definitions *d, const char *file, int to)
{
    char *const arguments[] = {"ctags", "--options=NONE", "--sort=no", "-n", "--fields=K", "-f",
                               "-",     (char *)file,     NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    const bool started = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                         posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO) == 0 &&
                         posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                         posix_spawnp(&d->child, "ctags", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return started;
}

bool definitions_open(struct definitions **out, const char *file)
{
    int ends[2];
    struct definitions *d = *file != '-' ? calloc(1, sizeof *d) : NULL; /* which would be an option */
    if (d == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(d);
        return false;
    }
    d->from = ends[0];
    (void)fcntl(ends[1], F_SETFL, 0); /* ctags waits for room */
    const bool started = start_ctags(d, file, ends[1]);
    close(ends[1]);
    if (started) {
        *out = d;
        return true;
    }
    close(d->from);
    free(d);
    return false;
}

void definitions_close(struct definitions *d)
{
    if (d == NULL) return;
    close(d->from);
    kill(d->child, SIGKILL);
    while (waitpid(d->child, NULL, 0) < 0 && errno == EINTR) {
    }
    free(d->found);
    free(d);
}

static bool is_kind(const char *kind)
{
    static const char *const kinds[] = {"function",  "method", "class",      "struct",    "union",          "enum",
                                        "interface", "trait",  "type",       "typedef",   "macro",          "module",
                                        "namespace", "func",   "subroutine", "procedure", "implementation", "object",
                                        "protocol",  "target", "task",       "rule"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0) return true;
    return false;
}

/* "NAME <tab> FILE <tab> LINE;" <tab> KIND" */
static void take_line(struct definitions *d, char *line)
{
    char *rest = NULL;
    const char *name = strtok_r(line, "\t", &rest), *file = strtok_r(NULL, "\t", &rest),
               *at = strtok_r(NULL, "\t", &rest), *kind = strtok_r(NULL, "\t", &rest);
    if (name == NULL || file == NULL || at == NULL || kind == NULL || *name == '!' || !is_kind(kind)) return;
    const unsigned long long number = strtoull(at, NULL, 10);
    if (number == 0 || strlen(name) >= sizeof d->found->name || d->n == FOUND_MOST) return;
    struct definition *found = bytes_reserve(d->found, &d->capacity, d->n + 1, sizeof *found);
    if (found == NULL) return;
    d->found = found;
    found[d->n].line = number;
    strcpy(found[d->n++].name, name);
}

static int compare_definitions(const void *left, const void *right)
{
    const struct definition *a = left, *b = right;
    return a->line != b->line ? (a->line < b->line ? -1 : 1) : strcmp(a->name, b->name);
}

bool definitions_step(struct definitions *d)
{
    ssize_t n;
    while ((n = read(d->from, d->line + d->size, sizeof d->line - 1 - d->size)) > 0) {
        d->size += (size_t)n;
        for (char *end; (end = memchr(d->line, '\n', d->size)) != NULL;) {
            const size_t taken = (size_t)(end - d->line) + 1;
            *end = '\0';
            take_line(d, d->line);
            memmove(d->line, d->line + taken, d->size - taken);
            d->size -= taken;
        }
        if (d->size == sizeof d->line - 1) d->size = 0; /* no name is so long */
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (d->n > 0) qsort(d->found, d->n, sizeof *d->found, compare_definitions);
    return false;
}

const struct definition *definitions_found(const struct definitions *d, size_t *n)
{
    *n = d->n;
    return d->found;
}
