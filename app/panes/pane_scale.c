#include "app/panes/pane_scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/measure/scale_report.h"
#include "app/text/figures.h"

#define TABLE_WIDTH 62

static bool is_dense(const struct scale_row *row)
{
    return strcmp(row->what, "dense") == 0;
}

/* The curves are of attention alone: the whole reader's row is another thing. */
static bool is_on_curve(const struct scale_row *row)
{
    return strcmp(row->what, "model") != 0 && !row->result.gave_up;
}

static enum role role_of(const struct scale_row *row)
{
    return is_dense(row)                     ? (enum role)(ROLE_BRANCH + 3)
           : strcmp(row->what, "model") == 0 ? (enum role)(ROLE_BRANCH + 2)
                                             : (enum role)(ROLE_BRANCH + 0);
}

static double time_of(const struct scale_row *row)
{
    return row->result.tokens ? row->result.seconds / (double)row->result.tokens : 0;
}

static double memory_of(const struct scale_row *row)
{
    return (double)row->result.live_bytes;
}

/* What differs by more than rounding is wrong. */
static enum role role_of_error(const struct scale_row *row, bool rounds)
{
    return row->result.max_error < 1e-3                ? ROLE_GOOD
           : rounds && strcmp(row->what, "model") == 0 ? ROLE_TEXT
                                                       : ROLE_ERROR;
}

static void draw_row(struct canvas *c, struct rect r, int y, const struct scale_row *row, bool rounds)
{
    char tokens[16], time[24], memory[24];
    if (row->result.gave_up) return;
    scale_report_time(time, sizeof time, time_of(row));
    scale_report_bytes(memory, sizeof memory, memory_of(row));
    int x = canvas_printf(c, r, y, 1, style(role_of(row)), "%-9s", row->what);
    canvas_printf(c, r, y, x, style(ROLE_TEXT), " %6s %10s %9s", figures_count(tokens, (double)row->tokens), time,
                  memory);
    canvas_printf(c, r, y, 41, style(role_of_error(row, rounds)), "%4zu checked, %.0e", row->result.checked_positions,
                  row->result.max_error);
}

static void draw_table(const struct pane_scale *p, struct canvas *c, struct rect r)
{
    canvas_puts(c, r, 0, 1, style(ROLE_HEADING), "what      tokens time/token    memory   positions, error");
    size_t fits = r.h > 1 ? (size_t)r.h - 1 : 0, first = p->n_rows > fits ? p->n_rows - fits : 0;
    for (size_t i = first; i < p->n_rows; i++) draw_row(c, r, (int)(i - first) + 1, &p->rows[i], p->rounds);
}

struct point {
    int x, y;
};

/* Both axes logarithmic; a sign a point, and dots between them. */
static void draw_curve(const struct pane_scale *p, struct canvas *c, struct rect r, const char *title,
                       double (*value)(const struct scale_row *), void (*words)(char *, size_t, double))
{
    double low = 0, high = 0, left = 0, right = 0;
    for (size_t i = 0; i < p->n_rows; i++) {
        double v = value(&p->rows[i]), x = (double)p->rows[i].tokens;
        if (!(v > 0) || !is_on_curve(&p->rows[i])) continue;
        if (!(low > 0) || v < low) low = v;
        if (v > high) high = v;
        if (!(left > 0) || x < left) left = x;
        if (x > right) right = x;
    }
    canvas_puts(c, r, 0, 0, style(ROLE_HEADING), title);
    if (!(low > 0) || r.h < 4 || r.w < 24) return;
    /* At least a factor of ten, so that a flat curve looks flat. */
    if (high < 10 * low) high = sqrt(high * low) * 3.17, low = high / 10;
    char text[24];
    struct rect plot = rect_inset(r, 1, 0, 1, 11);
    words(text, sizeof text, high);
    canvas_put_tail(c, r, 1, 0, 10, style(ROLE_DIM), text, strlen(text));
    words(text, sizeof text, low);
    canvas_put_tail(c, r, r.h - 2, 0, 10, style(ROLE_DIM), text, strlen(text));
    canvas_fill(c, (struct rect){plot.y, plot.x - 1, plot.h, 1}, style(ROLE_LINE), "│");
    struct point last[2] = {{-1, 0}, {-1, 0}}; /* of dilated, of dense attention */
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct scale_row *row = &p->rows[i];
        if (!(value(row) > 0) || !is_on_curve(row)) continue;
        double x = right > left ? log((double)row->tokens / left) / log(right / left) : 0,
               y = log(value(row) / low) / log(high / low);
        struct point to = {(int)(x * (plot.w - 1) + 0.5), (int)((1 - y) * (plot.h - 1) + 0.5)};
        struct point *from = &last[is_dense(row)];
        for (int at = from->x + 1; from->x >= 0 && at < to.x; at++)
            canvas_puts(c, plot, from->y + (to.y - from->y) * (at - from->x) / (to.x - from->x), at,
                        style(role_of(row)), "·");
        canvas_puts(c, plot, to.y, to.x, style(role_of(row)), is_dense(row) ? "x" : "●");
        *from = to;
    }
    char from[16], to[16];
    canvas_printf(c, r, r.h - 1, 11, style(ROLE_DIM), "%s tokens", figures_count(from, left));
    figures_count(to, right);
    canvas_put_tail(c, r, r.h - 1, 20, r.w, style(ROLE_DIM), to, strlen(to));
}

