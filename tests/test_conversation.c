/* What messages of the worker make of the questions asked so far. */
#include "tests/test.h"

#include <math.h>

#include "app/panes/conversation.h"

static struct conversation c;
static struct error e;
static float share[4] = {0.1f, 0.4f, 0.2f, 0.3f};

static int enter(void **state)
{
    (void)state;
    c = (struct conversation){0};
    return conversation_ask(&c, "Who is Hyde?", &e);
}

static int leave(void **state)
{
    (void)state;
    conversation_close(&c);
    return 0;
}

/* Hands over a message about question `id`. */
static void take(struct message *m, size_t id)
{
    m->id = id;
    assert_true(conversation_take(&c, m, NULL));
    message_free(m);
}

static struct message *saying(enum message_type type, const char *text)
{
    struct message *m = message_new(type);
    assert_non_null(m);
    if (text) assert_true(message_text(m, text, strlen(text)));
    return m;
}

/* A finding of the segments named, best first, over all four. */
static struct finding found(struct finding_item *items, size_t n, const uint64_t *segments)
{
    for (size_t i = 0; i < n; i++) items[i] = (struct finding_item){.segment = segments[i]};
    return (struct finding){
        .question = (char *)"Who is Hyde?", .items = items, .n_items = n, .share = share, .n_segments = 4};
}

static void take_found(const struct finding *f)
{
    struct message *m = saying(MESSAGE_EVIDENCE, "the text's own words");
    m->finding = f;
    take(m, 0);
}

static void a_new_question_is_the_current_one_and_is_compared_with_none(void **state)
{
    (void)state;
    c.compared = 0;
    assert_ok(conversation_ask(&c, "Where does he live?", &e), e);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.current, 1);
    assert_true(c.compared == SIZE_MAX);
    assert_string_equal(conversation_current(&c)->asked, "Where does he live?");
    assert_int_equal(conversation_current(&c)->state, EXCHANGE_WAITS);
    c.current = 2;
    assert_null(conversation_current(&c));
}

static void the_topic_is_the_last_question_that_stood_alone(void **state)
{
    (void)state;
    assert_null(conversation_topic(&c, 0));
    assert_string_equal(conversation_topic(&c, 1), "Who is Hyde?");
    assert_ok(conversation_ask(&c, "Where does he live?", &e), e);
    c.items[1]->follows = true;
    assert_string_equal(conversation_topic(&c, 2), "Who is Hyde?");
    assert_ok(conversation_ask(&c, "Who is Poole?", &e), e);
    assert_string_equal(conversation_topic(&c, 2), "Who is Hyde?");
    assert_string_equal(conversation_topic(&c, 3), "Who is Poole?");
    assert_string_equal(conversation_topic(&c, 99), "Who is Poole?");
    c.items[0]->follows = c.items[2]->follows = true;
    assert_null(conversation_topic(&c, 3));
}

static void words_come_in_pieces_and_a_new_beginning_replaces_them(void **state)
{
    (void)state;
    take(saying(MESSAGE_ANSWER_BEGINS, NULL), 0);
    assert_int_equal(c.items[0]->state, EXCHANGE_ANSWERING);
    take(saying(MESSAGE_ANSWER_TEXT, "He is "), 0);
    take(saying(MESSAGE_ANSWER_TEXT, "a man."), 0);
    assert_string_equal(c.items[0]->text, "He is a man.");
    take(saying(MESSAGE_ANSWER_BEGINS, NULL), 0);
    take(saying(MESSAGE_ANSWER_TEXT, "Jekyll."), 0);
    assert_string_equal(c.items[0]->text, "Jekyll.");
    assert_int_equal(c.items[0]->size, 7);
}

static void what_ends_without_an_answer_was_stopped_or_failed(void **state)
{
    (void)state;
    take(saying(MESSAGE_ANSWER_BEGINS, NULL), 0);
    take(saying(MESSAGE_ANSWER_TEXT, "He is"), 0);
    take(saying(MESSAGE_ANSWER_ENDS, NULL), 0);
    assert_int_equal(c.items[0]->state, EXCHANGE_STOPPED);
    assert_null(c.items[0]->problem);
    assert_string_equal(c.items[0]->text, "He is"); /* what came stays */
    take(saying(MESSAGE_ANSWER_ENDS, "no memory"), 0);
    assert_int_equal(c.items[0]->state, EXCHANGE_FAILED);
    assert_string_equal(c.items[0]->problem, "no memory");
}

static void the_answer_at_the_end_is_what_is_shown(void **state)
{
    (void)state;
    static const uint64_t segments[] = {1};
    struct finding_item items[1];
    const struct finding f = found(items, 1, segments);
    take(saying(MESSAGE_ANSWER_BEGINS, NULL), 0);
    take_found(&f);
    take(saying(MESSAGE_ANSWER_TEXT, "He is [7] a"), 0);
    struct message *m = saying(MESSAGE_ANSWER_ENDS, NULL);
    m->answer = calloc(1, sizeof *m->answer);
    m->answer->text = strdup("He is a man.");
    m->answer->cut = strdup("it was cut");
    strcpy(m->answer->answerer, "quoted: m was not to be believed");
    take(m, 0);
    assert_int_equal(c.items[0]->state, EXCHANGE_ANSWERED);
    assert_string_equal(c.items[0]->text, "He is a man.");
    assert_string_equal(c.items[0]->problem, "it was cut");
    assert_string_equal(c.items[0]->answerer, "quoted: m was not to be believed");
}

