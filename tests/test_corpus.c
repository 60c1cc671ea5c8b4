#include "tests/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/text/corpus.h"

/* Every test has a fresh directory of its own and runs inside it. */
static char here[64];

static int enter(void **state)
{
    (void)state;
    strcpy(here, "/tmp/test_corpus.XXXXXX");
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

static void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

static struct corpus *open_all(char *const *paths, size_t n)
{
    struct error e;
    struct corpus *c;
    assert_ok(corpus_open(&c, paths, n, NULL, &e), e);
    return c;
}

static struct corpus *open_one(const char *path)
{
    return open_all((char *const[]){(char *)path}, 1);
}

static void assert_fails(const char *path, const char *words)
{
    struct error e;
    struct corpus *c = NULL;
    assert_int_equal(corpus_open(&c, (char *const[]){(char *)path}, 1, NULL, &e), -1);
    assert_null(c);
    assert_string_equal(e.text, words);
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
        assert_string_equal(c->skipped[i].reason, reason);
        return;
    }
    fail_msg("%s was not skipped", path);
}

static void assert_note(const struct corpus *c, const char *words)
{
    for (size_t i = 0; i < c->n_notes; i++)
        if (strcmp(c->notes[i], words) == 0) return;
    fail_msg("no note says \"%s\" (the first: %s)", words, c->n_notes ? c->notes[0] : "none");
}

static void assert_text(const struct document *d, const char *text)
{
    assert_int_equal(d->size, strlen(text));
    assert_memory_equal(d->text, text, d->size);
}

static void a_file_that_is_read_is_known_by_any_spelling(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/a.txt", "one\n");
    write_text("d/b.bin", "");
    assert_int_equal(symlink("d/a.txt", "link"), 0);
    struct corpus *c = open_one("d");
    assert_true(corpus_reads(c, "d/../d/a.txt"));
    assert_true(corpus_reads(c, "link"));
    assert_false(corpus_reads(c, "d/b.bin"));
    assert_false(corpus_reads(c, "none"));
    corpus_close(c);
}

static void a_named_file_is_one_document_under_its_name(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/a.txt", "one\ntwo\n");
    struct corpus *c = open_one("./d/a.txt");
    assert_paths(c, "./d/a.txt");
    assert_text(&c->documents[0], "one\ntwo\n");
    assert_string_equal(c->documents[0].encoding, "UTF-8");
    assert_int_equal(c->n_bytes, 8);
    assert_int_equal(c->n_skipped, 0);
    corpus_close(c);
}

/* Files from 16 MB on are mapped, and this one is changed in memory. */
static void large_files_may_end_lines_by_returns_alone(void **state)
{
    (void)state;
    const size_t size = (17u << 20) / 64 * 64;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 'a', size);
    for (size_t i = 63; i < size; i += 64) bytes[i] = '\r';
    write_bytes("old", bytes, size);
    free(bytes);
    struct corpus *c = open_one("old");
    assert_int_equal(c->documents[0].n_lines, size / 64);
    assert_memory_equal(c->documents[0].text + 60, "aaa\naaa", 7);
    corpus_close(c);
}

static void lines_are_found_by_offset(void **state)
{
    (void)state;
    write_text("a", "one\r\n\ntwo");
    struct corpus *c = open_one("a");
    const struct document *d = &c->documents[0];
    assert_int_equal(d->n_lines, 3);
    assert_int_equal(d->lines[1], 5);
    assert_int_equal(d->lines[2], 6);
    assert_int_equal(corpus_document_line(d, 0), 1);
    assert_int_equal(corpus_document_line(d, 4), 1);
    assert_int_equal(corpus_document_line(d, 5), 2);
    assert_int_equal(corpus_document_line(d, 8), 3);
    corpus_close(c);
    write_text("b", "only\n");
    c = open_one("b");
    assert_int_equal(c->documents[0].n_lines, 1);
    corpus_close(c);
}

