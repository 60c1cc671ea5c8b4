#include "tests/test.h"

#include <stdatomic.h>

#include "app/text/corpus.h"
#include "app/measure/dry_run.h"
#include "app/reader/inspected.h"
#include "app/reader/finding_look.h"
#include "app/answer/ask.h"
#include "app/reader/reader.h"
#include "app/reader/state_index.h"
#include "app/reader/token_source.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

struct fixture {
    uint8_t *bytes; /* the model lies in them */
    struct model *model;
    struct backend *backend;
    struct corpus *corpus;
    struct reader *reader;
    struct reader_options options;
};

static const char *const texts[] = {
    "The heron stood in the reeds.\nIt waited for a fish.\n",
    "int main(void)\n{\n    return 0;\n}\n",
    "Last words: \xC3\xA9\xC3\xA8 \xE2\x82\xAC and \xFF\xFE broken ones.\n",
};

static void open_corpus(struct fixture *f, const char *const last)
{
    struct error e;
    const char *paths[] = {"heron.txt", "src/main.c", "last"};
    const char *all[] = {texts[0], texts[1], last};
    size_t sizes[3];
    for (int i = 0; i < 3; i++) sizes[i] = strlen(all[i]);
    assert_ok(corpus_open_memory(&f->corpus, paths, all, sizes, 3, &e), e);
}

static void open_reader_with(struct fixture *f, const atomic_bool *cancel)
{
    struct error e;
    assert_ok(reader_open(&f->reader, f->model, f->backend, f->corpus, &f->options, cancel, &e), e);
}

static void open_reader(struct fixture *f)
{
    open_reader_with(f, NULL);
}

static void open_all(struct fixture *f)
{
    struct error e;
    *f = (struct fixture){.options = {.directory = "/tmp"}};
    struct tiny_model t = tiny_model_default();
    t.branch[0] = (struct branch){64, 1};
    t.branch[1] = (struct branch){128, 2};
    t.branch[2] = (struct branch){1 << 18, 1 << 10};
    size_t size;
    f->bytes = tiny_model_bytes(&t, &size);
    assert_ok(model_open_bytes(&f->model, "tiny", f->bytes, size, &e), e);
    assert_ok(backend_open(&f->backend, "cpu", 2, &e), e);
    open_corpus(f, texts[2]);
    open_reader(f);
}

static void close_all(struct fixture *f)
{
    reader_close(f->reader);
    corpus_close(f->corpus);
    backend_close(f->backend);
    model_close(f->model);
    free(f->bytes);
}

static void read_all(struct fixture *f)
{
    struct error e;
    struct reader_callbacks c = {0};
    assert_ok(reader_read(f->reader, &c, &e), e);
    assert_true(reader_done(f->reader));
}

static void chunks_of_any_size_hold_the_same_tokens(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    int32_t whole[4096];
    size_t n_whole = 0;
    static const size_t sizes[] = {4096, 1, 7, 33};
    for (size_t i = 0; i < 4; i++) {
        struct token_source *s = NULL;
        const struct token_marks marks = reader_marks(f.model);
        assert_ok(token_source_open(&s, f.model->tokenizer, f.corpus, &marks, 2, &e), e);
        size_t n = 0, headers = 0;
        for (struct token_chunk chunk;;) {
            assert_ok(token_source_next(s, sizes[i], &chunk, &e), e);
            if (chunk.n == 0) break;
            size_t in_runs = 0;
            for (size_t r = 0; r < chunk.n_runs; r++) {
                in_runs += chunk.runs[r].n;
                headers += chunk.runs[r].header > 0;
            }
            assert_int_equal(in_runs, chunk.n);
            if (i == 0) {
                memcpy(whole, chunk.ids, chunk.n * sizeof *whole);
                n_whole = chunk.n;
            } else {
                assert_true(n + chunk.n <= n_whole);
                assert_memory_equal(whole + n, chunk.ids, chunk.n * sizeof *whole);
            }
            n += chunk.n;
        }
        assert_int_equal(n, n_whole);
        assert_int_equal(headers, 3);
        token_source_close(s);
    }
    assert_int_equal(whole[0], f.model->token_file);
    close_all(&f);
}

