#include "app/measure/eval.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answerer.h"
#include "app/answer/ask.h"
#include "app/reader/bm25.h"
#include "app/reader/finding_question.h"
#include "app/text/corpus.h"
#include "app/measure/eval_tasks.h"
#include "app/reader/reader.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/log.h"
#include "compute/model.h"

/* The documents of one group of tasks, read, with room for what is known of each segment. */
struct group {
    struct corpus *corpus;
    struct reader *reader;
    const struct reader_segment *segments;
    size_t n_segments;
    float *scores; /* [n_segments] */
    bool *hits;    /* [n_segments] */
};

struct run {
    const struct eval_options *options;
    const struct eval_tasks *tasks;
    struct eval_progress progress;
    struct eval_result result;
    float *confidence; /* [n_judged]: of the tasks that were judged */
    bool *answered;    /* [n_judged]: whether there is an answer */
};

static void on_read(void *context, const struct reader_progress *p)
{
    struct run *r = context;
    r->progress.read = p;
    if (r->options->progress) r->options->progress(r->options->context, &r->progress);
    r->progress.read = NULL;
}

static void group_close(struct group *g)
{
    reader_close(g->reader);
    corpus_close(g->corpus);
    free(g->scores);
    free(g->hits);
    *g = (struct group){0};
}

static int group_open(struct group *g, struct run *r, const struct eval_task *t, struct error *e)
{
    const struct eval_options *o = r->options;
    const struct reader_callbacks callbacks = {.progress = on_read, .context = r, .cancel = o->cancel};
    if (eval_tasks_corpus(&g->corpus, r->tasks, t, o->max_file, o->cancel, e) != 0) return -1;
    if (reader_open(&g->reader, o->model, o->backend, g->corpus, o->reader, o->cancel, e) != 0) return -1;
    if (reader_read(g->reader, &callbacks, e) != 0) return -1;
    struct reader_progress p;
    reader_progress(g->reader, &p);
    r->result.tokens += p.new_tokens;
    r->result.seconds += p.seconds;
    g->segments = reader_segments(g->reader, &g->n_segments);
    r->result.n_segments += g->n_segments;
    g->scores = calloc(g->n_segments + 1, sizeof *g->scores);
    g->hits = calloc(g->n_segments + 1, sizeof *g->hits);
    return g->scores && g->hits ? 0 : error_memory(e);
}

static bool overlaps(const struct group *g, const struct reader_segment *s, const struct eval_evidence *wanted)
{
    const struct document *d = &g->corpus->documents[s->document];
    return strcmp(d->path, wanted->path) == 0 && corpus_document_file_offset(d, s->offset) < wanted->end &&
           wanted->begin < corpus_document_file_offset(d, s->offset + s->size);
}

static bool is_there(const struct corpus *c, const char *path)
{
    for (size_t i = 0; i < c->n_documents; i++)
        if (strcmp(c->documents[i].path, path) == 0) return true;
    for (size_t i = 0; i < c->n_skipped; i++) /* it counts, and is missed */
        if (strcmp(c->skipped[i].path, path) == 0) return true;
    return false;
}

/* Marks the segments that hold evidence. */
static int find_hits(const struct group *g, const struct run *r, const struct eval_task *t, size_t *n_hits,
                     struct error *e)
{
    for (size_t i = 0; i < t->n_evidence; i++)
        if (!is_there(g->corpus, t->evidence[i].path))
            return error_set(e, "%s:%zu: evidence[%zu].path: %s is not among the documents", r->tasks->path, t->line, i,
                             t->evidence[i].path);
    *n_hits = 0;
    for (size_t i = 0; i < g->n_segments; i++) {
        g->hits[i] = false;
        for (size_t at = 0; at < t->n_evidence && !g->hits[i]; at++)
            g->hits[i] = overlaps(g, &g->segments[i], &t->evidence[at]);
        *n_hits += g->hits[i];
    }
    return 0;
}

/* What was read again comes first, the others follow in the fused order, which g->scores has. */
static size_t rank_reread(struct group *g, const struct finding *f)
{
    float most = 0;
    for (size_t i = 0; i < g->n_segments; i++) most = fmaxf(most, g->scores[i]);
    for (size_t i = 0; i < f->n_candidates && f->judged; i++)
        g->scores[f->candidates[i].segment] = most + (float)(f->n_candidates - i);
    return eval_score_first_hit(g->scores, g->hits, g->n_segments);
}

