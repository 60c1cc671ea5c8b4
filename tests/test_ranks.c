/* Any number of ranks gives what one gives. Rank 0 runs the tests against a session of its own; the other ranks follow
 * it (compute/ranks.h). Started by mpirun with 2, 3 and 4 ranks, and without it as one. With an argument it only writes
 * a small model to that file. */
#include "tests/test.h"

#include <math.h>
#include <stdbool.h>

#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/evidence_ranks.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/session.h"
#include "tests/tiny_model.h"

#define TOLERANCE 3e-5

enum { N = 1500, N_QUERY = 9, N_MODELS = 4 };

static struct comm *comm;
static struct backend *backend;

/* Nested grids; both offset rules with r that divides neither w nor the heads; one branch of everything. */
static struct tiny_model shape_of(int which)
{
    static const struct branch branches[N_MODELS][5] = {
        {{8, 1}, {32, 4}, {128, 16}, {512, 64}, {65536, 256}},
        {{16, 1}, {50, 3}, {700, 7}, {4096, 5}, {4096, 4}},
        {{16, 1}, {50, 3}, {700, 7}, {4096, 5}, {4096, 4}},
        {{4096, 1}},
    };
    struct tiny_model t = tiny_model_default();
    t.n_branch = which == 3 ? 1 : 5;
    t.n_head_kv = which == 1 ? 2 : 4;
    t.offset_rule = which == 2 ? OFFSET_TORCHSCALE : OFFSET_PAPER;
    memcpy(t.branch, branches[which], sizeof branches[which]);
    return t;
}

struct tiny {
    struct model *model;
    uint8_t *bytes;
};

static struct tiny open_tiny(int which)
{
    struct tiny t;
    struct error e = {0};
    size_t size;
    const struct tiny_model shape = shape_of(which);
    t.bytes = tiny_model_bytes(&shape, &size);
    assert_ok(model_open_bytes(&t.model, "tiny", t.bytes, size, &e), e);
    return t;
}

static void close_tiny(struct tiny *t)
{
    model_close(t->model);
    free(t->bytes);
}

/* What one prefill gives. */
struct outputs {
    float *logits, *queries, *tau, *gate, *last;
    int8_t *keys;
};

static struct outputs open_outputs(const struct model *m)
{
    const size_t e = m->evidence.width;
    return (struct outputs){.logits = calloc(N * (size_t)m->n_vocab, sizeof(float)),
                            .queries = calloc(N * e, sizeof(float)),
                            .tau = calloc(N, sizeof(float)),
                            .gate = calloc(N, sizeof(float)),
                            .last = calloc(m->n_vocab, sizeof(float)),
                            .keys = calloc(N, e)};
}

static void close_outputs(struct outputs *o)
{
    free(o->logits);
    free(o->queries);
    free(o->tau);
    free(o->gate);
    free(o->last);
    free(o->keys);
}

/* Tokens [begin, begin + n) of a text. */
static void prefill(struct session *s, const struct model *m, const int32_t *ids, size_t begin, size_t n,
                    struct outputs *o)
{
    struct error e = {0};
    const size_t width = m->evidence.width;
    const struct session_outputs out = {.logits = o->logits + begin * m->n_vocab,
                                        .last_logits = o->last,
                                        .keys = o->keys + begin * width,
                                        .queries = o->queries + begin * width,
                                        .tau = o->tau + begin,
                                        .gate = o->gate + begin};
    assert_ok(session_prefill(s, ids + begin, n, &out, &e), e);
}

static void expect_floats(const char *what, const float *got, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= TOLERANCE * fmax(1, fabs((double)expected[i]))))
            fail_msg("%u ranks, %s %zu: %.8g, expected %.8g", comm_size(comm), what, i, (double)got[i],
                     (double)expected[i]);
}

static void expect_keys(const int8_t *got, const int8_t *expected, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (abs(got[i] - expected[i]) > 1)
            fail_msg("%u ranks, key %zu: %d, expected %d", comm_size(comm), i, got[i], expected[i]);
}

