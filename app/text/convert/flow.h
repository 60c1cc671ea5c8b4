/* Paragraphs out of marked-up text: white space collapses, blocks part, headings and list items are kept as lines. */
#ifndef LECTERN_FLOW_H
#define LECTERN_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "app/text/convert/converted.h"

/* More entries of the contents than these at one word are one too many. */
#define FLOW_MARKS 8

enum flow_gap { FLOW_JOINED, FLOW_LINE, FLOW_PARAGRAPH };

/* Start with zeros and `out`. */
struct flow {
    struct converted *out; /* borrowed */
    enum flow_gap due;     /* what comes before the next word */
    bool blank;            /* and whether a blank does */
    char prefix[24];       /* and what stands at its head: "- ", " | " */
    unsigned pre;          /* inside so many elements that keep white space */
    unsigned cells;        /* inside so many cells of tables: blocks are lines there */
    size_t heading;        /* where the heading that is open begins */
    unsigned level;        /* its level; 0: none is open */
    char *notes;           /* footnotes that come after this paragraph, each with its NUL; owned */
    size_t notes_size, notes_capacity;
    struct flow_mark { /* entries of the contents that begin with the next word */
        unsigned level;
        const char *title; /* borrowed */
    } marks[FLOW_MARKS];
    size_t n_marks;
    unsigned base; /* level of the last mark: headings are inside it */
};

void flow_gap(struct flow *f, enum flow_gap gap);
void flow_prefix(struct flow *f, const char *words);

/* An entry of a book's own contents begins here; `title` is borrowed until the next word. */
void flow_mark(struct flow *f, unsigned level, const char *title);

/* Between these white space is kept. */
void flow_pre_open(struct flow *f);
void flow_pre_close(struct flow *f);

/* Words: white space as the source has it. */
int flow_text(struct flow *f, const char *text, size_t size, struct error *e);

/* The words between are a heading of that level, below the last mark. One that says what the mark before it says is the
 * same heading. */
int flow_heading_open(struct flow *f, unsigned level, struct error *e);
int flow_heading_close(struct flow *f, struct error *e);

/* A footnote, to be put after the paragraph that is being written. */
int flow_note(struct flow *f, const char *text, struct error *e);

/* The end of a paragraph: the notes that wait for it are written. */
int flow_end_paragraph(struct flow *f, struct error *e);

/* The end of the text. Frees what `f` owns, also on failure. */
int flow_finish(struct flow *f, struct error *e);
void flow_free(struct flow *f);

#endif
