/* SmolLM2-135M-Instruct, the default chat model, against PyTorch (tests/data/smollm2_reference.py). Skipped where the
 * file is not: it is fetched (scripts/get_answerer.sh), not shipped. */
#include "tests/test.h"

#include <math.h>
#include <unistd.h>

#include "app/answer/answerer.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "compute/session.h"

enum { MOST = 1024, GREEDY = 200, PROMPTS = 3 };

static struct model *model;
static struct backend *backend;

/* The numbers after the key that the next line of the reference begins with. */
static size_t read_line(FILE *f, const char *key, double *numbers)
{
    static char line[1 << 14];
    do {
        if (!fgets(line, sizeof line, f)) fail_msg("no line \"%s\"", key);
    } while (line[0] == '#');
    assert_int_equal(strncmp(line, key, strlen(key)), 0);
    size_t n = 0;
    char *at = line + strlen(key), *end;
    for (double x; x = strtod(at, &end), end != at && n < MOST; at = end) numbers[n++] = x;
    return n;
}

static int32_t likeliest(const float *logits)
{
    int32_t best = 0;
    for (uint32_t i = 1; i < model->n_vocab; i++)
        if (logits[i] > logits[best]) best = (int32_t)i;
    return best;
}

static void check_prompt(FILE *f, float *logits)
{
    double prompt[MOST], top[MOST], greedy[MOST];
    int32_t ids[MOST];
    struct error e;
    struct session *s;
    size_t n = read_line(f, "prompt ", prompt), n_top = read_line(f, "logits ", top);
    assert_int_equal(read_line(f, "greedy ", greedy), GREEDY);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)prompt[i];
    assert_ok(session_open(&s, model, backend, &e), e);
    assert_ok(session_prefill(s, ids, n, &(struct session_outputs){.last_logits = logits}, &e), e);
    for (size_t i = 0; i < n_top; i += 2)
        if (fabs((double)logits[(size_t)top[i]] - top[i + 1]) > 1e-3)
            fail_msg("token %.0f: logit %f, expected %f", top[i], (double)logits[(size_t)top[i]], top[i + 1]);
    for (size_t i = 0; i < GREEDY; i++) {
        assert_int_equal(likeliest(logits), (int32_t)greedy[i]);
        assert_ok(session_decode(s, (int32_t)greedy[i], logits, &e), e);
    }
    session_close(s);
}

static void logits_and_two_hundred_greedy_tokens_equal_the_references(void **state)
{
    (void)state;
    FILE *f = fopen("tests/data/smollm2_reference.txt", "r");
    assert_non_null(f);
    float *logits = malloc(model->n_vocab * sizeof *logits);
    assert_non_null(logits);
    for (int i = 0; i < PROMPTS; i++) check_prompt(f, logits);
    free(logits);
    fclose(f);
}

/* What answers are written with: elements in 8 bits, which are off by 1/256 of the largest of 32. */
static void logits_in_8_bits_are_near_the_references(void **state)
{
    (void)state;
    struct error e;
    struct backend *b;
    FILE *f = fopen("tests/data/smollm2_reference.txt", "r");
    float *logits = malloc(model->n_vocab * sizeof *logits);
    assert_true(f && logits);
    assert_ok(backend_open(&b, "cpu/int8", 2, &e), e);
    for (int i = 0; i < PROMPTS; i++) {
        static double numbers[MOST];
        static int32_t ids[MOST];
        struct session *s;
        size_t n = read_line(f, "prompt ", numbers);
        for (size_t k = 0; k < n; k++) ids[k] = (int32_t)numbers[k];
        size_t n_top = read_line(f, "logits ", numbers);
        assert_ok(session_open(&s, model, b, &e), e);
        assert_ok(session_prefill(s, ids, n, &(struct session_outputs){.last_logits = logits}, &e), e);
        for (size_t k = 0; k < n_top; k += 2)
            if (fabs((double)logits[(size_t)numbers[k]] - numbers[k + 1]) > 1)
                fail_msg("token %.0f: logit %f, expected %f", numbers[k], (double)logits[(size_t)numbers[k]],
                         numbers[k + 1]);
        session_close(s);
        read_line(f, "greedy ", numbers);
    }
    backend_close(b);
    free(logits);
    fclose(f);
}

int main(void)
{
    char path[4096];
    struct error e = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_and_two_hundred_greedy_tokens_equal_the_references),
        cmocka_unit_test(logits_in_8_bits_are_near_the_references),
    };
    if (answerer_default_path(path, sizeof path) != 0 || access(path, R_OK) != 0) {
        printf("skipped: no %s (lectern get-answerer fetches it)\n", path);
        return 77;
    }
    int result = 1;
    if (model_open(&model, path, &e) == 0 && backend_open(&backend, "cpu", 2, &e) == 0)
        result = cmocka_run_group_tests(tests, NULL, NULL);
    else
        printf("%s\n", e.text);
    backend_close(backend);
    model_close(model);
    return result;
}
