#include "app/text/convert/package.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/text/convert/unpack.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* What a book holds beside its words. */
static bool is_wanted(void *context, const struct unpack_member *m)
{
    static const char *const endings[] = {"jpg", "jpeg", "png", "gif",  "svg", "webp", "bmp",  "tif",   "tiff",
                                          "emf", "wmf",  "css", "js",   "ttf", "otf",  "woff", "woff2", "mp3",
                                          "mp4", "m4a",  "ogg", "webm", "bin", "rels", "smil", "xpgt",  NULL};
    struct package *p = context;
    if (m->problem && strcmp(m->problem, "encrypted") == 0) p->encrypted = true;
    const char *dot = strrchr(m->name, '.');
    for (const char *const *e = endings; dot && *e; e++)
        if (strcasecmp(dot + 1, *e) == 0) return false;
    return true;
}

static int take_member(void *context, const struct unpack_member *m, char *bytes, size_t size, struct error *e)
{
    struct package *p = context;
    struct package_member *members = bytes_reserve(p->members, &p->capacity, p->n + 1, sizeof *members);
    char *name = strdup(m->name);
    if (members) p->members = members;
    if (!members || !name) {
        free(name);
        free(bytes);
        return error_memory(e);
    }
    members[p->n++] = (struct package_member){name, bytes, size};
    return 0;
}

static int compare_member_names(const void *left, const void *right)
{
    return strcmp(((const struct package_member *)left)->name, ((const struct package_member *)right)->name);
}

int package_open(struct package *p, const uint8_t *bytes, size_t size, struct convert_budget *b, struct error *e)
{
    *p = (struct package){0};
    const struct unpack_handler h = {is_wanted, take_member, p};
    if (unpack_walk(bytes, size, &h, b, e) != 0) {
        package_close(p);
        return -1;
    }
    if (p->n > 0) qsort(p->members, p->n, sizeof *p->members, compare_member_names);
    return 0;
}

void package_close(struct package *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->members[i].name);
        free(p->members[i].bytes);
    }
    free(p->members);
    *p = (struct package){0};
}

const struct package_member *package_find(const struct package *p, const char *name)
{
    const struct package_member wanted = {.name = (char *)(uintptr_t)name};
    return p->n > 0 ? bsearch(&wanted, p->members, p->n, sizeof *p->members, compare_member_names) : NULL;
}
