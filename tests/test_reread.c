/* The second reading: its windows token by token, and what it makes of an encoder's numbers, against the numbers
 * themselves. The encoder is small and random. */
#include "tests/test.h"

#include <math.h>

#include "app/reader/reread.h"
#include "app/reader/reread_windows.h"
#include "app/text/corpus.h"
#include "compute/backend.h"
#include "compute/encoder.h"
#include "compute/encoder_model.h"

#define MODEL "tests/data/encoder_small.gguf"

/* Its vocabulary. */
enum {
    CLS = 259,
    SEP = 260,
    DOT = 275,
    T = 313,
    THE = 366,
    OF,
    HARBOUR,
    LIGHT,
    KEEPER,
    LAMP,
    LETTER,
    STAIRS,
    HOUSE,
    SEA
};
enum { PIECE_T = 349, PIECE_X = 353 };

static const char *const paths[] = {"sea/house.txt", "b.txt"};
static const char *const texts[] = {"the sea.\nthe lamp of the keeper. the stairs\n",
                                    "the letter of the keeper. the light of the harbour.\nthe house of the sea\n"};

struct fixture {
    struct corpus *corpus;
    struct encoder_model *model;
    struct backend *backend;
    struct reread *reread;
};

static int open_all(void **state)
{
    static struct fixture f;
    struct error e = {0};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1])};
    assert_ok(corpus_open_memory(&f.corpus, paths, texts, sizes, 2, &e), e);
    assert_ok(encoder_model_open(&f.model, MODEL, &e), e);
    assert_ok(backend_open(&f.backend, "cpu", 1, &e), e);
    assert_ok(reread_open(&f.reread, MODEL, f.backend, &e), e);
    *state = &f;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *f = *state;
    reread_close(f->reread);
    backend_close(f->backend);
    encoder_model_close(f->model);
    corpus_close(f->corpus);
    return 0;
}

static void expect_window(const struct reread_windows *w, uint32_t window, const int32_t *ids, size_t n, size_t second)
{
    assert_int_equal(w->starts[window + 1] - w->starts[window], n);
    for (size_t i = 0; i < n; i++) {
        if (w->ids[w->starts[window] + i] != ids[i])
            fail_msg("token %zu is %d, expected %d", i, w->ids[w->starts[window] + i], ids[i]);
        assert_int_equal(w->types[w->starts[window] + i], i >= second);
    }
}

static void a_places_window_has_its_title_and_what_stands_before_it(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    struct token_ranges question = {0};
    struct reread_windows w = {0};
    struct reread_windows_place p;
    const struct document *d = &f->corpus->documents[0];
    assert_ok(reread_windows_question(&question, f->model, "the lamp", &e), e);
    assert_ok(reread_windows_cut(&p, f->model, d, 9, strlen(texts[0]) - 9, &e), e);
    assert_int_equal(p.n_sentences, 2);
    assert_int_equal(p.sentences[0], 0);
    assert_int_equal(p.sentences[1], 6);
    assert_ok(reread_windows_add(&w, f->model, &question, d, 9, &p, &e), e);
    static const int32_t expected[] = {CLS, THE, LAMP, SEP, HOUSE, T,      PIECE_X, PIECE_T, SEP,    THE, SEA,
                                       DOT, THE, LAMP, OF,  THE,   KEEPER, DOT,     THE,     STAIRS, SEP};
    expect_window(&w, 0, expected, sizeof expected / sizeof *expected, 12);
    assert_int_equal(p.first_row, 12);
    assert_int_equal(p.n_rows, 8);
    reread_windows_free_place(&p);
    reread_windows_free(&w);
    tokens_ranges_free(&question);
}

static void a_long_segment_is_cut_and_a_long_question_too(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    struct token_ranges question = {0};
    struct reread_windows w = {0};
    struct reread_windows_place p;
    char text[512] = "before. ";
    for (int i = 0; i < 100; i++) strcat(text, "the ");
    const char *path = "b.txt", *document = text;
    const size_t size = strlen(text);
    struct corpus *c;
    assert_ok(corpus_open_memory(&c, &path, &document, &size, 1, &e), e);
    assert_ok(reread_windows_question(&question, f->model, text, &e), e);
    assert_int_equal(question.n, 24);
    assert_ok(reread_windows_cut(&p, f->model, c->documents, 8, size - 8, &e), e);
    assert_int_equal(p.tokens.n, 100);
    assert_ok(reread_windows_add(&w, f->model, &question, c->documents, 8, &p, &e), e);
    assert_int_equal(w.n_rows, f->model->window);
    assert_int_equal(p.first_row, 24 + 2 + 4 + 1); /* b, t, x, t; nothing before */
    assert_int_equal(p.n_rows, 64 - 31 - 1);
    assert_int_equal(w.ids[63], SEP);
    reread_windows_free_place(&p);
    reread_windows_free(&w);
    tokens_ranges_free(&question);
    corpus_close(c);
}

