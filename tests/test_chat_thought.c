/* What a model thinks aloud is taken out of its reply, in whatever pieces the reply comes. */
#include "tests/test.h"

#include "app/answer/chat_thought.h"

struct said {
    char text[512];
    size_t n;
    int refuse; /* what the next piece is answered with */
};

static int take(void *context, const char *text, size_t size)
{
    struct said *s = context;
    assert_true(size > 0);
    assert_true(s->n + size < sizeof s->text);
    memcpy(s->text + s->n, text, size);
    s->n += size;
    s->text[s->n] = '\0';
    return s->refuse;
}

/* The reply in pieces of `most` bytes at most; of random sizes below that where there is a seed. */
static void assert_said(const char *reply, size_t most, uint64_t *seed, const char *expected, bool thought)
{
    struct chat_thought t = {0};
    struct said s = {.n = 0};
    for (size_t at = 0, size = strlen(reply), n; at < size; at += n) {
        n = seed ? 1 + (size_t)(test_random(seed) % most) : most;
        if (n > size - at) n = size - at;
        assert_int_equal(chat_thought_add(&t, reply + at, n, take, &s), 0);
    }
    assert_int_equal(chat_thought_finish(&t, take, &s), 0);
    if (strcmp(s.text, expected) != 0 || t.seen != thought) fail_msg("\"%s\" says \"%s\"", reply, s.text);
}

static const struct {
    const char *reply, *said;
    bool thought;
} replies[] = {
    {"", "", false},
    {"Abel Stone.", "Abel Stone.", false},
    {"<think>hm</think>Abel", "Abel", true},
    {"<think></think>Abel", "Abel", true},
    {"<think>\n\n</think>\n\n Abel\n", "Abel\n", true},
    {" \n<think>hm</think>Abel", "Abel", true},
    {"<think>hm", "", true}, /* it never ended: no answer */
    {"<think>hm</think", "", true},
    {"<think>hm</think>", "", true},
    {"<think>a < b << </ </thin </think>Abel", "Abel", true},
    {"<think><think>a</think>b</think>c", "b</think>c", true}, /* thoughts have no depth */
    {"<think>a<</think>b", "b", true},
    {"<think>a</</think>b", "b", true},
    {"<think>a</think</think>b", "b", true},
    {"<thin", "<thin", false},
    {"<thinking>x</thinking>", "<thinking>x</thinking>", false},
    {"<Think>x</Think>", "<Think>x</Think>", false},
    {"< think>x", "< think>x", false},
    {"  <b>x", "  <b>x", false}, /* what was held back is said with it */
    {"  ", "  ", false},
    {"Abel <think>x</think>", "Abel <think>x</think>", false}, /* thoughts come first */
    {"<think>a</think>b<think>c</think>", "b<think>c</think>", true},
    {"</think>Abel", "</think>Abel", false},
    {"<think>\xC3\xA9</think>\xC3\xA9", "\xC3\xA9", true},
};

static void thoughts_go_however_a_reply_is_cut(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        for (size_t most = 1; most < 12; most++)
            assert_said(replies[i].reply, most, NULL, replies[i].said, replies[i].thought);
        assert_said(replies[i].reply, 1000, NULL, replies[i].said, replies[i].thought);
        for (int k = 0; k < 20; k++) assert_said(replies[i].reply, 7, &seed, replies[i].said, replies[i].thought);
    }
}

/* The definition: white space, then a thought up to its end, then white space, are no part of it. */
static const char *answer_of(const char *reply, bool *thought)
{
    const char *begin = reply + strspn(reply, " \t\r\n"), *end;
    *thought = strncmp(begin, "<think>", 7) == 0;
    if (!*thought) return reply;
    end = strstr(begin + 7, "</think>");
    return end ? end + 8 + strspn(end + 8, " \t\r\n") : "";
}

static void random_replies_are_as_the_definition_says(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<think>", "</think>", "<", "/", "think>", " ", "\n", "a", "</", "<think"};
    uint64_t seed = 5;
    for (int i = 0; i < 3000; i++) {
        char reply[256] = "";
        bool thought;
        for (uint64_t n = test_random(&seed) % 12; n > 0; n--)
            strcat(reply, pieces[test_random(&seed) % (sizeof pieces / sizeof *pieces)]);
        const char *expected = answer_of(reply, &thought);
        assert_said(reply, 5, &seed, expected, thought);
    }
}

static void white_space_before_a_thought_has_no_limit(void **state)
{
    (void)state;
    for (size_t white = 20; white < 100; white++) {
        char reply[160];
        memset(reply, '\n', white);
        strcpy(reply + white, "<think>hm</think>Abel");
        assert_said(reply, 3, NULL, "Abel", true);
        strcpy(reply + white, "<thanks"); /* only so much of it is kept */
        assert_said(reply, 3, NULL, reply + (white > 24 ? white - 24 : 0), false);
    }
}

static void who_has_enough_gets_no_more(void **state)
{
    (void)state;
    struct chat_thought t = {0};
    struct said s = {.refuse = 7};
    assert_int_equal(chat_thought_add(&t, " <thi", 5, take, &s), 0); /* held back: nothing was given */
    assert_int_equal(chat_thought_add(&t, "s", 1, take, &s), 7);
    assert_string_equal(s.text, " <thi");
    assert_int_equal(chat_thought_add(&t, "more", 4, take, &s), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thoughts_go_however_a_reply_is_cut),
        cmocka_unit_test(random_replies_are_as_the_definition_says),
        cmocka_unit_test(white_space_before_a_thought_has_no_limit),
        cmocka_unit_test(who_has_enough_gets_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