static void every_byte_of_every_text_belongs_to_a_token_and_a_segment(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    read_all(&f);
    size_t n_documents, n_segments;
    const struct reader_document *d = reader_documents(f.reader, &n_documents);
    const struct reader_segment *s = reader_segments(f.reader, &n_segments);
    assert_int_equal(n_documents, 3);
    assert_int_equal(d[0].first_token, 0);
    for (size_t i = 0; i < 3; i++) {
        struct error e;
        uint64_t offsets[512];
        assert_true(d[i].end_token - d[i].text_token < 512);
        assert_ok(reader_token_offsets(f.reader, d[i].text_token, d[i].end_token, offsets, &e), e);
        assert_int_equal(offsets[0], 0);
        assert_int_equal(offsets[d[i].end_token - d[i].text_token], strlen(texts[i]));
        uint64_t covered = 0;
        for (uint64_t g = d[i].first_segment; g < d[i].end_segment; g++) {
            assert_int_equal(s[g].document, i);
            assert_int_equal(s[g].offset, covered);
            covered += s[g].size;
        }
        assert_int_equal(covered, strlen(texts[i]));
        assert_int_equal(s[d[i].first_segment].first_token, d[i].first_token);
        assert_int_equal(s[d[i].end_segment - 1].end_token, d[i].end_token);
    }
    close_all(&f);
}

