/* What a reader leaves in a text (the place, marks, open contents, questions with their answers and evidence), kept on
 * disk by the text's content, so that it is there again whatever the text is called and wherever it lies. Kept reads
 * come and go; a talk stays. */
#ifndef LECTERN_TALK_H
#define LECTERN_TALK_H

#include <stdbool.h>

struct corpus;
struct error;
struct screen;

/* Where all talks are kept: below `directory`, or where that is NULL below $XDG_STATE_HOME/lectern or
 * ~/.local/state/lectern; and where the talk about a text is. *out: malloc'ed. */
int talk_folder(char **out, const char *directory, struct error *e);
int talk_path(char **out, const char *directory, const struct corpus *c, struct error *e);

/* Puts back what is kept there, if anything is, into a screen that nobody has used yet. What is damaged is moved aside
 * (ERROR_DAMAGED); after another failure nothing should be kept over what is there. */
int talk_load(struct screen *s, const char *path, struct error *e);

/* Keeps it, the old one replaced at once; `durable`: put on the disk before that. */
int talk_save(const struct screen *s, const char *path, bool durable, struct error *e);

#endif
