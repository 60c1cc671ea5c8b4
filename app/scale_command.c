#include "app/scale_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/options.h"
#include "app/measure/scale.h"
#include "app/measure/scale_plot.h"
#include "app/measure/scale_report.h"
#include "app/rank.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/model.h"

struct show {
    const struct options *options;
    struct comm *comm;
    struct backend *backend;
    struct scale_row rows[2 * SCALE_MAX_LENGTHS];
    size_t n_rows;
    const char *what; /* being measured */
    uint64_t tokens;
    bool shows_progress, line_open; /* a progress line stands on standard error */
    double shown;                   /* when */
};

static void clear_progress(struct show *c)
{
    if (c->line_open) fputs("\r\033[K", stderr);
    c->line_open = false;
}

static void on_begin(void *context, const char *what, uint64_t tokens)
{
    struct show *c = context;
    c->what = what;
    c->tokens = tokens;
}

static void on_progress(void *context, uint64_t done, uint64_t all, double seconds)
{
    struct show *c = context;
    double now = scale_run_now();
    if (!c->shows_progress || now - c->shown < 0.25 || seconds <= 0) return;
    c->shown = now;
    c->line_open = true;
    double rate = (double)done / seconds;
    fprintf(stderr, "\r\033[K%s, %" PRIu64 " tokens: ", c->what, c->tokens);
    if (all == 0) {
        fprintf(stderr, "%" PRIu64 " read, %.0f tokens/s", done, rate);
    } else {
        fprintf(stderr, "%.1f %%, %.0f tokens/s, %.0f s left", 100.0 * (double)done / (double)all, rate,
                (double)(all - done) / rate);
    }
    fflush(stderr);
}

static int on_row(void *context, const struct scale_row *row, struct error *e)
{
    struct show *c = context;
    const struct options *o = c->options;
    const char *device = backend_info(c->backend)->name;
    clear_progress(c);
    c->rows[c->n_rows++] = *row;
    if (o->json) return scale_report_json(row, device, stdout, e);
    if (o->scale.csv)
        return c->n_rows == 1 && scale_report_csv_head(stdout, e) ? -1 : scale_report_csv_row(row, device, stdout, e);
    return c->n_rows == 1 && scale_report_table_head(stdout, e) ? -1 : scale_report_table_row(row, stdout, e);
}

static void on_gave_up(void *context, uint64_t tokens, const char *why)
{
    struct show *c = context;
    clear_progress(c);
    if (c->options->quiet) return;
    fprintf(stderr, "lectern: dense attention over %" PRIu64 " tokens: %s; longer ones are left out\n", tokens, why);
}

static int write_plot(struct show *c, const struct model *m, FILE *svg, struct error *e)
{
    const struct scale_options *o = &c->options->scale;
    const char *device = backend_info(c->backend)->name;
    char about[512];
    if (m) {
        snprintf(about, sizeof about, "The reader %s on %s", m->name, device);
    } else {
        snprintf(about, sizeof about,
                 "%" PRIu32 " head(s) of %" PRIu32 " columns; segment lengths %" PRIu64 " x %" PRIu64
                 "^i at dilation rates %" PRIu64 "^i; %s",
                 o->n_head, o->head_dim, o->segment, o->ratio, o->ratio, device);
    }
    return scale_plot(c->rows, c->n_rows, about, svg, e);
}

/* What was measured before a failure or a cancel is plotted too. */
static int measure_and_plot(struct show *c, const struct model *m, FILE *svg, const atomic_bool *cancel,
                            struct error *e)
{
    struct scale_callbacks callbacks = {.begin = on_begin,
                                        .progress = on_progress,
                                        .row = on_row,
                                        .gave_up = on_gave_up,
                                        .context = c,
                                        .comm = c->comm,
                                        .cancel = cancel};
    int status = scale_measure(&c->options->scale, c->backend, m, &callbacks, e);
    clear_progress(c);
    if (svg && c->n_rows > 0 && write_plot(c, m, svg, status ? NULL : e) != 0) return -1;
    return status;
}

int scale_command(const struct options *o, const char *model_path, struct comm *comm, const atomic_bool *cancel,
                  struct error *e)
{
    struct show c = {.options = o, .comm = comm, .shows_progress = !o->quiet && isatty(STDERR_FILENO)};
    struct model *m = NULL;
    FILE *svg = NULL;
    int status = -1;
    if (o->scale.svg && !(svg = fopen(o->scale.svg, "w"))) {
        error_set(e, "%s: %s", o->scale.svg, strerror(errno));
    } else if ((!o->scale.model || model_open(&m, model_path, e) == 0) &&
               rank_open_backend(&c.backend, comm, o->device, o->n_threads, e) == 0) {
        status = measure_and_plot(&c, m, svg, cancel, e);
    }
    if (svg && fclose(svg) != 0 && status == 0) status = error_set(e, "%s: %s", o->scale.svg, strerror(errno));
    backend_close(c.backend);
    model_close(m);
    return status == 0 ? EXIT_DONE : EXIT_FAILED;
}
