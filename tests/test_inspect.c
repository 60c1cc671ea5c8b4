/* A question's attention taken apart, against the model's definition in double precision and against the worked example
 * of the index rule, counted by hand. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/inspect.h"
#include "compute/kv_cache.h"
#include "compute/session.h"
#include "tests/model_definition.h"
#include "tests/synthetic_model.h"
#include "tests/test_device.h"

#define TOLERANCE test_tolerance(2e-6, 2e-2)

enum { V = SYNTHETIC_VOCAB, N_TEXT = 203, N_QUESTION = 21, N = N_TEXT + N_QUESTION };

static struct session *read_text(const struct model *m, const int32_t *ids, size_t n)
{
    struct error e = {0};
    struct session *s;
    assert_ok(session_open(&s, m, test_backend, &e), e);
    assert_ok(session_prefill(s, ids, n, NULL, &e), e);
    return s;
}

static struct inspect_choice everything(const struct model *m, uint32_t n)
{
    return (struct inspect_choice){{0, m->n_layer}, {0, m->n_head}, {0, m->n_branch}, {0, n}};
}

/* ---- against the definition ---- */

struct compared {
    const struct model *model;
    const struct inspection *got;
    struct inspect_choice choice;
    const uint64_t *positions;
    double sums[N]; /* of the choice, by place in `positions` */
};

static void compare_token(struct compared *c, const struct layer_vectors *all, uint32_t layer, uint32_t head,
                          uint32_t token)
{
    const struct model *m = c->model;
    const size_t t = N_TEXT + token;
    double part[DILATION_MAX_BRANCHES][N] = {{0}}, total = 0;
    for (uint32_t i = 0; i < m->n_branch; i++)
        for (size_t p = 0; p <= t; p++)
            total += part[i][p] = exp(definition_logit(&all->attention, i, head, c->positions[t], c->positions[p]));
    for (uint32_t i = 0; i < m->n_branch; i++) {
        double mass = 0, text = 0;
        for (size_t p = 0; p <= t; p++) {
            mass += part[i][p] / total;
            text += p < N_TEXT ? part[i][p] / total : 0;
            if (layer >= c->choice.layers.begin && layer < c->choice.layers.end && head >= c->choice.heads.begin &&
                head < c->choice.heads.end && i >= c->choice.branches.begin && i < c->choice.branches.end &&
                token >= c->choice.tokens.begin && token < c->choice.tokens.end)
                c->sums[p] += part[i][p] / total;
        }
        size_t at = inspection_at(c->got, layer, head, i, token);
        if (!(fabs((double)c->got->mass[at] - mass) <= TOLERANCE && fabs((double)c->got->text[at] - text) <= TOLERANCE))
            fail_msg("layer %u, head %u, branch %u, token %u: %.8g, of the text %.8g; expected %.8g and %.8g", layer,
                     head, i, token, (double)c->got->mass[at], (double)c->got->text[at], mass, text);
    }
}

static void compare_layer(void *context, uint32_t layer, const struct layer_vectors *all)
{
    struct compared *c = context;
    for (uint32_t head = 0; head < c->model->n_head; head++)
        for (uint32_t token = 0; token < N_QUESTION; token++) compare_token(c, all, layer, head, token);
}

/* The text is read up to N_TEXT, the question stands at `start`. */
static void expect_definition(uint32_t n_head_kv, uint64_t start, const struct inspect_choice *choice)
{
    struct model m;
    synthetic_model_small(&m, 3, n_head_kv);
    struct error e = {0};
    int32_t ids[N];
    uint64_t positions[N], seed = 5;
    for (size_t i = 0; i < N; i++) ids[i] = (int32_t)(test_random(&seed) % V);
    for (size_t i = 0; i < N; i++) positions[i] = i < N_TEXT ? i : start + (i - N_TEXT);
    struct session *s = read_text(&m, ids, N_TEXT);
    struct inspection *in;
    struct compared c = {.model = &m, .choice = choice ? *choice : everything(&m, N_QUESTION), .positions = positions};
    assert_ok(inspect_open(&in, s, &m, start, ids + N_TEXT, N_QUESTION, &c.choice, NULL, &e), e);
    assert_int_equal(session_position(s), N_TEXT);
    c.got = in;
    define(&m, ids, positions, N, compare_layer, &c, NULL);
    double n = (double)(c.choice.layers.end - c.choice.layers.begin) * (c.choice.heads.end - c.choice.heads.begin) *
               (c.choice.tokens.end - c.choice.tokens.begin);
    size_t key = 0;
    for (size_t p = 0; p < N; p++) {
        if (!(c.sums[p] > 0)) continue;
        assert_true(key < in->n_keys);
        assert_int_equal(in->keys[key].position, positions[p]);
        assert_true(fabs(in->keys[key++].mass - c.sums[p] / n) <= TOLERANCE);
    }
    assert_int_equal(key, in->n_keys);
    inspect_close(in);
    session_close(s);
    synthetic_model_close(&m);
}