/* Adds what one answered task is worth. */
static int add_scores(struct group *g, struct run *r, const struct eval_task *t, const struct finding *f,
                      struct error *e)
{
    struct eval_result *sum = &r->result;
    size_t n = g->n_segments, n_hits = 0;
    if (t->n_evidence == 0) return 0;
    if (find_hits(g, r, t, &n_hits, e) != 0) return -1;
    sum->n_ranked++;
    eval_score_add_chance(&sum->chance, n, n_hits);
    size_t attention = eval_score_first_hit(f->score, g->hits, n);
    eval_score_add_hit(&sum->reader, attention);
    if (bm25_score(g->corpus, g->segments, n, t->question, r->options->backend->pool, r->options->cancel, g->scores,
                   e) != 0)
        return -1;
    size_t bm25 = eval_score_first_hit(g->scores, g->hits, n);
    eval_score_add_hit(&sum->bm25, bm25);
    if (finding_question_is_known(reader_model(g->reader), t->question))
        bm25_fuse(f->score, reader_model(g->reader)->evidence.scale > 0, g->scores, reader_fusion_weight(g->reader), n,
                  g->scores);
    size_t fused = eval_score_first_hit(g->scores, g->hits, n);
    eval_score_add_hit(&sum->fused, fused);
    size_t reread = r->options->reread ? rank_reread(g, f) : 0;
    if (r->options->reread) eval_score_add_hit(&sum->reread, reread);
    struct reader_progress p;
    reader_progress(g->reader, &p);
    log_line("line %zu: rank %zu by attention, %zu fused, %zu read again, %zu by BM25, of %zu segments of %" PRIu64
             " tokens",
             t->line, attention, fused, reread, bm25, n, p.tokens);
    return 0;
}

static void add_judgement(struct run *r, const struct eval_task *t, const struct finding *f)
{
    if (!f->judged || !t->answers_known) return;
    r->confidence[r->result.n_judged] = f->confidence;
    r->answered[r->result.n_judged++] = t->n_answers > 0;
}

/* Exact match and F1 are of the words that answer, where the sentences under them are there to judge by. */
static int match_answer(struct eval_match *out, const struct answer *a, const struct eval_task *t)
{
    struct eval_match words;
    char *said = strndup(a->text, a->worded ? a->worded : strlen(a->text));
    int failed = !said || eval_score_answer(&words, said, t->answers, t->n_answers) != 0 ||
                 eval_score_answer(out, a->text, t->answers, t->n_answers) != 0;
    free(said);
    if (failed) return -1;
    out->exact_match = words.exact_match;
    out->f1 = words.f1;
    return 0;
}

static int add_answer(struct run *r, const struct eval_task *t, const struct answer *a, struct error *e)
{
    const struct answerer *answerer = r->options->answerer;
    const char *name = answerer ? answerer_name(answerer) : a->answerer;
    struct eval_result *sum = &r->result;
    struct eval_match match;
    if (a->failure) return error_set(e, "%s", a->failure); /* no score of a mixture */
    if (match_answer(&match, a, t) != 0) return error_memory(e);
    sum->n_answered++;
    sum->match.exact_match += match.exact_match;
    sum->match.f1 += match.f1;
    sum->match.holds += match.holds;
    sum->worded += answerer && strcmp(a->answerer, name) == 0;
    snprintf(sum->answerer, sizeof sum->answerer, "%s", name);
    return 0;
}

static int run_task(struct group *g, struct run *r, const struct eval_task *t, struct error *e)
{
    const struct eval_options *o = r->options;
    const struct answer_callbacks callbacks = {.cancel = o->cancel};
    struct ask ask = {.reader = g->reader, .answerer = o->answerer, .reread = o->reread, .quotes = o->quotes};
    struct finding *f;
    struct answer *a = NULL;
    /* Only an answer is worded from the best segments; without one, BM25 need not look at the text for them. */
    const bool twice = o->reread != NULL;
    const struct finding_how how = {.rank = twice ? FINDING_REREAD : o->answers ? FINDING_FUSED : FINDING_ATTENTION};
    if (ask_find(&ask, t->question, &how, o->cancel, &f, e) != 0) return -1;
    int result = ask_reread(&ask, f, o->cancel, NULL, NULL, e);
    if (result == 0) result = add_scores(g, r, t, f, e);
    if (result == 0) add_judgement(r, t, f);
    if (result == 0 && o->answers && t->n_answers > 0)
        result = ask_word(&ask, t->question, f, &callbacks, &a, e) != 0 || add_answer(r, t, a, e) != 0 ? -1 : 0;
    answer_close(a);
    finding_close(f);
    ask_free(&ask);
    r->progress.task++;
    if (result == 0 && o->progress) o->progress(o->context, &r->progress);
    return result;
}

