/* Questions to a text that is read, and to one that is not: which places are listed, which are read again, and what
 * that makes of them. Reader and encoder are small and random: what holds is independent of what they say. */
#include "tests/test.h"

#include <math.h>

#include "app/reader/finding.h"
#include "app/reader/finding_rank.h"
#include "app/reader/reader.h"
#include "app/reader/reread.h"
#include "app/reader/sequence.h"
#include "app/text/corpus.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "tests/tiny_model.h"

enum { N = 40, DOCUMENTS = 3 };

struct fixture {
    uint8_t *bytes; /* the model lies in them */
    struct model *model;
    struct backend *backend;
    struct corpus *corpus;
    struct reader *reader;
    struct reread *reread;
    char *texts[DOCUMENTS];
};

static struct error e;

/* Segments of about 300 bytes, none like another; the lamp is in every fifth, the keeper in every seventh. */
static char *make_text(unsigned document)
{
    char *text = calloc(N * 320 + 1, 1), *to = text;
    uint64_t seed = document + 1;
    for (unsigned i = 0; i < N; i++) {
        to += sprintf(to, "Entry %u of book %u. The sea was %s.\n", i, document, i % 2 ? "calm" : "rough");
        if (i % 5 == 0) to += sprintf(to, "The lamp was lit on day %u. ", i);
        if (i % 7 == 0) to += sprintf(to, "The keeper wrote a letter about the stairs. ");
        while (to < text + (i + 1) * 300)
            to += sprintf(to, "No%u was written. ", (unsigned)test_random(&seed) % 9000 + 1000);
        *to++ = '\n';
    }
    return text;
}

static void open_with(struct fixture *f, const char *last)
{
    static const char *const paths[DOCUMENTS] = {"a.txt", "notes/b.txt", "c.txt"};
    struct tiny_model t = tiny_model_default();
    size_t size, sizes[DOCUMENTS];
    t.branch[0] = (struct branch){64, 1};
    t.branch[1] = (struct branch){128, 2};
    t.branch[2] = (struct branch){1 << 18, 1 << 10};
    *f = (struct fixture){.bytes = tiny_model_bytes(&t, &size)};
    assert_ok(model_open_bytes(&f->model, "tiny", f->bytes, size, &e), e);
    f->model->evidence.fusion_weight = 1;
    assert_ok(backend_open(&f->backend, "cpu", 2, &e), e);
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        f->texts[i] = i + 1 == DOCUMENTS && last ? strdup(last) : make_text(i);
        sizes[i] = strlen(f->texts[i]);
    }
    assert_ok(corpus_open_memory(&f->corpus, paths, (const char *const *)f->texts, sizes, DOCUMENTS, &e), e);
    const struct reader_options o = {.directory = "/tmp"};
    assert_ok(reader_open(&f->reader, f->model, f->backend, f->corpus, &o, NULL, &e), e);
    assert_ok(reader_read(f->reader, &(struct reader_callbacks){0}, &e), e);
    assert_ok(reread_open(&f->reread, "tests/data/encoder_small.gguf", f->backend, &e), e);
}

static void close_all(struct fixture *f)
{
    reread_close(f->reread);
    reader_close(f->reader);
    corpus_close(f->corpus);
    backend_close(f->backend);
    model_close(f->model);
    free(f->bytes);
    for (unsigned i = 0; i < DOCUMENTS; i++) free(f->texts[i]);
}

static struct finding *find(struct fixture *f, const char *question, const struct finding_how *how)
{
    struct finding *found;
    assert_ok(finding_open(&found, f->reader, question, how, NULL, &e), e);
    return found;
}

static void read_again(struct fixture *f, struct finding *found)
{
    assert_ok(finding_reread(found, f->reread, f->corpus, NULL, NULL, NULL, &e), e);
}

/* How many of all segments have a higher score, or the same and stand before it. */
static size_t place_by(const float *scores, size_t n, size_t segment)
{
    size_t before = 0;
    for (size_t i = 0; i < n; i++)
        before += scores[i] > scores[segment] || (scores[i] == scores[segment] && i < segment);
    return before;
}

