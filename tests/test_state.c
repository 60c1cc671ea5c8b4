#include "tests/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/text/corpus.h"
#include "app/reader/state.h"
#include "app/reader/state_store.h"
#include "compute/file.h"

/* A reader that stands in for the real one: a token is two bytes of a text (one at its end), a header token is a byte
 * of the path; a key is made of the token's number and the document's text, and so is the session. What it leaves
 * therefore depends on the text alone. */
enum { WIDTH = 4, RATE = 3 };

static const struct state_key key = {.model = 7, .settings = 1, .width = WIDTH, .rate = RATE};

static char directory[64];

static int enter(void **test)
{
    (void)test;
    /* In memory where that can be had: what is tested puts every file on the disk, over and over. */
    strcpy(directory, "/dev/shm/test_state.XXXXXX");
    if (mkdtemp(directory)) return 0;
    strcpy(directory, "/tmp/test_state.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

static int leave(void **test)
{
    (void)test;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct corpus *texts(size_t n, const char *const *text)
{
    static const char *const paths[] = {"a", "bb", "ccc", "dddd"};
    struct error e;
    struct corpus *c;
    size_t sizes[4];
    for (size_t i = 0; i < n; i++) sizes[i] = strlen(text[i]);
    assert_ok(corpus_open_memory(&c, paths, text, sizes, n, &e), e);
    return c;
}

/* Lines enough that streams have several blocks: `n` lines of 10 bytes. */
static char *lines(size_t n, char last)
{
    char *text = calloc(10 * n + 16, 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        snprintf(text + 10 * i, 16, "%08u%c\n", (unsigned)i % 100000000U, i + 1 == n ? last : 'x');
    return text;
}

static int try_open(struct state **s, const struct corpus *c, struct error *e)
{
    const struct state_options o = {.directory = directory, .label = "test"};
    return state_open(s, &o, &key, c, e);
}

static struct state *open_state(const struct corpus *c)
{
    struct error e;
    struct state *s;
    assert_ok(try_open(&s, c, &e), e);
    return s;
}

static void append(const struct state *s, enum state_stream stream, const void *bytes, size_t n)
{
    struct error e;
    assert_ok(file_array_append(state_array(s, stream), bytes, n, &e), e);
}

static void append_token(const struct state *s, struct state_place *p, uint8_t length, uint8_t text)
{
    const uint8_t bytes[WIDTH] = {(uint8_t)p->n_tokens, (uint8_t)(p->n_tokens >> 8), (uint8_t)(p->n_tokens >> 16),
                                  text};
    append(s, STATE_LENGTHS, &length, 1);
    if (p->n_tokens++ % RATE == 0) append(s, STATE_KEYS, bytes, WIDTH);
}

/* The session at a place: 1000 bytes. */
static void session_at(uint8_t session[1000], const struct state_place *p)
{
    for (size_t i = 0; i < 1000; i++) session[i] = (uint8_t)(p->n_tokens + i * p->offset + p->n_documents);
}

static int checkpoint(struct state *s, const struct state_place *p, enum state_weight weight, struct error *e)
{
    uint8_t session[1000];
    session_at(session, p);
    return state_checkpoint(s, p, session, sizeof session, weight, e);
}

static bool begin_document(const struct state *s, const struct corpus *c, struct state_place *p)
{
    if (p->n_documents == c->n_documents) return false;
    const struct document *d = &c->documents[p->n_documents];
    struct state_document entry = {.first_token = p->n_tokens, .text_token = p->n_tokens + strlen(d->name) + 1};
    append(s, STATE_DOCUMENTS, &entry, sizeof entry);
    append_token(s, p, 0, 0);
    for (const char *at = d->name; *at; at++) append_token(s, p, 0, (uint8_t)*at);
    p->n_documents++;
    p->offset = 0;
    return true;
}

/* Reads at most `most` tokens from where the state is, with a checkpoint every `every` tokens and at the end of the
 * text. Returns the tokens read. */
static uint64_t read_on(struct state *s, const struct corpus *c, uint64_t most, uint64_t every)
{
    const uint8_t *kept;
    size_t size;
    struct error e;
    const struct state_place *place = state_resume(s, &kept, &size);
    struct state_place p = place ? *place : (struct state_place){.n_tokens = 0};
    if (place) {
        uint8_t session[1000];
        session_at(session, &p);
        assert_int_equal(size, sizeof session);
        assert_memory_equal(kept, session, size);
    }
    uint64_t begin = p.n_tokens, last = begin;
    while (p.n_tokens - begin < most) {
        const struct document *d = p.n_documents ? &c->documents[p.n_documents - 1] : NULL;
        if (!d || p.offset == d->size) {
            if (begin_document(s, c, &p)) continue;
            if (!state_is_complete(s)) assert_ok(checkpoint(s, &p, STATE_END, &e), e);
            break;
        }
        uint64_t left = d->size - p.offset;
        append_token(s, &p, left > 1 ? 2 : 1, (uint8_t)d->text[p.offset]);
        p.offset += left > 1 ? 2 : 1;
        if (p.n_tokens - last < every || p.n_tokens - begin >= most) continue;
        assert_ok(checkpoint(s, &p, STATE_DURABLE, &e), e);
        last = p.n_tokens;
    }
    return p.n_tokens - begin;
}

/* Reads everything in one go in another directory and compares what is there with `s`. */
static void assert_like_read_at_once(const struct state *s, const struct corpus *c)
{
    char kept[64];
    strcpy(kept, directory);
    enter(NULL);
    struct state *other = open_state(c);
    read_on(other, c, UINT64_MAX, UINT64_MAX);
    for (enum state_stream i = 0; i < STATE_N_STREAMS; i++) {
        uint64_t size = file_array_size(state_array(other, i));
        assert_int_equal(file_array_size(state_array(s, i)), size);
        assert_memory_equal(file_array_bytes(state_array(s, i)), file_array_bytes(state_array(other, i)), size);
    }
    state_close(other);
    leave(NULL);
    strcpy(directory, kept);
}

static void a_complete_read_opens_with_nothing_left_to_read(void **test)
{
    (void)test;
    struct corpus *c = texts(2, (const char *const[]){"one\ntwo\n", "three"});
    struct state *s = open_state(c);
    assert_null(state_resume(s, &(const uint8_t *){NULL}, &(size_t){0}));
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 2 + 4 + 3 + 3);
    assert_true(state_is_complete(s));
    state_close(s);
    s = open_state(c);
    assert_true(state_is_complete(s));
    assert_string_equal(state_note(s), "");
    assert_int_equal(read_on(s, c, UINT64_MAX, 1), 0);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
}

static void reading_goes_on_from_the_last_checkpoint(void **test)
{
    (void)test;
    char *text = lines(2000, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s = open_state(c);
    assert_int_equal(read_on(s, c, 5500, 1000), 5500);
    state_close(s);
    s = open_state(c);
    assert_false(state_is_complete(s));
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 10001 - 5000);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

static void a_process_that_is_killed_leaves_its_checkpoints(void **test)
{
    (void)test;
    char *text = lines(3000, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error e;
        struct state *s;
        if (try_open(&s, c, &e) == 0) read_on(s, c, 9999, 2000);
        _exit(9); /* nothing is closed, nothing is cut */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    struct state *s = open_state(c);
    assert_string_equal(state_note(s), "");
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 15001 - 8000);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

/* Reads `before` to the end with a checkpoint every 100 tokens, then opens `after`: how many tokens are left to read.
 */
static uint64_t left_after_change(size_t n_before, const char *const *before, size_t n_after, const char *const *after)
{
    struct corpus *old = texts(n_before, before), *c = texts(n_after, after);
    struct state *s = open_state(old);
    read_on(s, old, UINT64_MAX, 100);
    state_close(s);
    s = open_state(c);
    bool kept = state_resume(s, &(const uint8_t *){NULL}, &(size_t){0}) != NULL;
    assert_non_null(strstr(state_note(s), kept ? " tokens are kept from an earlier read" : "nothing is kept from an"));
    uint64_t left = read_on(s, c, UINT64_MAX, 100);
    assert_like_read_at_once(s, c);
    state_close(s);
    s = open_state(old); /* the old one is still there */
    assert_true(state_is_complete(s));
    state_close(s);
    corpus_close(old);
    corpus_close(c);
    return left;
}

static void text_that_was_appended_is_all_that_is_read(void **test)
{
    (void)test;
    char *text = lines(100, 'x'), *more = lines(130, 'x');
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){more}), 150);
    /* a document that stands alone has no name in what is read */
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 2, (const char *const[]){text, "new"}), 502 + 5);
    assert_int_equal(
        left_after_change(2, (const char *const[]){text, "new"}, 3, (const char *const[]){text, "new", "er"}), 4 + 1);
    free(text);
    free(more);
}

