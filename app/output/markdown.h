/* Untrusted text in Markdown: it reads as plain words or as code, and a terminal is shown nothing that it could obey
 * (safe_text.h). */
#ifndef LECTERN_MARKDOWN_H
#define LECTERN_MARKDOWN_H

#include <stddef.h>
#include <stdio.h>

#include "app/text/safe_text.h"

struct own_words;

/* Plain words: what would be markup has a backslash before it. */
void markdown_text(FILE *f, const char *text, size_t size, enum safe_mode mode);

/* The same on one line, runs of white space as one blank. */
void markdown_line(FILE *f, const char *text, size_t size);

/* Lines between fences that none of them closes, each behind the indent. */
void markdown_code(FILE *f, const char *indent, const char *text, size_t size);

/* Bytes [at, end) of an answer, those runs of them in italics that are the text's own words (n, in rising order). */
void markdown_answer(FILE *f, const char *answer, size_t at, size_t end, const struct own_words *own, size_t n);

/* What the italics of an answer mean, a paragraph. */
void markdown_answer_note(FILE *f, const char *answerer);

#endif
