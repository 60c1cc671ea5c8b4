/* The log file: a line an event, whatever the words, from any thread. */
#include "tests/test.h"

#include <pthread.h>
#include <unistd.h>

#include "compute/log.h"

static char path[] = "/tmp/lectern-log-XXXXXX";

/* The file's lines, without what stands before the words: 2026-01-02T03:04:05.678Z and a blank. */
static size_t read_lines(char lines[][128], size_t most)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = 0;
    char line[4096];
    while (n < most && fgets(line, sizeof line, f)) {
        assert_true(line[4] == '-' && line[10] == 'T' && line[13] == ':');
        const char *words = strchr(line, ' ');
        assert_non_null(words);
        snprintf(lines[n++], 128, "%.100s", words + 1);
    }
    fclose(f);
    return n;
}

static int fresh(void **state)
{
    (void)state;
    int fd = mkstemp(strcpy(path, "/tmp/lectern-log-XXXXXX"));
    return fd < 0 || close(fd) != 0;
}

static int end(void **state)
{
    (void)state;
    log_close();
    return unlink(path);
}

static void nothing_is_written_while_no_log_is_open(void **state)
{
    (void)state;
    char lines[4][128];
    log_line("into the void");
    assert_int_equal(read_lines(lines, 4), 0);
}

static void a_line_stays_one_line(void **state)
{
    (void)state;
    struct error e = {0};
    char lines[4][128];
    assert_ok(log_open(path, &e), e);
    log_line("%s: %d", "a\nb\x1b[2J", 7);
    log_line("second");
    log_close();
    log_line("after the end");
    assert_int_equal(read_lines(lines, 4), 2);
    assert_string_equal(lines[0], "a?b?[2J: 7\n");
    assert_string_equal(lines[1], "second\n");
}

static void opening_again_appends(void **state)
{
    (void)state;
    struct error e = {0};
    char lines[4][128];
    assert_ok(log_open(path, &e), e);
    log_line("one");
    assert_ok(log_open(path, &e), e);
    log_line("two");
    log_close();
    assert_int_equal(read_lines(lines, 4), 2);
    assert_string_equal(lines[1], "two\n");
}

static void a_file_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(log_open("/nowhere/at/all", &e), -1);
    assert_string_equal(e.text, "/nowhere/at/all: No such file or directory");
}

static void *write_many(void *context)
{
    for (int i = 0; i < 200; i++) log_line("thread %c says the same long thing again and again", *(char *)context);
    return NULL;
}

static void lines_of_threads_are_whole(void **state)
{
    (void)state;
    struct error e = {0};
    static char lines[700][128];
    char names[] = {'a', 'b', 'c'};
    pthread_t threads[3];
    assert_ok(log_open(path, &e), e);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_many, &names[i]), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    log_close();
    assert_int_equal(read_lines(lines, 700), 600);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(strlen(lines[i]), strlen("thread a says the same long thing again and again\n"));
        lines[i][7] = 'a';
        assert_string_equal(lines[i], "thread a says the same long thing again and again\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_written_while_no_log_is_open, fresh, end),
        cmocka_unit_test_setup_teardown(a_line_stays_one_line, fresh, end),
        cmocka_unit_test_setup_teardown(opening_again_appends, fresh, end),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_named),
        cmocka_unit_test_setup_teardown(lines_of_threads_are_whole, fresh, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
