#include "tests/test.h"

#include <math.h>
#include <stdbool.h>

#include "app/reader/bm25.h"
#include "app/text/corpus.h"
#include "app/reader/reader.h"
#include "app/text/words.h"
#include "compute/thread_pool.h"

static struct thread_pool *pool;

struct list {
    const char *text;
    char words[512];
    uint64_t hashes[64];
    size_t n;
};

static void append(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct list *l = context;
    snprintf(l->words + strlen(l->words), sizeof l->words - strlen(l->words), "%s%.*s", l->n ? " " : "",
             (int)(end - begin), l->text + begin);
    l->hashes[l->n++] = hash;
}

static void assert_words(const char *text, const char *words)
{
    struct list l = {.text = text};
    words_find(text, strlen(text), append, &l);
    assert_string_equal(l.words, words);
}

static void words_are_runs_of_letters_digits_and_underscores(void **state)
{
    (void)state;
    assert_words("Don't stop -- at 1846, ok?", "Don t stop at 1846 ok");
    assert_words("caf\xc3\xa9 \xd0\x9c\xd0\xb8\xd1\x80\xe2\x80\x94na\xc3\xafve",
                 "caf\xc3\xa9 \xd0\x9c\xd0\xb8\xd1\x80 na\xc3\xafve");
    assert_words("", "");
    assert_words("bad\xff\xc3 bytes\x80", "bad bytes");
}

static void mixed_words_count_whole_and_in_parts(void **state)
{
    (void)state;
    assert_words("readFile2", "readFile2 read File 2");
    assert_words("HTTPServer", "HTTPServer HTTP Server");
    assert_words("get_file_name", "get_file_name get file name");
    assert_words("__init__", "__init__");
    assert_words("NASA Hello", "NASA Hello");
    assert_words("x86_64", "x86_64 x 86 64");
    assert_words("____", "____");
}

static void words_without_spaces_count_in_pairs(void **state)
{
    (void)state;
    assert_words("铜钟是GPU的。钟", "铜钟 钟是 GPU 的 钟");
    assert_words("ガラス ｶﾞﾗｽ", "ガラ ラス ｶﾞﾗ ﾗｽ");
    assert_words("등대를 종", "등대를 등대 대를 종");
    assert_words("ผู้คน", "ผู้ค คน");
    assert_words("मरम्मत की", "मरम्मत की"); /* marks part no words */
    assert_words("колокола мак Ключ", "колокола колок мак Ключ");
}

static void spellings_of_a_word_are_one(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"ガラ", "ｶﾞﾗ"}, {"Ａbc", "abc"}, {"é", "e\xcc\x81"}, {"كتاب", "كِتَاب"}, {"ὈΔΟΣ", "ὀδος"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_int_equal(words_hash(same[i][0], strlen(same[i][0])), words_hash(same[i][1], strlen(same[i][1])));
    assert_int_not_equal(words_hash("é", 2), words_hash("e", 1));
}

static void words_are_compared_in_lower_case(void **state)
{
    (void)state;
    struct list l = {.text = "Stra\xc3\x9f"
                             "e stra\xc3\x9f"
                             "e \xc3\x89lan \xc3\xa9lan Filename FILENAME"};
    words_find(l.text, strlen(l.text), append, &l);
    assert_int_equal(l.n, 6);
    assert_int_equal(l.hashes[0], l.hashes[1]);
    assert_int_equal(l.hashes[2], l.hashes[3]);
    assert_int_equal(l.hashes[4], l.hashes[5]);
    assert_int_not_equal(l.hashes[2], l.hashes[4]);
}

/* Scores three one-segment documents. */
static void score(const char *question, float scores[3])
{
    struct error e;
    struct corpus *c;
    const char *const paths[] = {"1", "2", "3"};
    const char *const texts[] = {"the cat sat on the mat", "a dog", "the catFlap of the cat"};
    assert_ok(corpus_open_memory(&c, paths, texts, (const size_t[]){22, 5, 22}, 3, &e), e);
    const struct reader_segment segments[] = {
        {.document = 0, .size = 22}, {.document = 1, .size = 5}, {.document = 2, .size = 22}};
    assert_ok(bm25_score(c, segments, 3, question, pool, NULL, scores, &e), e);
    corpus_close(c);
}

