/* Which places are copies of which, and what becomes of lists that hold them. */
#include "tests/test.h"

#include <stdbool.h>

#include "app/reader/finding_copies.h"
#include "app/reader/sequence.h"
#include "app/text/corpus.h"
#include "app/text/segment.h"

enum { LINES = 60, MOST = 64 };

static struct error e;

struct fixture {
    struct corpus *corpus;
    struct reader_segment *segments;
    size_t n;
};

static void open_texts(struct fixture *f, const char *const *texts, size_t n)
{
    static const char *const paths[] = {"a.txt", "b.txt", "c.txt", "d.txt"};
    size_t sizes[4];
    for (size_t i = 0; i < n; i++) sizes[i] = strlen(texts[i]);
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, n, &e), e);
    assert_ok(sequence_cut(&f->segments, &f->n, f->corpus, NULL, &e), e);
}

/* Places of one document, far from each other. */
static void open_places(struct fixture *f, const char *const *places, size_t n)
{
    enum { APART = 2 * SEGMENT_MAX_BYTES };
    char text[3 * (APART + SEGMENT_MAX_BYTES)];
    size_t size = 0;
    f->segments = calloc(n, sizeof *f->segments);
    f->n = n;
    for (size_t i = 0; i < n; i++) {
        f->segments[i] = (struct reader_segment){.offset = size, .size = (uint32_t)strlen(places[i])};
        memcpy(text + size, places[i], f->segments[i].size);
        size += f->segments[i].size;
        memset(text + size, '\n', APART);
        size += APART;
    }
    const char *const path = "a.txt", *const texts = text;
    assert_ok(corpus_open_memory(&f->corpus, &path, &texts, &size, 1, &e), e);
}

static void close_texts(struct fixture *f)
{
    free(f->segments);
    corpus_close(f->corpus);
}

static struct finding_copies *open_copies(const struct fixture *f, const char *question, size_t most)
{
    struct finding_copies *c;
    assert_ok(finding_copies_open(&c, f->corpus, f->segments, question, most, &e), e);
    return c;
}

/* Lines of ten words, the same for the same seed. One word in `changed` is another one; 0: none. */
static char *make_text(uint64_t seed, size_t n_lines, size_t changed)
{
    char *text = calloc(n_lines * 80 + 1, 1), *to = text;
    for (size_t i = 0; i < n_lines * 10; i++) {
        const unsigned word = (unsigned)(test_random(&seed) % 5000);
        to += sprintf(to, "%s%04u%c", changed > 0 && i % changed == changed - 1 ? "v" : "w", word,
                      i % 10 == 9 ? '\n' : ' ');
    }
    return text;
}

/* Of a text with its copy behind it: how many of the copy's places are copies, and of how many. */
static void count_copies(const char *text, const char *copy, size_t *n_copies, size_t *n)
{
    struct fixture f;
    const size_t size = strlen(text);
    char *both = calloc(size + strlen(copy) + 1, 1);
    strcat(strcpy(both, text), copy);
    open_texts(&f, (const char *const[]){both}, 1);
    struct finding_copies *c = open_copies(&f, "", MOST);
    *n = *n_copies = 0;
    for (size_t i = 0; i < f.n; i++) {
        const size_t first = finding_copies_first(c, i);
        const bool of_copy = f.segments[i].offset >= size;
        if (!of_copy) assert_int_equal(first, i); /* neighbours are none */
        *n += of_copy;
        *n_copies += first != i && f.segments[first].offset < size;
        assert_int_equal(finding_copies_first(c, first), first);
    }
    finding_copies_close(c);
    close_texts(&f);
    free(both);
}

static void a_copy_with_shifted_borders_is_a_copy(void **state)
{
    (void)state;
    char *text = make_text(7, LINES, 0);
    size_t n, n_copies;
    for (size_t line = 0; line < 12; line++) {
        count_copies(text, text + line * 60, &n_copies, &n);
        assert_true(n >= 5);
        assert_int_equal(n_copies, n);
    }
    free(text);
}

