#include "app/reader/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/code_rank.h"
#include "app/reader/finding_near.h"
#include "app/reader/finding_question.h"
#include "app/reader/finding_rank.h"
#include "app/reader/reader.h"
#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/evidence_ranks.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/tokens.h"

static int ask_session(struct session *s, const struct tokens *ids, const struct layers_question *out, struct error *e)
{
    return session_ask(s, session_question_start(s), ids->ids, ids->n, out, e);
}

/* Takes the question's queries; a device lost on the way is one more try. */
static int query(struct reader *r, const struct tokens *ids, uint32_t n_own, struct evidence **out, struct error *e)
{
    const struct model *m = reader_model(r);
    struct session_guard *guard = reader_guard(r);
    size_t width = m->evidence.width;
    float *buffer = calloc(ids->n * (width + 2), sizeof *buffer);
    if (!buffer) return error_memory(e);
    float *tau = buffer + ids->n * width, *gate = tau + ids->n;
    const struct layers_question question = {.queries = buffer, .tau = tau, .gate = gate};
    struct error why;
    int failed = ask_session(session_guard_session(guard), ids, &question, &why);
    if (failed)
        failed = session_guard_recover(guard, &why, e) || ask_session(session_guard_session(guard), ids, &question, e);
    /* The tokens around the question ask nothing. */
    if (!failed) failed = evidence_open(out, m, buffer + width, tau + 1, gate + 1, n_own, e);
    free(buffer);
    return failed ? -1 : 0;
}

/* Evidence of the question over everything read, per segment. */
static int attend_segments(struct reader *r, struct finding *f, const atomic_bool *cancel, struct error *e)
{
    const struct sequence *read = reader_sequence(r);
    struct session_guard *guard = reader_guard(r);
    size_t n;
    const struct reader_segment *segments = sequence_segments(read, &n);
    uint64_t *starts = calloc(n + 1, sizeof *starts);
    f->share = calloc(n, sizeof *f->share);
    f->score = calloc(n, sizeof *f->score);
    if (!starts || !f->share || !f->score) {
        free(starts);
        return error_memory(e);
    }
    f->n_segments = n;
    for (size_t i = 0; i < n; i++) starts[i] = sequence_kept(read, segments[i].first_token);
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(read, &n_kept);
    starts[n] = n_kept;
    int failed = evidence_ranks_attend(session_comm(session_guard_session(guard)), f->attention, reader_model(r),
                                       session_guard_backend(guard), keys, n_kept, sequence_n_tokens(read), starts, n,
                                       f->score, f->share, cancel, e);
    free(starts);
    return failed;
}

/* `like`: the segment whose likes are sought, which is not among them; NULL: a question is asked. */
static int rank(struct reader *r, struct finding *f, const struct reader_segment *like, const struct finding_how *how,
                const atomic_bool *cancel, struct error *e)
{
    const bool known = how->rank == FINDING_ATTENTION || finding_question_is_known(reader_model(r), f->question);
    float *alone = malloc((f->n_segments + 1) * sizeof *alone);
    if (!alone) return error_memory(e);
    memcpy(alone, f->score, f->n_segments * sizeof *alone);
    struct finding_rank_sources from = {.corpus = reader_corpus(r),
                                        .like = like,
                                        .pool = reader_backend(r)->pool,
                                        .attention = known ? f->score : NULL,
                                        .alone = alone,
                                        .share = f->share,
                                        .fusion_weight = reader_fusion_weight(r),
                                        .in_logs = reader_model(r)->evidence.scale > 0};
    from.segments = reader_segments(r, &from.n);
    /* What ranks code counts a file's other good places itself; a place's own likes are not what stands beside it. */
    if (!like && !code_rank_applies(from.corpus)) finding_near_add(f->score, alone, from.segments, from.n);
    int failed = finding_rank_all(f, &from, how, cancel, e);
    free(alone);
    return failed;
}

static int seek(struct reader *r, struct finding *f, const struct finding_how *how, const atomic_bool *cancel,
                struct error *e)
{
    struct tokens ids = {0};
    uint32_t n_own;
    if (finding_question_encode(reader_model(r), f->question, &ids, &n_own, e)) return -1;
    int failed =
        query(r, &ids, n_own, &f->attention, e) || attend_segments(r, f, cancel, e) || rank(r, f, NULL, how, cancel, e);
    tokens_free(&ids);
    return failed ? -1 : 0;
}

static int new_finding(struct finding **out, const char *question, size_t size, struct error *e)
{
    struct finding *f = calloc(1, sizeof *f);
    if (!f || !(f->question = strndup(question, size))) {
        finding_close(f);
        return error_memory(e);
    }
    *out = f;
    return 0;
}

static double share_read(const struct reader *r)
{
    struct reader_progress p;
    reader_progress(r, &p);
    return p.total_bytes ? (double)p.bytes / (double)p.total_bytes : 1;
}

