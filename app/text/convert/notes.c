#include "app/text/convert/notes.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/convert/converted.h"
#include "app/text/convert/flow.h"
#include "app/text/convert/href.h"
#include "app/text/convert/markup.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Looking for links, or for texts: one file at a time. */
struct look {
    struct notes *notes;
    const char *file;
    struct note *open; /* the note that is being captured */
    unsigned depth, quiet;
    struct converted text;
    struct flow flow;
};

bool notes_is_link(const char *const *attributes, const char **href)
{
    const char *type = markup_attribute(attributes, "epub:type"), *role = markup_attribute(attributes, "role");
    const char *plain = markup_attribute(attributes, "type");
    *href = markup_attribute(attributes, "href");
    return *href && strchr(*href, '#') &&
           ((type && strstr(type, "noteref")) || (role && strstr(role, "doc-noteref")) ||
            (plain && strcmp(plain, "note") == 0));
}

static int compare_note_keys(const void *left, const void *right)
{
    return strcmp(((const struct note *)left)->key, ((const struct note *)right)->key);
}

static struct note *find_note(const struct notes *n, char *key)
{
    const struct note wanted = {.key = key};
    return key && n->n > 0 ? bsearch(&wanted, n->items, n->n, sizeof *n->items, compare_note_keys) : NULL;
}

static int look_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct look *l = context;
    const char *href;
    if (strcmp(name, "a") != 0 || !notes_is_link(attributes, &href)) return 0;
    struct note *items = bytes_reserve(l->notes->items, &l->notes->capacity, l->notes->n + 1, sizeof *items);
    if (!items) return error_memory(e);
    l->notes->items = items;
    char *key = href_resolve(l->file, href, true);
    if (!key) return error_memory(e);
    items[l->notes->n++] = (struct note){.key = key};
    return 0;
}

/* XHTML as XML, and what is not well-formed as HTML. What is broken further on has been seen up to there. */
static int walk_markup(const uint8_t *bytes, size_t size, const struct markup_handler *h,
                       const struct convert_budget *b, struct error *e)
{
    enum markup_result result = markup_xml(bytes, size, h, b, e);
    return result == MARKUP_FAILED ? -1 : 0;
}

int notes_look(struct notes *n, const char *file, const uint8_t *bytes, size_t size, const struct convert_budget *b,
               struct error *e)
{
    struct look l = {.notes = n, .file = file};
    const struct markup_handler h = {look_open, NULL, NULL, &l};
    return walk_markup(bytes, size, &h, b, e);
}

/* The note's text on one line, with the mark that the link shows in front. */
static int keep_note(struct look *l, struct error *e)
{
    struct note *note = l->open;
    l->open = NULL;
    size_t size = l->text.size;
    while (size > 0 && l->text.text[size - 1] == ' ') size--;
    if (size > 0 && !(note->text = malloc(size + 1))) return error_memory(e);
    for (size_t i = 0; i < size; i++) note->text[i] = l->text.text[i] == '\n' ? ' ' : l->text.text[i];
    if (size > 0) note->text[size] = '\0';
    l->text.size = 0;
    return 0;
}

/* Links back to where the reader came from say nothing. */
static bool leads_back(const char *name, const char *const *attributes)
{
    const char *role = markup_attribute(attributes, "role"), *type = markup_attribute(attributes, "epub:type");
    return strcmp(name, "a") == 0 && ((role && strstr(role, "backlink")) || (type && strstr(type, "backlink")));
}

static int capture_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct look *l = context;
    if (l->open) {
        l->depth++;
        if (l->quiet == 0 && leads_back(name, attributes)) l->quiet = l->depth;
        if (strcmp(name, "p") == 0) flow_gap(&l->flow, FLOW_LINE);
        return 0;
    }
    const char *id = markup_attribute(attributes, "id");
    if (!id) return 0;
    size_t size = strlen(l->file) + strlen(id) + 2;
    char *key = malloc(size);
    if (!key) return error_memory(e);
    strcpy(stpcpy(stpcpy(key, l->file), "#"), id);
    struct note *note = find_note(l->notes, key);
    free(key);
    if (!note || note->text || strcmp(name, "a") == 0) return 0;
    l->open = note;
    l->depth = 1;
    l->flow.due = FLOW_JOINED;
    l->flow.blank = false;
    return 0;
}

static int capture_close(void *context, const char *name, struct error *e)
{
    struct look *l = context;
    (void)name;
    if (l->open && l->quiet == l->depth) l->quiet = 0;
    return l->open && --l->depth == 0 ? keep_note(l, e) : 0;
}

static int capture_text(void *context, const char *text, size_t size, struct error *e)
{
    struct look *l = context;
    return l->open && !l->quiet ? flow_text(&l->flow, text, size, e) : 0;
}

/* The keys in order, each once. */
static void sort(struct notes *n)
{
    size_t kept = 0;
    if (n->n > 0) qsort(n->items, n->n, sizeof *n->items, compare_note_keys);
    for (size_t i = 0; i < n->n; i++) {
        if (kept > 0 && strcmp(n->items[kept - 1].key, n->items[i].key) == 0) {
            free(n->items[i].key);
            free(n->items[i].text);
        } else {
            n->items[kept++] = n->items[i];
        }
    }
    n->n = kept;
}

int notes_capture(struct notes *n, const char *file, const uint8_t *bytes, size_t size, struct convert_budget *b,
                  struct error *e)
{
    sort(n);
    struct look l = {.notes = n, .file = file, .text = {.budget = b}};
    l.flow.out = &l.text;
    const struct markup_handler h = {capture_open, capture_close, capture_text, &l};
    int result = walk_markup(bytes, size, &h, b, e);
    flow_free(&l.flow);
    converted_free(&l.text);
    return result;
}

const char *notes_of_link(const struct notes *n, const char *file, const char *href)
{
    if (n->n == 0) return NULL;
    char *key = href_resolve(file, href, true);
    const struct note *note = find_note(n, key);
    free(key);
    return note ? note->text : NULL;
}

const char *notes_of_id(const struct notes *n, const char *file, const char *id)
{
    if (n->n == 0) return NULL;
    size_t size = strlen(file) + strlen(id) + 2;
    char *key = malloc(size);
    if (!key) return NULL;
    strcpy(stpcpy(stpcpy(key, file), "#"), id);
    const struct note *note = find_note(n, key);
    free(key);
    return note ? note->text : NULL;
}

void notes_free(struct notes *n)
{
    for (size_t i = 0; i < n->n; i++) {
        free(n->items[i].key);
        free(n->items[i].text);
    }
    free(n->items);
    *n = (struct notes){0};
}
