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
    worker_tell(w, m);
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
        worker_tell_text(w, MESSAGE_ANSWER_ENDS, id, false, e->kind == ERROR_CANCELLED ? NULL : e->text);
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
    worker_tell(w, m);
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
    struct ask quick = {.reader = w->reader, .reread = w->reread, .quotes = w->options.quotes, .conversation = true};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    w->asked = question->id;
    worker_tell_text(w, MESSAGE_ANSWER_BEGINS, question->id, false, NULL);
    int failed = question->told ? followup_tell(&w->ask.talk, question->topic, &e) : 0;
    quick.talk = w->ask.talk;
    if (!failed && !w->cuts) failed = sequence_cut(&w->cuts, &w->n_cuts, w->options.corpus, &w->cancel, &e);
    if (!failed) failed = ask_words(&quick, question->text, w->cuts, w->n_cuts, &how, &w->cancel, &first, &e);
    if (!failed) {
        struct reader_progress p;
        reader_progress(w->reader, &p);
        first->read_share = (double)p.bytes / (double)p.total_bytes;
        failed = find_twice(w, &quick, first, &f, &e);
    }
    quick.conversation = false; /* it is remembered when it is answered for good */
    if (!failed) (void)ask_word(&quick, question->text, f, &callbacks, &a, &e);
    end_answer(w, question->id, a, &e);
}

/* Questions that came while the text is read are answered at once, and again when it is read; what else there is waits.
 */
void worker_ask_serve(struct worker *w)
{
    while (w->n_later < WORKER_WAITING) {
        struct message *m = queue_pop(w->to, false);
        if (m == NULL) return;
        if (m->type == MESSAGE_ASK && w->options.how.rank != FINDING_ATTENTION) ask_at_once(w, m);
        w->later[w->n_later++] = m;
    }
}

void worker_ask_answer(struct worker *w, const struct message *question)
{
    const struct answer_callbacks callbacks = callbacks_of(w);
    const struct finding_how how = {.rank = w->options.how.rank, .scope = question->scope};
    struct error e = {0};
    struct answer *a = NULL;
    struct finding *first = NULL;
    const struct finding *f = NULL;
    w->asked = question->id;
    worker_tell_text(w, MESSAGE_ANSWER_BEGINS, question->id, false, NULL);
    int failed = question->told ? followup_tell(&w->ask.talk, question->topic, &e) : 0;
    if (!failed) failed = ask_find(&w->ask, question->text, &how, &w->cancel, &first, &e);
    if (!failed) failed = find_twice(w, &w->ask, first, &f, &e);
    if (!failed) (void)ask_word(&w->ask, question->text, f, &callbacks, &a, &e);
    worker_tell_notice(w);
    end_answer(w, question->id, a, &e);
}
