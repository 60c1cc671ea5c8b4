/* The reader's own numbers: logits and evidence attention of the shipped model equal PyTorch's on the exported vectors
 * (models/FORMAT.md, Test vectors). test_reader_vectors [MODEL VECTORS] runs it on other files. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/evidence.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/session.h"

#define LOGIT_TOLERANCE 1e-3
#define EVIDENCE_TOLERANCE 1e-4

static const char *model_path = "models/lectern-causal.gguf";
static const char *vectors_path = "tests/data/reader_vectors.gguf";

struct fixture {
    struct model *m;
    struct gguf *vectors;
    struct backend *b;
    struct session *s;
    size_t n, n_question; /* n_question counts <|question|> */
    int8_t *keys;         /* [n][e] */
    float *logits;        /* [n][V] */
};

static struct fixture f;

/* A tensor's numbers, copied to where they are aligned; free with test_free. */
static void *vectors(const char *name, uint64_t dim0, uint64_t dim1, size_t size)
{
    const struct gguf_tensor *t = gguf_find_tensor(f.vectors, name);
    if (!t) fail_msg("%s has no %s", vectors_path, name);
    if ((dim0 && t->dims[0] != dim0) || (dim1 && t->dims[1] != dim1))
        fail_msg("%s is [%llu, %llu]", name, (unsigned long long)t->dims[0], (unsigned long long)t->dims[1]);
    assert_int_equal(t->size, t->dims[0] * t->dims[1] * size);
    void *copy = test_malloc(t->size);
    memcpy(copy, t->bytes, t->size);
    return copy;
}

static size_t length(const char *name)
{
    const struct gguf_tensor *t = gguf_find_tensor(f.vectors, name);
    return t ? (size_t)t->dims[0] : 0;
}

static int open_fixture(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *there = fopen(vectors_path, "rb");
    if (!there) return 0; /* every test then says so */
    fclose(there);
    if (model_open(&f.m, model_path, &e) != 0 || gguf_open(&f.vectors, vectors_path, &e) != 0 ||
        backend_open(&f.b, "cpu", 2, &e) != 0 || session_open(&f.s, f.m, f.b, &e) != 0) {
        print_error("%s\n", e.text);
        return -1;
    }
    f.n = length("text_ids");
    f.n_question = length("question_ids");
    f.keys = malloc(f.n * f.m->evidence.width);
    f.logits = malloc(f.n * f.m->n_vocab * sizeof *f.logits);
    return f.keys && f.logits ? 0 : -1;
}

static int close_fixture(void **state)
{
    (void)state;
    free(f.keys);
    free(f.logits);
    session_close(f.s);
    backend_close(f.b);
    gguf_close(f.vectors);
    model_close(f.m);
    return 0;
}

static void need_vectors(void)
{
    if (f.m) return;
    print_message("%s is not there\n", vectors_path);
    skip();
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (isnan(d) || d > largest) largest = d;
    }
    return largest;
}

/* Reads the text from the beginning; keys and logits of all its tokens. */
static void read_text(void)
{
    struct error e = {0};
    int32_t *ids = vectors("text_ids", 0, 1, sizeof *ids);
    session_close(f.s);
    assert_ok(session_open(&f.s, f.m, f.b, &e), e);
    assert_ok(session_prefill(f.s, ids, f.n, &(struct session_outputs){.logits = f.logits, .keys = f.keys}, &e), e);
    test_free(ids);
}

static void logits_in_the_text_equal_pytorch(void **state)
{
    (void)state;
    need_vectors();
    read_text();
    size_t n = length("logit_positions"), vocab = f.m->n_vocab;
    int32_t *positions = vectors("logit_positions", 0, 1, sizeof *positions);
    float *expected = vectors("logits", vocab, n, sizeof *expected);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        assert_in_range(positions[i], 0, f.n - 1);
        double d = largest_difference(f.logits + (size_t)positions[i] * vocab, expected + i * vocab, vocab);
        if (isnan(d) || d > largest) largest = d;
    }
    print_message("largest difference of %zu x %zu logits: %.2e\n", n, vocab, largest);
    assert_true(largest <= LOGIT_TOLERANCE);
    test_free(positions);
    test_free(expected);
}

