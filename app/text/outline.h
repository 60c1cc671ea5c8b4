/* The parts of the text: folders and files as a tree, and inside prose its chapters (Markdown headings, underlined
 * headings, lines such as "CHAPTER 4. The Chase", or "STORY OF THE DOOR" in a text that names its chapters in no other
 * way), the sections of a page of man. Chapters are looked for a slice at a time,
 * between keys. */
#ifndef LECTERN_OUTLINE_H
#define LECTERN_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/corpus.h"

struct definition;

struct outline_entry {
    bool folder, open;
    uint16_t depth;
    const char *name; /* of the last part of the path; borrowed from the corpus */
    size_t size;
    size_t first_document, end_document; /* half-open: inside a folder; a file's own */
    size_t next;                         /* entry after everything inside */
};

struct outline_heading {
    size_t document;
    uint64_t offset, end; /* in the text, with the headings inside it */
    uint16_t level;       /* from 1 */
    uint16_t depth;       /* headings that it is inside */
    bool closed;          /* what is inside is not shown */
    uint16_t size;        /* the title's bytes */
    const char *title;    /* borrowed from the corpus */
};

#define OUTLINE_WORDS 6

struct outline {
    const struct corpus *corpus;   /* borrowed */
    struct outline_entry *entries; /* owned; depth first */
    size_t n_entries;
    struct outline_heading *headings; /* owned; in the order of the text */
    size_t n_headings, heading_capacity;
    size_t *first_heading; /* owned, [n_documents + 1]; valid up to the document being scanned */
    size_t document;       /* being scanned; n_documents when all is */
    uint64_t line;
    /* of the document being scanned */
    const char *words[OUTLINE_WORDS]; /* that name its larger parts, from the outside in */
    size_t n_words, named;            /* chapters that a word names */
    bool manual, shouted, capitals;   /* a page of man; it has lines in capitals; which are taken for chapters */
};

int outline_open(struct outline **out, const struct corpus *c, struct error *e);
void outline_close(struct outline *o);

/* Scans on for about so many milliseconds; false when all is scanned. */
bool outline_step(struct outline *o, int milliseconds);
bool outline_done(const struct outline *o);

/* Puts what a document of code defines among the headings, which then have other numbers; false where there is nothing
 * to put. When all is scanned. */
bool outline_define(struct outline *o, size_t document, const struct definition *list, size_t n);

/* Headings of a document: [begin, end) in `headings`; empty where it is not scanned yet. */
void outline_headings(const struct outline *o, size_t document, size_t *begin, size_t *end);

/* "Part II > Book I > Chapter 3", cut where it is longer; returns its length. */
size_t outline_path(const struct outline *o, size_t heading, char *out, size_t size);

/* The heading that a place is under; NULL where there is none (yet). */
const struct outline_heading *outline_heading_at(const struct outline *o, size_t document, uint64_t offset);

/* Is this a text that is read as prose (of a width for reading, with chapters), going by its name? */
bool outline_is_prose(const struct document *d);

/* Level of a heading line without its newline, 0 where it is none. `title` and `size` get the part to show. `below`:
 * the line after it. */
unsigned outline_heading_level(const char *line, size_t size, const char *below, size_t below_size, size_t *title,
                               size_t *title_size);

#endif
