#include "app/reader/finding_rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/bm25.h"
#include "app/reader/code_rank.h"
#include "app/reader/finding_copies.h"
#include "app/reader/sequence.h"
#include "app/text/corpus.h"
#include "compute/error.h"

/* Scores of every segment; NULL: not computed. A segment that may not be ranked has -INFINITY in `order`. */
struct scores {
    float *bm25, *fused;
    float *order; /* what is ranked by at first */
    float *first; /* what the first list of candidates is by: the attention, without what stands around a place, or in a
                     repository what code is ranked by */
    float *words; /* and the second: BM25, where a word is there */
    float *third; /* and in a repository the attention, for what is asked in other words than code's rules look for */
};

static void scores_free(struct scores *s)
{
    free(s->bm25);
    free(s->fused);
    free(s->order);
    free(s->first);
    free(s->words);
    free(s->third);
}

/* Takes the segments of other documents out of a rank. */
static int restrict_to(const struct finding_rank_sources *from, const struct scope *scope, float *rank, struct error *e)
{
    const struct corpus *c = from->corpus;
    if (scope_is_all(scope)) return 0;
    bool *inside = calloc(c->n_documents, sizeof *inside);
    if (!inside) return error_memory(e);
    size_t n_inside = scope->n_ranges;
    for (size_t i = 0; i < c->n_documents; i++) n_inside += inside[i] = scope_holds(scope, c->documents[i].path);
    for (size_t i = 0; i < from->n; i++) {
        const struct reader_segment *s = &from->segments[i];
        if (!inside[s->document] && !scope_touches(scope, s->document, s->offset, s->offset + s->size))
            rank[i] = -INFINITY;
    }
    free(inside);
    if (n_inside > 0) return 0;
    return error_set(e, "none of the %zu documents is of the paths and kinds that are asked of", c->n_documents);
}

static float *copied_scores(const float *scores, size_t n)
{
    float *copy = calloc(n + 1, sizeof *copy);
    if (copy && n > 0) memcpy(copy, scores, n * sizeof *copy);
    return copy;
}

/* In a repository words count beside the attention of a reader that needs none elsewhere (docs/code.md). */
static const float words_of_code = 0.4f;

/* Words, and what they make together with the attention (models/FORMAT.md, fusion_weight). */
static int score_words(struct scores *s, const struct finding_rank_sources *from, const char *question,
                       const atomic_bool *cancel, struct error *e)
{
    const size_t n = from->n;
    s->bm25 = calloc(n + 1, sizeof *s->bm25);
    if (!s->bm25) return error_memory(e);
    if (bm25_score(from->corpus, from->segments, n, question, from->pool, cancel, s->bm25, e)) return -1;
    if (!(s->fused = copied_scores(s->bm25, n))) return error_memory(e);
    const bool code = code_rank_applies(from->corpus);
    const float weight = code && !(from->fusion_weight > 0) ? words_of_code : from->fusion_weight;
    if (from->attention) bm25_fuse(from->attention, from->in_logs, s->bm25, weight, n, s->fused);
    if (from->like || !code) return 0;
    return code_rank(from->corpus, from->segments, n, question, cancel, s->fused, e);
}

static int score_all(struct scores *s, const struct finding_rank_sources *from, struct finding *f,
                     const struct finding_how *how, const atomic_bool *cancel, struct error *e)
{
    const bool fuses = !from->attention || from->fusion_weight > 0 || code_rank_applies(from->corpus);
    const bool words = how->rank == FINDING_REREAD || (how->rank != FINDING_ATTENTION && fuses);
    if (words && score_words(s, from, f->question, cancel, e)) return -1;
    const bool alone = !words || !fuses;
    f->rank_by = alone ? FINDING_ATTENTION : from->attention ? FINDING_FUSED : FINDING_WORDS;
    s->order = copied_scores(alone ? from->attention : s->fused, from->n);
    if (!s->order) return error_memory(e);
    if (restrict_to(from, &how->scope, s->order, e)) return -1;
    if (from->like) s->order[from->like - from->segments] = -INFINITY;
    if (how->n_candidates == 0 || !words) return 0;
    const bool code = code_rank_applies(from->corpus);
    s->first = copied_scores(from->attention && !code ? from->alone : s->fused, from->n);
    s->words = copied_scores(s->bm25, from->n);
    if (from->attention && code) s->third = copied_scores(from->alone, from->n);
    if (!s->first || !s->words || (from->attention && code && !s->third)) return error_memory(e);
    for (size_t i = 0; i < from->n; i++) {
        if (isinf(s->order[i])) s->first[i] = -INFINITY;
        if (isinf(s->order[i]) && s->third) s->third[i] = -INFINITY;
        if (isinf(s->order[i]) || !(s->words[i] > 0)) s->words[i] = -INFINITY;
    }
    return 0;
}

