#include "app/commands.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/answer/answerer.h"
#include "app/answer/ask.h"
#include "app/output/card.h"
#include "app/command_ask.h"
#include "app/command_mcp.h"
#include "app/command_read.h"
#include "app/command_state.h"
#include "app/text/corpus.h"
#include "app/measure/eval.h"
#include "app/measure/scale_stream.h"
#include "app/installed.h"
#include "app/options.h"
#include "app/output/plain.h"
#include "app/rank.h"
#include "app/reader/reader.h"
#include "app/output/report.h"
#include "app/text/safe_text.h"
#include "app/scale_command.h"
#include "app/work.h"
#include "app/screen/ax.h"
#include "app/screen/start.h"
#include "app/screen/talk.h"
#include "app/screen/ui.h"
#include "app/terminal/config.h"
#include "app/terminal/config_page.h"
#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/device_list.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/ranks.h"

/* --- eval --- */

static void show_eval(void *context, const struct eval_progress *p)
{
    struct work *w = context;
    fprintf(stderr, "\r\033[Ktask %zu of %zu", p->task, p->n_tasks);
    if (p->read)
        fprintf(stderr, "  reading: %" PRIu64 " tokens, %.0f tokens/s", p->read->tokens, p->read->tokens_per_second);
    fflush(stderr);
    w->line_open = true;
}

static void print_recall(const char *name, const struct eval_recall *r)
{
    printf("%-8s %8.3f %8.3f %9.3f %8.3f\n", name, r->at_1, r->at_5, r->at_20, r->mrr);
}

static void print_eval(const struct eval_result *r)
{
    printf("%zu tasks, %zu of them with evidence; %zu segments, %" PRIu64 " tokens, %.0f tokens/s\n\n", r->n_tasks,
           r->n_ranked, r->n_segments, r->tokens, r->seconds > 0 ? (double)r->tokens / r->seconds : 0);
    printf("         recall@1 recall@5 recall@20      mrr\n");
    print_recall("reader", &r->reader);
    print_recall("fused", &r->fused);
    if (r->rereads) print_recall("reread", &r->reread);
    print_recall("bm25", &r->bm25);
    print_recall("chance", &r->chance);
    if (r->n_answered) {
        printf("\nanswers (%zu, %s): exact match %.3f, F1 %.3f, hold the expected one %.3f; worded by a model %.3f\n",
               r->n_answered, r->answerer, r->match.exact_match, r->match.f1, r->match.holds, r->worded);
    }
    if (!isnan(r->found_auc)) printf("\nanswered by the text or not (%zu): AUC %.3f\n", r->n_judged, r->found_auc);
}

static int run_eval(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    const bool answers = !o->answerer || strcmp(o->answerer, "none") != 0;
    if (work_open_answerer(w, e) || work_open_engine(w, e) || work_open_reread(w, e)) return EXIT_FAILED;
    struct reader_options reader = work_reader_options(w);
    bool shows_progress = !o->quiet && isatty(STDERR_FILENO);
    struct eval_options options = {
        .model = w->model,
        .backend = w->backend,
        .reader = &reader,
        .max_file = o->max_file,
        .answers = answers,
        .answerer = w->answerer,
        .reread = w->reread,
        .quotes = work_quotes(w),
        .progress = shows_progress ? show_eval : NULL,
        .context = w,
        .cancel = w->cancel,
    };
    struct eval_result result;
    if (eval_run(&result, o->paths[0], &options, e)) return EXIT_FAILED;
    work_clear_progress(w);
    if (o->json) return report_print(eval_report(&result), stdout, e) ? EXIT_FAILED : EXIT_DONE;
    print_eval(&result);
    return EXIT_DONE;
}

/* --- the others --- */

static int run_model(const struct options *o, struct error *e)
{
    struct model *m = NULL;
    if (model_open(&m, o->n_paths ? o->paths[0] : work_model_path(o), e)) return EXIT_FAILED;
    int failed = (o->json ? card_write_json : card_write_text)(stdout, m, e);
    model_close(m);
    return failed ? EXIT_FAILED : EXIT_DONE;
}

