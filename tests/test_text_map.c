/* Mapped files that others cut: the text stays readable to its old length, and the mapping says so. */
#include "tests/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/text/text_map.h"

enum { PAGES = 3 };

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* A file without a name that holds `size` bytes 'x'. */
static int file_of(size_t size)
{
    char name[] = "/tmp/lectern-map-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    char *bytes = malloc(size);
    memset(bytes, 'x', size);
    assert_int_equal(write(fd, bytes, size), size);
    free(bytes);
    return fd;
}

static void a_file_that_stays_is_what_it_is(void **state)
{
    (void)state;
    const size_t size = PAGES * page() - 5;
    int fd = file_of(size);
    struct text_map *m = text_map_open(fd, size);
    assert_non_null(m);
    close(fd);
    for (size_t i = 0; i < size; i++) assert_int_equal(text_map_bytes(m)[i], 'x');
    assert_false(text_map_shrank(m));
    text_map_close(m);
    text_map_close(NULL);
}

static void what_was_cut_off_reads_as_nuls(void **state)
{
    (void)state;
    const size_t size = PAGES * page();
    int fd = file_of(size);
    struct text_map *m = text_map_open(fd, size), *other = text_map_open(fd, size);
    assert_int_equal(ftruncate(fd, (off_t)page()), 0);
    assert_int_equal(text_map_bytes(m)[page() - 1], 'x');
    assert_false(text_map_shrank(m));
    for (size_t i = page(); i < size; i++) assert_int_equal(text_map_bytes(m)[i], 0);
    assert_true(text_map_shrank(m));
    assert_false(text_map_shrank(other)); /* nobody has looked there */
    text_map_close(m);
    text_map_close(other);
    close(fd);
}

static void a_slot_is_used_again_and_forgets(void **state)
{
    (void)state;
    const size_t size = 2 * page();
    int fd = file_of(size);
    struct text_map *m = text_map_open(fd, size);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(text_map_bytes(m)[0], 0);
    assert_true(text_map_shrank(m));
    text_map_close(m);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    m = text_map_open(fd, size);
    assert_non_null(m);
    assert_false(text_map_shrank(m));
    text_map_close(m);
    close(fd);
}

/* A fault elsewhere is nobody's to mend: the process ends by it, as without mappings. */
static void other_faults_end_the_program_as_before(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL); /* in place of cmocka's: the handler before ours */
        int fd = file_of(page());
        struct text_map *m = text_map_open(fd, page());
        volatile const char *mine = mmap(NULL, page(), PROT_READ, MAP_PRIVATE, fd, 0);
        if (!m || mine == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(0);
        (void)mine[0];
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0)); /* sanitizers exit */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_stays_is_what_it_is),
        cmocka_unit_test(what_was_cut_off_reads_as_nuls),
        cmocka_unit_test(a_slot_is_used_again_and_forgets),
        cmocka_unit_test(other_faults_end_the_program_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
