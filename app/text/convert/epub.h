/* Electronic books (EPUB 2 and 3). */
#ifndef LECTERN_EPUB_H
#define LECTERN_EPUB_H

#include "app/text/convert/converted.h"
#include "app/text/convert/package.h"

/* The text in the order of the book's spine, with the entries of its own contents as places. */
int epub_convert(struct converted *out, const struct package *p, struct error *e);

#endif
