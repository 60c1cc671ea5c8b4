#define _GNU_SOURCE /* POSIX_SPAWN_SETSID, pipe2 */
#define XXH_INLINE_ALL
#include "app/text/git_clone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/text/git_file.h"
#include "compute/error.h"

extern char **environ;

/* What a run of git is told: to ask nobody (it has no terminal either), and to leave large files alone. */
static const char *const told[] = {"GIT_TERMINAL_PROMPT=0",       "GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false",
                                   "SSH_ASKPASS_REQUIRE=force",   "GCM_INTERACTIVE=never",  "GIT_LFS_SKIP_SMUDGE=1",
                                   "GIT_ALLOW_PROTOCOL=https:ssh"};
/* What would lead it to another repository. */
static const char *const not_told[] = {
    "GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=", "GIT_TEMPLATE_DIR=", "GIT_NAMESPACE="};

#define N(list) (sizeof(list) / sizeof *(list))

bool git_clone_is_address(const char *name)
{
    static const char *const schemes[] = {"https://", "http://", "ssh://", "git://", "file://"};
    struct stat s;
    for (size_t i = 0; i < N(schemes); i++)
        if (strncmp(name, schemes[i], strlen(schemes[i])) == 0) return true;
    size_t host = strcspn(name, ":/"), at = strcspn(name, "@");
    return *name != '-' && name[host] == ':' && at > 0 && at + 1 < host && name[host + 1] != '\0' &&
           stat(name, &s) != 0;
}

static bool begins_like(const char *variable, const char *other)
{
    size_t n = strcspn(other, "=") + 1;
    return strncmp(variable, other, n) == 0;
}

/* The environment with what it is told; malloc'ed, the strings are borrowed. NULL without memory. */
static char **make_environment(void)
{
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **all = malloc((n + N(told) + 1) * sizeof *all);
    const bool allowed = getenv("GIT_ALLOW_PROTOCOL") != NULL; /* the last one told: the user's own goes before it */
    const size_t n_told = N(told) - allowed;
    for (size_t i = 0; all && i < n; i++) {
        bool drop = false;
        for (size_t t = 0; t < n_told; t++) drop = drop || begins_like(environ[i], told[t]);
        for (size_t t = 0; t < N(not_told); t++) drop = drop || begins_like(environ[i], not_told[t]);
        if (!drop) all[kept++] = environ[i];
    }
    for (size_t t = 0; all && t < n_told; t++) all[kept++] = (char *)told[t];
    if (all) all[kept] = NULL;
    return all;
}

/* Reads what it says until it ends; the last line stays. */
static int listen_to_git(int fd, char *said, size_t room, const atomic_bool *cancel, struct error *e)
{
    size_t n = 0;
    bool fresh = true;
    for (;;) {
        char words[512];
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (cancel && atomic_load(cancel)) return error_cancelled(e);
        if (poll(&wait, 1, 50) <= 0) continue;
        ssize_t got = read(fd, words, sizeof words);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; i++) {
            if (words[i] == '\n') {
                fresh = true;
                continue;
            }
            if (fresh) n = 0;
            fresh = false;
            if (n + 1 < room) said[n++] = words[i];
        }
    }
    said[n] = '\0';
    return 0;
}

static int start_git(pid_t *pid, char *const *arguments, int said, struct error *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char **environment = make_environment();
    if (!environment) return error_memory(e);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID); /* without a terminal nobody is asked there */
    int failed = posix_spawnp(pid, arguments[0], &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    return failed ? error_set(e, "git does not start: %s", strerror(failed)) : 0;
}