static void some_changed_words_leave_it_one_and_many_do_not(void **state)
{
    (void)state;
    char *text = make_text(7, LINES, 0);
    static const struct {
        size_t changed;
        bool copies;
    } cases[] = {{80, true}, {40, true}, {12, false}, {5, false}, {1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n, n_copies;
        char *other = make_text(7, LINES, cases[i].changed);
        count_copies(text, other, &n_copies, &n);
        assert_int_equal(n_copies, cases[i].copies ? n : 0);
        free(other);
    }
    free(text);
}

static bool is_copy(const char *question, const char *first, const char *second)
{
    struct fixture f;
    open_places(&f, (const char *const[]){first, second}, 2);
    struct finding_copies *c = open_copies(&f, question, MOST);
    assert_int_equal(finding_copies_first(c, 0), 0);
    const bool copy = finding_copies_first(c, 1) == 0;
    finding_copies_close(c);
    close_texts(&f);
    return copy;
}

static const char *const story =
    "The ferry left the quay at nine and nobody saw it again before the evening of the next day.\n"
    "Its captain, a quiet man, had asked for more rope and two lamps, and had been given neither.\n"
    "On the far side they waited with soup until the fog came down and the bell was rung.\n";

static void a_sentence_more_or_a_word_that_is_asked_for_makes_another_place(void **state)
{
    (void)state;
    char more[512], changed[512];
    snprintf(more, sizeof more, "%sThe telescope was ground from a lantern.\n", story);
    snprintf(changed, sizeof changed, "%s", story);
    memcpy(strstr(changed, "nine"), "four", 4);
    assert_true(is_copy("When did it leave?", story, story));
    assert_true(is_copy("When did it leave?", more, story)); /* all of it stands there too */
    assert_false(is_copy("When did it leave?", story, more));
    assert_true(is_copy("When did it leave?", story, changed));
    assert_false(is_copy("What left at four?", story, changed));
    assert_true(is_copy("What left at four?", changed, changed));
}

/* What stands beside a place is not copied from there. */
static void a_place_that_repeats_a_part_of_the_one_before_leaves_that_alone(void **state)
{
    (void)state;
    const char *end = strchr(strchr(story, '\n') + 1, '\n') + 1; /* its last line */
    char text[1024];
    snprintf(text, sizeof text, "%s%s\n\n%s%*s\n%s", story, end, end, SEGMENT_MAX_BYTES - 380, "", end);
    struct fixture f;
    open_texts(&f, (const char *const[]){text}, 1);
    assert_int_equal(f.n, 2);
    struct finding_copies *c = open_copies(&f, "", MOST);
    assert_int_equal(finding_copies_first(c, 1), 1);
    assert_int_equal(finding_copies_first(c, 0), 0);
    finding_copies_close(c);
    c = open_copies(&f, "", MOST);
    assert_int_equal(finding_copies_first(c, 0), 0);
    assert_int_equal(finding_copies_first(c, 1), 0);
    finding_copies_close(c);
    close_texts(&f);
}

static void what_has_few_words_or_none_copies_nothing(void **state)
{
    (void)state;
    assert_false(is_copy("", "one two three\n", "one two three\n"));
    assert_false(is_copy("", "-----\n", "-----\n"));
    assert_false(is_copy("", story, "-----\n"));
}

static void no_more_are_remembered_than_there_is_room_for(void **state)
{
    (void)state;
    struct fixture f;
    open_places(&f, (const char *const[]){story, "Quite another text, of which there is just one copy.\n", story}, 3);
    struct finding_copies *c = open_copies(&f, "", 1);
    assert_int_equal(finding_copies_first(c, 1), 1);
    assert_int_equal(finding_copies_first(c, 0), 0);
    assert_int_equal(finding_copies_first(c, 2), 2);
    finding_copies_close(c);
    c = open_copies(&f, "", 0);
    assert_int_equal(finding_copies_first(c, 2), 2);
    finding_copies_close(c);
    close_texts(&f);
}

/* Any list of places, of which many are copies: nothing is lost, the distinct ones come first, and both keep their
 * order. */
static void a_list_is_a_permutation_with_its_copies_behind(void **state)
{
    (void)state;
    char *text = make_text(3, 30, 0), *again = make_text(3, 30, 70);
    struct fixture f;
    char *all = calloc(3 * strlen(text) + 1, 1);
    strcat(strcat(strcpy(all, text), text), again);
    open_texts(&f, (const char *const[]){all}, 1);
    uint64_t seed = 11;
    for (int round = 0; round < 200; round++) {
        size_t list[MOST], was[MOST], at[MOST] = {0}, n = f.n;
        assert_true(n <= MOST);
        for (size_t i = 0; i < n; i++) list[i] = i;
        for (size_t i = n; i-- > 1;) {
            const size_t k = test_random(&seed) % (i + 1), moved = list[k];
            list[k] = list[i];
            list[i] = moved;
        }
        n -= test_random(&seed) % 4;
        memcpy(was, list, sizeof was);
        for (size_t i = 0; i < n; i++) at[was[i]] = i + 1;
        struct finding_copies *c = open_copies(&f, "", MOST);
        assert_int_equal(finding_copies_put_behind(c, list, n, n), n);
        size_t distinct = 0;
        while (distinct < n && finding_copies_first(c, list[distinct]) == list[distinct]) distinct++;
        assert_true(distinct > 0 && distinct < n);
        for (size_t i = 0; i < n; i++) {
            const size_t first = finding_copies_first(c, list[i]);
            assert_true(at[list[i]] > 0); /* once each */
            assert_true(i < distinct ? first == list[i] : at[first] > 0 && at[first] < at[list[i]]);
            if (i > 0 && i != distinct) assert_true(at[list[i - 1]] < at[list[i]]);
            for (size_t k = 0; k < i; k++) assert_int_not_equal(list[k], list[i]);
        }
        finding_copies_close(c);
        /* A shorter list is the beginning of it. */
        const size_t most = 1 + test_random(&seed) % 8;
        c = open_copies(&f, "", MOST);
        assert_int_equal(finding_copies_put_behind(c, was, n, most), most);
        for (size_t i = 0; i < most && i < distinct; i++) assert_int_equal(was[i], list[i]);
        finding_copies_close(c);
    }
    close_texts(&f);
    free(text);
    free(again);
    free(all);
}

/* That some documents say the same is told, that more do is not. */
static void copies_in_two_other_documents_stand_for_themselves(void **state)
{
    (void)state;
    struct fixture f;
    char twice[1024];
    snprintf(twice, sizeof twice, "%s%*s\n%s", story, SEGMENT_MAX_BYTES - 1 - (int)strlen(story), "", story);
    open_texts(&f, (const char *const[]){story, twice, story, story}, 4);
    assert_int_equal(f.n, 5);
    struct finding_copies *c = open_copies(&f, "", MOST);
    static const size_t expected[] = {0, 1, 0, 3, 0};
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < f.n; i++) assert_int_equal(finding_copies_first(c, i), expected[i]);
    finding_copies_close(c);
    close_texts(&f);
}

