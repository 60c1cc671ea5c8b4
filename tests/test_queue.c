#include "tests/test.h"

#include <pthread.h>
#include <unistd.h>

#include "app/worker/message.h"
#include "app/worker/queue.h"

/* No answer is made here; the real one need not be linked. */
void answer_close(struct answer *a)
{
    free(a);
}

static struct message *numbered(size_t id)
{
    struct message *m = message_new(MESSAGE_ASK);
    m->id = id;
    return m;
}

static struct message *piece(size_t id, const char *text)
{
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    m->id = id;
    assert_true(message_text(m, text, strlen(text)));
    return m;
}

static struct message *progress(uint64_t tokens, size_t first_segment, size_t n_segments)
{
    struct message *m = message_new(MESSAGE_PROGRESS);
    m->progress.tokens = tokens;
    m->tables.first_segment = first_segment;
    m->tables.n_segments = n_segments;
    m->tables.documents = calloc(1, sizeof *m->tables.documents);
    m->tables.segments = calloc(n_segments + 1, sizeof *m->tables.segments);
    for (size_t i = 0; i < n_segments; i++) m->tables.segments[i].offset = 100 * tokens + first_segment + i;
    return m;
}

static struct queue *queue_of(size_t capacity, int wake)
{
    struct queue *q = NULL;
    struct error e = {0};
    assert_ok(queue_open(&q, capacity, wake, &e), e);
    return q;
}

static void messages_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct queue *q = queue_of(4, -1);
    for (size_t i = 0; i < 4; i++) assert_true(queue_push(q, numbered(i), false));
    assert_false(queue_push(q, numbered(9), false));
    for (size_t i = 0; i < 4; i++) {
        struct message *m = queue_pop(q, true);
        assert_int_equal(m->id, i);
        message_free(m);
    }
    assert_null(queue_pop(q, false));
    queue_close(q);
}

static void progress_that_nobody_has_read_is_one_message(void **state)
{
    (void)state;
    struct queue *q = queue_of(2, -1);
    queue_push(q, progress(1, 0, 3), true);
    queue_push(q, progress(2, 2, 2), true);
    queue_push(q, progress(3, 4, 1), true);
    struct message *m = queue_pop(q, false);
    assert_int_equal(m->progress.tokens, 3);
    assert_int_equal(m->tables.first_segment, 0);
    assert_int_equal(m->tables.n_segments, 5);
    static const uint64_t offsets[] = {100, 101, 202, 203, 304};
    for (size_t i = 0; i < 5; i++) assert_int_equal(m->tables.segments[i].offset, offsets[i]);
    message_free(m);
    assert_null(queue_pop(q, false));
    queue_close(q);
}

/* A reader that grows, whose tables are told as the worker tells them: the last document and segment again, as they may
 * have grown. However often the other thread looks, it has the tables at the end. */
static void tables_are_whole_however_often_they_are_read(void **state)
{
    (void)state;
    enum { MOST = 60 };
    uint64_t seed = 43;
    for (int turn = 0; turn < 300; turn++) {
        struct queue *q = queue_of(2, -1);
        uint64_t sizes[MOST] = {0}, known[MOST] = {0};
        size_t n = 0, told = 0, n_known = 0;
        for (int step = 0; step < 30; step++) {
            if (n > 0) sizes[n - 1] += test_random(&seed) % 3; /* the last one grows */
            for (size_t more = test_random(&seed) % 3; more > 0 && n < MOST; more--, n++) sizes[n] = n + 2;
            const size_t first = told ? told - 1 : 0;
            struct message *m = progress(n, first, n - first);
            for (size_t i = first; i < n; i++) m->tables.segments[i - first].offset = sizes[i];
            told = n;
            assert_true(queue_push(q, m, false));
            if (test_random(&seed) % 3 && step < 29) continue;
            m = queue_pop(q, false);
            assert_non_null(m);
            assert_true(m->tables.first_segment <= n_known);
            assert_int_equal(m->progress.tokens, n);
            n_known = m->tables.first_segment + m->tables.n_segments;
            for (size_t i = 0; i < m->tables.n_segments; i++)
                known[m->tables.first_segment + i] = m->tables.segments[i].offset;
            message_free(m);
            assert_int_equal(n_known, n);
            assert_memory_equal(known, sizes, n * sizeof *known);
        }
        assert_null(queue_pop(q, false));
        queue_close(q);
    }
}

