/* What quoting sees in a text: sentences and lines, the question's words, dates, numbers and names, definitions in
 * code. */
#ifndef LECTERN_QUOTE_TEXT_H
#define LECTERN_QUOTE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 400 characters of any script, in pairs, and more. */
#define QUOTE_MAX_TERMS 512

/* What kind of thing a question asks for. */
enum quote_kind { QUOTE_ANY, QUOTE_PERSON, QUOTE_PLACE, QUOTE_TIME, QUOTE_NUMBER, QUOTE_REASON };

struct quote_question {
    uint64_t terms[QUOTE_MAX_TERMS]; /* hashes of the stems of its words, stop words left out (kept where there is
                                        nothing else) */
    size_t n_terms;
    enum quote_kind kind;
};

/* A set of a question's terms. */
struct quote_terms {
    uint64_t bits[QUOTE_MAX_TERMS / 64];
};

static inline bool quote_terms_hold(const struct quote_terms *s, size_t term)
{
    return s->bits[term / 64] >> term % 64 & 1;
}

void quote_text_read_question(struct quote_question *q, const char *question);

/* By the extension of its path. */
bool quote_text_is_code(const char *path);

/* End of the line or sentence that begins at `at` < size. Sentences end at . ! ? and closing marks before white space,
 * at the stops of other scripts, at blank lines, and before list items; not after titles and initials. */
size_t quote_text_line_end(const char *text, size_t at, size_t size);
size_t quote_text_sentence_end(const char *text, size_t at, size_t size);

/* Without the white space around it. */
void quote_text_trim(const char *text, size_t *begin, size_t *end);

/* *asked: the terms of the question that are there; *n_words; *kind: 1 where it holds what the question asks
 * for and does not name itself, else 0. */
void quote_text_look(const struct quote_question *q, const char *text, size_t size, struct quote_terms *asked,
                     size_t *n_words, float *kind);

/* Whether a line of code defines something, or is a comment. */
bool quote_text_is_definition(const char *line, size_t size);
bool quote_text_is_comment(const char *line, size_t size);

#endif
