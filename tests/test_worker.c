#include "tests/test.h"

#include <poll.h>
#include <unistd.h>

#include "app/reader/inspected.h"
#include "app/worker/message.h"
#include "app/worker/worker.h"
#include "compute/clock.h"
#include "tests/fake_reader.h"

static const char *const paths[] = {"a.txt", "b.txt", "c.txt"};
static const char *const texts[] = {"The whale is white.\n", "The ship is black.\n", "Nothing else is said.\n"};

static const struct model model = {
    .n_layer = 1, .n_head = 2, .n_branch = 2, .branch = {{8, 1}, {32, 4}}, .context_length = 32};

struct made {
    struct corpus *corpus;
    struct worker *worker;
};

static bool places_only; /* of the next worker */
static struct error why; /* why a question was not taken */

static struct made made_of(const char *device, const struct finding_how *how, const char *reread)
{
    struct made f = {0};
    struct error e = {0};
    size_t sizes[] = {strlen(texts[0]), strlen(texts[1]), strlen(texts[2])};
    assert_ok(corpus_open_memory(&f.corpus, paths, texts, sizes, 3, &e), e);
    const struct worker_options o = {.corpus = f.corpus,
                                     .model = &model,
                                     .device = device,
                                     .n_threads = 1,
                                     .reread_path = reread,
                                     .how = *how,
                                     .places_only = places_only};
    assert_ok(worker_open(&f.worker, &o, &e), e);
    return f;
}

static struct made made_with(const char *device)
{
    return made_of(device, &(struct finding_how){.rank = FINDING_ATTENTION}, NULL);
}

static void close_all(struct made *f)
{
    worker_close(f->worker);
    corpus_close(f->corpus);
}

/* Waits for a message of a type; others on the way are dropped. */
static struct message *wait_for(struct made *f, enum message_type type)
{
    for (const double end = clock_seconds() + 120; clock_seconds() < end;) {
        struct message *m = worker_next(f->worker);
        if (m != NULL && m->type == type) return m;
        message_free(m);
        struct pollfd fd = {worker_fd(f->worker), POLLIN, 0};
        char bytes[64];
        if (m == NULL && poll(&fd, 1, 50) > 0) (void)!read(fd.fd, bytes, sizeof bytes);
    }
    fail_msg("no message of type %d came", (int)type);
    return NULL;
}

static void a_worker_reads_and_tells_its_tables(void **state)
{
    (void)state;
    fake_pause_us = 0;
    struct made f = made_with("cpu");
    size_t n_documents = 0, n_segments = 0;
    for (;;) {
        struct message *m = wait_for(&f, MESSAGE_PROGRESS);
        n_documents = m->tables.first_document + m->tables.n_documents;
        n_segments = m->tables.first_segment + m->tables.n_segments;
        bool last = n_documents == 3;
        message_free(m);
        if (last) break;
    }
    assert_int_equal(n_segments, 3);
    struct message *m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    assert_null(m->text);
    message_free(m);
    close_all(&f);
}

static void a_question_is_answered_after_the_reading(void **state)
{
    (void)state;
    fake_pause_us = 2000;
    struct made f = made_with("cpu");
    assert_ok(worker_ask(f.worker, 7, "where is the ship?", NULL, &why), why);
    struct message *m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    m = wait_for(&f, MESSAGE_ANSWER_BEGINS);
    assert_int_equal(m->id, 7);
    message_free(m);
    m = wait_for(&f, MESSAGE_EVIDENCE);
    const struct finding *found = m->finding;
    assert_string_equal(m->text, "none");
    message_free(m);
    assert_string_equal(found->question, "where is the ship?");
    assert_int_equal(found->items[0].segment, 1);
    m = wait_for(&f, MESSAGE_ANSWER_ENDS);
    assert_true(m->done);
    assert_string_equal(m->answer->text, "The text says so [1], and again [2].");
    assert_ptr_equal(m->answer->finding, found);
    worker_want_shares(f.worker, 7, found, -1, 12, 16);
    struct message *shares = wait_for(&f, MESSAGE_SHARES);
    assert_int_equal(shares->shares.id, 7);
    assert_int_equal(shares->shares.document, 1);
    assert_int_equal(shares->shares.n, 4);
    assert_int_equal(shares->shares.offsets[0], 4);
    assert_int_equal(shares->shares.offsets[4], 19);
    message_free(shares);
    worker_want_lens(f.worker, 7, found, 3);
    struct message *lens = wait_for(&f, MESSAGE_LENS);
    assert_int_equal(lens->lens.n_tokens, 4);
    assert_true(lens->lens.share[1] > lens->lens.share[0]);
    message_free(lens);
    const struct inspected_choice all = {-1, -1, -1, -1};
    worker_want_inspection(f.worker, 7, found, &all);
    struct message *inspected = wait_for(&f, MESSAGE_INSPECTED);
    assert_int_equal(inspected->id, 7);
    assert_null(inspected->text);
    assert_int_equal(inspected->inspected->n_tokens, 4);
    assert_int_equal(inspected->inspected->in->n_text, 25);
    message_free(inspected);
    message_free(m);
    close_all(&f);
}