static void sentences_of_several_places_stand_in_one_window(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    struct token_ranges question = {0};
    struct reread_windows w = {0};
    struct reread_windows_place p[2];
    for (int i = 0; i < 2; i++)
        assert_ok(reread_windows_cut(&p[i], f->model, &f->corpus->documents[i], 0, strlen(texts[i]), &e), e);
    assert_int_equal(p[1].n_sentences, 3);
    assert_ok(reread_windows_question(&question, f->model, "the lamp", &e), e);
    struct reread_windows_piece pieces[] = {{&p[0], 9, 11, 0}, {&p[1], p[1].sentences[1], p[1].sentences[2], 0}};
    assert_ok(reread_windows_join(&w, f->model, &question, pieces, 2, &e), e);
    static const int32_t expected[] = {CLS, THE, LAMP, SEP, THE, STAIRS, SEP, THE, LIGHT, OF, THE, HARBOUR, DOT, SEP};
    expect_window(&w, 0, expected, sizeof expected / sizeof *expected, 4);
    assert_int_equal(pieces[0].first_row, 4);
    assert_int_equal(pieces[1].first_row, 7);
    for (int i = 0; i < 2; i++) reread_windows_free_place(&p[i]);
    reread_windows_free(&w);
    tokens_ranges_free(&question);
}

/* Segments of both documents. */
static const struct reread_place places[] = {{0, 0, 9, 0}, {0, 9, 35, 0}, {1, 0, 52, 0}, {1, 52, 21, 0}};

static struct reread_result run(const struct fixture *f, const struct reread_place *some, size_t n)
{
    struct reread_result result;
    struct error e = {0};
    assert_ok(reread_run(f->reread, f->corpus, "the lamp of the keeper", some, n, NULL, NULL, NULL, &result, &e), e);
    return result;
}

static void a_place_is_as_relevant_alone_as_among_others(void **state)
{
    const struct fixture *f = *state;
    struct reread_result all = run(f, places, 4);
    assert_true(all.confidence >= 0 && all.confidence <= 1);
    for (size_t i = 0; i < 4; i++) {
        struct reread_result one = run(f, &places[i], 1);
        assert_float_equal(one.relevance[0], all.relevance[i], 1e-3);
        assert_int_equal(one.spans[0].place, 0);
        assert_true(one.spans[0].begin >= places[i].offset && one.spans[0].begin < one.spans[0].end);
        assert_true(one.spans[0].end <= places[i].offset + places[i].size);
        reread_free(&one);
    }
    const struct reread_place turned[] = {places[3], places[0], places[2], places[1]};
    static const size_t from[] = {3, 0, 2, 1};
    struct reread_result other = run(f, turned, 4);
    for (size_t i = 0; i < 4; i++) assert_float_equal(other.relevance[i], all.relevance[from[i]], 1e-3);
    assert_int_equal(from[other.spans[0].place], all.spans[0].place);
    assert_int_equal(other.spans[0].begin, all.spans[0].begin);
    assert_int_equal(other.spans[0].end, all.spans[0].end);
    assert_float_equal(other.confidence, all.confidence, 1e-3);
    reread_free(&other);
    reread_free(&all);
}

/* What the heads say of the only window in `w`; malloc'ed. */
static float *heads_of(const struct fixture *f, const struct reread_windows *w)
{
    struct error e = {0};
    struct encoder *encoder;
    float *heads = calloc(w->n_rows * f->model->n_heads, sizeof *heads);
    assert_ok(encoder_open(&encoder, f->model, f->backend, &e), e);
    assert_ok(encoder_run(encoder, &(struct encoder_batch){1, w->starts, w->ids, w->types}, heads, &e), e);
    encoder_close(encoder);
    return heads;
}

/* First and last of the rows [begin, begin + n) that are the best span, counted from `begin`. */
static void find_best(const struct encoder_model *m, const float *heads, uint32_t begin, uint32_t n, uint32_t *first,
                      uint32_t *last)
{
    const uint32_t start = (uint32_t)encoder_model_head(m, "start"), end = (uint32_t)encoder_model_head(m, "end");
    float best = -INFINITY;
    *first = *last = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = i; j < n && j < i + m->span_tokens; j++) {
            float score = heads[(begin + i) * m->n_heads + start] + heads[(begin + j) * m->n_heads + end];
            if (score <= best) continue;
            best = score;
            *first = i;
            *last = j;
        }
    }
}

/* Twice what two ranges share, of the sum of their sizes. */
static double shared(uint32_t a, uint32_t a_end, uint32_t b, uint32_t b_end)
{
    const uint32_t begin = a > b ? a : b, end = a_end < b_end ? a_end : b_end;
    return begin < end ? 2.0 * (end - begin) / (a_end - a + b_end - b) : 0;
}

