/* Documents of word processors: DOCX (Office Open XML) and ODT (OpenDocument, also its sheets and slides). */
#ifndef LECTERN_OFFICE_H
#define LECTERN_OFFICE_H

#include "app/text/convert/converted.h"
#include "app/text/convert/package.h"

int office_convert_docx(struct converted *out, const struct package *p, struct error *e);
int office_convert_odf(struct converted *out, const struct package *p, struct error *e);

#endif