static void directories_are_read_in_byte_order_of_their_paths_hidden_files_too(void **state)
{
    (void)state;
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(mkdir("a/.svn", 0700), 0);
    write_text("a/.svn/x", "x");
    write_text("a/z", "z");
    write_text("a.txt", "a");
    write_text("a-b", "b");
    write_text(".hidden", "h");
    struct corpus *c = open_one(".");
    assert_paths(c, ".hidden a-b a.txt a/z");
    assert_note(c, "a/.svn: not read (version control keeps it for itself)");
    corpus_close(c);
}

static void several_paths_show_the_directory_they_come_from(void **state)
{
    (void)state;
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(mkdir("b", 0700), 0);
    write_text("a/x", "1");
    write_text("b/x", "2");
    struct corpus *c = open_all((char *[]){"b/", "a"}, 2);
    assert_paths(c, "b/x a/x");
    corpus_close(c);
}

static void what_is_named_twice_is_read_once(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/x", "1");
    write_text("d/y", "2");
    assert_int_equal(symlink("d/y", "link"), 0);
    struct corpus *c = open_all((char *[]){"d/x", "d", "d/x", "link"}, 4);
    assert_paths(c, "d/x d/y");
    assert_note(c, "d/x: named twice, read once");
    assert_note(c, "link: the same file as d/y, read once");
    corpus_close(c);
}

static void byte_order_marks_are_left_out_and_counted(void **state)
{
    (void)state;
    write_text("a", "\xEF\xBB\xBFtext");
    struct corpus *c = open_one("a");
    assert_text(&c->documents[0], "text");
    assert_int_equal(c->documents[0].bom, 3);
    assert_int_equal(c->documents[0].file_size, 7);
    assert_int_equal(corpus_document_file_offset(&c->documents[0], 0), 3);
    assert_int_equal(corpus_document_file_offset(&c->documents[0], 4), 7);
    corpus_close(c);
}

static void latin1_is_converted_and_said(void **state)
{
    (void)state;
    write_text("a", "caf\xe9 \x93x\x94 na\xefve");
    struct corpus *c = open_one("a");
    const struct document *d = &c->documents[0];
    assert_text(d, "caf\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d na\xc3\xafve");
    assert_string_equal(d->encoding, "WINDOWS-1252");
    assert_int_equal(corpus_document_file_offset(d, 5), 4); /* after the accent */
    assert_int_equal(corpus_document_file_offset(d, 9), 6); /* the x */
    assert_int_equal(corpus_document_file_offset(d, d->size), d->file_size);
    assert_note(c, "a: not UTF-8, read as WINDOWS-1252 (guessed, confidence 0.64; --encoding NAME overrides)");
    corpus_close(c);
}

static void a_few_bad_bytes_do_not_make_utf8_latin1(void **state)
{
    (void)state;
    write_text("a", "\xc3\xa9\xc3\xa9 \xff \xed\xa0\x80");
    struct corpus *c = open_one("a");
    assert_string_equal(c->documents[0].encoding, "UTF-8"); /* nobody writes two "A tilde, copyright" by chance */
    corpus_close(c);
    write_text("b", "\xc3\xa9\xc3\xa9 \xff");
    c = open_one("b");
    assert_text(&c->documents[0], "\xc3\xa9\xc3\xa9 \xff");
    assert_note(c, "b: 1 bytes are not UTF-8, the first FF at byte 5");
    corpus_close(c);
}

static void utf16_is_converted_by_its_byte_order_mark(void **state)
{
    (void)state;
    write_bytes("le", "\xFF\xFEh\0\xe9\0\x3D\xD8\x00\xDE.\0\x00\xD8!\0", 16);
    write_bytes("be", "\xFE\xFF\0h\0i", 6);
    struct corpus *c = open_all((char *[]){"le", "be"}, 2);
    const struct document *d = &c->documents[0];
    assert_text(d, "h\xc3\xa9\xf0\x9f\x98\x80.\xef\xbf\xbd!");
    assert_string_equal(d->encoding, "UTF-16LE");
    assert_int_equal(corpus_document_file_offset(d, 1), 4);
    assert_int_equal(corpus_document_file_offset(d, 3), 6);
    assert_int_equal(corpus_document_file_offset(d, 7), 10);
    assert_int_equal(corpus_document_file_offset(d, d->size), 16);
    assert_text(&c->documents[1], "hi");
    assert_string_equal(c->documents[1].encoding, "UTF-16BE");
    corpus_close(c);
}

