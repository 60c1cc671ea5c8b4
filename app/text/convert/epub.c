#define _GNU_SOURCE /* memmem */
#include "app/text/convert/epub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/convert/epub_contents.h"
#include "app/text/convert/html.h"
#include "app/text/convert/notes.h"
#include "compute/bytes.h"
#include "compute/error.h"

static bool member_holds(const struct package_member *m, const char *words)
{
    return memmem(m->bytes, m->size, words, strlen(words)) != NULL;
}

/* Fonts may be scrambled and the text still be plain; a text that is encrypted names a cipher. */
static int check_protection(const struct package *p, struct error *e)
{
    const struct package_member *m = package_find(p, "META-INF/encryption.xml");
    if (p->encrypted || (m && (member_holds(m, "xmlenc#aes") || member_holds(m, "xmlenc#tripledes"))))
        return error_set(e, "a protected EPUB (encrypted)");
    return 0;
}

/* Footnotes, where links are marked as leading to one. */
static int read_notes(struct notes *n, const struct epub_contents *c, const struct package *p, struct convert_budget *b,
                      struct error *e)
{
    for (size_t i = 0; i < c->n_spine; i++) {
        const struct package_member *m = package_find(p, c->spine[i]);
        if (m && member_holds(m, "noteref") && notes_look(n, m->name, (const uint8_t *)m->bytes, m->size, b, e) != 0)
            return -1;
    }
    for (size_t i = 0; n->n > 0 && i < c->n_spine; i++) {
        const struct package_member *m = package_find(p, c->spine[i]);
        if (m && notes_capture(n, m->name, (const uint8_t *)m->bytes, m->size, b, e) != 0) return -1;
    }
    return 0;
}

/* The entries of the contents that begin in this file. An element that the file does not have is its beginning. */
static struct html_entry *entries_of(const struct epub_contents *c, const struct package_member *m, size_t *n)
{
    *n = 0;
    struct html_entry *entries = calloc(c->n_entries + 1, sizeof *entries);
    for (size_t i = 0; entries && i < c->n_entries; i++) {
        const struct epub_entry *entry = &c->entries[i];
        if (strcmp(entry->file, m->name) != 0) continue;
        entries[(*n)++] = (struct html_entry){member_holds(m, entry->id) ? entry->id : "", entry->title, entry->level};
    }
    return entries;
}

static int add_file(struct flow *f, const struct epub_contents *c, const struct package_member *m,
                    const struct notes *notes, struct error *e)
{
    struct html_page page = {
        .bytes = (const uint8_t *)m->bytes, .size = m->size, .file = m->name, .notes = notes, .chapter = true};
    struct html_entry *entries = entries_of(c, m, &page.n_entries);
    if (!entries) return error_memory(e);
    page.entries = entries;
    int result = html_add(f, &page, e);
    free(entries);
    return result;
}

/* Some books list a file once for each of its chapters: it is read at the first place. */
static bool is_listed_before(const struct epub_contents *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(c->spine[k], c->spine[i]) == 0) return true;
    return false;
}

int epub_convert(struct converted *out, const struct package *p, struct error *e)
{
    struct epub_contents c;
    struct notes notes = {0};
    if (check_protection(p, e) != 0 || epub_contents_read(&c, p, out->budget, e) != 0) return -1;
    struct flow f = {.out = out};
    int result = read_notes(&notes, &c, p, out->budget, e);
    size_t missing = 0;
    for (size_t i = 0; i < c.n_spine && result == 0; i++) {
        const struct package_member *m = package_find(p, c.spine[i]);
        missing += !m;
        if (m && !is_listed_before(&c, i) && (!c.nav || strcmp(c.nav, m->name) != 0))
            result = add_file(&f, &c, m, &notes, e);
    }
    if (missing > 0)
        snprintf(out->note, sizeof out->note, "%zu of the %zu parts that it lists are not in it", missing, c.n_spine);
    if (result == 0) result = flow_finish(&f, e);
    flow_free(&f);
    notes_free(&notes);
    epub_contents_free(&c);
    return result;
}
