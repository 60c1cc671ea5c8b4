/* The evidence attention against its definition (models/FORMAT.md) in double precision, with the whole matrix of
 * probabilities. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/evidence.h"
#include "compute/model.h"
#include "tests/test_device.h"

enum { WIDTH = 12 };

struct question {
    struct model m;
    uint32_t n_query;
    float *queries, *tau, *gate; /* gate: logits */
    int8_t *keys;
    uint64_t n_keys, n_text, *starts;
    size_t n_segments;
};

static void question_make(struct question *q, uint32_t n_query, uint64_t n_keys, uint64_t seed)
{
    *q = (struct question){.m = {.path = "model", .evidence = {.width = WIDTH, .log_eps = 1.5f}},
                           .n_query = n_query,
                           .n_keys = n_keys,
                           .n_text = 16 * n_keys};
    q->queries = malloc(sizeof *q->queries * n_query * WIDTH);
    q->tau = malloc(sizeof *q->tau * n_query);
    q->gate = malloc(sizeof *q->gate * n_query);
    q->keys = malloc(n_keys * WIDTH);
    for (uint32_t t = 0; t < n_query; t++) {
        double length = 0;
        for (uint32_t k = 0; k < WIDTH; k++) {
            float x = q->queries[t * WIDTH + k] = test_uniform(&seed);
            length += (double)(x * x);
        }
        for (uint32_t k = 0; k < WIDTH; k++) q->queries[t * WIDTH + k] /= (float)sqrt(length);
        q->tau[t] = 2 + test_uniform(&seed);
        q->gate[t] = 2 * test_uniform(&seed);
    }
    for (size_t i = 0; i < n_keys * WIDTH; i++) q->keys[i] = (int8_t)(90 * test_uniform(&seed));
    q->starts = malloc(sizeof *q->starts * (n_keys + 2));
    q->starts[0] = n_keys > 10 ? 3 : 0; /* keys before the first segment count in the softmax all the same */
    while (q->starts[q->n_segments] < n_keys) {
        uint64_t next = q->starts[q->n_segments] + test_random(&seed) % 150; /* some are empty */
        q->starts[++q->n_segments] = next < n_keys ? next : n_keys;
        if (q->n_segments == n_keys) break;
    }
}

static void question_free(struct question *q)
{
    free(q->queries);
    free(q->tau);
    free(q->gate);
    free(q->keys);
    free(q->starts);
}

/* p[n_query][n_keys] and the gate. */
static void define(const struct question *q, double *p, double *gate)
{
    double gate_sum = 0;
    for (uint32_t t = 0; t < q->n_query; t++) gate_sum += exp((double)q->gate[t]);
    for (uint32_t t = 0; t < q->n_query; t++) {
        gate[t] = exp((double)q->gate[t]) / gate_sum;
        double sum = 0;
        for (uint64_t i = 0; i < q->n_keys; i++) {
            double dot = 0;
            for (uint32_t k = 0; k < WIDTH; k++)
                dot += (double)q->queries[t * WIDTH + k] * q->keys[i * WIDTH + k] / 254.0;
            double n = q->n_text < 2 ? 2 : (double)q->n_text;
            double sharp = q->m.evidence.scale > 0 ? (double)q->m.evidence.scale : (double)q->tau[t] * log(n);
            sum += p[t * q->n_keys + i] = exp(sharp * dot);
        }
        for (uint64_t i = 0; i < q->n_keys; i++) p[t * q->n_keys + i] /= sum;
    }
}

static void expect(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%.9g, expected %.9g", got, expected);
}

static struct evidence *attend(const struct question *q, unsigned n_threads, float *score, float *share)
{
    struct error e = {0};
    struct evidence *v;
    struct backend *b;
    assert_ok(backend_open(&b, test_device, n_threads, &e), e);
    const float *tau = q->m.evidence.scale > 0 ? NULL : q->tau;
    assert_ok(evidence_open(&v, &q->m, q->queries, tau, q->gate, q->n_query, &e), e);
    assert_ok(
        evidence_attend(v, &q->m, b, q->keys, q->n_keys, q->n_text, q->starts, q->n_segments, score, share, NULL, &e),
        e);
    backend_close(b);
    return v;
}

