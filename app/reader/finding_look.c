#include "app/reader/finding_look.h"

#include <assert.h>
#include <stdlib.h>

#include "app/reader/finding.h"
#include "app/reader/finding_question.h"
#include "app/reader/inspected.h"
#include "app/reader/reader.h"
#include "app/reader/sequence.h"
#include "app/text/segment.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/inspect.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/session_guard.h"
#include "compute/tokens.h"

void finding_look_shares(const struct finding *f, const struct reader *r, int token, uint64_t begin, uint64_t end,
                         float *share)
{
    uint64_t n_kept, rate = reader_rate(r);
    const int8_t *keys = sequence_keys(reader_sequence(r), &n_kept);
    uint64_t first = sequence_kept(reader_sequence(r), begin), n = sequence_kept(reader_sequence(r), end) - first;
    evidence_share(f->attention, keys, first, first + n, token, share);
    if (rate == 1) return;
    /* Spread out from the back, so that nothing is overwritten before it is moved. */
    for (uint64_t t = end; t-- > begin;) share[t - begin] = t % rate == 0 ? share[t / rate - first] : 0;
}

int finding_look_tokens(const struct finding *f, const struct reader *r, struct finding_token **out, size_t *n,
                        struct error *e)
{
    struct tokens ids;
    uint32_t at;
    if (finding_question_tokens(reader_model(r), f->question, &ids, &at, e)) return -1;
    assert(ids.n == f->attention->n_query);
    struct finding_token *tokens = calloc(ids.n, sizeof *tokens);
    for (size_t i = 0; tokens && i < ids.n; i++) {
        tokens[i] = (struct finding_token){.begin = at, .end = at + ids.lengths[i], .gate = f->attention->gate[i]};
        at += ids.lengths[i];
    }
    *n = ids.n;
    tokens_free(&ids);
    if (!tokens) return error_memory(e);
    *out = tokens;
    return 0;
}

int finding_look_token_share(const struct finding *f, const struct reader *r, size_t token, const atomic_bool *cancel,
                             float *share, struct error *e)
{
    size_t n;
    const struct reader_segment *segments = reader_segments(r, &n);
    uint64_t n_kept;
    const int8_t *keys = sequence_keys(reader_sequence(r), &n_kept);
    assert(token < f->attention->n_query && f->n_segments <= n);
    for (size_t i = 0; i < f->n_segments; i++) {
        if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) return error_cancelled(e);
        uint64_t begin = sequence_kept(reader_sequence(r), segments[i].first_token),
                 end = sequence_kept(reader_sequence(r), segments[i].end_token);
        float part[SEGMENT_MAX_BYTES];
        double sum = 0;
        for (; begin < end; begin += SEGMENT_MAX_BYTES) {
            uint64_t stop = end - begin < SEGMENT_MAX_BYTES ? end : begin + SEGMENT_MAX_BYTES;
            evidence_share(f->attention, keys, begin, stop, (int)token, part);
            for (uint64_t j = 0; j < stop - begin; j++) sum += (double)part[j];
        }
        share[i] = (float)sum;
    }
    return 0;
}

static int look_into(struct reader *r, const struct tokens *ids, const struct inspected_choice *choice,
                     const atomic_bool *cancel, struct inspection **out, struct error *e)
{
    struct session *s = session_guard_session(reader_guard(r));
    const struct model *m = reader_model(r);
    const struct inspect_choice ranges = inspected_ranges(choice, m, (uint32_t)ids->n);
    return inspect_open(out, s, m, session_question_start(s), ids->ids, ids->n, &ranges, cancel, e);
}

/* Likewise, with one more try where a device was lost. */
static int look_again(struct reader *r, const char *question, const struct inspected_choice *choice,
                      const atomic_bool *cancel, struct inspection **out, struct error *e)
{
    struct tokens ids = {0};
    struct error why, ignored;
    uint32_t n_own;
    if (finding_question_encode(reader_model(r), question, &ids, &n_own, e)) return -1;
    int failed = look_into(r, &ids, choice, cancel, out, &why);
    if (failed && why.kind != ERROR_CANCELLED && session_guard_recover(reader_guard(r), &why, &ignored) == 0)
        failed = look_into(r, &ids, choice, cancel, out, &why);
    tokens_free(&ids);
    return failed ? error_copy(e, &why) : 0;
}

int finding_look_inspect(const struct finding *f, struct reader *r, const struct inspected_choice *choice,
                         const atomic_bool *cancel, struct inspected **out, struct error *e)
{
    struct inspection *in;
    struct inspected *i;
    if (look_again(r, f->question, choice, cancel, &in, e) || inspected_open(&i, in, choice, e)) return -1;
    if (inspected_find_places(i, r, e) || finding_look_tokens(f, r, &i->tokens, &i->n_tokens, e)) {
        inspected_close(i);
        return -1;
    }
    *out = i;
    return 0;
}
