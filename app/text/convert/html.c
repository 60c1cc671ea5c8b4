#define _GNU_SOURCE /* memmem */
#include "app/text/convert/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/markup.h"
#include "app/text/convert/notes.h"
#include "app/text/encoding.h"
#include "compute/error.h"

enum element { INLINE, BLOCK, LINE, LIST, ITEM, ROW, CELL, HEADING, PRE, BREAK, TITLE, LINK, RAISED, QUIET };

static const struct {
    const char *name;
    enum element element;
} elements[] = {
    /* sorted, for bsearch */
    {"a", LINK},       {"address", BLOCK},    {"applet", QUIET}, {"article", BLOCK},  {"aside", BLOCK},
    {"audio", QUIET},  {"blockquote", BLOCK}, {"body", BLOCK},   {"br", BREAK},       {"canvas", QUIET},
    {"caption", LINE}, {"center", BLOCK},     {"dd", LINE},      {"details", BLOCK},  {"div", BLOCK},
    {"dl", BLOCK},     {"dt", LINE},          {"embed", QUIET},  {"fieldset", BLOCK}, {"figcaption", BLOCK},
    {"figure", BLOCK}, {"footer", BLOCK},     {"form", BLOCK},   {"h1", HEADING},     {"h2", HEADING},
    {"h3", HEADING},   {"h4", HEADING},       {"h5", HEADING},   {"h6", HEADING},     {"header", BLOCK},
    {"hr", BLOCK},     {"iframe", QUIET},     {"legend", LINE},  {"li", ITEM},        {"main", BLOCK},
    {"nav", BLOCK},    {"object", QUIET},     {"ol", LIST},      {"option", LINE},    {"p", BLOCK},
    {"pre", PRE},      {"rp", QUIET},         {"rt", QUIET},     {"script", QUIET},   {"section", BLOCK},
    {"style", QUIET},  {"summary", BLOCK},    {"sup", RAISED},   {"svg", QUIET},      {"table", BLOCK},
    {"td", CELL},      {"template", QUIET},   {"textarea", PRE}, {"th", CELL},        {"title", TITLE},
    {"tr", ROW},       {"ul", LIST},          {"video", QUIET},
};

/* How deep lists are counted. */
#define LISTS 16

struct page {
    struct flow *flow;
    const struct html_page *page;
    unsigned depth, quiet;        /* of elements; the one inside which nothing is read, 0: none */
    unsigned lists, items[LISTS]; /* items so far of an ordered list, + 1; 0: unordered */
    unsigned column;              /* of the table's row */
    unsigned link, raised;        /* depth of the link and the raised words that are open */
    bool wants_bracket;           /* before the words of a raised link that have none of their own */
    bool bracket;                 /* "[" was put there: "]" comes after them */
};

