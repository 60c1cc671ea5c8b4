#include "app/worker/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/answer/answerer.h"
#include "app/text/corpus.h"
#include "app/reader/reread.h"
#include "app/worker/queue.h"
#include "app/worker/worker_parts.h"
#include "compute/backend.h"
#include "compute/error.h"

#define NICENESS 5

void worker_tell(struct worker *w, struct message *m)
{
    if (m != NULL) queue_push(w->from, m, true);
}

/* NULL without memory. */
static struct message *new_text(enum message_type type, size_t id, bool done, const char *text)
{
    struct message *m = message_new(type);
    if (m == NULL) return NULL;
    m->id = id;
    m->done = done;
    if (text == NULL || message_text(m, text, strlen(text))) return m;
    message_free(m);
    return NULL;
}

void worker_tell_text(struct worker *w, enum message_type type, size_t id, bool done, const char *text)
{
    worker_tell(w, new_text(type, id, done, text));
}

void worker_tell_end(struct worker *w, struct message **reserve, enum message_type type, size_t id, bool done,
                     const char *text)
{
    struct message *m = new_text(type, id, done, text);
    if (m == NULL && *reserve != NULL) {
        m = *reserve;
        m->type = type;
        m->id = id;
        *reserve = NULL;
    }
    worker_tell(w, m);
}

static struct message *new_reserve(void)
{
    return new_text(MESSAGE_FAILED, 0, false, "out of memory");
}

/* What is asked of the worker has the message of its end with it. */
static struct message *new_request(enum message_type type, size_t id)
{
    struct message *m = message_new(type);
    if (m == NULL) return NULL;
    m->id = id;
    if ((m->reserve = new_reserve()) != NULL) return m;
    message_free(m);
    return NULL;
}

/* The document that was last told may have grown since: it is told again. */
static void tell_progress(struct worker *w, const struct reader_progress *p)
{
    size_t n_documents, n_segments;
    const struct reader_document *documents = reader_documents(w->reader, &n_documents);
    const struct reader_segment *segments = reader_segments(w->reader, &n_segments);
    struct message *m = message_new(MESSAGE_PROGRESS);
    if (m == NULL) return;
    m->progress = *p;
    struct message_tables *t = &m->tables;
    t->first_document = w->told_documents ? w->told_documents - 1 : 0;
    t->first_segment = w->told_segments ? w->told_segments - 1 : 0;
    t->n_documents = n_documents - t->first_document;
    t->n_segments = n_segments - t->first_segment;
    t->documents = malloc((t->n_documents + 1) * sizeof *t->documents);
    t->segments = malloc((t->n_segments + 1) * sizeof *t->segments);
    if (t->documents == NULL || t->segments == NULL) {
        message_free(m);
        return;
    }
    if (t->n_documents) memcpy(t->documents, documents + t->first_document, t->n_documents * sizeof *documents);
    if (t->n_segments) memcpy(t->segments, segments + t->first_segment, t->n_segments * sizeof *segments);
    w->told_documents = n_documents;
    w->told_segments = n_segments;
    worker_tell(w, m);
}

static void on_progress(void *context, const struct reader_progress *p)
{
    struct worker *w = context;
    tell_progress(w, p);
    worker_wish_serve(w);
    worker_ask_serve(w);
}

/* A device that was lost. */
void worker_tell_notice(struct worker *w)
{
    if (*ask_notice(&w->ask)) worker_tell_text(w, MESSAGE_DEVICE, 0, true, ask_notice(&w->ask));
}

static void tell_note(struct worker *w)
{
    const char *note = reader_note(w->reader);
    if (strcmp(note, w->noted) == 0) return;
    snprintf(w->noted, sizeof w->noted, "%s", note);
    worker_tell_text(w, MESSAGE_NOTE, 0, true, note);
}

