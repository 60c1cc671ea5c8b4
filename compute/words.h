/* The tokenizer of the second reading (models/FORMAT.md): our own code cuts words, folds case and accents, and gives
 * them one at a time to SentencePiece; of a vocabulary of many languages, words as they stand between spaces. Words
 * seen before are looked up: any number of threads at once. */
#ifndef LECTERN_WORDS_H
#define LECTERN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct spm;
struct token_ranges;
struct words;

/* byte_ids: the piece of every byte, copied. `whole`: space alone parts words, and they are not folded. Borrows
 * `pieces` until words_close. */
int words_open(struct words **out, const struct spm *pieces, const int32_t byte_ids[256], bool whole, struct error *e);
void words_close(struct words *w); /* accepts NULL */
bool words_are_whole(const struct words *w);

/* Appends the tokens of a text of less than 4 GB; any bytes are text. On failure (memory) the list may hold some of
 * them. */
int words_encode(const struct words *w, const char *text, size_t size, struct token_ranges *out, struct error *e);

#endif
