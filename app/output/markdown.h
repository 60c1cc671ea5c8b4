/* Untrusted text in Markdown: it reads as plain words or as code, and a terminal is shown nothing that it could obey
 * (safe_text.h). */
#ifndef LECTERN_MARKDOWN_H
#define LECTERN_MARKDOWN_H

#include <stddef.h>
#include <stdio.h>

#include "app/text/safe_text.h"

/* Plain words: what would be markup has a backslash before it. */
void markdown_text(FILE *f, const char *text, size_t size, enum safe_mode mode);

/* The same on one line, runs of white space as one blank. */
void markdown_line(FILE *f, const char *text, size_t size);

/* Lines between fences that none of them closes, each behind the indent. */
void markdown_code(FILE *f, const char *indent, const char *text, size_t size);

#endif
