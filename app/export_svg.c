/* The picture: what was asked, the map of the attention with its scale and file boundaries, the places it points at,
 * the answer. It explains itself, needs no fonts of its own and no script. */
#include <math.h>
#include <string.h>

#include "app/corpus.h"
#include "app/export.h"
#include "app/pane.h"
#include "app/text_layout.h"
#include "app/theme.h"

#define WIDTH 1040
#define LEFT 40
#define COLUMN 2 /* EXPORT_COLUMNS * COLUMN = 960 */
#define MAP_HEIGHT 120
#define LINE 20
#define TEXT_COLUMNS 120
#define EVIDENCE_SHOWN 10

struct page {
    FILE *f;
    int y;
};

static void text_at(struct page *p, int x, const char *style, const char *bytes, size_t size)
{
    fprintf(p->f, "<text x=\"%d\" y=\"%d\"%s xml:space=\"preserve\">", x, p->y, style);
    export_xml(p->f, bytes, size);
    fputs("</text>\n", p->f);
}

/* Takes the next wrapped line that is not blank; its length without white space at the end, 0 where there is none. */
static size_t next_line(const char **bytes, size_t *size, int columns, const char **line)
{
    while (*size > 0) {
        size_t n = layout_break(*bytes, *size, columns, true), shown = n;
        *line = *bytes;
        while (shown > 0 && strchr("\n\r ", (*line)[shown - 1])) shown--;
        *bytes += n;
        *size -= n;
        if (shown > 0) return shown;
    }
    return 0;
}

/* Wrapped text; at most `most` lines. */
static void paragraph(struct page *p, int x, const char *style, const char *bytes, size_t size, int columns, int most)
{
    const char *line;
    size_t n;
    while (most-- > 0 && (n = next_line(&bytes, &size, columns, &line)) > 0) {
        p->y += LINE;
        text_at(p, x, style, line, n);
    }
}

static int rows_of(const char *bytes, size_t size, int columns, int most)
{
    const char *line;
    int rows = 0;
    while (rows < most && next_line(&bytes, &size, columns, &line) > 0) rows++;
    return rows;
}

static double peak_of(const double *share)
{
    double peak = 0;
    for (int i = 0; i < EXPORT_COLUMNS; i++) peak = share[i] > peak ? share[i] : peak;
    return peak;
}

static double column_x(const struct export *x, uint64_t token, uint64_t end)
{
    return LEFT + (double)(token - x->first_token) / (double)(end - x->first_token) * EXPORT_COLUMNS * COLUMN;
}

static void boundaries(const struct export *x, struct page *p, uint64_t end)
{
    size_t inside = 0;
    for (size_t i = 0; i < x->n_documents; i++)
        inside += x->documents[i].first_token > x->first_token && x->documents[i].first_token < end;
    if (inside > 120) return;
    for (size_t i = 0; i < x->n_documents; i++) {
        if (x->documents[i].first_token <= x->first_token || x->documents[i].first_token >= end) continue;
        double at = column_x(x, x->documents[i].first_token, end);
        fprintf(p->f, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#b0b8c0\"/>\n", at, p->y, at,
                p->y + 8);
    }
}

static void evidence_marks(const struct export *x, struct page *p, uint64_t end)
{
    size_t n = x->answer->n_items < 9 ? x->answer->n_items : 9;
    for (size_t i = n; i-- > 0;) {
        const struct reader_segment *s = &x->segments[x->answer->items[i].segment];
        if (s->first_token < x->first_token || s->first_token >= end) continue;
        double at = column_x(x, s->first_token, end);
        fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%d\" r=\"8\" fill=\"#00786a\"/>", at, p->y - MAP_HEIGHT - 10);
        fprintf(p->f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#fff\" font-size=\"11\">%zu</text>\n",
                at, p->y - MAP_HEIGHT - 6, i + 1);
    }
}

static void scale(struct page *p, double peak)
{
    char words[16];
    p->y += 34;
    for (int i = 1; i < CANVAS_HEAT; i++)
        fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"24\" height=\"12\" fill=\"#%06x\"/>\n", LEFT + 24 * (i - 1),
                p->y - 11, (unsigned)theme_heat(THEME_LIGHT, i));
    fprintf(p->f,
            "<text x=\"%d\" y=\"%d\" class=\"dim\">0 to %s of the question's attention in one bar. "
            "Ticks: where a file begins.</text>\n",
            LEFT + 24 * (CANVAS_HEAT - 1) + 8, p->y, pane_share(words, peak));
    p->y += 20;
    fprintf(p->f,
            "<text x=\"%d\" y=\"%d\" class=\"dim\">Numbers: the evidence below, the places that answer best "
            "first.</text>\n",
            LEFT, p->y);
}

static void map(const struct export *x, struct page *p)
{
    double share[EXPORT_COLUMNS];
    export_columns(x, share);
    double peak = peak_of(share);
    uint64_t end = x->end_token ? x->end_token : x->n_documents ? x->documents[x->n_documents - 1].end_token : 1;
    char count[16], words[200];
    snprintf(words, sizeof words,
             "Attention over the text: %d bars of %s tokens each, from its beginning (left) to its end (right)",
             EXPORT_COLUMNS, pane_count(count, (double)(end - x->first_token) / EXPORT_COLUMNS));
    p->y += 34;
    text_at(p, LEFT, " class=\"head\"", words, strlen(words));
    p->y += MAP_HEIGHT + 34;
    fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f6f7f9\"/>\n", LEFT, p->y - MAP_HEIGHT,
            EXPORT_COLUMNS * COLUMN, MAP_HEIGHT);
    for (int i = 0; i < EXPORT_COLUMNS && peak > 0; i++) {
        double height = share[i] / peak * MAP_HEIGHT;
        int heat = heat_level(share[i], peak, false);
        if (height < 0.05) continue;
        fprintf(p->f, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"#%06x\"/>\n", LEFT + i * COLUMN,
                p->y - height, COLUMN, height, (unsigned)theme_heat(THEME_LIGHT, heat < 2 ? 2 : heat));
    }
    evidence_marks(x, p, end);
    boundaries(x, p, end);
    scale(p, peak);
}

