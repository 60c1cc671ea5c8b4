#define _GNU_SOURCE /* memmem */
#include "app/text/outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/text/definitions.h"
#include "app/text/heading.h"
#include "compute/bytes.h"
#include "compute/error.h"

#define TITLE_MAX 100
#define LINES_A_SLICE 512
/* A file with more headings than this is a list of something. */
#define HEADINGS_MAX 20000

bool outline_is_prose(const struct document *d)
{
    static const char *const endings[] = {"txt",  "md",   "rst", "adoc", "org",  "tex", "text", "markdown",
                                          "epub", "html", "htm", "pdf",  "docx", "odt", "fb2"};
    static const char *const code[] = {"makefile", "dockerfile", "cmakelists.txt", "requirements.txt", "robots.txt"};
    const char *name = strrchr(d->path, '/') ? strrchr(d->path, '/') + 1 : d->path;
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
        if (strcasecmp(name, code[i]) == 0) return false;
    }
    if (d->parts.n > 0) return true;
    if (dot == name || (d->size > 1 && memcmp(d->text, "#!", 2) == 0)) return false;
    if (dot == NULL) return true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (strcasecmp(dot + 1, endings[i]) == 0) return true;
    }
    return false;
}

/* Finds where the parts of two neighbouring paths part. */
static size_t common_folders(const char *a, const char *b, size_t *depth)
{
    size_t last = 0;
    *depth = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++) {
        if (a[i] != '/' || i == 0) continue;
        last = i + 1;
        ++*depth;
    }
    return last;
}