static int run_devices(const struct options *o, struct error *e)
{
    struct device *devices = NULL;
    size_t n;
    if (device_list_open(&devices, &n, e)) return EXIT_FAILED;
    int failed = o->json ? report_devices(devices, n, stdout, e) : 0;
    for (size_t i = 0; i < n && !o->json; i++) {
        const struct device *d = &devices[i];
        printf("%-10s %s%s%s\n", d->id, d->name, *d->driver ? ", " : "", d->driver);
        printf("           %s, %zu MB, %s\n", d->usable ? d->tier : "not usable", d->memory / 1000000, d->limits);
        printf("           self-test: ");
        if (!d->usable)
            printf("%s", d->note);
        else if (d->self_test_seconds > 0)
            printf("passed in %.2f s", d->self_test_seconds);
        else
            printf("passed before with this driver");
        puts(d->software ? " (software device: for tests, never taken by --device auto)" : "");
        if (d->usable && *d->note) printf("           refused: %s\n", d->note);
    }
    device_list_close(devices);
    return failed ? EXIT_FAILED : EXIT_DONE;
}

/* The fetching is a script's work. */
static int run_get_answerer(struct error *e)
{
    char script[PATH_MAX];
    installed_path(script, sizeof script, "scripts/get_answerer.sh");
    execl("/bin/sh", "sh", script, (char *)NULL);
    error_set(e, "get-answerer: /bin/sh does not start");
    return EXIT_FAILED;
}

/* Without a screen the texts are what a pager would give; nothing is read by the model. A reader that has seen enough
 * (head) ends this process quietly, as it does others. */
static int run_plain(struct work *w, const char *why, struct error *e)
{
    const bool terminal = isatty(STDOUT_FILENO);
    if (work_open_corpus(w, e)) return EXIT_FAILED;
    signal(SIGPIPE, SIG_DFL);
    if (plain_write(stdout, w->corpus, terminal, w->cancel, e)) return EXIT_FAILED;
    if (terminal && !w->options->quiet) {
        work_say(w->options, "no screen: ", why);
        fputs("lectern: to ask about this text: lectern ask -q QUESTION PATH...\n", stderr);
    }
    return work_status(w);
}

/* The text as it is read, to the byte: what `byte` and `line` of a converted file's evidence are ranges of. */
static int run_text(struct work *w, struct error *e)
{
    if (work_open_corpus(w, e)) return EXIT_FAILED;
    signal(SIGPIPE, SIG_DFL);
    return plain_write(stdout, w->corpus, isatty(STDOUT_FILENO), w->cancel, e) ? EXIT_FAILED : work_status(w);
}

static int interrupted(const struct options *o, const struct ui_end *end, struct error *e)
{
    const double percent = 100 * end->part;
    if (o->no_state)
        error_set_kind(e, ERROR_CANCELLED, "left at %.0f %% of the text; nothing is kept (--no-state)", percent);
    else
        error_set_kind(e, ERROR_CANCELLED, "left at %.0f %% of the text; the same command reads on%s%s%s", percent,
                       *end->note ? " (said before: " : "", end->note, *end->note ? ")" : "");
    return EXIT_FAILED;
}

/* The talk about a text is kept with its content, so a text that has changed begins a new one. */
static int show_screen(const struct work *w, struct ui_options *ui, struct ui_end *end, struct error *e)
{
    const struct options *o = w->options;
    struct error why;
    char *talk = NULL;
    if (!o->no_state && talk_path(&talk, o->state_dir, w->corpus, &why))
        work_say(o, "the talk is not kept: ", why.text);
    ui->talk = talk;
    int failed = ui_run(ui, end, e);
    free(talk);
    if (!failed && *end->talk) work_say(o, "", end->talk);
    return failed;
}

/* The screen opens the back end and the reader itself, in its own thread, so that it is there at once. */
static int run_screen(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    struct error why;
    struct ui_end end;
    if (!o->ax && ui_check(&why)) return run_plain(w, why.text, e);
    if (work_open_answerer(w, e) || work_open_corpus(w, e) || model_open(&w->model, work_model_path(o), e) ||
        work_open_reread(w, e))
        return EXIT_FAILED;
    struct reader_options reader = work_reader_options(w);
    struct ui_options ui = {
        .corpus = w->corpus,
        .model = w->model,
        .device = o->device,
        .n_threads = o->n_threads,
        .reader = reader,
        .answerer = w->answerer,
        .quotes = work_quotes(w),
        .reread_path = *w->reread_path ? w->reread_path : NULL,
        .paths = o->paths,
        .n_paths = o->n_paths,
        .how = work_finding_how(w),
    };
    int failed = o->ax ? ax_run(&ui, &end, e) : show_screen(w, &ui, &end, e);
    for (; !failed && end.again;
         failed = show_screen(w, &ui, &end, e)) { /* a text has changed: what is kept of it is gone on from */
        corpus_close(w->corpus);
        w->corpus = NULL;
        if (work_open_corpus(w, e)) return EXIT_FAILED;
        ui.corpus = w->corpus;
        ui.start = end.place;
    }
    if (failed) return EXIT_FAILED;
    return end.unread ? interrupted(o, &end, e) : work_status(w);
}

