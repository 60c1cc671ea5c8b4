#include "app/reader/code_rank.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/code_define.h"
#include "app/reader/sequence.h"
#include "app/text/content.h"
#include "app/text/corpus.h"
#include "app/text/stems.h"
#include "app/text/words.h"
#include "compute/error.h"

/* Fitted on six repositories of a public benchmark, tested on others (docs/code.md). */
static const float weight_file = 1, weight_path = 1.5f, weight_definition = 3, weight_mention = 1.5f,
                   named_as_file = 1.5f, further_place = 0.5f, weight_reread = 0.3f;
static const float content_factor[] = {[CONTENT_CODE] = 1,
                                       [CONTENT_DOCS] = 0.5f,
                                       [CONTENT_TESTS] = 0.3f,
                                       [CONTENT_EXAMPLES] = 0.3f,
                                       [CONTENT_OTHER] = 0.5f};

/* What no person wrote: behind all that one did. */
static const float generated_factor = 0.1f;

/* So many of the best places are what ranks of a file's places are counted among. */
enum { PLACES = 4096, WORDS = 64 };

struct file {
    float sum, path;
    size_t best, n_before; /* SIZE_MAX: none; places that rank before the one looked at */
    enum content content;
    bool generated;
};

struct word {
    const char *text;
    size_t size;
};

struct words {
    const char *text;
    struct word words[WORDS];
    size_t n;
};

bool code_rank_applies(const struct corpus *c)
{
    size_t code = 0, program = 0;
    for (size_t i = 0; i < c->n_documents; i++) {
        enum content content = content_of(c->documents[i].path);
        code += content == CONTENT_CODE;
        program += content == CONTENT_CODE || content == CONTENT_TESTS || content == CONTENT_EXAMPLES;
    }
    return code >= 3 && 4 * program >= c->n_documents;
}

bool code_rank_is_symbol(const char *question)
{
    struct code_names names;
    return code_define_names(question, &names), names.whole;
}

static void add_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct words *w = context;
    (void)hash;
    if (w->n < WORDS) w->words[w->n++] = (struct word){w->text + begin, end - begin};
}

static void add_telling_word(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct words *w = context;
    if (end - begin > 2 && !stems_is_stop_word(w->text + begin, end - begin)) add_word(context, hash, begin, end);
}

/* "throttling" and "throttle", "auth" and "authentication" are near enough for a file's name. */
static bool meets(const struct word *a, const struct word *b)
{
    size_t shorter = a->size < b->size ? a->size : b->size, same = 0;
    while (same < shorter && tolower((unsigned char)a->text[same]) == tolower((unsigned char)b->text[same])) same++;
    if (same == a->size && same == b->size) return true;
    return same >= 3 && shorter - same <= (same >= 5 ? 2 : 0);
}

/* How many of the words meet one of the others. */
static size_t n_met(const struct words *words, const struct words *others, size_t n_others)
{
    size_t n = 0;
    for (size_t i = 0; i < words->n; i++) {
        size_t k = 0;
        while (k < n_others && !meets(&words->words[i], &others->words[k])) k++;
        n += k < n_others;
    }
    return n;
}

/* How well a path is what the question names: half by the question's words that the file's name or its folder's has,
 * half by how much of the file's name they are. */
static float path_match(const struct words *asked, const char *path)
{
    const char *name = content_name(path), *folder = name;
    while (folder > path && (folder == name || folder[-1] != '/')) folder--;
    struct words there = {.text = name};
    words_find(name, content_stem(name), add_word, &there);
    size_t n_name = there.n;
    there.text = folder;
    if (name > folder) words_find(folder, (size_t)(name - folder) - 1, add_word, &there);
    if (asked->n == 0 || n_name == 0) return 0;
    float in_name = (float)n_met(asked, &there, n_name), in_both = (float)n_met(asked, &there, there.n);
    float covered = in_name / (float)n_name;
    return 0.5f * in_both / (float)asked->n + 0.5f * (covered < 1 ? covered : 1);
}

static struct file *open_files(const struct corpus *c, const char *question)
{
    struct file *files = calloc(c->n_documents, sizeof *files);
    struct words asked = {.text = question};
    words_find(question, strlen(question), add_telling_word, &asked);
    for (size_t i = 0; files && i < c->n_documents; i++) {
        const char *path = c->documents[i].path;
        files[i] = (struct file){.best = SIZE_MAX,
                                 .path = path_match(&asked, path),
                                 .content = content_of(path),
                                 .generated = c->documents[i].generated};
    }
    return files;
}

