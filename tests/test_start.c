#include "tests/screens.h"

#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "app/screen/start.h"
#include "app/terminal/keys.h"

static char folder[64];

static void write_talk(const char *name, const char *text, int64_t when)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    const struct utimbuf times = {when, when};
    assert_int_equal(utime(path, &times), 0);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lectern_start_XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    write_talk("b.json",
               "{\"paths\":[\"/home/u/moby dick.txt\"],\"part\":0.42,\"questions\":[{\"question\":\"first?\"},"
               "{\"question\":\"Where does the doctor live?\"}]}",
               2000000);
    write_talk("a.json", "{\"paths\":[\"/srv/src/\xC3\xA9\x1b[2J\",\"/srv/other\"],\"part\":0,\"questions\":[]}",
               1990000);
    write_talk("c.json", "{\"paths\":[\"/old.txt\"],\"part\":1,\"questions\":[{\"question\":\"Who?\"}]}", 1000000);
    write_talk("pipe.json", "{\"paths\":[],\"part\":0.1,\"questions\":[]}", 1999999);
    write_talk("early.json", "{\"questions\":[]}", 1999998);
    write_talk("lies.json", "{\"paths\":[7],\"part\":9,\"questions\":3}", 1999997);
    write_talk("broken.json", "{\"paths\":[\"/x\"", 1999996);
    write_talk("d.json.damaged", "{}", 1999995);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void open_start(struct start *s)
{
    assert_true(start_open(s, folder));
    free(s->tree);
    s->tree = strdup("/home/u/project");
    s->now = 2000000 + 3 * 3600;
}

static void texts_opened_lately_are_listed_latest_first(void **state)
{
    (void)state;
    struct start s;
    struct canvas c = {0};
    struct error e = {0};
    size_t n;
    open_start(&s);
    assert_int_equal(s.n_recent, 3);
    assert_ok(canvas_resize(&c, 24, 80, &e), e);
    start_draw(&s, &c);
    assert_screen(&c, "start_recent_80x24", true);
    assert_int_equal(start_key(&s, 'j'), START_STAYS);
    assert_string_equal(start_paths(&s, &n)[1], "/srv/other");
    assert_int_equal(n, 2);
    for (int i = 0; i < 5; i++) start_key(&s, KEYS_DOWN);
    assert_string_equal(start_paths(&s, &n)[0], "/home/u/project");
    assert_int_equal(start_key(&s, KEYS_ENTER), START_OPEN);
    assert_int_equal(start_key(&s, 'q'), START_LEAVES);
    for (int rows = 1; rows < 12; rows++) {
        for (int cols = 1; cols < 40; cols += 3) {
            assert_ok(canvas_resize(&c, rows, cols, &e), e);
            start_draw(&s, &c);
        }
    }
    canvas_close(&c);
    start_close(&s);
}

static void a_text_that_is_forgotten_is_gone_the_next_time(void **state)
{
    (void)state;
    struct start s;
    open_start(&s);
    start_key(&s, 'j');
    start_key(&s, 'x');
    assert_int_equal(s.n_recent, 2);
    assert_string_equal(s.recent[1].paths[0], "/old.txt");
    start_close(&s);
    open_start(&s);
    assert_int_equal(s.n_recent, 2);
    start_key(&s, KEYS_DOWN);
    start_key(&s, KEYS_DOWN);
    start_key(&s, 'x'); /* the working tree is nothing to forget */
    assert_int_equal(s.n_recent, 2);
    start_key(&s, KEYS_UP);
    assert_int_equal(start_key(&s, 'x'), START_STAYS);
    start_key(&s, KEYS_UP);
    free(s.tree);
    s.tree = NULL;
    assert_int_equal(start_key(&s, 'x'), START_LEAVES);
    start_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_opened_lately_are_listed_latest_first),
        cmocka_unit_test(a_text_that_is_forgotten_is_gone_the_next_time),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
