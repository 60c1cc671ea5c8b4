#include "app/text/text_map.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* The signal handler may run at any time in any thread: it reads only these atomics and never waits. A slot is free
 * while `begin` is 0. */
struct text_map {
    atomic_uintptr_t begin;
    atomic_size_t size;
    atomic_bool shrank;
};

static struct text_map maps[4096];
static struct sigaction previous;
static uintptr_t page_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    uintptr_t at = (uintptr_t)info->si_addr;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        uintptr_t begin = atomic_load(&maps[i].begin);
        if (begin == 0 || at < begin || at - begin >= atomic_load(&maps[i].size)) continue;
        void *page = (void *)(at & ~(page_size - 1)); /* NOLINT(performance-no-int-to-ptr): the faulting page */
        if (mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
        atomic_store(&maps[i].shrank, true);
        errno = saved;
        return;
    }
    sigaction(signal, &previous, NULL); /* not ours: the access happens again and meets the handler before us */
    errno = saved;
}

/* Looked at with every mapping: others may have set a handler of theirs since. */
static int install(void)
{
    struct sigaction now, action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    if (sigaction(SIGBUS, NULL, &now) != 0) return -1;
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_bus_error) return 0;
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    previous = now;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL);
}

struct text_map *text_map_open(int fd, size_t size)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) return NULL;
    pthread_mutex_lock(&lock);
    struct text_map *m = NULL;
    for (size_t i = 0; install() == 0 && !m && i < sizeof maps / sizeof *maps; i++)
        if (atomic_load(&maps[i].begin) == 0) m = &maps[i];
    if (m) {
        atomic_store(&m->shrank, false);
        atomic_store(&m->size, size);
        atomic_store(&m->begin, (uintptr_t)bytes);
    }
    pthread_mutex_unlock(&lock);
    if (!m) {
        munmap(bytes, size);
        errno = EMFILE;
    }
    return m;
}

void text_map_close(struct text_map *m)
{
    if (!m) return;
    void *bytes = (void *)atomic_load(&m->begin); /* NOLINT(performance-no-int-to-ptr) */
    munmap(bytes, atomic_load(&m->size));
    atomic_store(&m->begin, 0); /* last: the slot is free only when its range is gone */
}

const uint8_t *text_map_bytes(const struct text_map *m)
{
    return (const uint8_t *)atomic_load(&m->begin); /* NOLINT(performance-no-int-to-ptr) */
}

bool text_map_shrank(const struct text_map *m)
{
    return atomic_load(&m->shrank);
}
