#include "app/text/syntax_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/text/convert/converted.h"
#include "app/text/convert/markup.h"
#include "app/text/syntax_catalog.h"
#include "compute/bytes.h"
#include "compute/error.h"

#define FILE_MOST (1u << 20)
#define MILLISECONDS_MOST 2000u
#define LANGUAGES_MOST 24

/* A file on its way into the tables. */
struct taking {
    struct syntax_file *f;
    const char *language;
    size_t context; /* the innermost one that is open */
    char *text;     /* owned: of the element that is open */
    size_t size, capacity;
    bool extended, caseless, usual_caseless, usual_extended;
    bool defines;    /* inside <definitions> or <styles>: elsewhere the names mean other things */
    char piece[128]; /* the name of the one that is open */
};

/* "string" is the file's own, "def:string" another's. */
static char *whole_id(const struct taking *t, const char *id)
{
    if (id == NULL) return NULL;
    const size_t size = strlen(t->language) + strlen(id) + 2;
    char *out = malloc(size);
    if (out == NULL) return NULL;
    if (strchr(id, ':'))
        snprintf(out, size, "%s", id);
    else
        snprintf(out, size, "%s:%s", t->language, id);
    return out;
}

static bool attribute_is(const char *const *attributes, const char *name, const char *value)
{
    const char *found = attributes ? markup_attribute(attributes, name) : NULL;
    return found != NULL && strcmp(found, value) == 0;
}

static const char *attribute(const char *const *attributes, const char *name)
{
    return attributes ? markup_attribute(attributes, name) : NULL;
}

static int open_context(struct taking *t, const char *const *attributes, struct error *e)
{
    struct syntax_file *f = t->f;
    struct syntax_context *contexts =
        bytes_reserve(f->contexts, &f->contexts_capacity, f->n_contexts + 1, sizeof *contexts);
    if (contexts == NULL) return error_memory(e);
    f->contexts = contexts;
    const char *part = attribute(attributes, "sub-pattern");
    struct syntax_context c = {.id = whole_id(t, attribute(attributes, "id")),
                               .ref = whole_id(t, attribute(attributes, "ref")),
                               .style = whole_id(t, attribute(attributes, "style-ref")),
                               .part = part && *part >= '0' && *part <= '9' && !attribute_is(attributes, "where", "end")
                                           ? atoi(part)
                                       : part ? 0
                                              : -1,
                               .line = attribute_is(attributes, "end-at-line-end", "true"),
                               .first = attribute_is(attributes, "first-line-only", "true"),
                               .plain = attribute_is(attributes, "ignore-style", "true"),
                               .yields = attribute_is(attributes, "extend-parent", "false"),
                               .around = t->context,
                               .inside = SYNTAX_NONE,
                               .next = SYNTAX_NONE};
    const size_t own = f->n_contexts++;
    if (t->context != SYNTAX_NONE) {
        size_t *link = &contexts[t->context].inside;
        while (*link != SYNTAX_NONE) link = &contexts[*link].next;
        *link = own;
        contexts[t->context].n_inside++;
    }
    contexts[own] = c;
    t->context = own;
    return 0;
}

static int add_style(struct taking *t, const char *const *attributes, struct error *e)
{
    struct syntax_file *f = t->f;
    struct syntax_style *styles = bytes_reserve(f->styles, &f->styles_capacity, f->n_styles + 1, sizeof *styles);
    if (styles == NULL) return error_memory(e);
    f->styles = styles;
    styles[f->n_styles++] =
        (struct syntax_style){whole_id(t, attribute(attributes, "id")), whole_id(t, attribute(attributes, "map-to"))};
    return 0;
}

static void read_options(struct taking *t, const char *const *attributes)
{
    const char *extended = attribute(attributes, "extended"), *cases = attribute(attributes, "case-sensitive");
    t->extended = extended ? strcmp(extended, "true") == 0 : t->usual_extended;
    t->caseless = cases ? strcmp(cases, "false") == 0 : t->usual_caseless;
}

