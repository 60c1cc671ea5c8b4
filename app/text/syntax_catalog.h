/* Which language description is for which files: the patterns that GtkSourceView's descriptions name. Where none are
 * installed, nothing is found. */
#ifndef LECTERN_SYNTAX_CATALOG_H
#define LECTERN_SYNTAX_CATALOG_H

#include <stddef.h>

struct error;
struct syntax_catalog;

/* Of gtksourceview-5, -4 and -3.0 in the directories of XDG_DATA_DIRS, the first that is there. */
int syntax_catalog_open(struct syntax_catalog **out, struct error *e);
void syntax_catalog_close(struct syntax_catalog *c); /* accepts NULL */

/* The language of a file of this name, and the path of a language's description; NULL where there is none. */
const char *syntax_catalog_find(const struct syntax_catalog *c, const char *name);
const char *syntax_catalog_file(const struct syntax_catalog *c, const char *language);

#endif