static void read_on(struct worker *w, struct message *request)
{
    const struct reader_callbacks callbacks = {.progress = on_progress, .context = w, .cancel = &w->cancel};
    struct error e = {0};
    tell_note(w);
    int status = reader_read(w->reader, &callbacks, &e);
    tell_note(w);
    struct reader_progress p;
    reader_progress(w->reader, &p);
    tell_progress(w, &p);
    worker_tell_notice(w);
    bool paused = status != 0 && e.kind == ERROR_CANCELLED;
    worker_end_request(w);
    worker_tell_end(w, &request->reserve, MESSAGE_READ_STOPPED, 0, reader_done(w->reader),
                    status != 0 && !paused ? e.text : NULL);
}

static void on_scale_step(void *context, uint64_t done, uint64_t all, double seconds)
{
    struct worker *w = context;
    (void)seconds;
    struct message *m = message_new(MESSAGE_SCALE_STEP);
    if (m == NULL) return;
    m->scale = (struct message_scale){.what = w->scale_what, .tokens = w->scale_tokens, .done = done, .all = all};
    worker_tell(w, m);
}

static void on_scale_begin(void *context, const char *what, uint64_t tokens)
{
    struct worker *w = context;
    w->scale_what = what;
    w->scale_tokens = tokens;
    on_scale_step(w, 0, 0, 0);
}

static int on_scale_row(void *context, const struct scale_row *row, struct error *e)
{
    struct message *m = message_new(MESSAGE_SCALE_ROW);
    if (m == NULL) return error_memory(e);
    m->scale.row = *row;
    worker_tell(context, m);
    return 0;
}

static void on_scale_gave_up(void *context, uint64_t tokens, const char *why)
{
    char text[300];
    snprintf(text, sizeof text, "dense attention over %llu tokens: %s; longer ones are left out",
             (unsigned long long)tokens, why);
    worker_tell_text(context, MESSAGE_SCALE_NOTE, 0, false, text);
}

/* First the whole reader at the billionth token, then attention alone at growing lengths, against dense attention. */
static void measure_scale(struct worker *w, struct message *request)
{
    const struct scale_callbacks callbacks = {on_scale_begin, on_scale_step, on_scale_row, on_scale_gave_up, w,
                                              &w->cancel,     NULL};
    const struct scale_options defaults = SCALE_DEFAULTS;
    struct scale_options billion = defaults, lengths = defaults;
    struct error e = {0};
    billion.has_at = billion.model = lengths.against_dense = true;
    billion.at = 1000000000;
    bool failed = scale_measure(&billion, w->backend, w->options.model, &callbacks, &e) != 0 ||
                  scale_measure(&lengths, w->backend, w->options.model, &callbacks, &e) != 0;
    bool stopped = failed && e.kind == ERROR_CANCELLED;
    worker_end_request(w);
    worker_tell_end(w, &request->reserve, MESSAGE_SCALE_ENDS, 0, !failed, failed && !stopped ? e.text : NULL);
}

/* What stops reading ends the waiting, and so does a question: it is answered while the text is read here. */
static bool on_wait(void *context, uint64_t bytes)
{
    struct worker *w = context;
    struct message *m = message_new(MESSAGE_WAITS);
    if (m != NULL)
        m->progress =
            (struct reader_progress){.bytes = bytes, .total_bytes = w->options.corpus->n_bytes, .seconds_left = -1};
    worker_tell(w, m);
    pthread_mutex_lock(&w->mutex);
    const bool stopped = atomic_load(&w->cancel);
    w->stopped = w->stopped && !stopped;
    pthread_mutex_unlock(&w->mutex);
    return !stopped && !queue_has(w->to, MESSAGE_ASK);
}

static bool set_up(struct worker *w, struct error *e)
{
    const struct worker_options *o = &w->options;
    struct reader_options options = o->reader;
    options.waits = on_wait;
    options.waiter = w;
    if (backend_open(&w->backend, o->device, o->n_threads, e) != 0) return false;
    worker_tell_text(w, MESSAGE_DEVICE, 0, true, backend_info(w->backend)->name);
    if (reader_open(&w->reader, o->model, w->backend, o->corpus, &options, &w->closing, e) != 0) return false;
    if (o->reread_path && reread_open(&w->reread, o->reread_path, w->backend, e) != 0) return false;
    w->ask = (struct ask){.reader = w->reader,
                          .answerer = o->answerer,
                          .reread = w->reread,
                          .quotes = o->quotes,
                          .conversation = !o->places_only};
    return true;
}