static const char *sought(struct made *f)
{
    struct message *m = wait_for(f, MESSAGE_EVIDENCE);
    const char *question = m->finding->question;
    message_free(m);
    message_free(wait_for(f, MESSAGE_ANSWER_ENDS));
    return question;
}

static void what_a_question_follows_up_is_told_with_it(void **state)
{
    (void)state;
    fake_pause_us = 0;
    struct made f = made_with("cpu");
    message_free(wait_for(&f, MESSAGE_READ_STOPPED));
    assert_ok(worker_ask_about(f.worker, 1, "where is it?", "What is a ship?", NULL, &why), why);
    assert_string_equal(sought(&f), "What is a ship? where is it?");
    assert_ok(worker_ask_about(f.worker, 2, "where is it?", NULL, NULL, &why), why);
    assert_string_equal(sought(&f), "where is it?");
    close_all(&f);
}

static void evidence_comes_before_the_words_and_can_be_looked_into_meanwhile(void **state)
{
    (void)state;
    fake_pause_us = 0;
    struct made f = made_with("cpu");
    message_free(wait_for(&f, MESSAGE_READ_STOPPED));
    assert_ok(worker_ask(f.worker, 3, "where is the ship that never ends?", NULL, &why), why);
    struct message *m = wait_for(&f, MESSAGE_EVIDENCE);
    assert_int_equal(m->id, 3);
    const struct finding *found = m->finding;
    message_free(m);
    assert_int_equal(found->items[0].segment, 1);
    const struct inspected_choice all = {-1, -1, -1, -1};
    worker_want_inspection(f.worker, 3, found, &all);
    message_free(wait_for(&f, MESSAGE_INSPECTED));
    worker_want_shares(f.worker, 3, found, -1, 12, 16);
    message_free(wait_for(&f, MESSAGE_SHARES));
    message_free(wait_for(&f, MESSAGE_ANSWER_TEXT)); /* words go on */
    worker_stop(f.worker);
    m = wait_for(&f, MESSAGE_ANSWER_ENDS);
    assert_false(m->done);
    assert_null(m->answer);
    assert_null(m->text);
    message_free(m);
    worker_want_lens(f.worker, 3, found, 3);
    message_free(wait_for(&f, MESSAGE_LENS));
    close_all(&f);
}

/* Evidence of question 5, ranked so. */
static const struct finding *next_finding(struct made *f, enum finding_rank rank)
{
    struct message *m = wait_for(f, MESSAGE_EVIDENCE);
    const struct finding *found = m->finding;
    assert_int_equal(m->id, 5);
    assert_int_equal(found->rank_by, rank);
    message_free(m);
    return found;
}