static void members_that_are_no_text_are_skipped_with_a_reason(void **state)
{
    (void)state;
    write_text("a.txt", "text");
    write_bytes("nul", "a\0b", 3);
    write_bytes("png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    write_text("control", "\001\002\003\004 text");
    write_text("empty", "");
    write_text("bom", "\xEF\xBB\xBF");
    char *large = calloc(1, 9100000);
    assert_non_null(large);
    memset(large, 'x', 9100000);
    write_bytes("large", large, 9100000);
    free(large);
    struct corpus *c = open_one(".");
    assert_paths(c, "a.txt");
    assert_skipped(c, "nul", "binary, not text");
    assert_skipped(c, "png", "a PNG image");
    assert_skipped(c, "control", "binary, not text");
    assert_skipped(c, "empty", "empty");
    assert_skipped(c, "bom", "empty");
    assert_skipped(c, "large", "larger than --max-file (9.1 MB)");
    corpus_close(c);
}

static void a_named_text_may_hold_a_few_nuls_and_noise_is_refused(void **state)
{
    (void)state;
    static const char text[] = "The log was cut\0here, when the machine lost its power.\nThe next line is whole.\n";
    write_bytes("log", text, sizeof text - 1);
    struct corpus *c = open_one("log");
    assert_int_equal(c->documents[0].size, sizeof text - 1);
    assert_memory_equal(c->documents[0].text, text, sizeof text - 1);
    assert_note(c, "log: holds NUL bytes, read because it was named");
    corpus_close(c);
    write_bytes("noise", "one\0two\n\0", 9);
    assert_fails("noise", "noise: binary, not text");
}

static void a_named_file_is_read_whatever_its_size(void **state)
{
    (void)state;
    struct corpus *c;

    size_t size = (size_t)20 << 20; /* past the limit of members and of copied files */
    char *large = malloc(size);
    assert_non_null(large);
    for (size_t i = 0; i < size; i++) large[i] = i % 64 == 63 ? '\n' : 'x';
    write_bytes("large", large, size);
    c = open_one("large");
    assert_int_equal(c->documents[0].size, size);
    assert_int_equal(c->documents[0].n_lines, size / 64);
    assert_int_equal(c->documents[0].lines[size / 64 - 1], size - 64);
    assert_memory_equal(c->documents[0].text, large, size);
    assert_int_equal(corpus_torn(c), SIZE_MAX);
    corpus_close(c);
    free(large);
}

static void a_large_file_that_others_truncate_reads_as_nuls(void **state)
{
    (void)state;
    size_t size = (size_t)17 << 20;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, 'x', size);
    write_bytes("large", large, size);
    free(large);
    struct corpus *c = open_one("large");
    assert_int_equal(truncate("large", 4096), 0);
    assert_int_equal(c->documents[0].text[0], 'x');
    assert_int_equal(c->documents[0].text[size - 1], 0);
    assert_int_equal(corpus_torn(c), 0);
    assert_int_equal(corpus_changed(c, 0, SIZE_MAX), 0);
    corpus_close(c);
}

static void a_large_file_that_others_edit_is_noticed_even_in_the_same_moment(void **state)
{
    (void)state;
    size_t size = (size_t)17 << 20;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, 'x', size);
    write_bytes("large", large, size);
    free(large);
    struct stat before;
    assert_int_equal(stat("large", &before), 0);
    struct corpus *c = open_one("large");
    int fd = open("large", O_WRONLY);
    assert_int_equal(pwrite(fd, "y", 1, 1000), 1);
    assert_int_equal(futimens(fd, (const struct timespec[]){before.st_atim, before.st_mtim}), 0);
    close(fd);
    assert_int_equal(corpus_torn(c), 0);
    corpus_close(c);
    c = open_one("large");
    assert_int_equal(corpus_torn(c), SIZE_MAX);
    assert_int_equal(rename("large", "larger"), 0);
    assert_int_equal(corpus_torn(c), 0);
    corpus_close(c);
}

