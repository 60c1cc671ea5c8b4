/* An answer in the words of a small model, over the sentences that are quoted without one. A model of a hundred million
 * parameters finds the answer in a passage less often than quoting does, and otherwise invents one: it is shown the
 * best passage alone, what it says stands only where the passage has all its words of substance and the question has
 * not, and the sentences below it let the reader judge. */
#ifndef LECTERN_ANSWER_SMALL_H
#define LECTERN_ANSWER_SMALL_H

#include <stdbool.h>
#include <stddef.h>

struct answer;
struct answerer;
struct backend;
struct corpus;
struct error;
struct answer_callbacks;

/* Words a->text from a->finding->items, of which there is one at least. */
int answer_small(struct answer *a, const struct corpus *corpus, struct answerer *w, struct backend *b,
                 const struct answer_callbacks *c, struct error *e);

/* Whether every word of substance in the answer is in the passage or the question, and one of them only in the passage.
 */
bool answer_small_stands(const char *answer, const char *question, const char *passage, size_t size);

#endif