static void a_finding_ranks_segments_and_its_shares_add_up_to_one(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    struct finding *a = NULL;
    assert_ok(finding_open(&a, f.reader, "where does the heron stand?",
                           &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
              e);
    assert_int_equal(a->rank_by, FINDING_ATTENTION);
    assert_int_equal(a->n_items, a->n_segments);
    double sum = 0, by_token = 0;
    for (size_t i = 0; i < a->n_segments; i++) sum += (double)a->share[i];
    assert_float_equal(sum, 1.0, 1e-5);
    for (size_t i = 1; i < a->n_items; i++) assert_true(a->items[i - 1].score >= a->items[i].score);
    for (size_t i = 0; i < a->n_items; i++) {
        assert_true(a->items[i].score == a->score[a->items[i].segment]);
        assert_true(a->items[i].share == a->share[a->items[i].segment]);
    }
    struct reader_progress p;
    reader_progress(f.reader, &p);
    float *shares = calloc(p.tokens, sizeof *shares);
    finding_look_shares(a, f.reader, -1, 0, p.tokens, shares);
    for (uint64_t i = 0; i < p.tokens; i++) by_token += (double)shares[i];
    assert_float_equal(by_token, 1.0, 1e-5);
    free(shares);
    finding_close(a);
    close_all(&f);
}

static void take_words(void *context, const char *text, size_t size)
{
    strncat(context, text, size);
}

static void what_is_found_is_worded_and_stays_as_it_was(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    char words[4096] = "";
    const struct answer_callbacks c = {.words = take_words, .context = words};
    struct ask ask = {.reader = f.reader};
    struct finding *found = NULL;
    struct answer *a = NULL;
    assert_string_equal(ask_answerer(&ask), "quoted sentences");
    assert_ok(ask_find(&ask, "where does the heron stand?", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL,
                       &found, &e),
              e);
    const struct finding before = *found;
    float one[64], other[64];
    finding_look_shares(found, f.reader, 1, 0, 64, one);
    assert_ok(ask_word(&ask, found->question, found, &c, &a, &e), e);
    assert_ptr_equal(a->finding, found);
    assert_string_equal(a->text, words);
    assert_true(strlen(words) > 0);
    assert_true(found->seconds <= a->first_words_seconds && a->first_words_seconds <= a->seconds);
    answer_close(a);
    assert_memory_equal(&before, found, sizeof before);
    finding_look_shares(found, f.reader, 1, 0, 64, other);
    assert_memory_equal(one, other, sizeof one);
    finding_close(found);
    ask_free(&ask);
    close_all(&f);
}

static void a_question_is_looked_into_and_the_next_finding_is_the_same(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    struct finding *a = NULL, *again = NULL;
    struct inspected *all, *one;
    struct reader_progress p;
    assert_ok(finding_open(&a, f.reader, "where does the heron stand?",
                           &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
              e);
    assert_ok(finding_look_inspect(a, f.reader, &(struct inspected_choice){-1, -1, -1, -1}, NULL, &all, &e), e);
    assert_ok(finding_look_inspect(a, f.reader, &(struct inspected_choice){1, 0, 1, 3}, NULL, &one, &e), e);
    reader_progress(f.reader, &p);
    assert_int_equal(all->in->n_text, p.tokens);
    assert_int_equal(all->in->start % 64, 0);
    assert_int_equal(all->in->n_token, all->n_tokens + 1);
    assert_float_equal((float)(all->on_text + all->on_question), 1.0f, 1e-5f);
    assert_true(all->n_places > 0);
    for (size_t i = 0; i < all->n_places; i++) {
        const struct inspected_place *place = &all->places[i];
        size_t n;
        const struct reader_document *d = &reader_documents(f.reader, &n)[place->document];
        assert_true(place->position >= d->first_token && place->position < d->end_token);
        if (place->position < d->text_token) assert_int_equal(place->size, 0);
        assert_true(place->offset + place->size <= f.corpus->documents[place->document].size);
    }
    struct inspected_branch b;
    inspected_branch(one, f.model, 1, &b);
    assert_float_equal((float)(one->on_text + one->on_question), (float)b.mass, 1e-5f);
    assert_ok(finding_open(&again, f.reader, "where does the heron stand?",
                           &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
              e);
    assert_memory_equal(a->share, again->share, a->n_segments * sizeof *a->share);
    inspected_close(all);
    inspected_close(one);
    finding_close(a);
    finding_close(again);
    close_all(&f);
}

static void fused_ranks_put_the_words_of_the_question_first(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    /* The tiny model attends at random; with this weight BM25 decides. */
    f.model->evidence.fusion_weight = 100;
    struct finding *a = NULL;
    assert_ok(finding_open(&a, f.reader, "main return", &(struct finding_how){.rank = FINDING_FUSED}, NULL, &e), e);
    assert_int_equal(a->rank_by, FINDING_FUSED);
    size_t n;
    assert_int_equal(reader_segments(f.reader, &n)[a->items[0].segment].document, 1);
    for (size_t i = 1; i < a->n_items; i++) assert_true(a->items[i - 1].score >= a->items[i].score);
    finding_close(a);
    close_all(&f);
}

static void a_question_of_some_documents_ranks_no_others(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    const char *path = f.corpus->documents[1].path, *none = "no-such-path";
    struct finding_how how = {.rank = FINDING_ATTENTION, .scope = {.globs = &path, .n_globs = 1}};
    struct finding *a = NULL;
    size_t n;
    assert_ok(finding_open(&a, f.reader, "heron", &how, NULL, &e), e);
    assert_true(a->n_items > 0);
    for (size_t i = 0; i < a->n_items; i++)
        assert_int_equal(reader_segments(f.reader, &n)[a->items[i].segment].document, 1);
    finding_close(a);
    how.scope.globs = &none;
    assert_int_equal(finding_open(&a, f.reader, "heron", &how, NULL, &e), -1);
    assert_non_null(strstr(e.text, "none of the"));
    close_all(&f);
}

static void asking_leaves_the_reading_as_it_was(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    read_all(&f);
    struct finding *first = NULL, *other = NULL, *again = NULL;
    assert_ok(finding_open(&first, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    assert_ok(finding_open(&other, f.reader, "what does main return, and why is this question longer?",
                           &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
              e);
    assert_ok(finding_open(&again, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    assert_memory_equal(first->score, again->score, first->n_segments * sizeof(float));
    assert_memory_not_equal(first->score, other->score, first->n_segments * sizeof(float));
    finding_close(first);
    finding_close(other);
    finding_close(again);
    close_all(&f);
}

static void an_interrupted_read_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    open_all(&f);
    atomic_bool cancel = true;
    struct reader_callbacks c = {.cancel = &cancel};
    assert_int_equal(reader_read(f.reader, &c, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_false(reader_done(f.reader));
    struct finding *a = NULL;
    assert_int_equal(finding_open(&a, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
                     -1);
    assert_string_equal(e.text, "nothing has been read yet");
    atomic_store(&cancel, false);
    assert_ok(reader_read(f.reader, &c, &e), e);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    assert_int_equal(p.bytes, f.corpus->n_bytes);
    assert_int_equal(p.new_tokens, p.tokens);
    close_all(&f);
}

static void a_question_that_is_too_long_is_refused_with_its_size(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_all(&f);
    read_all(&f);
    struct finding *a = NULL;
    assert_int_equal(finding_open(&a, f.reader, "where does the heron stand, and for how long does it wait?",
                                  &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
                     0);
    finding_close(a);
    a = NULL;
    char *question = malloc(100001);
    memset(question, '?', 100000);
    question[100000] = '\0';
    assert_int_equal(finding_open(&a, f.reader, question, &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e),
                     -1);
    assert_non_null(strstr(e.text, "(100000 bytes): at most"));
    assert_null(a);
    free(question);
    close_all(&f);
}

/* Stops reading after a number of progress calls. */
struct stopper {
    atomic_bool cancel;
    int calls;
};

static void stop_soon(void *context, const struct reader_progress *p)
{
    struct stopper *s = context;
    (void)p;
    if (--s->calls == 0) atomic_store(&s->cancel, true);
}

/* A text of about 40 chunks with lines of all lengths, some with characters that are spelt in bytes. */
static char *long_text(uint64_t seed)
{
    char *text = malloc(12001);
    for (size_t i = 0; i < 12000; i++) {
        uint64_t r = test_random(&seed) % 100;
        text[i] = (char)(r < 15 ? ' ' : r < 16 ? '\n' : r < 20 ? 0x80 + (int)(r * 7) : 'a' + (int)(r % 26));
    }
    text[11999] = '\n';
    text[12000] = '\0';
    return text;
}

static void remove_all(const char *directory)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
}

static void what_was_read_is_kept_and_read_on_with_the_same_result(void **state)
{
    (void)state;
    struct fixture f;
    struct error e;
    char directory[] = "/tmp/lectern-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *text = long_text(7);
    open_all(&f);
    reader_close(f.reader);
    corpus_close(f.corpus);
    open_corpus(&f, text);

    /* in one go, keeping nothing */
    open_reader(&f);
    read_all(&f);
    struct finding *whole = NULL, *pieces = NULL;
    assert_ok(finding_open(&whole, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    uint64_t n_tokens = p.tokens;
    reader_close(f.reader);

    /* interrupted again and again, the process as if started anew */
    f.options.keep = true;
    f.options.state_dir = directory;
    uint64_t read = 0;
    int sittings = 0;
    for (bool done = false; !done; sittings++) {
        assert_true(sittings < 1000);
        struct stopper stopper = {.calls = 1};
        open_reader_with(&f, &stopper.cancel);
        struct reader_callbacks stopping = {.progress = stop_soon, .context = &stopper, .cancel = &stopper.cancel};
        if (reader_read(f.reader, &stopping, &e)) assert_int_equal(e.kind, ERROR_CANCELLED);
        reader_progress(f.reader, &p);
        read += p.new_tokens;
        done = reader_done(f.reader);
        if (!done) reader_close(f.reader);
    }
    assert_true(sittings > 2);
    assert_int_equal(p.tokens, n_tokens);
    assert_int_equal(read, n_tokens); /* nothing twice */
    assert_ok(finding_open(&pieces, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    assert_int_equal(pieces->n_segments, whole->n_segments);
    for (size_t i = 0; i < whole->n_segments; i++) assert_float_equal(pieces->score[i], whole->score[i], 2e-2);
    finding_close(pieces);
    reader_close(f.reader);

    /* finished: reopened without reading */
    open_reader(&f);
    assert_true(reader_done(f.reader));
    assert_ok(finding_open(&pieces, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    for (size_t i = 0; i < whole->n_segments; i++) assert_float_equal(pieces->score[i], whole->score[i], 2e-2);
    finding_close(pieces);
    finding_close(whole);
    free(text);
    close_all(&f);
    remove_all(directory);
}

static void an_appended_text_is_read_on_from_what_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    char directory[] = "/tmp/lectern-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *text = long_text(8), *longer = malloc(12100);
    open_all(&f);
    reader_close(f.reader);
    corpus_close(f.corpus);
    open_corpus(&f, text);
    f.options.keep = true;
    f.options.state_dir = directory;
    open_reader(&f);
    read_all(&f);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    uint64_t before = p.tokens;
    reader_close(f.reader);
    corpus_close(f.corpus);

    snprintf(longer, 12100, "%sOne line more.\n", text);
    open_corpus(&f, longer);
    open_reader(&f);
    assert_string_not_equal(reader_note(f.reader), "");
    read_all(&f);
    reader_progress(f.reader, &p);
    assert_true(p.tokens > before);
    assert_true(p.new_tokens < p.tokens);
    free(text);
    free(longer);
    close_all(&f);
    remove_all(directory);
}

static void a_directory_that_cannot_be_written_is_said_and_reading_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    reader_close(f.reader);
    f.options.keep = true;
    f.options.state_dir = "/proc/nowhere";
    open_reader(&f);
    assert_non_null(strstr(reader_note(f.reader), "this read is not kept: "));
    read_all(&f);
    close_all(&f);
}

static void little_memory_keeps_fewer_keys(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_all(&f);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    assert_int_equal(reader_rate(f.reader), 1);
    assert_float_equal(reader_fusion_weight(f.reader), 0.25f, 0);
    reader_close(f.reader);
    /* the texts are 130 bytes, about 43 tokens of 32 bytes: 1.4 KB at rate 1, 344 bytes at rate 4 */
    f.options.memory = p.memory + 400;
    open_reader(&f);
    assert_int_equal(reader_rate(f.reader), 4);
    assert_float_equal(reader_fusion_weight(f.reader), 1.0f, 0);
    read_all(&f);
    struct finding *a = NULL;
    assert_ok(finding_open(&a, f.reader, "heron", &(struct finding_how){.rank = FINDING_ATTENTION}, NULL, &e), e);
    float shares[8], sum = 0;
    finding_look_shares(a, f.reader, -1, 8, 16, shares);
    for (int i = 0; i < 8; i++) assert_true(i % 4 == 0 ? shares[i] > 0 : shares[i] == 0);
    for (size_t i = 0; i < a->n_segments; i++) sum += a->share[i];
    assert_float_equal(sum, 1.0f, 1e-4f);
    finding_close(a);
    reader_close(f.reader);
    f.options.memory = p.memory - 1;
    f.reader = NULL;
    assert_int_equal(reader_open(&f.reader, f.model, f.backend, f.corpus, &f.options, NULL, &e), -1);
    assert_non_null(strstr(e.text, "more than --memory allows"));
    close_all(&f);
}

static void a_dry_run_says_what_a_read_then_takes(void **state)
{
    (void)state;
    struct fixture f;
    struct error e = {0};
    open_all(&f);
    read_all(&f);
    struct reader_progress p;
    reader_progress(f.reader, &p);
    struct dry_run all, fewer;
    const struct dry_run_options kept = {.keep = true}, small = {.memory = p.memory + 400};
    assert_ok(dry_run(&all, f.corpus, f.model, f.backend, &kept, &e), e);
    assert_int_equal(all.tokens, p.tokens);
    assert_int_equal(all.memory, p.memory);
    const uint64_t tables = 3 * sizeof(struct state_document) + (all.segments - 1) * sizeof(struct state_segment);
    assert_int_equal(all.keys, p.tokens * 32 + tables);
    assert_true(all.checkpoints > 0);
    assert_true(all.disk >= all.keys + all.checkpoints);
    assert_ok(dry_run(&fewer, f.corpus, f.model, f.backend, &small, &e), e);
    assert_int_equal(fewer.rate, 4);
    assert_int_equal(fewer.keys, (p.tokens + 3) / 4 * 32 + tables);
    assert_int_equal(fewer.checkpoints, 0);
    const struct dry_run_options none = {.memory = p.memory - 1};
    assert_int_equal(dry_run(&all, f.corpus, f.model, f.backend, &none, &e), -1);
    assert_non_null(strstr(e.text, "more than --memory allows"));
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_of_any_size_hold_the_same_tokens),
        cmocka_unit_test(every_byte_of_every_text_belongs_to_a_token_and_a_segment),
        cmocka_unit_test(a_finding_ranks_segments_and_its_shares_add_up_to_one),
        cmocka_unit_test(what_is_found_is_worded_and_stays_as_it_was),
        cmocka_unit_test(a_question_is_looked_into_and_the_next_finding_is_the_same),
        cmocka_unit_test(fused_ranks_put_the_words_of_the_question_first),
        cmocka_unit_test(a_question_of_some_documents_ranks_no_others),
        cmocka_unit_test(asking_leaves_the_reading_as_it_was),
        cmocka_unit_test(an_interrupted_read_goes_on_where_it_stopped),
        cmocka_unit_test(what_was_read_is_kept_and_read_on_with_the_same_result),
        cmocka_unit_test(an_appended_text_is_read_on_from_what_is_kept),
        cmocka_unit_test(a_directory_that_cannot_be_written_is_said_and_reading_goes_on),
        cmocka_unit_test(little_memory_keeps_fewer_keys),
        cmocka_unit_test(a_dry_run_says_what_a_read_then_takes),
        cmocka_unit_test(a_question_that_is_too_long_is_refused_with_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
