#include "tests/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compute/error.h"
#include "compute/file.h"

struct scratch {
    char directory[64], file[80];
};

static int make_scratch(void **state)
{
    static struct scratch s;
    strcpy(s.directory, "/tmp/lectern-test-XXXXXX");
    if (!mkdtemp(s.directory)) return -1;
    snprintf(s.file, sizeof s.file, "%s/file", s.directory);
    *state = &s;
    return 0;
}

static int remove_scratch(void **state)
{
    struct scratch *s = *state;
    unlink(s->file);
    return rmdir(s->directory);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_file_is_mapped_whole(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_map m;
    write_file(s->file, "hello");
    assert_ok(file_map(&m, s->file, &e), e);
    assert_int_equal(m.size, 5);
    assert_memory_equal(m.bytes, "hello", 5);
    file_unmap(&m);
    assert_null(m.bytes);
}

static void an_empty_file_has_no_bytes(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_map m = {(const uint8_t *)"x", 1};
    write_file(s->file, "");
    assert_ok(file_map(&m, s->file, &e), e);
    assert_int_equal(m.size, 0);
    assert_null(m.bytes);
    file_unmap(&m);
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_map m;
    assert_int_equal(file_map(&m, s->directory, &e), -1);
    assert_non_null(strstr(e.text, "not a regular file"));
    unlink(s->file);
    assert_int_equal(file_map(&m, s->file, &e), -1);
    assert_non_null(strstr(e.text, "No such file"));
    assert_int_equal(mkfifo(s->file, 0600), 0);
    assert_int_equal(file_map(&m, s->file, &e), -1);
    assert_non_null(strstr(e.text, "not a regular file"));
}

static void an_array_grows_without_moving(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a = NULL;
    assert_ok(file_array_open(&a, s->directory, 1 << 28, &e), e);
    const uint8_t *base = file_array_bytes(a);
    static uint8_t block[100003];
    uint64_t size = 0;
    for (int i = 0; i < 200; i++) {
        memset(block, i, sizeof block);
        assert_ok(file_array_append(a, block, sizeof block, &e), e);
        size += sizeof block;
        assert_int_equal(file_array_size(a), size);
        assert_ptr_equal(file_array_bytes(a), base);
    }
    for (size_t i = 0; i < size; i += 997) assert_int_equal(base[i], i / sizeof block);
    assert_ok(file_array_append(a, NULL, 0, &e), e);
    assert_int_equal(file_array_size(a), size);
    file_array_close(a);
    file_array_close(NULL);
}

static void an_array_leaves_no_file_behind(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a = NULL;
    assert_ok(file_array_open(&a, s->directory, 1 << 28, &e), e);
    assert_ok(file_array_append(a, "x", 1, &e), e);
    unlink(s->file);
    assert_int_equal(rmdir(s->directory), 0);
    file_array_close(a);
    assert_int_equal(mkdir(s->directory, 0700), 0);
}

static uint8_t block[1 << 16];

/* Appends the blocks of numbers [begin, end), or as many as are taken, while no file may be longer than 3 MiB and, with
 * `no_memory`, no more memory is to be had. */
static int append_on_a_full_disk(struct file_array *a, int begin, int end, bool no_memory, struct error *e)
{
    struct rlimit file, data;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &file), 0);
    assert_int_equal(getrlimit(RLIMIT_DATA, &data), 0);
    const struct rlimit file_limit = {3 << 20, file.rlim_max}, data_limit = {1, data.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_limit), 0);
    if (no_memory) assert_int_equal(setrlimit(RLIMIT_DATA, &data_limit), 0);
    int failed = 0;
    for (int i = begin; i < end && !failed; i++) {
        memset(block, i, sizeof block);
        failed = file_array_append(a, block, sizeof block, e);
    }
    setrlimit(RLIMIT_DATA, &data);
    setrlimit(RLIMIT_FSIZE, &file);
    signal(SIGXFSZ, handler);
    return failed;
}

static void expect_blocks(const struct file_array *a, uint64_t n)
{
    for (size_t i = 0; i < n; i++) assert_int_equal(file_array_bytes(a)[i * sizeof block + 77], i);
}

