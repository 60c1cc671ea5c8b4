#include "app/output/export_page.h"

#include <stdarg.h>
#include <string.h>

#include "app/answer/own_words.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "app/text/text_layout.h"
#include "app/terminal/theme.h"

void export_page_text(struct page *p, int x, const char *style, const char *bytes, size_t size)
{
    fprintf(p->f, "<text x=\"%d\" y=\"%d\"%s xml:space=\"preserve\">", x, p->y, style);
    export_xml(p->f, bytes, size);
    fputs("</text>\n", p->f);
}

void export_page_printf(struct page *p, int x, const char *style, const char *format, ...)
{
    char words[400];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    export_page_text(p, x, style, words, n < 0 ? 0 : (size_t)n < sizeof words ? (size_t)n : sizeof words - 1);
}

/* Takes the next wrapped line that is not blank; its length without white space at the end, 0 where there is none. */
static size_t next_line(const char **bytes, size_t *size, int columns, const char **line)
{
    while (*size > 0) {
        size_t n = text_layout_break(*bytes, *size, columns, true), shown = n;
        *line = *bytes;
        while (shown > 0 && strchr("\n\r ", (*line)[shown - 1])) shown--;
        *bytes += n;
        *size -= n;
        if (shown > 0) return shown;
    }
    return 0;
}

void export_page_paragraph(struct page *p, int x, const char *style, const char *bytes, size_t size, int columns,
                           int most)
{
    const char *line;
    size_t n;
    while (most-- > 0 && (n = next_line(&bytes, &size, columns, &line)) > 0) {
        p->y += PAGE_LINE;
        export_page_text(p, x, style, line, n);
    }
}

/* Bytes [at, end) on one line. */
static void put_marked(struct page *p, const char *bytes, size_t at, size_t end, const struct own_words *own, size_t n)
{
    for (size_t i = 0; i < n && own[i].begin < end; i++) {
        const size_t from = own[i].begin > at ? own[i].begin : at, to = own[i].end < end ? own[i].end : end;
        if (to <= from) continue;
        export_xml(p->f, bytes + at, from - at);
        fputs("<tspan class=\"own\">", p->f);
        export_xml(p->f, bytes + from, to - from);
        fputs("</tspan>", p->f);
        at = to;
    }
    export_xml(p->f, bytes + at, end - at);
}

void export_page_marked(struct page *p, int x, const char *bytes, size_t size, int columns, int most,
                        const struct own_words *own, size_t n)
{
    const char *rest = bytes, *line;
    for (size_t shown; most-- > 0 && (shown = next_line(&rest, &size, columns, &line)) > 0;) {
        p->y += PAGE_LINE;
        fprintf(p->f, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\">", x, p->y);
        put_marked(p, bytes, (size_t)(line - bytes), (size_t)(line - bytes) + shown, own, n);
        fputs("</text>\n", p->f);
    }
}

const char *export_page_path(const char *path, int columns, const char **before)
{
    *before = "";
    if ((int)safe_text_width(path, strlen(path)) <= columns) return path;
    *before = "…";
    while (*path && (int)safe_text_width(path, strlen(path)) > columns - 1) {
        struct safe_glyph g;
        safe_text_next(path, strlen(path), &g);
        path += g.taken;
    }
    return path;
}

static double peak_of(const double *share)
{
    double peak = 0;
    for (int i = 0; i < EXPORT_COLUMNS; i++) peak = share[i] > peak ? share[i] : peak;
    return peak;
}

double export_page_map_x(const struct export *x, uint64_t token)
{
    return PAGE_LEFT +
           (double)(token - x->first_token) / (double)(export_end(x) - x->first_token) * EXPORT_COLUMNS * PAGE_COLUMN;
}

static void boundaries(const struct export *x, struct page *p)
{
    const uint64_t end = export_end(x);
    size_t inside = 0;
    for (size_t i = 0; i < x->n_documents; i++)
        inside += x->documents[i].first_token > x->first_token && x->documents[i].first_token < end;
    if (inside > 120) return;
    for (size_t i = 0; i < x->n_documents; i++) {
        if (x->documents[i].first_token <= x->first_token || x->documents[i].first_token >= end) continue;
        double at = export_page_map_x(x, x->documents[i].first_token);
        fprintf(p->f, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#b0b8c0\"/>\n", at, p->y, at,
                p->y + 8);
    }
}

static void colours(struct page *p, double peak)
{
    char words[16];
    p->y += 34;
    for (int i = 1; i < FIGURES_HEAT; i++)
        fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"24\" height=\"12\" fill=\"#%06x\"/>\n", PAGE_LEFT + 24 * (i - 1),
                p->y - 11, (unsigned)theme_heat(THEME_LIGHT, i));
    export_page_printf(p, PAGE_LEFT + 24 * (FIGURES_HEAT - 1) + 8, " class=\"dim\"",
                       "0 to %s of the question's attention in one bar. Ticks: where a file begins.",
                       figures_share(words, peak));
}

int export_page_map(struct page *p, const struct export *x, const char *heading, const double share[EXPORT_COLUMNS],
                    double *peak)
{
    *peak = peak_of(share);
    p->y += 34 - PAGE_LINE;
    export_page_paragraph(p, PAGE_LEFT, " class=\"head\"", heading, strlen(heading), PAGE_TEXT_COLUMNS, 3);
    p->y += PAGE_MAP_HEIGHT + 34;
    const int base = p->y;
    fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f6f7f9\"/>\n", PAGE_LEFT,
            base - PAGE_MAP_HEIGHT, EXPORT_COLUMNS * PAGE_COLUMN, PAGE_MAP_HEIGHT);
    for (int i = 0; i<EXPORT_COLUMNS && * peak> 0; i++) {
        double height = share[i] / *peak * PAGE_MAP_HEIGHT;
        int heat = figures_heat(share[i], *peak, false);
        if (height < 0.05) continue;
        fprintf(p->f, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"#%06x\"/>\n",
                PAGE_LEFT + i * PAGE_COLUMN, base - height, PAGE_COLUMN, height,
                (unsigned)theme_heat(THEME_LIGHT, heat < 2 ? 2 : heat));
    }
    boundaries(x, p);
    colours(p, *peak);
    return base;
}
