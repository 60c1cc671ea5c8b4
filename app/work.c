#include "app/work.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "app/answer/answerer.h"
#include "app/installed.h"
#include "app/options.h"
#include "app/rank.h"
#include "app/reader/reread.h"
#include "app/text/content.h"
#include "app/text/corpus.h"
#include "app/text/git_clone.h"
#include "app/text/safe_text.h"
#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/model.h"

const char *work_model_path(const struct options *o)
{
    static char shipped[PATH_MAX];
    if (o->model) return o->model;
    installed_path(shipped, sizeof shipped, "models/lectern-s.gguf");
    return shipped;
}

void work_close(struct work *w)
{
    ask_free(&w->ask);
    finding_close(w->finding);
    reader_close(w->reader);
    answerer_close(w->answerer);
    reread_close(w->reread);
    backend_close(w->backend);
    model_close(w->model);
    corpus_close(w->corpus);
}

/* One untrusted line on standard error. */
void work_say(const struct options *o, const char *kind, const char *text)
{
    if (o->quiet) return;
    fprintf(stderr, "lectern: %s", kind);
    safe_text_write(stderr, text, strlen(text), SAFE_LINE);
    fputc('\n', stderr);
}

/* Lines of a kind that are worth a person's time; all of them are in the JSON. */
#define SAID_AT_MOST 20

static void say_rest(const struct options *o, const char *kind, size_t n)
{
    if (n > SAID_AT_MOST && !o->quiet)
        fprintf(stderr, "lectern: ... and %zu more %s (--json lists them all)\n", n - SAID_AT_MOST, kind);
}

static void say_what_is_left_out(const struct options *o, const struct corpus *c)
{
    for (size_t i = 0; i < c->n_notes && i < SAID_AT_MOST; i++) work_say(o, "", c->notes[i]);
    say_rest(o, "notes", c->n_notes);
    for (size_t i = 0; i < c->n_skipped && i < SAID_AT_MOST; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s: %s", c->skipped[i].path, c->skipped[i].reason);
        work_say(o, "skipped ", text);
    }
    say_rest(o, "skipped", c->n_skipped);
}

void work_clear_progress(struct work *w)
{
    if (w->line_open) fputs("\r\033[K", stderr);
    w->line_open = false;
}

/* Whether a line of progress is due: ten a second, and none for what is done at once. */
static bool is_due(struct work *w)
{
    const double now = clock_seconds();
    if (!w->shows_progress || now < w->next_line) return false;
    w->next_line = now + 0.1;
    w->line_open = true;
    return true;
}

static void show_opening(void *context, const char *path, uint64_t bytes)
{
    char name[64];
    if (!is_due(context)) return;
    const char *last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    safe_text_render(name, sizeof name, last, strlen(last), SAFE_LINE);
    fprintf(stderr, "\r\033[Klooking at %s, %.1f MB by now", name, (double)bytes / 1e6);
    fflush(stderr);
}

void work_show_counting(void *context, uint64_t bytes, uint64_t all)
{
    if (!is_due(context)) return;
    fprintf(stderr, "\r\033[K%3.0f %%  %.1f of %.1f MB counted", 100.0 * (double)bytes / (double)all,
            (double)bytes / 1e6, (double)all / 1e6);
    fflush(stderr);
}

int work_open_corpus(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    struct corpus_options corpus = {.max_file = o->max_file,
                                    .memory = o->memory,
                                    .encoding = o->encoding,
                                    .progress = show_opening,
                                    .context = w,
                                    .cancel = w->cancel};
    w->shows_progress = !o->quiet && isatty(STDERR_FILENO);
    w->next_line = clock_seconds() + 0.5;
    for (size_t i = 0; i < o->n_paths; i++)
        if (git_clone_is_address(o->paths[i])) work_say(o, "git fetches ", o->paths[i]);
    int failed = corpus_open(&w->corpus, o->paths, o->n_paths, &corpus, e);
    work_clear_progress(w);
    if (failed) return -1;
    say_what_is_left_out(o, w->corpus);
    return 0;
}

int work_open_engine(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    return model_open(&w->model, work_model_path(o), e) ||
                   rank_open_backend(&w->backend, w->comm, o->device, o->n_threads, e)
               ? -1
               : 0;
}

struct reader_options work_reader_options(const struct work *w)
{
    const struct options *o = w->options;
    return (struct reader_options){
        .keep = o->command == COMMAND_EVAL ? o->state_dir != NULL : !o->no_state,
        .state_dir = o->state_dir,
        .state_limit = w->state_limit,
        .label = o->n_paths ? o->paths[0] : NULL,
        .memory = o->memory,
    };
}

struct finding_how work_finding_how(const struct work *w)
{
    const struct options *o = w->options;
    return (struct finding_how){
        .rank = o->rank,
        .scope = {.globs = o->in, .n_globs = o->n_in, .contents = o->kind ? content_named(o->kind) : 0},
    };
}

