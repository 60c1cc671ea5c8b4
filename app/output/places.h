/* The places of a finding, for people, for pipes and for editors, which jump to them. */
#ifndef LECTERN_PLACES_H
#define LECTERN_PLACES_H

#include <stdbool.h>
#include <stdio.h>

#include "app/output/report.h"

enum places_format { PLACES_TEXT, PLACES_JSON, PLACES_JSONL, PLACES_MARKDOWN, PLACES_VIM, PLACES_EMACS };

/* The format of that name; false: there is none. */
bool places_format_named(const char *name, enum places_format *out);

/* Whether it gives places and nothing else. */
bool places_are_all(enum places_format format);

/* What is written, all borrowed. */
struct places {
    const struct report *report; /* its snippet_lines negative: as many as is usual in the format */
    const struct finding *finding;
    const struct answer *answer; /* NULL: places only */
    const char *of;              /* the place that the others are like; NULL: a question was asked */
};

/* Writes them in the format and flushes. The answer's words are written in JSON and Markdown only; as text they have
 * been shown before, as they came.
 *
 * For editors every line is PATH:LINE:COLUMN: TEXT (vim, COLUMN in bytes) or PATH:LINE: TEXT (emacs), the path as it is
 * opened from here; a place that no editor can go to (in a book, from a pipe, in a file whose name would break the
 * line) is named without a number between colons. */
int places_write(const struct places *p, enum places_format format, FILE *f, struct error *e);

#endif
