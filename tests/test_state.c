#include "tests/state_fixture.h"

#include <dirent.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void a_complete_read_opens_with_nothing_left_to_read(void **test)
{
    (void)test;
    struct corpus *c = texts(2, (const char *const[]){"one\ntwo\n", "three"});
    struct state *s = open_state(c);
    assert_null(state_extent_of(s));
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 2 + 4 + 3 + 3);
    assert_true(state_is_complete(s));
    state_close(s);
    s = open_state(c);
    assert_true(state_is_complete(s));
    assert_string_equal(state_note(s), "");
    assert_int_equal(read_on(s, c, UINT64_MAX, 1), 0);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
}

static void reading_goes_on_from_the_last_checkpoint(void **test)
{
    (void)test;
    char *text = lines(2000, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s = open_state(c);
    assert_int_equal(read_on(s, c, 5500, 1000), 5500);
    state_close(s);
    s = open_state(c);
    assert_false(state_is_complete(s));
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 10001 - 5000);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

static void a_process_that_is_killed_leaves_its_checkpoints(void **test)
{
    (void)test;
    char *text = lines(3000, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error e;
        struct state *s;
        if (try_open(&s, c, &e) == 0) read_on(s, c, 9999, 2000);
        _exit(9); /* nothing is closed, nothing is cut */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    struct state *s = open_state(c);
    assert_string_equal(state_note(s), "");
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 15001 - 8000);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

/* Reads `before` to the end with a checkpoint every 100 tokens, then opens `after`: how many tokens are left to read.
 */
static uint64_t left_after_change(size_t n_before, const char *const *before, size_t n_after, const char *const *after)
{
    struct corpus *old = texts(n_before, before), *c = texts(n_after, after);
    struct state *s = open_state(old);
    read_on(s, old, UINT64_MAX, 100);
    state_close(s);
    s = open_state(c);
    bool kept = state_extent_of(s) != NULL;
    assert_non_null(strstr(state_note(s), kept ? " tokens are kept from an earlier read" : "nothing is kept from an"));
    uint64_t left = read_on(s, c, UINT64_MAX, 100);
    assert_like_read_at_once(s, c);
    state_close(s);
    s = open_state(old); /* the old one is still there */
    assert_true(state_is_complete(s));
    state_close(s);
    corpus_close(old);
    corpus_close(c);
    return left;
}

static void text_that_was_appended_is_all_that_is_read(void **test)
{
    (void)test;
    char *text = lines(100, 'x'), *more = lines(130, 'x');
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){more}), 150);
    /* a document that stands alone has no name in what is read */
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 2, (const char *const[]){text, "new"}), 502 + 5);
    assert_int_equal(
        left_after_change(2, (const char *const[]){text, "new"}, 3, (const char *const[]){text, "new", "er"}), 4 + 1);
    free(text);
    free(more);
}

static void a_changed_document_is_read_from_the_checkpoint_before_the_change(void **test)
{
    (void)test;
    char *text = lines(100, 'x'), *changed = lines(100, 'x');
    changed[615] = '!'; /* token 1 + 307 */
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){changed}), 501 - 300);
    changed[3] = '!';
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){changed}), 501);
    free(text);
    free(changed);
}

static void a_line_that_grows_is_read_again(void **test)
{
    (void)test;
    /* Checkpoints at tokens 100, 200, and 301: the end, in a line that has no end yet. */
    char *text = lines(60, 'x');
    text[599] = 'y';
    char *longer = malloc(700);
    assert_non_null(longer);
    snprintf(longer, 700, "%szz\n", text);
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){longer}), 303 - 200);
    free(text);
    free(longer);
}

static void another_model_does_not_see_it(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 1);
    state_close(s);
    struct state_key other = key;
    other.model = 8;
    const struct state_options o = {.directory = directory};
    assert_ok(state_open(&s, &o, &other, c, &e), e);
    assert_null(state_extent_of(s));
    state_close(s);
    corpus_close(c);
}

static void a_second_process_is_told_while_the_first_one_writes(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *first = open_state(c), *second;
    assert_int_equal(try_open(&second, c, &e), -1);
    assert_string_equal(e.text, "in use by another process");
    read_on(first, c, UINT64_MAX, UINT64_MAX);
    assert_ok(try_open(&second, c, &e), e); /* complete: now both may look */
    assert_true(state_is_complete(second));
    state_close(first);
    state_close(second);
    corpus_close(c);
}