static void expect_same(const struct model *m, const struct outputs *got, const struct outputs *expected, size_t begin,
                        size_t n)
{
    const size_t width = m->evidence.width, v = m->n_vocab;
    expect_floats("logit", got->logits + begin * v, expected->logits + begin * v, n * v);
    expect_floats("query", got->queries + begin * width, expected->queries + begin * width, n * width);
    expect_floats("tau", got->tau + begin, expected->tau + begin, n);
    expect_floats("gate", got->gate + begin, expected->gate + begin, n);
    expect_keys(got->keys, expected->keys, begin * width, (begin + n) * width);
}

static void random_ids(int32_t *ids, size_t n, const struct model *m, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(test_random(&seed) % m->n_vocab);
}

/* One text read whole by one rank, and by all in calls of many lengths. */
static void read_in_calls(int which, uint64_t seed)
{
    struct error e = {0};
    struct tiny t = open_tiny(which);
    struct outputs expected = open_outputs(t.model), got = open_outputs(t.model);
    int32_t ids[N];
    struct session *one, *all;
    random_ids(ids, N, t.model, 3);
    assert_ok(session_open(&one, t.model, backend, &e), e);
    assert_ok(session_open(&all, t.model, backend, &e), e);
    assert_ok(session_join(all, comm, &e), e);
    prefill(one, t.model, ids, 0, N, &expected);
    for (size_t done = 0, n; done < N; done += n) {
        n = 1 + test_random(&seed) % (seed % 3 ? 500 : 20);
        if (n > N - done) n = N - done;
        prefill(all, t.model, ids, done, n, &got);
        expect_floats("last logit", got.last, expected.logits + (done + n - 1) * t.model->n_vocab, t.model->n_vocab);
    }
    expect_same(t.model, &got, &expected, 0, N);
    assert_int_equal(session_position(all), N);
    size_t size = session_state_size(one);
    assert_int_equal(session_state_size(all), size);
    session_close(all);
    session_close(one);
    close_outputs(&expected);
    close_outputs(&got);
    close_tiny(&t);
}

static void the_same_is_read_whatever_the_calls(void **state)
{
    (void)state;
    struct error e = {0};
    for (int which = 0; which < N_MODELS; which++) {
        for (uint64_t seed = 1; seed < 5; seed++) read_in_calls(which, seed * 77);
        assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
    }
}

/* A question is asked in the middle of the text, which is then read on; and a state that one rank left is read on by
 * all, past positions that are no keys. */
