/* Directories, locks and small files of kept reads. */
#include "tests/state_fixture.h"

#include <errno.h>

#include "app/reader/state_store.h"

static char *in(const char *name, const char *file)
{
    char *path = state_store_path(directory, name, file);
    assert_non_null(path);
    return path;
}

static void put(const char *path, const char *text)
{
    struct error e;
    assert_ok(state_store_replace(path, (const uint8_t *)text, strlen(text), false, &e), e);
}

static void assert_holds(const char *path, const char *text)
{
    struct error e;
    uint8_t *bytes;
    size_t size;
    assert_ok(state_store_read(&bytes, &size, path, &e), e);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

static void reads_lie_where_the_standard_says(void **test)
{
    (void)test;
    struct error e;
    char *path, *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    setenv("XDG_CACHE_HOME", "/tmp/cache", 1);
    setenv("HOME", "/home/reader", 1);
    assert_ok(state_store_default(&path, &e), e);
    assert_string_equal(path, "/tmp/cache/lectern");
    free(path);
    static const char *const ignored[] = {"relative/cache", ""};
    for (int i = 0; i < 2; i++) {
        setenv("XDG_CACHE_HOME", ignored[i], 1);
        assert_ok(state_store_default(&path, &e), e);
        assert_string_equal(path, "/home/reader/.cache/lectern");
        free(path);
    }
    setenv("HOME", "nowhere", 1);
    assert_int_equal(state_store_default(&path, &e), -1);
    assert_string_equal(e.text, "neither XDG_CACHE_HOME nor HOME is set");
    unsetenv("XDG_CACHE_HOME");
    if (home) setenv("HOME", home, 1);
    free(home);
}

static void a_name_follows_from_model_settings_and_text(void **test)
{
    (void)test;
    const uint64_t text[2] = {1, 2}, other_text[2] = {2, 1};
    char name[STATE_NAME_SIZE], again[STATE_NAME_SIZE];
    state_store_name(name, &key, text);
    assert_int_equal(strlen(name), 32);
    assert_int_equal(strspn(name, "0123456789abcdef"), 32);
    state_store_name(again, &key, text);
    assert_string_equal(again, name);
    state_store_name(again, &key, other_text);
    assert_string_not_equal(again, name);
    struct state_key other[] = {key, key, key, key};
    other[0].model++, other[1].settings++, other[2].width++, other[3].rate++;
    for (int i = 0; i < 4; i++) {
        state_store_name(again, &other[i], text);
        assert_string_not_equal(again, name);
    }
}

static void a_path_has_a_file_or_none(void **test)
{
    (void)test;
    char *path = state_store_path("/a", "b", "c"), *home = state_store_path("/a", "b", "");
    assert_string_equal(path, "/a/b/c");
    assert_string_equal(home, "/a/b");
    free(path);
    free(home);
}

static void a_file_is_replaced_at_once(void **test)
{
    (void)test;
    struct error e;
    char *home = in("read", ""), *path = in("read", "index"), *beside = in("read", "index.new");
    assert_int_equal(state_store_replace(path, (const uint8_t *)"x", 1, false, &e), -1); /* no directory */
    assert_ok(state_store_make(home, &e), e);
    assert_ok(state_store_make(home, &e), e); /* it is there */
    put(path, "first");
    put(path, "second");
    put(path, "");
    assert_holds(path, "");
    put(path, "third");
    assert_holds(path, "third");
    assert_int_equal(access(beside, F_OK), -1);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(stat(home, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    free(home);
    free(path);
    free(beside);
}

/* A directory with something in it stands where the file should. */
static void what_stands_in_a_files_place_gives_way(void **test)
{
    (void)test;
    struct error e;
    char *inside = in("read", "index/deep"), *path = in("read", "index"), *file = in("read", "index/deep/file");
    uint8_t *bytes;
    size_t size;
    assert_ok(state_store_make(inside, &e), e);
    put(file, "x");
    assert_int_equal(state_store_read(&bytes, &size, path, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    put(path, "index");
    assert_holds(path, "index");
    free(inside);
    free(path);
    free(file);
}

static void what_is_not_there_or_no_file_is_damage(void **test)
{
    (void)test;
    struct error e;
    char *home = in("read", ""), *path = in("read", "index"), *other = in("read", "other");
    uint8_t *bytes = NULL;
    size_t size = 7;
    assert_ok(state_store_make(home, &e), e);
    assert_int_equal(state_store_read(&bytes, &size, path, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    put(other, "x");
    assert_int_equal(symlink(other, path), 0); /* links are not followed */
    assert_int_equal(state_store_read(&bytes, &size, path, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* and a pipe is not waited for */
    assert_int_equal(state_store_read(&bytes, &size, path, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_null(bytes);
    assert_int_equal(size, 7);
    free(home);
    free(path);
    free(other);
}

static void one_writes_or_several_read(void **test)
{
    (void)test;
    struct error e;
    assert_int_equal(state_store_lock(directory, "read", true, &e), -1); /* who shares makes no directory */
    int writer = state_store_lock(directory, "read", false, &e);
    assert_true(writer >= 0);
    assert_int_equal(state_store_lock(directory, "read", false, &e), -1);
    assert_string_equal(e.text, "in use by another process");
    assert_int_equal(state_store_lock(directory, "read", true, &e), -1);
    int other = state_store_lock(directory, "another", false, &e); /* its own lock */
    assert_true(other >= 0);
    close(writer);
    int one = state_store_lock(directory, "read", true, &e), two = state_store_lock(directory, "read", true, &e);
    assert_true(one >= 0 && two >= 0);
    assert_int_equal(state_store_lock(directory, "read", false, &e), -1);
    close(one);
    close(two);
    close(other);
}

static bool is_index(const void *context, const char *file)
{
    (void)context;
    return strcmp(file, "index") == 0 || strcmp(file, "lock") == 0;
}

static void count(void *context, const char *file, const char *path)
{
    (void)file;
    assert_int_equal(access(path, F_OK), 0);
    ++*(int *)context;
}

static int files_of(const char *name)
{
    int n = 0;
    return state_store_each(directory, name, count, &n) ? n : -1;
}

static void a_read_is_swept_cleared_and_removed(void **test)
{
    (void)test;
    struct error e;
    int lock = state_store_lock(directory, "read", false, &e);
    static const char *const files[] = {"index", "keys", "session.1.2"};
    for (int i = 0; i < 3; i++) {
        char *path = in("read", files[i]);
        put(path, "x");
        free(path);
    }
    assert_int_equal(files_of("read"), 4);
    state_store_sweep(directory, "read", is_index, NULL);
    assert_int_equal(files_of("read"), 2);
    state_store_clear(directory, "read");
    assert_int_equal(files_of("read"), 1); /* the lock */
    assert_true(state_store_remove(directory, "read"));
    assert_int_equal(files_of("read"), -1);
    assert_false(state_store_remove(directory, "read"));
    close(lock);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(reads_lie_where_the_standard_says),
        CASE(a_name_follows_from_model_settings_and_text),
        CASE(a_path_has_a_file_or_none),
        CASE(a_file_is_replaced_at_once),
        CASE(what_stands_in_a_files_place_gives_way),
        CASE(what_is_not_there_or_no_file_is_damage),
        CASE(one_writes_or_several_read),
        CASE(a_read_is_swept_cleared_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