static struct finding_item item_of(const struct finding_rank_sources *from, const struct scores *s, size_t i)
{
    const struct reader_segment *segment = &from->segments[i];
    return (struct finding_item){.segment = i,
                                 .document = segment->document,
                                 .offset = segment->offset,
                                 .size = segment->size,
                                 .score = s->order[i],
                                 .share = from->share ? from->share[i] : NAN,
                                 .attention = from->attention ? from->attention[i] : NAN,
                                 .bm25 = s->bm25 ? s->bm25[i] : NAN,
                                 .fused = s->fused ? s->fused[i] : NAN,
                                 .reread = NAN};
}

/* A list is looked through so many times as far as is wanted of it, for places that are no copies. */
enum { REACH = 16 };

/* The first `most` of a rank. Without `copies` what is alike is what is sought. */
static int choose_list(struct finding_copies *copies, const float *score, size_t n, size_t most, size_t *out,
                       size_t *n_out, struct error *e)
{
    const size_t reach = copies ? REACH * most : most;
    size_t *list = calloc(reach + 1, sizeof *list);
    if (!list) return error_memory(e);
    *n_out = finding_choose(score, n, reach, list);
    if (copies) *n_out = finding_copies_put_behind(copies, list, *n_out, most);
    memcpy(out, list, *n_out * sizeof *out);
    free(list);
    return 0;
}

static int choose_items(struct finding *f, const struct finding_rank_sources *from, const struct scores *s,
                        struct finding_copies *copies, struct error *e)
{
    size_t found[FINDING_MOST];
    if (choose_list(copies, s->order, from->n, FINDING_MOST, found, &f->n_items, e)) return -1;
    f->items = calloc(f->n_items + 1, sizeof *f->items);
    if (!f->items) return error_memory(e);
    for (size_t i = 0; i < f->n_items; i++) f->items[i] = item_of(from, s, found[i]);
    return 0;
}

static void add_candidate(struct finding *f, const struct finding_rank_sources *from, const struct scores *s,
                          struct finding_copies *copies, size_t i)
{
    for (size_t k = 0; k < f->n_candidates; k++)
        if (f->candidates[k].segment == i) return;
    struct finding_item *item = &f->candidates[f->n_candidates++];
    *item = item_of(from, s, i);
    item->copy_of = copies ? finding_copies_first(copies, i) : i;
    for (uint32_t k = 0; k < f->n_items; k++)
        if (f->items[k].segment == i) item->was = k + 1;
}

/* A list's first places are right more often than the second reading of them says: by so much, and less from place to
 * place (measured on held-out questions, models/README.md). */
static const float rank_first = 2, rank_words = 1, rank_reach = 3;

/* Scores in logarithms say more than ranks: how far a place is behind the best one counts beside its rank by words. */
static const float prior_attention = 1.2f, prior_behind = -8, prior_words = 2;

/* What a segment's rank in a list is worth: 1 for the first. */
static float worth(const size_t *list, size_t n, uint64_t segment)
{
    for (size_t k = 0; k < n; k++)
        if (list[k] == segment) return expf(-(float)k / rank_reach);
    return 0;
}

static void add_priors(struct finding *f, const float *attention, const size_t *first, size_t n_first,
                       const size_t *words, size_t n_words)
{
    float highest = -INFINITY;
    for (size_t i = 0; attention && i < f->n_candidates; i++)
        highest = fmaxf(highest, attention[f->candidates[i].segment]);
    for (size_t i = 0; i < f->n_candidates; i++) {
        struct finding_item *c = &f->candidates[i];
        const float by_words = worth(words, n_words, c->segment);
        c->ranks = c->prior = rank_first * worth(first, n_first, c->segment) + rank_words * by_words;
        if (!attention || n_first == 0) continue;
        const float behind = fmaxf(attention[c->segment] - highest, prior_behind);
        c->prior = prior_attention * behind + prior_words * by_words;
    }
}

enum { FIRST, SECOND, THIRD, N_LISTS };

/* In turn from all lists, each segment once. */
static int choose_candidates(struct finding *f, const struct finding_rank_sources *from, const struct scores *s,
                             struct finding_copies *copies, size_t most, struct error *e)
{
    const float *const scores[N_LISTS] = {s->first, s->words, s->third};
    size_t n[N_LISTS] = {0};
    if (!s->first) return 0;
    size_t *lists = calloc(N_LISTS * most + 1, sizeof *lists);
    f->candidates = calloc(most + 1, sizeof *f->candidates);
    int failed = lists && f->candidates ? 0 : error_memory(e);
    for (size_t i = 0; i < N_LISTS && !failed; i++)
        if (scores[i]) failed = choose_list(copies, scores[i], from->n, most, lists + i * most, &n[i], e);
    for (size_t k = 0; k < most && !failed; k++)
        for (size_t i = 0; i < N_LISTS; i++)
            if (k < n[i] && f->n_candidates < most) add_candidate(f, from, s, copies, lists[i * most + k]);
    const bool logs = from->attention && from->in_logs && !s->third;
    if (!failed) add_priors(f, logs ? s->first : NULL, lists, n[FIRST], lists + SECOND * most, n[SECOND]);
    free(lists);
    return failed;
}

