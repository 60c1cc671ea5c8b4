#include "compute/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/log.h"

bool file_is_wrong(int reason)
{
    return reason == ENOENT || reason == EISDIR || reason == ELOOP || reason == ENOTDIR || reason == ENXIO;
}

int file_map(struct file_map *out, const char *path, struct error *e)
{
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return error_set(e, "%s: %s", path, strerror(errno));
    struct stat st;
    int failed = 0;
    struct file_map m = {NULL, 0};
    if (fstat(fd, &st) != 0) {
        failed = error_set(e, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        failed = error_set(e, "%s: not a regular file", path);
    } else if ((uint64_t)st.st_size > SIZE_MAX) {
        failed = error_set(e, "%s: too large to map", path);
    } else if (st.st_size > 0) {
        m.size = (size_t)st.st_size;
        void *bytes = mmap(NULL, m.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) failed = error_set(e, "%s: cannot be mapped: %s", path, strerror(errno));
        m.bytes = bytes;
    }
    close(fd);
    if (failed) return -1;
    *out = m;
    return 0;
}

void file_unmap(struct file_map *m)
{
    if (m->bytes) munmap((void *)(uintptr_t)m->bytes, m->size);
    *m = (struct file_map){NULL, 0};
}

/* The file backs [0, mapped) of a reserved range of address space; appending maps the next stretch in place, so that
 * nothing moves. Blocks are allocated before they are mapped: writing to a mapped hole of a full disk would be a
 * SIGBUS. */
struct file_array {
    int fd;
    uint8_t *base;
    size_t reserved, mapped, size;
    size_t on_disk;             /* of `mapped`, what the file backs: all, until it can take no more */
    bool named, writable, open; /* open: what the file held is mapped */
    struct error full;          /* why it could take no more */
};

#define RESERVE_LEAST ((size_t)1 << 20)
#define WRITE_BYTES ((size_t)1 << 16)
#define GROW_LEAST ((size_t)1 << 20)
#define GROW_MOST ((size_t)1 << 28)

static int open_unlinked(const char *directory, struct error *e)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/lectern-XXXXXX", directory);
    if (n < 0 || (size_t)n >= sizeof path) return error_set(e, "%s: name too long", directory);
    int fd = mkstemp(path);
    if (fd < 0) return error_set(e, "%s: no temporary file can be made: %s", directory, strerror(errno));
    unlink(path);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* On a full disk, and where the file cannot be mapped, an array goes on in memory, up to half of the machine's. */
static bool may_spill(const struct file_array *a, size_t step)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return a->open && pages > 0 && size > 0 && a->mapped - a->on_disk + step <= (size_t)pages / 2 * (size_t)size;
}