static void a_changed_document_is_read_from_the_checkpoint_before_the_change(void **test)
{
    (void)test;
    char *text = lines(100, 'x'), *changed = lines(100, 'x');
    changed[615] = '!'; /* token 1 + 307 */
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){changed}), 501 - 300);
    changed[3] = '!';
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){changed}), 501);
    free(text);
    free(changed);
}

static void a_line_that_grows_is_read_again(void **test)
{
    (void)test;
    /* Checkpoints at tokens 100, 200, and 301: the end, in a line that has no end yet. */
    char *text = lines(60, 'x');
    text[599] = 'y';
    char *longer = malloc(700);
    assert_non_null(longer);
    snprintf(longer, 700, "%szz\n", text);
    assert_int_equal(left_after_change(1, (const char *const[]){text}, 1, (const char *const[]){longer}), 303 - 200);
    free(text);
    free(longer);
}

static void another_model_does_not_see_it(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 1);
    state_close(s);
    struct state_key other = key;
    other.model = 8;
    const struct state_options o = {.directory = directory};
    assert_ok(state_open(&s, &o, &other, c, &e), e);
    assert_null(state_resume(s, &(const uint8_t *){NULL}, &(size_t){0}));
    state_close(s);
    corpus_close(c);
}

static void a_second_process_is_told_while_the_first_one_writes(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *first = open_state(c), *second;
    assert_int_equal(try_open(&second, c, &e), -1);
    assert_string_equal(e.text, "in use by another process");
    read_on(first, c, UINT64_MAX, UINT64_MAX);
    assert_ok(try_open(&second, c, &e), e); /* complete: now both may look */
    assert_true(state_is_complete(second));
    state_close(first);
    state_close(second);
    corpus_close(c);
}