static int add_entry(struct outline *o, size_t *capacity, struct outline_entry entry, struct error *e)
{
    struct outline_entry *entries = bytes_reserve(o->entries, capacity, o->n_entries + 1, sizeof *entries);
    if (entries == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for the contents");
    o->entries = entries;
    entries[o->n_entries++] = entry;
    return 0;
}

/* Bytes of the folders that all documents are in: they would only indent the tree. */
static size_t shared_folders(const struct corpus *c)
{
    const char *first = c->documents[0].path, *slash = strrchr(first, '/');
    size_t shared = slash ? (size_t)(slash - first) + 1 : 0, depth;
    for (size_t i = 1; i < c->n_documents && shared > 0; i++) {
        size_t common = common_folders(first, c->documents[i].path, &depth);
        if (common < shared) shared = common;
    }
    return shared;
}

/* Folders of a path that the document before was not in, then the file. */
static int add_path(struct outline *o, size_t *capacity, size_t shared, size_t document, struct error *e)
{
    const char *path = o->corpus->documents[document].path + shared;
    size_t depth = 0,
           at = document ? common_folders(o->corpus->documents[document - 1].path + shared, path, &depth) : 0;
    for (;;) {
        const char *slash = strchr(path + at, '/');
        size_t size = slash ? (size_t)(slash - path) - at : strlen(path + at);
        struct outline_entry entry = {.folder = slash != NULL,
                                      .open = depth == 0,
                                      .depth = (uint16_t)(depth < 200 ? depth : 200),
                                      .name = path + at,
                                      .size = size,
                                      .first_document = document,
                                      .end_document = document + 1};
        if (add_entry(o, capacity, entry, e) != 0) return -1;
        if (slash == NULL) return 0;
        at += size + 1;
        depth++;
    }
}

/* From the end, every entry ends where the next one of its depth or less begins. */
static int close_entries(struct outline *o, struct error *e)
{
    size_t *next = malloc(202 * sizeof *next);
    if (next == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for the contents");
    for (size_t i = 0; i < 202; i++) next[i] = o->n_entries;
    for (size_t i = o->n_entries; i-- > 0;) {
        struct outline_entry *entry = &o->entries[i];
        entry->next = next[entry->depth];
        if (entry->folder)
            entry->end_document =
                entry->next < o->n_entries ? o->entries[entry->next].first_document : o->corpus->n_documents;
        for (size_t depth = entry->depth; depth < 202; depth++) next[depth] = i;
    }
    free(next);
    return 0;
}

int outline_open(struct outline **out, const struct corpus *c, struct error *e)
{
    struct outline *o = calloc(1, sizeof *o);
    if (o != NULL) o->first_heading = calloc(c->n_documents + 1, sizeof *o->first_heading);
    if (o == NULL || o->first_heading == NULL) {
        outline_close(o);
        return error_set_kind(e, ERROR_MEMORY, "no memory for the contents");
    }
    o->corpus = c;
    size_t capacity = 0, shared = shared_folders(c);
    for (size_t i = 0; i < c->n_documents; i++) {
        if (add_path(o, &capacity, shared, i, e) == 0) continue;
        outline_close(o);
        return -1;
    }
    if (close_entries(o, e) != 0) {
        outline_close(o);
        return -1;
    }
    /* A tree with a single file, or a small one, is shown whole. */
    for (size_t i = 0; c->n_documents <= 30 && i < o->n_entries; i++)
        o->entries[i].open = o->entries[i].folder || c->n_documents == 1;
    *out = o;
    return 0;
}

void outline_close(struct outline *o)
{
    if (o == NULL) return;
    free(o->entries);
    free(o->headings);
    free(o->first_heading);
    free(o);
}

static bool is_rule(const char *line, size_t size, char *mark)
{
    if (size < 3 || (line[0] != '=' && line[0] != '-' && line[0] != '~')) return false;
    for (size_t i = 1; i < size; i++) {
        if (line[i] != line[0]) return false;
    }
    *mark = line[0];
    return true;
}

/* What a line is: its level, the words to show, and what says so. */
struct found {
    unsigned level;
    size_t title, size;
    const char *word; /* of a part of a book, else NULL */
    bool capitals;    /* only its capitals do */
};

static struct found look_at(const char *line, size_t size, const char *below, size_t below_size)
{
    size_t marks = 0;
    char mark;
    struct found f = {.size = size};
    if (size == 0 || size > TITLE_MAX) return f;
    while (marks < size && line[marks] == '#') marks++;
    if (marks > 0 && marks <= 6 && marks < size && line[marks] == ' ')
        return (struct found){.level = (unsigned)marks, .title = marks + 1, .size = size - marks - 1};
    if (line[0] != ' ' && is_rule(below, below_size, &mark) && !is_rule(line, size, &mark) && below_size + 3 >= size &&
        below_size <= size + 3) {
        f.level = mark == '=' ? 1 : 2;
        return f;
    }
    f.level = heading_level(line, size, &f.word);
    if (f.level > 0) return f;
    f.word = NULL;
    f.capitals = below_size == 0 && heading_is_in_capitals(line, size);
    f.level = f.capitals ? 2 : 0;
    return f;
}

unsigned outline_heading_level(const char *line, size_t size, const char *below, size_t below_size, size_t *title,
                               size_t *title_size)
{
    const struct found f = look_at(line, size, below, below_size);
    *title = f.title;
    *title_size = f.size;
    return f.level;
}

static size_t line_of(const struct document *d, uint64_t line, const char **text)
{
    if (line >= d->n_lines) return 0;
    uint64_t begin = d->lines[line], end = line + 1 < d->n_lines ? d->lines[line + 1] : d->size;
    while (end > begin && (d->text[end - 1] == '\n' || d->text[end - 1] == '\r' || d->text[end - 1] == ' ')) end--;
    *text = d->text + begin;
    return end - begin > TITLE_MAX + 1 ? TITLE_MAX + 1 : (size_t)(end - begin);
}

/* A heading ends those before it that are not around it: the first one of its level, going back, is the last of them.
 */
static void add_heading(struct outline *o, struct outline_heading heading)
{
    const size_t first = o->first_heading[o->document];
    if (o->n_headings - first >= HEADINGS_MAX) return;
    struct outline_heading *headings =
        bytes_reserve(o->headings, &o->heading_capacity, o->n_headings + 1, sizeof *headings);
    if (headings == NULL) return;
    o->headings = headings;
    heading.end = o->corpus->documents[o->document].size;
    for (size_t i = o->n_headings; i-- > first;) {
        struct outline_heading *before = &headings[i];
        heading.depth = before->level < heading.level ? before->depth + 1u : before->depth;
        if (before->level < heading.level) break;
        if (before->end > heading.offset) before->end = heading.offset;
        if (before->level == heading.level) break;
    }
    headings[o->n_headings++] = heading;
}

/* Volumes, books and parts are inside each other in the order in which they come first; chapters are inside them all.
 */
static unsigned nested_level(struct outline *o, const struct found *f)
{
    if (f->word == NULL && !f->capitals) return f->level;
    if (f->level > 1) return o->n_words > 0 ? (unsigned)o->n_words + 1 : f->level;
    size_t i = 0;
    while (i < o->n_words && o->words[i] != f->word) i++;
    if (i == o->n_words && i < OUTLINE_WORDS) o->words[o->n_words++] = f->word;
    return (unsigned)i + 1;
}

/* A line of the list alone counts only with a blank line before it: inside a paragraph it is text. */
static void scan_line(struct outline *o, const struct document *d)
{
    const char *line = "", *below = "", *above = "";
    size_t size = line_of(d, o->line, &line);
    if (size == 0 || size > TITLE_MAX) return;
    if (o->line == 0) o->manual = heading_is_manual(line, size);
    if (o->line > 0 && line[0] != '#' && line_of(d, o->line - 1, &above) > 0) return;
    size_t below_size = line_of(d, o->line + 1, &below);
    struct found f = {.size = size};
    if (!o->manual)
        f = look_at(line, size, below, below_size);
    else if (o->line > 0)
        f.level = heading_manual_level(line, size);
    o->named += f.word != NULL && f.level > 1 && f.size > strlen(f.word) + 1;
    o->shouted = o->shouted || f.capitals;
    if (f.level == 0 || (f.capitals && !o->capitals)) return;
    const size_t blank = f.title == 0 ? strspn(line, " ") : 0;
    add_heading(o, (struct outline_heading){.document = o->document,
                                            .offset = d->lines[o->line],
                                            .level = (uint16_t)nested_level(o, &f),
                                            .title = line + f.title + blank,
                                            .size = (uint16_t)(f.size - blank)});
}

/* A converted text brings its own contents; false where it has none, and its lines are looked at. */
static bool take_parts(struct outline *o, const struct document *d)
{
    const size_t before = o->n_headings;
    for (size_t i = 0; i < d->parts.n; i++) {
        const struct parts_item *part = &d->parts.items[i];
        const char *title = parts_title(&d->parts, part);
        const struct outline_heading heading = {.document = o->document,
                                                .offset = part->offset,
                                                .level = (uint16_t)part->level,
                                                .title = title,
                                                .size = (uint16_t)strlen(title)};
        if (part->level > 0) add_heading(o, heading);
    }
    return o->n_headings > before;
}

/* Lines in capitals are chapters only where nothing else names chapters: such a text is looked at once more. */
static void end_document(struct outline *o)
{
    const bool again = o->shouted && !o->capitals && o->named < 2;
    if (again) o->n_headings = o->first_heading[o->document];
    o->capitals = again;
    o->line = o->named = o->n_words = 0;
    o->shouted = false;
    if (!again) o->first_heading[++o->document] = o->n_headings;
}

bool outline_step(struct outline *o, int milliseconds)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (o->document < o->corpus->n_documents) {
        const struct document *d = &o->corpus->documents[o->document];
        bool prose = outline_is_prose(d) && (o->line > 0 || !take_parts(o, d));
        uint64_t end = o->line + LINES_A_SLICE;
        for (; prose && o->line < d->n_lines && o->line < end; o->line++) scan_line(o, d);
        if (o->line >= d->n_lines || !prose) end_document(o);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 >= milliseconds) break;
    }
    return !outline_done(o);
}

