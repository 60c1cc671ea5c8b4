#include "app/measure/scale_plot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "app/measure/scale.h"
#include "app/measure/scale_report.h"
#include "compute/error.h"

/* Pixels. The right margin holds the curves' names. */
enum { WIDTH = 900, HEIGHT = 700, LEFT = 90, RIGHT = 190, PANEL_HEIGHT = 225, FIRST_TOP = 100, SECOND_TOP = 410 };

enum quantity { TIME_PER_TOKEN, LIVE_MEMORY };

static const struct {
    const char *what, *name, *color;
} curves[] = {
    {"attention", "dilated attention", "#1f6fb2"},
    {"dense", "dense attention", "#c8501e"},
    {"model", "the whole reader", "#1f6fb2"},
};

/* One plot: powers of ten [low, high] of both axes. */
struct panel {
    enum quantity quantity;
    int top;
    int x_low, x_high, y_low, y_high;
};

static double value(const struct scale_row *row, enum quantity q)
{
    const struct scale_result *x = &row->result;
    return q == LIVE_MEMORY ? (double)x->live_bytes : x->seconds / (double)x->tokens;
}

/* Nothing to draw on a logarithmic axis: a row of no tokens or in no time. */
static bool drawable(const struct scale_row *row, enum quantity q)
{
    double v = row->result.tokens ? value(row, q) : 0;
    return row->tokens > 0 && v > 0 && isfinite(v);
}

static double x_of(const struct panel *p, double tokens)
{
    return LEFT + (log10(tokens) - p->x_low) / (p->x_high - p->x_low) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct panel *p, double v)
{
    return p->top + PANEL_HEIGHT - (log10(v) - p->y_low) / (p->y_high - p->y_low) * PANEL_HEIGHT;
}

static void fit_decades(int *low, int *high, double least, double most)
{
    *low = (int)floor(log10(least) + 1e-9);
    *high = (int)ceil(log10(most) - 1e-9);
    if (*high <= *low) *high = *low + 1;
}

static struct panel panel_of(const struct scale_row *rows, size_t n, enum quantity q, int top)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (!drawable(&rows[i], q)) continue;
        double at[2] = {(double)rows[i].tokens, value(&rows[i], q)};
        for (int axis = 0; axis < 2; axis++) {
            least[axis] = fmin(least[axis], at[axis]);
            most[axis] = fmax(most[axis], at[axis]);
        }
    }
    struct panel p = {.quantity = q, .top = top, .x_low = 3, .x_high = 9, .y_low = q == LIVE_MEMORY ? 6 : -7};
    p.y_high = p.y_low + 1;
    if (most[0] > 0) {
        fit_decades(&p.x_low, &p.x_high, least[0], most[0]);
        fit_decades(&p.y_low, &p.y_high, least[1], most[1]);
    }
    return p;
}

static void put_escaped(const char *text, FILE *out)
{
    for (const char *c = text; *c; c++) {
        if (*c == '<') {
            fputs("&lt;", out);
        } else if (*c == '&') {
            fputs("&amp;", out);
        } else {
            fputc((unsigned char)*c < 0x20 ? ' ' : *c, out);
        }
    }
}

static void describe_value(char *text, size_t size, enum quantity q, double v)
{
    if (q == LIVE_MEMORY) {
        scale_report_bytes(text, size, v);
    } else {
        scale_report_time(text, size, v);
    }
}

/* "1 thousand" ... "1 trillion": for people who do not read exponents. */
static void describe_tokens(char *text, size_t size, int power)
{
    static const char *const names[] = {"",          " thousand",    " million",    " billion",
                                        " trillion", " quadrillion", " quintillion"};
    static const char *const digits[] = {"1", "10", "100"};
    int group = power < 0 ? 0 : power / 3;
    snprintf(text, size, "%s%s", digits[power < 0 ? 0 : power % 3], names[group > 6 ? 6 : group]);
}

