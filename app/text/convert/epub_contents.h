/* What an EPUB says of itself: the order of its files and its contents. */
#ifndef LECTERN_EPUB_CONTENTS_H
#define LECTERN_EPUB_CONTENTS_H

#include <stddef.h>

#include "app/text/convert/package.h"

struct convert_budget;
struct error;

struct epub_entry {
    char *file, *id, *title; /* id: "" for the file's beginning */
    unsigned level;          /* from 1 */
};

struct epub_contents {
    char **spine; /* paths in the package, in reading order; owned, as all here */
    size_t n_spine, spine_capacity;
    struct epub_entry *entries; /* in the order of the contents */
    size_t n_entries, entries_capacity;
    char *nav; /* the page that holds the contents; "" for none */
};

int epub_contents_read(struct epub_contents *c, const struct package *p, const struct convert_budget *b,
                       struct error *e);
void epub_contents_free(struct epub_contents *c);

#endif
