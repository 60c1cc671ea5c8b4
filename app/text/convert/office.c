#include "app/text/convert/office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/text/convert/flow.h"
#include "app/text/convert/markup.h"
#include "compute/bytes.h"
#include "compute/error.h"

static bool is_element(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* --- What both have: elements inside which nothing is read, tables, and notes, which are texts inside a paragraph ---
 */

struct office {
    struct flow *flow; /* that is written now: the text's or the note's */
    struct flow body, note;
    struct converted note_text;
    unsigned depth, quiet; /* quiet: the element inside which nothing is read; 0: none */
    unsigned note_depth;   /* of the note that is open */
    unsigned column;
    unsigned words; /* inside so many elements whose text counts (DOCX) */
    char label[16]; /* of the note */
    bool in_label;
    struct style *styles; /* DOCX: of headings; owned */
    size_t n_styles, styles_capacity;
    char *style_id;             /* of the style that is being read */
    struct footnote *footnotes; /* DOCX: by their numbers; owned */
    size_t n_footnotes, footnotes_capacity;
};

struct style {
    char *id;
    unsigned level;
};

struct footnote {
    char *id, *text;
};

static void office_free(struct office *o)
{
    for (size_t i = 0; i < o->n_styles; i++) free(o->styles[i].id);
    for (size_t i = 0; i < o->n_footnotes; i++) {
        free(o->footnotes[i].id);
        free(o->footnotes[i].text);
    }
    free(o->styles);
    free(o->footnotes);
    free(o->style_id);
    flow_free(&o->body);
    flow_free(&o->note);
    converted_free(&o->note_text);
}

static void open_cell(struct office *o)
{
    if (o->column++ > 0 && o->flow->due == FLOW_JOINED) flow_prefix(o->flow, " | ");
    o->flow->cells++;
}

/* Cells end in a gap of their last paragraph: the next one follows on the same line. */
static void close_cell(struct office *o)
{
    if (o->flow->cells > 0) o->flow->cells--;
    if (o->flow->cells == 0 && o->flow->due == FLOW_LINE) o->flow->due = FLOW_JOINED;
}

static void open_row(struct office *o)
{
    flow_gap(o->flow, FLOW_LINE);
    o->column = 0;
}

static void open_note(struct office *o)
{
    o->note_depth = o->depth;
    o->note = (struct flow){.out = &o->note_text};
    o->flow = &o->note;
    o->note_text.size = 0;
}

/* What the note holds, on one line; malloc'ed, NULL without memory. */
static char *close_note(struct office *o)
{
    o->flow = &o->body;
    o->note_depth = 0;
    flow_free(&o->note);
    size_t size = o->note_text.size;
    char *text = malloc(size + sizeof o->label + 4);
    if (!text) return NULL;
    size_t n = o->label[0] ? (size_t)sprintf(text, "[%s] ", o->label) : 0;
    for (size_t i = 0; i < size; i++) text[n++] = o->note_text.text[i] == '\n' ? ' ' : o->note_text.text[i];
    text[n] = '\0';
    return text;
}

static int parse_member(const struct package_member *m, const struct markup_handler *h, const struct convert_budget *b,
                        struct error *e)
{
    if (markup_xml((const uint8_t *)m->bytes, m->size, h, b, e) == MARKUP_OK) return 0;
    return error_prefix(e, "%s", m->name);
}

/* --- DOCX --- */

/* Styles that are headings, whatever they are called in the writer's language: by outline level, or "heading 2". */
static int style_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct office *o = context;
    const char *value = markup_attribute(attributes, "val");
    unsigned level = 0;
    if (is_element(name, "style")) {
        const char *id = markup_attribute(attributes, "styleId");
        free(o->style_id);
        o->style_id = id ? strdup(id) : NULL;
        return id && !o->style_id ? error_memory(e) : 0;
    }
    if (!o->style_id || !value) return 0;
    if (is_element(name, "outlineLvl") && *value >= '0' && *value <= '8') level = (unsigned)(*value - '0') + 1;
    if (is_element(name, "name") && strncasecmp(value, "heading ", 8) == 0 && value[8] >= '1' && value[8] <= '9')
        level = (unsigned)(value[8] - '0');
    if (is_element(name, "name") && strcasecmp(value, "title") == 0) level = 1;
    if (level == 0) return 0;
    struct style *styles = bytes_reserve(o->styles, &o->styles_capacity, o->n_styles + 1, sizeof *styles);
    char *id = strdup(o->style_id);
    if (styles) o->styles = styles;
    if (!styles || !id) {
        free(id);
        return error_memory(e);
    }
    styles[o->n_styles++] = (struct style){id, level};
    return 0;
}