static void candidates_come_in_turn_from_the_attention_and_the_words(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    struct finding *found = find(&f, "Where is the keeper's lamp?", &(struct finding_how){.n_candidates = 32});
    assert_int_equal(found->rank_by, FINDING_FUSED);
    assert_int_equal(found->n_candidates, 32);
    assert_int_equal(found->n_items, FINDING_MOST);
    size_t by_attention = 0, by_words = 0;
    for (size_t i = 0; i < found->n_candidates; i++) {
        const struct finding_item *c = &found->candidates[i];
        for (size_t k = 0; k < i; k++) assert_int_not_equal(found->candidates[k].segment, c->segment);
        assert_true(isnan(c->reread) && !isnan(c->bm25) && !isnan(c->fused));
        assert_true(c->attention == found->score[c->segment] && c->share == found->share[c->segment]);
        by_attention += place_by(found->score, found->n_segments, (size_t)c->segment) < 32;
        by_words += c->bm25 > 0;
        if (c->was) assert_int_equal(found->items[c->was - 1].segment, c->segment);
    }
    /* What stands around a place counts in found->score alone. */
    assert_true(place_by(found->score, found->n_segments, (size_t)found->candidates[0].segment) < 8);
    assert_true(found->candidates[0].prior >= 2 &&
                found->candidates[31].prior < 0.1f); /* the first of a list, the last */
    assert_true(found->candidates[0].ranks == found->candidates[0].prior);
    assert_true(by_attention >= 16 && by_words >= 16);
    finding_close(found);
    found = find(&f, "Where is the keeper's lamp?", &(struct finding_how){.rank = FINDING_FUSED, .n_candidates = 0});
    assert_int_equal(found->n_candidates, 0);
    finding_close(found);
    close_all(&f);
}

static void a_second_reading_ranks_with_the_lists_and_names_the_words(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    struct finding *found = find(&f, "Where is the lamp?", &(struct finding_how){.n_candidates = 32}), *second;
    const struct finding first = *found;
    assert_ok(finding_lend(&second, found, &e), e);
    read_again(&f, second);
    assert_memory_equal(&first, found, sizeof first); /* what was told stays as it is */
    assert_int_equal(second->rank_by, FINDING_REREAD);
    assert_true(second->judged && second->n_spans >= 1);
    assert_true(second->share == found->share && second->attention == found->attention);
    assert_int_equal(second->n_items, FINDING_MOST);
    for (size_t i = 0; i < second->n_items; i++) {
        const struct finding_item *item = &second->items[i];
        assert_true(item->prior >= 0 && item->prior <= 3 && item->score == item->reread + item->prior);
        if (i > 0) assert_true(second->items[i - 1].score >= item->score);
        assert_int_equal(item->was ? found->items[item->was - 1].segment : item->segment, item->segment);
    }
    for (size_t i = 0; i < second->n_spans; i++) {
        const struct finding_item *item = &second->items[second->spans[i].item];
        assert_true(second->spans[i].begin >= item->offset && second->spans[i].begin < second->spans[i].end);
        assert_true(second->spans[i].end <= item->offset + item->size);
    }
    finding_close(second);
    finding_close(found);
    close_all(&f);
}

static bool say_the_same(const struct fixture *f, const struct finding_item *a, const struct finding_item *b)
{
    const char *one = f->texts[a->document] + a->offset, *other = f->texts[b->document] + b->offset;
    return a->size == b->size && memcmp(one, other, a->size) == 0;
}