int work_open_answerer(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    const struct answerer_options options = {
        .named = o->answerer,
        .key_variable = o->answerer_key,
        .sampling = {.temperature = o->temperature, .top_p = o->top_p, .seed = o->seed},
    };
    return answerer_open(&w->answerer, &options, e);
}

bool work_quotes(const struct work *w)
{
    return w->options->answerer && !w->answerer;
}

int work_open_reread(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    if (o->rank != FINDING_REREAD) return 0;
    if (reread_beside(w->reread_path, sizeof w->reread_path, work_model_path(o)))
        return w->backend ? reread_open(&w->reread, w->reread_path, w->backend, e) : 0;
    char text[sizeof w->reread_path + 100];
    snprintf(text, sizeof text, "%s is not there: places are ranked by attention and shared words", w->reread_path);
    work_say(o, "no second reading, ", text);
    w->reread_path[0] = 0;
    return 0;
}

static bool show_waiting(void *context, uint64_t bytes)
{
    struct work *w = context;
    const double all = (double)w->corpus->n_bytes;
    if (!w->waits) work_say(w->options, "", "another process is reading this text: waiting for it");
    w->waits = true;
    if (!is_due(w)) return true;
    fprintf(stderr, "\r\033[Kread there %3.0f %%", all > 0 ? 100 * (double)bytes / all : 0.0);
    fflush(stderr);
    return true;
}

int work_open(struct work *w, struct error *e)
{
    struct reader_options options = work_reader_options(w);
    options.comm = w->comm;
    /* Ranks open it together: none may wait alone. */
    options.waits = w->comm ? NULL : show_waiting;
    options.waiter = w;
    const int failed = work_open_corpus(w, e) || work_open_engine(w, e) ||
                       reader_open(&w->reader, w->model, w->backend, w->corpus, &options, w->cancel, e);
    work_clear_progress(w);
    return failed ? -1 : 0;
}

/* "1:05" or "12 s". */
static const char *duration(double seconds, char out[32])
{
    if (seconds < 0) return "";
    if (seconds < 60) {
        snprintf(out, 32, "%.0f s left", seconds);
    } else if (seconds < 3600) {
        snprintf(out, 32, "%d:%02d left", (int)seconds / 60, (int)seconds % 60);
    } else {
        snprintf(out, 32, "%d:%02d h left", (int)(seconds / 3600), (int)(seconds / 60) % 60);
    }
    return out;
}

static void show_progress(void *context, const struct reader_progress *p)
{
    struct work *w = context;
    char path[64], left[32];
    const char *name = w->corpus->documents[p->document].path;
    safe_text_render(path, sizeof path, name, strlen(name), SAFE_LINE);
    double percent = p->total_bytes ? 100.0 * (double)p->bytes / (double)p->total_bytes : 100;
    fprintf(stderr, "\r\033[Kreading %3.0f %%  %" PRIu64 " tokens  %.0f tokens/s  %s  %" PRIu64 " MB  %s", percent,
            p->tokens, p->tokens_per_second, duration(p->seconds_left, left), p->memory / 1000000, path);
    fflush(stderr);
    w->line_open = true;
}

static struct reader_callbacks callbacks(struct work *w)
{
    return (struct reader_callbacks){
        .progress = w->shows_progress ? show_progress : NULL, .context = w, .cancel = w->cancel};
}

/* A device that was lost; said once. */
void work_say_notice(struct work *w)
{
    const char *notice = w->ask.reader ? ask_notice(&w->ask) : reader_notice(w->reader);
    if (strcmp(notice, w->noticed) != 0) work_say(w->options, "", notice);
    snprintf(w->noticed, sizeof w->noticed, "%s", notice);
}

/* What is kept, or why nothing is; said before reading, and again where that changes. */
static void say_note(struct work *w)
{
    const char *note = reader_note(w->reader);
    if (*note && strcmp(note, w->noted) != 0) work_say(w->options, "", note);
    snprintf(w->noted, sizeof w->noted, "%s", note);
}

int work_read(struct work *w, struct error *e)
{
    struct reader_callbacks c = callbacks(w);
    say_note(w);
    int failed = reader_read(w->reader, &c, e);
    work_clear_progress(w);
    work_say_notice(w);
    say_note(w);
    return failed;
}

struct report work_report(const struct work *w)
{
    return (struct report){w->reader, w->corpus, w->model, w->backend, w->options->snippet_lines};
}

/* Of an empty file nothing was left out. */
int work_status(const struct work *w)
{
    for (size_t i = 0; i < w->corpus->n_skipped; i++) {
        if (strcmp(w->corpus->skipped[i].reason, "empty") != 0) return EXIT_SKIPPED;
    }
    return EXIT_DONE;
}

/* --- read --- */