static void scores_are_those_of_the_formula(void **state)
{
    (void)state;
    float scores[3];
    score("Cat?", scores); /* lengths 6, 2, 7; in two of three segments; twice in the third, "Flap" and "catFlap" being
                              words too */
    assert_float_equal(scores[0], 0.434457, 1e-5);
    assert_float_equal(scores[1], 0, 0);
    assert_float_equal(scores[2], 0.580903, 1e-5);
    float twice[3];
    score("cat Cat zebra", twice);
    assert_float_equal(twice[0], 2 * scores[0], 1e-6);
    score("?!", scores);
    assert_float_equal(scores[0] + scores[1] + scores[2], 0, 0);
}

static void fusing_adds_scores_relative_to_the_best(void **state)
{
    (void)state;
    const float attention[] = {2, 4, 0}, bm25[] = {10, 0, 5}, none[] = {0, 0, 0};
    float fused[3];
    bm25_fuse(attention, false, bm25, 0.5f, 3, fused);
    assert_float_equal(fused[0], 1, 1e-6);
    assert_float_equal(fused[1], 1, 1e-6);
    assert_float_equal(fused[2], 0.25, 1e-6);
    bm25_fuse(attention, false, none, 0.5f, 3, fused);
    assert_float_equal(fused[0], 0.5, 1e-6);
}