/* Scores to the largest's share, and what each file has of them. The best place of a file stands for the others. */
static void join_files(struct file *files, size_t n_files, const struct reader_segment *segments, size_t n,
                       float *scores)
{
    float largest = 0, largest_sum = 0;
    for (size_t i = 0; i < n; i++) largest = scores[i] > largest ? scores[i] : largest;
    if (largest <= 0) return;
    for (size_t i = 0; i < n; i++) {
        struct file *f = &files[segments[i].document];
        scores[i] /= largest;
        f->sum += scores[i];
        if (f->best == SIZE_MAX || scores[i] > scores[f->best]) f->best = i;
        largest_sum = f->sum > largest_sum ? f->sum : largest_sum;
    }
    for (size_t i = 0; i < n_files; i++)
        if (files[i].sum > 0) scores[files[i].best] += weight_file * files[i].sum / largest_sum;
}

/* Places that define what the question names. */
static void raise_definitions(const struct corpus *c, const struct reader_segment *segments, size_t n,
                              const char *question, const atomic_bool *cancel, float *scores)
{
    struct code_names names;
    code_define_names(question, &names);
    for (size_t i = 0; names.n > 0 && i < n; i++) {
        if (cancel && i % 4096 == 0 && atomic_load(cancel)) return;
        const struct document *d = &c->documents[segments[i].document];
        const char *file = content_name(d->path);
        size_t size = content_stem(file);
        for (size_t k = 0; k < names.n; k++) {
            if (!code_define_found(d->text + segments[i].offset, segments[i].size, &names.names[k])) continue;
            float raise = names.whole ? weight_definition : weight_mention;
            scores[i] += code_define_is_named(&names.names[k], file, size) ? raise * named_as_file : raise;
        }
    }
}

struct place {
    float score;
    size_t segment;
};

static int by_score(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return x->segment < y->segment ? -1 : 1;
}

/* The PLACES best, or a few more or less, in the order of their scores: those above what one in n / PLACES reaches. */
static size_t best_places(struct place *places, const float *scores, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (scores[i] <= 0) continue;
        places[found++] = (struct place){scores[i], i};
        if (found < 2 * PLACES) continue;
        qsort(places, found, sizeof *places, by_score);
        found = PLACES;
    }
    qsort(places, found, sizeof *places, by_score);
    return found < PLACES ? found : PLACES;
}

/* Each further place of a file counts half of the one before; what is not among the best, less than all that are. */
static int saturate(struct file *files, const struct reader_segment *segments, size_t n, float *scores, struct error *e)
{
    struct place *places = calloc(2 * PLACES, sizeof *places);
    if (!places) return error_memory(e);
    size_t found = best_places(places, scores, n);
    for (size_t i = 0; i < n && found == PLACES; i++)
        if (scores[i] < places[found - 1].score) scores[i] = 0;
    for (size_t i = 0; i < found; i++) {
        struct file *f = &files[segments[places[i].segment].document];
        for (size_t k = 0; k < f->n_before && scores[places[i].segment] > 0; k++)
            scores[places[i].segment] *= further_place;
        f->n_before++;
    }
    free(places);
    return 0;
}

int code_rank(const struct corpus *c, const struct reader_segment *segments, size_t n, const char *question,
              const atomic_bool *cancel, float *scores, struct error *e)
{
    struct file *files = open_files(c, question);
    if (!files) return error_memory(e);
    join_files(files, c->n_documents, segments, n, scores);
    raise_definitions(c, segments, n, question, cancel, scores);
    for (size_t i = 0; i < n; i++) {
        const struct file *f = &files[segments[i].document];
        if (scores[i] > 0) scores[i] = (scores[i] + weight_path * f->path) * content_factor[f->content];
        if (f->generated) scores[i] *= generated_factor;
    }
    int failed = cancel && atomic_load(cancel) ? error_cancelled(e) : saturate(files, segments, n, scores, e);
    free(files);
    return failed;
}

float code_rank_reread(float score, float relevance)
{
    return score + weight_reread / (1 + expf(-relevance));
}
