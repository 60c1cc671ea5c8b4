/* The texts themselves, where no screen can be drawn. */
#ifndef LECTERN_PLAIN_H
#define LECTERN_PLAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

struct corpus;
struct error;

/* Writes document after document, in UTF-8 and otherwise as it is; `for_terminal`: made safe to show (safe_text.h).
 * Several have a heading each, "==> PATH <==", the path always made safe. *cancel is looked at every few kilobytes:
 * ERROR_CANCELLED. */
int plain_write(FILE *f, const struct corpus *c, bool for_terminal, const atomic_bool *cancel, struct error *e);

#endif
