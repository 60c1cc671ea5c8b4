/* Questions: what is found first is told, then what a second reading makes of it, then the words. */
#include <stdlib.h>
#include <string.h>

#include "app/reader/sequence.h"
#include "app/worker/queue.h"
#include "app/worker/worker_parts.h"
#include "compute/bytes.h"
#include "compute/error.h"

static void on_idle(void *context)
{
    worker_wish_serve(context);
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
        worker_tell(w, m);
}

/* What was found is the main thread's to look at from now on, and stays as it is. */
static int lend(struct worker *w, struct finding *f, struct error *e)
{
    struct lent *lent = bytes_reserve(w->lent, &w->lent_capacity, w->n_lent + 1, sizeof *lent);
    struct message *m = message_new(MESSAGE_EVIDENCE);
    const char *answerer = ask_answerer(&w->ask);
    if (lent) w->lent = lent;
    if (!lent || !m || !message_text(m, answerer, strlen(answerer))) {
        message_free(m);
        finding_close(f);
        return error_memory(e);
    }
    lent[w->n_lent++] = (struct lent){w->asked, f};
    m->id = w->asked;
    m->finding = f;
    worker_tell(w, m);
    return 0;
}

/* Takes a question out of those that are not wanted; whether it was among them. Under the mutex. */
static bool take_unwanted(struct worker *w, size_t id)
{
    size_t i = 0;
    while (i < w->n_unwanted && w->unwanted[i] != id) i++;
    if (i == w->n_unwanted) return false;
    w->unwanted[i] = w->unwanted[--w->n_unwanted];
    return true;
}

static void forget_from(struct worker *w, size_t i)
{
    finding_close(w->lent[i].finding);
    memmove(w->lent + i, w->lent + i + 1, (--w->n_lent - i) * sizeof *w->lent);
}

void worker_ask_forget(struct worker *w, size_t id)
{
    for (size_t i = w->n_lent; i-- > 0;)
        if (w->lent[i].id == id) forget_from(w, i);
    pthread_mutex_lock(&w->mutex);
    take_unwanted(w, id);
    pthread_mutex_unlock(&w->mutex);
}

void worker_ask_forget_all(struct worker *w)
{
    while (w->n_lent > 0) forget_from(w, w->n_lent - 1);
    free(w->lent);
}

/* A stop of everything that came before is one of this question too. */
static bool begin_answering(struct worker *w, size_t id, struct message **reserve)
{
    pthread_mutex_lock(&w->mutex);
    w->asked = id;
    w->answering = !take_unwanted(w, id);
    atomic_store(&w->unasked, atomic_load(&w->cancel));
    pthread_mutex_unlock(&w->mutex);
    if (w->answering)
        worker_tell_text(w, MESSAGE_ANSWER_BEGINS, id, false, NULL);
    else
        worker_tell_end(w, reserve, MESSAGE_ANSWER_ENDS, id, false, NULL);
    return w->answering;
}

/* Of a failure `a` is NULL, and of an answer without words. */
static void end_answering(struct worker *w, struct message **reserve, int failed, struct answer *a,
                          const struct error *e)
{
    struct message *m = failed ? NULL : message_new(MESSAGE_ANSWER_ENDS);
    pthread_mutex_lock(&w->mutex);
    w->answering = false;
    pthread_mutex_unlock(&w->mutex);
    if (m == NULL) {
        answer_close(a);
        const char *why = !failed ? "out of memory" : e->kind == ERROR_CANCELLED ? NULL : e->text;
        worker_tell_end(w, reserve, MESSAGE_ANSWER_ENDS, w->asked, false, why);
        return;
    }
    m->id = w->asked;
    m->done = true;
    m->answer = a;
    worker_tell(w, m);
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
    if (ask_reread(q, second, &w->unasked, on_idle, w, e)) {
        finding_close(second);
        return -1;
    }
    if (lend(w, second, e)) return -1;
    *told = second;
    return 0;
}