bool outline_done(const struct outline *o)
{
    return o->document >= o->corpus->n_documents;
}

/* Where a name stands in its line; NULL where the text is another one by now. */
static const char *name_in_line(const struct document *d, const struct definition *one)
{
    if (one->line > d->n_lines) return NULL;
    const uint64_t begin = d->lines[one->line - 1], end = one->line < d->n_lines ? d->lines[one->line] : d->size;
    return memmem(d->text + begin, (size_t)(end - begin), one->name, strlen(one->name));
}

bool outline_define(struct outline *o, size_t document, const struct definition *list, size_t n)
{
    const struct document *d = &o->corpus->documents[document];
    const size_t at = o->first_heading[document];
    if (n == 0 || !outline_done(o) || o->first_heading[document + 1] > at) return false;
    struct outline_heading *headings =
        bytes_reserve(o->headings, &o->heading_capacity, o->n_headings + n, sizeof *headings);
    if (headings == NULL) return false;
    o->headings = headings;
    memmove(headings + at + n, headings + at, (o->n_headings - at) * sizeof *headings);
    size_t taken = 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = name_in_line(d, &list[i]);
        if (name == NULL) continue;
        const uint64_t offset = d->lines[list[i].line - 1];
        if (taken > 0) headings[at + taken - 1].end = offset;
        headings[at + taken++] = (struct outline_heading){.document = document,
                                                          .offset = offset,
                                                          .end = d->size,
                                                          .level = 1,
                                                          .title = name,
                                                          .size = (uint16_t)strlen(list[i].name)};
    }
    memmove(headings + at + taken, headings + at + n, (o->n_headings - at) * sizeof *headings);
    o->n_headings += taken;
    for (size_t i = document + 1; i <= o->corpus->n_documents; i++) o->first_heading[i] += taken;
    return taken > 0;
}

void outline_headings(const struct outline *o, size_t document, size_t *begin, size_t *end)
{
    *begin = *end = 0;
    if (document > o->document || document >= o->corpus->n_documents) return;
    *begin = o->first_heading[document];
    *end = document < o->document ? o->first_heading[document + 1] : o->n_headings;
}

/* The heading around one; SIZE_MAX where there is none. */
static size_t heading_around(const struct outline *o, size_t heading)
{
    for (size_t i = heading; i-- > 0 && o->headings[i].document == o->headings[heading].document;)
        if (o->headings[i].depth < o->headings[heading].depth) return i;
    return SIZE_MAX;
}

size_t outline_path(const struct outline *o, size_t heading, char *out, size_t size)
{
    const size_t outer = o->headings[heading].depth > 0 ? heading_around(o, heading) : SIZE_MAX;
    const size_t used = outer != SIZE_MAX ? outline_path(o, outer, out, size) : 0;
    const struct outline_heading *h = &o->headings[heading];
    const int n = snprintf(out + used, size - used, "%s%.*s", used > 0 ? " > " : "", (int)h->size, h->title);
    return used + (n < 0 ? 0 : (size_t)n < size - used ? (size_t)n : size - used - 1);
}

const struct outline_heading *outline_heading_at(const struct outline *o, size_t document, uint64_t offset)
{
    size_t begin, end;
    outline_headings(o, document, &begin, &end);
    size_t low = begin, high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (o->headings[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low > begin ? &o->headings[low - 1] : NULL;
}