static void divide(struct eval_result *r)
{
    eval_score_divide(&r->reader, r->n_ranked);
    eval_score_divide(&r->fused, r->n_ranked);
    eval_score_divide(&r->bm25, r->n_ranked);
    eval_score_divide(&r->reread, r->n_ranked);
    eval_score_divide(&r->chance, r->n_ranked);
    if (r->n_answered > 0) {
        r->match.exact_match /= (double)r->n_answered;
        r->match.f1 /= (double)r->n_answered;
        r->match.holds /= (double)r->n_answered;
        r->worded /= (double)r->n_answered;
    }
}

int eval_run(struct eval_result *out, const char *path, const struct eval_options *o, struct error *e)
{
    struct eval_tasks *tasks;
    if (eval_tasks_open(&tasks, path, o->cancel, e) != 0) return -1;
    struct run r = {
        .options = o, .tasks = tasks, .progress = {.n_tasks = tasks->n_tasks}, .result = {.n_tasks = tasks->n_tasks}};
    struct group g = {0};
    r.result.rereads = o->reread != NULL;
    r.confidence = calloc(tasks->n_tasks + 1, sizeof *r.confidence);
    r.answered = calloc(tasks->n_tasks + 1, sizeof *r.answered);
    int result = r.confidence && r.answered ? 0 : error_memory(e);
    for (size_t i = 0; i < tasks->n_tasks && result == 0; i++) {
        const struct eval_task *t = &tasks->tasks[i];
        if (i == 0 || t->group != tasks->tasks[i - 1].group) {
            group_close(&g);
            result = group_open(&g, &r, t, e);
        }
        if (result == 0) result = run_task(&g, &r, t, e);
    }
    group_close(&g);
    eval_tasks_close(tasks);
    r.result.found_auc = result == 0 ? eval_score_auc(r.confidence, r.answered, r.result.n_judged) : NAN;
    free(r.confidence);
    free(r.answered);
    if (result != 0) return -1;
    divide(&r.result);
    *out = r.result;
    return 0;
}

static bool add_recall(cJSON *object, const char *name, const struct eval_recall *r)
{
    cJSON *recall = cJSON_AddObjectToObject(object, name);
    return recall && cJSON_AddNumberToObject(recall, "recall@1", r->at_1) &&
           cJSON_AddNumberToObject(recall, "recall@5", r->at_5) &&
           cJSON_AddNumberToObject(recall, "recall@20", r->at_20) && cJSON_AddNumberToObject(recall, "mrr", r->mrr);
}

static bool add_answers(cJSON *object, const struct eval_result *r)
{
    if (r->n_answered == 0) return true;
    cJSON *answers = cJSON_AddObjectToObject(object, "answers");
    return answers && cJSON_AddNumberToObject(answers, "exact_match", r->match.exact_match) &&
           cJSON_AddNumberToObject(answers, "f1", r->match.f1) &&
           cJSON_AddNumberToObject(answers, "holds", r->match.holds) &&
           cJSON_AddNumberToObject(answers, "worded", r->worded) &&
           cJSON_AddStringToObject(answers, "answerer", r->answerer);
}

static bool add_found(cJSON *object, const struct eval_result *r)
{
    if (isnan(r->found_auc)) return true;
    cJSON *found = cJSON_AddObjectToObject(object, "found");
    return found && cJSON_AddNumberToObject(found, "auc", r->found_auc) &&
           cJSON_AddNumberToObject(found, "n", (double)r->n_judged);
}

struct cJSON *eval_report(const struct eval_result *r)
{
    cJSON *object = cJSON_CreateObject();
    if (object && cJSON_AddNumberToObject(object, "tasks", (double)r->n_tasks) &&
        cJSON_AddNumberToObject(object, "segments", (double)r->n_segments) &&
        add_recall(object, "reader", &r->reader) && add_recall(object, "fused", &r->fused) &&
        (!r->rereads || add_recall(object, "reread", &r->reread)) && add_found(object, r) &&
        add_recall(object, "bm25", &r->bm25) && add_recall(object, "chance", &r->chance) && add_answers(object, r) &&
        cJSON_AddNumberToObject(object, "tokens", (double)r->tokens) &&
        cJSON_AddNumberToObject(object, "tokens_per_second", r->seconds > 0 ? (double)r->tokens / r->seconds : 0))
        return object;
    cJSON_Delete(object);
    return NULL;
}