static void a_place_met_before_stands_for_its_copies_in_later_lists(void **state)
{
    (void)state;
    struct fixture f;
    open_places(&f, (const char *const[]){story, "Quite another text, of which there is just one copy.\n", story}, 3);
    struct finding_copies *c = open_copies(&f, "", MOST);
    assert_int_equal(finding_copies_first(c, 0), 0);
    size_t list[] = {2, 1, 0};
    assert_int_equal(finding_copies_put_behind(c, list, 3, 3), 3);
    assert_int_equal(list[0], 0);
    assert_int_equal(list[1], 1);
    assert_int_equal(list[2], 2);
    size_t without[] = {1, 2};
    assert_int_equal(finding_copies_put_behind(c, without, 2, 2), 2);
    assert_int_equal(without[0], 1);
    assert_int_equal(without[1], 0);
    finding_copies_close(c);
    close_texts(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_with_shifted_borders_is_a_copy),
        cmocka_unit_test(some_changed_words_leave_it_one_and_many_do_not),
        cmocka_unit_test(a_sentence_more_or_a_word_that_is_asked_for_makes_another_place),
        cmocka_unit_test(a_place_that_repeats_a_part_of_the_one_before_leaves_that_alone),
        cmocka_unit_test(what_has_few_words_or_none_copies_nothing),
        cmocka_unit_test(no_more_are_remembered_than_there_is_room_for),
        cmocka_unit_test(a_list_is_a_permutation_with_its_copies_behind),
        cmocka_unit_test(copies_in_two_other_documents_stand_for_themselves),
        cmocka_unit_test(a_place_met_before_stands_for_its_copies_in_later_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
