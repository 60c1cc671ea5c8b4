/* What the screen and the exports read out of an inspection. */
#include "tests/test.h"

#include "app/reader/inspected.h"
#include "compute/model.h"

static const struct model model = {
    .n_layer = 1, .n_head = 3, .n_branch = 3, .branch = {{8, 1}, {32, 2}, {128, 16}}, .offset_rule = OFFSET_PAPER};

/* 37 tokens of text, a question of 4 at 40: key masses by hand, branches' masses layer 0, head, branch, token. */
static struct inspected *opened(const struct inspected_choice *c)
{
    static const struct inspect_key keys[] = {{1, 0.05, 4}, {33, 0.10, 6}, {35, 0.02, 2}, {36, 0.10, 2}, {40, 0.73, 7}};
    struct error e = {0};
    struct inspection *in = calloc(1, sizeof *in);
    struct inspected *out;
    *in = (struct inspection){.n_text = 37, .start = 40, .n_layer = 1, .n_head = 3, .n_branch = 3, .n_token = 4};
    in->keys = malloc(sizeof keys);
    memcpy(in->keys, keys, sizeof keys);
    in->n_keys = sizeof keys / sizeof keys[0];
    in->mass = calloc(3 * 3 * 4, sizeof *in->mass);
    in->text = calloc(3 * 3 * 4, sizeof *in->text);
    for (uint32_t head = 0; head < 3; head++)
        for (uint32_t t = 0; t < 4; t++) {
            in->mass[inspection_at(in, 0, head, 0, t)] = 0.5f;
            in->mass[inspection_at(in, 0, head, 1, t)] = 0.25f * (float)(head + 1);
            in->text[inspection_at(in, 0, head, 1, t)] = 0.125f * (float)t;
        }
    assert_ok(inspected_open(&out, in, c, &e), e);
    return out;
}

static void shares_are_sums_of_the_keys_in_a_span(void **state)
{
    (void)state;
    uint64_t hot = 0;
    struct inspected *i = opened(&(struct inspected_choice){-1, -1, -1, -1});
    assert_true(inspected_share(i, 0, 1) == 0);
    assert_float_equal((float)inspected_share(i, 1, 34), 0.15f, 1e-6f);
    assert_float_equal((float)inspected_share(i, 34, 40), 0.12f, 1e-6f);
    assert_float_equal((float)inspected_share(i, 5, 5), 0, 0);
    assert_float_equal((float)i->on_text, 0.27f, 1e-6f);
    assert_float_equal((float)i->on_question, 0.73f, 1e-6f);
    assert_true(inspected_hottest(i, 2, 36, &hot));
    assert_int_equal(hot, 33);
    assert_false(inspected_hottest(i, 2, 33, &hot));
    inspected_close(i);
}

static void places_are_the_text_by_falling_mass_and_ties_by_position(void **state)
{
    (void)state;
    static const uint64_t positions[] = {33, 36, 1, 35};
    struct inspected *i = opened(&(struct inspected_choice){-1, -1, -1, -1});
    assert_int_equal(i->n_places, 4);
    for (size_t k = 0; k < 4; k++) assert_int_equal(i->places[k].position, positions[k]);
    assert_int_equal(i->places[0].branches, 6);
    inspected_close(i);
}

static void a_branch_tells_its_grid_by_the_index_rule(void **state)
{
    (void)state;
    struct inspected_branch b;
    struct inspected *i = opened(&(struct inspected_choice){-1, -1, -1, -1});
    /* (8, 1): the question starts a segment, so that nothing of the text is in it. */
    inspected_branch(i, &model, 0, &b);
    assert_int_equal(b.segment, 40);
    assert_int_equal(b.n_keys, 0);
    assert_int_equal(b.n_covered, 4);
    assert_float_equal((float)b.mass, 0.5f, 1e-6f);
    assert_true(b.text == 0);
    /* (32, 2): heads 0 and 2 have offset 0, head 1 offset 1; of [32, 37) all are on one grid or the other. */
    inspected_branch(i, &model, 1, &b);
    assert_int_equal(b.segment, 32);
    assert_int_equal(b.offset_first, 0);
    assert_int_equal(b.offset_last, 1);
    assert_int_equal(b.n_keys, 5);
    assert_int_equal(b.key_first, 32);
    assert_int_equal(b.key_last, 36);
    assert_int_equal(b.n_covered, 4);
    assert_float_equal((float)b.mass, 0.5f, 1e-6f);
    assert_float_equal((float)b.text, 0.1875f, 1e-6f);
    /* (128, 16): offsets 0, 1, 2: 0 16 32, 1 17 33, 2 18 34; 40 mod 16 is 8, so no token is on a grid. */
    inspected_branch(i, &model, 2, &b);
    assert_int_equal(b.n_keys, 9);
    assert_int_equal(b.key_first, 0);
    assert_int_equal(b.key_last, 34);
    assert_int_equal(b.n_covered, 0);
    assert_int_equal(b.n_tokens, 4);
    inspected_close(i);
}

static void a_picked_head_and_token_have_their_own_grid_and_mass(void **state)
{
    (void)state;
    struct inspected_branch b;
    struct inspected *i = opened(&(struct inspected_choice){-1, 1, -1, 3});
    inspected_branch(i, &model, 1, &b);
    assert_int_equal(b.offset_first, 1);
    assert_int_equal(b.offset_last, 1);
    assert_int_equal(b.n_keys, 2);
    assert_int_equal(b.key_first, 33);
    assert_int_equal(b.key_last, 35);
    assert_int_equal(b.n_covered, 1); /* 43 is odd */
    assert_int_equal(b.n_tokens, 1);
    assert_float_equal((float)b.mass, 0.5f, 1e-6f);
    assert_float_equal((float)b.text, 0.375f, 1e-6f);
    assert_float_equal((float)inspected_head(i, 0, 1), 0.375f, 1e-6f);
    inspected_close(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_sums_of_the_keys_in_a_span),
        cmocka_unit_test(places_are_the_text_by_falling_mass_and_ties_by_position),
        cmocka_unit_test(a_branch_tells_its_grid_by_the_index_rule),
        cmocka_unit_test(a_picked_head_and_token_have_their_own_grid_and_mass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