static int compare_elements(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static enum element element_of(const char *name)
{
    const void *found = bsearch(name, elements, sizeof elements / sizeof *elements, sizeof *elements, compare_elements);
    return found ? elements[((const char *)found - (const char *)elements) / (ptrdiff_t)sizeof *elements].element
                 : INLINE;
}

static void open_item(struct page *p)
{
    flow_gap(p->flow, FLOW_LINE);
    char prefix[24];
    unsigned *n = p->lists > 0 && p->lists <= LISTS ? &p->items[p->lists - 1] : NULL;
    int indent = p->lists > 1 ? 2 * (int)(p->lists < 5 ? p->lists - 1 : 4) : 0;
    if (n && *n > 0)
        snprintf(prefix, sizeof prefix, "%*s%u. ", indent, "", (*n)++);
    else
        snprintf(prefix, sizeof prefix, "%*s- ", indent, "");
    flow_prefix(p->flow, prefix);
}

/* A paragraph that opens a list's item goes on behind its mark. */
static int open_block(struct page *p, struct error *e)
{
    if (p->flow->prefix[0]) return 0;
    return p->lists > 0 ? (flow_gap(p->flow, FLOW_LINE), 0) : flow_end_paragraph(p->flow, e);
}

static int open_list(struct page *p, const char *name, struct error *e)
{
    int result = p->lists > 0 ? (flow_gap(p->flow, FLOW_LINE), 0) : flow_end_paragraph(p->flow, e);
    if (p->lists++ < LISTS) p->items[p->lists - 1] = name[0] == 'o';
    return result;
}

static int open_link(struct page *p, const char *const *attributes, struct error *e)
{
    const char *href, *note = NULL;
    bool reference = notes_is_link(attributes, &href);
    if (p->page->notes && reference) note = notes_of_link(p->page->notes, p->page->file, href);
    if (p->link == 0) p->link = p->depth;
    if (reference || (href && p->raised)) p->wants_bracket = true;
    return note ? flow_note(p->flow, note, e) : 0;
}

/* "word^1" with the 1 a link: "word[1]". */
static void open_raised(struct page *p)
{
    if (p->raised == 0) p->raised = p->depth;
    if (p->link != 0 && !p->bracket) p->wants_bracket = true;
}

/* In front of the first word, without the white space before it. */
static int put_bracket(struct page *p, const char **text, size_t *size, struct error *e)
{
    while (*size > 0 && strchr(" \t\r\n", **text)) (*text)++, (*size)--;
    if (*size == 0) return 0;
    p->wants_bracket = false;
    p->bracket = !strchr("[(", **text);
    return p->bracket ? flow_text(p->flow, "[", 1, e) : 0;
}

static int open_known(struct page *p, enum element element, const char *name, const char *const *attributes,
                      struct error *e)
{
    struct flow *f = p->flow;
    switch (element) {
    case BLOCK:
        return open_block(p, e);
    case LINE:
        flow_gap(f, FLOW_LINE);
        return 0;
    case BREAK:
        flow_gap(f, FLOW_LINE);
        return 0;
    case LIST:
        return open_list(p, name, e);
    case ITEM:
        open_item(p);
        return 0;
    case ROW:
        flow_gap(f, FLOW_LINE);
        p->column = 0;
        return 0;
    case CELL:
        if (p->column++ > 0 && f->due == FLOW_JOINED) flow_prefix(f, " | ");
        f->cells++;
        return 0;
    case HEADING:
        return flow_heading_open(f, (unsigned)(name[1] - '0'), e);
    case TITLE:
        return p->page->chapter ? (p->quiet = p->depth, 0) : flow_heading_open(f, 1, e);
    case PRE:
        flow_pre_open(f);
        return 0;
    case LINK:
        return open_link(p, attributes, e);
    case RAISED:
        open_raised(p);
        return 0;
    case QUIET:
        p->quiet = p->depth;
        return 0;
    case INLINE:
        break;
    }
    return 0;
}

static void mark_entries(struct page *p, const char *id)
{
    for (size_t i = 0; i < p->page->n_entries; i++) {
        const struct html_entry *entry = &p->page->entries[i];
        if (strcmp(entry->id, id) == 0) flow_mark(p->flow, entry->level, entry->title);
    }
}

static int on_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct page *p = context;
    p->depth++;
    if (p->quiet) return 0;
    enum element element = element_of(name);
    const char *id = markup_attribute(attributes, "id");
    if (!id && element == LINK) id = markup_attribute(attributes, "name");
    if (id && p->page->notes && element != LINK && notes_of_id(p->page->notes, p->page->file, id)) {
        p->quiet = p->depth; /* it is read where it is referred to */
        return 0;
    }
    if (element == BLOCK || element == HEADING || element == LINE) {
        int result = open_known(p, element == HEADING ? BLOCK : element, name, attributes, e);
        if (id) mark_entries(p, id);
        if (result != 0 || element != HEADING) return result;
        return open_known(p, element, name, attributes, e);
    }
    if (id) mark_entries(p, id);
    return open_known(p, element, name, attributes, e);
}

static int close_bracket(struct page *p, struct error *e)
{
    p->wants_bracket = false;
    if (!p->bracket) return 0;
    p->bracket = false;
    return flow_text(p->flow, "]", 1, e);
}