/* What came while the text was read goes first. */
static struct message *next_message(struct worker *w)
{
    if (w->n_later == 0) return queue_pop(w->to, true);
    struct message *m = w->later[0];
    memmove(w->later, w->later + 1, --w->n_later * sizeof(struct message *));
    return m;
}

/* Nothing can be read: what is asked for all the same ends at once. */
static void refuse_message(struct worker *w, struct message *m, const char *why)
{
    if (m->type == MESSAGE_ASK) worker_tell_end(w, &m->reserve, MESSAGE_ANSWER_ENDS, m->id, false, why);
    if (m->type == MESSAGE_SCALE) worker_tell_end(w, &m->reserve, MESSAGE_SCALE_ENDS, 0, false, why);
}

/* It may have been stopped while it waited. */
static void begin_request(struct worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->begun = true;
    atomic_store(&w->cancel, w->stopped || atomic_load(&w->closing));
    pthread_mutex_unlock(&w->mutex);
}

void worker_end_request(struct worker *w)
{
    pthread_mutex_lock(&w->mutex);
    if (w->begun) {
        w->n_open--;
        w->begun = w->stopped = false;
    }
    pthread_mutex_unlock(&w->mutex);
}

static void *run_worker(void *context)
{
    struct worker *w = context;
    struct error e = {0};
    /* Keys go before reading, where there are fewer cores than threads. On Linux this is of this thread, and of those
     * that it starts. */
    setpriority(PRIO_PROCESS, 0, NICENESS);
    const bool works = set_up(w, &e);
    if (!works) worker_tell_end(w, &w->reserve, MESSAGE_FAILED, 0, false, e.text);
    while (!atomic_load(&w->closing)) {
        struct message *m = next_message(w);
        if (works) worker_wish_serve(w);
        if (m == NULL) continue;
        if (m->type != MESSAGE_FORGET) begin_request(w);
        if (!works) refuse_message(w, m, e.text);
        if (works && m->type == MESSAGE_READ) read_on(w, m);
        if (works && m->type == MESSAGE_ASK) worker_ask_answer(w, m);
        if (m->type == MESSAGE_FORGET) worker_ask_forget(w, m->id);
        if (works && m->type == MESSAGE_SCALE) measure_scale(w, m);
        worker_end_request(w);
        message_free(m);
    }
    return NULL;
}

static void free_all(struct worker *w)
{
    queue_close(w->to);
    queue_close(w->from);
    if (w->wake[0] >= 0) close(w->wake[0]);
    if (w->wake[1] >= 0) close(w->wake[1]);
    pthread_mutex_destroy(&w->mutex);
    message_free(w->reserve);
    free(w);
}

/* Signals belong to the main thread: the worker, and the threads it starts, block them all. */
static int start_thread(struct worker *w, struct error *e)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int status = pthread_create(&w->thread, NULL, run_worker, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return status == 0 ? 0 : error_set(e, "no thread for the reader: %s", strerror(status));
}

int worker_open(struct worker **out, const struct worker_options *o, struct error *e)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for the reader's thread");
    w->options = *o;
    w->wake[0] = w->wake[1] = -1;
    pthread_mutex_init(&w->mutex, NULL);
    if (pipe(w->wake) != 0) {
        free_all(w);
        return error_set(e, "no pipe for the reader's thread");
    }
    for (int i = 0; i < 2; i++) {
        fcntl(w->wake[i], F_SETFL, O_NONBLOCK);
        fcntl(w->wake[i], F_SETFD, FD_CLOEXEC);
    }
    if ((w->reserve = new_reserve()) == NULL) {
        free_all(w);
        return error_memory(e);
    }
    if (queue_open(&w->to, WORKER_WAITING, -1, e) != 0 || queue_open(&w->from, WORKER_WAITING, w->wake[1], e) != 0 ||
        start_thread(w, e) != 0) {
        free_all(w);
        return -1;
    }
    if (!worker_read(w)) {
        worker_close(w);
        return error_memory(e);
    }
    *out = w;
    return 0;
}