static void draw_grid(const struct panel *p, FILE *out)
{
    char label[64];
    const int bottom = p->top + PANEL_HEIGHT, right = WIDTH - RIGHT;
    fputs("<g stroke=\"#d5d9de\" stroke-width=\"1\">\n", out);
    for (int k = p->x_low; k <= p->x_high; k++)
        fprintf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x_of(p, pow(10, k)), p->top,
                x_of(p, pow(10, k)), bottom);
    for (int k = p->y_low; k <= p->y_high; k++)
        fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", LEFT, y_of(p, pow(10, k)), right,
                y_of(p, pow(10, k)));
    fputs("</g>\n<g font-size=\"12\" fill=\"#444\">\n", out);
    const int step = (p->x_high - p->x_low + 6) / 7; /* room for seven names */
    for (int k = p->x_low; k <= p->x_high; k += step) {
        describe_tokens(label, sizeof label, k);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of(p, pow(10, k)), bottom + 18,
                label);
    }
    for (int k = p->y_low; k <= p->y_high; k++) {
        describe_value(label, sizeof label, p->quantity, pow(10, k));
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y_of(p, pow(10, k)) + 4,
                label);
    }
    fputs("</g>\n", out);
}

static void draw_name(const struct panel *p, const struct scale_row *last, const char *name, FILE *out)
{
    char text[64];
    double x = x_of(p, (double)last->tokens) + 10, y = y_of(p, value(last, p->quantity));
    describe_value(text, sizeof text, p->quantity, value(last, p->quantity));
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"13\" font-weight=\"bold\">%s</text>\n", x, y, name);
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"13\">%s%s</text>\n", x, y + 16, text,
            p->quantity == TIME_PER_TOKEN ? " a token" : "");
}

/* Rows of one kind come by growing length. */
static void draw_curve(const struct panel *p, const struct scale_row *rows, size_t n, unsigned curve, FILE *out)
{
    const struct scale_row *before = NULL;
    fprintf(out, "<g fill=\"%s\" stroke=\"%s\" stroke-width=\"2\">\n", curves[curve].color, curves[curve].color);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].what, curves[curve].what) != 0 || !drawable(&rows[i], p->quantity)) continue;
        double x = x_of(p, (double)rows[i].tokens), y = y_of(p, value(&rows[i], p->quantity));
        if (before)
            fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x_of(p, (double)before->tokens),
                    y_of(p, value(before, p->quantity)), x, y);
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", x, y);
        before = &rows[i];
    }
    fprintf(out, "</g>\n<g fill=\"%s\">\n", curves[curve].color);
    if (before) draw_name(p, before, curves[curve].name, out);
    fputs("</g>\n", out);
}

static void draw_panel(const struct scale_row *rows, size_t n, enum quantity q, int top, const char *title, FILE *out)
{
    struct panel p = panel_of(rows, n, q, top);
    fprintf(out, "<text x=\"%d\" y=\"%d\" font-size=\"15\" font-weight=\"bold\">%s</text>\n", LEFT, top - 12, title);
    draw_grid(&p, out);
    for (unsigned i = 0; i < sizeof curves / sizeof *curves; i++) draw_curve(&p, rows, n, i, out);
    fprintf(out,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"13\">length of the text, in tokens</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, top + PANEL_HEIGHT + 38);
}

int scale_plot(const struct scale_row *rows, size_t n_rows, const char *about, FILE *out, struct error *e)
{
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "font-family=\"sans-serif\" fill=\"#111\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
        "<text x=\"24\" y=\"32\" font-size=\"19\" font-weight=\"bold\">What a longer text costs, measured by lectern "
        "scale</text>\n<text x=\"24\" y=\"54\" font-size=\"12\" fill=\"#444\">",
        WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_escaped(about, out);
    fputs("</text>\n", out);
    draw_panel(rows, n_rows, TIME_PER_TOKEN, FIRST_TOP, "Time to read one token (lower is faster)", out);
    draw_panel(rows, n_rows, LIVE_MEMORY, SECOND_TOP, "Memory in use while reading", out);
    fputs("</svg>\n", out);
    return fflush(out) || ferror(out) ? error_set(e, "the plot cannot be written: %s", strerror(errno)) : 0;
}