struct waiting {
    struct state *first; /* ended after so many calls */
    int times, ends, gives_up;
    uint64_t bytes;
};

static bool on_wait(void *context, uint64_t bytes)
{
    struct waiting *w = context;
    w->bytes = bytes;
    if (++w->times == w->gives_up) return false;
    if (w->times < w->ends) return true;
    state_close(w->first);
    return true;
}

static void a_second_process_waits_for_the_first_and_sees_how_far_it_is(void **test)
{
    (void)test;
    struct error e = {0};
    char *text = lines(400, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    struct waiting w = {.first = open_state(c), .ends = 10, .gives_up = 3};
    const struct state_options o = {.directory = directory, .label = "test", .waits = on_wait, .context = &w};
    struct state *second;
    assert_int_equal(state_open(&second, &o, &key, c, &e), -1); /* it was told to wait no more */
    assert_int_equal(e.kind, ERROR_BUSY);
    assert_int_equal(w.times, 3);
    read_on(w.first, c, 1000, 100);
    w.times = 0;
    w.ends = 2;
    assert_ok(state_open(&second, &o, &key, c, &e), e);
    assert_int_equal(w.times, 2);
    assert_true(w.bytes > 0 && w.bytes < c->n_bytes);
    assert_non_null(state_extent_of(second)); /* the first one was left: what it kept is gone on from */
    assert_int_equal(state_extent_of(second)->offset, w.bytes);
    state_close(second);
    corpus_close(c);
    free(text);
}

static void where_nothing_can_be_kept_opening_fails(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    const struct state_options o = {.directory = "/dev/null/states"};
    assert_int_equal(state_open(&s, &o, &key, c, &e), -1);
    assert_string_equal(e.text, "/dev/null/states: Not a directory");
    atomic_bool cancel = true;
    const struct state_options cancelled = {.directory = directory, .cancel = &cancel};
    assert_int_equal(state_open(&s, &cancelled, &key, c, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    corpus_close(c);
}

/* A read with checkpoints that are not put on the disk: at every 100th token, and a durable one after 400. */
static struct state *read_lightly(const struct corpus *c, uint64_t most)
{
    struct error e;
    struct state *s = open_state(c);
    struct sequence *q = open_sequence(s, c);
    while (sequence_n_tokens(q) < most && read_token(q, c)) {
        const uint64_t n = sequence_n_tokens(q);
        if (n % 100 == 0) assert_ok(checkpoint(s, q, n == 400 ? STATE_DURABLE : STATE_LIGHT, &e), e);
    }
    sequence_close(q);
    return s;
}

static size_t count_sessions(void)
{
    char path[256];
    size_t n = 0;
    file_of(path, "");
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *found; (found = readdir(d));) n += strncmp(found->d_name, "session.", 8) == 0;
    closedir(d);
    return n;
}

static void light_checkpoints_count_when_a_durable_one_follows(void **test)
{
    (void)test;
    char *text = lines(200, 'x'), *changed = lines(200, 'x');
    changed[615] = '!'; /* token 1 + 307 */
    struct corpus *c = texts(1, (const char *const[]){text}), *other = texts(1, (const char *const[]){changed});
    struct state *s = read_lightly(c, 750);
    state_close(s); /* tokens 500 to 700 are forgotten */
    assert_int_equal(count_sessions(), 4);
    s = open_state(c);
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 1001 - 400);
    state_close(s);
    assert_int_equal(count_sessions(), 0); /* they are in one file now */
    s = open_state(other);
    assert_non_null(strstr(state_note(s), "300 tokens are kept"));
    assert_int_equal(read_on(s, other, UINT64_MAX, UINT64_MAX), 1001 - 300);
    assert_like_read_at_once(s, other);
    state_close(s);
    corpus_close(c);
    corpus_close(other);
    free(text);
    free(changed);
}

static void light_checkpoints_of_a_killed_process_are_cleared_away(void **test)
{
    (void)test;
    char *text = lines(200, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        read_lightly(c, 750);
        _exit(9); /* nothing is closed */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(count_sessions(), 7);
    struct state *s = open_state(c);
    assert_int_equal(count_sessions(), 4);
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 1001 - 400);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

static void why_nothing_is_kept_is_told(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"one\n"}), *other = texts(1, (const char *const[]){"two\n"});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    state_close(s);
    s = open_state(other);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: the text differs before token 3, the "
                                       "first place to go on from");
    state_close(s);
    const struct state_options o = {.directory = directory, .label = "test"}, unknown = {.directory = directory};
    struct state_key changed = key;
    changed.rate = 12;
    assert_ok(state_open(&s, &o, &changed, c, &e), e);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: it kept the key of every 3. token, this "
                                       "one of every 12.");
    state_close(s);
    changed.model = 8;
    assert_ok(state_open(&s, &o, &changed, c, &e), e);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: another model read it");
    state_close(s);
    assert_ok(state_open(&s, &unknown, &key, other, &e), e);
    assert_string_equal(state_note(s), ""); /* of another name */
    state_close(s);
    corpus_close(c);
    corpus_close(other);
}