void worker_close(struct worker *w)
{
    if (w == NULL) return;
    atomic_store(&w->closing, true);
    worker_stop(w);
    queue_stop(w->to);
    queue_stop(w->from);
    pthread_join(w->thread, NULL);
    ask_free(&w->ask);
    worker_ask_forget_all(w);
    for (size_t i = 0; i < w->n_later; i++) message_free(w->later[i]);
    free(w->cuts);
    reader_close(w->reader);
    reread_close(w->reread);
    answerer_release(w->options.answerer);
    backend_close(w->backend);
    free_all(w);
}

int worker_fd(const struct worker *w)
{
    return w->wake[0];
}

struct message *worker_next(struct worker *w)
{
    return queue_pop(w->from, false);
}

void worker_count_request(struct worker *w, bool made)
{
    pthread_mutex_lock(&w->mutex);
    if (made)
        w->n_open++;
    else
        w->n_open--;
    pthread_mutex_unlock(&w->mutex);
}

/* `m` NULL: there was no memory for it. */
static bool push_request(struct worker *w, struct message *m)
{
    worker_count_request(w, true);
    if (m != NULL && queue_push(w->to, m, false)) return true;
    worker_count_request(w, false);
    return false;
}

bool worker_read(struct worker *w)
{
    return push_request(w, new_request(MESSAGE_READ, 0));
}

static struct message *new_question(size_t id, const char *question, const struct scope *scope)
{
    struct message *m = new_request(MESSAGE_ASK, id);
    if (m == NULL) return NULL;
    if (message_text(m, question, strlen(question)) && scope_copy(&m->scope, scope)) return m;
    message_free(m);
    return NULL;
}

static int push_question(struct worker *w, struct message *m, struct error *e)
{
    if (m == NULL) return error_memory(e);
    return push_request(w, m) ? 0 : error_set(e, "too many questions are waiting");
}

int worker_ask(struct worker *w, size_t id, const char *question, const struct scope *scope, struct error *e)
{
    return push_question(w, new_question(id, question, scope ? scope : &w->options.how.scope), e);
}

int worker_ask_about(struct worker *w, size_t id, const char *question, const char *topic, const struct scope *scope,
                     struct error *e)
{
    struct message *m = new_question(id, question, scope ? scope : &w->options.how.scope);
    if (m != NULL) m->told = true;
    if (m != NULL && topic != NULL && (m->topic = strdup(topic)) == NULL) {
        message_free(m);
        m = NULL;
    }
    return push_question(w, m, e);
}

int worker_ask_like(struct worker *w, size_t id, size_t document, uint64_t offset, const struct scope *scope,
                    struct error *e)
{
    struct message *m = new_request(MESSAGE_ASK, id);
    if (m != NULL) m->like = (struct message_like){document, offset};
    if (m != NULL && !scope_copy(&m->scope, scope)) {
        message_free(m);
        m = NULL;
    }
    return push_question(w, m, e);
}

void worker_unask(struct worker *w, size_t id)
{
    pthread_mutex_lock(&w->mutex);
    if (w->answering && w->asked == id)
        atomic_store(&w->unasked, true);
    else if (w->n_unwanted < WORKER_WAITING)
        w->unwanted[w->n_unwanted++] = id;
    pthread_mutex_unlock(&w->mutex);
}

bool worker_forget(struct worker *w, size_t id)
{
    struct message *m = message_new(MESSAGE_FORGET);
    if (m == NULL) return false;
    m->id = id;
    return queue_push(w->to, m, false);
}

bool worker_measure(struct worker *w)
{
    return push_request(w, new_request(MESSAGE_SCALE, 0));
}

void worker_stop(struct worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->stopped = w->n_open > 0;
    atomic_store(&w->cancel, true);
    atomic_store(&w->unasked, true);
    pthread_mutex_unlock(&w->mutex);
}