static int close_known(struct page *p, enum element element, struct error *e)
{
    struct flow *f = p->flow;
    switch (element) {
    case BLOCK:
        return p->lists > 0 ? (flow_gap(f, FLOW_LINE), 0) : flow_end_paragraph(f, e);
    case LINE:
    case ITEM:
    case ROW:
        flow_gap(f, FLOW_LINE);
        f->prefix[0] = '\0'; /* of an item without words */
        return 0;
    case LIST:
        if (p->lists > 0) p->lists--;
        return p->lists > 0 ? (flow_gap(f, FLOW_LINE), 0) : flow_end_paragraph(f, e);
    case CELL:
        if (f->cells > 0) f->cells--;
        return 0;
    case HEADING:
    case TITLE:
        return flow_heading_close(f, e);
    case PRE:
        flow_pre_close(f);
        return 0;
    case LINK:
        if (p->link != p->depth) return 0;
        p->link = 0;
        return p->raised ? 0 : close_bracket(p, e);
    case RAISED:
        if (p->raised != p->depth) return 0;
        p->raised = 0;
        return p->link ? 0 : close_bracket(p, e);
    case BREAK:
    case QUIET:
    case INLINE:
        break;
    }
    return 0;
}

static int on_close(void *context, const char *name, struct error *e)
{
    struct page *p = context;
    int result = p->quiet ? 0 : close_known(p, element_of(name), e);
    if (p->quiet == p->depth) p->quiet = 0;
    if (p->depth > 0) p->depth--;
    return result;
}

static int on_text(void *context, const char *text, size_t size, struct error *e)
{
    struct page *p = context;
    if (p->quiet) return 0;
    if (p->wants_bracket && put_bracket(p, &text, &size, e) != 0) return -1;
    return flow_text(p->flow, text, size, e);
}

/* NULL where the page says its encoding itself; "UTF-8" where that holds, whatever it says; else a guess. */
static const char *encoding_of(struct encoding_choice *choice, const uint8_t *bytes, size_t size)
{
    struct encoding_scan scan = {0};
    encoding_look(&scan, bytes, size, size);
    encoding_decide(choice, &scan, bytes, size, NULL);
    if (choice->bom == 0 && scan.invalid > 0 && memmem(bytes, size < 2048 ? size : 2048, "charset", 7)) return NULL;
    return choice->name;
}

int html_add(struct flow *f, const struct html_page *page, struct error *e)
{
    struct page p = {.flow = f, .page = page};
    const struct markup_handler h = {on_open, on_close, on_text, &p};
    const struct flow before = *f;
    struct converted *out = f->out;
    size_t size = out->size, n_parts = out->parts.n;
    struct encoding_choice choice;
    mark_entries(&p, "");
    enum markup_result result = page->chapter ? markup_xml(page->bytes, page->size, &h, out->budget, e) : MARKUP_BROKEN;
    if (result == MARKUP_BROKEN) { /* not XML: again, from the beginning */
        char *notes = f->notes;
        size_t notes_capacity = f->notes_capacity;
        *f = before;
        f->notes = notes;
        f->notes_capacity = notes_capacity;
        out->size = size;
        out->parts.n = n_parts;
        p = (struct page){.flow = f, .page = page};
        mark_entries(&p, "");
        result =
            markup_html(page->bytes, page->size, encoding_of(&choice, page->bytes, page->size), &h, out->budget, e);
    }
    f->pre = f->cells = 0;
    return result == MARKUP_OK && flow_heading_close(f, e) == 0 && flow_end_paragraph(f, e) == 0 ? 0 : -1;
}

int html_convert(struct converted *out, const uint8_t *bytes, size_t size, struct error *e)
{
    struct flow f = {.out = out};
    struct html_page page = {.bytes = bytes, .size = size, .file = ""};
    int result = html_add(&f, &page, e);
    if (result == 0) result = flow_finish(&f, e);
    flow_free(&f);
    return result;
}