static void every_mass_is_what_the_definition_says(void **state)
{
    (void)state;
    for (uint32_t kv = 1; kv <= 4; kv *= 2) {
        expect_definition(kv, N_TEXT, NULL); /* in the middle of every segment */
        expect_definition(kv, 208, NULL);    /* at the next boundary of the local branch */
        expect_definition(kv, 256, NULL);    /* where three branches begin anew */
    }
}

static void a_choice_is_the_mean_over_its_layers_heads_and_tokens(void **state)
{
    (void)state;
    expect_definition(4, 208, &(struct inspect_choice){{1, 2}, {0, 4}, {0, 5}, {0, N_QUESTION}});
    expect_definition(4, 208, &(struct inspect_choice){{0, 3}, {3, 4}, {1, 2}, {0, N_QUESTION}});
    expect_definition(2, 208, &(struct inspect_choice){{2, 3}, {2, 3}, {2, 3}, {2, 3}});
}

/* ---- against the index rule, on the model that ships ---- */

enum { BOOK_TOKENS = 1500, ASKED = 8 };

/* Queries and keys of every layer, of the text and of the question at `start`, as a session computes them. */
struct book {
    struct model *model;
    int32_t text[BOOK_TOKENS], question[ASKED];
    uint64_t start;
    float *of_text, *of_question; /* [layer][token][(H + 2 H_kv) D] */
    const struct attention *shape;
};

/* Where the question's tokens stand, behind the text. */
static uint64_t book_position(const struct book *b, size_t t)
{
    return t < BOOK_TOKENS ? t : b->start + (t - BOOK_TOKENS);
}

struct book_layer {
    const struct book *book;
    uint32_t layer;
};

static bool read_book(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct book_layer *l = context;
    const struct book *b = l->book;
    const struct model *m = b->model;
    const size_t width = (m->n_head + 2 * (size_t)m->n_head_kv) * m->head_dim;
    const bool of_text = position < BOOK_TOKENS;
    if (!of_text && position < b->start) return false;
    const float *row = of_text ? b->of_text + ((size_t)l->layer * BOOK_TOKENS + position) * width
                               : b->of_question + ((size_t)l->layer * ASKED + (position - b->start)) * width;
    for (uint32_t i = 0; i < m->head_dim; i++) to[i] = (double)row[column + i];
    return true;
}

static void expect_book(const struct book *b, const struct inspection *in, uint32_t layer, uint32_t head,
                        uint32_t token)
{
    const struct model *m = b->model;
    const struct definition d = {
        b->shape, 0, b->start + ASKED, true, (double)m->rope_base, read_book, &(struct book_layer){b, layer}, 0};
    double mass[DILATION_MAX_BRANCHES] = {0}, text[DILATION_MAX_BRANCHES] = {0}, total = 0;
    for (uint32_t i = 0; i < m->n_branch; i++) {
        for (size_t p = 0; p <= (size_t)BOOK_TOKENS + token; p++) {
            double weight = exp(definition_logit(&d, i, head, b->start + token, book_position(b, p)));
            mass[i] += weight;
            text[i] += p < BOOK_TOKENS ? weight : 0;
        }
        total += mass[i];
    }
    for (uint32_t i = 0; i < m->n_branch; i++) {
        size_t at = inspection_at(in, layer, head, i, token);
        assert_true(fabs((double)in->mass[at] - mass[i] / total) < 2e-6);
        assert_true(fabs((double)in->text[at] - text[i] / total) < 2e-6);
    }
}