static int on_open(void *context, const char *name, const char *const *attributes, struct error *e)
{
    struct taking *t = context;
    t->size = 0;
    if (strcmp(name, "definitions") == 0 || strcmp(name, "styles") == 0) t->defines = true;
    if (strcmp(name, "default-regex-options") == 0) {
        read_options(t, attributes);
        t->usual_extended = t->extended;
        t->usual_caseless = t->caseless;
    }
    if (!t->defines) return 0;
    if (strcmp(name, "style") == 0) return add_style(t, attributes, e);
    if (strcmp(name, "context") == 0) return open_context(t, attributes, e);
    read_options(t, attributes);
    const char *id = attribute(attributes, "id");
    if (strcmp(name, "define-regex") == 0) snprintf(t->piece, sizeof t->piece, "%s", id ? id : "");
    return 0;
}

static int on_text(void *context, const char *text, size_t size, struct error *e)
{
    struct taking *t = context;
    char *grown = bytes_reserve(t->text, &t->capacity, t->size + size + 1, 1);
    if (grown == NULL) return error_memory(e);
    t->text = grown;
    memcpy(grown + t->size, text, size);
    t->size += size;
    grown[t->size] = '\0';
    return 0;
}

/* The expression of the element that ends, with its options: they hold inside other ones too. */
static char *expression(const struct taking *t)
{
    static const char *const options[] = {"(?-xi:", "(?i-x:", "(?x-i:", "(?xi:"};
    const size_t size = t->size + 16;
    char *out = malloc(size);
    if (out != NULL)
        snprintf(out, size, "%s%s%s)", options[2 * t->extended + t->caseless], t->size > 0 ? t->text : "",
                 t->extended ? "\n" : ""); /* which ends a comment */
    return out;
}

static int add_piece(struct taking *t, struct error *e)
{
    struct syntax_file *f = t->f;
    struct syntax_piece *pieces = bytes_reserve(f->pieces, &f->pieces_capacity, f->n_pieces + 1, sizeof *pieces);
    if (pieces == NULL) return error_memory(e);
    f->pieces = pieces;
    pieces[f->n_pieces++] = (struct syntax_piece){whole_id(t, t->piece), expression(t)};
    return 0;
}

/* Behind the ones that are there. */
static int add_keyword(struct taking *t, struct syntax_context *c, struct error *e)
{
    const size_t before = c->keywords ? strlen(c->keywords) : 0;
    char *grown = realloc(c->keywords, before + t->size + 2);
    if (grown == NULL) return error_memory(e);
    snprintf(grown + before, t->size + 2, "%s%s", before ? "|" : "", t->size > 0 ? t->text : "");
    c->keywords = grown;
    return 0;
}

static int on_close(void *context, const char *name, struct error *e)
{
    struct taking *t = context;
    struct syntax_context *c = t->context != SYNTAX_NONE ? &t->f->contexts[t->context] : NULL;
    int failed = 0;
    if (strcmp(name, "definitions") == 0 || strcmp(name, "styles") == 0) {
        t->defines = false;
    } else if (!t->defines) {
        return 0;
    } else if (strcmp(name, "define-regex") == 0) {
        failed = add_piece(t, e);
    } else if (c == NULL) {
        return 0;
    } else if (strcmp(name, "context") == 0) {
        t->context = c->around;
    } else if (strcmp(name, "keyword") == 0) {
        failed = add_keyword(t, c, e);
    } else {
        char **place = strcmp(name, "match") == 0    ? &c->match
                       : strcmp(name, "start") == 0  ? &c->start
                       : strcmp(name, "end") == 0    ? &c->end
                       : strcmp(name, "prefix") == 0 ? &c->prefix
                       : strcmp(name, "suffix") == 0 ? &c->suffix
                                                     : NULL;
        if (place != NULL && *place == NULL) *place = expression(t);
    }
    t->size = 0;
    return failed;
}

static bool was_taken(const struct syntax_file *f, const char *language, size_t size)
{
    for (size_t i = 0; i < f->n_languages; i++)
        if (strlen(f->languages[i]) == size && memcmp(f->languages[i], language, size) == 0) return true;
    return false;
}

