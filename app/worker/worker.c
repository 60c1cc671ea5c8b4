#include "app/worker/worker.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/answer/answerer.h"
#include "app/answer/ask.h"
#include "app/text/corpus.h"
#include "app/reader/inspected.h"
#include "app/reader/reread.h"
#include "app/worker/message.h"
#include "app/worker/queue.h"
#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"

#define WAITING_MAX 64
#define NICENESS 5

struct wish {
    const struct finding *finding; /* NULL: none */
    size_t id;
    int token;
    uint64_t begin, end;
    struct inspected_choice choice;
};

struct worker {
    struct worker_options options;
    struct queue *to, *from;
    int wake[2];
    pthread_t thread;
    atomic_bool cancel, closing;
    pthread_mutex_t mutex; /* guards the wishes */
    struct wish shares_wish, lens_wish, inspection_wish;
    /* the thread's own */
    struct backend *backend;
    struct reader *reader;
    struct ask ask;
    struct reread *reread;
    struct message *later[WAITING_MAX]; /* questions answered at once, to be answered again when all is read */
    size_t n_later;
    struct reader_segment *cuts; /* of the whole text, once a question wanted them */
    size_t n_cuts;
    struct finding **findings; /* lent to the main thread, all of them */
    size_t n_findings, findings_capacity;
    size_t told_documents, told_segments, asked;
    char noted[640];        /* what was said of the kept read last */
    const char *scale_what; /* being measured */
    uint64_t scale_tokens;
};

static void tell(struct worker *w, struct message *m)
{
    if (m != NULL) queue_push(w->from, m, true);
}

static void tell_text(struct worker *w, enum message_type type, size_t id, bool done, const char *text)
{
    struct message *m = message_new(type);
    if (m == NULL) return;
    m->id = id;
    m->done = done;
    if (text != NULL && !message_text(m, text, strlen(text))) {
        message_free(m);
        return;
    }
    tell(w, m);
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
    tell(w, m);
}

static struct wish take_wish(struct worker *w, struct wish *wish)
{
    pthread_mutex_lock(&w->mutex);
    struct wish taken = *wish;
    wish->finding = NULL;
    pthread_mutex_unlock(&w->mutex);
    return taken;
}

static void serve_shares(struct worker *w)
{
    struct wish wish = take_wish(w, &w->shares_wish);
    if (wish.finding == NULL || wish.finding->n_segments == 0 || wish.begin >= wish.end) return;
    size_t n_documents, n = (size_t)(wish.end - wish.begin), document = 0;
    const struct reader_document *documents = reader_documents(w->reader, &n_documents);
    while (document < n_documents && documents[document].end_token <= wish.begin) document++;
    if (document == n_documents || wish.begin < documents[document].text_token ||
        wish.end > documents[document].end_token)
        return;
    struct message *m = message_new(MESSAGE_SHARES);
    if (m == NULL) return;
    m->shares =
        (struct message_shares){.id = wish.id, .token = wish.token, .begin = wish.begin, .n = n, .document = document};
    m->shares.offsets = malloc((n + 1) * sizeof *m->shares.offsets);
    m->shares.share = malloc(n * sizeof *m->shares.share);
    if (m->shares.offsets == NULL || m->shares.share == NULL) {
        message_free(m);
        return;
    }
    reader_token_offsets(w->reader, wish.begin, wish.end, m->shares.offsets);
    finding_text_shares(wish.finding, w->reader, wish.token, wish.begin, wish.end, m->shares.share);
    tell(w, m);
}

static void serve_lens(struct worker *w)
{
    struct wish wish = take_wish(w, &w->lens_wish);
    struct error e = {0};
    if (wish.finding == NULL || wish.finding->n_segments == 0) return; /* the attention is not there yet */
    struct message *m = message_new(MESSAGE_LENS);
    if (m == NULL) return;
    m->id = wish.id;
    m->lens.token = (size_t)wish.token;
    m->lens.share = malloc((wish.finding->n_segments + 1) * sizeof *m->lens.share);
    if (m->lens.share == NULL || finding_tokens(wish.finding, w->reader, &m->lens.tokens, &m->lens.n_tokens, &e) != 0 ||
        m->lens.token >= m->lens.n_tokens ||
        finding_token_share(wish.finding, w->reader, m->lens.token, &w->closing, m->lens.share, &e) != 0) {
        message_free(m);
        return;
    }
    tell(w, m);
}