static int grow_by(struct file_array *a, size_t step, struct error *e)
{
    uint8_t *end = a->base + a->mapped;
    int failed = 0;
    if (a->mapped == a->on_disk) {
        do {
            failed = posix_fallocate(a->fd, (off_t)a->mapped, (off_t)step);
        } while (failed == EINTR);
        if (failed) {
            error_set(&a->full, "%zu more bytes: %s", step, strerror(failed));
            log_line("mapped file: %s", a->full.text);
        }
    }
    if (a->mapped == a->on_disk && !failed) {
        if (mmap(end, step, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, a->fd, (off_t)a->mapped) != MAP_FAILED) {
            a->on_disk = a->mapped += step;
            return 0;
        }
        error_set(&a->full, "cannot be mapped: %s", strerror(errno));
    }
    if (!may_spill(a, step)) return error_set(e, "scratch file: %s", a->full.text);
    if (mmap(end, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return error_set(e, "scratch file: cannot be mapped: %s", strerror(errno));
    a->mapped += step;
    return 0;
}

/* Maps further blocks until `need` bytes are there. */
static int grow(struct file_array *a, size_t need, struct error *e)
{
    size_t step = a->mapped / 2;
    if (step < GROW_LEAST) step = GROW_LEAST;
    if (step > GROW_MOST) step = GROW_MOST;
    if (need - a->mapped > step) step = need - a->mapped;
    step = (step + GROW_LEAST - 1) / GROW_LEAST * GROW_LEAST; /* a multiple of any page size */
    if (step > a->reserved - a->mapped) step = a->reserved - a->mapped;
    return grow_by(a, step, e);
}

/* Address space for `most` bytes. Where it is limited (ulimit -v) and that is not to be had, half of what is: others
 * need some too, and few texts need what they could. */
static void *reserve_addresses(uint64_t most, size_t *size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const size_t top = ~(SIZE_MAX >> 1) - GROW_LEAST;
    *size = most < RESERVE_LEAST ? RESERVE_LEAST : most < top ? (size_t)most : top;
    *size = (*size + GROW_LEAST - 1) / GROW_LEAST * GROW_LEAST; /* a multiple of any page size */
    void *base = mmap(NULL, *size, PROT_NONE, flags, -1, 0);
    while (base == MAP_FAILED && *size > RESERVE_LEAST) {
        *size = (*size / 2 + GROW_LEAST - 1) / GROW_LEAST * GROW_LEAST;
        base = mmap(NULL, *size, PROT_NONE, flags, -1, 0);
        const size_t half = *size / 2 / GROW_LEAST * GROW_LEAST;
        if (base == MAP_FAILED || half < RESERVE_LEAST) continue;
        munmap((uint8_t *)base + half, *size - half);
        *size = half;
    }
    return base;
}

/* Takes fd over, also on failure. */
static int open_on(struct file_array **out, int fd, uint64_t most, struct error *e)
{
    struct file_array *a = calloc(1, sizeof *a);
    size_t reserved = 0;
    void *base = a ? reserve_addresses(most, &reserved) : MAP_FAILED;
    if (base == MAP_FAILED) {
        close(fd);
        free(a);
        return error_set_kind(e, ERROR_MEMORY, "no address space to map a file");
    }
    *a = (struct file_array){.fd = fd, .base = base, .reserved = reserved, .writable = true};
    *out = a;
    return 0;
}

int file_array_open(struct file_array **out, const char *directory, uint64_t most, struct error *e)
{
    int fd = open_unlinked(directory, e);
    if (fd < 0 || open_on(out, fd, most, e) != 0) return -1;
    (*out)->open = true;
    return 0;
}

/* Opens a file of at least `size` bytes, and cuts it there where it is `writable`. Returns its descriptor, or -1. */
static int open_named(const char *path, uint64_t size, bool writable, struct error *e)
{
    int fd = open(path, (writable ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;
    int failed = 0;
    if (fd < 0)
        return error_set_kind(e, file_is_wrong(errno) ? ERROR_DAMAGED : ERROR_OTHER, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0)
        failed = error_set(e, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < size)
        failed =
            error_set_kind(e, ERROR_DAMAGED, "%s: not a file of at least %llu bytes", path, (unsigned long long)size);
    else if (writable && ftruncate(fd, (off_t)size) != 0)
        failed = error_set(e, "%s: %s", path, strerror(errno));
    if (!failed) return fd;
    close(fd);
    return -1;
}

int file_array_open_named(struct file_array **out, const char *path, uint64_t size, bool writable, uint64_t most,
                          struct error *e)
{
    struct file_array *a;
    int fd = open_named(path, size, writable, e);
    if (fd < 0 || open_on(&a, fd, most < size || !writable ? size : most, e) != 0) return -1;
    a->writable = writable;
    int failed = size > a->reserved ? error_set_kind(e, ERROR_MEMORY, "%s: no address space to map it", path) : 0;
    if (!failed && size > 0 && writable) failed = grow(a, (size_t)size, e);
    if (!failed && size > 0 && !writable) {
        void *at = mmap(a->base, (size_t)size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
        if (at == MAP_FAILED) failed = error_set(e, "%s: cannot be mapped: %s", path, strerror(errno));
    }
    if (failed) {
        file_array_close(a);
        return -1;
    }
    a->size = (size_t)size;
    a->named = a->open = true;
    *out = a;
    return 0;
}

int file_array_sync(struct file_array *a, struct error *e)
{
    assert(a->writable);
    if (a->mapped > a->on_disk) return error_set(e, "state file: %s", a->full.text);
    if (a->size > 0 && msync(a->base, a->size, MS_SYNC) != 0) return error_set(e, "state file: %s", strerror(errno));
    if (fsync(a->fd) != 0) return error_set(e, "state file: %s", strerror(errno));
    return 0;
}

void file_array_close(struct file_array *a)
{
    if (!a) return;
    munmap(a->base, a->reserved);
    /* Where cutting fails the file stays longer than what counts of it, which does no harm. */
    size_t stays = a->size < a->on_disk ? a->size : a->on_disk;
    if (a->named && a->writable && ftruncate(a->fd, (off_t)stays) != 0) errno = 0;
    close(a->fd);
    free(a);
}

/* Many bytes are written, which puts them into the same pages as storing them does, without a fault for each page; in
 * pieces, for which the system finds memory far sooner than for all at once. What cannot be written is stored. */
static void put(const struct file_array *a, const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (n - done >= WRITE_BYTES && a->size + n <= a->on_disk) {
        const size_t at = a->size + done;
        const ssize_t part = pwrite(a->fd, bytes + done, WRITE_BYTES - at % WRITE_BYTES, (off_t)at);
        if (part <= 0) break;
        done += (size_t)part;
    }
    memcpy(a->base + a->size + done, bytes + done, n - done);
}

int file_array_append(struct file_array *a, const void *bytes, size_t n, struct error *e)
{
    size_t need;
    assert(a->writable);
    if (!bytes_add(&need, a->size, n) || need > a->reserved) {
        return error_set_kind(e, ERROR_MEMORY, "scratch file: more than %zu bytes are needed", a->reserved);
    }
    if (n == 0) return 0;
    if (need > a->mapped && grow(a, need, e) != 0) return -1;
    put(a, bytes, n);
    a->size = need;
    return 0;
}

void file_array_write(struct file_array *a, uint64_t offset, const void *bytes, size_t n)
{
    assert(a->writable && offset <= a->size && n <= a->size - offset);
    memcpy(a->base + offset, bytes, n);
}

const uint8_t *file_array_bytes(const struct file_array *a)
{
    return a->base;
}

uint64_t file_array_size(const struct file_array *a)
{
    return a->size;
}