static void where_nothing_can_be_kept_opening_fails(void **test)
{
    (void)test;
    struct error e;
    struct state *s;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    const struct state_options o = {.directory = "/dev/null/states"};
    assert_int_equal(state_open(&s, &o, &key, c, &e), -1);
    assert_string_equal(e.text, "/dev/null/states: Not a directory");
    atomic_bool cancel = true;
    const struct state_options cancelled = {.directory = directory, .cancel = &cancel};
    assert_int_equal(state_open(&s, &cancelled, &key, c, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    corpus_close(c);
}

/* Path of a file of the only kept read. */
static void file_of(char path[256], const char *file)
{
    struct error e;
    struct state_entry *entries;
    size_t n;
    assert_ok(state_store_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    snprintf(path, 256, "%s/%s/%s", directory, entries[0].name, file);
    state_store_list_free(entries, n);
}

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

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
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
    for (size_t at = 0; at < size; at++) {
        flip(path, (off_t)at);
        assert_recovers(c);
    }
    corpus_close(c);
    free(text);
}

static void flipped_bytes_and_cuts_of_the_other_files_are_noticed(void **test)
{
    (void)test;
    static const char *const files[] = {"keys", "lengths", "documents", "session.2000", "session.15001"};
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
            if (i == 3) { /* a session that is not the last is not looked at */
                flip(path, part * (size - 1) / 2);
                continue;
            }
            assert_recovers(c);
            file_of(path, files[i]);
            assert_int_equal(truncate(path, part * (size - 1) / 2), 0);
            assert_recovers(c);
            file_of(path, files[i]);
        }
        assert_int_equal(unlink(path), 0);
        if (i != 3) assert_recovers(c);
    }
    corpus_close(c);
    free(text);
}

/* A read with checkpoints that are not put on the disk: at every 100th token, and a durable one after 400. */
static struct state *read_lightly(const struct corpus *c, uint64_t most, struct state_place *p)
{
    struct error e;
    struct state *s = open_state(c);
    *p = (struct state_place){.n_tokens = 0};
    begin_document(s, c, p);
    while (p->n_tokens < most) {
        append_token(s, p, 2, (uint8_t)c->documents[0].text[p->offset]);
        p->offset += 2;
        if (p->n_tokens % 100 == 0)
            assert_ok(checkpoint(s, p, p->n_tokens == 400 ? STATE_DURABLE : STATE_LIGHT, &e), e);
    }
    return s;
}

