/* The program as lines: what is typed, and what is said, word by word. The worker computes in its thread; every line is
 * typed when what it needs has been said. */
#include "tests/test.h"

#include <pthread.h>
#include <unistd.h>

#include "app/screen/ax.h"
#include "app/screen/ui.h"
#include "tests/fake_reader.h"

static const struct model model = {
    .n_layer = 1, .n_head = 2, .n_branch = 2, .branch = {{8, 1}, {32, 4}}, .context_length = 32};

/* The program in a thread, with pipes in place of the terminal. */
struct talk {
    struct corpus *corpus;
    struct ui_options options;
    struct ui_end end;
    struct error e;
    pthread_t thread;
    int to, from, status, saved[2];
    char said[8192]; /* since the last line was typed */
    size_t size;
};

static void *talk_run(void *context)
{
    struct talk *t = context;
    t->status = ax_run(&t->options, &t->end, &t->e);
    fflush(stdout);
    dup2(t->saved[1], STDOUT_FILENO); /* the end of what was said */
    return NULL;
}

static void talk_open(struct talk *t, const char *const *paths, const char *const *texts, size_t n, const char *device)
{
    size_t sizes[4];
    int in[2], out[2];
    for (size_t i = 0; i < n; i++) sizes[i] = strlen(texts[i]);
    *t = (struct talk){0};
    assert_ok(corpus_open_memory(&t->corpus, paths, texts, sizes, n, &t->e), t->e);
    t->options = (struct ui_options){
        .corpus = t->corpus, .model = &model, .device = device, .n_threads = 1, .how = {.rank = FINDING_ATTENTION}};
    fflush(stdout);
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    t->saved[0] = dup(STDIN_FILENO);
    t->saved[1] = dup(STDOUT_FILENO);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in[0]);
    close(out[1]);
    t->to = in[1];
    t->from = out[0];
    assert_int_equal(pthread_create(&t->thread, NULL, talk_run, t), 0);
}

/* Reads on; false at the end of what is said. */
static bool talk_hear(struct talk *t)
{
    const ssize_t n = read(t->from, t->said + t->size, sizeof t->said - 1 - t->size);
    if (n <= 0) return false;
    t->size += (size_t)n;
    t->said[t->size] = '\0';
    return true;
}

static void talk_wait(struct talk *t, const char *words)
{
    while (strstr(t->said, words) == NULL)
        if (!talk_hear(t)) break;
    if (strstr(t->said, words) != NULL) return;
    dup2(t->saved[1], STDOUT_FILENO);
    fail_msg("not said: %s\nbut: %s", words, t->said);
}

