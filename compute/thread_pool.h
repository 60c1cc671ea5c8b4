/* A few threads that do the tasks of one job at a time. The caller works along; between jobs everyone sleeps, after a
 * look or two for the next one. */
#ifndef LECTERN_THREAD_POOL_H
#define LECTERN_THREAD_POOL_H

#include <stdint.h>

struct error;
struct thread_pool;

/* n_threads 0: as many as there are cores this process may use. */
int thread_pool_open(struct thread_pool **out, unsigned n_threads, struct error *e);
void thread_pool_close(struct thread_pool *p);
unsigned thread_pool_n_threads(const struct thread_pool *p);

/* Calls task(context, i, thread) once for every i in [0, n_tasks), in any order on any thread, and returns when all are
 * done. `thread` is in [0, thread_pool_n_threads): no two running tasks share it. One job at a time; tasks start no
 * jobs. */
void thread_pool_run(struct thread_pool *p, unsigned n_tasks, void (*task)(void *context, unsigned i, unsigned thread),
                     void *context);

/* Tasks of `each` rows that n rows make, and the rows of one of them: the last may have fewer. */
static inline unsigned thread_pool_tasks(uint32_t n, uint32_t each)
{
    return n / each + (n % each != 0);
}

static inline uint32_t thread_pool_task_size(unsigned task, uint32_t each, uint32_t n)
{
    return n - task * each < each ? n - task * each : each;
}

#endif
