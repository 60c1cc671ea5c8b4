#define XXH_INLINE_ALL
#include "app/reader/state_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"

/* An index is small: one hash a megabyte of a read, one entry a checkpoint. */
#define SMALL_FILE_MOST ((size_t)256 << 20)

int state_store_default(char **out, struct error *e)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool has_cache = cache && *cache == '/'; /* the standard says to ignore relative ones */
    if (!has_cache && (!home || *home != '/')) return error_set(e, "neither XDG_CACHE_HOME nor HOME is set");
    const char *base = has_cache ? cache : home, *rest = has_cache ? "/lectern" : "/.cache/lectern";
    size_t size = strlen(base) + strlen(rest) + 1;
    char *path = malloc(size);
    if (!path) return error_memory(e);
    snprintf(path, size, "%s%s", base, rest);
    *out = path;
    return 0;
}

void state_store_name(char name[STATE_NAME_SIZE], const struct state_key *key, const uint64_t text[2])
{
    const uint64_t all[] = {STATE_VERSION, key->model, key->settings, key->width, key->rate, text[0], text[1]};
    XXH128_hash_t hash = XXH3_128bits(all, sizeof all);
    snprintf(name, STATE_NAME_SIZE, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
}

char *state_store_path(const char *directory, const char *name, const char *file)
{
    size_t size = strlen(directory) + strlen(name) + strlen(file) + 3;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/%s%s%s", directory, name, *file ? "/" : "", file);
    return path;
}

int state_store_make(const char *path, struct error *e)
{
    char *copy = strdup(path);
    if (!copy) return error_memory(e);
    int result = 0;
    for (char *at = copy + 1; result == 0; at++) {
        if (*at != '/' && *at != '\0') continue;
        char end = *at;
        *at = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) result = error_set(e, "%s: %s", copy, strerror(errno));
        *at = end;
        if (end == '\0') break;
    }
    free(copy);
    return result;
}

/* Whether the locked file is still the one that its path names: it may have been removed before it was locked. */
static bool is_still_there(int fd, const char *path)
{
    struct stat locked, named;
    return fstat(fd, &locked) == 0 && stat(path, &named) == 0 && locked.st_ino == named.st_ino &&
           locked.st_dev == named.st_dev;
}

/* Removes what has this path: a file, or a directory that somebody put in a file's place. */
static void remove_any(const char *path)
{
    if (unlink(path) == 0 || (errno != EISDIR && errno != EPERM)) return;
    DIR *d = opendir(path);
    for (struct dirent *found; d && (found = readdir(d));) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
        char *inside = state_store_path(path, found->d_name, "");
        if (inside) remove_any(inside);
        free(inside);
    }
    if (d) closedir(d);
    rmdir(path);
}

int state_store_lock(const char *directory, const char *name, bool shared, struct error *e)
{
    char *home = state_store_path(directory, name, ""), *path = state_store_path(directory, name, "lock");
    int fd = -1, result = home && path ? 0 : error_memory(e);
    for (int attempt = 0; result == 0 && fd < 0 && attempt < 10; attempt++) {
        if (!shared) result = state_store_make(home, e);
        if (result != 0) break;
        fd = open(path, (shared ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0 && errno == EISDIR) {
            remove_any(path);
            continue;
        }
        if (fd < 0 && !(errno == ENOENT && !shared)) result = error_set(e, "%s: %s", path, strerror(errno));
        if (fd < 0) continue;
        if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
            result = errno == EWOULDBLOCK ? error_set_kind(e, ERROR_BUSY, "in use by another process")
                                          : error_set(e, "%s: %s", path, strerror(errno));
        } else if (is_still_there(fd, path)) {
            break;
        }
        close(fd);
        fd = -1;
    }
    if (result == 0 && fd < 0) error_set(e, "%s: cannot be locked", path);
    free(home);
    free(path);
    return fd;
}

