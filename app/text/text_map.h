/* Mappings of large text files that others may truncate meanwhile. Reading past the new end of such a file raises
 * SIGBUS; a handler puts a page of NULs there instead, so that the text stays readable to its old length, and the
 * mapping remembers it. */
#ifndef LECTERN_TEXT_MAP_H
#define LECTERN_TEXT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_map;

/* Maps `size` > 0 bytes of an open regular file, read-only; the descriptor may be closed afterwards. NULL, with errno
 * set, where it cannot be mapped or too many are. Installs the handler where it is not in place; signals that are not
 * for a mapping go to the handler before. */
struct text_map *text_map_open(int fd, size_t size);
void text_map_close(struct text_map *m);

const uint8_t *text_map_bytes(const struct text_map *m);

/* Whether pages were found missing so far. */
bool text_map_shrank(const struct text_map *m);

#endif