/* Ends git and all that it started. It takes what it has begun back, where it is given the time. */
static void stop(pid_t pid)
{
    kill(-pid, SIGTERM);
    for (int i = 0; i < 10; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0) return;
        poll(NULL, 0, 10);
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static bool succeeded(pid_t pid)
{
    int status = 1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Runs git to its end, or until it is cancelled. */
static int run_git(char *const *arguments, const atomic_bool *cancel, struct error *e)
{
    int fds[2];
    pid_t pid;
    char said[400] = "";
    if (pipe2(fds, O_CLOEXEC) != 0) return error_set(e, "git does not start: %s", strerror(errno));
    int result = start_git(&pid, arguments, fds[1], e);
    close(fds[1]);
    if (result == 0) {
        result = listen_to_git(fds[0], said, sizeof said, cancel, e);
        if (result != 0)
            stop(pid);
        else if (!succeeded(pid))
            result = error_set(e, "git: %s", *said ? said : "failed");
    }
    close(fds[0]);
    return result;
}

static int make_directory(const char *path, struct error *e)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return 0;
    return error_set(e, "%s: %s", path, strerror(errno));
}

/* CACHE/lectern/repositories, made where it is missing; malloc'ed. */
static char *make_cache(struct error *e)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const char *const parts[] = {"lectern", "repositories"};
    char *path = base && *base == '/' ? strdup(base) : home ? git_file_join(home, ".cache") : NULL;
    int result = path ? make_directory(path, e) : error_set(e, "no HOME, no cache");
    for (size_t i = 0; i < N(parts) && result == 0; i++) {
        char *next = git_file_join(path, parts[i]);
        free(path);
        path = next;
        result = path ? make_directory(path, e) : error_memory(e);
    }
    if (result == 0) return path;
    free(path);
    return NULL;
}

/* The directory of an address in the cache: its last part, so that people know it, and a hash of the whole. */
static char *name_directory(const char *cache, const char *address, struct error *e)
{
    size_t end = strlen(address), begin;
    while (end > 0 && address[end - 1] == '/') end--;
    if (end > 4 && strncmp(address + end - 4, ".git", 4) == 0) end -= 4;
    for (begin = end; begin > 0 && !strchr("/:", address[begin - 1]);) begin--;
    size_t size = strlen(cache) + (end - begin) + 20;
    char *path = malloc(size);
    if (!path) {
        error_memory(e);
        return NULL;
    }
    snprintf(path, size, "%s/%.*s-%016llx", cache, (int)(end - begin), address + begin,
             (unsigned long long)XXH3_64bits(address, strlen(address)));
    return path;
}

#define GIT "git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"

static int fetch_first(const char *address, const char *directory, const atomic_bool *cancel, struct error *e)
{
    size_t size = strlen(directory) + 24;
    char *fresh = malloc(size);
    if (!fresh) return error_memory(e);
    snprintf(fresh, size, "%s.%ld", directory, (long)getpid());
    char *const arguments[] = {GIT,           "clone", "--quiet",       "--depth", "1", "--no-tags", "--single-branch",
                               "--template=", "--",    (char *)address, fresh,     NULL};
    int result = run_git(arguments, cancel, e); /* git removes what it did not finish */
    if (result == 0 && rename(fresh, directory) != 0) result = error_set(e, "%s: %s", directory, strerror(errno));
    free(fresh);
    return result;
}

static int fetch_again(const char *directory, const atomic_bool *cancel, struct error *e)
{
    char *const fetch[] = {GIT, "-C",        (char *)directory, "fetch", "--quiet", "--depth",
                           "1", "--no-tags", "origin",          "HEAD",  NULL};
    char *const move[] = {GIT, "-C", (char *)directory, "reset", "--quiet", "--hard", "FETCH_HEAD", NULL};
    return run_git(fetch, cancel, e) != 0 ? -1 : run_git(move, cancel, e);
}

static char *words(const char *directory, const struct error *old)
{
    size_t size = strlen(directory) + sizeof old->text + 128;
    char *said = malloc(size);
    if (said && old) {
        snprintf(said, size, "nothing newer could be fetched (%s); read as it was fetched before into %s", old->text,
                 directory);
    } else if (said) {
        snprintf(said, size, "fetched by git, without its history, into %s", directory);
    }
    return said;
}

int git_clone(char **directory, char **said, const char *address, const atomic_bool *cancel, struct error *e)
{
    struct stat s;
    char *cache = make_cache(e), *path = cache ? name_directory(cache, address, e) : NULL;
    free(cache);
    if (!path) return -1;
    const bool before = stat(path, &s) == 0;
    struct error why = {0};
    int result = before ? fetch_again(path, cancel, &why) : fetch_first(address, path, cancel, &why);
    const bool old = result != 0 && before && why.kind == ERROR_OTHER;
    if (result != 0 && !old) {
        free(path);
        return error_copy(e, &why);
    }
    *said = words(path, old ? &why : NULL);
    if (!*said) {
        free(path);
        return error_memory(e);
    }
    *directory = path;
    return 0;
}