static void a_set_cancel_flag_stops_scoring(void **state)
{
    (void)state;
    struct error e;
    struct corpus *c;
    atomic_bool cancel = true;
    float scores[1];
    const char *const paths[] = {"1"}, *const texts[] = {"x"};
    assert_ok(corpus_open_memory(&c, paths, texts, (const size_t[]){1}, 1, &e), e);
    const struct reader_segment segment = {.size = 1};
    assert_int_equal(bm25_score(c, &segment, 1, "x", pool, &cancel, scores, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    corpus_close(c);
}

static void any_number_of_threads_gives_the_same_scores(void **state)
{
    (void)state;
    enum { N = 10000, SIZE = 24 };
    struct error e;
    struct corpus *c;
    uint64_t seed = 5;
    char *text = malloc(N * SIZE + 1);
    struct reader_segment *segments = calloc(N, sizeof *segments);
    float *one = malloc(2 * N * sizeof *one), *four = one + N;
    for (size_t i = 0; i < N * SIZE; i++) text[i] = "the cat sat\n"[test_random(&seed) >> 32 & 7 ? i % 12 : 3];
    text[N * SIZE] = '\0';
    for (size_t i = 0; i < N; i++) segments[i] = (struct reader_segment){.offset = i * SIZE, .size = SIZE};
    const char *path = "1", *texts = text;
    assert_ok(corpus_open_memory(&c, &path, &texts, (const size_t[]){N * SIZE}, 1, &e), e);
    for (unsigned n_threads = 1; n_threads <= 4; n_threads += 3) {
        struct thread_pool *threads;
        assert_ok(thread_pool_open(&threads, n_threads, &e), e);
        assert_ok(bm25_score(c, segments, N, "the cat", threads, NULL, n_threads == 1 ? one : four, &e), e);
        thread_pool_close(threads);
    }
    assert_memory_equal(one, four, N * sizeof *one);
    assert_true(one[0] > 0 && one[N - 1] > 0);
    corpus_close(c);
    free(one);
    free(segments);
    free(text);
}

static void logs_are_fused_by_their_distance_from_the_best(void **state)
{
    (void)state;
    const float attention[] = {-7, -7 + logf(0.5f), -INFINITY}, words[] = {0, 3, 6}, none[] = {0, 0, 0};
    float fused[3];
    bm25_fuse(attention, true, words, 2, 3, fused);
    assert_float_equal(fused[0], 1, 1e-6);
    assert_float_equal(fused[1], 0.5 + 1, 1e-6);
    assert_float_equal(fused[2], 0 + 2, 1e-6);
    bm25_fuse(attention, true, none, 2, 3, fused); /* nothing is divided by nothing */
    assert_float_equal(fused[1], 0.5, 1e-6);
    bm25_fuse(none, false, words, 1, 3, fused);
    assert_float_equal(fused[1], 0.5, 1e-6);
}

/* A question of hundreds of words: each is found again among the others, and counts as the first one does. */
static void a_long_question_finds_each_of_its_words(void **state)
{
    (void)state;
    enum { WORDS = 300 };
    char question[WORDS * 8] = "", text[16];
    for (unsigned i = 0; i < WORDS; i++)
        sprintf(question + strlen(question), "w%c%c%c ", 'a' + i / 100, 'a' + i / 10 % 10, 'a' + i % 10);
    float first = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        struct error e;
        struct corpus *c;
        float scores[2];
        const char *const path = "1", *const contents = text;
        const struct reader_segment segments[] = {{.size = 4}, {.offset = 5, .size = 4}};
        snprintf(text, sizeof text, "%.4s zzzz", question + i * 5);
        assert_ok(corpus_open_memory(&c, &path, &contents, (const size_t[]){9}, 1, &e), e);
        assert_ok(bm25_score(c, segments, 2, question, pool, NULL, scores, &e), e);
        corpus_close(c);
        if (i == 0) first = scores[0];
        assert_true(first > 0 && scores[0] == first && scores[1] == 0);
    }
}

/* Ten thousand segments, of which threads count 4096 each, against the formula applied to each by itself: a segment
 * is up to six words of "a b c d", and the question has b twice. */
static void segments_are_scored_alike_wherever_they_stand(void **state)
{
    (void)state;
    enum { N = 10000 };
    static char text[N * 12 + 1];
    static struct reader_segment segments[N];
    static float scores[N];
    static unsigned counts[N][4], lengths[N];
    static const unsigned asked[4] = {1, 2, 0, 0};
    double holders[4] = {0}, total = 0;
    uint64_t seed = 8;
    for (size_t i = 0; i < N; i++) {
        lengths[i] = (unsigned)(test_random(&seed) >> 32) % 7;
        segments[i] = (struct reader_segment){.offset = i * 12, .size = 12};
        memset(text + i * 12, ' ', 12);
        for (unsigned k = 0; k < lengths[i]; k++) {
            const unsigned word = (unsigned)(test_random(&seed) >> 32) % (i < 5000 ? 4 : 3);
            text[i * 12 + 2 * k] = (char)('a' + word);
            holders[word] += counts[i][word]++ == 0;
        }
        total += lengths[i];
    }
    struct error e;
    struct corpus *c;
    const char *const path = "1", *const contents = text;
    assert_ok(corpus_open_memory(&c, &path, &contents, (const size_t[]){N * 12}, 1, &e), e);
    assert_ok(bm25_score(c, segments, N, "a b, B!", pool, NULL, scores, &e), e);
    for (size_t i = 0; i < N; i++) {
        double score = 0;
        for (unsigned w = 0; w < 4; w++)
            score += asked[w] * log(1 + (N - holders[w] + 0.5) / (holders[w] + 0.5)) * counts[i][w] * 2.2 /
                     (counts[i][w] + 1.2 * (0.25 + 0.75 * lengths[i] / (total / N)));
        assert_float_equal(scores[i], score, 1e-5);
    }
    corpus_close(c);
}

int main(void)
{
    struct error e;
    if (thread_pool_open(&pool, 2, &e) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_digits_and_underscores),
        cmocka_unit_test(mixed_words_count_whole_and_in_parts),
        cmocka_unit_test(words_without_spaces_count_in_pairs),
        cmocka_unit_test(spellings_of_a_word_are_one),
        cmocka_unit_test(words_are_compared_in_lower_case),
        cmocka_unit_test(scores_are_those_of_the_formula),
        cmocka_unit_test(segments_are_scored_alike_wherever_they_stand),
        cmocka_unit_test(logs_are_fused_by_their_distance_from_the_best),
        cmocka_unit_test(a_long_question_finds_each_of_its_words),
        cmocka_unit_test(fusing_adds_scores_relative_to_the_best),
        cmocka_unit_test(a_set_cancel_flag_stops_scoring),
        cmocka_unit_test(any_number_of_threads_gives_the_same_scores),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    thread_pool_close(pool);
    return failed;
}