int finding_rank_all(struct finding *f, const struct finding_rank_sources *from, const struct finding_how *how,
                     const atomic_bool *cancel, struct error *e)
{
    struct scores s = {0};
    struct finding_copies *copies = NULL;
    int failed = score_all(&s, from, f, how, cancel, e);
    if (!failed && !from->like)
        failed = finding_copies_open(&copies, from->corpus, from->segments, f->question,
                                     FINDING_MOST + N_LISTS * how->n_candidates, e);
    if (!failed)
        failed = choose_items(f, from, &s, copies, e) || choose_candidates(f, from, &s, copies, how->n_candidates, e);
    finding_copies_close(copies);
    scores_free(&s);
    return failed ? -1 : 0;
}

/* --- the second reading --- */

/* Most of the places are in a script that it knows. */
static bool knows_scripts(const struct finding *f, const struct corpus *c)
{
    size_t known = 0;
    for (size_t i = 0; i < f->n_candidates; i++) {
        const struct finding_item *item = &f->candidates[i];
        known += reread_knows(c->documents[item->document].text + item->offset, item->size);
    }
    return reread_knows(f->question, strlen(f->question)) && 2 * known > f->n_candidates;
}

static int by_score(const void *a, const void *b)
{
    const struct finding_item *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->segment < y->segment ? -1 : x->segment > y->segment;
}

/* A place whose like stands before it goes behind those that are alone. */
static void put_copies_behind(struct finding_item *items, size_t n)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < distinct && items[k].copy_of != items[i].copy_of) k++;
        if (k < distinct) continue;
        const struct finding_item item = items[i];
        memmove(items + distinct + 1, items + distinct, (i - distinct) * sizeof *items);
        items[distinct++] = item;
    }
}

/* In a repository what code is ranked by goes first, and the second reading decides between what it leaves close. */
static void score_code(struct finding_item *candidates, size_t n)
{
    float top = 0;
    for (size_t i = 0; i < n; i++) top = fmaxf(top, candidates[i].fused);
    for (size_t i = 0; i < n; i++) {
        float fused = top > 0 ? candidates[i].fused / top : 0;
        candidates[i].score = code_rank_reread(fused, candidates[i].reread);
    }
}

/* The place of the best span is listed, whatever its order; of the others, those whose places are. */
static void take_spans(struct finding *f, const struct reread_result *said, const uint64_t *segments)
{
    for (size_t i = 0; i < said->n_spans; i++) {
        size_t item = 0;
        while (item < f->n_candidates && f->candidates[item].segment != segments[said->spans[i].place]) item++;
        if (item >= f->n_items && i > 0) continue;
        if (item >= f->n_items) {
            f->items[f->n_items - 1] = f->candidates[item];
            item = f->n_items - 1;
        }
        f->spans[f->n_spans++] = (struct finding_span){item, said->spans[i].begin, said->spans[i].end};
    }
}

static void take_order(struct finding *f, const struct reread_result *said, uint64_t *segments, bool code)
{
    for (size_t i = 0; i < f->n_candidates; i++) {
        segments[i] = f->candidates[i].segment;
        f->candidates[i].reread = said->relevance[i];
        f->candidates[i].score = said->relevance[i] + f->candidates[i].prior;
    }
    if (code) score_code(f->candidates, f->n_candidates);
    qsort(f->candidates, f->n_candidates, sizeof *f->candidates, by_score);
    put_copies_behind(f->candidates, f->n_candidates);
    f->n_items = f->n_candidates < FINDING_MOST ? f->n_candidates : FINDING_MOST;
    memcpy(f->items, f->candidates, f->n_items * sizeof *f->items);
    f->rank_by = FINDING_REREAD;
    f->judged = true;
    f->found = said->found;
    f->confidence = said->confidence;
    f->says = said->says;
    take_spans(f, said, segments);
}

int finding_reread(struct finding *f, struct reread *r, const struct corpus *c, const atomic_bool *cancel,
                   void (*idle)(void *context), void *context, struct error *e)
{
    if (f->n_candidates == 0 || !knows_scripts(f, c)) return 0;
    struct reread_place *places = calloc(f->n_candidates, sizeof *places);
    uint64_t *segments = calloc(f->n_candidates, sizeof *segments);
    struct finding_item *items = realloc(f->items, FINDING_MOST * sizeof *items);
    if (items) f->items = items;
    int failed = places && segments && items ? 0 : error_memory(e);
    for (size_t i = 0; i < f->n_candidates && !failed; i++)
        places[i] = (struct reread_place){f->candidates[i].document, f->candidates[i].offset, f->candidates[i].size,
                                          f->candidates[i].ranks};
    struct reread_result said;
    if (!failed) failed = reread_run(r, c, f->question, places, f->n_candidates, cancel, idle, context, &said, e);
    if (!failed) {
        take_order(f, &said, segments, code_rank_applies(c));
        reread_free(&said);
    }
    free(places);
    free(segments);
    return failed ? -1 : 0;
}
