/* The second reading on a Vulkan device: what the processor says, also when the device is lost on the way. */
#include "tests/test.h"

#include "app/reader/reread.h"
#include "app/text/corpus.h"
#include "tests/test_device.h"

static struct error e;

static const char *const path = "a.txt";
static const char *const text =
    "The lamp of the keeper.\nThe stairs of the house by the sea.\nA letter about the harbour light.\n";
static const struct reread_place places[] = {{0, 0, 24, 0}, {0, 24, 36, 0}, {0, 60, 33, 0}};

static struct reread_result run(struct reread *r)
{
    struct reread_result result;
    struct corpus *c;
    const size_t size = strlen(text);
    assert_ok(corpus_open_memory(&c, &path, &text, &size, 1, &e), e);
    assert_ok(reread_run(r, c, "Where is the lamp?", places, 3, NULL, NULL, NULL, &result, &e), e);
    corpus_close(c);
    return result;
}

static struct reread *open_on(struct backend **b, const char *device)
{
    struct reread *r;
    assert_ok(backend_open(b, device, 1, &e), e);
    assert_ok(reread_open(&r, "tests/data/encoder_small.gguf", *b, &e), e);
    return r;
}

static void expect_the_processors(struct reread *r)
{
    struct backend *b;
    struct reread *processor = open_on(&b, "cpu");
    struct reread_result expected = run(processor), got = run(r);
    for (size_t i = 0; i < 3; i++) assert_float_equal(got.relevance[i], expected.relevance[i], 0.02f);
    assert_int_equal(got.n_spans, expected.n_spans);
    assert_int_equal(got.spans[0].begin, expected.spans[0].begin);
    assert_int_equal(got.spans[0].end, expected.spans[0].end);
    assert_float_equal(got.confidence, expected.confidence, 0.01f);
    reread_free(&expected);
    reread_free(&got);
    reread_close(processor);
    backend_close(b);
}

static void a_device_reads_again_what_the_processor_does(void **state)
{
    (void)state;
    struct backend *b;
    struct reread *r = open_on(&b, "vulkan/fp32");
    assert_int_equal(reread_places(r), 64);
    expect_the_processors(r);
    assert_string_equal(reread_notice(r), "");
    reread_close(r);
    backend_close(b);
}

static void a_device_that_is_lost_is_opened_again(void **state)
{
    (void)state;
    struct backend *b;
    struct reread *r = open_on(&b, "vulkan/fp32");
    backend_vulkan_fail_submit(b, 1);
    expect_the_processors(r);
    assert_non_null(strstr(reread_notice(r), "; places are read again on vulkan: "));
    reread_close(r);
    backend_close(b);
}

static void the_processor_reads_on_when_the_device_does_not_come_back(void **state)
{
    (void)state;
    struct backend *b;
    struct reread *r = open_on(&b, "vulkan/fp32");
    snprintf(b->info.device, sizeof b->info.device, "vulkan:99");
    backend_vulkan_fail_submit(b, 1);
    expect_the_processors(r);
    assert_non_null(strstr(reread_notice(r), "; places are read again on cpu: "));
    reread_close(r);
    backend_close(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_reads_again_what_the_processor_does),
        cmocka_unit_test(a_device_that_is_lost_is_opened_again),
        cmocka_unit_test(the_processor_reads_on_when_the_device_does_not_come_back),
    };
    test_device = "vulkan";
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, NULL, NULL));
}