/* Tables with a gap between them, or that go back, are two messages. */
static void tables_that_do_not_go_on_are_not_joined(void **state)
{
    (void)state;
    static const size_t firsts[][2] = {{0, 5}, {4, 3}, {7, 0}};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        struct queue *q = queue_of(4, -1);
        queue_push(q, progress(1, firsts[i][0], 3), true);
        queue_push(q, progress(2, firsts[i][1], 3), true);
        for (size_t k = 0; k < 2; k++) {
            struct message *m = queue_pop(q, false);
            assert_non_null(m);
            assert_int_equal(m->progress.tokens, k + 1);
            assert_int_equal(m->tables.first_segment, firsts[i][k]);
            message_free(m);
        }
        queue_close(q);
    }
}

static void pieces_of_one_answer_are_joined_and_of_two_are_not(void **state)
{
    (void)state;
    struct queue *q = queue_of(4, -1);
    queue_push(q, piece(1, "one "), true);
    queue_push(q, piece(1, "two"), true);
    queue_push(q, piece(2, "three"), true);
    struct message *m = queue_pop(q, false);
    assert_string_equal(m->text, "one two");
    assert_int_equal(m->size, 7);
    message_free(m);
    m = queue_pop(q, false);
    assert_string_equal(m->text, "three");
    message_free(m);
    queue_close(q);
}

static void what_is_left_is_freed_and_a_stopped_queue_takes_nothing(void **state)
{
    (void)state;
    struct queue *q = queue_of(4, -1);
    queue_push(q, piece(1, "left"), true);
    queue_stop(q);
    assert_false(queue_push(q, numbered(1), true));
    struct message *m = queue_pop(q, true);
    assert_string_equal(m->text, "left");
    message_free(m);
    assert_null(queue_pop(q, true));
    queue_close(q);
}

static void *push_many(void *context)
{
    struct queue *q = context;
    for (size_t i = 0; i < 1000; i++) queue_push(q, numbered(i), true);
    return NULL;
}

static void a_full_queue_makes_the_other_thread_wait_and_loses_nothing(void **state)
{
    (void)state;
    int wake[2];
    assert_int_equal(pipe(wake), 0);
    struct queue *q = queue_of(3, wake[1]);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, push_many, q), 0);
    for (size_t i = 0; i < 1000; i++) {
        struct message *m = queue_pop(q, true);
        assert_int_equal(m->id, i);
        message_free(m);
    }
    pthread_join(thread, NULL);
    char byte;
    assert_int_equal(read(wake[0], &byte, 1), 1);
    close(wake[0]);
    close(wake[1]);
    queue_close(q);
}

static void a_nudge_wakes_a_waiting_reader_without_a_message(void **state)
{
    (void)state;
    struct queue *q = queue_of(1, -1);
    queue_nudge(q);
    assert_null(queue_pop(q, true));
    queue_close(q);
}

static void what_is_in_it_can_be_seen(void **state)
{
    (void)state;
    struct queue *q = queue_of(2, -1);
    assert_false(queue_has(q, MESSAGE_ASK));
    queue_push(q, message_new(MESSAGE_READ), true);
    message_free(queue_pop(q, false));
    queue_push(q, message_new(MESSAGE_READ), true);
    queue_push(q, message_new(MESSAGE_ASK), true); /* behind the end of the ring */
    assert_true(queue_has(q, MESSAGE_ASK));
    assert_false(queue_has(q, MESSAGE_SCALE));
    queue_close(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_in_the_order_they_went_in),
        cmocka_unit_test(progress_that_nobody_has_read_is_one_message),
        cmocka_unit_test(tables_are_whole_however_often_they_are_read),
        cmocka_unit_test(tables_that_do_not_go_on_are_not_joined),
        cmocka_unit_test(pieces_of_one_answer_are_joined_and_of_two_are_not),
        cmocka_unit_test(what_is_left_is_freed_and_a_stopped_queue_takes_nothing),
        cmocka_unit_test(a_full_queue_makes_the_other_thread_wait_and_loses_nothing),
        cmocka_unit_test(what_is_in_it_can_be_seen),
        cmocka_unit_test(a_nudge_wakes_a_waiting_reader_without_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
