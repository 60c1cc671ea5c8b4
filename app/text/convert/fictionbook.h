/* FictionBook (FB2): a book that is one XML file. */
#ifndef LECTERN_FICTIONBOOK_H
#define LECTERN_FICTIONBOOK_H

#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/converted.h"

int fictionbook_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e);

#endif