static size_t count_sessions(void)
{
    char path[256];
    size_t n = 0;
    file_of(path, "");
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *found; (found = readdir(d));) n += strncmp(found->d_name, "session.", 8) == 0;
    closedir(d);
    return n;
}

static void light_checkpoints_count_when_a_durable_one_follows(void **test)
{
    (void)test;
    struct state_place p;
    char *text = lines(200, 'x'), *changed = lines(200, 'x');
    changed[615] = '!'; /* token 1 + 307 */
    struct corpus *c = texts(1, (const char *const[]){text}), *other = texts(1, (const char *const[]){changed});
    struct state *s = read_lightly(c, 750, &p);
    state_close(s); /* tokens 500 to 700 are forgotten */
    assert_int_equal(count_sessions(), 4);
    s = open_state(c);
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 1001 - 400);
    state_close(s);
    assert_int_equal(count_sessions(), 5);
    s = open_state(other);
    assert_non_null(strstr(state_note(s), "300 tokens are kept"));
    assert_int_equal(read_on(s, other, UINT64_MAX, UINT64_MAX), 1001 - 300);
    assert_like_read_at_once(s, other);
    state_close(s);
    corpus_close(c);
    corpus_close(other);
    free(text);
    free(changed);
}

static void light_checkpoints_of_a_killed_process_are_cleared_away(void **test)
{
    (void)test;
    char *text = lines(200, 'x');
    struct corpus *c = texts(1, (const char *const[]){text});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct state_place p;
        read_lightly(c, 750, &p);
        _exit(9); /* nothing is closed */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(count_sessions(), 7);
    struct state *s = open_state(c);
    assert_int_equal(count_sessions(), 4);
    assert_int_equal(read_on(s, c, UINT64_MAX, UINT64_MAX), 1001 - 400);
    assert_like_read_at_once(s, c);
    state_close(s);
    corpus_close(c);
    free(text);
}

static void a_damaged_checkpoint_leaves_those_before_it(void **test)
{
    (void)test;
    char *text = lines(200, 'x'), *changed = lines(200, 'x'), path[256];
    changed[1215] = '!'; /* token 1 + 607 */
    struct corpus *c = texts(1, (const char *const[]){text}), *other = texts(1, (const char *const[]){changed});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, 100);
    state_close(s);
    file_of(path, "session.600");
    flip(path, 10);
    file_of(path, "session.500");
    assert_int_equal(unlink(path), 0);
    s = open_state(other);
    assert_non_null(strstr(state_note(s), "400 tokens are kept"));
    assert_int_equal(read_on(s, other, UINT64_MAX, UINT64_MAX), 1001 - 400);
    assert_like_read_at_once(s, other);
    state_close(s);
    corpus_close(c);
    corpus_close(other);
    free(text);
    free(changed);
}

static void why_nothing_is_kept_is_told(void **test)
{
    (void)test;
    struct error e;
    struct corpus *c = texts(1, (const char *const[]){"one\n"}), *other = texts(1, (const char *const[]){"two\n"});
    struct state *s = open_state(c);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    state_close(s);
    s = open_state(other);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: the text differs before token 3, the "
                                       "first place to go on from");
    state_close(s);
    const struct state_options o = {.directory = directory, .label = "test"}, unknown = {.directory = directory};
    struct state_key changed = key;
    changed.rate = 12;
    assert_ok(state_open(&s, &o, &changed, c, &e), e);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: it kept the key of every 3. token, this "
                                       "one of every 12.");
    state_close(s);
    changed.model = 8;
    assert_ok(state_open(&s, &o, &changed, c, &e), e);
    assert_string_equal(state_note(s), "nothing is kept from an earlier read: another model read it");
    state_close(s);
    assert_ok(state_open(&s, &unknown, &key, other, &e), e);
    assert_string_equal(state_note(s), ""); /* of another name */
    state_close(s);
    corpus_close(c);
    corpus_close(other);
}