static int note_language(struct syntax_file *f, const char *language, size_t size, struct error *e)
{
    char **languages = bytes_reserve(f->languages, &f->languages_capacity, f->n_languages + 1, sizeof *languages);
    if (languages == NULL) return error_memory(e);
    f->languages = languages;
    languages[f->n_languages] = strndup(language, size);
    return languages[f->n_languages] ? (f->n_languages++, 0) : error_memory(e);
}

/* The whole of a small file; false where it is not there. */
static bool read_whole(uint8_t **out, size_t *size, const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = f ? malloc(FILE_MOST) : NULL;
    const size_t n = bytes ? fread(bytes, 1, FILE_MOST, f) : 0;
    if (f) fclose(f);
    if (n == 0) {
        free(bytes);
        return false;
    }
    *out = bytes;
    *size = n;
    return true;
}

static int parse_definition(struct syntax_file *f, const char *path, const char *language, struct error *e)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct taking t = {.f = f, .language = language, .context = SYNTAX_NONE};
    const struct markup_handler handler = {on_open, on_close, on_text, &t};
    const struct convert_budget budget = {.bytes = FILE_MOST, .end = converted_now() + MILLISECONDS_MOST};
    if (!read_whole(&bytes, &size, path)) return 0;
    const int result = markup_xml(bytes, size, &handler, &budget, e);
    free(bytes);
    free(t.text);
    return result == MARKUP_OK ? 0 : -1;
}

/* The languages before the colons of what the contexts from `first` on stand for. */
static int take_others(struct syntax_file *f, const struct syntax_catalog *c, size_t first, struct error *e)
{
    for (size_t i = first; i < f->n_contexts; i++) {
        char language[64];
        const char *ref = f->contexts[i].ref;
        const size_t size = ref ? strcspn(ref, ":") : 0;
        if (size == 0 || size >= sizeof language || was_taken(f, ref, size)) continue;
        memcpy(language, ref, size);
        language[size] = '\0';
        if (syntax_file_take(f, c, language, e) != 0) return -1;
    }
    return 0;
}

int syntax_file_take(struct syntax_file *f, const struct syntax_catalog *c, const char *language, struct error *e)
{
    const char *path = syntax_catalog_file(c, language);
    const size_t first = f->n_contexts;
    if (f->n_languages >= LANGUAGES_MOST || was_taken(f, language, strlen(language))) return 0;
    if (note_language(f, language, strlen(language), e) != 0) return -1;
    if (path == NULL) return 0;
    return parse_definition(f, path, language, e) != 0 || take_others(f, c, first, e) != 0 ? -1 : 0;
}

void syntax_file_free(struct syntax_file *f)
{
    for (size_t i = 0; i < f->n_pieces; i++) free(f->pieces[i].id), free(f->pieces[i].text);
    for (size_t i = 0; i < f->n_styles; i++) free(f->styles[i].id), free(f->styles[i].map);
    for (size_t i = 0; i < f->n_contexts; i++) {
        struct syntax_context *c = &f->contexts[i];
        char *const texts[] = {c->id, c->ref, c->style, c->match, c->start, c->end, c->prefix, c->suffix, c->keywords};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) free(texts[k]);
    }
    for (size_t i = 0; i < f->n_languages; i++) free(f->languages[i]);
    free(f->pieces);
    free(f->styles);
    free(f->contexts);
    free(f->languages);
    *f = (struct syntax_file){.n_pieces = 0};
}

const char *syntax_file_piece(const struct syntax_file *f, const char *id)
{
    for (size_t i = f->n_pieces; i-- > 0;)
        if (f->pieces[i].id && strcmp(f->pieces[i].id, id) == 0) return f->pieces[i].text;
    return NULL;
}

size_t syntax_file_context(const struct syntax_file *f, const char *id)
{
    for (size_t i = f->n_contexts; i-- > 0;)
        if (f->contexts[i].id && strcmp(f->contexts[i].id, id) == 0) return i;
    return SYNTAX_NONE;
}

const char *syntax_file_map(const struct syntax_file *f, const char *style)
{
    for (size_t i = f->n_styles; i-- > 0;)
        if (f->styles[i].id && strcmp(f->styles[i].id, style) == 0) return f->styles[i].map;
    return NULL;
}
