/* Reader 2 on a small file with random weights: keys, queries and gate equal PyTorch's plain definition
 * (models/train/window_small.py), however the text is cut. Of a model and vectors that are named behind the device only
 * the equality with PyTorch is looked at. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/gguf.h"
#include "compute/inspect.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/tokens.h"
#include "compute/window_model.h"
#include "tests/test_device.h"

static const char *model_path = "tests/data/window_small.gguf", *vectors_path = "tests/data/window_small.gguf";

enum { MOST = 1024 };

static struct error e;
static struct model *m;
static struct gguf *file; /* of the vectors */
static uint32_t window, width;
static int32_t ids[MOST]; /* marked where segments begin */
static size_t n_ids;

static const struct gguf_tensor *vectors(const char *name)
{
    const struct gguf_tensor *t = gguf_find_tensor(file, name);
    assert_non_null(t);
    return t;
}

static int open_group(void **state)
{
    if (test_device_open(state) != 0) return -1;
    if (model_open(&m, model_path, &e) != 0 || gguf_open(&file, vectors_path, &e) != 0) {
        print_error("%s\n", e.text);
        return -1;
    }
    window = model_window(m);
    width = m->evidence.width;
    const struct gguf_tensor *given = vectors("vectors.ids"), *segments = vectors("vectors.segments");
    n_ids = given->dims[0];
    assert_true(n_ids <= MOST);
    memcpy(ids, given->bytes, n_ids * sizeof *ids);
    const int64_t *starts = (const int64_t *)(const void *)segments->bytes;
    for (uint64_t i = 0; i < segments->dims[0]; i++) ids[starts[i]] |= TOKENS_SEGMENT;
    return 0;
}

static int close_group(void **state)
{
    gguf_close(file);
    model_close(m);
    return test_device_close(state);
}

static struct session *open_session(void)
{
    struct session *s;
    assert_ok(session_open(&s, m, test_backend, &e), e);
    return s;
}

/* Reads tokens [begin, end) of the text. */
static void read_part(struct session *s, size_t begin, size_t end, int8_t *keys)
{
    const struct session_outputs out = {.keys = keys ? keys + begin * width : NULL};
    assert_int_equal(session_position(s), begin);
    assert_ok(session_prefill(s, ids + begin, end - begin, &out, &e), e);
    assert_int_equal(session_position(s), end);
}

/* Within a step of where it would be rounded otherwise. */
static void expect_keys(const int8_t *keys, size_t n)
{
    const float *expected = (const float *)(const void *)vectors("vectors.keys")->bytes;
    for (size_t i = 0; i < n * width; i++) {
        const double stored = fmin(fmax(254 * (double)expected[i], -127), 127);
        if (!(fabs(keys[i] - stored) <= 0.5 + 254 * test_tolerance(2e-4, 1.5e-2)))
            fail_msg("token %zu: %d, expected %.3f", i / width, keys[i], stored);
    }
}

static void the_keys_equal_pytorchs(void **state)
{
    (void)state;
    struct session *s = open_session();
    int8_t *keys = malloc(n_ids * width);
    read_part(s, 0, n_ids, keys);
    expect_keys(keys, n_ids);
    assert_true(session_memory(s) > 10000);
    free(keys);
    session_close(s);
}

static void any_cut_at_windows_gives_the_same_keys(void **state)
{
    (void)state;
    struct session *s = open_session();
    int8_t *keys = malloc(n_ids * width);
    const size_t sizes[] = {window, 5 * window, 2 * window};
    for (size_t at = 0, turn = 0, n; at < n_ids; at += n) {
        n = sizes[turn++ % 3];
        if (n > n_ids - at) n = n_ids - at;
        read_part(s, at, at + n, keys);
    }
    expect_keys(keys, n_ids);
    free(keys);
    session_close(s);
}

/* A saved session goes on from whole windows; what stood in the last one is read again with what has come. */
static void a_text_that_grows_is_read_on_from_a_saved_window(void **state)
{
    (void)state;
    struct session *s = open_session(), *other = open_session();
    int8_t *keys = calloc(n_ids, width), *at_once = malloc(n_ids * width);
    const size_t half = n_ids / 2 / window * window;
    read_part(s, 0, half, keys);
    const size_t size = session_state_size(s);
    uint8_t *bytes = malloc(size);
    assert_ok(session_state_save(s, bytes, size, &e), e);
    read_part(s, half, half + window / 2, NULL);
    assert_int_equal(session_prefill(s, ids, 1, NULL, &e), -1);
    assert_non_null(strstr(e.text, "inside a window of 32 tokens"));
    assert_ok(session_state_load(other, bytes, size, &e), e);
    read_part(other, half, n_ids, keys);
    session_close(s);
    s = open_session();
    read_part(s, 0, n_ids, at_once);
    for (size_t i = 0; i < n_ids * width; i++)
        assert_true(abs(keys[i] - at_once[i]) <= (test_tolerance(0, 1) > 0 ? 2 : 1));
    free(bytes);
    free(keys);
    free(at_once);
    session_close(s);
    session_close(other);
}