/* The last text says everything twice. */
static void copies_are_not_read_again_before_others_and_stand_behind_them(void **state)
{
    (void)state;
    struct fixture f;
    char *once = make_text(7), *twice = calloc(2 * strlen(once) + 1, 1);
    strcat(strcpy(twice, once), once);
    open_with(&f, twice);
    struct finding *found = find(&f, "Where is the keeper's lamp?", &(struct finding_how){.n_candidates = 32});
    assert_int_equal(found->n_items, FINDING_MOST);
    assert_int_equal(found->n_candidates, 32);
    for (size_t i = 0; i < 32; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(say_the_same(&f, &found->candidates[i], &found->candidates[k]));
            if (i < found->n_items) assert_false(say_the_same(&f, &found->items[i], &found->items[k]));
        }
    }
    finding_close(found);
    /* Where there are no others they are read too. */
    const char *const globs[] = {"c.txt"};
    const struct finding_how how = {.scope = {.globs = globs, .n_globs = 1}, .n_candidates = 128};
    found = find(&f, "Where is the keeper's lamp?", &how);
    read_again(&f, found);
    assert_true(found->judged && found->n_candidates >= 2 * N - 2);
    size_t distinct = 0;
    for (size_t i = 0; i < found->n_candidates; i++) {
        const struct finding_item *c = &found->candidates[i];
        size_t k = 0;
        while (k < i && found->candidates[k].copy_of != c->copy_of) k++;
        if (k == i) assert_int_equal(distinct++, i);
        for (k = 0; k < i; k++)
            if (say_the_same(&f, c, &found->candidates[k])) assert_int_equal(c->copy_of, found->candidates[k].copy_of);
        if (i > 0 && i != distinct) assert_true(found->candidates[i - 1].score >= c->score);
    }
    assert_true(distinct >= N - 1 && distinct <= N + 1);
    finding_close(found);
    close_all(&f);
    free(once);
    free(twice);
}

static void a_script_that_it_does_not_know_is_left_to_the_words(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    struct finding *found = find(&f, "Где стоит лампа?", &(struct finding_how){.n_candidates = 8});
    read_again(&f, found);
    assert_false(found->judged);
    assert_int_equal(found->rank_by, FINDING_FUSED);
    assert_true(isnan(found->items[0].reread));
    finding_close(found);
    close_all(&f);
}

static void places_that_may_not_be_ranked_are_not_read_again(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    const char *const globs[] = {"notes/**"};
    const struct finding_how how = {.scope = {.globs = globs, .n_globs = 1}, .n_candidates = 64};
    struct finding *found = find(&f, "Where is the lamp?", &how);
    assert_true(found->n_candidates > 20);
    for (size_t i = 0; i < found->n_candidates; i++) assert_int_equal(found->candidates[i].document, 1);
    finding_close(found);
    close_all(&f);
}

