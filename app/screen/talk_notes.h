/* A talk as Markdown: questions as headings, answers with their places as footnotes, which quote the text. Nothing of
 * the text or of a model is taken as markup. */
#ifndef LECTERN_TALK_NOTES_H
#define LECTERN_TALK_NOTES_H

#include <stdio.h>

struct conversation;
struct corpus;

/* -1 where writing fails. */
int talk_notes_write(FILE *f, const struct conversation *all, const struct corpus *c);

#endif
