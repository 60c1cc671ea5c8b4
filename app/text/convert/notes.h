/* Footnotes of marked-up texts: a text that a link of the kind "note" points at is read after the paragraph with the
 * link, not where it lies, at the end of the file or in one of its own. */
#ifndef LECTERN_NOTES_H
#define LECTERN_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct convert_budget;
struct error;

struct note {
    char *key;  /* "file#id" */
    char *text; /* NULL where it was not found */
};

/* Start with zeros. Sorted by key once notes_capture has begun. */
struct notes {
    struct note *items; /* owned */
    size_t n, capacity;
};

/* Whether an element is a link to a note, by its attributes; `href` gets where it points. */
bool notes_is_link(const char *const *attributes, const char **href);

/* Looks for links in `file` (its path in the book; "" for a page alone) and keeps where they point. */
int notes_look(struct notes *n, const char *file, const uint8_t *bytes, size_t size, const struct convert_budget *b,
               struct error *e);

/* Keeps the texts in `file` that links pointed at. */
int notes_capture(struct notes *n, const char *file, const uint8_t *bytes, size_t size, struct convert_budget *b,
                  struct error *e);

/* The text that a link or an element of `file` is about; NULL where it is no note's. */
const char *notes_of_link(const struct notes *n, const char *file, const char *href);
const char *notes_of_id(const struct notes *n, const char *file, const char *id);

void notes_free(struct notes *n);

#endif
