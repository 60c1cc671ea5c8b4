/* Sources of manual pages as text: the macros of man(7) and mdoc(7), as far as they carry words. */
#ifndef LECTERN_MAN_H
#define LECTERN_MAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/convert/flow.h"

int man_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e);

/* The rest is shared with mdoc.c. */

#define MAN_ARGUMENTS 32

struct man_argument {
    const char *text; /* as in the source; not terminated */
    size_t size;
};

struct man {
    struct flow flow;
    bool mdoc;        /* the page is of that kind */
    bool tag;         /* the next line is the tag of a paragraph (.TP) */
    bool condition;   /* of the last .ie */
    unsigned skip;    /* inside so many braces that do not hold */
    bool spaced;      /* a blank stands before the next argument (mdoc) */
    bool synopsis;    /* inside that section (mdoc) */
    char name[64];    /* of the page (mdoc's .Nm) */
    char end[64];     /* what closes the enclosures of a line that is being read (mdoc) */
    char link[256];   /* of .UR and .MT */
    char defines[64]; /* inside .de, .ig: the line that ends it, ".." or another; "": outside */
};

/* Words as the source has them, escapes and all. */
int man_words(struct man *m, const char *text, size_t size, struct error *e);

/* One line of mdoc macros, without its dot. *known: false where the first word is none of them. */
int mdoc_line(struct man *m, const struct man_argument *arguments, size_t n, bool *known, struct error *e);

#endif
