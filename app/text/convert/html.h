/* Web pages, and the chapters of books, which are web pages too. */
#ifndef LECTERN_HTML_H
#define LECTERN_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/flow.h"

struct notes;

/* An entry of a book's contents that begins in this page. */
struct html_entry {
    const char *id; /* of the element that it points at; "" for the page's beginning */
    const char *title;
    unsigned level;
};

struct html_page {
    const uint8_t *bytes;
    size_t size;
    const char *file; /* its path in the book; "" for a page alone */
    const struct html_entry *entries;
    size_t n_entries;
    const struct notes *notes;
    bool chapter; /* of a book: its <title> is not read */
};

/* Adds the page to the text that `f` writes. Broken markup is read as browsers would. */
int html_add(struct flow *f, const struct html_page *page, struct error *e);

/* A page alone. */
int html_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e);

#endif