/* Without a PATH one is chosen from the texts opened lately, where there are any, and opened as if it had been named.
 */
static int run_start(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    char *folder = NULL;
    struct start s;
    bool chosen = false;
    struct error why;
    if (ui_check(&why) || talk_folder(&folder, o->state_dir, &why) || !start_open(&s, folder)) {
        free(folder);
        error_set_kind(e, ERROR_USAGE, "no PATH named");
        return EXIT_FAILED;
    }
    free(folder);
    int status = start_run(&s, &chosen, e) ? EXIT_FAILED : EXIT_DONE;
    if (chosen) {
        struct options with = *o;
        with.paths = start_paths(&s, &with.n_paths);
        w->options = &with;
        status = run_screen(w, e);
        w->options = o;
    }
    start_close(&s);
    return status;
}

/* The user's settings that are not the screen's alone. */
static int read_settings(struct work *w, struct error *e)
{
    struct config config;
    config_init(&config);
    if (config_read(&config, NULL, e)) return -1;
    w->state_limit = config.state_limit;
    return 0;
}

/* A rank other than 0. Attention alone is measured without a model. */
static int follow_first_rank(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    const bool attention = o->command == COMMAND_SCALE && !o->scale.model;
    if (attention ? rank_open_backend(&w->backend, w->comm, o->device, o->n_threads, e) : work_open_engine(w, e))
        return EXIT_FAILED;
    return ranks_follow(w->comm, w->model, w->backend, scale_stream_follow, w->cancel, e) ? EXIT_FAILED : EXIT_DONE;
}

/* A rank that ends without having been told so takes the others with it. */
static int run_follower(struct work *w, struct error *e)
{
    int status = follow_first_rank(w, e);
    if (status == EXIT_FAILED) {
        error_prefix(e, "rank %" PRIu32, comm_rank(w->comm));
        comm_break(w->comm);
    }
    work_close(w);
    return status;
}

int commands_status(const struct error *e)
{
    switch (e->kind) {
    case ERROR_CANCELLED:
        return EXIT_INTERRUPTED;
    case ERROR_USAGE:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}

int commands_run(const struct options *o, struct comm *c, const atomic_bool *cancel, struct error *e)
{
    struct work w = {.options = o, .comm = c, .cancel = cancel};
    if (comm_rank(c) != 0) return run_follower(&w, e);
    int status = EXIT_FAILED;
    if ((o->command == COMMAND_STATE || (!o->no_state && (o->n_paths > 0 || o->command == COMMAND_SCREEN))) &&
        read_settings(&w, e))
        return EXIT_FAILED;
    switch (o->command) {
    case COMMAND_SCREEN:
        status = o->n_paths > 0 ? run_screen(&w, e) : run_start(&w, e);
        break;
    case COMMAND_ASK:
        status = command_ask(&w, e);
        break;
    case COMMAND_READ:
        status = command_read(&w, e);
        break;
    case COMMAND_EVAL:
        status = run_eval(&w, e);
        break;
    case COMMAND_DEVICES:
        status = run_devices(o, e);
        break;
    case COMMAND_MCP:
        status = command_mcp(&w, e);
        break;
    case COMMAND_TEXT:
        status = run_text(&w, e);
        break;
    case COMMAND_STATE:
        status = command_state(o, w.state_limit, e);
        break;
    case COMMAND_MODEL:
        status = run_model(o, e);
        break;
    case COMMAND_GET_ANSWERER:
        status = run_get_answerer(e);
        break;
    case COMMAND_CONFIG:
        status = config_page_write(stdout) ? EXIT_FAILED : EXIT_DONE;
        break;
    case COMMAND_SCALE:
        status = scale_command(o, work_model_path(o), c, cancel, e);
        break;
    }
    work_clear_progress(&w);
    work_close(&w);
    struct error unheard; /* the command's own status is what counts */
    if (ranks_lead(c, RANKS_END, 0, 0, &unheard)) comm_break(c);
    return status;
}