int finding_open(struct finding **out, struct reader *r, const char *question, const struct finding_how *how,
                 const atomic_bool *cancel, struct error *e)
{
    if (sequence_n_tokens(reader_sequence(r)) == 0) return error_set(e, "nothing has been read yet");
    const double begin = clock_seconds();
    struct finding *f = NULL;
    if (new_finding(&f, question, strlen(question), e)) return -1;
    f->read_share = share_read(r);
    if (seek(r, f, how, cancel, e)) {
        finding_close(f);
        return -1;
    }
    f->seconds = clock_seconds() - begin;
    *out = f;
    return 0;
}

/* The segment of the text that a byte of a document stands in; NULL: it is not read yet. */
static const struct reader_segment *segment_at(const struct reader *r, size_t document, uint64_t offset)
{
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    for (size_t i = 0; i < n; i++)
        if (segments[i].document == document && offset - segments[i].offset < segments[i].size) return &segments[i];
    return NULL;
}

/* A place's own keys as queries, one as much as the other: a key is what a question about the same would ask with
 * (models/FORMAT.md). The keys of a document's name are not the place's. */
static int query_like(struct reader *r, const struct reader_segment *like, struct evidence **out, struct error *e)
{
    const struct model *m = reader_model(r);
    const struct sequence *read = reader_sequence(r);
    const size_t width = m->evidence.width;
    size_t n_documents;
    uint64_t n_kept, token = reader_documents(r, &n_documents)[like->document].text_token;
    if (token < like->first_token) token = like->first_token;
    const uint64_t first = sequence_kept(read, token), end = sequence_kept(read, like->end_token);
    const int8_t *keys = sequence_keys(read, &n_kept);
    const size_t n = (size_t)(end - first);
    if (n == 0) return error_set(e, "no key of this place is kept (--memory decides how many are)");
    float *queries = calloc(n * (width + 2), sizeof *queries);
    if (!queries) return error_memory(e);
    float *tau = queries + n * width, *gate = tau + n;
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        tau[i] = expf(m->evidence.log_tau);
        for (size_t k = 0; k < width; k++) square += pow(keys[(first + i) * width + k], 2);
        for (size_t k = 0; k < width && square > 0; k++)
            queries[i * width + k] = (float)(keys[(first + i) * width + k] / sqrt(square));
    }
    int failed = evidence_open(out, m, queries, tau, gate, (uint32_t)n, e);
    free(queries);
    return failed;
}

int finding_open_like(struct finding **out, struct reader *r, size_t document, uint64_t offset,
                      const struct finding_how *how, const atomic_bool *cancel, struct error *e)
{
    const double begin = clock_seconds();
    const struct document *d = &reader_corpus(r)->documents[document];
    const struct reader_segment *like = segment_at(r, document, offset);
    struct finding *f = NULL;
    if (!like) return error_set(e, "this place is not read yet");
    if (new_finding(&f, d->text + like->offset, like->size, e)) return -1;
    f->read_share = share_read(r);
    if (query_like(r, like, &f->attention, e) || attend_segments(r, f, cancel, e) || rank(r, f, like, how, cancel, e)) {
        finding_close(f);
        return -1;
    }
    f->seconds = clock_seconds() - begin;
    *out = f;
    return 0;
}

int finding_open_words(struct finding **out, const struct corpus *c, const struct reader_segment *segments, size_t n,
                       struct thread_pool *pool, const char *question, const struct finding_how *how,
                       const atomic_bool *cancel, struct error *e)
{
    const double begin = clock_seconds();
    const struct finding_rank_sources from = {.corpus = c, .segments = segments, .n = n, .pool = pool};
    struct finding *f = NULL;
    if (new_finding(&f, question, strlen(question), e)) return -1;
    if (finding_rank_all(f, &from, how, cancel, e)) {
        finding_close(f);
        return -1;
    }
    f->seconds = clock_seconds() - begin;
    *out = f;
    return 0;
}

static struct finding_item *copied_items(const struct finding_item *items, size_t n)
{
    struct finding_item *copy = calloc(n + 1, sizeof *copy);
    if (copy && n > 0) memcpy(copy, items, n * sizeof *items);
    return copy;
}

int finding_lend(struct finding **out, const struct finding *f, struct error *e)
{
    struct finding *other = calloc(1, sizeof *other);
    if (!other) return error_memory(e);
    *other = *f;
    other->lent = true;
    other->question = strdup(f->question);
    other->items = copied_items(f->items, f->n_items);
    other->candidates = copied_items(f->candidates, f->n_candidates);
    if (!other->question || !other->items || !other->candidates) {
        finding_close(other);
        return error_memory(e);
    }
    *out = other;
    return 0;
}

void finding_close(struct finding *f)
{
    if (!f) return;
    free(f->question);
    free(f->items);
    free(f->candidates);
    if (!f->lent) {
        evidence_close(f->attention);
        free(f->share);
        free(f->score);
    }
    free(f);
}