static void serve_inspection(struct worker *w)
{
    struct wish wish = take_wish(w, &w->inspection_wish);
    struct error e = {0};
    if (wish.finding == NULL || wish.finding->n_segments == 0) return; /* the attention is not there yet */
    struct message *m = message_new(MESSAGE_INSPECTED);
    if (m == NULL) return;
    m->id = wish.id;
    if (finding_inspect(wish.finding, w->reader, &wish.choice, &w->closing, &m->inspected, &e) != 0)
        message_text(m, e.text, strlen(e.text));
    tell(w, m);
}

static void serve_wishes(struct worker *w)
{
    serve_shares(w);
    serve_lens(w);
    serve_inspection(w);
}

static void on_idle(void *context)
{
    serve_wishes(context);
}

static void on_words(void *context, const char *text, size_t size)
{
    struct worker *w = context;
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    if (m == NULL) return;
    m->id = w->asked;
    if (!message_text(m, text, size))
        message_free(m);
    else
        tell(w, m);
}

/* What was found is the main thread's to look at from now on, and stays as it is. */
static int lend(struct worker *w, struct finding *f, struct error *e)
{
    struct finding **findings = bytes_reserve(w->findings, &w->findings_capacity, w->n_findings + 1, sizeof *findings);
    struct message *m = message_new(MESSAGE_EVIDENCE);
    const char *answerer = ask_answerer(&w->ask);
    if (findings) w->findings = findings;
    if (!findings || !m || !message_text(m, answerer, strlen(answerer))) {
        message_free(m);
        finding_close(f);
        return error_memory(e);
    }
    findings[w->n_findings++] = f;
    m->id = w->asked;
    m->finding = f;
    tell(w, m);
    return 0;
}

/* Takes what was found first, tells of it, reads it again and tells of that; *told is what was told last. */
static int find_twice(struct worker *w, struct ask *q, struct finding *first, const struct finding **told,
                      struct error *e)
{
    struct finding *second = NULL;
    if (lend(w, first, e)) return -1;
    *told = first;
    if (first->n_candidates == 0 || !q->reread) return 0;
    if (finding_lend(&second, first, e)) return -1;
    if (ask_reread(q, second, &w->cancel, on_idle, w, e)) {
        finding_close(second);
        return -1;
    }
    if (lend(w, second, e)) return -1;
    *told = second;
    return 0;
}

static void end_answer(struct worker *w, size_t id, struct answer *a, const struct error *e)
{
    if (a == NULL) {
        tell_text(w, MESSAGE_ANSWER_ENDS, id, false, e->kind == ERROR_CANCELLED ? NULL : e->text);
        return;
    }
    struct message *m = message_new(MESSAGE_ANSWER_ENDS);
    if (m == NULL) {
        answer_close(a);
        return;
    }
    m->id = id;
    m->done = true;
    m->answer = a;
    tell(w, m);
}

static struct answer_callbacks callbacks_of(struct worker *w)
{
    return (struct answer_callbacks){.words = on_words, .idle = on_idle, .context = w, .cancel = &w->cancel};
}

/* A question in the middle of reading: by the words of the whole text and the second reading, without the attention,
 * which is not there, and without a chat model, which would take its time. */
static void ask_at_once(struct worker *w, const struct message *question)
{
    const struct answer_callbacks callbacks = callbacks_of(w);
    const struct finding_how how = {.rank = w->options.how.rank, .scope = question->scope};
    struct ask quick = {.reader = w->reader,
                        .reread = w->reread,
                        .quotes = w->options.quotes,
                        .conversation = true,
                        .talk = w->ask.talk};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    w->asked = question->id;
    tell_text(w, MESSAGE_ANSWER_BEGINS, question->id, false, NULL);
    int failed = w->cuts ? 0 : sequence_cut(&w->cuts, &w->n_cuts, w->options.corpus, &w->cancel, &e);
    if (!failed) failed = ask_words(&quick, question->text, w->cuts, w->n_cuts, &how, &w->cancel, &first, &e);
    if (!failed) {
        struct reader_progress p;
        reader_progress(w->reader, &p);
        first->read_share = (double)p.bytes / (double)p.total_bytes;
        failed = find_twice(w, &quick, first, &f, &e);
    }
    quick.conversation = false; /* it is remembered when it is answered for good */
    if (!failed) failed = ask_word(&quick, question->text, f, &callbacks, &a, &e);
    end_answer(w, question->id, a, &e);
}

