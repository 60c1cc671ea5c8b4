/* A picture that grows downwards: lines of text, maps, tables. Used by the exports. */
#ifndef LECTERN_EXPORT_PAGE_H
#define LECTERN_EXPORT_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/output/export.h"

struct own_words;

#define PAGE_WIDTH 1040
#define PAGE_LEFT 40
#define PAGE_COLUMN 2 /* EXPORT_COLUMNS * PAGE_COLUMN = 960 */
#define PAGE_MAP_HEIGHT 120
#define PAGE_LINE 20
#define PAGE_TEXT_COLUMNS 120
#define PAGE_QUESTION_COLUMNS 104 /* its letters are larger */

struct page {
    FILE *f;
    int y;
};

/* `style`: attributes, begun with a blank. */
void export_page_text(struct page *p, int x, const char *style, const char *bytes, size_t size);
void export_page_printf(struct page *p, int x, const char *style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Wrapped text on new lines; at most `most` of them. */
void export_page_paragraph(struct page *p, int x, const char *style, const char *bytes, size_t size, int columns,
                           int most);

/* The same with some of its bytes underlined, n runs in rising order. */
void export_page_marked(struct page *p, int x, const char *bytes, size_t size, int columns, int most,
                        const struct own_words *own, size_t n);

/* What of a path has room: all of it, or its end, `before` which an ellipsis stands. */
const char *export_page_path(const char *path, int columns, const char **before);

/* Bars below the heading, files' boundaries under them, and what the colours mean; gives back the baseline of the bars
 * and their largest share. */
int export_page_map(struct page *p, const struct export *x, const char *heading, const double share[EXPORT_COLUMNS],
                    double *peak);

/* Where on the map a token is. */
double export_page_map_x(const struct export *x, uint64_t token);

#endif
