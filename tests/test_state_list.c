/* All kept reads together: listed, named, pruned. */
#include "tests/state_fixture.h"

static void the_least_recently_used_reads_are_pruned_first(void **test)
{
    (void)test;
    struct error e;
    static const char *const different[] = {"one", "two", "three"};
    char names[3][STATE_NAME_SIZE];
    for (int i = 0; i < 3; i++) {
        struct corpus *c = texts(1, &different[i]);
        struct state *s = open_state(c);
        read_on(s, c, UINT64_MAX, UINT64_MAX);
        state_close(s);
        struct state_entry *entries;
        size_t n;
        assert_ok(state_list(&entries, &n, directory, &e), e);
        assert_int_equal(n, i + 1);
        for (size_t at = 0; at < n; at++) { /* the new one is the one that is not known yet */
            bool known = false;
            for (int before = 0; before < i; before++) known = known || strcmp(names[before], entries[at].name) == 0;
            if (!known) memcpy(names[i], entries[at].name, STATE_NAME_SIZE);
        }
        state_list_free(entries, n);
        corpus_close(c);
    }
    for (int i = 0; i < 3; i++) { /* used in the order 1, 0, 2 */
        char path[256];
        static const time_t used[] = {2000, 1000, 3000};
        snprintf(path, sizeof path, "%s/%s/lock", directory, names[i]);
        assert_int_equal(
            utimensat(AT_FDCWD, path, (const struct timespec[]){{.tv_sec = used[i]}, {.tv_sec = used[i]}}, 0), 0);
    }
    struct state_entry *entries;
    struct state_pruned p;
    size_t n;
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_string_equal(entries[0].name, names[2]);
    assert_string_equal(entries[2].name, names[1]);
    assert_string_equal(entries[0].label, "test");
    assert_int_equal(entries[0].index.n_bytes, 5);
    uint64_t two = entries[0].bytes + entries[1].bytes;
    state_list_free(entries, n);
    assert_ok(state_list_prune(&p, directory, two, NULL, &e), e);
    assert_int_equal(p.removed, 1);
    assert_ok(state_list_prune(&p, directory, 0, names[2], &e), e);
    assert_int_equal(p.removed, 1);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].name, names[2]);
    state_list_free(entries, n);
}

static void a_new_read_makes_room_within_the_limit(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    struct state_entry *entries;
    size_t n;
    static const char *const different[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        struct corpus *c = texts(1, &different[i]);
        /* a limit that one finished read passes by itself */
        const struct state_options o = {.directory = directory, .label = different[i], .limit = 1};
        assert_ok(state_open(&s, &o, &key, c, &e), e);
        if (i > 0) assert_non_null(strstr(state_note(s), "1 kept read removed, "));
        read_on(s, c, UINT64_MAX, UINT64_MAX);
        state_close(s);
        corpus_close(c);
    }
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].label, "three");
    state_list_free(entries, n);
}

/* What a reader left in a text (screen/talk.h) lies beside the reads. */
static void a_talk_is_no_read_and_stays(void **test)
{
    (void)test;
    struct error e;
    struct state_pruned p;
    struct state_entry *entries;
    size_t n;
    char *path = state_store_path(directory, "talk", "0123456789abcdef0123456789abcdef.json");
    char *folder = state_store_path(directory, "talk", "");
    assert_ok(state_store_make(folder, &e), e);
    assert_ok(state_store_replace(path, (const uint8_t *)"{}", 2, false, &e), e);
    assert_ok(state_list_prune(&p, directory, 0, NULL, &e), e);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 0);
    assert_int_equal(access(path, F_OK), 0);
    state_list_free(entries, n);
    free(folder);
    free(path);
}

static void what_is_in_use_is_not_pruned(void **test)
{
    (void)test;
    struct error e;
    struct state_pruned p;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *s = open_state(c);
    assert_ok(state_list_prune(&p, directory, 0, NULL, &e), e);
    assert_int_equal(p.removed, 0);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    assert_ok(state_list_prune(&p, directory, 0, NULL, &e), e);
    assert_int_equal(p.removed, 0);
    state_close(s);
    assert_ok(state_list_prune(&p, directory, 0, NULL, &e), e);
    assert_int_equal(p.removed, 1);
    corpus_close(c);
}

static void a_read_is_listed_by_the_name_it_was_last_used_by(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    struct state_entry *entries;
    size_t n;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    for (int i = 0; i < 2; i++) {
        const struct state_options o = {.directory = directory, .label = i == 0 ? "book.txt" : "copy of book.txt"};
        assert_ok(state_open(&s, &o, &key, c, &e), e);
        read_on(s, c, UINT64_MAX, UINT64_MAX);
        state_close(s);
        assert_ok(state_list(&entries, &n, directory, &e), e);
        assert_int_equal(n, 1);
        assert_string_equal(entries[0].label, o.label);
        state_list_free(entries, n);
    }
    corpus_close(c);
}