/* What is saved inside a window is what its whole ones keep. */
static void a_state_at_the_end_of_a_text_is_loaded_again(void **state)
{
    (void)state;
    struct session *s = open_session(), *other = open_session();
    read_part(s, 0, n_ids, NULL);
    assert_true(n_ids % window != 0);
    const size_t size = session_state_size(s);
    uint8_t *bytes = malloc(size), *again = malloc(size);
    assert_ok(session_state_save(s, bytes, size, &e), e);
    assert_ok(session_state_load(other, bytes, size, &e), e);
    assert_int_equal(session_position(other), n_ids);
    assert_int_equal(session_state_size(other), size);
    assert_ok(session_state_save(other, again, size, &e), e);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
    session_close(s);
    session_close(other);
}

static void a_question_read_by_itself_equals_pytorchs(void **state)
{
    (void)state;
    struct session *s = open_session();
    const struct gguf_tensor *asked = vectors("vectors.question_ids");
    const uint32_t n = (uint32_t)asked->dims[0];
    const float *queries = (const float *)(const void *)vectors("vectors.queries")->bytes,
                *gate = (const float *)(const void *)vectors("vectors.gate")->bytes;
    float *got = malloc(sizeof *got * n * width), *got_gate = malloc(sizeof *got_gate * n);
    int8_t *keys = malloc(n_ids * width);
    const size_t half = n_ids / 2 / window * window;
    const struct layers_question out = {.queries = got, .gate = got_gate};
    read_part(s, 0, half, keys);
    assert_ok(session_ask(s, session_question_start(s), (const int32_t *)(const void *)asked->bytes, n, &out, &e), e);
    for (uint32_t i = 0; i < n * width; i++)
        assert_true(fabs((double)got[i] - (double)queries[i]) <= test_tolerance(2e-4, 1.5e-2));
    for (uint32_t i = 0; i < n; i++)
        assert_true(fabs((double)got_gate[i] - (double)gate[i]) <= test_tolerance(1e-3, 5e-2));
    read_part(s, half, n_ids, keys); /* the text knows nothing of it */
    expect_keys(keys, n_ids);
    free(got);
    free(got_gate);
    free(keys);
    session_close(s);
}

/* Taken apart, all of a question's attention is on the question, through the local branch, and every token sees every
 * other one. */
static void a_questions_attention_stays_in_its_window(void **state)
{
    (void)state;
    struct session *s = open_session();
    struct inspection *in;
    const struct gguf_tensor *asked = vectors("vectors.question_ids");
    const uint32_t n = (uint32_t)asked->dims[0];
    const struct inspect_choice first = {{0, m->n_layer}, {0, m->n_head}, {0, m->n_branch}, {0, 1}};
    read_part(s, 0, n_ids, NULL);
    const uint64_t start = session_question_start(s);
    assert_ok(inspect_open(&in, s, m, start, (const int32_t *)(const void *)asked->bytes, n, &first, NULL, &e), e);
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        for (uint32_t head = 0; head < m->n_head; head++)
            for (uint32_t branch = 0; branch < m->n_branch; branch++)
                for (uint32_t t = 0; t < n; t++) {
                    const size_t at = inspection_at(in, layer, head, branch, t);
                    assert_true(in->text[at] == 0);
                    assert_true(fabs((double)in->mass[at] - (branch == 0)) < 1e-5);
                }
    assert_int_equal(in->n_keys, n);
    double sum = 0;
    for (uint32_t t = 0; t < n; t++) {
        assert_int_equal(in->keys[t].position, start + t);
        assert_int_equal(in->keys[t].branches, 1);
        assert_true(in->keys[t].mass > 0);
        sum += in->keys[t].mass;
    }
    assert_true(fabs(sum - 1) < 1e-5);
    inspect_close(in);
    session_close(s);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct session *s = open_session();
    const int32_t bad[] = {1, -1}, question[64] = {0};
    float queries[64 * 16], gate[64];
    float *logits = malloc(m->n_vocab * sizeof *logits);
    const struct layers_question out = {.queries = queries, .gate = gate};
    assert_int_equal(session_prefill(s, bad, 2, NULL, &e), -1);
    assert_string_equal(e.text, "token id -1, the model has 379");
    assert_int_equal(session_prefill(s, ids, 1, &(struct session_outputs){.logits = logits}, &e), -1);
    assert_non_null(strstr(e.text, "foretells no token"));
    assert_int_equal(session_ask(s, 0, bad, 2, &out, &e), -1);
    assert_int_equal(session_ask(s, 0, question, window + 1, &out, &e), -1);
    assert_int_equal(session_ask(s, 0, question, 0, &out, &e), -1);
    assert_int_equal(session_position(s), 0);
    free(logits);
    session_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_equal_pytorchs),
        cmocka_unit_test(any_cut_at_windows_gives_the_same_keys),
        cmocka_unit_test(a_text_that_grows_is_read_on_from_a_saved_window),
        cmocka_unit_test(a_state_at_the_end_of_a_text_is_loaded_again),
        cmocka_unit_test(a_question_read_by_itself_equals_pytorchs),
        cmocka_unit_test(a_questions_attention_stays_in_its_window),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    if (argc > 3) {
        model_path = argv[2];
        vectors_path = argv[3];
        cmocka_set_test_filter("*equal*pytorchs");
    }
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, open_group, close_group));
}
