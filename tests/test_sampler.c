/* The next token: the likeliest, or one drawn from the likely ones as often as its probability says. */
#include "tests/test.h"

#include <math.h>

#include "app/answer/answerer.h"
#include "app/answer/sampler.h"

static struct sampler *open_with(float temperature, float top_p, uint64_t seed, size_t n)
{
    struct error e = {0};
    struct sampler *s;
    assert_ok(sampler_open(&s, &(struct chat_sampling){temperature, top_p, seed}, n, &e), e);
    return s;
}

static void without_a_temperature_the_likeliest_is_taken(void **state)
{
    (void)state;
    struct sampler *s = open_with(0, 1, 3, 4);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sampler_choose(s, (const float[]){1, 7, 3, 7}), 1); /* the first of two */
    sampler_close(s);
}

static void draws_follow_the_probabilities(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    const float logits[] = {0, logf(2), logf(5), -30}; /* 1/8, 2/8, 5/8, nothing */
    struct sampler *s = open_with(1, 1, 17, 4);
    int n[4] = {0};
    for (int i = 0; i < DRAWS; i++) n[sampler_choose(s, logits)]++;
    assert_float_equal((double)n[0] / DRAWS, 0.125, 0.01);
    assert_float_equal((double)n[1] / DRAWS, 0.250, 0.012);
    assert_float_equal((double)n[2] / DRAWS, 0.625, 0.013);
    assert_int_equal(n[3], 0);
    sampler_close(s);
}

static void a_high_temperature_evens_them_out(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    const float logits[] = {0, 2 * logf(3)}; /* 1/10, 9/10; at temperature 2: 1/4, 3/4 */
    struct sampler *s = open_with(2, 1, 5, 2);
    int n[2] = {0};
    for (int i = 0; i < DRAWS; i++) n[sampler_choose(s, logits)]++;
    assert_float_equal((double)n[0] / DRAWS, 0.25, 0.012);
    sampler_close(s);
}

static void top_p_leaves_out_the_unlikely(void **state)
{
    (void)state;
    const float logits[] = {0, logf(2), logf(5)};
    struct sampler *s = open_with(1, 0.6f, 1, 3); /* 5/8 is enough */
    for (int i = 0; i < 200; i++) assert_int_equal(sampler_choose(s, logits), 2);
    sampler_close(s);
    s = open_with(1, 0.7f, 1, 3); /* 5/8 is not: 2/8 belong to it */
    int n[3] = {0};
    for (int i = 0; i < 2000; i++) n[sampler_choose(s, logits)]++;
    assert_int_equal(n[0], 0);
    assert_true(n[1] > 400 && n[2] > 1000);
    sampler_close(s);
}

static void a_seed_gives_the_same_words_again(void **state)
{
    (void)state;
    const float logits[] = {0, 0, 0, 0, 0, 0, 0, 0};
    struct sampler *s = open_with(1, 1, 42, 8), *other = open_with(1, 1, 43, 8);
    int32_t first[50];
    int same = 0;
    for (int i = 0; i < 50; i++) {
        first[i] = sampler_choose(s, logits);
        same += sampler_choose(other, logits) == first[i];
    }
    assert_true(same < 25); /* another seed, other words */
    sampler_restart(s);
    for (int i = 0; i < 50; i++) assert_int_equal(sampler_choose(s, logits), first[i]);
    sampler_close(s);
    sampler_close(other);
}

static void infinite_logits_are_survived(void **state)
{
    (void)state;
    struct sampler *s = open_with(1, 1, 1, 3);
    assert_int_equal(sampler_choose(s, (const float[]){-INFINITY, 1, -INFINITY}), 1);
    const int32_t id = sampler_choose(s, (const float[]){-INFINITY, -INFINITY, -INFINITY});
    assert_true(id >= 0 && id < 3);
    sampler_close(s);
    sampler_close(NULL);
}

/* A seed means the same words on every machine and in every version: these draws are written down. */
static void the_draws_of_a_seed_are_these(void **state)
{
    (void)state;
    static const float logits[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const int32_t of_7[] = {3, 0, 9, 5, 4, 2, 4, 3, 1, 4, 1, 9}, of_8[] = {6, 6, 6, 5, 0, 3, 9, 3, 0, 4, 6, 7};
    struct sampler *s = open_with(1, 1, 7, 10), *t = open_with(1, 1, 8, 10);
    for (size_t i = 0; i < sizeof of_7 / sizeof *of_7; i++) {
        assert_int_equal(sampler_choose(s, logits), of_7[i]);
        assert_int_equal(sampler_choose(t, logits), of_8[i]);
    }
    sampler_close(s);
    sampler_close(t);
}

/* Of words that are as likely, the first ones belong to the likeliest. */
static void words_as_likely_are_taken_in_their_order(void **state)
{
    (void)state;
    static const float logits[] = {2, 2, 2, 2};
    struct sampler *s = open_with(1, 0.5f, 1, 4); /* two of four are half of it */
    int n[4] = {0};
    for (int i = 0; i < 400; i++) n[sampler_choose(s, logits)]++;
    assert_true(n[0] > 100 && n[1] > 100);
    assert_int_equal(n[2] + n[3], 0);
    sampler_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_temperature_the_likeliest_is_taken),
        cmocka_unit_test(draws_follow_the_probabilities),
        cmocka_unit_test(a_high_temperature_evens_them_out),
        cmocka_unit_test(top_p_leaves_out_the_unlikely),
        cmocka_unit_test(a_seed_gives_the_same_words_again),
        cmocka_unit_test(infinite_logits_are_survived),
        cmocka_unit_test(the_draws_of_a_seed_are_these),
        cmocka_unit_test(words_as_likely_are_taken_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