/* Words what was found, where words are wanted; of places that are like one there is nothing to say. */
static int word_finding(struct worker *w, struct ask *q, const char *question, const struct finding *f,
                        struct answer **a, struct error *e)
{
    const struct answer_callbacks callbacks = {.words = on_words, .idle = on_idle, .context = w, .cancel = &w->unasked};
    return w->options.places_only || !question ? 0 : ask_word(q, question, f, &callbacks, a, e);
}

/* What a question follows up, where that was told with it. */
static int take_topic(struct worker *w, const struct message *question, struct error *e)
{
    return question->told ? followup_tell(&w->ask.talk, question->topic, e) : 0;
}

static int find_words(struct worker *w, struct ask *q, const struct message *question, const struct finding_how *how,
                      struct finding **first, struct error *e)
{
    struct reader_progress p;
    if (take_topic(w, question, e)) return -1;
    q->conversation = w->ask.conversation;
    q->talk = w->ask.talk;
    if (!w->cuts && sequence_cut(&w->cuts, &w->n_cuts, w->options.corpus, &w->unasked, e)) return -1;
    if (ask_words(q, question->text, w->cuts, w->n_cuts, how, &w->unasked, first, e)) return -1;
    reader_progress(w->reader, &p);
    (*first)->read_share = (double)p.bytes / (double)p.total_bytes;
    return 0;
}

/* Places like a place are sought in what has been read by now. */
static int find_like(struct worker *w, const struct message *m, const struct finding_how *how, struct finding **first,
                     struct error *e)
{
    return finding_open_like(first, w->reader, m->like.document, m->like.offset, how, &w->unasked, e);
}

/* A question in the middle of reading: by the words of the whole text and the second reading, without the attention,
 * which is not there, and without a chat model, which would take its time. Its last end needs the reserve: where it is
 * answered again that is not this one. */
static void ask_at_once(struct worker *w, struct message *question)
{
    struct message *none = NULL, **reserve = w->options.places_only ? &question->reserve : &none;
    const struct finding_how how = {.rank = w->options.how.rank, .scope = question->scope};
    struct ask quick = {.reader = w->reader, .reread = w->reread, .quotes = w->options.quotes};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    if (!begin_answering(w, question->id, reserve)) return;
    int failed =
        question->text ? find_words(w, &quick, question, &how, &first, &e) : find_like(w, question, &how, &first, &e);
    if (!failed) failed = find_twice(w, &quick, first, &f, &e);
    quick.conversation = false; /* it is remembered when it is answered for good */
    if (!failed) failed = word_finding(w, &quick, question->text, f, &a, &e);
    end_answering(w, reserve, failed, a, &e);
}

/* Questions that came while the text is read are answered at once, and again when it is read; what else there is waits.
 */
void worker_ask_serve(struct worker *w)
{
    while (w->n_later < WORKER_WAITING) {
        struct message *m = queue_pop(w->to, false);
        if (m == NULL) return;
        const bool asks = m->type == MESSAGE_ASK && w->options.how.rank != FINDING_ATTENTION;
        if (asks) ask_at_once(w, m);
        if (m->type == MESSAGE_FORGET) worker_ask_forget(w, m->id);
        const bool ended = asks && w->options.places_only;
        if (ended) worker_count_request(w, false);
        if (ended || m->type == MESSAGE_FORGET)
            message_free(m);
        else
            w->later[w->n_later++] = m;
    }
}

void worker_ask_answer(struct worker *w, struct message *question)
{
    const struct finding_how how = {.rank = w->options.how.rank, .scope = question->scope};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    if (!begin_answering(w, question->id, &question->reserve)) return;
    int failed = take_topic(w, question, &e);
    if (!failed)
        failed = question->text ? ask_find(&w->ask, question->text, &how, &w->unasked, &first, &e)
                                : find_like(w, question, &how, &first, &e);
    if (!failed) failed = find_twice(w, &w->ask, first, &f, &e);
    if (!failed) failed = word_finding(w, &w->ask, question->text, f, &a, &e);
    worker_tell_notice(w);
    worker_end_request(w);
    end_answering(w, &question->reserve, failed, a, &e);
}
