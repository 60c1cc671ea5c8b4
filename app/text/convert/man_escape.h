/* roff's escapes (groff_char(7)): "\fB" says nothing, "\(em" is a dash, "\-" a minus. */
#ifndef LECTERN_MAN_ESCAPE_H
#define LECTERN_MAN_ESCAPE_H

#include <stddef.h>

/* Room for what `size` bytes of source become. */
#define MAN_ESCAPE_ROOM(size) (4 * (size) + 8)

/* Writes the words of a piece of source; returns their bytes. */
size_t man_escape(char *out, const char *source, size_t size);

#endif
