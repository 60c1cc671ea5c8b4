/* A bounded queue of messages from one thread to another. */
#ifndef LECTERN_QUEUE_H
#define LECTERN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct message;
struct queue;

/* `wake_fd`: a byte is written there (never waiting) when a message comes; -1: none. */
int queue_open(struct queue **out, size_t capacity, int wake_fd, struct error *e);

/* Frees what is still in it. No thread may be using it. */
void queue_close(struct queue *q);

/* Adds a message, which the queue then owns. Where the last one in the queue can take it up (message_merge), it does. A
 * full queue: waits if `wait`, else returns false. Also false after queue_stop. On false the message is freed. */
bool queue_push(struct queue *q, struct message *m, bool wait);

/* The oldest message, now the caller's; NULL where there is none (with `wait`: only after queue_stop). */
struct message *queue_pop(struct queue *q, bool wait);

/* Whether a message of this type (enum message_type) is in it. */
bool queue_has(struct queue *q, int type);

/* Nobody waits any more: pushes fail, pops give what is left and then NULL. */
void queue_stop(struct queue *q);

/* Wakes a waiting queue_pop, which then returns NULL. */
void queue_nudge(struct queue *q);

#endif
