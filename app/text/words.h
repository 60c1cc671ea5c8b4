/* The words of a text, as BM25 and quoting compare them: runs of letters, marks, digits and underscores in lower case.
 * A run that mixes cases, letters and digits, or has underscores inside, also counts in parts: readFile2 is readfile2,
 * read, file and 2. Where words are written without spaces (Chinese, Japanese, Thai, Khmer, Lao, Burmese), every two
 * neighbouring characters are a word: whatever the real words are, a question and a text share their pairs. Korean
 * words, which carry their particles, count whole and in such pairs; Cyrillic and Greek ones, which are inflected,
 * whole and by their first five letters. The recipe's words() in models/train/queries.py finds the same in ASCII. */
#ifndef LECTERN_WORDS_H
#define LECTERN_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Called with a word's place in the text and the hash of its folded form (lower case; full width and composed letters
 * like plain ones; Arabic and Hebrew without their vowel marks); equal words have equal hashes, and different ones do
 * not in practice (64 bits). */
typedef void words_found(void *context, uint64_t hash, size_t begin, size_t end);

/* Finds the words of a text in UTF-8; invalid bytes part words. Parts come after their whole word. */
void words_find(const char *text, size_t size, words_found *found, void *context);

/* The hash of one word. */
uint64_t words_hash(const char *word, size_t size);

#endif
