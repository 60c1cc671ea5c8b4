#include "app/text/convert/epub_contents.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/converted.h"
#include "app/text/convert/href.h"
#include "app/text/convert/markup.h"
#include "compute/bytes.h"
#include "compute/error.h"

struct item {
    char *id, *file;
};

/* One of the files that describe the book, being read. */
struct parse {
    struct epub_contents *contents;
    const char *file; /* its path */
    char *root;       /* container.xml: the package document's path */
    struct item *manifest;
    size_t n_manifest, manifest_capacity;
    char *ncx;      /* the older table of contents */
    unsigned depth; /* of lists or navigation points */
    bool in_toc, in_label;
    unsigned toc_depth, element;
    char *href; /* of the entry that is open */
    char title[400];
    size_t title_size;
};

static int add_spine(struct epub_contents *c, const char *file, struct error *e)
{
    char **spine = bytes_reserve(c->spine, &c->spine_capacity, c->n_spine + 1, sizeof *spine);
    if (!spine) return error_memory(e);
    c->spine = spine;
    if (!(spine[c->n_spine] = strdup(file))) return error_memory(e);
    c->n_spine++;
    return 0;
}

/* An entry of the contents is there: `href` as it stands in the file at `base`. */
static int add_entry(struct parse *p, const char *href, struct error *e)
{
    struct epub_contents *c = p->contents;
    struct epub_entry *entries = bytes_reserve(c->entries, &c->entries_capacity, c->n_entries + 1, sizeof *entries);
    if (!entries) return error_memory(e);
    c->entries = entries;
    const char *id = strchr(href, '#');
    struct epub_entry entry = {href_resolve(p->file, href, false), strdup(id ? id + 1 : ""),
                               strndup(p->title, p->title_size), p->depth > 0 ? p->depth : 1};
    if (!entry.file || !entry.id || !entry.title) {
        free(entry.file);
        free(entry.id);
        free(entry.title);
        return error_memory(e);
    }
    entries[c->n_entries++] = entry;
    return 0;
}

static int container_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct parse *p = context;
    const char *path = markup_attribute(attributes, "full-path");
    if (strcmp(name, "rootfile") != 0 || !path || p->root) return 0;
    p->root = href_resolve("", path, false);
    return p->root ? 0 : error_memory(e);
}

static int add_manifest(struct parse *p, const char *const *attributes, struct error *e)
{
    const char *id = markup_attribute(attributes, "id"), *href = markup_attribute(attributes, "href");
    const char *type = markup_attribute(attributes, "media-type"), *what = markup_attribute(attributes, "properties");
    if (!id || !href) return 0;
    struct item *items = bytes_reserve(p->manifest, &p->manifest_capacity, p->n_manifest + 1, sizeof *items);
    if (!items) return error_memory(e);
    p->manifest = items;
    struct item item = {strdup(id), href_resolve(p->file, href, false)};
    items[p->n_manifest++] = item; /* freed with the others, also half-made */
    if (!item.id || !item.file) return error_memory(e);
    char **keep = what && strstr(what, "nav")                             ? &p->contents->nav
                  : type && strcmp(type, "application/x-dtbncx+xml") == 0 ? &p->ncx
                                                                          : NULL;
    if (!keep || *keep) return 0;
    *keep = strdup(item.file);
    return *keep ? 0 : error_memory(e);
}

static int package_element(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct parse *p = context;
    const char *id = markup_attribute(attributes, "idref");
    if (strcmp(name, "item") == 0) return add_manifest(p, attributes, e);
    if (strcmp(name, "itemref") != 0 || !id) return 0;
    for (size_t i = 0; i < p->n_manifest; i++)
        if (strcmp(p->manifest[i].id, id) == 0) return add_spine(p->contents, p->manifest[i].file, e);
    return 0;
}

/* --- <nav epub:type="toc">: lists in lists --- */

static int nav_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct parse *p = context;
    p->element++;
    const char *type = markup_attribute(attributes, "epub:type");
    if (strcmp(name, "nav") == 0 && (!type || strstr(type, "toc")) && !p->in_toc) {
        p->in_toc = true;
        p->toc_depth = p->element;
        p->depth = 0;
    }
    if (!p->in_toc) return 0;
    if (strcmp(name, "ol") == 0) p->depth++;
    if (strcmp(name, "a") != 0) return 0;
    const char *href = markup_attribute(attributes, "href");
    p->title_size = 0;
    free(p->href);
    p->href = href ? strdup(href) : NULL;
    return href && !p->href ? error_memory(e) : 0;
}