static void a_text_that_is_not_read_is_cut_and_ranked_as_reading_cuts_it(void **state)
{
    (void)state;
    struct fixture f;
    struct reader_segment *cuts;
    size_t n, n_read;
    open_with(&f, "");
    assert_ok(sequence_cut(&cuts, &n, f.corpus, NULL, &e), e);
    const struct reader_segment *read = reader_segments(f.reader, &n_read);
    assert_int_equal(n, n_read);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cuts[i].document, read[i].document);
        assert_int_equal(cuts[i].offset, read[i].offset);
        assert_int_equal(cuts[i].size, read[i].size);
    }
    struct finding *found;
    const struct finding_how how = {.n_candidates = 32};
    assert_ok(finding_open_words(&found, f.corpus, cuts, n, f.backend->pool, "the keeper's lamp", &how, NULL, &e), e);
    assert_int_equal(found->rank_by, FINDING_WORDS);
    assert_int_equal(found->n_segments, 0);
    assert_true(isnan(found->items[0].share) && isnan(found->items[0].attention));
    assert_true(found->items[0].score == found->items[0].bm25);
    read_again(&f, found);
    assert_int_equal(found->rank_by, FINDING_REREAD);
    finding_close(found);
    free(cuts);
    atomic_bool cancel = true;
    assert_int_equal(sequence_cut(&cuts, &n, f.corpus, &cancel, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    close_all(&f);
}

/* The same story stands twice: one is like the other, and neither is like itself. */
static void places_like_a_place_are_found_by_its_own_keys(void **state)
{
    (void)state;
    struct fixture f;
    static const char story[] = "Abel Stone rowed out alone and brought back eleven men and a dog.\n";
    char last[4 * 512] = "";
    for (int i = 0; i < 12; i++) strcat(last, i == 6 ? story : "Here is a line about bread and butter, and no more.\n");
    strcat(strcat(last, "\n"), story);
    open_with(&f, last);
    size_t n;
    const struct reader_segment *segments = reader_segments(f.reader, &n);
    const uint64_t second = (uint64_t)(strstr(strstr(last, story) + 1, story) - last);
    static const enum finding_rank ranks[] = {FINDING_FUSED, FINDING_ATTENTION};
    for (size_t i = 0; i < 2; i++) {
        struct finding *found;
        const struct finding_how how = {.rank = ranks[i]};
        assert_ok(finding_open_like(&found, f.reader, 2, second, &how, NULL, &e), e);
        const char *place = strstr(found->question, story);
        assert_non_null(place);
        assert_int_equal(found->rank_by, ranks[i]);
        assert_int_equal(found->n_candidates, 0);
        assert_false(found->judged);
        assert_int_equal(found->items[0].document, 2);
        float share = 0;
        for (size_t k = 0; k < found->n_segments; k++) share += found->share[k];
        assert_float_equal(share, 1, 1e-3);
        for (size_t k = 0; k < found->n_items; k++) {
            const struct reader_segment *s = &segments[found->items[k].segment];
            assert_false(s->document == 2 && second - s->offset < s->size);
        }
        finding_close(found);
    }
    struct finding *none;
    assert_int_equal(finding_open_like(&none, f.reader, 2, strlen(last) + 1, &(struct finding_how){0}, NULL, &e), -1);
    close_all(&f);
}

/* What is read again is chosen by what a place says alone; what stands around it counts in the order until then. */
static void candidates_are_chosen_by_what_a_place_says_alone(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    struct finding found = {.question = "lamp"};
    struct finding_rank_sources from = {.corpus = f.corpus, .pool = f.backend->pool};
    from.segments = reader_segments(f.reader, &from.n);
    float *attention = calloc(from.n, sizeof *attention), *alone = calloc(from.n, sizeof *alone);
    attention[7] = alone[3] = 9;
    from.attention = attention;
    from.alone = alone;
    assert_ok(finding_rank_all(&found, &from, &(struct finding_how){.n_candidates = 32}, NULL, &e), e);
    assert_int_equal(found.candidates[0].segment, 3);
    assert_true(found.candidates[0].prior >= 2);
    free(found.items);
    assert_ok(finding_rank_all(&found, &from, &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    assert_int_equal(found.items[0].segment, 7);
    free(found.items);
    free(found.candidates);
    free(attention);
    free(alone);
    close_all(&f);
}

/* Scores in logarithms are counted as they are beside the rank by words, down to where a place is as good as any. */
static void what_lies_behind_in_logarithms_counts_by_how_far(void **state)
{
    (void)state;
    struct fixture f;
    open_with(&f, NULL);
    struct finding found = {.question = "keeper"};
    struct finding_rank_sources from = {.corpus = f.corpus, .pool = f.backend->pool, .in_logs = true};
    from.segments = reader_segments(f.reader, &from.n);
    float *attention = malloc(from.n * sizeof *attention);
    for (size_t i = 0; i < from.n; i++) attention[i] = i == 3 ? -2 : i == 5 ? -4.5f : -100;
    from.attention = from.alone = attention;
    assert_ok(finding_rank_all(&found, &from, &(struct finding_how){.n_candidates = 32}, NULL, &e), e);
    float first_word = -INFINITY;
    size_t seen = 0;
    for (size_t i = 0; i < found.n_candidates; i++) {
        const struct finding_item *c = &found.candidates[i];
        seen += (c->segment == 3 || c->segment == 5) && !(c->bm25 > 0);
        if (c->bm25 > 0) first_word = fmaxf(first_word, c->prior);
        if (c->segment == 3 && !(c->bm25 > 0)) assert_true(c->prior == 0 && c->ranks == 2);
        if (c->segment == 5 && !(c->bm25 > 0)) assert_true(c->prior < -2.9f && c->prior > -3.1f && c->ranks > 1);
        if (c->segment != 3 && c->segment != 5) assert_true(c->prior >= -9.7f && c->prior <= -7.5f && c->ranks < 2);
        assert_true(c->ranks >= 0);
    }
    assert_int_equal(seen, 2);
    assert_true(first_word > -7.7f); /* the first by words is 2 above those that only the attention listed */
    free(found.items);
    free(found.candidates);
    free(attention);
    close_all(&f);
}

/* Code's rules put tests behind; what the attention alone finds there is read again all the same. */
static void in_a_repository_the_attention_has_candidates_of_its_own(void **state)
{
    (void)state;
    enum { FILES = 25, TESTS = FILES - 1 };
    static const char text[] = "int line = 10000;\n";
    char names[FILES][20];
    const char *paths[FILES], *texts[FILES];
    size_t sizes[FILES];
    struct reader_segment segments[FILES];
    float attention[FILES];
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "%s/%u.c", i == TESTS ? "tests" : "src", i % 100);
        paths[i] = names[i];
        texts[i] = text;
        sizes[i] = sizeof text - 1;
        segments[i] = (struct reader_segment){.document = i, .size = sizeof text - 1};
        attention[i] = i == TESTS ? -1 : -1.5f;
    }
    struct corpus *c;
    struct backend *b;
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, FILES, &e), e);
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    struct finding found = {.question = "where is it?"};
    const struct finding_rank_sources from = {.corpus = c,
                                              .segments = segments,
                                              .n = FILES,
                                              .pool = b->pool,
                                              .attention = attention,
                                              .alone = attention,
                                              .in_logs = true};
    assert_ok(finding_rank_all(&found, &from, &(struct finding_how){.n_candidates = 8}, NULL, &e), e);
    size_t seen = 0;
    for (size_t i = 0; i < found.n_items; i++) assert_int_not_equal(found.items[i].segment, TESTS);
    for (size_t i = 0; i < found.n_candidates; i++) seen += found.candidates[i].segment == TESTS;
    assert_int_equal(found.n_candidates, 8);
    assert_int_equal(seen, 1);
    free(found.items);
    free(found.candidates);
    backend_close(b);
    corpus_close(c);
}