static void the_shipped_model_is_taken_apart_as_the_index_rule_says(void **state)
{
    (void)state;
    struct error e = {0};
    struct book b = {.start = 1536};
    if (strcmp(test_device, "cpu") != 0) skip(); /* a device computes the queries; what is done with them is the same */
    assert_ok(model_open(&b.model, "models/lectern-causal.gguf", &e), e);
    const struct model *m = b.model;
    uint64_t seed = 9;
    for (int i = 0; i < BOOK_TOKENS; i++) b.text[i] = (int32_t)(test_random(&seed) % m->n_vocab);
    for (int i = 0; i < ASKED; i++) b.question[i] = i ? (int32_t)(test_random(&seed) % m->n_vocab) : m->token_question;
    const size_t row = (m->n_head + 2 * (size_t)m->n_head_kv) * m->head_dim * sizeof(float);
    b.of_text = malloc(m->n_layer * BOOK_TOKENS * row);
    b.of_question = malloc(m->n_layer * ASKED * row);
    struct session *s;
    struct inspection *in;
    const struct inspect_choice all = everything(m, ASKED);
    assert_ok(session_open(&s, m, test_backend, &e), e);
    assert_ok(session_prefill(s, b.text, BOOK_TOKENS, &(struct session_outputs){.qkv = b.of_text}, &e), e);
    assert_ok(inspect_open(&in, s, m, b.start, b.question, ASKED, &all, NULL, &e), e);
    assert_ok(session_skip_to(s, b.start, &e), e);
    assert_ok(session_prefill(s, b.question, ASKED, &(struct session_outputs){.qkv = b.of_question}, &e), e);
    b.shape = &session_cache(s)->shape;
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        for (uint32_t head = 0; head < m->n_head; head++)
            for (uint32_t t = 0; t < ASKED; t++) expect_book(&b, in, layer, head, t);
    inspect_close(in);
    session_close(s);
    free(b.of_text);
    free(b.of_question);
    model_close(b.model);
}

/* ---- against the worked example ---- */

/* Queries of zeros: every key has the same weight, once for each branch that sees it. */
static void even_model(struct model *m)
{
    *m = (struct model){.n_embd = 24,
                        .n_layer = 1,
                        .n_head = 4,
                        .n_head_kv = 4,
                        .head_dim = 6,
                        .n_ff = 40,
                        .n_vocab = V,
                        .offset_rule = OFFSET_PAPER,
                        .n_branch = 3,
                        .branch = {{4, 1}, {8, 2}, {16, 4}},
                        .context_length = 64};
    synthetic_model_fill(m, 3);
    memset((void *)(uintptr_t)m->layers[0].attn_q.bytes, 0, (size_t)24 * 24 * sizeof(float));
}

static void even_attention_counts_the_branches_that_see_a_position(void **state)
{
    (void)state;
    struct model m;
    even_model(&m);
    struct error e = {0};
    int32_t ids[15];
    for (int i = 0; i < 15; i++) ids[i] = 7 + i;
    struct session *s = read_text(&m, ids, 12);
    struct inspection *in;
    /* Token 14 in head 2 sees 2 6 8 10 (twice) 12 (twice) 13 14 (three times). */
    struct inspect_choice choice = {{0, 1}, {2, 3}, {0, 3}, {2, 3}};
    assert_ok(inspect_open(&in, s, &m, 12, ids + 12, 3, &choice, NULL, &e), e);
    static const uint64_t position[] = {2, 6, 8, 10, 12, 13, 14};
    static const double count[] = {1, 1, 1, 2, 2, 1, 3};
    static const uint32_t branches[] = {4, 4, 2, 6, 3, 1, 7};
    assert_int_equal(in->n_keys, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(in->keys[i].position, position[i]);
        assert_int_equal(in->keys[i].branches, branches[i]);
        assert_true(fabs(in->keys[i].mass - count[i] / 11) < 1e-6);
    }
    /* (4, 1): 12 13 14; (8, 2): 8 10 12 14; (16, 4): 2 6 10 14. Of them 8 10 2 6 10 lie before the question. */
    assert_true(fabsf(in->mass[inspection_at(in, 0, 2, 0, 2)] - 3.0f / 11) < 1e-6f);
    assert_true(fabsf(in->mass[inspection_at(in, 0, 2, 1, 2)] - 4.0f / 11) < 1e-6f);
    assert_true(fabsf(in->mass[inspection_at(in, 0, 2, 2, 2)] - 4.0f / 11) < 1e-6f);
    assert_true(fabsf(in->text[inspection_at(in, 0, 2, 0, 2)]) < 1e-6f);
    assert_true(fabsf(in->text[inspection_at(in, 0, 2, 1, 2)] - 2.0f / 11) < 1e-6f);
    assert_true(fabsf(in->text[inspection_at(in, 0, 2, 2, 2)] - 3.0f / 11) < 1e-6f);
    /* Head 1 stands on odd positions in both far branches: 14 has its local segment alone. */
    assert_true(fabsf(in->mass[inspection_at(in, 0, 1, 0, 2)] - 1) < 1e-6f);
    assert_true(in->mass[inspection_at(in, 0, 1, 1, 2)] == 0 && in->mass[inspection_at(in, 0, 1, 2, 2)] == 0);
    inspect_close(in);
    session_close(s);
    synthetic_model_close(&m);
}