int state_store_read(uint8_t **out, size_t *size, const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return error_set_kind(e, file_is_wrong(errno) ? ERROR_DAMAGED : ERROR_OTHER, "%s: %s", path, strerror(errno));
    struct stat s;
    uint8_t *bytes = NULL;
    size_t n = 0;
    int result = 0;
    if (fstat(fd, &s) != 0) {
        result = error_set(e, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(s.st_mode) || (uint64_t)s.st_size > SMALL_FILE_MOST) {
        result = error_set_kind(e, ERROR_DAMAGED, "%s: not a file of a fitting size", path);
    } else if (!(bytes = malloc((size_t)s.st_size + 1))) {
        result = error_memory(e);
    }
    while (result == 0 && n < (size_t)s.st_size) {
        ssize_t got = read(fd, bytes + n, (size_t)s.st_size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) result = error_set(e, "%s: %s", path, strerror(errno));
        if (got == 0) result = error_set_kind(e, ERROR_DAMAGED, "%s: shorter than it was", path);
        if (got > 0) n += (size_t)got;
    }
    close(fd);
    if (result != 0) {
        free(bytes);
        return -1;
    }
    *out = bytes;
    *size = n;
    return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, bytes + at, size - at < (size_t)1 << 30 ? size - at : (size_t)1 << 30);
        if (n < 0 && errno != EINTR) return -1;
        if (n > 0) at += (size_t)n;
    }
    return 0;
}

/* A rename is on the disk only when its directory is. */
static void sync_directory(const char *path)
{
    char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;
    if (slash) {
        *slash = '\0';
        int fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            fsync(fd);
            close(fd);
        }
    }
    free(copy);
}

int state_store_replace(const char *path, const uint8_t *bytes, size_t size, bool durable, struct error *e)
{
    size_t path_size = strlen(path);
    char *beside = malloc(path_size + sizeof ".new");
    if (!beside) return error_memory(e);
    memcpy(beside, path, path_size);
    memcpy(beside + path_size, ".new", sizeof ".new");
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result = fd >= 0 && write_all(fd, bytes, size) == 0 && (!durable || fsync(fd) == 0) ? 0 : -1;
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && result == 0) {
        result = -1;
        reason = errno;
    }
    bool renamed = result != 0 || rename(beside, path) == 0;
    if (!renamed && (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST)) {
        remove_any(path);
        renamed = rename(beside, path) == 0;
    }
    if (!renamed) {
        result = -1;
        reason = errno;
    }
    if (result != 0) {
        unlink(beside);
        error_set(e, "%s: %s", path, strerror(reason));
    } else if (durable) {
        sync_directory(path);
    }
    free(beside);
    return result;
}

int state_store_read_file(uint8_t **out, size_t *size, const char *directory, const char *name, const char *file,
                          struct error *e)
{
    char *path = state_store_path(directory, name, file);
    int result = path ? state_store_read(out, size, path, e) : error_memory(e);
    free(path);
    return result;
}

int state_store_write_file(const char *directory, const char *name, const char *file, const uint8_t *bytes, size_t size,
                           bool durable, struct error *e)
{
    char *path = state_store_path(directory, name, file);
    int result = path ? state_store_replace(path, bytes, size, durable, e) : error_memory(e);
    free(path);
    return result;
}

bool state_store_each(const char *directory, const char *name,
                      void (*each)(void *context, const char *file, const char *path), void *context)
{
    char *home = state_store_path(directory, name, "");
    DIR *d = home ? opendir(home) : NULL;
    bool all = d != NULL;
    for (struct dirent *found; d && (found = readdir(d));) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
        char *path = state_store_path(directory, name, found->d_name);
        if (path) each(context, found->d_name, path);
        if (!path) all = false;
        free(path);
    }
    if (d) closedir(d);
    free(home);
    return all;
}

static void remove_but_lock(void *context, const char *file, const char *path)
{
    (void)context;
    if (strcmp(file, "lock") != 0) remove_any(path);
}

struct sweep {
    bool (*stays)(const void *context, const char *file);
    const void *context;
};

static void sweep_one(void *context, const char *file, const char *path)
{
    const struct sweep *s = context;
    if (!s->stays(s->context, file)) remove_any(path);
}

void state_store_sweep(const char *directory, const char *name, bool (*stays)(const void *context, const char *file),
                       const void *context)
{
    struct sweep s = {stays, context};
    state_store_each(directory, name, sweep_one, &s);
}

void state_store_clear(const char *directory, const char *name)
{
    /* The index first: without it what is left of a removal that was cut short is no read. */
    char *index = state_store_path(directory, name, "index");
    if (index) remove_any(index);
    free(index);
    state_store_each(directory, name, remove_but_lock, NULL);
}

bool state_store_remove(const char *directory, const char *name)
{
    state_store_clear(directory, name);
    char *path = state_store_path(directory, name, "lock"), *home = state_store_path(directory, name, "");
    bool removed = path && home && unlink(path) == 0 && rmdir(home) == 0;
    free(path);
    free(home);
    return removed;
}
