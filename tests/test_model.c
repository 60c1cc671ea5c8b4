#include "tests/test.h"

#include <math.h>

#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

static int open_bytes(struct model **m, const uint8_t *bytes, size_t size, struct error *e)
{
    return model_open_bytes(m, "tiny.gguf", bytes, size, e);
}

static void a_model_file_opens_with_what_was_written(void **state)
{
    (void)state;
    struct error e;
    struct tiny_model t = tiny_model_default();
    t.offset_rule = OFFSET_TORCHSCALE;
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    struct model *m = NULL;
    assert_ok(open_bytes(&m, bytes, size, &e), e);
    assert_string_equal(m->name, "tiny");
    assert_string_equal(m->path, "tiny.gguf");
    assert_int_equal(m->n_embd, 32);
    assert_int_equal(m->n_layer, 2);
    assert_int_equal(m->n_head, 4);
    assert_int_equal(m->head_dim, 8);
    assert_int_equal(m->n_vocab, 300);
    assert_int_equal(m->n_branch, 3);
    assert_int_equal(m->branch[2].segment_length, 64);
    assert_int_equal(m->branch[2].dilation_rate, 4);
    assert_int_equal(m->context_length, 64);
    assert_int_equal(m->offset_rule, OFFSET_TORCHSCALE);
    assert_int_equal(m->position_mode, POSITION_ROPE_LOCAL);
    assert_int_equal(m->token_answer, TINY_ANSWER);
    assert_int_equal(m->evidence.width, 32);
    assert_int_equal(m->layers[1].ffn_down.cols, 64);
    assert_int_equal(m->layers[1].ffn_down.rows, 32);
    assert_ptr_equal(m->output.bytes, m->token_embd.bytes);
    /* 2 layers of 4 (32 x 32) + 3 (32 x 64) + 2 x 32, an output norm, two tables of 300 x 32, two matrices 32 x 32, a
     * gate of 300, 2 x 32 */
    assert_int_equal(model_n_parameters(m), 2 * (4096 + 6144 + 64) + 32 + 19200 + 2048 + 300 + 64);
    model_close(m);
    free(bytes);
}

/* Opening fails, and the message has the words. */
static void assert_refused(const uint8_t *bytes, size_t size, const char *words)
{
    struct error e = {""};
    struct model *m = NULL;
    assert_int_equal(open_bytes(&m, bytes, size, &e), -1);
    assert_null(m);
    if (!strstr(e.text, words)) fail_msg("\"%s\" has no \"%s\"", e.text, words);
}

static void refuse_changed(void (*change)(struct tiny_model *t), const char *words)
{
    struct tiny_model t = tiny_model_default();
    change(&t);
    size_t size;
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    assert_refused(bytes, size, words);
    free(bytes);
}

static void no_branch(struct tiny_model *t)
{
    t->n_branch = 0;
}
static void rate_of_zero(struct tiny_model *t)
{
    t->branch[1].dilation_rate = 0;
}
static void rate_above_length(struct tiny_model *t)
{
    t->branch[1].dilation_rate = 17;
}
static void length_of_zero(struct tiny_model *t)
{
    t->branch[0] = (struct branch){0, 0};
}
static void huge_length(struct tiny_model *t)
{
    t->branch[2].segment_length = UINT64_MAX;
}
static void odd_heads(struct tiny_model *t)
{
    t->n_head = t->n_head_kv = 32;
}
static void heads_that_do_not_divide(struct tiny_model *t)
{
    t->n_head = t->n_head_kv = 5;
}
static void key_heads_that_do_not_divide(struct tiny_model *t)
{
    t->n_head_kv = 3;
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    refuse_changed(no_branch, "0 segment lengths");
    refuse_changed(rate_of_zero, "branch 1");
    refuse_changed(rate_above_length, "branch 1");
    refuse_changed(length_of_zero, "branch 0");
    refuse_changed(huge_length, "branch 2");
    refuse_changed(odd_heads, "heads of 1 columns");
    refuse_changed(heads_that_do_not_divide, "no multiple of 5 heads");
    refuse_changed(key_heads_that_do_not_divide, "no multiple of 3 key heads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_file_opens_with_what_was_written),
        cmocka_unit_test(impossible_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