static void check(uint32_t n_query, uint64_t n_keys, float scale)
{
    struct question q;
    question_make(&q, n_query, n_keys, 3 + n_keys);
    q.m.evidence.scale = scale;
    const double sharp = scale > 24 ? 1e-5 : 1e-6; /* logits are float32 */
    double *p = malloc(sizeof *p * n_query * n_keys), *gate = malloc(sizeof *gate * n_query);
    float *score = malloc(sizeof *score * (q.n_segments + 1)), *share = malloc(sizeof *share * (q.n_segments + 1));
    define(&q, p, gate);
    struct evidence *v = attend(&q, 2, score, share);
    for (size_t s = 0; s < q.n_segments; s++) {
        double expected_score = 0, expected_share = 0;
        for (uint32_t t = 0; t < n_query; t++) {
            double mass = 0;
            for (uint64_t i = q.starts[s]; i < q.starts[s + 1]; i++) mass += p[t * n_keys + i];
            expected_score +=
                gate[t] * (scale > 0 ? fmax(log(mass), -1e4) : log(1 + mass * (double)q.n_text / exp(1.5)));
            expected_share += gate[t] * mass;
        }
        expect((double)score[s], expected_score, scale > 0 ? 2e-4 : 1e-4);
        expect((double)share[s], expected_share, sharp);
    }
    float *e = malloc(sizeof *e * n_keys);
    evidence_share(v, q.keys, 0, n_keys, -1, e);
    for (uint64_t i = 0; i < n_keys; i++) {
        double expected = 0;
        for (uint32_t t = 0; t < n_query; t++) expected += gate[t] * p[t * n_keys + i];
        expect((double)e[i], expected, sharp);
    }
    uint64_t from = n_keys / 2;
    evidence_share(v, q.keys, from, n_keys, (int)n_query - 1, e);
    for (uint64_t i = from; i < n_keys; i++) expect((double)e[i - from], p[(n_query - 1) * n_keys + i], sharp);
    evidence_close(v);
    free(e);
    free(p);
    free(gate);
    free(score);
    free(share);
    question_free(&q);
}

static void scores_and_shares_equal_the_definition(void **state)
{
    (void)state;
    check(1, 1, 0);
    check(3, 40, 0);
    check(48, 700, 0);
    check(60, 20000, 0);
    check(1, 1, 24);
    check(48, 700, 24);
    check(60, 20000, 60); /* masses far below what float32 holds */
}

static void the_number_of_threads_changes_no_bit(void **state)
{
    (void)state;
    struct question q;
    question_make(&q, 20, 30000, 9);
    float *one = malloc(sizeof *one * 2 * q.n_segments), *three = malloc(sizeof *three * 2 * q.n_segments);
    evidence_close(attend(&q, 1, one, one + q.n_segments));
    evidence_close(attend(&q, 3, three, three + q.n_segments));
    assert_memory_equal(one, three, sizeof *one * 2 * q.n_segments);
    free(one);
    free(three);
    question_free(&q);
}

static void a_sharp_attention_neither_overflows_nor_vanishes(void **state)
{
    (void)state;
    struct question q;
    question_make(&q, 2, 1000, 4);
    q.tau[0] = 900; /* logits in the thousands */
    q.tau[1] = 900;
    float *score = malloc(sizeof *score * q.n_segments), *share = malloc(sizeof *share * q.n_segments);
    evidence_close(attend(&q, 2, score, share));
    double sum = 0;
    for (size_t s = 0; s < q.n_segments; s++) {
        assert_true(isfinite(score[s]) && isfinite(share[s]));
        sum += (double)share[s];
    }
    expect(sum, 1, 1e-3);
    free(score);
    free(share);
    question_free(&q);
}

static void a_text_without_keys_has_no_evidence(void **state)
{
    (void)state;
    struct question q;
    question_make(&q, 2, 5, 4);
    q.n_keys = q.n_text = 0;
    q.n_segments = 1;
    q.starts[0] = q.starts[1] = 0;
    float score = 1, share = 1;
    evidence_close(attend(&q, 2, &score, &share));
    assert_true(score == 0 && share == 0);
    question_free(&q);
}

static void a_cancelled_pass_is_an_error_that_says_interrupted(void **state)
{
    (void)state;
    struct error e = {0};
    struct question q;
    question_make(&q, 2, 3000, 4);
    float *score = malloc(sizeof *score * q.n_segments), *share = malloc(sizeof *share * q.n_segments);
    struct backend *b;
    struct evidence *v;
    atomic_bool cancel = true;
    assert_ok(backend_open(&b, test_device, 2, &e), e);
    assert_ok(evidence_open(&v, &q.m, q.queries, q.tau, q.gate, 2, &e), e);
    assert_int_equal(
        evidence_attend(v, &q.m, b, q.keys, q.n_keys, q.n_text, q.starts, q.n_segments, score, share, &cancel, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    evidence_close(v);
    assert_int_equal(evidence_open(&v, &q.m, q.queries, q.tau, q.gate, 0, &e), -1);
    backend_close(b);
    free(score);
    free(share);
    question_free(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_and_shares_equal_the_definition),
        cmocka_unit_test(the_number_of_threads_changes_no_bit),
        cmocka_unit_test(a_sharp_attention_neither_overflows_nor_vanishes),
        cmocka_unit_test(a_text_without_keys_has_no_evidence),
        cmocka_unit_test(a_cancelled_pass_is_an_error_that_says_interrupted),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, NULL, NULL));
}