/* Questions that came while the text is read are answered at once, and again when it is read; what else there is waits.
 */
static void serve_questions(struct worker *w)
{
    while (w->n_later < WAITING_MAX) {
        struct message *m = queue_pop(w->to, false);
        if (m == NULL) return;
        if (m->type == MESSAGE_ASK && w->options.how.rank != FINDING_ATTENTION) ask_at_once(w, m);
        w->later[w->n_later++] = m;
    }
}

static void on_progress(void *context, const struct reader_progress *p)
{
    struct worker *w = context;
    tell_progress(w, p);
    serve_wishes(w);
    serve_questions(w);
}

/* A device that was lost. */
static void tell_notice(struct worker *w)
{
    if (*ask_notice(&w->ask)) tell_text(w, MESSAGE_DEVICE, 0, true, ask_notice(&w->ask));
}

static void tell_note(struct worker *w)
{
    const char *note = reader_note(w->reader);
    if (strcmp(note, w->noted) == 0) return;
    snprintf(w->noted, sizeof w->noted, "%s", note);
    tell_text(w, MESSAGE_NOTE, 0, true, note);
}

static void read_on(struct worker *w)
{
    const struct reader_callbacks callbacks = {.progress = on_progress, .context = w, .cancel = &w->cancel};
    struct error e = {0};
    tell_note(w);
    int status = reader_read(w->reader, &callbacks, &e);
    tell_note(w);
    struct reader_progress p;
    reader_progress(w->reader, &p);
    tell_progress(w, &p);
    tell_notice(w);
    bool paused = status != 0 && e.kind == ERROR_CANCELLED;
    tell_text(w, MESSAGE_READ_STOPPED, 0, reader_done(w->reader), status != 0 && !paused ? e.text : NULL);
}

static void ask(struct worker *w, const struct message *question)
{
    const struct answer_callbacks callbacks = callbacks_of(w);
    const struct finding_how how = {.rank = w->options.how.rank, .scope = question->scope};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    w->asked = question->id;
    tell_text(w, MESSAGE_ANSWER_BEGINS, question->id, false, NULL);
    int failed = ask_find(&w->ask, question->text, &how, &w->cancel, &first, &e);
    if (!failed) failed = find_twice(w, &w->ask, first, &f, &e);
    if (!failed) failed = ask_word(&w->ask, question->text, f, &callbacks, &a, &e);
    tell_notice(w);
    end_answer(w, question->id, a, &e);
}

static void on_scale_step(void *context, uint64_t done, uint64_t all, double seconds)
{
    struct worker *w = context;
    (void)seconds;
    struct message *m = message_new(MESSAGE_SCALE_STEP);
    if (m == NULL) return;
    m->scale = (struct message_scale){.what = w->scale_what, .tokens = w->scale_tokens, .done = done, .all = all};
    tell(w, m);
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
    tell(context, m);
    return 0;
}

static void on_scale_gave_up(void *context, uint64_t tokens, const char *why)
{
    char text[300];
    snprintf(text, sizeof text, "dense attention over %llu tokens: %s; longer ones are left out",
             (unsigned long long)tokens, why);
    tell_text(context, MESSAGE_SCALE_NOTE, 0, false, text);
}

/* First the whole reader at the billionth token, then attention alone at growing lengths, against dense attention. */
static void measure(struct worker *w)
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
    tell_text(w, MESSAGE_SCALE_ENDS, 0, !failed, failed && !stopped ? e.text : NULL);
}

