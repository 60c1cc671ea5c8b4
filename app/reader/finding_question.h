/* A question as the tokens that are asked. */
#ifndef LECTERN_FINDING_QUESTION_H
#define LECTERN_FINDING_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct model;
struct reader;
struct tokens;

/* The question's tokens. In scripts whose characters take several tokens each a question that is not long may have too
 * many: then it is its end that is asked with, from byte *begin on (words are still compared with all of it). */
int finding_question_tokens(const struct model *m, const char *question, struct tokens *out, uint32_t *begin,
                            struct error *e);

/* The question's ids with the tokens around it; *n_own: without them. */
int finding_question_encode(const struct model *m, const char *question, struct tokens *out, uint32_t *n_own,
                            struct error *e);

/* Whether the reader knows the question's script. Windows read a public encoder's vocabulary: where it has none of the
 * words, places are ranked by words alone. One of many languages has them all. */
bool finding_question_is_known(const struct model *m, const char *question);

/* Whether a question is short enough to be asked. */
bool finding_question_fits(struct reader *r, const char *question);

#endif
