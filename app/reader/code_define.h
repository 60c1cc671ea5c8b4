/* Names of code that a question holds, and whether a place defines one. */
#ifndef LECTERN_CODE_DEFINE_H
#define LECTERN_CODE_DEFINE_H

#include <stdbool.h>
#include <stddef.h>

#define CODE_NAMES 8

struct code_name {
    const char *text; /* in the question */
    size_t size;
};

struct code_names {
    struct code_name names[CODE_NAMES];
    size_t n;
    bool whole; /* the question is nothing but a name */
};

/* Of "Rack::Response", Response; of a sentence the words with capitals or underscores inside. Borrows the question. */
void code_define_names(const char *question, struct code_names *out);

/* Whether a text has "class NAME", "func (r *T) NAME", "def self.NAME", "#define NAME" and the like, letter for letter.
 */
bool code_define_found(const char *text, size_t size, const struct code_name *name);

/* Whether a file's name without its ending is the name, but for letter case, underscores and a plural. */
bool code_define_is_named(const struct code_name *name, const char *file, size_t size);

#endif
