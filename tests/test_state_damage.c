/* What is damaged is said and read again, what cannot be opened now and what another version kept is left alone. */
#define XXH_INLINE_ALL
#include "tests/state_fixture.h"

#include <glob.h>
#include <sys/resource.h>
#include <xxhash.h>

/* Opens what was damaged: it must be read again as far as needed, with a note, and be right. */
static void assert_recovers(const struct corpus *c)
{
    struct state *s = open_state(c);
    assert_non_null(strstr(state_note(s), "damaged"));
    assert_true(read_on(s, c, UINT64_MAX, 1000) > 0);
    assert_true(state_is_complete(s));
    assert_like_read_at_once(s, c);
    state_close(s);
}

static void every_flipped_bit_and_cut_of_an_index_is_noticed(void **test)
{
    (void)test;
    struct error e;
    char *text = lines(300, 'x'), path[256];
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 1000);
    state_close(s);
    file_of(path, "index");
    uint8_t *bytes;
    size_t size;
    struct state_index x;
    assert_ok(state_store_read(&bytes, &size, path, &e), e);
    assert_ok(state_index_decode(&x, bytes, size, &e), e);
    state_index_free(&x);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(state_index_decode(&x, bytes, size, &e), -1);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) assert_int_equal(state_index_decode(&x, bytes, cut, &e), -1);
    free(bytes);
    for (size_t at = 0; at < size; at += 3) {
        flip(path, (off_t)at);
        assert_recovers(c);
    }
    corpus_close(c);
    free(text);
}

static void flipped_bytes_and_cuts_of_the_other_files_are_noticed(void **test)
{
    (void)test;
    static const char *const files[] = {"keys", "segments", "documents", "sessions.*"};
    char *text = lines(3000, 'x'), path[256];
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 1000);
    state_close(s);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        file_of(path, files[i]);
        off_t size = size_of(path);
        for (int part = 0; part < 3; part++) {
            flip(path, part * (size - 1) / 2);
            assert_recovers(c);
            file_of(path, files[i]);
            assert_int_equal(truncate(path, part * (size - 1) / 2), 0);
            assert_recovers(c);
            file_of(path, files[i]);
        }
        assert_int_equal(unlink(path), 0);
        assert_recovers(c);
    }
    corpus_close(c);
    free(text);
}

static void a_directory_in_the_place_of_a_file_is_mended(void **test)
{
    (void)test;
    static const char *const files[] = {"index", "keys", "segments", "documents", "sessions.*", "lock"};
    char *text = lines(300, 'x'), path[256], inside[280];
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 1000);
    state_close(s);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        file_of(path, files[i]);
        snprintf(inside, sizeof inside, "%s/file", path);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700) | mkdir(inside, 0700), 0);
        if (i < 5) assert_recovers(c);
        s = open_state(c);
        assert_string_equal(state_note(s), "");
        assert_true(state_is_complete(s));
        state_close(s);
    }
    corpus_close(c);
    free(text);
}

static void a_damaged_session_takes_those_that_are_chained_to_it(void **test)
{
    (void)test;
    struct error e;
    char *text = lines(200, 'x'), *changed = lines(200, 'x'), path[256];
    changed[1815] = '!'; /* token 1 + 907 */
    struct corpus *c = texts(1, (const char *const[]){text}), *other = texts(1, (const char *const[]){changed});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 128);
    state_close(s);
    struct state_entry *entries;
    size_t n;
    off_t at = 0;
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(entries[0].index.checkpoints[4].extent.n_tokens, 640);
    for (size_t i = 0; i < 4; i++) at += (off_t)entries[0].index.checkpoints[i].session_size;
    state_list_free(entries, n);
    file_of(path, "sessions.*");
    flip(path, at + 300);
    s = open_state(other);
    assert_non_null(strstr(state_note(s), "512 tokens are kept"));
    assert_int_equal(read_on(s, other, UINT64_MAX, UINT64_MAX), 1001 - 512);
    assert_like_read_at_once(s, other);
    state_close(s);
    s = open_state(c);
    assert_non_null(strstr(state_note(s), "damaged"));
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 1001 - 512);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    corpus_close(other);
    free(text);
    free(changed);
}

static void a_lost_index_is_said(void **test)
{
    (void)test;
    char path[256];
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    state_close(s);
    file_of(path, "index");
    assert_int_equal(unlink(path), 0);
    s = open_state(c);
    assert_string_equal(state_note(s), "what was kept of this text has no index, so it is deleted: reading again");
    state_close(s);
    corpus_close(c);
}

/* What is there is complete and as it was. */
static void assert_untouched(const struct corpus *c)
{
    struct state *s = open_state(c);
    assert_true(state_is_complete(s));
    assert_string_equal(state_note(s), "");
    state_close(s);
}