static void at_most_eight_checkpoints_stay_of_a_complete_read(void **test)
{
    (void)test;
    struct error e;
    char *text = lines(700, 'x'), *changed = lines(700, 'x');
    changed[5300] = '!'; /* token 1 + 2650 of 3501 */
    struct corpus *c = texts(1, (const char *const[]){text}), *other = texts(1, (const char *const[]){changed});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 64);
    assert_like_read_at_once(s, c);
    state_close(s);
    struct state_entry *entries;
    size_t n;
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_int_equal(entries[0].index.n_checkpoints, 8);
    assert_int_equal(entries[0].index.n_chained, 8);
    state_list_free(entries, n);
    s = open_state(other);
    assert_non_null(strstr(state_note(s), "2560 tokens are kept"));
    /* The rest is read with other checkpoints, and the end has them all in one file again. */
    assert_int_equal(read_on(s, other, UINT64_MAX, 64), 3501 - 2560);
    assert_like_read_at_once(s, other);
    state_close(s);
    s = open_state(other);
    assert_true(state_is_complete(s));
    assert_session_fits(s);
    state_close(s);
    corpus_close(c);
    corpus_close(other);
    free(text);
    free(changed);
}

static void a_read_keeps_its_precision_and_so_does_what_grows_from_it(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    char *text = lines(100, 'x'), *more = lines(130, 'x');
    struct corpus *c = texts(1, (const char *const[]){text}), *grown = texts(1, (const char *const[]){more});
    const struct state_options small = {.directory = directory, .precision = "int8"}, whole = {.directory = directory};
    assert_ok(state_open(&s, &small, &key, c, &e), e);
    assert_string_equal(state_precision(s), "int8");
    read_on(s, c, UINT64_MAX, 100);
    state_close(s);
    assert_ok(state_open(&s, &whole, &key, c, &e), e);
    assert_true(state_is_complete(s));
    assert_string_equal(state_precision(s), "int8");
    state_close(s);
    assert_ok(state_open(&s, &whole, &key, grown, &e), e);
    assert_string_equal(state_precision(s), "int8");
    state_close(s);
    corpus_close(c);
    corpus_close(grown);
    free(text);
    free(more);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(a_complete_read_opens_with_nothing_left_to_read),
        CASE(reading_goes_on_from_the_last_checkpoint),
        CASE(a_process_that_is_killed_leaves_its_checkpoints),
        CASE(text_that_was_appended_is_all_that_is_read),
        CASE(a_changed_document_is_read_from_the_checkpoint_before_the_change),
        CASE(a_line_that_grows_is_read_again),
        CASE(another_model_does_not_see_it),
        CASE(a_second_process_is_told_while_the_first_one_writes),
        CASE(a_second_process_waits_for_the_first_and_sees_how_far_it_is),
        CASE(where_nothing_can_be_kept_opening_fails),
        CASE(light_checkpoints_count_when_a_durable_one_follows),
        CASE(light_checkpoints_of_a_killed_process_are_cleared_away),
        CASE(why_nothing_is_kept_is_told),
        CASE(at_most_eight_checkpoints_stay_of_a_complete_read),
        CASE(a_read_keeps_its_precision_and_so_does_what_grows_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