static void words_before_a_failure_stay(void **state)
{
    (void)state;
    static const uint64_t segments[] = {1};
    struct finding_item items[1];
    const struct finding f = found(items, 1, segments);
    take_found(&f);
    take(saying(MESSAGE_ANSWER_TEXT, "He is"), 0);
    struct message *m = saying(MESSAGE_ANSWER_ENDS, NULL);
    m->answer = calloc(1, sizeof *m->answer);
    m->answer->text = strdup("quoted");
    m->answer->failure = strdup("the server hung up");
    take(m, 0);
    assert_int_equal(c.items[0]->state, EXCHANGE_ANSWERED);
    assert_string_equal(c.items[0]->text, "He is");
    assert_string_equal(c.items[0]->problem, "the server hung up");
}

/* The same question is found again, by more of the text or by a second reading. */
static void what_is_selected_stays_where_it_was_in_the_text(void **state)
{
    (void)state;
    static const uint64_t first[] = {3, 1, 2}, second[] = {1, 0, 3}, third[] = {0, 3};
    struct finding_item items[3][3];
    const struct finding f = found(items[0], 3, first), g = found(items[1], 3, second), h = found(items[2], 2, third);
    take_found(&f);
    assert_int_equal(c.items[0]->selected, 0);
    take_found(&g); /* nothing had been chosen: the best one */
    assert_int_equal(c.items[0]->selected, 0);
    take_found(&f);
    c.items[0]->selected = 1; /* segment 1 */
    take_found(&g);
    assert_int_equal(c.items[0]->selected, 0);
    take_found(&f);
    c.items[0]->selected = 1;
    take_found(&h); /* it is not listed any more */
    assert_int_equal(c.items[0]->selected, 0);
    take_found(&f);
    c.items[0]->selected = 0;
    take_found(&g);
    assert_int_equal(c.items[0]->selected, 0);
    c.items[0]->selected = 2; /* segment 3 */
    take_found(&h);
    assert_int_equal(c.items[0]->selected, 1);
}

static void the_question_is_what_was_sought_and_asked_what_was_typed(void **state)
{
    (void)state;
    static const uint64_t segments[] = {0};
    struct finding_item items[1];
    struct finding f = found(items, 1, segments);
    f.question = (char *)"Who is Hyde? And why?";
    take_found(&f);
    assert_string_equal(c.items[0]->question, "Who is Hyde? And why?");
    assert_string_equal(c.items[0]->asked, "Who is Hyde?");
}

static void shares_remember_the_largest_seen(void **state)
{
    (void)state;
    static const float seen[][2] = {{0.1f, 0.3f}, {0.2f, 0.05f}};
    for (int i = 0; i < 2; i++) {
        struct message *m = message_new(MESSAGE_SHARES);
        m->shares = (struct message_shares){.token = -1, .n = 2};
        m->shares.offsets = calloc(3, sizeof *m->shares.offsets);
        m->shares.share = calloc(2, sizeof *m->shares.share);
        memcpy(m->shares.share, seen[i], sizeof seen[i]);
        take(m, 0);
        assert_int_equal(c.items[0]->shares.n, 2);
        assert_true(c.items[0]->shares.share[0] == seen[i][0]);
        assert_true(c.items[0]->token_peak == 0.3f);
    }
}

static void a_message_about_no_question_changes_nothing(void **state)
{
    (void)state;
    static const enum message_type types[] = {MESSAGE_ANSWER_BEGINS, MESSAGE_EVIDENCE,  MESSAGE_ANSWER_TEXT,
                                              MESSAGE_ANSWER_ENDS,   MESSAGE_INSPECTED, MESSAGE_LENS};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) take(saying(types[i], "text"), 7);
    assert_int_equal(c.items[0]->state, EXCHANGE_WAITS);
    assert_null(c.items[0]->text);
    struct message *other = message_new(MESSAGE_PROGRESS);
    assert_false(conversation_take(&c, other, NULL));
    message_free(other);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(a_new_question_is_the_current_one_and_is_compared_with_none),
        CASE(the_topic_is_the_last_question_that_stood_alone),
        CASE(words_come_in_pieces_and_a_new_beginning_replaces_them),
        CASE(what_ends_without_an_answer_was_stopped_or_failed),
        CASE(the_answer_at_the_end_is_what_is_shown),
        CASE(words_before_a_failure_stay),
        CASE(what_is_selected_stays_where_it_was_in_the_text),
        CASE(the_question_is_what_was_sought_and_asked_what_was_typed),
        CASE(shares_remember_the_largest_seen),
        CASE(a_message_about_no_question_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