static void files_that_change_later_are_found(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/a", "one\n");
    write_text("d/b", "two\n");
    struct corpus *c = open_one("d");
    assert_int_equal(corpus_changed(c, 0, SIZE_MAX), SIZE_MAX);
    write_text("d/b", "two and more\n");
    assert_int_equal(corpus_changed(c, 0, SIZE_MAX), 1);
    assert_int_equal(corpus_changed(c, 0, 1), SIZE_MAX);
    assert_int_equal(unlink("d/a"), 0);
    assert_int_equal(corpus_changed(c, 0, SIZE_MAX), 0);
    assert_memory_equal(c->documents[1].text, "two\n", 4);
    corpus_close(c);
}

static atomic_bool writes;

/* Writes the same letter everywhere, over and over. */
static void *write_on(void *path)
{
    for (unsigned i = 0; atomic_load(&writes); i++) {
        char text[4096];
        memset(text, 'a' + (int)(i % 26), sizeof text);
        text[sizeof text - 1] = '\n';
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        for (int n = 0; n < 200 && write(fd, text, sizeof text) > 0;) n++;
        close(fd);
    }
    return NULL;
}

static void a_file_that_is_written_while_it_is_read_is_whole_or_said(void **state)
{
    (void)state;
    pthread_t writer;
    write_text("busy", "at first\n");
    atomic_store(&writes, true);
    assert_int_equal(pthread_create(&writer, NULL, write_on, "busy"), 0);
    for (int round = 0; round < 100; round++) {
        struct corpus *c = NULL;
        if (corpus_open(&c, (char *[]){"busy"}, 1, NULL, NULL) != 0) continue; /* empty at that moment */
        const struct document *d = &c->documents[0];
        bool mixed = false, said = false;
        for (uint64_t i = 0; i < d->size; i += 4096) mixed = mixed || d->text[i] != d->text[0];
        for (size_t i = 0; i < c->n_notes; i++) said = said || strstr(c->notes[i], "busy: changed while it was read");
        assert_true(!mixed || said);
        corpus_close(c);
    }
    atomic_store(&writes, false);
    pthread_join(writer, NULL);
}

static void links_are_not_followed_and_lose_nothing_silently(void **state)
{
    (void)state;
    assert_int_equal(mkdir("root", 0700), 0);
    assert_int_equal(mkdir("root/sub", 0700), 0);
    write_text("root/sub/a", "a");
    write_text("outside", "o");
    assert_int_equal(symlink("sub/a", "root/1"), 0);
    assert_int_equal(symlink("../outside", "root/2"), 0);
    assert_int_equal(symlink("nowhere", "root/3"), 0);
    assert_int_equal(symlink("4", "root/4"), 0);
    assert_int_equal(symlink(".", "root/5"), 0);
    assert_int_equal(symlink("..", "root/sub/up"), 0);
    struct corpus *c = open_one("root");
    assert_paths(c, "sub/a");
    assert_note(c, "1: symbolic link to a file that is read in its own place");
    assert_skipped(c, "2", "symbolic link out of the directory");
    assert_skipped(c, "3", "broken symbolic link");
    assert_skipped(c, "4", "symbolic link in a loop");
    assert_note(c, "5: symbolic link to a directory of this tree: not followed");
    assert_note(c, "sub/up: symbolic link to a directory of this tree: not followed");
    corpus_close(c);
}