static int nav_close(void *context, const char *name, struct error *e)
{
    struct parse *p = context;
    if (p->in_toc && p->element == p->toc_depth) p->in_toc = false;
    p->element--;
    if (p->in_toc && strcmp(name, "ol") == 0 && p->depth > 0) p->depth--;
    if (!p->in_toc || strcmp(name, "a") != 0 || !p->href) return 0;
    int result = add_entry(p, p->href, e);
    free(p->href);
    p->href = NULL;
    return result;
}

static int title_text(void *context, const char *text, size_t size, struct error *e)
{
    struct parse *p = context;
    (void)e;
    if (!p->href && !p->in_label) return 0;
    size_t room = sizeof p->title - p->title_size;
    if (size > room) size = room;
    memcpy(p->title + p->title_size, text, size);
    p->title_size += size;
    return 0;
}

/* --- NCX: navPoint in navPoint, each with <text> and then <content src> --- */

static int ncx_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct parse *p = context;
    if (strcmp(name, "navPoint") == 0) p->depth++;
    if (strcmp(name, "text") == 0) {
        p->in_label = true;
        p->title_size = 0;
    }
    const char *source = markup_attribute(attributes, "src");
    return strcmp(name, "content") == 0 && source && p->depth > 0 ? add_entry(p, source, e) : 0;
}

static int ncx_close(void *context, const char *name, struct error *e)
{
    struct parse *p = context;
    (void)e;
    if (strcmp(name, "navPoint") == 0 && p->depth > 0) p->depth--;
    if (strcmp(name, "text") == 0) p->in_label = false;
    return 0;
}

static void parse_free(struct parse *p)
{
    for (size_t i = 0; i < p->n_manifest; i++) {
        free(p->manifest[i].id);
        free(p->manifest[i].file);
    }
    free(p->manifest);
    free(p->root);
    free(p->ncx);
    free(p->href);
}

/* One of the files; what is broken further on has been read up to there. */
static int parse_file(struct parse *p, const struct package_member *m, const struct markup_handler *h,
                      const struct convert_budget *b, struct error *e)
{
    p->file = m->name;
    return markup_xml((const uint8_t *)m->bytes, m->size, h, b, e) == MARKUP_FAILED ? -1 : 0;
}

static int read_all(struct parse *p, const struct package *package, const struct convert_budget *b, struct error *e)
{
    const struct markup_handler container = {container_open, NULL, NULL, p};
    const struct markup_handler opf = {package_element, NULL, NULL, p};
    const struct markup_handler nav = {nav_open, nav_close, title_text, p};
    const struct markup_handler ncx = {ncx_open, ncx_close, title_text, p};
    const struct package_member *m = package_find(package, "META-INF/container.xml");
    if (!m) return error_set(e, "an EPUB without META-INF/container.xml");
    if (parse_file(p, m, &container, b, e) != 0) return -1;
    if (!p->root || !(m = package_find(package, p->root))) return error_set(e, "an EPUB without its package document");
    if (parse_file(p, m, &opf, b, e) != 0) return -1;
    if (p->contents->n_spine == 0) return error_set(e, "an EPUB that lists no text (its spine is empty)");
    m = p->contents->nav ? package_find(package, p->contents->nav) : NULL;
    if (m && parse_file(p, m, &nav, b, e) != 0) return -1;
    m = p->ncx && p->contents->n_entries == 0 ? package_find(package, p->ncx) : NULL;
    p->depth = 0;
    return m ? parse_file(p, m, &ncx, b, e) : 0;
}

int epub_contents_read(struct epub_contents *c, const struct package *p, const struct convert_budget *b,
                       struct error *e)
{
    *c = (struct epub_contents){0};
    struct parse parse = {.contents = c};
    int result = read_all(&parse, p, b, e);
    parse_free(&parse);
    if (result != 0) epub_contents_free(c);
    return result;
}

void epub_contents_free(struct epub_contents *c)
{
    for (size_t i = 0; i < c->n_spine; i++) free(c->spine[i]);
    for (size_t i = 0; i < c->n_entries; i++) {
        free(c->entries[i].file);
        free(c->entries[i].id);
        free(c->entries[i].title);
    }
    free(c->spine);
    free(c->entries);
    free(c->nav);
    *c = (struct epub_contents){0};
}