/* The attention has the first file, the question's words are in the second: words decide in a repository alone. */
static void words_count_in_a_repository(void **state)
{
    (void)state;
    static const char *const texts[] = {"int first;\n", "/* The lamp is lit. */\n", "int last;\n"};
    static const char *const paths[2][3] = {{"a.c", "b.c", "c.c"}, {"a.txt", "b.txt", "c.txt"}};
    static const size_t first[] = {1, 0};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1]), strlen(texts[2])};
    struct backend *b;
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    for (size_t k = 0; k < 2; k++) {
        struct corpus *c;
        struct reader_segment *segments;
        struct finding found = {.question = "where is the lamp lit"};
        struct finding_rank_sources from = {
            .in_logs = true, .attention = (const float[]){-1, -1.2f, -3}, .pool = b->pool};
        assert_ok(corpus_open_memory(&c, paths[k], texts, sizes, 3, &e), e);
        assert_ok(sequence_cut(&segments, &from.n, c, NULL, &e), e);
        assert_int_equal(from.n, 3);
        from.corpus = c;
        from.segments = segments;
        assert_ok(finding_rank_all(&found, &from, &(struct finding_how){.rank = FINDING_FUSED}, NULL, &e), e);
        assert_int_equal(found.items[0].segment, first[k]);
        free(found.items);
        free(segments);
        corpus_close(c);
    }
    backend_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_repository_the_attention_has_candidates_of_its_own),
        cmocka_unit_test(what_lies_behind_in_logarithms_counts_by_how_far),
        cmocka_unit_test(candidates_come_in_turn_from_the_attention_and_the_words),
        cmocka_unit_test(candidates_are_chosen_by_what_a_place_says_alone),
        cmocka_unit_test(words_count_in_a_repository),
        cmocka_unit_test(a_second_reading_ranks_with_the_lists_and_names_the_words),
        cmocka_unit_test(copies_are_not_read_again_before_others_and_stand_behind_them),
        cmocka_unit_test(a_script_that_it_does_not_know_is_left_to_the_words),
        cmocka_unit_test(places_that_may_not_be_ranked_are_not_read_again),
        cmocka_unit_test(places_like_a_place_are_found_by_its_own_keys),
        cmocka_unit_test(a_text_that_is_not_read_is_cut_and_ranked_as_reading_cuts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
