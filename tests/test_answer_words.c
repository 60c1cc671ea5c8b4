/* What a chat model is shown and what becomes of its words; the model is a fake that keeps what it was asked. */
#include "tests/test.h"

#include "app/answer/answer.h"
#include "app/answer/answer_small.h"
#include "app/answer/answer_words.h"
#include "app/answer/answerer.h"
#include "app/answer/ask.h"
#include "app/text/corpus.h"
#include "app/reader/reader.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "tests/tiny_model.h"

struct fake {
    struct answerer base;
    const char *says, *fails; /* fails: with this message, after what it says */
    bool small;
    char asked[8192], answerer[128], failure[128]; /* answerer, failure: the answer's */
    char streamed[4096];
    size_t worded;
    int calls;
};

static size_t fake_count(const struct answerer *a, const char *text, size_t size)
{
    (void)a;
    (void)text;
    return size;
}

static int fake_chat(struct answerer *a, struct backend *b, const struct chat_request *r, struct error *e)
{
    struct fake *f = (struct fake *)a;
    (void)b;
    f->calls++;
    snprintf(f->asked, sizeof f->asked, "%s", r->messages[r->n_messages - 1].text);
    for (const char *p = f->says; *p; p++)
        if (r->emit(r->context, p, 1) != 0) break;
    return f->fails ? error_set(e, "%s", f->fails) : 0;
}

static void stream(void *context, const char *text, size_t size)
{
    struct fake *f = context;
    strncat(f->streamed, text, size);
}

static const struct answerer_ops fake_ops = {.count = fake_count, .chat = fake_chat};

/* Asks about the text and returns the answer's words, the caller's. */
static char *ask(struct fake *f, const char *text, const char *question)
{
    struct error e;
    struct tiny_model t = tiny_model_default();
    struct model *m;
    struct backend *b;
    struct corpus *c;
    struct reader *r;
    struct answer *a;
    struct finding *found;
    const struct reader_callbacks reading = {0};
    const struct answer_callbacks callbacks = {.words = stream, .context = f};
    size_t size, text_size = strlen(text);
    const char *path = "heron.txt";
    t.branch[0] = (struct branch){64, 1};
    t.branch[1] = (struct branch){1024, 16};
    t.branch[2] = (struct branch){16384, 256};
    uint8_t *bytes = tiny_model_bytes(&t, &size);
    f->base = (struct answerer){.ops = &fake_ops, .name = "fake", .large = !f->small};
    f->streamed[0] = 0;
    assert_ok(model_open_bytes(&m, "tiny", bytes, size, &e), e);
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    assert_ok(corpus_open_memory(&c, &path, &text, &text_size, 1, &e), e);
    const struct reader_options o = {.directory = "/tmp"};
    assert_ok(reader_open(&r, m, b, c, &o, NULL, &e), e);
    assert_ok(reader_read(r, &reading, &e), e);
    struct ask asks = {.reader = r, .answerer = &f->base};
    assert_ok(ask_find(&asks, question, &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &found, &e), e);
    assert_ok(ask_word(&asks, question, found, &callbacks, &a, &e), e);
    assert_true(found->seconds <= a->first_words_seconds && a->first_words_seconds <= a->seconds);
    f->worded = a->worded;
    snprintf(f->answerer, sizeof f->answerer, "%s", a->answerer);
    snprintf(f->failure, sizeof f->failure, "%s", a->failure ? a->failure : "");
    char *words = strdup(a->text);
    answer_close(a);
    finding_close(found);
    ask_free(&asks);
    reader_close(r);
    corpus_close(c);
    backend_close(b);
    model_close(m);
    free(bytes);
    return words;
}

static void expect(struct fake *f, const char *question, const char *expected)
{
    char *words = ask(f, "The heron stood in the reeds. It waited for a fish.\n", question);
    assert_string_equal(words, expected);
    if (!f->fails) assert_string_equal(f->streamed, expected);
    free(words);
}

static void the_model_sees_numbered_passages_and_the_question(void **state)
{
    (void)state;
    struct fake f = {.says = "In the reeds [1], not [7]."};
    expect(&f, "Where stood the heron?", "In the reeds [1], not.");
    assert_string_equal(f.asked, "Passages:\n\n[1] The heron stood in the reeds. It waited for a fish.\n\n"
                                 "Question: Where stood the heron?");
}

static void an_answer_without_a_reference_gets_the_passage_that_holds_its_words(void **state)
{
    (void)state;
    struct fake f = {.says = "It waited in the reeds."};
    expect(&f, "Where stood the heron?", "It waited in the reeds. [1]");
    f.says = "Perhaps somewhere near London.";
    expect(&f, "Where stood the heron?", "Perhaps somewhere near London.");
}

static void what_the_text_has_no_words_of_is_not_asked(void **state)
{
    (void)state;
    struct fake f = {.says = "London."};
    expect(&f, "Which aeroplane crossed Greenland yesterday?", ANSWER_NOT_FOUND);
    assert_int_equal(f.calls, 0);
}

