/* The texts that were opened lately, as their talks (talk.h) tell. */
#ifndef LECTERN_RECENT_H
#define LECTERN_RECENT_H

#include <stddef.h>
#include <stdint.h>

/* More are not looked at. */
#define RECENT_MOST 50

struct recent {
    char *talk;     /* owned, like the rest: the file */
    char **paths;   /* what was named, to be opened again */
    size_t n_paths; /* at least 1 */
    char *question; /* the last one; NULL: none was asked */
    double part;    /* of the text before the place, 0 to 1 */
    int64_t when;   /* seconds since 1970 */
};

/* *out: malloc'ed, the latest first; talks that are damaged, or of what cannot be opened again (a pipe), are left out.
 * Returns how many. */
size_t recent_list(struct recent **out, const char *folder);
void recent_free(struct recent *all, size_t n);
void recent_free_one(struct recent *r); /* what it owns */

#endif
