/* How well a name is called by a few letters, as people type them to find it. */
#ifndef LECTERN_FUZZY_H
#define LECTERN_FUZZY_H

#include <stddef.h>

/* The letters of each word of the query, in their order, anywhere in the name, small or capital alike. -1: they are not
 * there; else more is better: letters side by side, at beginnings of words and in the last part of a path, short names.
 */
int fuzzy_score(const char *name, size_t size, const char *query);

#endif
