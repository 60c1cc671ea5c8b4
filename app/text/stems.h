/* The stems of English words, by which a question's words meet a text's: asked, asking and asks are one. Words of other
 * languages are their own stems. */
#ifndef LECTERN_STEMS_H
#define LECTERN_STEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a list of lower-case words holds this one, in any letter case (ASCII). */
bool stems_list_holds(const char *const *list, size_t n, const char *word, size_t size);

/* Words that every text holds: the, of, what ... */
bool stems_is_stop_word(const char *word, size_t size);

uint64_t stems_hash(const char *word, size_t size);

enum stems_wanted { STEMS_TELLING, /* without stop words */ STEMS_ALL };

/* Hashes of the stems of a text's words, each once; returns how many, at most `most`. */
size_t stems_find(const char *text, size_t size, enum stems_wanted wanted, uint64_t *stems, size_t most);

#endif