static void without_disk_and_memory_appending_fails_and_what_is_there_stays(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a = NULL;
    assert_ok(file_array_open(&a, s->directory, 1 << 28, &e), e);
    assert_int_equal(append_on_a_full_disk(a, 0, 100, true, &e), -1);
    assert_non_null(strstr(e.text, "scratch file"));
    uint64_t n = file_array_size(a) / sizeof block;
    assert_in_range(n, 16, 48);
    expect_blocks(a, n);
    assert_ok(file_array_append(a, block, sizeof block, &e), e);
    file_array_close(a);
}

static void an_array_on_a_full_disk_goes_on_in_memory(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a = NULL;
    assert_ok(file_array_open_named(&a, s->file, 0, true, 1 << 28, &e), e);
    assert_ok(append_on_a_full_disk(a, 0, 10, false, &e), e);
    assert_ok(file_array_sync(a, &e), e);
    assert_ok(append_on_a_full_disk(a, 10, 100, false, &e), e);
    assert_int_equal(file_array_sync(a, &e), -1);
    assert_non_null(strstr(e.text, "File too large"));
    assert_int_equal(file_array_size(a), 100 * sizeof block);
    expect_blocks(a, 100);
    file_array_close(a);
    struct stat st;
    assert_int_equal(stat(s->file, &st), 0);
    assert_in_range(st.st_size, 1 << 20, 3 << 20);
    assert_ok(file_array_open_named(&a, s->file, 10 * sizeof block, true, 1 << 28, &e), e);
    expect_blocks(a, 10);
    file_array_close(a);
}

static void an_array_in_little_address_space_leaves_some_to_the_next(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a[3];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit limit = {(rlim_t)2 << 30, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    int failed = 0;
    for (int i = 0; i < 3; i++) failed |= file_array_open(&a[i], s->directory, (uint64_t)1 << 60, &e);
    for (int i = 0; i < 3; i++) failed |= file_array_append(a[i], block, sizeof block, &e);
    setrlimit(RLIMIT_AS, &before);
    assert_ok(failed, e);
    for (int i = 0; i < 3; i++) file_array_close(a[i]);
}

static void what_is_no_such_file_is_damage(void **state)
{
    struct scratch *s = *state;
    struct error e;
    struct file_array *a;
    unlink(s->file);
    assert_int_equal(file_array_open_named(&a, s->directory, 0, true, 1, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_int_equal(file_array_open_named(&a, s->file, 1, false, 1, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
    assert_int_equal(file_array_open_named(&a, s->file, 5, true, 1, &e), -1);
    assert_int_equal(e.kind, ERROR_DAMAGED);
}

static void a_missing_directory_is_an_error(void **state)
{
    (void)state;
    struct error e;
    struct file_array *a = NULL;
    assert_int_equal(file_array_open(&a, "/no/such/directory", 1, &e), -1);
    assert_null(a);
    assert_non_null(strstr(e.text, "/no/such/directory"));
}

static void an_error_is_one_line_and_may_be_prefixed(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(error_set(&e, "a\nb %d", 3), -1);
    assert_string_equal(e.text, "a b 3");
    assert_int_equal(error_prefix(&e, "%s", "file"), -1);
    assert_string_equal(e.text, "file: a b 3");
    assert_int_equal(error_set(&e, "%s again", e.text), -1);
    assert_string_equal(e.text, "file: a b 3 again");
    assert_int_equal(error_set(NULL, "nobody hears"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_mapped_whole),
        cmocka_unit_test(an_empty_file_has_no_bytes),
        cmocka_unit_test(what_is_no_regular_file_is_refused_without_waiting),
        cmocka_unit_test(an_array_grows_without_moving),
        cmocka_unit_test(an_array_leaves_no_file_behind),
        cmocka_unit_test(without_disk_and_memory_appending_fails_and_what_is_there_stays),
        cmocka_unit_test(an_array_on_a_full_disk_goes_on_in_memory),
        cmocka_unit_test(an_array_in_little_address_space_leaves_some_to_the_next),
        cmocka_unit_test(what_is_no_such_file_is_damage),
        cmocka_unit_test(a_missing_directory_is_an_error),
        cmocka_unit_test(an_error_is_one_line_and_may_be_prefixed),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
