/* Every family of chat models against PyTorch's transformers: small random models, made by tests/data/chat_reference.py
 * with the logits and the greedy tokens in their files. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/family.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/session.h"
#include "tests/test_device.h"

static struct error e;

static const int32_t *ids_of(const struct model *m, const char *name, size_t *n)
{
    const struct gguf_tensor *t = gguf_find_tensor(m->file, name);
    assert_non_null(t);
    assert_int_equal(t->type, GGUF_TENSOR_I32);
    *n = (size_t)t->dims[0];
    return (const int32_t *)(const void *)t->bytes;
}

static int32_t likeliest(const struct model *m, const float *logits)
{
    int32_t best = 0;
    for (uint32_t i = 1; i < m->n_vocab; i++)
        if (logits[i] > logits[best]) best = (int32_t)i;
    return best;
}

static bool has_few_bits(void)
{
    return strncmp(test_device, "cpu/", 4) == 0 && strcmp(test_device, "cpu/fp32") != 0;
}

/* How far logits may be off, of the largest. A row of these models has 32 to 128 numbers, whose largest is about twice
 * their mean size: a step of int8 (a 63rd of it, of weights) is off by 1 % of a number, five times what bf16 rounds
 * off. After the layers it is 2 to 9 % and .3 to 1.6 %, alike for all families; what a family leaves out is more. */
static float tolerance(void)
{
    if (!has_few_bits()) return (float)test_tolerance(2e-5, 2e-2);
    return strcmp(test_device, "cpu/bf16") == 0 ? 0.025f : 0.12f;
}

static void expect_logits(const struct model *m, const float *got, const float *wanted, const char *where)
{
    float largest = 0;
    for (uint32_t i = 0; i < m->n_vocab; i++) largest = fmaxf(largest, fabsf(wanted[i]));
    for (uint32_t i = 0; i < m->n_vocab; i++)
        if (!(fabsf(got[i] - wanted[i]) <= largest * tolerance()))
            fail_msg("%s: logit %u is %f, expected %f", where, i, (double)got[i], (double)wanted[i]);
}

/* The prompt at once, and in two chunks; then token by token. */
static void check(const char *family)
{
    char path[64];
    struct model *m;
    struct session *s;
    size_t n, n_greedy;
    snprintf(path, sizeof path, "tests/data/chat_%s.gguf", family);
    assert_ok(model_open(&m, path, &e), e);
    assert_string_equal(m->family->name, family);
    const int32_t *ids = ids_of(m, "vectors.ids", &n), *greedy = ids_of(m, "vectors.greedy", &n_greedy);
    const float *wanted = (const float *)(const void *)gguf_find_tensor(m->file, "vectors.logits")->bytes;
    float *logits = malloc(n * m->n_vocab * sizeof *logits), *last = logits + (n - 1) * m->n_vocab;
    assert_non_null(logits);
    assert_ok(session_open(&s, m, test_backend, &e), e);
    assert_ok(session_prefill(s, ids, n, &(struct session_outputs){.logits = logits}, &e), e);
    expect_logits(m, logits, wanted, "first");
    expect_logits(m, last, wanted + m->n_vocab, "last");
    assert_ok(session_truncate(s, 0, &e), e);
    assert_ok(session_prefill(s, ids, 7, NULL, &e), e);
    assert_ok(session_prefill(s, ids + 7, n - 7, &(struct session_outputs){.last_logits = last}, &e), e);
    expect_logits(m, last, wanted + m->n_vocab, "last of the second chunk");
    assert_int_equal(n_greedy, 50);
    size_t others = 0;
    for (size_t i = 0; i < n_greedy; i++) {
        others += likeliest(m, last) != greedy[i];
        assert_ok(session_decode(s, greedy[i], last, &e), e);
    }
    assert_in_range(others, 0,
                    test_tolerance(0, 1) == 0 && !has_few_bits() ? 0 : 6); /* two that are nearly as likely */
    session_close(s);
    free(logits);
    model_close(m);
}

static void llama_with_factors_equals_the_reference(void **state)
{
    (void)state;
    check("llama");
}

static void qwen2_equals_the_reference(void **state)
{
    (void)state;
    check("qwen2");
}

static void qwen3_equals_the_reference(void **state)
{
    (void)state;
    check("qwen3");
}

static void smollm3_equals_the_reference(void **state)
{
    (void)state;
    check("smollm3");
}

static void gemma3_equals_the_reference(void **state)
{
    (void)state;
    check("gemma3");
}

static void lfm2_equals_the_reference(void **state)
{
    (void)state;
    check("lfm2");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama_with_factors_equals_the_reference),
        cmocka_unit_test(qwen2_equals_the_reference),
        cmocka_unit_test(qwen3_equals_the_reference),
        cmocka_unit_test(smollm3_equals_the_reference),
        cmocka_unit_test(gemma3_equals_the_reference),
        cmocka_unit_test(lfm2_equals_the_reference),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
