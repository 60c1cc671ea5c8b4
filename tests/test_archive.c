/* Archives, packed files and books in directories, named, and through a pipe. */
#include "tests/test.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/corpus.h"
#include "tests/zip_writer.h"

/* Every test has a fresh directory of its own and runs inside it. */
static char here[64];

static int enter(void **state)
{
    (void)state;
    strcpy(here, "/tmp/test_archive.XXXXXX");
    return mkdtemp(here) && chdir(here) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 ? -1 : nftw(here, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void write_zip(const char *path, const char *const *members)
{
    size_t size;
    uint8_t *bytes = zip_writer_zip(members, &size);
    write_bytes(path, bytes, size);
    free(bytes);
}

static void write_packed(const char *path, const void *bytes, size_t n, const char *filter)
{
    size_t size;
    uint8_t *packed = zip_writer_packed(bytes, n, filter, &size);
    write_bytes(path, packed, size);
    free(packed);
}

static struct corpus *open_one(const char *path)
{
    struct error e;
    struct corpus *c;
    assert_ok(corpus_open(&c, (char *const[]){(char *)path}, 1, NULL, &e), e);
    return c;
}

static void assert_fails(const char *path, const char *words)
{
    struct error e;
    struct corpus *c = NULL;
    assert_int_equal(corpus_open(&c, (char *const[]){(char *)path}, 1, NULL, &e), -1);
    assert_null(c);
    if (!strstr(e.text, words)) fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

/* "a b c": the documents' paths. */
static void assert_paths(const struct corpus *c, const char *paths)
{
    char all[2048] = "";
    for (size_t i = 0; i < c->n_documents; i++) {
        if (i > 0) strcat(all, " ");
        strcat(all, c->documents[i].path);
    }
    assert_string_equal(all, paths);
}

static void assert_skipped(const struct corpus *c, const char *path, const char *reason)
{
    for (size_t i = 0; i < c->n_skipped; i++) {
        if (strcmp(c->skipped[i].path, path) != 0) continue;
        if (!strstr(c->skipped[i].reason, reason)) fail_msg("%s: %s", path, c->skipped[i].reason);
        return;
    }
    fail_msg("%s was not skipped", path);
}

static void assert_text(const struct document *d, const char *text)
{
    assert_int_equal(d->size, strlen(text));
    assert_memory_equal(d->text, text, d->size);
}

static void an_archive_is_a_directory_in_the_order_of_its_paths(void **state)
{
    (void)state;
    write_zip("a.zip", (const char *const[]){"src/z.c", "int z;\n", "./b.txt", "two\n", "src/a.c", "int a;\n", ".git/x",
                                             "no", "e.txt", "", "i.bin", "\1\2\3\4\5", NULL});
    struct corpus *c = open_one("a.zip");
    assert_paths(c, "a.zip/b.txt a.zip/src/a.c a.zip/src/z.c");
    assert_text(&c->documents[0], "two\n");
    assert_true(c->documents[0].converted);
    assert_int_equal(corpus_document_file_offset(&c->documents[0], 2), 2);
    assert_null(corpus_file(c, 0));
    assert_skipped(c, "a.zip/e.txt", "empty");
    assert_skipped(c, "a.zip/i.bin", "binary");
    corpus_close(c);
    c = open_one(".");
    assert_paths(c, "a.zip/b.txt a.zip/src/a.c a.zip/src/z.c");
    corpus_close(c);
}

static void names_of_members_are_utf8_in_every_locale(void **state)
{
    (void)state; /* "h\xC3\xA9.txt" as zip programs write it: stored, with the mark for UTF-8 */
    static const uint8_t zip[] =
        "PK\3\4\x14\0\0\x08\0\0\0\0\0\0\x83\x16\xDC\x8C\1\0\0\0\1\0\0\0\7\0\0\0h\xC3\xA9.txtx"
        "PK\1\2\x14\3\x14\0\0\x08\0\0\0\0\0\0\x83\x16\xDC\x8C\1\0\0\0\1\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\x80\1"
        "\0\0\0\0h\xC3\xA9.txtPK\5\6\0\0\0\0\1\0\1\0\x35\0\0\0\x26\0\0\0\0\0";
    write_bytes("a.zip", zip, sizeof zip - 1);
    struct corpus *c = open_one("a.zip");
    assert_paths(c, "a.zip/h\xC3\xA9.txt");
    assert_text(&c->documents[0], "x");
    corpus_close(c);
}

static void a_path_leads_into_an_archive(void **state)
{
    (void)state;
    write_zip("a.zip", (const char *const[]){"src/a.c", "int a;\n", "src/b/c.c", "int c;\n", "x", "x", NULL});
    struct corpus *c = open_one("a.zip/src");
    assert_paths(c, "a.zip/src/a.c a.zip/src/b/c.c");
    corpus_close(c);
    c = open_one("./a.zip/src/b/c.c");
    assert_paths(c, "./a.zip/src/b/c.c");
    assert_int_equal(c->n_skipped, 0);
    corpus_close(c);
    assert_fails("a.zip/src/d.c", "no such member");
    assert_fails("none.zip/a", "No such file");
}

static void a_packed_text_is_what_it_holds(void **state)
{
    (void)state;
    static const char *const filters[] = {"gzip", "xz", "zstd", "bzip2"};
    for (size_t i = 0; i < 4; i++) {
        write_packed("a.txt.gz", "one\ntwo\n", 8, filters[i]);
        struct corpus *c = open_one("a.txt.gz");
        assert_paths(c, "a.txt.gz");
        assert_text(&c->documents[0], "one\ntwo\n");
        corpus_close(c);
    }
    static const char page[] = "<!doctype html><p>words";
    write_packed("a.html.gz", page, sizeof page - 1, "gzip");
    struct corpus *c = open_one("a.html.gz");
    assert_text(&c->documents[0], "words\n");
    corpus_close(c);
    write_packed("a.php.gz", page, sizeof page - 1, "gzip"); /* a template, as its name says */
    c = open_one("a.php.gz");
    assert_text(&c->documents[0], page);
    corpus_close(c);
    write_packed("latin.gz", "caf\xE9, \xE9t\xE9", 9, "gzip");
    c = open_one("latin.gz");
    assert_text(&c->documents[0], "caf\xC3\xA9, \xC3\xA9t\xC3\xA9");
    assert_int_equal(corpus_document_file_offset(&c->documents[0], 5), 5);
    corpus_close(c);
}

static void packed_tars_and_books_in_archives_are_opened(void **state)
{
    (void)state;
    size_t size, tar_size;
    uint8_t *zip = zip_writer_zip((const char *const[]){"in.txt", "deep\n", NULL}, &size);
    uint8_t *tar =
        zip_writer_tar((const char *const[]){"d/a.txt", "one\n", "d/b.html", "<html><p>two", NULL}, "xz", &tar_size);
    write_bytes("a.tar.xz", tar, tar_size);
    struct corpus *c = open_one("a.tar.xz");
    assert_paths(c, "a.tar.xz/d/a.txt a.tar.xz/d/b.html");
    assert_text(&c->documents[1], "two\n");
    corpus_close(c);
    write_packed("z.zip.gz", zip, size, "gzip");
    c = open_one("z.zip.gz");
    assert_paths(c, "z.zip.gz/in.txt");
    corpus_close(c);
    free(zip);
    free(tar);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    size_t size = (size_t)70 << 20;
    char *zeros = calloc(1, size);
    assert_non_null(zeros);
    memset(zeros, 'y', size);
    write_packed("bomb.gz", zeros, size, "gzip");
    assert_fails("bomb.gz", "bomb.gz: unpacks to far more than its size");
    free(zeros);

    uint8_t *packed = NULL;
    size_t n = 4;
    for (int i = 0; i < 6; i++) { /* one in another in another ... */
        uint8_t *outer = zip_writer_zip_of("in", packed ? (const void *)packed : "text", n, &n);
        free(packed);
        packed = outer;
    }
    write_bytes("deep.zip", packed, n);
    free(packed);
    assert_fails("deep.zip", "inside too many others");
}

static void what_is_damaged_is_said(void **state)
{
    (void)state;
    char text[4000];
    uint64_t seed = 7;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + test_random(&seed) % 26);
    size_t size;
    uint8_t *packed = zip_writer_packed(text, sizeof text, "gzip", &size);
    assert_int_equal(mkdir("d", 0700), 0);
    write_bytes("d/cut.gz", packed, size / 2);
    write_bytes("d/whole.txt", "text\n", 5);
    free(packed);
    struct corpus *c = open_one("d");
    assert_paths(c, "whole.txt");
    assert_skipped(c, "cut.gz", "damaged archive");
    corpus_close(c);
    assert_fails("d/cut.gz", "d/cut.gz: damaged archive");
}

static void a_member_that_is_too_large_is_skipped(void **state)
{
    (void)state;
    char text[3001];
    memset(text, 'x', 3000);
    text[3000] = '\0';
    write_zip("a.zip", (const char *const[]){"large.txt", text, "small.txt", "x\n", NULL});
    const struct corpus_options o = {.max_file = 2000};
    struct error e;
    struct corpus *c;
    assert_ok(corpus_open(&c, (char *const[]){"a.zip"}, 1, &o, &e), e);
    assert_paths(c, "a.zip/small.txt");
    assert_skipped(c, "a.zip/large.txt", "larger than --max-file");
    corpus_close(c);
    const struct corpus_options little = {.max_file = 2}; /* of what is far larger the size is enough */
    assert_ok(corpus_open(&c, (char *const[]){"a.zip"}, 1, &little, &e), e);
    assert_paths(c, "a.zip/small.txt");
    assert_skipped(c, "a.zip/large.txt", "larger than --max-file (0.0 MB)");
    corpus_close(c);
}

static void a_book_in_a_directory_has_its_places(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_bytes("d/a.ipynb", "{\"cells\":[{\"cell_type\":\"code\",\"source\":\"x = 1\"}],\"nbformat\":4}", 63);
    write_bytes("d/b.html", "<html><h1>One</h1><p>two</p>", 28);
    struct corpus *c = open_one("d");
    assert_paths(c, "a.ipynb b.html");
    assert_text(&c->documents[0], "x = 1\n");
    assert_string_equal(corpus_document_at(&c->documents[0], 3), "cell 1");
    assert_string_equal(corpus_document_at(&c->documents[1], 5), "One");
    corpus_close(c);
}

static void a_pipe_is_read_by_what_comes_through_it(void **state)
{
    (void)state;
    size_t size;
    uint8_t *zip = zip_writer_zip((const char *const[]){"a.txt", "one\n", NULL}, &size);
    int fds[2];
    char name[32];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], zip, size), (ssize_t)size);
    close(fds[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
    struct corpus *c = open_one(name);
    assert_string_equal(strrchr(c->documents[0].path, '/'), "/a.txt");
    assert_text(&c->documents[0], "one\n");
    corpus_close(c);
    close(fds[0]);
    free(zip);
}

static void a_pipe_is_read_as_far_as_the_memory_goes(void **state)
{
    (void)state;
    int fds[2];
    char name[32];
    assert_int_equal(pipe(fds), 0);
    for (int i = 0; i < 100; i++) assert_int_equal(write(fds[1], "a line of it\n", 13), 13);
    close(fds[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
    const struct corpus_options o = {.memory = 100};
    struct error e;
    struct corpus *c;
    assert_ok(corpus_open(&c, (char *const[]){name}, 1, &o, &e), e);
    assert_int_equal(c->documents[0].size, 7 * 13);
    assert_skipped(c, name, "the rest after 0.0 MB (--memory)");
    corpus_close(c);
    close(fds[0]);
}

static void lines_that_end_in_carriage_returns_are_lines(void **state)
{
    (void)state;
    write_bytes("mac", "one\rtwo\r\rfour", 13);
    write_bytes("dos", "one\r\ntwo\r\n", 10);
    write_bytes("bar", "10%\r100%\ndone\nmore\n", 19);
    struct corpus *c = open_one("mac");
    assert_text(&c->documents[0], "one\ntwo\n\nfour");
    assert_int_equal(c->documents[0].n_lines, 4);
    corpus_close(c);
    c = open_one("dos");
    assert_text(&c->documents[0], "one\r\ntwo\r\n");
    corpus_close(c);
    c = open_one("bar");
    assert_text(&c->documents[0], "10%\r100%\ndone\nmore\n");
    corpus_close(c);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_archive_is_a_directory_in_the_order_of_its_paths),
        CASE(names_of_members_are_utf8_in_every_locale),
        CASE(a_path_leads_into_an_archive),
        CASE(a_packed_text_is_what_it_holds),
        CASE(packed_tars_and_books_in_archives_are_opened),
        CASE(bombs_are_refused),
        CASE(what_is_damaged_is_said),
        CASE(a_member_that_is_too_large_is_skipped),
        CASE(a_book_in_a_directory_has_its_places),
        CASE(a_pipe_is_read_by_what_comes_through_it),
        CASE(a_pipe_is_read_as_far_as_the_memory_goes),
        CASE(lines_that_end_in_carriage_returns_are_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
