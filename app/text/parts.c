#include "app/text/parts.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

/* What stands between an entry and the one it is inside. */
#define INSIDE " > "

/* A title longer than this is a paragraph that was set as a heading. */
#define TITLE_MAX ((size_t)200)

/* Room in `names`; NULL without memory. */
static char *reserve_name(struct parts *p, size_t size)
{
    char *names = bytes_reserve(p->names, &p->names_capacity, p->names_size + size, 1);
    if (names) p->names = names;
    return names ? names + p->names_size : NULL;
}

static int add_part(struct parts *p, struct parts_item part, struct error *e)
{
    struct parts_item *items = bytes_reserve(p->items, &p->capacity, p->n + 1, sizeof *items);
    if (!items) return error_memory(e);
    p->items = items;
    items[p->n++] = part;
    return 0;
}

int parts_add_place(struct parts *p, uint64_t offset, const char *at, struct error *e)
{
    size_t size = strlen(at) + 1;
    char *name = reserve_name(p, size);
    if (!name) return error_memory(e);
    memcpy(name, at, size);
    struct parts_item part = {.offset = offset, .at = p->names_size, .title = p->names_size};
    p->names_size += size;
    return add_part(p, part, e);
}

/* The place's name of the entry that one of this level is inside; NULL where it is inside none. */
static const char *name_around(const struct parts *p, unsigned level)
{
    for (size_t i = p->n; i-- > 0;) {
        unsigned other = p->items[i].level;
        if (other > 0 && other < level) return p->names + p->items[i].at;
    }
    return NULL;
}

/* Copies words, runs of white space as one blank; returns their size. */
static size_t copy_title(char *out, const char *title, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        bool blank = isspace((unsigned char)title[i]) || title[i] == '\0';
        if (!blank)
            out[n++] = title[i];
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    return n > 0 && out[n - 1] == ' ' ? n - 1 : n;
}

int parts_add_heading(struct parts *p, uint64_t offset, unsigned level, const char *title, size_t size, struct error *e)
{
    const char *outer = name_around(p, level);
    size_t outer_size = outer ? strlen(outer) + strlen(INSIDE) : 0, outer_at = outer ? (size_t)(outer - p->names) : 0;
    if (size > TITLE_MAX) /* not inside a character */
        for (size = TITLE_MAX; size > 0 && ((unsigned char)title[size] & 0xC0) == 0x80;) size--;
    char *name = reserve_name(p, outer_size + size + 1);
    if (!name) return error_memory(e);
    if (outer) {
        memcpy(name, p->names + outer_at, outer_size - strlen(INSIDE));
        memcpy(name + outer_size - strlen(INSIDE), INSIDE, strlen(INSIDE));
    }
    size_t n = copy_title(name + outer_size, title, size);
    if (n == 0) return 0;
    name[outer_size + n] = '\0';
    struct parts_item part = {
        .offset = offset, .level = level, .at = p->names_size, .title = p->names_size + outer_size};
    p->names_size += outer_size + n + 1;
    return add_part(p, part, e);
}

const char *parts_at(const struct parts *p, uint64_t offset)
{
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->items[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? p->names + p->items[low - 1].at : NULL;
}

const char *parts_title(const struct parts *p, const struct parts_item *part)
{
    return p->names + part->title;
}

void parts_free(struct parts *p)
{
    free(p->items);
    free(p->names);
    *p = (struct parts){0};
}
