/* What of a text a question is asked of, as it is typed in the question itself: "in:src/", "in:*.c", in:"Chapter 3",
 * in:main.c:120-145 (lines; of the only file in:120-145), "kind:docs". */
#ifndef LECTERN_SCOPE_WORDS_H
#define LECTERN_SCOPE_WORDS_H

#include "app/reader/scope.h"

struct corpus;
struct error;
struct outline;

struct scope_words {
    char *question; /* owned: without them */
    char *within;   /* owned: they alone, a blank between two; "" where there are none */
};

int scope_words_split(struct scope_words *out, const char *asked, struct error *e);
void scope_words_free(struct scope_words *w);

/* What they mean in this text: a path or a pattern of paths, else lines of a file, else every chapter that is called
 * so, with those inside it. -1 where a word means nothing here. Freed by scope_free. */
int scope_words_resolve(struct scope *out, const char *within, const struct corpus *c, const struct outline *o,
                        struct error *e);

#endif