static void a_passing_error_costs_no_kept_read(void **test)
{
    (void)test;
    struct error e = {0};
    struct state *s;
    char *text = lines(300, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    s = open_state(c);
    read_on(s, c, UINT64_MAX, 1000);
    state_close(s);
    static const int limits[] = {RLIMIT_NOFILE, RLIMIT_AS};
#ifdef __SANITIZE_ADDRESS__ /* it wants all of the address space for itself */
    enum { LIMITS = 1 };
#else
    enum { LIMITS = 2 };
#endif
    for (int i = 0; i < LIMITS; i++) {
        struct rlimit before, limit;
        assert_int_equal(getrlimit((__rlimit_resource_t)limits[i], &before), 0);
        limit = (struct rlimit){i == 0 ? 4 : 0, before.rlim_max}; /* the lock can be opened, or nothing can be mapped */
        assert_int_equal(setrlimit((__rlimit_resource_t)limits[i], &limit), 0);
        int failed = try_open(&s, c, &e);
        assert_int_equal(setrlimit((__rlimit_resource_t)limits[i], &before), 0);
        assert_int_equal(failed, -1);
        assert_true(e.kind == ERROR_OTHER || e.kind == ERROR_MEMORY);
        assert_untouched(c);
    }
    corpus_close(c);
    free(text);
}

/* Makes the index of the only kept read that of another version, with a right checksum. */
static void change_version(const char *path, uint8_t version)
{
    struct error e;
    uint8_t *bytes;
    size_t size;
    assert_ok(state_store_read(&bytes, &size, path, &e), e);
    bytes[8] = version;
    uint64_t hash = XXH3_64bits(bytes, size - 8);
    for (size_t i = 0; i < 8; i++) bytes[size - 8 + i] = (uint8_t)(hash >> 8 * i);
    assert_ok(state_store_replace(path, bytes, size, true, &e), e);
    free(bytes);
}

static void a_read_of_another_version_is_left_alone(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    struct state_pruned p;
    char path[256], name[STATE_NAME_SIZE];
    struct corpus *c = texts(1, (const char *const[]){"text"}), *other = texts(1, (const char *const[]){"other"});
    s = open_state(c);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    state_close(s);
    file_of(path, "index");
    memcpy(name, path + strlen(directory) + 1, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    change_version(path, 9);
    assert_int_equal(try_open(&s, c, &e), -1);
    assert_non_null(strstr(e.text, "another version's"));
    const struct state_options o = {.directory = directory, .limit = 1};
    assert_ok(state_open(&s, &o, &key, other, &e), e);
    assert_non_null(
        strstr(state_note(s), "1 read kept by another version of lectern cannot be used and is left alone"));
    state_close(s);
    assert_ok(state_list_prune(&p, directory, 0, NULL, &e), e);
    assert_int_equal(p.removed, 0);
    assert_int_equal(p.others, 1);
    struct state_entry *entries;
    size_t n;
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_int_equal(entries[0].condition, STATE_OTHER);
    assert_int_equal(entries[0].version, 9);
    state_list_free(entries, n);
    change_version(path, STATE_VERSION);
    assert_untouched(c);
    change_version(path, 9);
    assert_int_equal(state_list_remove(&p, directory, "0123456789ab", &e), -1);
    name[12] = '\0';
    assert_ok(state_list_remove(&p, directory, name, &e), e);
    assert_int_equal(p.removed, 1);
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 0);
    corpus_close(c);
    corpus_close(other);
}

/* Inputs of an earlier version are refused at their first number, and nothing behind it is run. */
static void fuzzing_begins_with_indexes_of_this_version(void **test)
{
    (void)test;
    glob_t found;
    size_t taken = 0;
    assert_int_equal(glob("tests/fuzz/state/*", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct error e;
        struct state_index x;
        uint8_t *bytes;
        size_t size;
        assert_ok(state_store_read(&bytes, &size, found.gl_pathv[i], &e), e);
        uint8_t *sealed = malloc(size + sizeof(uint64_t));
        memcpy(sealed, bytes, size);
        const uint64_t hash = XXH3_64bits(bytes, size);
        for (size_t k = 0; k < sizeof hash; k++) sealed[size + k] = (uint8_t)(hash >> 8 * k);
        if (state_index_decode(&x, sealed, size + sizeof hash, &e) == 0) {
            taken++;
            state_index_free(&x);
        }
        free(sealed);
        free(bytes);
    }
    globfree(&found);
    assert_true(taken >= 4);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(every_flipped_bit_and_cut_of_an_index_is_noticed),
        CASE(flipped_bytes_and_cuts_of_the_other_files_are_noticed),
        CASE(a_directory_in_the_place_of_a_file_is_mended),
        CASE(a_damaged_session_takes_those_that_are_chained_to_it),
        CASE(a_lost_index_is_said),
        CASE(a_passing_error_costs_no_kept_read),
        CASE(a_read_of_another_version_is_left_alone),
        CASE(fuzzing_begins_with_indexes_of_this_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