static void talk_type(struct talk *t, const char *bytes)
{
    t->size = 0;
    t->said[0] = '\0';
    assert_int_equal(write(t->to, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

/* What is said to a line, the prompt after it included. */
static void talk_says(struct talk *t, const char *line, const char *expected)
{
    talk_type(t, line);
    talk_wait(t, "\n> ");
    assert_string_equal(t->said, expected);
}

/* The input ends; what is said from then on is heard. */
static void talk_close(struct talk *t)
{
    close(t->to);
    while (talk_hear(t)) continue;
    pthread_join(t->thread, NULL);
    dup2(t->saved[0], STDIN_FILENO);
    close(t->saved[0]);
    close(t->saved[1]);
    close(t->from);
    corpus_close(t->corpus);
}

static const char tale[] = "# Dawn\n\nThe lamp was lit.\n\n# Dusk\n\nThe lamp went out.\nThe keeper slept.";

static void open_tale(struct talk *t)
{
    static const char *const paths[] = {"tale.md"}, *const texts[] = {tale};
    talk_open(t, paths, texts, 1, "cpu");
    talk_wait(t, "All is read.\n> ");
}

static void the_text_is_said_from_where_one_is(void **state)
{
    (void)state;
    static struct talk t;
    open_tale(&t);
    talk_says(&t, "\n",
              "line 1, Dawn.\n# Dawn\n\nThe lamp was lit.\n\n# Dusk\n\nThe lamp went out.\nThe keeper slept.\n"
              "This is the end of the text.\n> ");
    talk_says(&t, "\n", "line 8, Dusk.\n\nThis is the end of the text.\n> "); /* nothing is left, and that is said */
    talk_says(&t, ":5\n",
              "line 5, Dusk.\n# Dusk\n\nThe lamp went out.\nThe keeper slept.\n"
              "This is the end of the text.\n> ");
    talk_says(&t, "  :8  \n", "line 8, Dusk.\nThe keeper slept.\nThis is the end of the text.\n> ");
    talk_says(&t, ":9\n", "There are 8 lines.\n> ");
    talk_says(&t, ":0\n", "There are 8 lines.\n> ");
    talk_says(&t, ":x\n", "There are 8 lines.\n> ");
    talk_close(&t);
    assert_int_equal(t.status, 0);
    assert_false(t.end.unread);
    assert_true(t.end.part >= 1);
}

static void a_word_is_gone_to_round_the_end(void **state)
{
    (void)state;
    static struct talk t;
    open_tale(&t);
    talk_says(&t, "/out\n", "line 7, Dusk.\nThe lamp went out.\nThe keeper slept.\nThis is the end of the text.\n> ");
    talk_says(&t, "/keeper\n", "line 8, Dusk.\nThe keeper slept.\nThis is the end of the text.\n> ");
    talk_type(&t, "/lit\n");
    talk_wait(&t, "line 3, Dawn.\nThe lamp was lit.\n");
    talk_wait(&t, "\n> ");
    talk_says(&t, "/zebra\n", "Not found.\n> ");
    talk_close(&t);
}

static void contents_and_help_are_said(void **state)
{
    (void)state;
    static struct talk t;
    open_tale(&t);
    talk_says(&t, "c\n", "tale.md\nline 1: Dawn\nline 5: Dusk\n> ");
    talk_says(&t, "?\n",
              "Enter reads on. A number reads a place of the answer. :120 goes to a line, /word to the next place of a "
              "word, c says the contents, q leaves. All else is a question.\n> ");
    talk_says(&t, "1\n", "There are 0 places.\n> ");
    talk_type(&t, "q\n?\n"); /* what comes after it is not obeyed */
    talk_close(&t);
    assert_string_equal(t.said, "");
}

static void a_question_is_answered_with_places_that_numbers_read(void **state)
{
    (void)state;
    static struct talk t;
    static const char *const paths[] = {"a.txt", "\x1b[2Jb.txt"}, *const texts[] = {
                                                                      "The whale is white.\n",
                                                                      "The ship is black.\n\x1b[31mred\n"};
    talk_open(&t, paths, texts, 2, "cpu");
    talk_wait(&t, "All is read.\n> ");
    talk_type(&t, "What is the ship?\n");
    talk_wait(&t, "A number reads a place.\n> ");
    assert_string_equal(t.said, "Looking through the text.\n> \n"
                                "Answer, from none: The text says so [1], and again [2].\n"
                                "Place 1: ^[[2Jb.txt, line 1.\nPlace 2: a.txt, line 1.\nA number reads a place.\n> ");
    talk_says(&t, "1\n", "^[[2Jb.txt, line 1.\nThe ship is black.\n^[[31mred\nThis is the end of the text.\n> ");
    talk_says(&t, "2\n", "a.txt, line 1.\nThe whale is white.\n> ");
    talk_says(&t, "\n", "^[[2Jb.txt, line 1.\nThe ship is black.\n^[[31mred\nThis is the end of the text.\n> ");
    talk_says(&t, "3\n", "There are 2 places.\n> ");
    talk_says(&t, "0\n", "There are 2 places.\n> ");
    talk_type(&t, "And why is it?\n");
    talk_wait(&t, "A number reads a place.\n> ");
    assert_non_null(strstr(t.said, "Taken as a follow-up of: What is the ship? Begin with = to ask it on its own.\n"));
    talk_type(&t, "=And why is it?\n");
    talk_wait(&t, "A number reads a place.\n> ");
    assert_null(strstr(t.said, "follow-up"));
    talk_close(&t);
}

static void nothing_of_what_is_said_is_obeyed_by_a_terminal(void **state)
{
    (void)state;
    static struct talk t;
    fake_failure = "HTTP 500: \x1b]0;owned\x07";
    open_tale(&t);
    talk_says(&t, "in:\x1b[2J who?\n", "no path and no chapter is called ^[[2J.\n> ");
    talk_type(&t, "what lamp?\n");
    talk_wait(&t, "A number reads a place.\n> ");
    assert_null(strchr(t.said, '\x1b'));
    talk_close(&t);
    fake_failure = NULL;
}

static void a_device_that_does_not_open_ends_in_an_error(void **state)
{
    (void)state;
    static struct talk t;
    static const char *const paths[] = {"a.txt"}, *const texts[] = {"The whale.\n"};
    talk_open(&t, paths, texts, 1, "no such device");
    talk_wait(&t, "Reading failed: ");
    talk_wait(&t, "\n> ");
    talk_close(&t);
    assert_int_equal(t.status, -1);
    assert_true(t.end.unread);
    assert_non_null(strstr(t.e.text, "no such device"));
}

/* Bytes may come in any pieces; a line that is longer than any question is left out, to its end. */
static void lines_come_in_pieces_and_have_a_greatest_length(void **state)
{
    (void)state;
    static struct talk t;
    static char line[9000];
    open_tale(&t);
    talk_type(&t, ":");
    assert_int_equal(write(t.to, "9", 1), 1);
    assert_int_equal(write(t.to, "9\n:", 3), 3);
    talk_wait(&t, "There are 8 lines.\n> ");
    talk_says(&t, "77\n", "There are 8 lines.\n> ");
    memset(line, 'x', sizeof line - 3);
    memcpy(line + sizeof line - 3, "\n:9", 3);
    assert_int_equal(write(t.to, line, sizeof line), (ssize_t)sizeof line);
    talk_says(&t, "\n", "There are 8 lines.\n> ");
    talk_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_said_from_where_one_is),
        cmocka_unit_test(a_word_is_gone_to_round_the_end),
        cmocka_unit_test(contents_and_help_are_said),
        cmocka_unit_test(a_question_is_answered_with_places_that_numbers_read),
        cmocka_unit_test(nothing_of_what_is_said_is_obeyed_by_a_terminal),
        cmocka_unit_test(a_device_that_does_not_open_ends_in_an_error),
        cmocka_unit_test(lines_come_in_pieces_and_have_a_greatest_length),
    };
    fake_pause_us = 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
