#include "app/answer/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer_words.h"
#include "app/answer/answerer.h"
#include "app/reader/bm25.h"
#include "app/answer/followup.h"
#include "app/reader/inspected.h"
#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/evidence_ranks.h"
#include "compute/inspect.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/tokenizer.h"

/* Segment length of the local branch, the first with r = 1; of the first one where there is none. */
static uint64_t local_segment(const struct model *m)
{
    for (uint32_t i = 0; i < m->n_branch; i++) {
        if (m->branch[i].dilation_rate == 1) return m->branch[i].segment_length;
    }
    return m->branch[0].segment_length;
}

/* Question tokens at most: they must fit one segment of the local branch, after <|question|>. */
static uint64_t question_limit(const struct model *m)
{
    return local_segment(m) - 1;
}

/* The question's ids, <|question|> first. */
static int encode_question(const struct ask *q, const char *question, struct tokens *out, struct error *e)
{
    struct tokens text = {0};
    size_t size = strlen(question);
    if (tokenizer_encode(q->model->tokenizer, question, size, &text, e)) return -1;
    if (text.n == 0 || text.n > question_limit(q->model)) {
        int failed = text.n == 0
                         ? error_set(e, "the question is empty")
                         : error_set(e, "the question has %zu tokens (%zu bytes): at most %llu tokens can be asked",
                                     text.n, size, (unsigned long long)question_limit(q->model));
        tokens_free(&text);
        return failed;
    }
    struct tokens ids = {.capacity = 0};
    ids.ids = bytes_reserve(NULL, &ids.capacity, text.n + 1, sizeof *ids.ids);
    if (!ids.ids) {
        tokens_free(&text);
        return error_memory(e);
    }
    ids.ids[0] = q->model->token_question;
    memcpy(ids.ids + 1, text.ids, text.n * sizeof *text.ids);
    ids.n = text.n + 1;
    tokens_free(&text);
    *out = ids;
    return 0;
}

/* Where a question starts: at the next boundary of the local branch. */
static uint64_t question_start(const struct session *s, const struct model *m)
{
    uint64_t w = local_segment(m);
    return (session_position(s) + w - 1) / w * w;
}

/* Prefills the question, and goes back to the end of the text. */
static int prefill_question(struct session *session, const struct model *m, const struct tokens *ids,
                            const struct session_outputs *outputs, struct error *e)
{
    if (session_mark(session, e)) return -1;
    int failed = session_skip_to(session, question_start(session, m), e) ||
                 session_prefill(session, ids->ids, ids->n, outputs, e);
    struct error ignored;
    if (session_rewind(session, failed ? &ignored : e)) failed = -1;
    return failed ? -1 : 0;
}

/* Takes the question's queries; a device lost on the way is one more try. */
static int query(const struct ask *q, const struct tokens *ids, struct evidence **out, struct error *e)
{
    const struct model *m = q->model;
    size_t width = m->evidence.width;
    float *buffer = calloc(ids->n * (width + 2), sizeof *buffer);
    if (!buffer) return error_memory(e);
    float *tau = buffer + ids->n * width, *gate = tau + ids->n;
    struct session_outputs outputs = {.queries = buffer, .tau = tau, .gate = gate};
    struct error why;
    int failed = prefill_question(session_guard_session(q->guard), m, ids, &outputs, &why);
    if (failed) {
        failed = session_guard_recover(q->guard, &why, e) ||
                 prefill_question(session_guard_session(q->guard), m, ids, &outputs, e);
    }
    /* The first token is <|question|>: it asks nothing. */
    if (!failed) failed = evidence_open(out, m, buffer + width, tau + 1, gate + 1, (uint32_t)(ids->n - 1), e);
    free(buffer);
    return failed ? -1 : 0;
}

