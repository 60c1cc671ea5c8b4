/* Links inside a book. */
#ifndef LECTERN_HREF_H
#define LECTERN_HREF_H

#include <stdbool.h>

/* The path that `href` means in the file at path `base`, with its fragment ("#id") where wanted: "%20" is a blank, ".."
 * a folder up and never out. malloc'ed; NULL without memory. */
char *href_resolve(const char *base, const char *href, bool fragment);

#endif
