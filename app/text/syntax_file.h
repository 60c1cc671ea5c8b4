/* A language description of GtkSourceView (Debian: libgtksourceview-4-common), as it stands in its file: named pieces
 * of expressions, styles, and contexts that hold each other. */
#ifndef LECTERN_SYNTAX_FILE_H
#define LECTERN_SYNTAX_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct syntax_catalog;

/* A piece of an expression with its options written in: "(?x:...)". */
struct syntax_piece {
    char *id; /* "c:escape"; NULL where it has no name */
    char *text;
};

struct syntax_style {
    char *id, *map; /* "c:string", "def:string"; map NULL: it stands for itself */
};

#define SYNTAX_NONE ((size_t)-1)

struct syntax_context {
    char *id;    /* "c:string"; NULL: it has none */
    char *ref;   /* stands for that context, or with ":*" at its end for what is inside it; NULL: for itself */
    char *style; /* NULL: none of its own */
    char *match, *start, *end, *prefix, *suffix;
    char *keywords;                  /* alternatives of an expression */
    int part;                        /* of the match around it: the number of a group; -1: it is no part */
    bool line;                       /* it ends with the line */
    bool first;                      /* only in the first line */
    bool plain;                      /* what it stands for has no style here */
    bool yields;                     /* the end of what is around it comes first */
    size_t around, n_inside, inside; /* the context around it, or SYNTAX_NONE; the first one inside it */
    size_t next;                     /* after it, inside the same one; or SYNTAX_NONE */
};

/* What several files say together; zero-initialise. */
struct syntax_file {
    struct syntax_piece *pieces; /* owned, as all below */
    size_t n_pieces, pieces_capacity;
    struct syntax_style *styles;
    size_t n_styles, styles_capacity;
    struct syntax_context *contexts;
    size_t n_contexts, contexts_capacity;
    char **languages; /* whose files were taken */
    size_t n_languages, languages_capacity;
};

/* Takes the description of a language, and those of the languages that it speaks of; one that is not there is passed
 * over. */
int syntax_file_take(struct syntax_file *f, const struct syntax_catalog *c, const char *language, struct error *e);
void syntax_file_free(struct syntax_file *f);

/* The last one of that name: a language may replace what another has. NULL, SYNTAX_NONE: there is none. */
const char *syntax_file_piece(const struct syntax_file *f, const char *id);
size_t syntax_file_context(const struct syntax_file *f, const char *id);

/* The style that one looks like ("def:string" for "c:string"); NULL: it stands for itself. */
const char *syntax_file_map(const struct syntax_file *f, const char *style);

#endif
