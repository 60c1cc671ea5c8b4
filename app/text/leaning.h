/* Whether a question leans on something said before, by its words alone. */
#ifndef LECTERN_LEANING_H
#define LECTERN_LEANING_H

#include <stdbool.h>

/* A pronoun without a name before it, or a beginning like "and". An "it" that stands for nothing ("is it true that")
 * is no such pronoun, nor is one that means the text ("what does it say of"), nor one in a clause about a thing that
 * the question names ("what was done to the dog to make it glow"). */
bool leaning_is(const char *question);

#endif