static void silence_is_not_found_and_going_round_ends(void **state)
{
    (void)state;
    char round[4096] = "";
    struct fake f = {.says = " \n"};
    expect(&f, "Where stood the heron?", ANSWER_NOT_FOUND);
    for (int i = 0; i < 100; i++) strcat(round, "over and over again, ");
    f.says = round;
    char *words = ask(&f, "The heron stood in the reeds.\n", "Where stood the heron?");
    assert_in_range(strlen(words), 40, 200);
    free(words);
}

static void only_what_fits_is_shown_best_first_and_in_the_order_of_the_text(void **state)
{
    (void)state;
    static char text[16384];
    struct fake f = {.says = "Yes."};
    text[0] = 0;
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text),
                "Line %d tells of the heron that stood so long in the reeds of the lake, and of the fish "
                "that it waited for all day, and of the frogs which it did not eat.\n",
                i);
    free(ask(&f, text, "Where stood the heron?"));
    int last = -1, shown = 0;
    for (const char *p = f.asked; (p = strstr(p, "] Line ")); shown++) {
        int line = atoi(p += 7);
        assert_true(line > last);
        last = line;
    }
    assert_in_range(shown, 2, 3); /* 1500 tokens, here bytes */
}

static void a_small_model_sees_the_best_passage_alone_and_its_first_line_counts(void **state)
{
    (void)state;
    struct fake f = {.says = "\nIn the reeds.\nQuestion: What next?", .small = true};
    expect(&f, "Where stood the heron?", "In the reeds. [1]\n\nThe heron stood in the reeds. [1]");
    assert_string_equal(f.answerer, "fake");
    assert_int_equal(f.worded, strlen("In the reeds. [1]\n\n"));
    assert_string_equal(f.asked, "Text:\nThe heron stood in the reeds. It waited for a fish.\n\n"
                                 "Question: Where stood the heron?");
    f.says = "Reeds [1], fish [3]";
    expect(&f, "Where stood the heron?", "Reeds, fish [1]\n\nThe heron stood in the reeds. [1]");
}

static void of_a_small_model_that_is_not_to_be_believed_only_the_quoted_sentences_are_left(void **state)
{
    (void)state;
    static const char *const sayings[] = {"London", "The heron stood", "Yes.", "", "a lake with reeds"};
    char endless[4096] = "";
    struct fake f = {.small = true};
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        f.says = sayings[i];
        expect(&f, "Where stood the heron?", "The heron stood in the reeds. [1]");
        assert_string_equal(f.answerer, "quoted: fake was not to be believed");
        assert_int_equal(f.worded, 0);
    }
    for (int i = 0; i < 100; i++) strcat(endless, "reeds ");
    f.says = endless;
    expect(&f, "Where stood the heron?", "The heron stood in the reeds. [1]");
}

static void words_stand_where_the_passage_has_them_in_any_form(void **state)
{
    (void)state;
    const char passage[] = "Hyde trampled on a child at the corner. He paid 100 pounds.";
    const size_t size = sizeof passage - 1;
    assert_true(answer_small_stands("A child was trampled.", "Whom did Hyde hurt?", passage, size));
    assert_true(answer_small_stands("Hyde hurt a child", "Whom did Hyde hurt?", passage, size));
    assert_true(answer_small_stands("100", "How much?", passage, size));
    assert_false(answer_small_stands("1000", "How much?", passage, size));
    assert_false(answer_small_stands("Hyde trampled on a man.", "Whom?", passage, size));
    assert_false(answer_small_stands("Hyde", "Who is Hyde?", passage, size));
    assert_false(answer_small_stands("It was the one.", "Who?", passage, size));
}

static void an_answerer_that_fails_leaves_the_evidence_and_quoted_sentences(void **state)
{
    (void)state;
    struct fake f = {.says = "In the", .fails = "http://x: HTTP 500: no"};
    expect(&f, "Where stood the heron?", "The heron stood in the reeds. [1]");
    assert_string_equal(f.answerer, "quoted sentences");
    assert_string_equal(f.failure, "http://x: HTTP 500: no");
    assert_string_equal(f.streamed, "In the\n\nThe heron stood in the reeds. [1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_sees_numbered_passages_and_the_question),
        cmocka_unit_test(an_answer_without_a_reference_gets_the_passage_that_holds_its_words),
        cmocka_unit_test(what_the_text_has_no_words_of_is_not_asked),
        cmocka_unit_test(silence_is_not_found_and_going_round_ends),
        cmocka_unit_test(a_small_model_sees_the_best_passage_alone_and_its_first_line_counts),
        cmocka_unit_test(of_a_small_model_that_is_not_to_be_believed_only_the_quoted_sentences_are_left),
        cmocka_unit_test(words_stand_where_the_passage_has_them_in_any_form),
        cmocka_unit_test(an_answerer_that_fails_leaves_the_evidence_and_quoted_sentences),
        cmocka_unit_test(only_what_fits_is_shown_best_first_and_in_the_order_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
