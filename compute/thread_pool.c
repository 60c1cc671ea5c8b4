#include "compute/thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compute/error.h"

#define THREAD_POOL_MAX 256

/* How often a wait looks before it sleeps, some 50 microseconds: the jobs of a token follow each other faster than a
 * sleeper wakes. */
enum { LOOKS = 1500 };

struct worker {
    struct thread_pool *pool;
    pthread_t thread;
    unsigned index;
};

struct thread_pool {
    unsigned n_threads; /* the caller included: it is thread 0 */
    struct worker *workers;
    pthread_mutex_t mutex;
    pthread_cond_t started, finished;
    atomic_ulong job;      /* counts jobs: a worker waits until it changes */
    atomic_uint n_working; /* workers that have not finished the job */
    atomic_bool stopping;
    void (*task)(void *context, unsigned i, unsigned thread);
    void *context;
    unsigned n_tasks;
    atomic_uint next;
};

static void work_on_tasks(struct thread_pool *p, unsigned thread)
{
    for (unsigned i; (i = atomic_fetch_add(&p->next, 1)) < p->n_tasks;) p->task(p->context, i, thread);
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Waits for another job than `seen`; false: the pool stops. */
static bool await_job(struct thread_pool *p, unsigned long seen)
{
    for (int i = 0; i < LOOKS && atomic_load(&p->job) == seen; i++) pause_briefly();
    if (atomic_load(&p->job) != seen) return true;
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->job) == seen && !atomic_load(&p->stopping)) pthread_cond_wait(&p->started, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
    return !atomic_load(&p->stopping);
}

static void await_workers(struct thread_pool *p)
{
    for (int i = 0; i < LOOKS && atomic_load(&p->n_working) > 0; i++) pause_briefly();
    if (atomic_load(&p->n_working) == 0) return;
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->n_working) > 0) pthread_cond_wait(&p->finished, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    struct thread_pool *p = w->pool;
    for (unsigned long seen = 0; await_job(p, seen);) {
        seen = atomic_load(&p->job);
        work_on_tasks(p, w->index);
        if (atomic_fetch_sub(&p->n_working, 1) > 1) continue;
        pthread_mutex_lock(&p->mutex);
        pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->mutex);
    }
    return NULL;
}

static unsigned count_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREAD_POOL_MAX ? THREAD_POOL_MAX : (unsigned)n;
}

int thread_pool_open(struct thread_pool **out, unsigned n_threads, struct error *e)
{
    if (n_threads == 0) n_threads = count_cores();
    if (n_threads > THREAD_POOL_MAX)
        return error_set(e, "%u threads asked for, at most %d are possible", n_threads, THREAD_POOL_MAX);
    struct thread_pool *p = calloc(1, sizeof *p);
    if (p) p->workers = calloc(n_threads, sizeof *p->workers);
    if (!p || !p->workers) {
        free(p);
        return error_set_kind(e, ERROR_MEMORY, "out of memory for %u threads", n_threads);
    }
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->started, NULL);
    pthread_cond_init(&p->finished, NULL);
    for (p->n_threads = 1; p->n_threads < n_threads; p->n_threads++) {
        struct worker *w = &p->workers[p->n_threads];
        *w = (struct worker){.pool = p, .index = p->n_threads};
        int status = pthread_create(&w->thread, NULL, worker_main, w);
        if (status != 0) {
            thread_pool_close(p);
            return error_set(e, "a thread cannot be started: %s", strerror(status));
        }
    }
    *out = p;
    return 0;
}

void thread_pool_close(struct thread_pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->stopping, true);
    pthread_cond_broadcast(&p->started);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 1; i < p->n_threads; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->started);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->mutex);
    free(p->workers);
    free(p);
}

unsigned thread_pool_n_threads(const struct thread_pool *p)
{
    return p->n_threads;
}

void thread_pool_run(struct thread_pool *p, unsigned n_tasks, void (*task)(void *context, unsigned i, unsigned thread),
                     void *context)
{
    if (n_tasks <= 1 || p->n_threads == 1) {
        for (unsigned i = 0; i < n_tasks; i++) task(context, i, 0);
        return;
    }
    p->task = task;
    p->context = context;
    p->n_tasks = n_tasks;
    atomic_store(&p->next, 0);
    atomic_store(&p->n_working, p->n_threads - 1);
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->job, 1);
    pthread_cond_broadcast(&p->started);
    pthread_mutex_unlock(&p->mutex);
    work_on_tasks(p, 0);
    await_workers(p);
}
