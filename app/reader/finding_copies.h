/* Places that are nearly the same text: vendored files, versions of one file, anthologies. The first of them that is
 * met stands for its copies in the same document, and for those in more than two other documents, so that what is
 * listed and read again is not one place many times.
 *
 * A place is a copy of another where all its words but one in twenty stand in the other or right around it, in runs of
 * the same words (so that borders may be shifted, and some words changed); where a third of them at least stand in the
 * other itself; and where no telling word of the question stands in it alone. A sentence more makes another place. */
#ifndef LECTERN_FINDING_COPIES_H
#define LECTERN_FINDING_COPIES_H

#include <stddef.h>

struct corpus;
struct error;
struct finding_copies;
struct reader_segment;

/* For the places of one question; `most` are remembered, later ones copy only these. Corpus and segments are borrowed.
 */
int finding_copies_open(struct finding_copies **out, const struct corpus *corpus, const struct reader_segment *segments,
                        const char *question, size_t most, struct error *e);
void finding_copies_close(struct finding_copies *c); /* accepts NULL */

/* The first segment asked for that stands for this one; itself, where none does. */
size_t finding_copies_first(struct finding_copies *c, size_t segment);

/* list[n], segments by rank: puts those that copy a place before them behind the others, the order of either kind kept,
 * as far as `most` need it. A place that was asked for before the list takes the position of its first copy there.
 * Returns how many are to be used, at most `most`. */
size_t finding_copies_put_behind(struct finding_copies *c, size_t *list, size_t n, size_t most);

#endif