/* A finished read of a text, whose name goes to `name`, used at a time. */
static void keep_read(const char *text, char name[STATE_NAME_SIZE], time_t used)
{
    struct error e;
    struct state_entry *entries;
    size_t n;
    char path[256];
    struct corpus *c = texts(1, &text);
    const struct state_options o = {.directory = directory, .label = text};
    struct state *s;
    assert_ok(state_open(&s, &o, &key, c, &e), e);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    state_close(s);
    corpus_close(c);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    for (size_t i = 0; i < n; i++)
        if (strcmp(entries[i].label, text) == 0) memcpy(name, entries[i].name, STATE_NAME_SIZE);
    state_list_free(entries, n);
    snprintf(path, sizeof path, "%s/%s/lock", directory, name);
    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){{.tv_sec = used}, {.tv_sec = used}}, 0), 0);
}

static void reads_used_in_one_second_are_listed_by_name(void **test)
{
    (void)test;
    struct error e;
    struct state_entry *entries;
    size_t n;
    char names[3][STATE_NAME_SIZE];
    static const char *const different[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) keep_read(different[i], names[i], 5000);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 3);
    assert_true(strcmp(entries[0].name, entries[1].name) < 0);
    assert_true(strcmp(entries[1].name, entries[2].name) < 0);
    state_list_free(entries, n);
}

static void what_just_fits_the_limit_stays(void **test)
{
    (void)test;
    struct error e;
    struct state_entry *entries;
    struct state_pruned p;
    size_t n;
    char names[2][STATE_NAME_SIZE];
    keep_read("one", names[0], 1000);
    keep_read("two", names[1], 2000);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    const uint64_t all = entries[0].bytes + entries[1].bytes, oldest = entries[1].bytes;
    state_list_free(entries, n);
    assert_ok(state_list_prune(&p, directory, all, NULL, &e), e);
    assert_int_equal(p.removed, 0);
    assert_ok(state_list_prune(&p, directory, all - 1, NULL, &e), e);
    assert_int_equal(p.removed, 1);
    assert_int_equal(p.bytes, oldest);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].label, "two");
    state_list_free(entries, n);
}

static void a_read_is_removed_by_the_beginning_of_its_name(void **test)
{
    (void)test;
    struct error e;
    struct state_entry *entries;
    struct state_pruned p = {.removed = 9};
    size_t n;
    char names[2][STATE_NAME_SIZE], begins[8] = "";
    keep_read("one", names[0], 1000);
    keep_read("two", names[1], 2000);
    assert_int_equal(state_list_remove(&p, directory, "", &e), -1);
    assert_string_equal(e.text, ": several kept reads begin so");
    assert_int_equal(state_list_remove(&p, directory, "nothing", &e), -1);
    assert_string_equal(e.text, "nothing: no read of this name is kept");
    assert_int_equal(p.removed, 9); /* untouched */
    memcpy(begins, names[0], 7);
    assert_ok(state_list_remove(&p, directory, begins, &e), e);
    assert_int_equal(p.removed, 1);
    assert_true(p.bytes > 0);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].name, names[1]);
    state_list_free(entries, n);
}

static void what_is_in_use_is_not_removed_by_name_either(void **test)
{
    (void)test;
    struct error e;
    struct state_pruned p;
    char name[STATE_NAME_SIZE];
    static const char *const text[] = {"one"};
    keep_read(text[0], name, 1000);
    struct corpus *c = texts(1, text);
    struct state *s = open_state(c);
    assert_int_equal(state_list_remove(&p, directory, name, &e), -1);
    state_close(s);
    assert_ok(state_list_remove(&p, directory, name, &e), e);
    assert_int_equal(p.removed, 1);
    corpus_close(c);
}

static void a_directory_that_is_not_there_holds_nothing(void **test)
{
    (void)test;
    struct error e;
    struct state_entry *entries;
    struct state_pruned p = {.removed = 9};
    size_t n = 9;
    char path[128];
    snprintf(path, sizeof path, "%s/nowhere", directory);
    assert_ok(state_list(&entries, &n, path, &e), e);
    assert_int_equal(n, 0);
    state_list_free(entries, n);
    assert_ok(state_list_prune(&p, path, 0, NULL, &e), e);
    assert_int_equal(p.removed, 0);
}

static void a_long_label_is_cut_and_the_same_one_is_not_written_again(void **test)
{
    (void)test;
    struct error e;
    struct state_entry *entries;
    size_t n;
    char name[STATE_NAME_SIZE], label[1100], path[256];
    keep_read("one", name, 1000);
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    state_list_set_label(directory, name, label);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(strlen(entries[0].label), sizeof entries[0].label - 1);
    state_list_free(entries, n);
    snprintf(path, sizeof path, "%s/%s/label", directory, name);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    state_list_set_label(directory, name, label);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino); /* a file that is replaced is another one */
    label[5] = 'y';                             /* of the same length */
    state_list_set_label(directory, name, label);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino != after.st_ino);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(the_least_recently_used_reads_are_pruned_first),
        CASE(a_new_read_makes_room_within_the_limit),
        CASE(a_talk_is_no_read_and_stays),
        CASE(what_is_in_use_is_not_pruned),
        CASE(a_read_is_listed_by_the_name_it_was_last_used_by),
        CASE(reads_used_in_one_second_are_listed_by_name),
        CASE(what_just_fits_the_limit_stays),
        CASE(a_read_is_removed_by_the_beginning_of_its_name),
        CASE(what_is_in_use_is_not_removed_by_name_either),
        CASE(a_directory_that_is_not_there_holds_nothing),
        CASE(a_long_label_is_cut_and_the_same_one_is_not_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
