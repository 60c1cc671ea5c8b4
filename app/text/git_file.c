#include "app/text/git_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compute/error.h"

/* Larger files are not looked at: an index of a million files takes a hundred. */
#define FILE_MOST ((size_t)1 << 30)

static char *read_open(int fd, const char *path, size_t *size, struct error *e)
{
    struct stat s;
    if (fstat(fd, &s) != 0) {
        error_set(e, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(s.st_mode) || (uint64_t)s.st_size > FILE_MOST) {
        error_set(e, "%s: %s", path, S_ISREG(s.st_mode) ? "too large" : "not a regular file");
        errno = EISDIR;
        return NULL;
    }
    char *bytes = malloc((size_t)s.st_size + 1);
    size_t n = 0;
    while (bytes && n < (size_t)s.st_size) {
        ssize_t got = read(fd, bytes + n, (size_t)s.st_size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int why = errno;
            error_set(e, "%s: %s", path, strerror(why));
            free(bytes);
            errno = why;
            return NULL;
        }
        if (got == 0) break;
        n += (size_t)got;
    }
    if (!bytes) {
        error_memory(e);
        return NULL;
    }
    bytes[n] = '\0';
    *size = n;
    return bytes;
}

char *git_file_read(const char *path, enum git_file_links links, size_t *size, struct error *e)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (links == GIT_FILE_NO_LINKS ? O_NOFOLLOW : 0);
    int fd = open(path, flags);
    if (fd < 0) {
        error_set(e, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *bytes = read_open(fd, path, size, e);
    const int why = errno;
    close(fd);
    errno = why;
    return bytes;
}

char *git_file_join(const char *directory, const char *path)
{
    if (*path == '/') return strdup(path);
    size_t size = strlen(directory) + strlen(path) + 2;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s/%s", directory, path);
    return joined;
}

char *git_file_expand(const char *path, const char *directory)
{
    const char *home = getenv("HOME");
    if (strncmp(path, "~/", 2) == 0 && home) return git_file_join(home, path + 2);
    return directory ? git_file_join(directory, path) : strdup(path);
}
