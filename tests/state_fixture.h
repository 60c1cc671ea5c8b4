/* A reader that stands in for the real one, for tests of what it keeps: a token is two bytes of a text (one at its
 * end), a header token is a byte of the name, and one before it; a key is made of the token's number and the document's
 * text, and the session of its position. What it leaves therefore depends on the text alone. */
#ifndef LECTERN_STATE_FIXTURE_H
#define LECTERN_STATE_FIXTURE_H

#include "tests/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/reader/sequence.h"
#include "app/reader/state.h"
#include "app/reader/state_list.h"
#include "app/text/corpus.h"
#include "compute/file.h"
#include "compute/kv_row.h"
#include "compute/kv_state.h"

enum { WIDTH = 4, RATE = 3 };

static const struct state_key key = {.model = 7, .settings = 1, .width = WIDTH, .rate = RATE};

static char directory[64];

static inline int enter(void **test)
{
    (void)test;
    /* In memory where that can be had: what is tested puts every file on the disk, over and over. */
    strcpy(directory, "/dev/shm/test_state.XXXXXX");
    if (mkdtemp(directory)) return 0;
    strcpy(directory, "/tmp/test_state.XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

static inline int leave(void **test)
{
    (void)test;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct corpus *texts(size_t n, const char *const *text)
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
static inline char *lines(size_t n, char last)
{
    char *text = calloc(10 * n + 16, 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        snprintf(text + 10 * i, 16, "%08u%c\n", (unsigned)i % 100000000U, i + 1 == n ? last : 'x');
    return text;
}

static inline int try_open(struct state **s, const struct corpus *c, struct error *e)
{
    const struct state_options o = {.directory = directory, .label = "test"};
    return state_open(s, &o, &key, c, e);
}

static inline struct state *open_state(const struct corpus *c)
{
    struct error e = {0};
    struct state *s;
    assert_ok(try_open(&s, c, &e), e);
    return s;
}

/* The session after n tokens, malloc'ed: its rows are made of their positions, and are what they were when rounded. */
static inline uint8_t *session_at(uint64_t n, size_t *size)
{
    struct attention a = {.n_head = 1, .n_head_kv = 1, .head_dim = 4, .n_branch = 4, .offset_rule = OFFSET_PAPER};
    const struct branch branches[] = {{8, 1}, {32, 4}, {128, 16}, {512, 64}};
    struct error e;
    memcpy(a.branch, branches, sizeof branches);
    assert_ok(attention_layout(&a, &e), e);
    const struct kv_state_header h = kv_state_header(&a, 1, n);
    uint8_t *bytes = calloc(1, 8192);
    assert_non_null(bytes);
    memcpy(bytes, &h, sizeof h);
    uint8_t *at = bytes + sizeof h + 4 * sizeof(uint32_t);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t kept = kv_state_kept_at(&a, i, 0, n);
        memcpy(bytes + sizeof h + i * sizeof kept, &kept, sizeof kept);
        for (uint32_t k = 0; k < 2 * kept; k++, at += 4 * sizeof(float)) {
            const uint64_t p =
                n / a.branch[i].segment_length * a.branch[i].segment_length + k % kept * a.branch[i].dilation_rate;
            const uint8_t small[] = {(uint8_t)(100 + p % 101), (uint8_t)(p / 101 << 2 | (k < kept ? 1 : 2))};
            float row[4];
            kv_row_expand(row, small, 4);
            memcpy(at, row, sizeof row);
        }
    }
    *size = (size_t)(at - bytes);
    assert_true(*size <= 8192);
    return bytes;
}

static inline int checkpoint(struct state *s, const struct sequence *q, enum state_weight weight, struct error *e)
{
    struct state_extent p;
    size_t size;
    sequence_extent(q, &p);
    uint8_t *session = session_at(p.n_tokens, &size);
    int failed = state_checkpoint(s, &p, session, size, weight, e);
    free(session);
    return failed;
}

/* One more token; false at the end of all text. */
static inline bool read_token(struct sequence *q, const struct corpus *c)
{
    struct error e;
    struct state_extent p;
    sequence_extent(q, &p);
    const struct document *d = p.n_documents ? &c->documents[p.n_documents - 1] : NULL;
    int8_t keys[8][WIDTH] = {{0}};
    for (uint64_t i = 0; i < 8; i++) {
        const uint64_t number = p.n_tokens + i;
        memcpy(keys[i], (const uint8_t[]){(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), 0}, WIDTH);
    }
    if (!d || p.offset == d->size) {
        if (p.n_documents == c->n_documents) return false;
        const size_t n = strlen(c->documents[p.n_documents].name) + 1;
        assert_ok(sequence_begin_document(q, n, n, keys[0], &e), e);
        return true;
    }
    keys[0][3] = (int8_t)d->text[p.offset];
    assert_ok(sequence_append(q, (const uint8_t[]){d->size - p.offset > 1 ? 2 : 1}, 1, keys[0], &e), e);
    return true;
}

static inline void assert_session_fits(const struct state *s)
{
    struct error e;
    uint8_t *session;
    size_t size, expected_size;
    assert_ok(state_session(s, &session, &size, &e), e);
    uint8_t *expected = session_at(state_extent_of(s)->n_tokens, &expected_size);
    assert_int_equal(size, expected_size);
    assert_memory_equal(session, expected, size);
    free(session);
    free(expected);
}

static inline struct sequence *open_sequence(struct state *s, const struct corpus *c)
{
    struct error e;
    struct sequence *q;
    assert_ok(sequence_open(&q, c, WIDTH, RATE, s, "/tmp", &e), e);
    return q;
}

/* Reads at most `most` tokens, or a header more, from where the state is, with a checkpoint every `every` tokens and at
 * the end of the text. Returns the tokens read. */
static inline uint64_t read_on(struct state *s, const struct corpus *c, uint64_t most, uint64_t every)
{
    struct error e;
    struct sequence *q = open_sequence(s, c);
    if (state_extent_of(s)) assert_session_fits(s);
    const uint64_t begin = sequence_n_tokens(q);
    uint64_t last = begin;
    while (sequence_n_tokens(q) - begin < most) {
        if (!read_token(q, c)) {
            if (!state_is_complete(s)) assert_ok(checkpoint(s, q, STATE_END, &e), e);
            break;
        }
        const uint64_t now = sequence_n_tokens(q);
        if (now - last < every || now - begin >= most) continue;
        assert_ok(checkpoint(s, q, STATE_DURABLE, &e), e);
        last = now;
    }
    const uint64_t n = sequence_n_tokens(q) - begin;
    sequence_close(q);
    return n;
}

/* Reads everything in one go in another directory and compares what is there with `s`. */
static inline void assert_like_read_at_once(struct state *s, const struct corpus *c)
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
    struct sequence *q = open_sequence(s, c), *r = open_sequence(other, c);
    size_t n, n_other;
    const struct reader_segment *a = sequence_segments(q, &n), *b = sequence_segments(r, &n_other);
    assert_int_equal(n, n_other);
    assert_memory_equal(a, b, n * sizeof *a);
    sequence_close(q);
    sequence_close(r);
    state_close(other);
    leave(NULL);
    strcpy(directory, kept);
}

/* Path of a file of the only kept read; a name that ends in a star is the only one that begins so. */
static inline void file_of(char path[256], const char *file)
{
    struct error e;
    struct state_entry *entries;
    size_t n;
    assert_ok(state_list(&entries, &n, directory, &e), e);
    assert_int_equal(n, 1);
    snprintf(path, 256, "%s/%s/%s", directory, entries[0].name, file);
    state_list_free(entries, n);
    if (!strchr(file, '*')) return;
    char command[320];
    snprintf(command, sizeof command, "ls -d %s", path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(path, 256, f));
    path[strcspn(path, "\n")] = '\0';
    assert_null(fgets(command, sizeof command, f));
    pclose(f);
}

static inline void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static inline off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

#endif
