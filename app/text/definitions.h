/* What a file of code defines, as universal-ctags finds it: a program of its own that need not be there, run beside
 * this one. */
#ifndef LECTERN_DEFINITIONS_H
#define LECTERN_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct definitions;

struct definition {
    uint64_t line; /* from 1 */
    char name[100];
};

/* Begins to look into a file; false where ctags cannot be run. */
bool definitions_open(struct definitions **out, const char *file);
void definitions_close(struct definitions *d); /* accepts NULL; ends the program */

/* Takes what has been found, without waiting; false when that is all. */
bool definitions_step(struct definitions *d);

/* Functions, types and the like, by their lines; variables and members are left out. Valid until definitions_close. */
const struct definition *definitions_found(const struct definitions *d, size_t *n);

#endif
