#include "app/reader/scope_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/text/content.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* A longer path of a chapter is compared as far as this. */
#define PATH_MAX_BYTES 1024

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Length of a word that says where; 0: it is another one. What stands in quotes may have blanks. */
static size_t word_size(const char *text)
{
    const size_t named = strncmp(text, "in:", 3) == 0 ? 3 : strncmp(text, "kind:", 5) == 0 ? 5 : 0;
    if (named == 0 || text[named] == '\0' || is_blank(text[named])) return 0;
    size_t n = named;
    if (text[n] == '"') {
        const char *end = strchr(text + n + 1, '"');
        return end ? (size_t)(end - text) + 1 : strlen(text);
    }
    while (text[n] != '\0' && !is_blank(text[n])) n++;
    return n;
}

int scope_words_split(struct scope_words *out, const char *asked, struct error *e)
{
    const size_t size = strlen(asked) + 1;
    struct scope_words w = {malloc(size), malloc(size)};
    if (!w.question || !w.within) {
        scope_words_free(&w);
        return error_memory(e);
    }
    size_t n_question = 0, n_within = 0;
    bool begins = true; /* a word may begin here */
    for (const char *p = asked; *p != '\0';) {
        const size_t n = begins ? word_size(p) : 0;
        if (n > 0) {
            if (n_within > 0) w.within[n_within++] = ' ';
            memcpy(w.within + n_within, p, n);
            n_within += n;
            p += n;
            begins = is_blank(*p); /* a word behind a quotation would come to have a blank more than was asked */
            while (is_blank(*p)) p++;
            continue;
        }
        begins = is_blank(*p);
        w.question[n_question++] = *p++;
    }
    while (n_question > 0 && is_blank(w.question[n_question - 1])) n_question--;
    w.question[n_question] = w.within[n_within] = '\0';
    *out = w;
    return 0;
}

void scope_words_free(struct scope_words *w)
{
    free(w->question);
    free(w->within);
    *w = (struct scope_words){NULL, NULL};
}

/* How well a chapter's path is called by a name: 2 by its end, 1 by some of it, 0 not at all. */
static int fit_of_name(const char *path, const char *name)
{
    const size_t size = strlen(path), n = strlen(name);
    if (n > size) return 0;
    const char *end = path + size - n;
    if (strcasecmp(end, name) == 0 && (end == path || (end - path > 2 && memcmp(end - 3, " > ", 3) == 0))) return 2;
    for (const char *p = path; p <= end; p++)
        if (strncasecmp(p, name, n) == 0) return 1;
    return 0;
}

/* The chapters that fit best. */
static int add_chapters(struct scope *s, const struct outline *o, const char *name, struct error *e)
{
    int best = 1;
    struct scope_range *ranges = (struct scope_range *)(void *)s->ranges;
    const size_t before = s->n_ranges;
    size_t capacity = before;
    for (size_t i = 0; i < o->n_headings; i++) {
        char path[PATH_MAX_BYTES];
        outline_path(o, i, path, sizeof path);
        const int fits = fit_of_name(path, name);
        if (fits < best) continue;
        if (fits > best) s->n_ranges = before;
        best = fits;
        struct scope_range *grown = bytes_reserve(ranges, &capacity, s->n_ranges + 1, sizeof *grown);
        if (!grown) return error_memory(e);
        s->ranges = ranges = grown;
        const struct outline_heading *h = &o->headings[i];
        ranges[s->n_ranges++] = (struct scope_range){h->document, h->offset, h->end};
    }
    return 0;
}

static int add_range(struct scope *s, const struct scope_range *r, struct error *e)
{
    struct scope_range *ranges = realloc((void *)s->ranges, (s->n_ranges + 1) * sizeof *ranges);
    if (!ranges) return error_memory(e);
    ranges[s->n_ranges++] = *r;
    s->ranges = ranges;
    return 0;
}

/* "main.c:120-145", or "120-145" where there is but one file; 0: it is something else, 1: it is added. */
static int add_lines(struct scope *s, const char *name, const struct corpus *c, struct error *e)
{
    const char *colon = strrchr(name, ':'), *numbers = colon ? colon + 1 : name;
    unsigned long long first, last;
    size_t i = 0;
    int end = 0;
    if (*numbers < '0' || *numbers > '9' || sscanf(numbers, "%18llu-%18llu%n", &first, &last, &end) != 2 ||
        numbers[end])
        return 0;
    const size_t size = colon ? (size_t)(colon - name) : 0;
    while (colon && i < c->n_documents &&
           (strlen(c->documents[i].path) != size || memcmp(c->documents[i].path, name, size) != 0))
        i++;
    if (i == c->n_documents || (!colon && c->n_documents > 1)) return 0;
    const struct document *d = &c->documents[i];
    if (first < 1 || last < first || first > d->n_lines)
        return error_set(e, "%s has lines 1 to %llu", d->path, (unsigned long long)d->n_lines);
    const struct scope_range r = {i, d->lines[first - 1], last < d->n_lines ? d->lines[last] : d->size};
    return add_range(s, &r, e) ? -1 : 1;
}

static int add_name(struct scope *s, const char *name, const struct corpus *c, const struct outline *o, struct error *e)
{
    const char *const one[] = {name};
    const struct scope alone = {.globs = one, .n_globs = 1};
    size_t i = 0;
    while (i < c->n_documents && !scope_holds(&alone, c->documents[i].path)) i++;
    if (i < c->n_documents) {
        char *copy = strdup(name);
        if (!copy) return error_memory(e);
        ((const char **)(void *)s->globs)[s->n_globs++] = copy;
        return 0;
    }
    const int lines = add_lines(s, name, c, e);
    if (lines != 0) return lines < 0 ? -1 : 0;
    const size_t before = s->n_ranges;
    if (o && add_chapters(s, o, name, e)) return -1;
    return s->n_ranges > before
               ? 0
               : error_set(e, "no path and no chapter is called %.*s", safe_text_most(name, 200), name);
}

static int add_word(struct scope *s, const char *word, size_t size, const struct corpus *c, const struct outline *o,
                    struct error *e)
{
    const bool kind = word[0] == 'k', quoted = word[kind ? 5 : 3] == '"';
    const size_t from = (kind ? 5u : 3u) + quoted;
    const size_t end = quoted && size > from && word[size - 1] == '"' ? size - 1 : size;
    char *name = strndup(word + from, end - from);
    if (!name) return error_memory(e);
    int failed = 0;
    if (!kind) {
        failed = add_name(s, name, c, o, e);
    } else {
        const unsigned contents = content_named(name);
        s->contents |= contents;
        if (!contents)
            failed = error_set(e, "kind: is code, docs, tests or all, not %.*s", safe_text_most(name, 100), name);
    }
    free(name);
    return failed;
}

int scope_words_resolve(struct scope *out, const char *within, const struct corpus *c, const struct outline *o,
                        struct error *e)
{
    const char **globs = calloc(strlen(within) + 1, sizeof *globs);
    if (!globs) return error_memory(e);
    struct scope s = {.globs = (const char *const *)globs};
    for (const char *p = within; *p != '\0';) {
        const size_t n = word_size(p);
        if (add_word(&s, p, n, c, o, e)) {
            scope_free(&s);
            return -1;
        }
        p += n;
        while (is_blank(*p)) p++;
    }
    *out = s;
    return 0;
}