static unsigned heading_of(const struct office *o, const char *style)
{
    for (size_t i = 0; style && i < o->n_styles; i++)
        if (is_element(o->styles[i].id, style)) return o->styles[i].level;
    return style && strncmp(style, "Heading", 7) == 0 && style[7] >= '1' && style[7] <= '9' ? (unsigned)(style[7] - '0')
                                                                                            : 0;
}

static int add_reference(struct office *o, const char *id, struct error *e)
{
    for (size_t i = 0; id && i < o->n_footnotes; i++) {
        if (!is_element(o->footnotes[i].id, id)) continue;
        char mark[32];
        snprintf(mark, sizeof mark, "[%.20s]", id);
        return flow_text(o->flow, mark, strlen(mark), e) != 0 ? -1 : flow_note(o->flow, o->footnotes[i].text, e);
    }
    return 0;
}

static int word_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct office *o = context;
    o->depth++;
    if (o->quiet) return 0;
    if (is_element(name, "t")) o->words++;
    if (is_element(name, "p")) return o->flow->prefix[0] ? 0 : flow_end_paragraph(o->flow, e);
    if (is_element(name, "pStyle")) {
        unsigned level = heading_of(o, markup_attribute(attributes, "val"));
        return level > 0 && o->flow->level == 0 ? flow_heading_open(o->flow, level, e) : 0;
    }
    if (is_element(name, "numPr") && o->flow->level == 0) flow_prefix(o->flow, "- ");
    if (is_element(name, "tab")) return flow_text(o->flow, " ", 1, e);
    if (is_element(name, "noBreakHyphen")) return flow_text(o->flow, "-", 1, e);
    if (is_element(name, "br") || is_element(name, "cr")) flow_gap(o->flow, FLOW_LINE);
    if (is_element(name, "tr")) open_row(o);
    if (is_element(name, "tc")) open_cell(o);
    if (is_element(name, "footnoteReference") || is_element(name, "endnoteReference"))
        return add_reference(o, markup_attribute(attributes, "id"), e);
    /* What was deleted, and the same drawing once more for older programs. */
    if (is_element(name, "Fallback") || is_element(name, "del") || is_element(name, "moveFrom")) o->quiet = o->depth;
    return 0;
}

static int word_close(void *context, const char *name, struct error *e)
{
    struct office *o = context;
    int result = 0;
    if (!o->quiet) {
        if (is_element(name, "t") && o->words > 0) o->words--;
        if (is_element(name, "p")) {
            o->flow->prefix[0] = '\0';
            result = flow_heading_close(o->flow, e) != 0 ? -1 : flow_end_paragraph(o->flow, e);
        }
        if (is_element(name, "tc")) close_cell(o);
    }
    if (o->quiet == o->depth) o->quiet = 0;
    o->depth--;
    return result;
}

static int word_text(void *context, const char *text, size_t size, struct error *e)
{
    struct office *o = context;
    return o->quiet || o->words == 0 ? 0 : flow_text(o->flow, text, size, e);
}

/* footnotes.xml and endnotes.xml: <w:footnote w:id="2"> ... */
static int footnote_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct office *o = context;
    const char *id = markup_attribute(attributes, "id"), *type = markup_attribute(attributes, "type");
    if ((!is_element(name, "footnote") && !is_element(name, "endnote")) || !id || type)
        return word_open(context, name, attributes, e);
    o->depth++;
    free(o->style_id);
    if (!(o->style_id = strdup(id))) return error_memory(e);
    snprintf(o->label, sizeof o->label, "%.10s", id);
    open_note(o);
    return 0;
}

static int footnote_close(void *context, const char *name, struct error *e)
{
    struct office *o = context;
    if (o->note_depth == 0 || o->depth != o->note_depth) return word_close(context, name, e);
    o->depth--;
    struct footnote *notes = bytes_reserve(o->footnotes, &o->footnotes_capacity, o->n_footnotes + 1, sizeof *notes);
    if (notes) o->footnotes = notes;
    char *text = close_note(o);
    if (!notes || !text) {
        free(text);
        return error_memory(e);
    }
    notes[o->n_footnotes++] = (struct footnote){o->style_id, text};
    o->style_id = NULL;
    return 0;
}

static int read_docx(struct office *o, const struct package *p, struct convert_budget *b, struct error *e)
{
    const struct markup_handler styles = {style_open, NULL, NULL, o};
    const struct markup_handler notes = {footnote_open, footnote_close, word_text, o};
    const struct markup_handler words = {word_open, word_close, word_text, o};
    const struct package_member *m = package_find(p, "word/styles.xml");
    if (m && parse_member(m, &styles, b, e) != 0) return -1;
    static const char *const files[] = {"word/footnotes.xml", "word/endnotes.xml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        m = package_find(p, files[i]);
        o->depth = o->quiet = o->words = 0;
        if (m && parse_member(m, &notes, b, e) != 0) return -1;
        /* What stands outside a note is the line that parts notes from the text. */
        o->body.out->size = 0;
        o->body.due = FLOW_JOINED;
    }
    m = package_find(p, "word/document.xml");
    o->depth = o->quiet = o->words = 0;
    if (!m) return error_set(e, "a DOCX without word/document.xml");
    return parse_member(m, &words, b, e);
}

