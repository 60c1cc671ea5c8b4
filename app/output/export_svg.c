/* The picture: what was asked, the maps of the attention with their scale and file boundaries, the places they point
 * at, the answer, and the dilated attention taken apart. It explains itself, needs no fonts of its own and no script.
 */
#include <stdlib.h>
#include <string.h>

#include "app/answer/own_words.h"
#include "app/text/corpus.h"
#include "app/output/export.h"
#include "app/output/export_attention.h"
#include "app/output/export_page.h"
#include "app/text/figures.h"
#include "compute/error.h"

#define EVIDENCE_SHOWN 10

/* The places of evidence, above the bars that stand on `base`. */
static void evidence_marks(const struct export *x, struct page *p, int base)
{
    const uint64_t end = export_end(x);
    size_t n = x->answer->finding->n_items < 9 ? x->answer->finding->n_items : 9;
    for (size_t i = n; i-- > 0;) {
        const struct reader_segment *s = &x->segments[x->answer->finding->items[i].segment];
        if (s->first_token < x->first_token || s->first_token >= end) continue;
        double at = export_page_map_x(x, s->first_token);
        fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%d\" r=\"8\" fill=\"#00786a\"/>", at, base - PAGE_MAP_HEIGHT - 10);
        fprintf(p->f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#fff\" font-size=\"11\">%zu</text>\n",
                at, base - PAGE_MAP_HEIGHT - 6, i + 1);
    }
}

static void map(const struct export *x, struct page *p)
{
    double share[EXPORT_COLUMNS], peak;
    export_columns(x, share);
    char count[16], words[200];
    snprintf(words, sizeof words,
             "Attention over the text: %d bars of %s tokens each, from its beginning (left) to its end (right)",
             EXPORT_COLUMNS, figures_count(count, (double)(export_end(x) - x->first_token) / EXPORT_COLUMNS));
    int base = export_page_map(p, x, words, share, &peak);
    evidence_marks(x, p, base);
    p->y += PAGE_LINE;
    export_page_printf(
        p, PAGE_LEFT, " class=\"dim\"",
        "This is the evidence attention: one softmax over the kept keys of the whole text, the tokens of the "
        "question weighed by a gate.");
    p->y += PAGE_LINE;
    export_page_printf(p, PAGE_LEFT, " class=\"dim\"",
                       "Numbers: the evidence below, the places that answer best first.");
}

static void evidence(const struct export *x, struct page *p)
{
    size_t n = x->answer->finding->n_items < EVIDENCE_SHOWN ? x->answer->finding->n_items : EVIDENCE_SHOWN;
    for (size_t i = 0; i < n; i++) {
        struct export_item item;
        char lines[64], share[16];
        const char *before;
        export_item(x, i, &item);
        snprintf(lines, sizeof lines, ", lines %llu to %llu", (unsigned long long)item.place.line[0],
                 (unsigned long long)item.place.line[1]);
        const char *path = export_page_path(item.place.path, PAGE_TEXT_COLUMNS - 12 - (int)strlen(lines), &before);
        p->y += PAGE_LINE + 8;
        export_page_printf(p, PAGE_LEFT, " class=\"head\"", "%zu  %s  %s%s%s", i + 1,
                           figures_share(share, (double)x->answer->finding->items[i].share), before, path, lines);
        export_page_paragraph(p, PAGE_LEFT + 24, "", item.place.text, item.place.size, PAGE_TEXT_COLUMNS, 3);
    }
}

/* False without memory. */
static bool picture(const struct export *x, struct page *p)
{
    const struct answer *a = x->answer;
    struct error e;
    struct own_words *own;
    size_t n_own;
    if (own_words_find(&own, &n_own, a->answerer, a->text, strlen(a->text), a->finding, x->corpus, &e) != 0)
        return false;
    export_page_paragraph(p, PAGE_LEFT, " class=\"q\"", a->finding->question, strlen(a->finding->question),
                          PAGE_QUESTION_COLUMNS, 6);
    export_page_marked(p, PAGE_LEFT, a->text, strlen(a->text), PAGE_TEXT_COLUMNS, 40, own, n_own);
    free(own);
    map(x, p);
    evidence(x, p);
    export_attention_svg(x, p);
    char words[400], tokens[16];
    uint64_t all = x->n_documents ? x->documents[x->n_documents - 1].end_token : 0;
    int n = snprintf(words, sizeof words,
                     "Lectern read %zu file%s, %s tokens, as one sequence. Model %s on %s. Answer by: %s%s. Attention "
                     "shows where the model looked; it proves nothing.",
                     x->corpus->n_documents, x->corpus->n_documents == 1 ? "" : "s", figures_count(tokens, (double)all),
                     x->model_name, x->device, a->answerer, n_own > 0 ? "; underlined: the text's own words" : "");
    p->y += 16;
    export_page_paragraph(p, PAGE_LEFT, " class=\"dim\"", words,
                          n < 0                      ? 0
                          : (size_t)n < sizeof words ? (size_t)n
                                                     : sizeof words - 1,
                          PAGE_TEXT_COLUMNS + 10, 3);
    return true;
}

/* How high it is is known when it is drawn. */
int export_svg(const struct export *x, FILE *f)
{
    char *body = NULL;
    size_t size = 0;
    struct page p = {open_memstream(&body, &size), 24};
    if (p.f == NULL) return -1;
    const bool whole = picture(x, &p);
    if (fclose(p.f) != 0 || !whole) {
        free(body);
        return -1;
    }
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13\">\n"
            "<style>.q{font-size:15px;font-weight:bold;fill:#1a5fb4}.head{font-weight:bold;fill:#35506b}.dim{fill:#"
            "6c757d;font-size:12px}.hit{font-weight:bold;fill:#b3261e}.own{fill:#00661f;text-decoration:underline}</"
            "style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            PAGE_WIDTH, p.y + 30, PAGE_WIDTH, p.y + 30);
    fwrite(body, 1, size, f);
    free(body);
    fputs("</svg>\n", f);
    return ferror(f) ? -1 : 0;
}

int export_html(const struct export *x, FILE *f)
{
    const struct answer *a = x->answer;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", f);
    export_xml(f, a->finding->question, strlen(a->finding->question));
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
    for (size_t i = 0; i < a->finding->n_items; i++) {
        struct export_item item;
        char share[16];
        export_item(x, i, &item);
        fprintf(f, "<tr><td>%zu</td><td>%s</td><td>%.3g</td><td>", i + 1,
                figures_share(share, (double)a->finding->items[i].share), (double)a->finding->items[i].score);
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
    fputs("</table>\n", f);
    export_attention_html(x, f);
    fputs("</body></html>\n", f);
    return ferror(f) ? -1 : 0;
}