/* Evidence of the question over everything read, per segment. */
static int attend(const struct ask *q, struct answer *a, const atomic_bool *cancel, struct error *e)
{
    size_t n;
    const struct reader_segment *segments = sequence_segments(q->sequence, &n);
    uint64_t *starts = calloc(n + 1, sizeof *starts);
    a->share = calloc(n, sizeof *a->share);
    a->score = calloc(n, sizeof *a->score);
    if (!starts || !a->share || !a->score) {
        free(starts);
        return error_memory(e);
    }
    a->n_segments = n;
    for (size_t i = 0; i < n; i++) starts[i] = sequence_kept(q->sequence, segments[i].first_token);
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(q->sequence, &n_kept);
    starts[n] = n_kept;
    int failed = evidence_ranks_attend(session_comm(session_guard_session(q->guard)), a->attention, q->model,
                                       session_guard_backend(q->guard), keys, n_kept, sequence_n_tokens(q->sequence),
                                       starts, n, a->score, a->share, cancel, e);
    free(starts);
    return failed;
}

/* The fused rank of every segment (models/FORMAT.md, fusion_weight). */
static int fuse(const struct ask *q, const struct answer *a, const atomic_bool *cancel, float *fused, struct error *e)
{
    size_t n;
    const struct reader_segment *segments = sequence_segments(q->sequence, &n);
    if (bm25_score(q->corpus, segments, n, a->question, q->backend->pool, cancel, fused, e)) return -1;
    bm25_fuse(a->score, fused, reader_fusion_weight(q->reader), n, fused);
    return 0;
}

/* The best READER_MAX_EVIDENCE segments by `rank`, ties by position. */
static int choose(struct answer *a, const float *rank, struct error *e)
{
    a->items = calloc(READER_MAX_EVIDENCE, sizeof *a->items);
    if (!a->items) return error_memory(e);
    for (size_t i = 0; i < a->n_segments; i++) {
        if (a->n_items == READER_MAX_EVIDENCE && rank[i] <= a->items[a->n_items - 1].score) continue;
        size_t at = a->n_items < READER_MAX_EVIDENCE ? a->n_items++ : a->n_items - 1;
        for (; at > 0 && a->items[at - 1].score < rank[i]; at--) a->items[at] = a->items[at - 1];
        a->items[at] = (struct evidence_item){.segment = i, .score = rank[i], .share = a->share[i]};
    }
    return 0;
}

static int rank(const struct ask *q, struct answer *a, enum reader_rank wanted, const atomic_bool *cancel,
                struct error *e)
{
    if (wanted == RANK_ATTENTION || q->model->evidence.fusion_weight <= 0) {
        a->rank_by = RANK_ATTENTION;
        return choose(a, a->score, e);
    }
    a->rank_by = RANK_FUSED;
    float *fused = calloc(a->n_segments, sizeof *fused);
    if (!fused) return error_memory(e);
    int failed = fuse(q, a, cancel, fused, e) || choose(a, fused, e);
    free(fused);
    return failed ? -1 : 0;
}

/* A question that stands alone, to an answer without words. */
static int find_evidence(const struct ask *q, struct answer *a, enum reader_rank wanted, const atomic_bool *cancel,
                         struct error *e)
{
    struct tokens ids = {0};
    if (encode_question(q, a->question, &ids, e)) return -1;
    int failed = query(q, &ids, &a->attention, e) || attend(q, a, cancel, e) || rank(q, a, wanted, cancel, e);
    tokens_free(&ids);
    return failed ? -1 : 0;
}

/* The question as it is sought: by itself, where it leans on earlier ones and that is not too long. */
static int resolve(const struct ask *q, const char *question, const atomic_bool *cancel, char **out, struct error *e)
{
    const struct followup nothing = {0};
    struct tokens ids = {0};
    if (followup_resolve(q->talk ? q->talk : &nothing, question, q->answerer, q->backend, cancel, out, e)) return -1;
    bool fits = strcmp(*out, question) == 0 || encode_question(q, *out, &ids, NULL) == 0;
    tokens_free(&ids);
    if (fits) return 0;
    free(*out);
    *out = strdup(question);
    return *out ? 0 : error_memory(e);
}

/* Hears the first words, and passes all of them on. */
struct listener {
    const struct reader_callbacks *callbacks;
    double begin, first; /* clock, seconds; first 0: nothing yet */
};

