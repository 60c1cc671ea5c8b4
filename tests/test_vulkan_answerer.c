/* A chat model on a Vulkan device: the words that the processor finds, also when the device is lost among them. */
#include "tests/test.h"

#include "app/answer/answerer.h"
#include "tests/test_device.h"
#include "tests/tiny_answerer.h"

static struct error e;

struct heard {
    char text[512];
    size_t size, pieces, lost_after; /* the next submit after so many pieces fails; 0: none */
    struct backend *device;
};

static int hear(void *context, const char *text, size_t size)
{
    struct heard *h = context;
    assert_true(h->size + size < sizeof h->text);
    memcpy(h->text + h->size, text, size);
    h->size += size;
    if (++h->pieces == h->lost_after) backend_vulkan_fail_submit(h->device, 1);
    return 0;
}

static void chat(struct answerer *a, struct backend *b, const char *question, struct heard *h)
{
    const struct chat_message message = {CHAT_USER, question};
    const struct chat_request r = {.messages = &message, .n_messages = 1, .max_tokens = 16, .emit = hear, .context = h};
    h->device = b;
    assert_ok(answerer_chat(a, b, &r, &e), e);
    assert_true(h->pieces > 8);
}

static struct heard processors_words(const char *question)
{
    struct heard h = {.size = 0};
    struct backend *b;
    struct answerer *a = tiny_answerer_open();
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    chat(a, b, question, &h);
    answerer_close(a);
    backend_close(b);
    return h;
}

static void check(struct answerer *a, struct backend *b, const char *question, size_t lost_after, const char *notice)
{
    struct heard expected = processors_words(question), got = {.lost_after = lost_after};
    chat(a, b, question, &got);
    assert_int_equal(got.size, expected.size);
    assert_memory_equal(got.text, expected.text, got.size);
    if (notice)
        assert_non_null(strstr(answerer_notice(a), notice));
    else
        assert_string_equal(answerer_notice(a), "");
}

static void a_device_words_what_the_processor_words(void **state)
{
    (void)state;
    struct backend *b;
    struct answerer *a = tiny_answerer_open();
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    check(a, b, "the heron", 0, NULL);
    check(a, b, "the hero", 0, NULL);
    answerer_close(a);
    backend_close(b);
}

static void a_device_lost_among_the_words_is_opened_again_and_no_word_is_lost(void **state)
{
    (void)state;
    struct backend *b;
    struct answerer *a = tiny_answerer_open();
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    check(a, b, "the heron", 3, "; the answer goes on on vulkan: ");
    check(a, b, "the hero", 0, NULL); /* on the new one */
    answerer_release(a);
    backend_vulkan_fail_submit(b, 1); /* while the model is loaded */
    check(a, b, "x", 0, "; the answer goes on on vulkan: ");
    answerer_close(a);
    backend_close(b);
}

static void the_processor_words_on_when_the_device_does_not_come_back(void **state)
{
    (void)state;
    struct backend *b;
    struct answerer *a = tiny_answerer_open();
    assert_ok(backend_open(&b, "vulkan/fp32", 1, &e), e);
    snprintf(b->info.device, sizeof b->info.device, "vulkan:99");
    check(a, b, "the heron", 3, "; the answer goes on on cpu: ");
    check(a, b, "the heron again", 0, NULL);
    answerer_close(a);
    backend_close(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_words_what_the_processor_words),
        cmocka_unit_test(a_device_lost_among_the_words_is_opened_again_and_no_word_is_lost),
        cmocka_unit_test(the_processor_words_on_when_the_device_does_not_come_back),
    };
    test_device = "vulkan";
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, NULL, NULL));
}
