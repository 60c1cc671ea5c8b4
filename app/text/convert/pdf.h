/* PDF files, by poppler's pdftotext in a process of its own. */
#ifndef LECTERN_PDF_H
#define LECTERN_PDF_H

#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/converted.h"

int pdf_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e);

/* What pdftotext prints, made a text: pages ("p. 3") in place of form feeds, words that a line's end parts joined, "fi"
 * and the like written out. Fails where no page holds words. */
int pdf_text(struct converted *out, const char *printed, size_t size, struct error *e);

#endif
