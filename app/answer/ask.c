#include "app/answer/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer_words.h"
#include "app/answer/answerer.h"
#include "app/reader/finding.h"
#include "app/reader/finding_question.h"
#include "app/reader/reader.h"
#include "app/reader/reread.h"
#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/error.h"

void ask_free(struct ask *q)
{
    followup_free(&q->talk);
}

/* The question as it is sought: by itself, where it leans on earlier ones and that is not too long. */
static int resolve_question(const struct ask *q, const char *question, const atomic_bool *cancel, char **out,
                            struct error *e)
{
    const struct followup nothing = {0};
    if (followup_resolve(q->conversation ? &q->talk : &nothing, question, q->answerer, reader_backend(q->reader),
                         cancel, out, e))
        return -1;
    if (strcmp(*out, question) == 0 || finding_question_fits(q->reader, *out)) return 0;
    free(*out);
    *out = strdup(question);
    return *out ? 0 : error_memory(e);
}

/* What a second reading would take. */
static struct finding_how prepared(const struct ask *q, const struct finding_how *how)
{
    struct finding_how prepared = *how;
    const bool twice = how->rank == FINDING_REREAD && q->reread;
    prepared.n_candidates = twice ? reread_places(q->reread) : 0;
    return prepared;
}

int ask_find(struct ask *q, const char *question, const struct finding_how *how, const atomic_bool *cancel,
             struct finding **out, struct error *e)
{
    const double begin = clock_seconds();
    const struct finding_how twice = prepared(q, how);
    char *alone = NULL;
    if (resolve_question(q, question, cancel, &alone, e)) return -1;
    int failed = finding_open(out, q->reader, alone, &twice, cancel, e);
    free(alone);
    if (failed) return -1;
    (*out)->seconds = clock_seconds() - begin;
    return 0;
}

int ask_words(struct ask *q, const char *question, const struct reader_segment *segments, size_t n,
              const struct finding_how *how, const atomic_bool *cancel, struct finding **out, struct error *e)
{
    const struct finding_how twice = prepared(q, how);
    char *alone = NULL;
    if (resolve_question(q, question, cancel, &alone, e)) return -1;
    int failed = finding_open_words(out, reader_corpus(q->reader), segments, n, reader_backend(q->reader)->pool, alone,
                                    &twice, cancel, e);
    free(alone);
    return failed;
}

int ask_reread(struct ask *q, struct finding *f, const atomic_bool *cancel, void (*idle)(void *context), void *context,
               struct error *e)
{
    const double begin = clock_seconds();
    if (!q->reread || f->n_candidates == 0) return 0;
    if (finding_reread(f, q->reread, reader_corpus(q->reader), cancel, idle, context, e)) return -1;
    f->seconds += clock_seconds() - begin;
    return 0;
}

/* Hears the first words, and passes all of them on. */
struct listener {
    const struct answer_callbacks *callbacks;
    double first; /* clock, seconds; 0: nothing yet */
};

static void on_words(void *context, const char *text, size_t size)
{
    struct listener *l = context;
    if (l->first <= 0) l->first = clock_seconds();
    if (l->callbacks->words) l->callbacks->words(l->callbacks->context, text, size);
}

static void on_idle(void *context)
{
    const struct listener *l = context;
    if (l->callbacks->idle) l->callbacks->idle(l->callbacks->context);
}

static int word_answer(const struct ask *q, struct answer *a, struct listener *l, struct error *e)
{
    const struct answer_callbacks callbacks = {.words = on_words,
                                               .idle = on_idle,
                                               .context = l,
                                               .cancel = l->callbacks->cancel},
                                  *c = &callbacks;
    struct error why = {0};
    if (!q->answerer) return answer_compose(a, reader_corpus(q->reader), q->quotes, c, e);
    if (answer_words(a, q->reader, q->answerer, reader_backend(q->reader), c, &why) == 0) return 0;
    if (why.kind == ERROR_CANCELLED) return error_copy(e, &why);
    if (!(a->failure = strdup(why.text))) return error_memory(e);
    free(a->text);
    a->text = NULL;
    if (l->first > 0) on_words(l, "\n\n", 2); /* after what it said before it failed */
    return answer_compose(a, reader_corpus(q->reader), true, c, e);
}

/* A question whose words were stopped was talked about all the same. */
static int word_and_remember(struct ask *q, const char *question, struct answer *a, struct listener *l, struct error *e)
{
    struct error ignored;
    if (word_answer(q, a, l, e) == 0) return q->conversation ? followup_remember(&q->talk, question, a->text, e) : 0;
    if (q->conversation) followup_remember(&q->talk, question, "", &ignored);
    return -1;
}

int ask_word(struct ask *q, const char *question, const struct finding *f, const struct answer_callbacks *c,
             struct answer **out, struct error *e)
{
    struct listener listener = {.callbacks = c};
    const double begin = clock_seconds();
    struct answer *a = calloc(1, sizeof *a);
    if (!a) return error_memory(e);
    a->finding = f;
    snprintf(a->answerer, sizeof a->answerer, "%s", ask_answerer(q));
    if (word_and_remember(q, question, a, &listener, e)) {
        answer_close(a);
        return -1;
    }
    a->seconds = f->seconds + clock_seconds() - begin;
    a->first_words_seconds = listener.first > 0 ? f->seconds + listener.first - begin : a->seconds;
    *out = a;
    return 0;
}

const char *ask_answerer(const struct ask *q)
{
    return q->answerer ? answerer_name(q->answerer) : q->reread && !q->quotes ? ANSWER_SPANS : ANSWER_QUOTES;
}

const char *ask_notice(const struct ask *q)
{
    const char *worded = q->answerer ? answerer_notice(q->answerer) : "";
    const char *reread = q->reread ? reread_notice(q->reread) : "";
    return *worded ? worded : *reread ? reread : reader_notice(q->reader);
}
