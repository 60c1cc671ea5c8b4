#include "compute/evidence_ranks.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/comm.h"
#include "compute/error.h"
#include "compute/file.h"
#include "compute/model.h"
#include "compute/ranks.h"

enum { PIECE = 1 << 22 }; /* bytes of keys on their way */

struct evidence_part {
    struct file_array *keys; /* owned */
    uint64_t hash, size;     /* of them: what tells one text's keys from another's */
};

void evidence_ranks_close(struct evidence_part *p)
{
    if (!p) return;
    file_array_close(p->keys);
    free(p);
}

/* One question on its way: what every rank is told first. */
struct task {
    uint64_t n_text, n_keys, n_segments; /* the rank's own keys and segments */
    uint64_t hash;
    uint32_t n_query, width;
};

/* The logarithms of the ranks' sums, folded; the last number is 1 where a rank was cancelled. */
struct join {
    struct comm *comm;
    bool cancelled;
};

static double add_logs(double a, double b)
{
    double max = fmax(a, b);
    return max == -INFINITY ? max : max + log(exp(a - max) + exp(b - max));
}

static int join_lse(void *context, double *lse, uint32_t n, bool cancelled, struct error *e)
{
    struct join *j = context;
    const uint32_t size = comm_size(j->comm);
    const size_t row = (size_t)n + 1;
    double *mine = malloc(row * sizeof *mine), *all = malloc(row * size * sizeof *all);
    int status = mine && all ? 0 : error_memory(e);
    if (status == 0) {
        memcpy(mine, lse, n * sizeof *lse);
        mine[n] = cancelled;
        status = comm_all_gather(j->comm, mine, all, row * sizeof *mine, e);
    }
    for (uint32_t t = 0; status == 0 && t < n; t++) {
        lse[t] = -INFINITY;
        for (uint32_t i = 0; i < size; i++) lse[t] = add_logs(lse[t], all[i * row + t]);
    }
    for (uint32_t i = 0; status == 0 && i < size; i++) j->cancelled |= all[i * row + n] > 0;
    free(mine);
    free(all);
    return status;
}

/* Passes over the own part, and the scores to rank 0. `at`, on rank 0: where the parts of all ranks begin, in
 * segments; [size + 1]. score and share have room for the own part, on rank 0 for all. */
static int run_own_part(struct comm *c, struct evidence *v, const struct model *m, struct backend *b,
                        const struct task *t, const int8_t *keys, const uint64_t *starts, const uint64_t *at,
                        float *score, float *share, const atomic_bool *cancel, struct error *e)
{
    struct join j = {.comm = c};
    const struct evidence_join join = {join_lse, &j};
    struct error passes = {0};
    int failed = evidence_attend_part(v, m, b, keys, t->n_keys, t->n_text, starts, t->n_segments, score, share, &join,
                                      cancel, &passes);
    bool cancelled = failed && passes.kind == ERROR_CANCELLED;
    if (failed && !cancelled) return error_copy(e, &passes);
    const uint32_t size = comm_size(c);
    size_t *counts = calloc(size, sizeof *counts);
    uint32_t mine = cancelled || j.cancelled, *all = calloc(size, sizeof *all);
    int status = counts && all ? 0 : error_memory(e);
    if (status == 0) status = comm_all_gather(c, &mine, all, sizeof mine, e);
    for (uint32_t i = 0; i < size && status == 0; i++) cancelled |= all[i] != 0;
    if (status == 0 && !cancelled) {
        for (uint32_t i = 0; i < size; i++) counts[i] = at ? (size_t)(at[i + 1] - at[i]) * sizeof *score : 0;
        counts[comm_rank(c)] = t->n_segments * sizeof *score;
        status = comm_gather(c, score, at ? score : NULL, counts, e);
        if (status == 0) status = comm_gather(c, share, at ? share : NULL, counts, e);
    } else if (status == 0 && comm_rank(c) == 0) {
        status = error_cancelled(e);
    }
    free(counts);
    free(all);
    return status;
}

/* at[size + 1]: runs of whole segments with about the same number of keys. */
static void cut_segments(uint64_t *at, uint32_t size, const uint64_t *starts, size_t n_segments)
{
    size_t segment = 0;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t wanted = starts[n_segments] / size * i;
        while (segment < n_segments && starts[segment] < wanted) segment++;
        at[i] = segment;
    }
    at[size] = n_segments;
    at[0] = 0;
}

/* What one other rank is told: its task, its starts from 0 on, the question, and its keys if it lacks them. */
static int tell_rank(struct comm *c, uint32_t rank, const struct evidence *v, const struct task *t, const int8_t *keys,
                     const uint64_t *starts, struct error *e)
{
    uint64_t *own = malloc((t->n_segments + 1) * sizeof *own);
    if (!own) return error_memory(e);
    for (uint64_t i = 0; i <= t->n_segments; i++) own[i] = starts[i] - starts[0];
    const size_t m = t->n_query;
    uint32_t has = 0;
    int failed = comm_send(c, rank, t, sizeof *t, e) || comm_send(c, rank, own, (t->n_segments + 1) * sizeof *own, e) ||
                 comm_send(c, rank, v->queries, m * t->width * sizeof *v->queries, e) ||
                 comm_send(c, rank, v->tau, m * sizeof *v->tau, e) ||
                 comm_send(c, rank, v->gate, m * sizeof *v->gate, e) || comm_receive(c, rank, &has, sizeof has, e);
    free(own);
    const uint64_t size = t->n_keys * t->width;
    for (uint64_t done = 0; !failed && !has && done < size; done += PIECE)
        failed = comm_send(c, rank, keys + done, size - done < PIECE ? (size_t)(size - done) : PIECE, e);
    return failed ? -1 : 0;
}