static void sessions_take_no_more_than_their_budget(void **test)
{
    (void)test;
    struct error e;
    char *text = lines(200, 'x'), path[256];
    struct corpus *c = texts(1, (const char *const[]){text});
    struct state *s;
    const struct state_options o = {.directory = directory, .sessions = 4000}; /* four sessions */
    assert_ok(state_open(&s, &o, &key, c, &e), e);
    struct state_place p = {.n_tokens = 0};
    begin_document(s, c, &p);
    for (int i = 0; i < 8; i++) {
        for (int token = 0; token < 100; token++) append_token(s, &p, 2, 'x');
        p.offset += 200;
        assert_ok(checkpoint(s, &p, STATE_DURABLE, &e), e);
    }
    state_close(s);
    char kept[64] = "";
    for (int i = 1; i <= 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "session.%d", 100 * i + 1);
        file_of(path, name);
        if (access(path, F_OK) == 0) snprintf(kept + strlen(kept), sizeof kept - strlen(kept), " %d", i);
    }
    assert_string_equal(kept, " 1 3 5 8");
    corpus_close(c);
    free(text);
}

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
        assert_ok(state_store_list(&entries, &n, directory, &e), e);
        assert_int_equal(n, i + 1);
        for (size_t at = 0; at < n; at++) { /* the new one is the one that is not known yet */
            bool known = false;
            for (int before = 0; before < i; before++) known = known || strcmp(names[before], entries[at].name) == 0;
            if (!known) memcpy(names[i], entries[at].name, STATE_NAME_SIZE);
        }
        state_store_list_free(entries, n);
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
    size_t n, removed;
    uint64_t bytes;
    assert_ok(state_store_list(&entries, &n, directory, &e), e);
    assert_string_equal(entries[0].name, names[2]);
    assert_string_equal(entries[2].name, names[1]);
    assert_string_equal(entries[0].index.label, "test");
    assert_int_equal(entries[0].index.n_bytes, 5);
    uint64_t two = entries[0].bytes + entries[1].bytes;
    state_store_list_free(entries, n);
    assert_ok(state_store_prune(directory, two, NULL, &removed, &bytes, &e), e);
    assert_int_equal(removed, 1);
    assert_ok(state_store_prune(directory, 0, names[2], &removed, &bytes, &e), e);
    assert_int_equal(removed, 1);
    assert_ok(state_store_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].name, names[2]);
    state_store_list_free(entries, n);
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
        read_on(s, c, UINT64_MAX, UINT64_MAX);
        state_close(s);
        corpus_close(c);
    }
    assert_ok(state_store_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    assert_string_equal(entries[0].index.label, "three");
    state_store_list_free(entries, n);
}

static void what_is_in_use_is_not_pruned(void **test)
{
    (void)test;
    struct error e;
    size_t removed;
    uint64_t bytes;
    struct corpus *c = texts(1, (const char *const[]){"text"});
    struct state *s = open_state(c);
    assert_ok(state_store_prune(directory, 0, NULL, &removed, &bytes, &e), e);
    assert_int_equal(removed, 0);
    read_on(s, c, UINT64_MAX, UINT64_MAX);
    assert_ok(state_store_prune(directory, 0, NULL, &removed, &bytes, &e), e);
    assert_int_equal(removed, 0);
    state_close(s);
    assert_ok(state_store_prune(directory, 0, NULL, &removed, &bytes, &e), e);
    assert_int_equal(removed, 1);
    corpus_close(c);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(a_complete_read_opens_with_nothing_left_to_read),
        CASE(reading_goes_on_from_the_last_checkpoint),
        CASE(a_process_that_is_killed_leaves_its_checkpoints),
        CASE(text_that_was_appended_is_all_that_is_read),
        CASE(a_changed_document_is_read_from_the_checkpoint_before_the_change),
        CASE(a_line_that_grows_is_read_again),
        CASE(another_model_does_not_see_it),
        CASE(a_second_process_is_told_while_the_first_one_writes),
        CASE(where_nothing_can_be_kept_opening_fails),
        CASE(every_flipped_bit_and_cut_of_an_index_is_noticed),
        CASE(flipped_bytes_and_cuts_of_the_other_files_are_noticed),
        CASE(light_checkpoints_count_when_a_durable_one_follows),
        CASE(light_checkpoints_of_a_killed_process_are_cleared_away),
        CASE(a_damaged_checkpoint_leaves_those_before_it),
        CASE(why_nothing_is_kept_is_told),
        CASE(sessions_take_no_more_than_their_budget),
        CASE(the_least_recently_used_reads_are_pruned_first),
        CASE(a_new_read_makes_room_within_the_limit),
        CASE(what_is_in_use_is_not_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