static void what_is_no_file_is_skipped_in_a_directory_and_refused_by_name(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/a", "a");
    assert_int_equal(mkfifo("d/fifo", 0600), 0);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(s >= 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "d/socket"};
    assert_int_equal(bind(s, (struct sockaddr *)&name, sizeof name), 0);
    close(s);
    struct corpus *c = open_one("d");
    assert_paths(c, "a");
    assert_skipped(c, "fifo", "FIFO");
    assert_skipped(c, "socket", "socket");
    corpus_close(c);
    assert_fails("d/fifo", "d/fifo: is a FIFO, not a file (use - to read standard input)");
    assert_fails("d/socket", "d/socket: is a socket, not a file (use - to read standard input)");
    assert_fails("/dev/null", "/dev/null: is a device, not a file (use - to read standard input)");
}

static void nothing_to_read_is_an_error_that_says_why(void **state)
{
    (void)state;
    assert_fails("missing", "missing: No such file or directory");
    assert_int_equal(mkdir("d", 0700), 0);
    assert_fails("d", "nothing to read: no files there");
    write_text("empty", "");
    assert_fails("empty", "nothing to read: empty: empty");
    write_bytes("d/1", "\0", 1);
    write_bytes("d/2", "\0", 1);
    assert_fails("d", "nothing to read: 2 files skipped, the first: 1: binary, not text");
}

static void unreadable_members_are_skipped_and_unreadable_names_refused(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root reads everything */
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkdir("d/locked", 0000), 0);
    write_text("d/a", "a");
    write_text("d/b", "b");
    assert_int_equal(chmod("d/b", 0000), 0);
    struct corpus *c = open_one("d");
    assert_paths(c, "a");
    assert_skipped(c, "b", "Permission denied");
    assert_skipped(c, "locked/", "Permission denied");
    corpus_close(c);
    assert_fails("d/b", "d/b: Permission denied");
}

static void hostile_names_are_kept_byte_by_byte(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    write_text("d/\033[31mred\n\xff", "x");
    write_text("d/-q", "y");
    write_text("d/ ", "z");
    struct corpus *c = open_one("d");
    assert_paths(c, "\033[31mred\n\xff   -q");
    corpus_close(c);
}

static void a_deep_tree_is_walked(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) { /* far more levels than a process has descriptors to spare for */
        assert_int_equal(mkdir("d", 0700), 0);
        assert_int_equal(chdir("d"), 0);
    }
    write_text("leaf", "x");
    assert_int_equal(chdir(here), 0);
    struct corpus *c = open_one(".");
    assert_int_equal(c->n_documents, 1);
    assert_int_equal(strlen(c->documents[0].path), 804);
    corpus_close(c);
}

