#include "app/text/convert/fictionbook.h"

#include <stdbool.h>
#include <string.h>

#include "app/text/convert/flow.h"
#include "app/text/convert/markup.h"
#include "app/text/convert/notes.h"
#include "compute/error.h"

struct book {
    struct flow flow;
    const struct notes *notes;
    unsigned depth, quiet; /* quiet: the element inside which nothing is read; 0: none */
    unsigned sections;
    bool in_title;
};

static bool is_tag(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static int open_link(struct book *b, const char *const *attributes, struct error *e)
{
    const char *href;
    if (!notes_is_link(attributes, &href)) return 0;
    const char *note = notes_of_link(b->notes, "", href);
    return note ? flow_note(&b->flow, note, e) : 0;
}

/* The words in a title are several paragraphs and one heading. */
static int book_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct book *b = context;
    b->depth++;
    if (b->quiet) return 0;
    const char *id = markup_attribute(attributes, "id");
    if (is_tag(name, "binary") || is_tag(name, "document-info") || is_tag(name, "publish-info") ||
        is_tag(name, "custom-info") || (is_tag(name, "section") && id && notes_of_id(b->notes, "", id))) {
        b->quiet = b->depth;
        return 0;
    }
    if (is_tag(name, "section")) b->sections++;
    if (is_tag(name, "book-title")) return flow_heading_open(&b->flow, 1, e);
    if (is_tag(name, "title")) {
        b->in_title = true;
        return flow_heading_open(&b->flow, b->sections + 1, e);
    }
    if (is_tag(name, "a")) return open_link(b, attributes, e);
    if (is_tag(name, "v") || is_tag(name, "tr") || is_tag(name, "first-name") || is_tag(name, "genre"))
        flow_gap(&b->flow, FLOW_LINE);
    if (is_tag(name, "last-name") || is_tag(name, "middle-name")) return flow_text(&b->flow, " ", 1, e);
    if (b->in_title) return is_tag(name, "p") ? flow_text(&b->flow, " ", 1, e) : 0;
    if (is_tag(name, "td") || is_tag(name, "th")) return flow_text(&b->flow, " ", 1, e);
    bool block = is_tag(name, "p") || is_tag(name, "subtitle") || is_tag(name, "stanza") || is_tag(name, "poem") ||
                 is_tag(name, "cite") || is_tag(name, "epigraph") || is_tag(name, "annotation") ||
                 is_tag(name, "table") || is_tag(name, "text-author") || is_tag(name, "author");
    return block ? flow_end_paragraph(&b->flow, e) : 0;
}

static int book_close(void *context, const char *name, struct error *e)
{
    struct book *b = context;
    int result = 0;
    if (!b->quiet) {
        if (is_tag(name, "section") && b->sections > 0) b->sections--;
        if (is_tag(name, "title")) b->in_title = false;
        if (is_tag(name, "title") || is_tag(name, "book-title")) result = flow_heading_close(&b->flow, e);
        if (!b->in_title && (is_tag(name, "p") || is_tag(name, "subtitle") || is_tag(name, "text-author")))
            result = flow_end_paragraph(&b->flow, e);
    }
    if (b->quiet == b->depth) b->quiet = 0;
    b->depth--;
    return result;
}

static int book_text(void *context, const char *text, size_t size, struct error *e)
{
    struct book *b = context;
    return b->quiet ? 0 : flow_text(&b->flow, text, size, e);
}

int fictionbook_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e)
{
    struct notes notes = {0};
    struct book b = {.flow = {.out = out}, .notes = &notes};
    const struct markup_handler h = {book_open, book_close, book_text, &b};
    int result = notes_look(&notes, "", bytes, size, out->budget, e);
    if (result == 0 && notes.n > 0) result = notes_capture(&notes, "", bytes, size, out->budget, e);
    if (result == 0) result = markup_xml(bytes, size, &h, out->budget, e) == MARKUP_OK ? 0 : -1;
    if (result == 0) result = flow_finish(&b.flow, e);
    flow_free(&b.flow);
    notes_free(&notes);
    return result;
}