/* From the whole reader's row, measured at the billionth token: reading is as fast there as anywhere. */
static void draw_billion(const struct pane_scale *p, struct canvas *c, struct rect r)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct scale_row *row = &p->rows[i];
        if (strcmp(row->what, "model") != 0 || !(time_of(row) > 0)) continue;
        char time[16], rate[16], memory[24], disk[16];
        scale_report_bytes(memory, sizeof memory, memory_of(row));
        int x = canvas_printf(c, r, 0, 1, style(ROLE_KEY), "A billion tokens here: %s, %s of memory, %s on disk",
                              figures_time(time, 1e9 * time_of(row)), memory, figures_bytes(disk, 1e9 * row->disk));
        if (x + 38 <= r.w)
            canvas_printf(c, r, 0, x, style(ROLE_KEY), " (%s tokens/s at that position)",
                          figures_count(rate, 1 / time_of(row)));
        return;
    }
    pane_wrapped(c, rect_inset(r, 0, 0, 0, 1), 0, style(ROLE_DIM),
                 p->running ? "first: the whole reader at the billionth token ..."
                            : "Enter measures; it takes minutes, Ctrl-C stops it. Questions wait meanwhile.");
}

static void draw_state(const struct pane_scale *p, struct canvas *c, struct rect r)
{
    char tokens[16];
    if (p->running && p->what != NULL)
        canvas_printf(c, r, 0, 1, style(ROLE_TEXT), "measuring %s, %s tokens: %.0f%%", p->what,
                      figures_count(tokens, (double)p->tokens),
                      p->all ? 100.0 * (double)p->done / (double)p->all : 0.0);
    canvas_put_head(c, r, 1, 1, style(ROLE_DIM), p->note, strlen(p->note));
}

void pane_scale_draw(const struct pane_scale *p, struct canvas *c, struct rect r)
{
    struct rect body = pane_title(
        c, r, true, "Scale", "time and memory against length, dilated attention ● and dense attention x; Esc closes");
    draw_billion(p, c, (struct rect){body.y, body.x, p->running ? 1 : 2, body.w});
    draw_state(p, c, (struct rect){body.y + 1, body.x, 2, body.w});
    body = rect_inset(body, p->note[0] != '\0' && body.h > 12 ? 4 : 3, 0, 0, 0);
    if (body.w >= 2 * TABLE_WIDTH - 12) {
        struct rect curves = rect_inset(body, 0, 1, 0, TABLE_WIDTH + 2);
        draw_table(p, c, (struct rect){body.y, body.x, body.h, TABLE_WIDTH});
        draw_curve(p, c, (struct rect){curves.y, curves.x, curves.h / 2, curves.w}, "Time per token", time_of,
                   scale_report_time);
        draw_curve(p, c, rect_inset(curves, curves.h / 2, 0, 0, 0), "Live memory", memory_of, scale_report_bytes);
        return;
    }
    int table = body.h < 14 ? body.h : body.h / 2;
    draw_table(p, c, (struct rect){body.y, body.x, table, body.w});
    struct rect below = rect_inset(body, table, 1, 0, 0);
    draw_curve(p, c, (struct rect){below.y, below.x, below.h, below.w / 2}, "Time per token", time_of,
               scale_report_time);
    draw_curve(p, c, rect_inset(below, 0, 0, 0, below.w / 2 + 1), "Live memory", memory_of, scale_report_bytes);
}