/* Of one place with one sentence. */
static void the_words_are_the_places_best_span_and_the_joint_window_says_yes_or_no(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    struct token_ranges question = {0};
    struct reread_windows w = {0};
    struct reread_windows_place p;
    const struct encoder_model *m = f->model;
    const struct document *d = &f->corpus->documents[1];
    assert_ok(reread_windows_question(&question, m, "the lamp of the keeper", &e), e);
    assert_ok(reread_windows_cut(&p, m, d, 52, 21, &e), e);
    assert_ok(reread_windows_add(&w, m, &question, d, 52, &p, &e), e);
    float *heads = heads_of(f, &w);
    uint32_t first, last;
    find_best(m, heads, p.first_row, p.n_rows, &first, &last);
    struct reread_place place = places[3];
    place.ranks = 3;
    struct reread_result result = run(f, &place, 1);
    assert_int_equal(result.n_spans, 1);
    assert_int_equal(result.spans[0].begin, 52 + p.tokens.begins[first]);
    assert_int_equal(result.spans[0].end, 52 + p.tokens.ends[last]);
    assert_float_equal(result.relevance[0], heads[encoder_model_head(m, "relevance")], 1e-3);
    free(heads);
    reread_windows_clear(&w);
    struct reread_windows_piece piece = {&p, 0, (uint32_t)p.tokens.n, 0};
    assert_ok(reread_windows_join(&w, m, &question, &piece, 1, &e), e);
    heads = heads_of(f, &w);
    const float yes = heads[encoder_model_head(m, "yes")], no = heads[encoder_model_head(m, "no")];
    assert_int_equal(result.says, yes <= 0 && no <= 0 ? REREAD_WORDS : yes > no ? REREAD_YES : REREAD_NO);
    /* The file's calibration: a constant, the highest relevance, what the rank adds, and how far both windows agree. */
    uint32_t begin, stop;
    find_best(m, heads, piece.first_row, (uint32_t)p.tokens.n, &begin, &stop);
    const double agreement =
        shared(p.tokens.begins[first], p.tokens.ends[last], p.tokens.begins[begin], p.tokens.ends[stop]);
    const double z = 1.5 + 0.25 * (double)result.relevance[0] + 0.5 * 3 + 2 * agreement;
    assert_int_equal(result.found, result.relevance[0] >= m->threshold);
    assert_float_equal(result.confidence, (float)(1 / (1 + exp(-z))), 1e-4);
    reread_free(&result);
    free(heads);
    reread_windows_free_place(&p);
    reread_windows_free(&w);
    tokens_ranges_free(&question);
}

static void count(void *context)
{
    ++*(int *)context;
}

static void a_second_reading_can_be_stopped(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    struct reread_result result;
    atomic_bool cancel = true;
    int idle = 0;
    assert_int_equal(reread_run(f->reread, f->corpus, "the lamp", places, 4, &cancel, count, &idle, &result, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(idle, 1);
}

static void places_without_words_are_read_too(void **state)
{
    const struct fixture *f = *state;
    struct error e = {0};
    const char *path = "c.txt", *text = " \n\n \n";
    const size_t size = strlen(text);
    struct corpus *c;
    struct reread_result result;
    assert_ok(corpus_open_memory(&c, &path, &text, &size, 1, &e), e);
    const struct reread_place blank = {0, 0, size, 0};
    assert_ok(reread_run(f->reread, c, "the lamp", &blank, 1, NULL, NULL, NULL, &result, &e), e);
    assert_int_equal(result.n_spans, 0);
    assert_false(result.found);
    reread_free(&result);
    corpus_close(c);
}

static void it_knows_latin_letters(void **state)
{
    (void)state;
    static const char *const known[] = {"Where is the lamp?", "Où est l'été à Zürich?", "1792", "", "Điện thoại ở đâu"};
    static const char *const unknown[] = {"Где лампа?", "灯在哪里？", "أين المصباح", "Πού είναι;", "ランプ"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!reread_knows(known[i], strlen(known[i]))) fail_msg("not known: %s", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (reread_knows(unknown[i], strlen(unknown[i]))) fail_msg("known: %s", unknown[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_places_window_has_its_title_and_what_stands_before_it),
        cmocka_unit_test(a_long_segment_is_cut_and_a_long_question_too),
        cmocka_unit_test(sentences_of_several_places_stand_in_one_window),
        cmocka_unit_test(a_place_is_as_relevant_alone_as_among_others),
        cmocka_unit_test(the_words_are_the_places_best_span_and_the_joint_window_says_yes_or_no),
        cmocka_unit_test(a_second_reading_can_be_stopped),
        cmocka_unit_test(places_without_words_are_read_too),
        cmocka_unit_test(it_knows_latin_letters),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
