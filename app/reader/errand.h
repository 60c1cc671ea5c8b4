/* One thing that is done beside what its caller does, again and again, by a thread of its own. */
#ifndef LECTERN_ERRAND_H
#define LECTERN_ERRAND_H

struct errand;
struct error;

/* `run` gets `context`, which is the thread's from errand_start to errand_wait. */
int errand_open(struct errand **out, int (*run)(void *context, struct error *e), void *context, struct error *e);
void errand_close(struct errand *x); /* waits; accepts NULL */

void errand_start(struct errand *x);

/* Until it is done: what `run` returned, with its error; 0 where nothing was started. */
int errand_wait(struct errand *x, struct error *e);

#endif
