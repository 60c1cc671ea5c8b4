#include "tests/test.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "compute/thread_pool.h"

enum { TASKS = 1000 };

struct job {
    atomic_int runs[TASKS];
    atomic_int inside[8]; /* tasks running with this thread number */
    atomic_bool shared;   /* two at once had the same one */
};

static void task(void *context, unsigned i, unsigned thread)
{
    struct job *j = context;
    if (atomic_fetch_add(&j->inside[thread], 1) != 0) atomic_store(&j->shared, true);
    atomic_fetch_add(&j->runs[i], 1);
    atomic_fetch_sub(&j->inside[thread], 1);
}

static void every_task_of_every_job_runs_once(void **state)
{
    (void)state;
    struct error e = {0};
    for (unsigned n_threads = 1; n_threads <= 5; n_threads += 2) {
        struct thread_pool *p;
        assert_ok(thread_pool_open(&p, n_threads, &e), e);
        assert_int_equal(thread_pool_n_threads(p), n_threads);
        struct job *j = calloc(1, sizeof *j);
        for (int round = 1; round <= 50; round++) {
            thread_pool_run(p, TASKS, task, j);
            for (int i = 0; i < TASKS; i++) assert_int_equal(j->runs[i], round);
        }
        thread_pool_run(p, 0, task, j);
        thread_pool_run(p, 1, task, j);
        assert_int_equal(j->runs[0], 51);
        assert_int_equal(j->runs[1], 50);
        assert_false(j->shared);
        free(j);
        thread_pool_close(p);
    }
}

static void a_pool_that_was_never_used_closes(void **state)
{
    (void)state;
    struct error e = {0};
    struct thread_pool *p;
    assert_ok(thread_pool_open(&p, 4, &e), e);
    thread_pool_close(p);
    assert_ok(thread_pool_open(&p, 0, &e), e);
    assert_true(thread_pool_n_threads(p) >= 1);
    thread_pool_close(p);
    thread_pool_close(NULL);
    assert_int_equal(thread_pool_open(&p, 1000, &e), -1);
    assert_string_equal(e.text, "1000 threads asked for, at most 256 are possible");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_of_every_job_runs_once),
        cmocka_unit_test(a_pool_that_was_never_used_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
