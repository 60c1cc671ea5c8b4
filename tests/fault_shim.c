/* Preloaded into the program (tests/check_faults.sh): makes its n-th allocation or its n-th call for input or output
 * fail, once or from then on, or sends it a signal before the n-th call that changes a file. Calls of its libraries
 * count for their allocations alone.
 *
 *     LECTERN_FAULT=KIND:N[:on]     which; KIND: alloc, library (their allocations), io, map (of files), signal
 *     LECTERN_FAULT_NUMBER=N        what calls for input and output fail with, 0: they do a part of what was asked;
 *                                   or the signal
 *     LECTERN_FAULT_COUNT=FILE      how many there were of each kind, written at the end */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

enum kind { NONE, ALLOC, LIBRARY, IO, MAP, SIGNAL, N_KINDS };

static const char *const kind_names[N_KINDS] = {"none", "alloc", "library", "io", "map", "signal"};

static enum kind wanted;
static unsigned long nth;
static bool stays;
static int number = EIO;
static uintptr_t text_begin, text_end; /* of the program */
static atomic_ulong counts[N_KINDS];

static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X)) continue;
        text_begin = info->dlpi_addr + p->p_vaddr;
        text_end = text_begin + p->p_memsz;
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("LECTERN_FAULT"), *named = getenv("LECTERN_FAULT_NUMBER");
    dl_iterate_phdr(find_program, NULL);
    if (named) number = atoi(named);
    if (!fault) return;
    const char *colon = strchr(fault, ':');
    nth = colon ? strtoul(colon + 1, NULL, 10) : 0;
    stays = strstr(fault, ":on") != NULL;
    for (enum kind k = NONE; k < N_KINDS; k++)
        if (strncmp(fault, kind_names[k], strlen(kind_names[k])) == 0) wanted = k;
}

__attribute__((destructor)) static void end(void)
{
    const char *file = getenv("LECTERN_FAULT_COUNT");
    wanted = NONE;
    FILE *f = file ? fopen(file, "w") : NULL;
    if (!f) return;
    for (enum kind k = ALLOC; k < N_KINDS; k++) fprintf(f, "%s=%lu\n", kind_names[k], atomic_load(&counts[k]));
    fclose(f);
}

/* What counts lines (gcov) writes its counts when all else has ended: that is no call of the program's. */
static atomic_bool ended;

static void at_end(void)
{
    ended = true;
}

static bool fails(enum kind kind, const void *caller)
{
    static atomic_bool begun;
    const uintptr_t at = (uintptr_t)caller;
    const bool own = at >= text_begin && at < text_end;
    if (ended) return false;
    if (own && !atomic_exchange(&begun, true)) atexit(at_end); /* the program's first call: before its destructors */
    if (!own && kind != ALLOC) return false;
    if (!own) kind = LIBRARY;
    const unsigned long n = atomic_fetch_add(&counts[kind], 1) + 1;
    return kind == wanted && (n == nth || (stays && n > nth));
}

#define CALLER __builtin_return_address(0)

/* --- memory --- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : __libc_memalign(alignment, size);
}

static char *duplicate(const char *text, size_t size)
{
    char *copy = __libc_malloc(size + 1);
    if (!copy) return no_memory();
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return fails(ALLOC, CALLER) ? no_memory() : duplicate(text, strlen(text));
}

char *strndup(const char *text, size_t most)
{
    return fails(ALLOC, CALLER) ? no_memory() : duplicate(text, strnlen(text, most));
}

/* --- input and output --- */

static bool refuses(const void *caller)
{
    if (!fails(IO, caller) || number == 0) return false; /* there is no part of these */
    errno = number;
    return true;
}

/* Before a call that changes a file. */
static void changes(const void *caller)
{
    if (fails(SIGNAL, caller)) raise(number);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const unsigned mode = flags & O_CREAT ? va_arg(rest, unsigned) : 0;
    va_end(rest);
    if (flags & (O_CREAT | O_TRUNC)) changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return refuses(CALLER) ? NULL : NEXT(fopen)(path, mode);
}

/* A part of what was asked, where that is the fault; or the error. */
#define TRANSFER(name, ...)                                                                                            \
    const bool failing = fails(IO, CALLER);                                                                            \
    if (failing && number != 0) {                                                                                      \
        errno = number;                                                                                                \
        return -1;                                                                                                     \
    }                                                                                                                  \
    return NEXT(name)(fd, bytes, failing && size > 1 ? size / 2 : size, ##__VA_ARGS__)

ssize_t read(int fd, void *bytes, size_t size)
{
    TRANSFER(read);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    changes(CALLER);
    TRANSFER(write);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
    TRANSFER(pread, at);
}

int fsync(int fd)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(fsync)(fd);
}

int ftruncate(int fd, off_t size)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(ftruncate)(fd, size);
}

int posix_fallocate(int fd, off_t at, off_t size)
{
    changes(CALLER);
    return refuses(CALLER) ? errno : NEXT(posix_fallocate)(fd, at, size);
}

int rename(const char *from, const char *to)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(rename)(from, to);
}

int link(const char *from, const char *to)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(link)(from, to);
}

int unlink(const char *path)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(unlink)(path);
}

int rmdir(const char *path)
{
    changes(CALLER);
    return NEXT(rmdir)(path);
}

/* Writes what was buffered. */
int fclose(FILE *f)
{
    changes(CALLER);
    return NEXT(fclose)(f);
}

int mkdir(const char *path, mode_t mode)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(mkdir)(path, mode);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && (flags & MAP_FIXED) && fails(MAP, CALLER)) { /* as an array grows */
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return refuses(CALLER) ? MAP_FAILED : NEXT(mmap)(at, size, protection, flags, fd, offset);
}

int msync(void *at, size_t size, int flags)
{
    changes(CALLER);
    return refuses(CALLER) ? -1 : NEXT(msync)(at, size, flags);
}