static bool set_up(struct worker *w, struct error *e)
{
    const struct worker_options *o = &w->options;
    if (backend_open(&w->backend, o->device, o->n_threads, e) != 0) return false;
    tell_text(w, MESSAGE_DEVICE, 0, true, backend_info(w->backend)->name);
    if (reader_open(&w->reader, o->model, w->backend, o->corpus, &o->reader, &w->closing, e) != 0) return false;
    if (o->reread_path && reread_open(&w->reread, o->reread_path, w->backend, e) != 0) return false;
    w->ask = (struct ask){
        .reader = w->reader, .answerer = o->answerer, .reread = w->reread, .quotes = o->quotes, .conversation = true};
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

static void *run(void *context)
{
    struct worker *w = context;
    struct error e = {0};
    /* Keys go before reading, where there are fewer cores than threads. On Linux this is of this thread, and of those
     * that it starts. */
    setpriority(PRIO_PROCESS, 0, NICENESS);
    if (!set_up(w, &e)) tell_text(w, MESSAGE_FAILED, 0, false, e.text);
    while (!atomic_load(&w->closing)) {
        struct message *m = next_message(w);
        if (w->reader != NULL) serve_wishes(w);
        if (m == NULL) continue;
        if (!atomic_load(&w->closing)) atomic_store(&w->cancel, false);
        if (atomic_load(&w->closing)) atomic_store(&w->cancel, true);
        if (w->reader != NULL && m->type == MESSAGE_READ) read_on(w);
        if (w->reader != NULL && m->type == MESSAGE_ASK) ask(w, m);
        if (w->reader != NULL && m->type == MESSAGE_SCALE) measure(w);
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
    int status = pthread_create(&w->thread, NULL, run, w);
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
    if (queue_open(&w->to, WAITING_MAX, -1, e) != 0 || queue_open(&w->from, WAITING_MAX, w->wake[1], e) != 0 ||
        start_thread(w, e) != 0) {
        free_all(w);
        return -1;
    }
    worker_read(w);
    *out = w;
    return 0;
}

void worker_close(struct worker *w)
{
    if (w == NULL) return;
    atomic_store(&w->closing, true);
    atomic_store(&w->cancel, true);
    queue_stop(w->to);
    queue_stop(w->from);
    pthread_join(w->thread, NULL);
    ask_free(&w->ask);
    while (w->n_findings > 0) finding_close(w->findings[--w->n_findings]); /* what is lent comes before its owner */
    free(w->findings);
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

bool worker_read(struct worker *w)
{
    struct message *m = message_new(MESSAGE_READ);
    return m != NULL && queue_push(w->to, m, false);
}

bool worker_ask(struct worker *w, size_t id, const char *question)
{
    return worker_ask_within(w, id, question, &w->options.how.scope);
}

bool worker_ask_within(struct worker *w, size_t id, const char *question, const struct scope *scope)
{
    struct message *m = message_new(MESSAGE_ASK);
    if (m == NULL) return false;
    m->id = id;
    if (!message_text(m, question, strlen(question)) || !scope_copy(&m->scope, scope)) {
        message_free(m);
        return false;
    }
    return queue_push(w->to, m, false);
}

bool worker_measure(struct worker *w)
{
    struct message *m = message_new(MESSAGE_SCALE);
    return m != NULL && queue_push(w->to, m, false);
}

void worker_stop(struct worker *w)
{
    atomic_store(&w->cancel, true);
}

static void want(struct worker *w, struct wish *wish, struct wish wanted)
{
    pthread_mutex_lock(&w->mutex);
    *wish = wanted;
    pthread_mutex_unlock(&w->mutex);
    queue_nudge(w->to);
}

void worker_want_shares(struct worker *w, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end)
{
    want(w, &w->shares_wish, (struct wish){.finding = f, .id = id, .token = token, .begin = begin, .end = end});
}

void worker_want_lens(struct worker *w, size_t id, const struct finding *f, size_t token)
{
    want(w, &w->lens_wish, (struct wish){.finding = f, .id = id, .token = (int)token});
}

void worker_want_inspection(struct worker *w, size_t id, const struct finding *f, const struct inspected_choice *choice)
{
    want(w, &w->inspection_wish, (struct wish){.finding = f, .id = id, .choice = *choice});
}
