/* Text as man and nroff print it for paper: a character, a backspace, and the same one (bold) or an underline. */
#ifndef LECTERN_OVERSTRIKE_H
#define LECTERN_OVERSTRIKE_H

#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/converted.h"

/* Each backspace takes the character before it away; of an underline and a character, the character stays. */
int overstrike_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e);

#endif
