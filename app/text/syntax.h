/* What the bytes of a line of code are, by a language description of GtkSourceView: comments, strings, keywords. The
 * expressions are PCRE2's, compiled when they are first needed. */
#ifndef LECTERN_SYNTAX_H
#define LECTERN_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct syntax;
struct syntax_catalog;

enum syntax_kind {
    SYNTAX_PLAIN,
    SYNTAX_COMMENT,
    SYNTAX_STRING,
    SYNTAX_KEYWORD,
    SYNTAX_TYPE,
    SYNTAX_CONSTANT,
    SYNTAX_PREPROCESSOR,
    SYNTAX_FUNCTION,
    SYNTAX_KINDS
};

#define SYNTAX_DEPTH 24

/* Between two lines: what is still open, from the outside in. Zeros at the beginning of a text. */
struct syntax_state {
    size_t depth;
    struct {
        size_t context;
        uint8_t kind;
    } open[SYNTAX_DEPTH];
};

int syntax_open(struct syntax **out, const struct syntax_catalog *c, const char *language, struct error *e);
void syntax_close(struct syntax *s); /* accepts NULL */

/* Goes over a line without its newline: kinds[size] is written, the state goes on. A very long line is plain. */
void syntax_line(struct syntax *s, struct syntax_state *state, const char *line, size_t size, bool first,
                 uint8_t *kinds);

#endif
