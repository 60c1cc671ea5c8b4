#include "app/reader/errand.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"

struct errand {
    int (*run)(void *context, struct error *e);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool running, stopping;
    int status; /* of the last run, until it is waited for */
    struct error error;
};

static void *thread_main(void *argument)
{
    struct errand *x = argument;
    pthread_mutex_lock(&x->mutex);
    for (;;) {
        while (!x->running && !x->stopping) pthread_cond_wait(&x->changed, &x->mutex);
        if (!x->running) break;
        pthread_mutex_unlock(&x->mutex);
        struct error e = {0};
        const int status = x->run(x->context, &e);
        pthread_mutex_lock(&x->mutex);
        x->status = status;
        x->error = e;
        x->running = false;
        pthread_cond_broadcast(&x->changed);
    }
    pthread_mutex_unlock(&x->mutex);
    return NULL;
}

int errand_open(struct errand **out, int (*run)(void *context, struct error *e), void *context, struct error *e)
{
    struct errand *x = calloc(1, sizeof *x);
    if (!x) return error_memory(e);
    x->run = run;
    x->context = context;
    pthread_mutex_init(&x->mutex, NULL);
    pthread_cond_init(&x->changed, NULL);
    const int failed = pthread_create(&x->thread, NULL, thread_main, x);
    if (failed) {
        pthread_cond_destroy(&x->changed);
        pthread_mutex_destroy(&x->mutex);
        free(x);
        return error_set(e, "a thread cannot be started: %s", strerror(failed));
    }
    *out = x;
    return 0;
}

void errand_close(struct errand *x)
{
    if (!x) return;
    pthread_mutex_lock(&x->mutex);
    x->stopping = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->mutex);
    pthread_join(x->thread, NULL);
    pthread_cond_destroy(&x->changed);
    pthread_mutex_destroy(&x->mutex);
    free(x);
}

void errand_start(struct errand *x)
{
    pthread_mutex_lock(&x->mutex);
    x->running = true;
    x->status = 0;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->mutex);
}

int errand_wait(struct errand *x, struct error *e)
{
    pthread_mutex_lock(&x->mutex);
    while (x->running) pthread_cond_wait(&x->changed, &x->mutex);
    const int status = x->status;
    x->status = 0;
    if (status != 0) error_copy(e, &x->error);
    pthread_mutex_unlock(&x->mutex);
    return status;
}