static void evidence_keys_equal_pytorch_within_one_step(void **state)
{
    (void)state;
    need_vectors();
    read_text();
    int8_t *expected = vectors("evidence_keys", f.m->evidence.width, f.n, sizeof *expected);
    size_t n = f.n * f.m->evidence.width, different = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(abs(f.keys[i] - expected[i]) <= 1);
        different += f.keys[i] != expected[i];
    }
    print_message("%zu of %zu key columns differ by one step\n", different, n);
    assert_true(different <= n / 1000); /* rounding at a half */
    test_free(expected);
}

static void the_evidence_attention_equals_pytorch(void **state)
{
    (void)state;
    need_vectors();
    struct error e = {0};
    read_text();
    const size_t width = f.m->evidence.width, m = f.n_question - 1, vocab = f.m->n_vocab;
    int32_t *question = vectors("question_ids", 0, 1, sizeof *question);
    float *last = malloc(vocab * sizeof *last), *queries = malloc(f.n_question * width * sizeof *queries);
    float *tau = malloc(f.n_question * sizeof *tau), *gate = malloc(f.n_question * sizeof *gate);
    uint64_t w = f.m->branch[0].segment_length, begin = (f.n + w - 1) / w * w;
    assert_ok(session_skip_to(f.s, begin, &e), e);
    struct session_outputs out = {.last_logits = last, .queries = queries, .tau = tau, .gate = gate};
    assert_ok(session_prefill(f.s, question, f.n_question, &out, &e), e);
    float *expected = vectors("question_logits", vocab, 1, sizeof *expected);
    double d = largest_difference(last, expected, vocab);
    print_message("largest difference of the question's logits: %.2e\n", d);
    assert_true(d <= LOGIT_TOLERANCE);
    test_free(expected);

    struct evidence *v;
    assert_ok(evidence_open(&v, f.m, queries + width, tau + 1, gate + 1, (uint32_t)m, &e), e);
    float score, share, *got = malloc(f.n * sizeof *got);
    const uint64_t starts[] = {0, f.n};
    assert_ok(evidence_attend(v, f.m, f.b, f.keys, f.n, f.n, starts, 1, &score, &share, NULL, &e), e);
    assert_true(fabs((double)share - 1) < 1e-4); /* the whole text is one segment */
    expected = vectors("gate", m, 1, sizeof *expected);
    assert_true(largest_difference(v->gate, expected, m) <= EVIDENCE_TOLERANCE);
    test_free(expected);
    expected = vectors("evidence", f.n, 1, sizeof *expected);
    evidence_share(v, f.keys, 0, f.n, -1, got);
    d = largest_difference(got, expected, f.n);
    print_message("largest difference of the evidence attention: %.2e\n", d);
    assert_true(d <= EVIDENCE_TOLERANCE);
    test_free(expected);
    expected = vectors("evidence_tokens", f.n, m, sizeof *expected);
    for (size_t t = 0; t < m; t++) {
        evidence_share(v, f.keys, 0, f.n, (int)t, got);
        assert_true(largest_difference(got, expected + t * f.n, f.n) <= EVIDENCE_TOLERANCE);
    }
    test_free(expected);
    test_free(question);
    evidence_close(v);
    free(got);
    free(last);
    free(queries);
    free(tau);
    free(gate);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        model_path = argv[1];
        vectors_path = argv[2];
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_in_the_text_equal_pytorch),
        cmocka_unit_test(evidence_keys_equal_pytorch_within_one_step),
        cmocka_unit_test(the_evidence_attention_equals_pytorch),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
