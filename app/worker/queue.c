#include "app/worker/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/worker/message.h"
#include "compute/error.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct message **ring;
    size_t capacity, first, n;
    int wake_fd;
    bool stopped, nudged;
};

int queue_open(struct queue **out, size_t capacity, int wake_fd, struct error *e)
{
    struct queue *q = calloc(1, sizeof *q);
    struct message **ring = calloc(capacity, sizeof(struct message *));
    if (q == NULL || ring == NULL) {
        free(q);
        free(ring);
        return error_set_kind(e, ERROR_MEMORY, "no memory for a queue");
    }
    q->ring = ring;
    q->capacity = capacity;
    q->wake_fd = wake_fd;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->changed, NULL);
    *out = q;
    return 0;
}

void queue_close(struct queue *q)
{
    if (q == NULL) return;
    for (size_t i = 0; i < q->n; i++) message_free(q->ring[(q->first + i) % q->capacity]);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->mutex);
    free(q->ring);
    free(q);
}

static bool add_message(struct queue *q, struct message *m, bool wait)
{
    if (q->n > 0 && message_merge(q->ring[(q->first + q->n - 1) % q->capacity], m)) {
        message_free(m);
        return true;
    }
    while (wait && q->n == q->capacity && !q->stopped) pthread_cond_wait(&q->changed, &q->mutex);
    if (q->n == q->capacity || q->stopped) {
        message_free(m);
        return false;
    }
    q->ring[(q->first + q->n++) % q->capacity] = m;
    pthread_cond_broadcast(&q->changed);
    return true;
}

bool queue_push(struct queue *q, struct message *m, bool wait)
{
    pthread_mutex_lock(&q->mutex);
    bool added = add_message(q, m, wait);
    pthread_mutex_unlock(&q->mutex);
    if (added && q->wake_fd >= 0) {
        ssize_t ignored = write(q->wake_fd, "", 1);
        (void)ignored;
    }
    return added;
}

struct message *queue_pop(struct queue *q, bool wait)
{
    struct message *m = NULL;
    pthread_mutex_lock(&q->mutex);
    while (wait && q->n == 0 && !q->stopped && !q->nudged) pthread_cond_wait(&q->changed, &q->mutex);
    q->nudged = false;
    if (q->n > 0) {
        m = q->ring[q->first];
        q->first = (q->first + 1) % q->capacity;
        q->n--;
        pthread_cond_broadcast(&q->changed);
    }
    pthread_mutex_unlock(&q->mutex);
    return m;
}

bool queue_has(struct queue *q, int type)
{
    bool has = false;
    pthread_mutex_lock(&q->mutex);
    for (size_t i = 0; i < q->n && !has; i++) has = (int)q->ring[(q->first + i) % q->capacity]->type == type;
    pthread_mutex_unlock(&q->mutex);
    return has;
}

void queue_stop(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->stopped = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->mutex);
}

void queue_nudge(struct queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->nudged = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->mutex);
}