static void standard_input_is_a_document(void **state)
{
    (void)state;
    write_text("in", "from a pipe\n");
    write_text("a", "a");
    int old = dup(STDIN_FILENO), fd = open("in", O_RDONLY);
    assert_true(old >= 0 && fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    struct corpus *c = open_all((char *[]){"a", "-", "-"}, 3);
    assert_paths(c, "a -");
    assert_text(&c->documents[1], "from a pipe\n");
    assert_note(c, "-: named twice, read once");
    corpus_close(c);
    dup2(old, STDIN_FILENO);
    close(old);
    close(fd);
}

static void a_set_cancel_flag_stops_it(void **state)
{
    (void)state;
    write_text("a", "a");
    atomic_bool cancel = true;
    struct corpus_options o = {.cancel = &cancel};
    struct error e;
    struct corpus *c;
    assert_int_equal(corpus_open(&c, (char *[]){"a"}, 1, &o, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
}

static void names_in_headers_lie_inside_what_was_named(void **state)
{
    (void)state;
    const struct {
        char *paths[3];
        const char *names; /* with a bar behind each */
    } cases[] = {
        {{"d/alone/x.txt"}, "|"},
        {{"d/alone"}, "|"},
        {{"d"}, "alone/x.txt|y.txt|"},
        {{"./d/"}, "alone/x.txt|y.txt|"},
        {{"d/y.txt", "d/alone/x.txt"}, "y.txt|x.txt|"},
        {{"d/alone", "./e"}, "x.txt|z/z|"},
        {{"e", "d/y.txt"}, "z/z|y.txt|"},
    };
    assert_int_equal(mkdir("d", 0700) | mkdir("d/alone", 0700) | mkdir("e", 0700) | mkdir("e/z", 0700), 0);
    write_text("d/alone/x.txt", "x");
    write_text("d/y.txt", "y");
    write_text("e/z/z", "z");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e;
        struct corpus *c;
        char all[256] = "";
        size_t n = 0;
        while (n < 3 && cases[i].paths[n]) n++;
        assert_ok(corpus_open(&c, cases[i].paths, n, NULL, &e), e);
        for (size_t d = 0; d < c->n_documents; d++) strcat(strcat(all, c->documents[d].name), "|");
        assert_string_equal(all, cases[i].names);
        corpus_close(c);
    }
}

static void documents_from_memory_hash_by_text(void **state)
{
    (void)state;
    struct error e;
    struct corpus *c;
    const char *const paths[] = {"a", "b", "a", "none"}, *const texts[] = {"x", "y", "x", ""};
    assert_ok(corpus_open_memory(&c, paths, texts, (const size_t[]){1, 1, 1, 0}, 4, &e), e);
    assert_paths(c, "a b a");
    assert_int_equal(c->documents[0].hash, c->documents[2].hash);
    assert_int_not_equal(c->documents[0].hash, c->documents[1].hash);
    assert_skipped(c, "none", "empty");
    corpus_close(c);
}

/* Makes `path` a git repository in which `tracked` (NULL at the end) are added to the index. */
static void make_repository(const char *path, const char *const *tracked)
{
    char command[1024];
    int n = snprintf(
        command, sizeof command,
        "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1; cd %s && git init -q . && git add -f --", path);
    for (; *tracked; tracked++) n += snprintf(command + n, sizeof command - (size_t)n, " %s", *tracked);
    assert_int_equal(system(command), 0);
}

static void make_tree(void)
{
    assert_int_equal(mkdir("r", 0700), 0);
    assert_int_equal(mkdir("r/src", 0700), 0);
    assert_int_equal(mkdir("r/build", 0700), 0);
    assert_int_equal(mkdir("r/other", 0700), 0);
    write_text("r/.gitignore", "*.o\n/build/\n!keep.o\n");
    write_text("r/src/.gitignore", "local\n");
    write_text("r/src/a.c", "a");
    write_text("r/src/a.o", "o");
    write_text("r/src/keep.o", "k");
    write_text("r/src/local", "l");
    write_text("r/build/out", "b");
    write_text("r/build/tracked", "t");
    write_text("r/other/gone", "g");
    make_repository("r", (const char *const[]){"src/a.c", "build/tracked", "other/gone", NULL});
    assert_int_equal(unlink("r/other/gone"), 0);
}

static void git_trees_are_read_by_gits_ignore_rules(void **state)
{
    (void)state;
    make_tree();
    struct corpus *c = open_one("r");
    assert_paths(c, ".gitignore build/tracked src/.gitignore src/a.c src/keep.o");
    assert_int_equal(c->n_skipped, 0);
    assert_note(c, ".: 1 tracked file is not in the working tree");
    corpus_close(c);
}

static void untracked_files_of_an_ignored_directory_stay_ignored(void **state)
{
    (void)state;
    make_tree();
    write_text("r/.gitignore", "/build/\n!out\n"); /* which cannot bring build/out back */
    struct corpus *c = open_one("r");
    assert_paths(c, ".gitignore build/tracked src/.gitignore src/a.c src/a.o src/keep.o");
    corpus_close(c);
    c = open_one("r/build");
    assert_paths(c, "tracked");
    corpus_close(c);
}

static void a_directory_of_a_git_tree_is_read_by_the_trees_rules(void **state)
{
    (void)state;
    make_tree();
    struct corpus *c = open_one("r/src");
    assert_paths(c, ".gitignore a.c keep.o");
    corpus_close(c);
    assert_int_equal(mkdir("r/src/local.d", 0700), 0);
    write_text("r/src/.gitignore", "local.d\n");
    write_text("r/src/local.d/x.o", "x");
    c = open_one("r/src/local.d");
    assert_paths(c, "x.o");
    assert_note(c, ".: ignored by git, read because it was named");
    corpus_close(c);
}

static void trees_inside_trees_follow_their_own_rules(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(mkdir("r/inner", 0700), 0);
    write_text("r/inner/.gitignore", "secret\n");
    write_text("r/inner/secret", "s");
    write_text("r/inner/b.o", "b");
    make_repository("r/inner", (const char *const[]){"b.o", NULL});
    struct corpus *c = open_one("."); /* no repository itself */
    assert_paths(c,
                 "r/.gitignore r/build/tracked r/inner/.gitignore r/inner/b.o r/src/.gitignore r/src/a.c r/src/keep.o");
    corpus_close(c);
}

static void a_broken_repository_is_walked_with_a_note(void **state)
{
    (void)state;
    assert_int_equal(mkdir("r", 0700), 0);
    assert_int_equal(mkdir("r/.git", 0700), 0);
    write_text("r/.git/config", "x");
    write_text("r/a", "a");
    struct corpus *c = open_one("r");
    assert_paths(c, "a");
    assert_int_equal(c->n_notes, 1);
    assert_note(c, ".: its .git is not a repository: only the ignore rules of the working tree hold");
    corpus_close(c);
}

static void a_repository_with_a_corrupt_index_is_walked_with_a_note(void **state)
{
    (void)state;
    make_tree();
    write_text("r/.git/index", "DIRC and nothing more of it");
    struct corpus *c = open_one("r");
    assert_paths(c, ".gitignore src/.gitignore src/a.c src/keep.o");
    assert_non_null(strstr(c->notes[0], "not git's index, or damaged: what git tracks is not known"));
    corpus_close(c);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(a_file_that_is_read_is_known_by_any_spelling),
        CASE(a_named_file_is_one_document_under_its_name),
        CASE(lines_are_found_by_offset),
        CASE(large_files_may_end_lines_by_returns_alone),
        CASE(directories_are_read_in_byte_order_of_their_paths_hidden_files_too),
        CASE(several_paths_show_the_directory_they_come_from),
        CASE(what_is_named_twice_is_read_once),
        CASE(byte_order_marks_are_left_out_and_counted),
        CASE(latin1_is_converted_and_said),
        CASE(a_few_bad_bytes_do_not_make_utf8_latin1),
        CASE(utf16_is_converted_by_its_byte_order_mark),
        CASE(members_that_are_no_text_are_skipped_with_a_reason),
        CASE(a_named_text_may_hold_a_few_nuls_and_noise_is_refused),
        CASE(a_named_file_is_read_whatever_its_size),
        CASE(a_large_file_that_others_truncate_reads_as_nuls),
        CASE(a_large_file_that_others_edit_is_noticed_even_in_the_same_moment),
        CASE(files_that_change_later_are_found),
        CASE(a_file_that_is_written_while_it_is_read_is_whole_or_said),
        CASE(links_are_not_followed_and_lose_nothing_silently),
        CASE(what_is_no_file_is_skipped_in_a_directory_and_refused_by_name),
        CASE(nothing_to_read_is_an_error_that_says_why),
        CASE(unreadable_members_are_skipped_and_unreadable_names_refused),
        CASE(hostile_names_are_kept_byte_by_byte),
        CASE(a_deep_tree_is_walked),
        CASE(standard_input_is_a_document),
        CASE(a_set_cancel_flag_stops_it),
        CASE(documents_from_memory_hash_by_text),
        CASE(names_in_headers_lie_inside_what_was_named),
        CASE(git_trees_are_read_by_gits_ignore_rules),
        CASE(untracked_files_of_an_ignored_directory_stay_ignored),
        CASE(a_directory_of_a_git_tree_is_read_by_the_trees_rules),
        CASE(trees_inside_trees_follow_their_own_rules),
        CASE(a_broken_repository_is_walked_with_a_note),
        CASE(a_repository_with_a_corrupt_index_is_walked_with_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