static void branches_that_do_not_cover_a_token_have_no_mass_and_the_others_all(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 3, 4);
    struct error e = {0};
    int32_t ids[N];
    for (int i = 0; i < N; i++) ids[i] = i % V;
    struct session *s = read_text(&m, ids, N_TEXT);
    struct inspection *in;
    struct inspect_choice all = everything(&m, N_QUESTION);
    assert_ok(inspect_open(&in, s, &m, 208, ids + N_TEXT, N_QUESTION, &all, NULL, &e), e);
    for (uint32_t layer = 0; layer < m.n_layer; layer++)
        for (uint32_t head = 0; head < m.n_head; head++)
            for (uint32_t t = 0; t < N_QUESTION; t++) {
                double sum = 0;
                for (uint32_t i = 0; i < m.n_branch; i++) {
                    double mass = (double)in->mass[inspection_at(in, layer, head, i, t)];
                    const struct branch *b = &m.branch[i];
                    bool covered = (208 + t) % b->segment_length % b->dilation_rate == head % b->dilation_rate;
                    assert_int_equal(mass > 0, covered);
                    sum += mass;
                }
                assert_true(fabs(sum - 1) < 1e-5);
            }
    double sum = 0;
    for (size_t i = 0; i < in->n_keys; i++) sum += in->keys[i].mass;
    assert_true(fabs(sum - 1) < 1e-5);
    inspect_close(in);
    session_close(s);
    synthetic_model_close(&m);
}

/* ---- the session ---- */

static void the_session_is_left_as_it_was(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 3, 4);
    struct error e = {0};
    int32_t ids[N];
    float logits[V], expected[V];
    for (int i = 0; i < N; i++) ids[i] = i * 7 % V;
    struct session *plain = read_text(&m, ids, N_TEXT), *inspected = read_text(&m, ids, N_TEXT);
    struct inspect_choice all = everything(&m, N_QUESTION);
    struct inspection *in;
    assert_ok(inspect_open(&in, inspected, &m, 256, ids + N_TEXT, N_QUESTION, &all, NULL, &e), e);
    inspect_close(in);
    size_t size = session_state_size(plain);
    assert_int_equal(session_state_size(inspected), size);
    uint8_t *a = malloc(size), *b = malloc(size);
    assert_ok(session_state_save(plain, a, size, &e), e);
    assert_ok(session_state_save(inspected, b, size, &e), e);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
    assert_ok(session_decode(plain, 5, expected, &e), e);
    assert_ok(session_decode(inspected, 5, logits, &e), e);
    assert_memory_equal(logits, expected, sizeof logits);
    session_close(plain);
    session_close(inspected);
    synthetic_model_close(&m);
}

static void what_cannot_be_inspected_says_why(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 3, 4);
    struct error e = {0};
    int32_t ids[N] = {0};
    struct session *s = read_text(&m, ids, 20);
    struct inspect_choice all = everything(&m, 2);
    struct inspection *in = NULL;
    assert_int_equal(
        inspect_open(&in, s, &m, 20, ids, 0, &(struct inspect_choice){{0, 1}, {0, 1}, {0, 1}, {0, 0}}, NULL, &e), -1);
    assert_string_equal(e.text, "a question of 0 tokens cannot be looked into");
    const atomic_bool cancel = true;
    assert_int_equal(inspect_open(&in, s, &m, 32, ids, 2, &all, &cancel, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(session_position(s), 20);
    assert_ok(session_skip_to(s, 40, &e), e);
    assert_int_equal(inspect_open(&in, s, &m, 48, ids, 2, &all, NULL, &e), -1);
    assert_string_equal(e.text, "the caches hold a text that was not read without gaps");
    assert_null(in);
    session_close(s);
    synthetic_model_close(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mass_is_what_the_definition_says),
        cmocka_unit_test(a_choice_is_the_mean_over_its_layers_heads_and_tokens),
        cmocka_unit_test(the_shipped_model_is_taken_apart_as_the_index_rule_says),
        cmocka_unit_test(even_attention_counts_the_branches_that_see_a_position),
        cmocka_unit_test(branches_that_do_not_cover_a_token_have_no_mass_and_the_others_all),
        cmocka_unit_test(the_session_is_left_as_it_was),
        cmocka_unit_test(what_cannot_be_inspected_says_why),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