static void marks_skips_and_states_are_those_of_one_rank(void **state)
{
    (void)state;
    struct error e = {0};
    struct tiny t = open_tiny(0);
    struct outputs expected = open_outputs(t.model), got = open_outputs(t.model);
    int32_t ids[N];
    struct session *sessions[2];
    struct outputs *outputs[2] = {&expected, &got};
    random_ids(ids, N, t.model, 5);
    for (int i = 0; i < 2; i++) {
        struct session *s;
        assert_ok(session_open(&s, t.model, backend, &e), e);
        if (i == 1) assert_ok(session_join(s, comm, &e), e);
        prefill(s, t.model, ids, 0, 430, outputs[i]);
        assert_ok(session_mark(s, &e), e);
        assert_ok(session_skip_to(s, 480, &e), e);
        prefill(s, t.model, ids, 430, 300, outputs[i]); /* overwritten below: only the state afterwards counts */
        assert_ok(session_rewind(s, &e), e);
        assert_int_equal(session_position(s), 430);
        prefill(s, t.model, ids, 430, 370, outputs[i]);
        sessions[i] = s;
    }
    expect_same(t.model, &got, &expected, 0, 800);
    size_t size = session_state_size(sessions[0]);
    uint8_t *bytes = malloc(size);
    assert_ok(session_state_save(sessions[0], bytes, size, &e), e);
    prefill(sessions[1], t.model, ids, 100, 77, &got);
    assert_ok(session_state_load(sessions[1], bytes, size, &e), e);
    for (int i = 0; i < 2; i++) {
        assert_ok(session_skip_to(sessions[i], 850, &e), e);
        prefill(sessions[i], t.model, ids, 800, N - 800, outputs[i]);
        assert_ok(session_decode(sessions[i], 7, outputs[i]->last, &e), e);
    }
    expect_same(t.model, &got, &expected, 800, N - 800);
    expect_floats("decoded logit", got.last, expected.last, t.model->n_vocab);
    free(bytes);
    session_close(sessions[1]);
    session_close(sessions[0]);
    close_outputs(&expected);
    close_outputs(&got);
    close_tiny(&t);
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* Keys that are waited for while later chunks are read already, in the middle of which the state is saved, which waits
 * for all, and a mark made; those of the last two chunks are never waited for. */
static void keys_come_while_the_next_chunk_is_read(void **state)
{
    (void)state;
    struct error e = {0};
    struct tiny t = open_tiny(0);
    enum { PART = 150, PARTS = N / PART, UNDER_WAY = 2 };
    struct outputs expected = open_outputs(t.model);
    const size_t width = t.model->evidence.width;
    int8_t *keys = calloc(N, width);
    int32_t ids[N];
    uint64_t tickets[PARTS];
    struct session *one, *all;
    random_ids(ids, N, t.model, 11);
    assert_ok(session_open(&one, t.model, backend, &e), e);
    prefill(one, t.model, ids, 0, N, &expected);
    session_close(one);
    assert_ok(session_open(&all, t.model, backend, &e), e);
    assert_ok(session_join(all, comm, &e), e);
    for (size_t i = 0; i < PARTS; i++) {
        const struct session_outputs out = {.keys = keys + i * PART * width, .ticket = &tickets[i]};
        assert_ok(session_prefill(all, ids + i * PART, PART, &out, &e), e);
        if (i == PARTS / 2) {
            const size_t size = session_state_size(all);
            uint8_t *bytes = malloc(size);
            assert_ok(session_state_save(all, bytes, size, &e), e);
            expect_keys(keys, expected.keys, 0, (i + 1) * PART * width);
            assert_ok(session_mark(all, &e), e);
            free(bytes);
        }
        if (i < UNDER_WAY) continue;
        assert_ok(session_wait(all, tickets[i - UNDER_WAY], &e), e);
        expect_keys(keys, expected.keys, (i - UNDER_WAY) * PART * width, (i - UNDER_WAY + 1) * PART * width);
    }
    session_close(all);
    free(keys);
    close_outputs(&expected);
    close_tiny(&t);
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* Random keys and a random question over segments of 0 to 40 keys, the first after 3 keys of none. */
struct text {
    int8_t *keys;
    float *queries, tau[N_QUERY], gate[N_QUERY];
    uint64_t starts[N + 1];
    size_t n_segments;
};

static void make_text(struct text *x, size_t width, uint64_t seed)
{
    x->keys = malloc(N * width);
    x->queries = malloc(N_QUERY * width * sizeof *x->queries);
    for (size_t i = 0; i < N * width; i++) x->keys[i] = (int8_t)(90 * test_uniform(&seed));
    for (size_t i = 0; i < N_QUERY * width; i++) x->queries[i] = 0.3f * test_uniform(&seed);
    for (int i = 0; i < N_QUERY; i++) {
        x->tau[i] = 2 + test_uniform(&seed);
        x->gate[i] = test_uniform(&seed);
    }
    x->n_segments = 0;
    for (x->starts[0] = 3; x->starts[x->n_segments] < N; x->n_segments++) {
        uint64_t next = x->starts[x->n_segments] + test_random(&seed) % 40;
        x->starts[x->n_segments + 1] = next < N ? next : N;
    }
}

static void ask(struct comm *c, const struct model *m, const struct text *x, float *score, float *share, double *lse)
{
    struct error e = {0};
    struct evidence *v;
    assert_ok(evidence_open(&v, m, x->queries, x->tau, x->gate, N_QUERY, &e), e);
    assert_ok(evidence_ranks_attend(c, v, m, backend, x->keys, N, N, x->starts, x->n_segments, score, share, NULL, &e),
              e);
    assert_int_equal(v->n_keys, N);
    memcpy(lse, v->lse, N_QUERY * sizeof *lse);
    evidence_close(v);
}

static void the_evidence_of_all_ranks_is_that_of_one(void **state)
{
    (void)state;
    struct error e = {0};
    struct tiny t = open_tiny(0);
    for (uint64_t turn = 0; turn < 4; turn++) {
        struct text x;
        static float score[2][N], share[2][N];
        double lse[2][N_QUERY];
        make_text(&x, t.model->evidence.width, 9 + turn / 2); /* each text is asked twice */
        ask(NULL, t.model, &x, score[0], share[0], lse[0]);
        const uint64_t before = comm_bytes_sent(comm);
        ask(comm, t.model, &x, score[1], share[1], lse[1]);
        const uint64_t keys = (uint64_t)N * t.model->evidence.width / comm_size(comm);
        if (comm && turn % 2) assert_true(comm_bytes_sent(comm) - before < keys); /* they were sent the first time */
        expect_floats("score", score[1], score[0], x.n_segments);
        expect_floats("share", share[1], share[0], x.n_segments);
        for (int i = 0; i < N_QUERY; i++) assert_true(fabs(lse[1][i] - lse[0][i]) < 1e-6);
        free(x.keys);
        free(x.queries);
    }
    close_tiny(&t);
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* Bytes a token, from 4096 tokens on to 16 times as many. */
static void what_is_sent_a_token_does_not_grow_with_the_length(void **state)
{
    (void)state;
    struct error e = {0};
    struct tiny t = open_tiny(0);
    struct session *s;
    enum { PART = 2048, PARTS = 32 };
    int32_t *ids = malloc(PART * sizeof *ids);
    uint64_t sent[PARTS + 1];
    random_ids(ids, PART, t.model, 8);
    assert_ok(session_open(&s, t.model, backend, &e), e);
    assert_ok(session_join(s, comm, &e), e);
    assert_ok(ranks_bytes_sent(comm, &sent[0], &e), e);
    for (int i = 0; i < PARTS && (uint64_t)PART * (uint64_t)(i + 1) <= t.model->context_length; i++) {
        assert_ok(session_prefill(s, ids, PART, NULL, &e), e);
        assert_ok(ranks_bytes_sent(comm, &sent[i + 1], &e), e);
        if (i > 0) assert_true(sent[i + 1] - sent[i] <= sent[1] - sent[0]);
    }
    assert_true(comm_size(comm) == 1 ? sent[1] == 0 : sent[1] > sent[0]);
    session_close(s);
    free(ids);
    close_tiny(&t);
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* The other ranks: one ranks_follow for every RANKS_END of the tests. */
static int follow(struct error *e)
{
    static const int models[] = {0, 1, 2, 3, 0, 0, 0, 0};
    int status = 0;
    for (size_t i = 0; i < sizeof models / sizeof *models && status == 0; i++) {
        struct tiny t = open_tiny(models[i]);
        status = ranks_follow(comm, t.model, backend, NULL, NULL, e);
        close_tiny(&t);
    }
    return status;
}

/* A model for tests of the whole program (check_ranks.sh): a context that no text fills. */
static int write_model(const char *path)
{
    struct tiny_model t = shape_of(0);
    t.branch[4] = (struct branch){UINT64_C(1) << 40, UINT64_C(1) << 30};
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    FILE *f = fopen(path, "wb");
    bool written = f && fwrite(bytes, size, 1, f) == 1;
    if (f && fclose(f) != 0) written = false;
    free(bytes);
    return !written;
}

int main(int argc, char **argv)
{
    if (argc == 2) return write_model(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_read_whatever_the_calls),
        cmocka_unit_test(marks_skips_and_states_are_those_of_one_rank),
        cmocka_unit_test(keys_come_while_the_next_chunk_is_read),
        cmocka_unit_test(the_evidence_of_all_ranks_is_that_of_one),
        cmocka_unit_test(what_is_sent_a_token_does_not_grow_with_the_length),
    };
    struct error e = {0};
    int status = comm_open(&comm, NULL, &e);
    if (status == 0) status = backend_open(&backend, "cpu", 1, &e);
    if (status == 0) status = comm_rank(comm) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : follow(&e);
    if (e.text[0]) fprintf(stderr, "rank %u: %s\n", comm_rank(comm), e.text);
    backend_close(backend);
    if (status != 0) comm_break(comm); /* the others wait for a test that will not come */
    comm_close(comm, status);
    return status != 0;
}