static void on_words(void *context, const char *text, size_t size)
{
    struct listener *l = context;
    if (l->first <= 0) l->first = clock_seconds();
    if (l->callbacks->answer) l->callbacks->answer(l->callbacks->context, text, size);
}

static void on_idle(void *context)
{
    const struct listener *l = context;
    if (l->callbacks->idle) l->callbacks->idle(l->callbacks->context);
}

/* Words the answer. An answerer that fails costs nobody the evidence: sentences are quoted, and the answer says why. */
static int word(const struct ask *q, struct answer *a, struct listener *l, struct error *e)
{
    const struct reader_callbacks callbacks = {.answer = on_words,
                                               .idle = on_idle,
                                               .context = l,
                                               .cancel = l->callbacks->cancel},
                                  *c = &callbacks;
    struct error why = {0};
    if (!q->answerer) return answer_compose(a, q->reader, c, e);
    if (answer_words(a, q->reader, q->answerer, q->backend, c, &why) == 0) return 0;
    if (why.kind == ERROR_CANCELLED) return error_copy(e, &why);
    if (!(a->failure = strdup(why.text))) return error_memory(e);
    free(a->text);
    a->text = NULL;
    if (l->first > 0) on_words(l, "\n\n", 2); /* after what it said before it failed */
    return answer_compose(a, q->reader, c, e);
}

/* The evidence is told of; then come the words. A question whose words were stopped was talked about all the same. */
static int tell_and_word(const struct ask *q, const char *question, struct answer *a, struct listener *l,
                         struct error *e)
{
    struct error ignored;
    snprintf(a->answerer, sizeof a->answerer, "%s", q->answerer ? answerer_name(q->answerer) : "quoted sentences");
    if (l->callbacks->evidence) l->callbacks->evidence(l->callbacks->context, a);
    if (word(q, a, l, e) == 0) return q->talk ? followup_remember(q->talk, question, a->text, e) : 0;
    if (q->talk) followup_remember(q->talk, question, "", &ignored);
    return -1;
}

int ask_question(const struct ask *q, const char *question, enum reader_rank wanted, const struct reader_callbacks *c,
                 struct answer **out, struct error *e)
{
    if (sequence_n_tokens(q->sequence) == 0) return error_set(e, "nothing has been read yet");
    struct answer *a = calloc(1, sizeof *a);
    if (!a) return error_memory(e);
    struct listener listener = {.callbacks = c, .begin = clock_seconds()};
    int failed = resolve(q, question, c->cancel, &a->question, e) || find_evidence(q, a, wanted, c->cancel, e);
    a->evidence_seconds = clock_seconds() - listener.begin;
    if (!failed) failed = tell_and_word(q, question, a, &listener, e);
    if (failed) {
        answer_close(a);
        return -1;
    }
    a->seconds = clock_seconds() - listener.begin;
    a->first_words_seconds = listener.first > 0 ? listener.first - listener.begin : a->seconds;
    *out = a;
    return 0;
}

static int look_into(const struct ask *q, const struct tokens *ids, const struct inspected_choice *choice,
                     const atomic_bool *cancel, struct inspection **out, struct error *e)
{
    struct session *s = session_guard_session(q->guard);
    const struct inspect_choice ranges = inspected_ranges(choice, q->model, (uint32_t)ids->n);
    return inspect_open(out, s, q->model, question_start(s, q->model), ids->ids, ids->n, &ranges, cancel, e);
}

int ask_inspect(const struct ask *q, const char *question, const struct inspected_choice *choice,
                const atomic_bool *cancel, struct inspection **out, struct error *e)
{
    struct tokens ids = {0};
    struct error why, ignored;
    if (encode_question(q, question, &ids, e)) return -1;
    int failed = look_into(q, &ids, choice, cancel, out, &why);
    if (failed && why.kind != ERROR_CANCELLED && session_guard_recover(q->guard, &why, &ignored) == 0)
        failed = look_into(q, &ids, choice, cancel, out, &why);
    tokens_free(&ids);
    return failed ? error_copy(e, &why) : 0;
}
