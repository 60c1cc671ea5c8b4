#include "app/command_read.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "app/measure/dry_run.h"
#include "app/options.h"
#include "app/output/report.h"
#include "app/reader/reader.h"
#include "app/text/corpus.h"
#include "app/work.h"
#include "compute/error.h"

/* Between two looks at texts that are followed, and at the cancel flag. */
#define FOLLOW_MILLISECONDS 100

static void print_read(const struct work *w)
{
    struct reader_progress p;
    reader_progress(w->reader, &p);
    size_t n_documents, n_segments;
    reader_documents(w->reader, &n_documents);
    reader_segments(w->reader, &n_segments);
    printf("%zu document%s, %" PRIu64 " bytes, %" PRIu64 " tokens, %zu segments\n", n_documents,
           n_documents == 1 ? "" : "s", p.bytes, p.tokens, n_segments);
    if (p.new_tokens) {
        printf("%" PRIu64 " tokens read now in %.1f s, %.0f tokens/s\n", p.new_tokens, p.seconds,
               (double)p.new_tokens / p.seconds);
    } else {
        puts("read before: nothing was read again");
    }
    printf("model %" PRIu64 " MB of memory; evidence keys and offsets %.1f MB in mapped files\n", p.memory / 1000000,
           (double)p.state_bytes / 1e6);
}

static int run_dry(struct work *w, struct error *e)
{
    struct dry_run d;
    if (work_open_corpus(w, e) || work_open_engine(w, e)) return EXIT_FAILED;
    const struct reader_options reader = work_reader_options(w);
    const struct dry_run_options options = {.memory = reader.memory,
                                            .keep = reader.keep,
                                            .progress = work_show_counting,
                                            .context = w,
                                            .cancel = w->cancel};
    int failed = dry_run(&d, w->corpus, w->model, w->backend, &options, e);
    work_clear_progress(w);
    if (failed) return EXIT_FAILED;
    if (w->options->json) {
        struct report report = work_report(w);
        if (dry_run_report(&d, &report, stdout, e)) return EXIT_FAILED;
    } else {
        printf("%" PRIu64 " document%s, %" PRIu64 " bytes, %" PRIu64 " tokens\n", d.documents,
               d.documents == 1 ? "" : "s", d.bytes, d.tokens);
        printf("about %.0f s at %.0f tokens/s (measured on the first tokens), %" PRIu64 " MB of memory\n", d.seconds,
               d.tokens_per_second, d.memory / 1000000);
        printf("about %.1f MB of disk: %.1f MB for keys (of every %u tokens one) and tables, %.1f MB for "
               "checkpoints\n",
               (double)d.disk / 1e6, (double)d.keys / 1e6, d.rate, (double)d.checkpoints / 1e6);
    }
    return work_status(w);
}

static int read_and_print(struct work *w, struct error *e)
{
    if (work_read(w, e)) return -1;
    if (w->options->json) {
        struct report report = work_report(w);
        if (report_read(&report, stdout, e)) return -1;
    } else {
        print_read(w);
    }
    fflush(stdout);
    return 0;
}

static bool is_cancelled(const struct work *w)
{
    return w->cancel && atomic_load(w->cancel);
}

/* Opens the texts as they are now, and the kept read that they go on from. A text that cannot be read at the moment is
 * waited for: logs are moved away and begun anew. */
static int reopen(struct work *w, struct error *e)
{
    const struct reader_options options = work_reader_options(w);
    reader_close(w->reader);
    corpus_close(w->corpus);
    w->reader = NULL;
    w->corpus = NULL;
    while (work_open_corpus(w, e)) {
        if (e->kind != ERROR_OTHER || is_cancelled(w)) return -1;
        poll(NULL, 0, FOLLOW_MILLISECONDS);
    }
    return reader_open(&w->reader, w->model, w->backend, w->corpus, &options, w->cancel, e);
}

/* Reads on whenever a text changes, until interrupted. */
static int follow_changes(struct work *w, struct error *e)
{
    for (;;) {
        while (corpus_changed(w->corpus, 0, SIZE_MAX) == SIZE_MAX) {
            if (is_cancelled(w)) return error_cancelled(e);
            poll(NULL, 0, FOLLOW_MILLISECONDS);
        }
        if (reopen(w, e) || read_and_print(w, e)) return -1;
    }
}

int command_read(struct work *w, struct error *e)
{
    if (w->options->dry_run) return run_dry(w, e);
    if (work_open(w, e) || read_and_print(w, e)) return EXIT_FAILED;
    if (w->options->follow && follow_changes(w, e)) return EXIT_FAILED;
    if (w->options->no_state || reader_keeps(w->reader)) return work_status(w);
    error_set(e, "%s", reader_note(w->reader)); /* to keep the read is what the command is for */
    return EXIT_FAILED;
}