static int convert_by_reader(struct converted *out, const struct package *p,
                             int (*read)(struct office *, const struct package *, struct convert_budget *,
                                         struct error *),
                             struct error *e)
{
    struct office o = {.body = {.out = out}, .note_text = {.budget = out->budget}};
    o.flow = &o.body;
    if (p->encrypted) return error_set(e, "an encrypted document");
    int result = read(&o, p, out->budget, e);
    if (result == 0) result = flow_finish(&o.body, e);
    office_free(&o);
    return result;
}

int office_convert_docx(struct converted *out, const struct package *p, struct error *e)
{
    return convert_by_reader(out, p, read_docx, e);
}

/* --- ODT --- */

static int odf_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct office *o = context;
    o->depth++;
    if (o->quiet) return 0;
    if (is_element(name, "p") || is_element(name, "h")) {
        if (!o->flow->prefix[0] && flow_end_paragraph(o->flow, e) != 0) return -1;
        const char *level = markup_attribute(attributes, "outline-level");
        unsigned n = level && *level >= '1' && *level <= '9' ? (unsigned)(*level - '0') : 1;
        return is_element(name, "h") && o->note_depth == 0 ? flow_heading_open(o->flow, n, e) : 0;
    }
    if (is_element(name, "s") || is_element(name, "tab"))
        return flow_text(o->flow, " ", 1, e); /* one blank stands for all */
    if (is_element(name, "line-break")) flow_gap(o->flow, FLOW_LINE);
    if (is_element(name, "list-item")) {
        flow_gap(o->flow, FLOW_LINE);
        flow_prefix(o->flow, "- ");
    }
    if (is_element(name, "table-row")) open_row(o);
    if (is_element(name, "table-cell")) open_cell(o);
    if (is_element(name, "note") && o->note_depth == 0) {
        o->label[0] = '\0';
        open_note(o);
    }
    if (is_element(name, "note-citation")) o->in_label = true;
    if (is_element(name, "annotation") || is_element(name, "tracked-changes") || is_element(name, "ruby-text"))
        o->quiet = o->depth;
    return 0;
}

static int odf_close_note(struct office *o, struct error *e)
{
    char mark[32];
    char *text = close_note(o);
    if (!text) return error_memory(e);
    snprintf(mark, sizeof mark, "[%s]", o->label);
    int result = o->label[0] ? flow_text(o->flow, mark, strlen(mark), e) : 0;
    if (result == 0) result = flow_note(o->flow, text, e);
    free(text);
    return result;
}

static int odf_close(void *context, const char *name, struct error *e)
{
    struct office *o = context;
    int result = 0;
    if (!o->quiet) {
        if (is_element(name, "p") || is_element(name, "h"))
            result = flow_heading_close(o->flow, e) != 0 ? -1 : flow_end_paragraph(o->flow, e);
        if (is_element(name, "list-item")) o->flow->prefix[0] = '\0';
        if (is_element(name, "table-cell")) close_cell(o);
        if (is_element(name, "note-citation")) o->in_label = false;
        if (o->note_depth != 0 && o->depth == o->note_depth) result = odf_close_note(o, e);
    }
    if (o->quiet == o->depth) o->quiet = 0;
    o->depth--;
    return result;
}

static int odf_text(void *context, const char *text, size_t size, struct error *e)
{
    struct office *o = context;
    if (o->quiet) return 0;
    if (!o->in_label) return flow_text(o->flow, text, size, e);
    size_t have = strlen(o->label), room = sizeof o->label - 1 - have;
    memcpy(o->label + have, text, size < room ? size : room);
    o->label[have + (size < room ? size : room)] = '\0';
    return 0;
}

static int read_odf(struct office *o, const struct package *p, struct convert_budget *b, struct error *e)
{
    const struct markup_handler h = {odf_open, odf_close, odf_text, o};
    const struct package_member *m = package_find(p, "content.xml"),
                                *manifest = package_find(p, "META-INF/manifest.xml");
    static const char mark[] = "encryption-data";
    for (size_t i = 0; manifest && i + sizeof mark <= manifest->size; i++)
        if (memcmp(manifest->bytes + i, mark, sizeof mark - 1) == 0) return error_set(e, "an encrypted document");
    return m ? parse_member(m, &h, b, e) : error_set(e, "a document without content.xml");
}

int office_convert_odf(struct converted *out, const struct package *p, struct error *e)
{
    return convert_by_reader(out, p, read_odf, e);
}