static void a_question_is_answered_at_once_while_the_text_is_read_and_again_after_it(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    struct made f = made_of("cpu", &(struct finding_how){.rank = FINDING_REREAD}, "fake");
    assert_ok(worker_ask(f.worker, 5, "where is the ship?", NULL, &why), why);
    const struct finding *words = next_finding(&f, FINDING_WORDS), *again = next_finding(&f, FINDING_REREAD);
    assert_true(words->read_share < 1);
    assert_int_equal(words->n_segments, 0);
    assert_int_equal(again->items[0].segment, words->items[1].segment);
    assert_int_equal(again->items[0].was, 2);
    assert_false(words->judged);
    assert_true(again->judged && again->n_spans == 1);
    struct message *m = wait_for(&f, MESSAGE_ANSWER_ENDS);
    assert_true(m->done);
    assert_ptr_equal(m->answer->finding, again);
    message_free(m);
    worker_want_shares(f.worker, 5, again, -1, 3, 4); /* there is no attention to look up yet */
    worker_want_lens(f.worker, 5, again, 0);
    atomic_store(&fake_held, false);
    m = wait_for(&f, MESSAGE_READ_STOPPED); /* reading went on by itself */
    assert_true(m->done);
    message_free(m);
    const struct finding *whole = next_finding(&f, FINDING_ATTENTION);
    assert_int_equal(whole->n_segments, 3);
    const struct finding *last = next_finding(&f, FINDING_REREAD);
    assert_true(last->read_share >= 1);
    assert_ptr_equal(last->share, whole->share);
    m = wait_for(&f, MESSAGE_ANSWER_ENDS);
    assert_ptr_equal(m->answer->finding, last);
    message_free(m);
    close_all(&f);
}

static void another_process_is_waited_for_until_a_question_comes(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_elsewhere, true);
    struct made f = made_of("cpu", &(struct finding_how){.rank = FINDING_REREAD}, "fake");
    struct message *m = wait_for(&f, MESSAGE_WAITS);
    assert_int_equal(m->progress.bytes, strlen(texts[0]));
    assert_int_equal(m->progress.total_bytes, strlen(texts[0]) + strlen(texts[1]) + strlen(texts[2]));
    message_free(m);
    assert_ok(worker_ask(f.worker, 5, "where is the ship?", NULL, &why), why);
    next_finding(&f, FINDING_WORDS);
    m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    close_all(&f);
    f = made_with("cpu");
    message_free(wait_for(&f, MESSAGE_WAITS));
    worker_stop(f.worker); /* read it here */
    message_free(wait_for(&f, MESSAGE_READ_STOPPED));
    close_all(&f);
    f = made_with("cpu");
    message_free(wait_for(&f, MESSAGE_WAITS));
    atomic_store(&fake_elsewhere, false); /* it is there */
    m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    close_all(&f);
}

/* As agents ask. */
static void places_come_once_without_words_and_are_forgotten(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    places_only = true;
    const int before = fake_findings;
    struct made f = made_of("cpu", &(struct finding_how){.rank = FINDING_REREAD}, "fake");
    places_only = false;
    const struct scope all = {.n_globs = 0};
    message_free(wait_for(&f, MESSAGE_PROGRESS));
    for (size_t id = 0; id < 20; id++) {
        assert_ok(id % 2 ? worker_ask_like(f.worker, id, 0, 0, &all, &why)
                         : worker_ask(f.worker, id, "where is the ship?", NULL, &why),
                  why);
        struct message *m = wait_for(&f, MESSAGE_ANSWER_ENDS);
        assert_int_equal(m->id, id);
        assert_true(m->done && m->answer == NULL && m->text == NULL);
        message_free(m);
        assert_true(worker_forget(f.worker, id));
    }
    atomic_store(&fake_held, false);
    message_free(wait_for(&f, MESSAGE_READ_STOPPED));
    assert_ok(worker_ask(f.worker, 20, "and it?", NULL, &why), why);
    struct message *m = wait_for(&f, MESSAGE_ANSWER_ENDS); /* no question was left to be answered again */
    assert_int_equal(m->id, 20);
    message_free(m);
    assert_true(fake_findings - before <= 2);
    close_all(&f);
    assert_int_equal(fake_findings, before);
}

static void a_question_that_is_not_wanted_ends_and_reading_goes_on(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    places_only = true;
    struct made f = made_of("cpu", &(struct finding_how){.rank = FINDING_REREAD}, "fake");
    places_only = false;
    worker_unask(f.worker, 1);
    for (size_t id = 0; id < 3; id++) assert_ok(worker_ask(f.worker, id, "where is the ship?", NULL, &why), why);
    for (size_t id = 0; id < 3; id++) {
        struct message *m = wait_for(&f, MESSAGE_ANSWER_ENDS);
        assert_int_equal(m->id, id);
        assert_int_equal(m->done, id != 1);
        assert_null(m->text);
        message_free(m);
    }
    atomic_store(&fake_held, false);
    struct message *m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    close_all(&f);
}

