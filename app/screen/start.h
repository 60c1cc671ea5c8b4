/* What is shown where no text was named: the texts opened lately, and the working tree that one is in. */
#ifndef LECTERN_START_H
#define LECTERN_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/screen/recent.h"

struct canvas;
struct error;

struct start {
    struct recent *recent; /* owned */
    size_t n_recent;
    char *tree; /* owned: the working tree; NULL: there is none */
    size_t selected, first;
    int64_t now; /* seconds since 1970 */
};

/* Looks into the folder of the talks, and for a working tree around the current directory; false where there is nothing
 * to choose from. */
bool start_open(struct start *s, const char *folder);
void start_close(struct start *s);

/* What a key does: START_OPEN takes what is selected. */
enum start_step { START_STAYS, START_OPEN, START_LEAVES };
enum start_step start_key(struct start *s, uint32_t key);
void start_draw(struct start *s, struct canvas *c);

/* The paths of what is selected, borrowed. */
char *const *start_paths(const struct start *s, size_t *n);

/* Runs it in the terminal. *chosen: whether a text was; false: the user left. */
int start_run(struct start *s, bool *chosen, struct error *e);

#endif
