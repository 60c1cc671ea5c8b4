/* Documents that are not plain text, as text. Which kind a file is: kind.h. Archives are walked by corpus_convert.c. */
#ifndef LECTERN_CONVERT_H
#define LECTERN_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/text/convert/converted.h"
#include "app/text/convert/kind.h"

/* What a zip is. */
enum package_kind {
    PACKAGE_ARCHIVE, /* just an archive */
    PACKAGE_EPUB,
    PACKAGE_DOCX,
    PACKAGE_ODF,
    PACKAGE_OTHER, /* of an office program, and not read: sheets and slides */
};

int convert_package_kind(enum package_kind *out, const uint8_t *bytes, size_t size, struct convert_budget *b,
                         struct error *e);

/* Converts one document. `out` has a budget and is otherwise zeros. *is_one: false where the bytes are plain text after
 * all (JSON that is no notebook, or a page where no library reads markup), and nothing is written. */
int convert_document(struct converted *out, enum kind kind, enum package_kind package, const uint8_t *bytes,
                     size_t size, bool *is_one, struct error *e);

/* "libarchive 3.6.2, libxml2 2.9.14, pdftotext 22.12.0": what converts here; without what is not there. One line. */
void convert_libraries(FILE *out);

#endif