static void a_second_reading_without_its_file_is_a_failure(void **state)
{
    (void)state;
    struct made f = made_of("cpu", &(struct finding_how){.rank = FINDING_REREAD}, "gone.gguf");
    struct message *m = wait_for(&f, MESSAGE_FAILED);
    assert_string_equal(m->text, "gone.gguf: no such file");
    message_free(m);
    close_all(&f);
}

static void reading_pauses_and_goes_on(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    struct made f = made_with("cpu");
    message_free(wait_for(&f, MESSAGE_PROGRESS));
    worker_stop(f.worker);
    struct message *m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_false(m->done);
    assert_null(m->text);
    message_free(m);
    atomic_store(&fake_held, false);
    assert_true(worker_read(f.worker));
    m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    close_all(&f);
}

static void a_stop_is_of_what_was_asked_for_before_it_begun_or_not(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    struct made f = made_with("cpu");
    worker_stop(f.worker); /* the device is being opened yet */
    struct message *m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_false(m->done);
    message_free(m);
    atomic_store(&fake_held, false);
    worker_stop(f.worker); /* of nothing */
    assert_true(worker_read(f.worker));
    m = wait_for(&f, MESSAGE_READ_STOPPED);
    assert_true(m->done);
    message_free(m);
    assert_ok(worker_ask(f.worker, 1, "what never ends?", NULL, &why), why);
    assert_ok(worker_ask(f.worker, 2, "where is the ship?", NULL, &why), why);
    worker_stop(f.worker); /* of the first */
    for (size_t id = 1; id < 3; id++) {
        m = wait_for(&f, MESSAGE_ANSWER_ENDS);
        assert_int_equal(m->id, id);
        assert_int_equal(m->done, id == 2);
        message_free(m);
    }
    close_all(&f);
}

static void a_worker_ends_in_the_middle_of_things(void **state)
{
    (void)state;
    fake_pause_us = 0;
    atomic_store(&fake_held, true);
    struct made f = made_with("cpu");
    for (size_t i = 0; i < 10; i++) assert_ok(worker_ask(f.worker, i, "why?", NULL, &why), why);
    message_free(wait_for(&f, MESSAGE_PROGRESS));
    int refused = 0;
    for (size_t i = 10; i < 300 && !refused; i++) refused = worker_ask(f.worker, i, "why?", NULL, &why);
    assert_int_equal(refused, -1);
    assert_string_equal(why.text, "too many questions are waiting");
    close_all(&f);
    atomic_store(&fake_held, false);
}

static void a_device_that_does_not_open_is_said(void **state)
{
    (void)state;
    struct made f = made_with("no-such-device");
    struct message *m = wait_for(&f, MESSAGE_FAILED);
    assert_non_null(strstr(m->text, "no-such-device"));
    message_free(m);
    assert_ok(worker_ask(f.worker, 7, "anyone?", NULL, &why), why); /* nobody waits for ever */
    m = wait_for(&f, MESSAGE_ANSWER_ENDS);
    assert_int_equal(m->id, 7);
    assert_non_null(strstr(m->text, "no-such-device"));
    message_free(m);
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_reads_and_tells_its_tables),
        cmocka_unit_test(a_question_is_answered_after_the_reading),
        cmocka_unit_test(what_a_question_follows_up_is_told_with_it),
        cmocka_unit_test(evidence_comes_before_the_words_and_can_be_looked_into_meanwhile),
        cmocka_unit_test(a_question_is_answered_at_once_while_the_text_is_read_and_again_after_it),
        cmocka_unit_test(another_process_is_waited_for_until_a_question_comes),
        cmocka_unit_test(places_come_once_without_words_and_are_forgotten),
        cmocka_unit_test(a_question_that_is_not_wanted_ends_and_reading_goes_on),
        cmocka_unit_test(a_second_reading_without_its_file_is_a_failure),
        cmocka_unit_test(reading_pauses_and_goes_on),
        cmocka_unit_test(a_stop_is_of_what_was_asked_for_before_it_begun_or_not),
        cmocka_unit_test(a_worker_ends_in_the_middle_of_things),
        cmocka_unit_test(a_device_that_does_not_open_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