int evidence_ranks_attend(struct comm *c, struct evidence *v, const struct model *m, struct backend *b,
                          const int8_t *keys, uint64_t n_keys, uint64_t n_text, const uint64_t *starts,
                          size_t n_segments, float *score, float *share, const atomic_bool *cancel, struct error *e)
{
    if (!c) return evidence_attend(v, m, b, keys, n_keys, n_text, starts, n_segments, score, share, cancel, e);
    const uint32_t size = comm_size(c);
    uint64_t *at = calloc((size_t)size + 1, sizeof *at);
    if (!at) return error_memory(e);
    cut_segments(at, size, starts, n_segments);
    int status = ranks_lead(c, RANKS_EVIDENCE, 0, 0, e);
    struct task t = {.n_text = n_text, .n_query = v->n_query, .width = v->width};
    for (uint32_t i = size; i-- > 0 && status == 0;) {
        /* keys before the first segment and behind the last are of no segment, but are attended */
        const uint64_t begin = i == 0 ? 0 : starts[at[i]], end = i == size - 1 ? n_keys : starts[at[i + 1]];
        t.n_keys = end - begin;
        t.n_segments = at[i + 1] - at[i];
        if (i == 0) break;
        t.hash = XXH3_64bits(keys + begin * v->width, t.n_keys * v->width);
        status = tell_rank(c, i, v, &t, keys + begin * v->width, starts + at[i], e);
    }
    if (status == 0) status = run_own_part(c, v, m, b, &t, keys, starts, at, score, share, cancel, e);
    v->n_keys = n_keys;
    free(at);
    if (status != 0 && !(cancel && atomic_load(cancel))) comm_break(c);
    return status;
}

static const char *scratch_directory(void)
{
    const char *named = getenv("TMPDIR");
    return named && *named ? named : "/var/tmp";
}

static int receive_keys(struct evidence_part **part, struct comm *c, const struct task *t, struct error *e)
{
    const uint64_t size = t->n_keys * t->width;
    uint32_t has = *part && (*part)->hash == t->hash && (*part)->size == size;
    if (comm_send(c, 0, &has, sizeof has, e) != 0) return -1;
    if (has) return 0;
    evidence_ranks_close(*part);
    *part = calloc(1, sizeof **part);
    if (!*part || file_array_open(&(*part)->keys, scratch_directory(), size, e) != 0) {
        free(*part);
        *part = NULL;
        return error_prefix(e, "keys of a part of the text");
    }
    uint8_t *piece = malloc(PIECE);
    int failed = piece ? 0 : error_memory(e);
    for (uint64_t done = 0; !failed && done < size; done += PIECE) {
        size_t n = size - done < PIECE ? (size_t)(size - done) : PIECE;
        failed = comm_receive(c, 0, piece, n, e) || file_array_append((*part)->keys, piece, n, e);
    }
    free(piece);
    (*part)->hash = t->hash;
    (*part)->size = size;
    return failed ? -1 : 0;
}

/* The question and the part's segments. */
static int receive_question(struct comm *c, const struct model *m, const struct task *t, uint64_t *starts,
                            struct evidence **v, struct error *e)
{
    const size_t n = t->n_query, width = (size_t)t->width + 2;
    if (comm_receive(c, 0, starts, (t->n_segments + 1) * sizeof *starts, e) != 0) return -1;
    float *numbers = malloc(n * width * sizeof *numbers);
    if (!numbers) return error_memory(e);
    float *tau = numbers + n * t->width, *gate = tau + n;
    int failed = comm_receive(c, 0, numbers, n * t->width * sizeof *numbers, e) ||
                 comm_receive(c, 0, tau, n * sizeof *tau, e) || comm_receive(c, 0, gate, n * sizeof *gate, e) ||
                 evidence_open(v, m, numbers, tau, gate, t->n_query, e);
    if (!failed) memcpy((*v)->gate, gate, n * sizeof *gate); /* rank 0's: it was sent as a distribution already */
    free(numbers);
    return failed ? -1 : 0;
}

int evidence_ranks_follow(struct evidence_part **part, struct comm *c, const struct model *m, struct backend *b,
                          const atomic_bool *cancel, struct error *e)
{
    struct task t;
    if (comm_receive(c, 0, &t, sizeof t, e) != 0) return -1;
    uint64_t *starts = malloc((t.n_segments + 1) * sizeof *starts);
    float *score = malloc((t.n_segments + 1) * sizeof *score), *share = malloc((t.n_segments + 1) * sizeof *share);
    struct evidence *v = NULL;
    int failed = starts && score && share
                     ? 0
                     : error_set_kind(e, ERROR_MEMORY, "out of memory for %zu segments", (size_t)t.n_segments);
    if (!failed) failed = receive_question(c, m, &t, starts, &v, e) || receive_keys(part, c, &t, e);
    if (!failed) {
        const int8_t *keys = (const int8_t *)file_array_bytes((*part)->keys);
        failed = run_own_part(c, v, m, b, &t, keys, starts, NULL, score, share, cancel, e);
    }
    evidence_close(v);
    free(starts);
    free(score);
    free(share);
    return failed ? -1 : 0;
}
