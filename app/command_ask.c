#include "app/command_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answerer.h"
#include "app/options.h"
#include "app/output/export.h"
#include "app/output/places.h"
#include "app/reader/inspected.h"
#include "app/reader/finding_look.h"
#include "app/text/corpus.h"
#include "app/text/safe_text.h"
#include "app/work.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/model.h"

/* A piece of the answer, as it comes. */
static void show_words(void *context, const char *text, size_t size)
{
    (void)context;
    safe_text_write(stdout, text, size, SAFE_BLOCK);
    fflush(stdout);
}

static int export_answer(const struct work *w, const struct answer *a, struct error *e)
{
    struct export x = {
        .corpus = w->corpus,
        .answer = a,
        .model_name = w->model->name,
        .device = backend_info(w->backend)->name,
    };
    const struct inspected_choice all = {-1, -1, -1, -1};
    struct inspected *inspected = NULL;
    struct error why;
    x.documents = reader_documents(w->reader, &x.n_documents);
    x.segments = reader_segments(w->reader, &x.n_segments);
    x.model = w->model;
    if (finding_look_inspect(a->finding, w->reader, &all, w->cancel, &inspected, &why)) x.not_inspected = why.text;
    x.inspected = inspected;
    int failed = export_write(&x, w->options->export, e);
    inspected_close(inspected);
    return failed;
}

/* An answer must not be written over the text that it is about. */
static int check_export(const struct work *w, struct error *e)
{
    const char *file = w->options->export;
    return file && export_check_over(w->corpus, file, e) ? error_prefix(e, "--export") : 0;
}

/* The document of that path, as places name it or as it is named from here; SIZE_MAX: there is none. */
static size_t find_document(const struct corpus *c, const char *path)
{
    for (size_t i = 0; i < c->n_documents; i++)
        if (strcmp(c->documents[i].path, path) == 0) return i;
    char *real_path = realpath(path, NULL);
    size_t i = real_path ? 0 : c->n_documents;
    while (i < c->n_documents && (!corpus_file(c, i) || strcmp(corpus_file(c, i), real_path) != 0)) i++;
    free(real_path);
    return i < c->n_documents ? i : SIZE_MAX;
}

/* PATH:LINE of --similar, as a byte of a document's text. */
static int find_place(const struct work *w, size_t *document, uint64_t *offset, struct error *e)
{
    const char *named = w->options->similar, *colon = strrchr(named, ':');
    char *end = NULL, *path = colon ? strndup(named, (size_t)(colon - named)) : NULL;
    if (colon && !path) return error_memory(e);
    errno = 0;
    unsigned long long line = path ? strtoull(colon + 1, &end, 10) : 0;
    if (!path || line == 0 || errno || *end) {
        free(path);
        return error_set_kind(e, ERROR_USAGE, "--similar %s: expected PATH:LINE", named);
    }
    const size_t i = find_document(w->corpus, path);
    free(path);
    if (i == SIZE_MAX) return error_set_kind(e, ERROR_USAGE, "--similar %s: no file of that path was read", named);
    const struct document *d = &w->corpus->documents[i];
    if (line > d->n_lines || d->lines[line - 1] >= d->size)
        return error_set_kind(e, ERROR_USAGE, "--similar %s: that file has %llu lines", named,
                              (unsigned long long)d->n_lines);
    *document = i;
    *offset = d->lines[line - 1];
    return 0;
}

static int find_similar(struct work *w, struct error *e)
{
    const struct finding_how how = work_finding_how(w);
    size_t document;
    uint64_t offset;
    return find_place(w, &document, &offset, e) ||
           finding_open_like(&w->finding, w->reader, document, offset, &how, w->cancel, e);
}

/* *out: NULL where no words are wanted. */
static int answer(struct work *w, struct answer **out, struct error *e)
{
    const struct options *o = w->options;
    const struct finding_how how = work_finding_how(w);
    const struct answer_callbacks c = {.words = o->format == PLACES_TEXT && !o->places_only ? show_words : NULL,
                                       .cancel = w->cancel};
    const bool worded = o->export || !(o->places_only || places_are_all(o->format));
    w->ask = (struct ask){.reader = w->reader, .answerer = w->answerer, .reread = w->reread, .quotes = work_quotes(w)};
    return ask_find(&w->ask, o->question, &how, w->cancel, &w->finding, e) ||
           ask_reread(&w->ask, w->finding, w->cancel, NULL, NULL, e) ||
           (worded && ask_word(&w->ask, o->question, w->finding, &c, out, e));
}

static int write_results(struct work *w, const struct answer *a, struct error *e)
{
    const struct options *o = w->options;
    const struct report report = work_report(w);
    const bool silent = o->places_only || places_are_all(o->format);
    const struct places p = {.report = &report, .finding = w->finding, .answer = silent ? NULL : a, .of = o->similar};
    if (silent && w->finding->judged && !w->finding->found)
        work_say(o, "", "no place seems to answer this; the nearest are given");
    if (places_write(&p, o->format, stdout, e) || (o->export && export_answer(w, a, e))) return -1;
    if (a && a->cut) return error_set(e, "%s", a->cut);
    return a && a->failure ? error_set(e, "%s; sentences are quoted instead", a->failure) : 0;
}

/* What was sought decides before what was left out. */
static int status_of(const struct work *w)
{
    return w->options->must_find && w->finding->judged && !w->finding->found ? EXIT_NOT_FOUND : work_status(w);
}

int command_ask(struct work *w, struct error *e)
{
    struct answer *a = NULL;
    if (work_open_answerer(w, e) || work_open(w, e) || check_export(w, e) ||
        (!w->options->similar && work_open_reread(w, e)) || work_read(w, e))
        return EXIT_FAILED;
    int failed = w->options->similar ? find_similar(w, e) : answer(w, &a, e);
    work_say_notice(w);
    if (!failed) failed = write_results(w, a, e);
    answer_close(a);
    return failed ? EXIT_FAILED : status_of(w);
}