static void evidence(const struct export *x, struct page *p)
{
    size_t n = x->answer->n_items < EVIDENCE_SHOWN ? x->answer->n_items : EVIDENCE_SHOWN;
    for (size_t i = 0; i < n; i++) {
        struct export_item item;
        char words[600], share[16];
        export_item(x, i, &item);
        int size = snprintf(words, sizeof words, "%zu  %s  %s, lines %llu to %llu", i + 1,
                            pane_share(share, (double)x->answer->items[i].share), item.place.path,
                            (unsigned long long)item.place.line[0], (unsigned long long)item.place.line[1]);
        p->y += LINE + 8;
        text_at(p, LEFT, " class=\"head\"", words,
                size < 0                      ? 0
                : (size_t)size < sizeof words ? (size_t)size
                                              : sizeof words - 1);
        paragraph(p, LEFT + 24, "", item.place.text, item.place.size, TEXT_COLUMNS, 3);
    }
}

static int height_of(const struct export *x)
{
    const struct answer *a = x->answer;
    int rows = rows_of(a->question, strlen(a->question), TEXT_COLUMNS, 6) +
               rows_of(a->text, strlen(a->text), TEXT_COLUMNS, 40);
    int items = 0;
    for (size_t i = 0; i < a->n_items && i < EVIDENCE_SHOWN; i++) {
        struct export_item item;
        export_item(x, i, &item);
        items += LINE + 8 + LINE * rows_of(item.place.text, item.place.size, TEXT_COLUMNS, 3);
    }
    return 60 + LINE * rows + 34 + MAP_HEIGHT + 34 + 54 + items + 80;
}

int export_svg(const struct export *x, FILE *f)
{
    const struct answer *a = x->answer;
    struct page p = {f, 24};
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13\">\n",
            WIDTH, height_of(x), WIDTH, height_of(x));
    fputs("<style>.q{font-size:15px;font-weight:bold;fill:#1a5fb4}.head{font-weight:bold;fill:#35506b}.dim{fill:#"
          "6c757d;font-size:12px}</style>\n"
          "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
          f);
    paragraph(&p, LEFT, " class=\"q\"", a->question, strlen(a->question), TEXT_COLUMNS, 6);
    paragraph(&p, LEFT, "", a->text, strlen(a->text), TEXT_COLUMNS, 40);
    map(x, &p);
    evidence(x, &p);
    char words[400], tokens[16];
    uint64_t all = x->n_documents ? x->documents[x->n_documents - 1].end_token : 0;
    int n = snprintf(words, sizeof words,
                     "Lectern read %zu file%s, %s tokens, as one sequence. Model %s on %s. Answer by: %s. Attention "
                     "shows where the model looked; it proves nothing.",
                     x->corpus->n_documents, x->corpus->n_documents == 1 ? "" : "s", pane_count(tokens, (double)all),
                     x->model, x->device, a->answerer);
    p.y += 16;
    paragraph(&p, LEFT, " class=\"dim\"", words,
              n < 0                      ? 0
              : (size_t)n < sizeof words ? (size_t)n
                                         : sizeof words - 1,
              TEXT_COLUMNS + 10, 3);
    fputs("</svg>\n", f);
    return ferror(f) ? -1 : 0;
}

int export_html(const struct export *x, FILE *f)
{
    const struct answer *a = x->answer;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", f);
    export_xml(f, a->question, strlen(a->question));
    fputs("</title><style>body{font-family:sans-serif;margin:24px;max-width:1100px}table{border-collapse:collapse}"
          "td,th{border:1px solid #ccd3da;padding:4px "
          "8px;text-align:left;vertical-align:top}pre{white-space:pre-wrap;margin:0}"
          "svg{max-width:100%;height:auto}</style></head><body>\n",
          f);
    if (export_svg(x, f) != 0) return -1;
    fputs("<h2>All "
          "evidence</h2><table><tr><th>rank</th><th>share</th><th>score</th><th>file</th><th>lines</th><th>bytes</"
          "th><th>text</th></tr>\n",
          f);
    for (size_t i = 0; i < a->n_items; i++) {
        struct export_item item;
        char share[16];
        export_item(x, i, &item);
        fprintf(f, "<tr><td>%zu</td><td>%s</td><td>%.3g</td><td>", i + 1, pane_share(share, (double)a->items[i].share),
                (double)a->items[i].score);
        export_xml(f, item.place.path, strlen(item.place.path));
        fprintf(f, "</td><td>%llu to %llu</td><td>%llu to %llu</td><td><pre>", (unsigned long long)item.place.line[0],
                (unsigned long long)item.place.line[1], (unsigned long long)item.place.byte[0],
                (unsigned long long)item.place.byte[1]);
        for (size_t at = 0; at < item.place.size;) {
            const char *line = item.place.text + at, *newline = memchr(line, '\n', item.place.size - at);
            size_t n = newline ? (size_t)(newline - line) : item.place.size - at;
            export_xml(f, line, n && line[n - 1] == '\r' ? n - 1 : n);
            if (newline) fputc('\n', f);
            at += n + (newline != NULL);
        }
        fputs("</pre></td></tr>\n", f);
    }
    fputs("</table></body></html>\n", f);
    return ferror(f) ? -1 : 0;
}
