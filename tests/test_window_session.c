/* Reader 2 on a small file with random weights: keys, queries and gate equal PyTorch's plain definition
 * (models/train/window_small.py), however the text is cut. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/gguf.h"
#include "compute/window_model.h"
#include "compute/window_session.h"
#include "tests/test_device.h"

static const char path[] = "tests/data/window_small.gguf";

static struct error e;
static struct window_model *m;
static struct window_session_text text;

static const struct gguf_tensor *vectors(const char *name)
{
    const struct gguf_tensor *t = gguf_find_tensor(m->file, name);
    assert_non_null(t);
    return t;
}

static int open_group(void **state)
{
    if (test_device_open(state) != 0) return -1;
    if (window_model_open(&m, path, &e) != 0) {
        print_error("%s\n", e.text);
        return -1;
    }
    const struct gguf_tensor *ids = vectors("vectors.ids"), *segments = vectors("vectors.segments");
    text = (struct window_session_text){.ids = (const int32_t *)(const void *)ids->bytes,
                                        .n = ids->dims[0],
                                        .segments = (const size_t *)(const void *)segments->bytes,
                                        .n_segments = segments->dims[0]};
    return 0;
}

static int close_group(void **state)
{
    window_model_close(m);
    return test_device_close(state);
}

static struct window_session *open_session(void)
{
    struct window_session *s;
    assert_ok(window_session_open(&s, m, test_backend, &e), e);
    return s;
}

/* Reads tokens [begin, end) of the text. */
static void read_part(struct window_session *s, size_t begin, size_t end, int8_t *keys)
{
    size_t segments[1024], n = 0;
    for (size_t i = 0; i < text.n_segments; i++)
        if (text.segments[i] >= begin && text.segments[i] < end) segments[n++] = text.segments[i] - begin;
    const struct window_session_text part = {text.ids + begin, end - begin, segments, n};
    assert_int_equal(window_session_position(s), begin);
    assert_ok(window_session_read(s, &part, keys ? keys + begin * m->evidence_width : NULL, &e), e);
}

/* Within a step of where it would be rounded otherwise. */
static void expect_keys(const int8_t *keys, size_t n)
{
    const float *expected = (const float *)(const void *)vectors("vectors.keys")->bytes;
    for (size_t i = 0; i < n * m->evidence_width; i++) {
        const double stored = fmin(fmax(254 * (double)expected[i], -127), 127);
        if (!(fabs(keys[i] - stored) <= 0.5 + 254 * test_tolerance(2e-4, 1.5e-2)))
            fail_msg("token %zu: %d, expected %.3f", i / m->evidence_width, keys[i], stored);
    }
}

static void the_keys_equal_pytorchs(void **state)
{
    (void)state;
    struct window_session *s = open_session();
    int8_t *keys = malloc(text.n * m->evidence_width);
    read_part(s, 0, text.n, keys);
    assert_int_equal(window_session_position(s), text.n / m->window * m->window);
    expect_keys(keys, text.n);
    assert_true(window_session_memory(s) > 10000);
    free(keys);
    window_session_close(s);
}

static void any_cut_at_windows_gives_the_same_keys(void **state)
{
    (void)state;
    struct window_session *s = open_session();
    int8_t *keys = malloc(text.n * m->evidence_width);
    const size_t sizes[] = {m->window, 5 * m->window, 2 * m->window};
    for (size_t at = 0, turn = 0, n; at < text.n; at += n) {
        n = sizes[turn++ % 3];
        if (n > text.n - at) n = text.n - at;
        read_part(s, at, at + n, keys);
    }
    expect_keys(keys, text.n);
    free(keys);
    window_session_close(s);
}

/* The last window is read again with what has come. */
static void a_text_that_grows_is_read_on_from_its_last_window(void **state)
{
    (void)state;
    struct window_session *s = open_session();
    int8_t *keys = malloc(text.n * m->evidence_width);
    for (size_t end = 41; end < text.n; end += 97) read_part(s, window_session_position(s), end, NULL);
    read_part(s, window_session_position(s), text.n, keys);
    const size_t last = (41 + (text.n - 41 - 1) / 97 * 97) / m->window * m->window;
    struct window_session *whole = open_session();
    int8_t *at_once = malloc(text.n * m->evidence_width);
    read_part(whole, 0, text.n, at_once);
    for (size_t i = last * m->evidence_width; i < text.n * m->evidence_width; i++)
        assert_true(abs(keys[i] - at_once[i]) <= (test_tolerance(0, 1) > 0 ? 2 : 1));
    free(keys);
    free(at_once);
    window_session_close(s);
    window_session_close(whole);
}

static void a_question_is_read_by_itself(void **state)
{
    (void)state;
    struct window_session *s = open_session();
    const struct gguf_tensor *ids = vectors("vectors.question_ids");
    const uint32_t n = (uint32_t)ids->dims[0], width = m->evidence_width;
    const float *queries = (const float *)(const void *)vectors("vectors.queries")->bytes,
                *gate = (const float *)(const void *)vectors("vectors.gate")->bytes;
    float *got = malloc(sizeof *got * n * width), *got_gate = malloc(sizeof *got_gate * n);
    int8_t *keys = malloc(text.n * width);
    const size_t half = text.n / 2 / m->window * m->window;
    read_part(s, 0, half, keys);
    assert_ok(window_session_ask(s, (const int32_t *)(const void *)ids->bytes, n, got, got_gate, &e), e);
    for (uint32_t i = 0; i < n * width; i++)
        assert_true(fabs((double)got[i] - (double)queries[i]) <= test_tolerance(2e-4, 1.5e-2));
    for (uint32_t i = 0; i < n; i++)
        assert_true(fabs((double)got_gate[i] - (double)gate[i]) <= test_tolerance(1e-3, 5e-2));
    read_part(s, half, text.n, keys); /* the text knows nothing of it */
    expect_keys(keys, text.n);
    free(got);
    free(got_gate);
    free(keys);
    window_session_close(s);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct window_session *s = open_session();
    const int32_t bad[] = {1, -1}, question[64] = {0};
    float queries[64 * 16], gate[64];
    assert_int_equal(window_session_read(s, &(struct window_session_text){.ids = bad, .n = 2}, NULL, &e), -1);
    assert_string_equal(e.text, "token id -1, the model has 379");
    assert_int_equal(window_session_ask(s, question, m->window + 1, queries, gate, &e), -1);
    assert_int_equal(window_session_ask(s, question, 0, queries, gate, &e), -1);
    assert_int_equal(window_session_position(s), 0);
    window_session_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_equal_pytorchs),
        cmocka_unit_test(any_cut_at_windows_gives_the_same_keys),
        cmocka_unit_test(a_text_that_grows_is_read_on_from_its_last_window),
        cmocka_unit_test(a_question_is_read_by_itself),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, open_group, close_group));
}
