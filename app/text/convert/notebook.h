/* Jupyter notebooks: the cells' sources, and what they printed. */
#ifndef LECTERN_NOTEBOOK_H
#define LECTERN_NOTEBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/converted.h"

/* *is_one: whether the JSON is a notebook; where it is not, nothing is written. */
int notebook_convert(struct converted *out, const uint8_t *bytes, size_t size, bool *is_one, struct error *e);

#endif
