/* Where a person finds the places of a converted text again: its chapters, pages, cells. */
#ifndef LECTERN_PARTS_H
#define LECTERN_PARTS_H

#include <stddef.h>
#include <stdint.h>

struct error;

/* From `offset` of the text up to the next part. */
struct parts_item {
    uint64_t offset;
    unsigned level;   /* as an entry of the contents, from 1; 0: none, only a place ("p. 12") */
    size_t at, title; /* where in `names` the place and the entry's own words begin; equal where level is 0 */
};

/* Start with zeros. Offsets never fall. */
struct parts {
    struct parts_item *items; /* owned */
    size_t n, capacity;
    char *names; /* owned; each ends with a NUL */
    size_t names_size, names_capacity;
};

/* A place without an entry in the contents, called `at`. Both return -1 without memory. */
int parts_add_place(struct parts *p, uint64_t offset, const char *at, struct error *e);

/* An entry of the contents. Its place is called by it and by the entries that it is inside: "Chapter 3 > The Door".
 * Runs of white space in the title are one blank; an empty title adds nothing. */
int parts_add_heading(struct parts *p, uint64_t offset, unsigned level, const char *title, size_t size,
                      struct error *e);

/* The place of an offset; NULL where none begins at it or before. */
const char *parts_at(const struct parts *p, uint64_t offset);
const char *parts_title(const struct parts *p, const struct parts_item *part);

void parts_free(struct parts *p);

#endif
