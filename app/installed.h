/* The files that come with the program, found from where the program lies: a moved or staged tree works, and so does a
 * build folder inside the source tree. */
#ifndef LECTERN_INSTALLED_H
#define LECTERN_INSTALLED_H

#include <stddef.h>

/* The path of a file, named as in the source tree ("models/lectern-s.gguf"): EXECUTABLE/../share/lectern/NAME, then
 * EXECUTABLE/../../models/NAME. Where neither is there the first of them, for a message. */
void installed_path(char *out, size_t size, const char *in_source);

#endif
