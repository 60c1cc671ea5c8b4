#include "app/reader/scope.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/content.h"

/* Where matching goes on when it has failed: behind a star, with more of the path left to it. */
struct retry {
    const char *glob, *path; /* NULL: there was no star yet */
    bool folders;            /* whole ones are left to it */
};

/* The next try; false where there is none. The last star is tried first, which stays in its folder; then the last that
 * crosses folders: stars before those two have nothing to gain. */
static bool retry(struct retry *star, struct retry *deep, const char **glob, const char **path)
{
    if (!star->glob || *star->path == '/') *star = *deep;
    const char *end = star->glob && star->folders ? strchr(star->path, '/') : star->path;
    if (!star->glob || !end || *end == '\0') return false;
    star->path = end + 1;
    if (star->glob == deep->glob) *deep = *star;
    *path = star->path;
    *glob = star->glob;
    return true;
}

/* Whether the glob matches all of the path, or up to a folder's end. */
static bool matches(const char *glob, const char *path)
{
    const char *const begin = glob;
    struct retry star = {.glob = NULL}, deep = star;
    while (*path) {
        if (*glob == '*') {
            const bool crosses = glob[1] == '*';
            const bool folders = crosses && glob[2] == '/' && (glob == begin || glob[-1] == '/'); /* none, or some */
            glob += folders ? 3 : crosses ? 2 : 1;
            star = (struct retry){glob, path, folders};
            if (crosses) deep = star;
        } else if (*glob && (*glob == *path || (*glob == '?' && *path != '/'))) {
            glob++;
            path++;
        } else if (*glob == '\0' && *path == '/') {
            return true; /* a folder that it lies in */
        } else if (!retry(&star, &deep, &glob, &path)) {
            return false;
        }
    }
    while (*glob == '*') glob++;
    return *glob == '\0' || strcmp(glob, "/") == 0;
}

static bool glob_holds(const char *glob, const char *path)
{
    if (strncmp(glob, "./", 2) == 0) glob += 2;
    size_t size = strlen(glob);
    if (size > 0 && glob[size - 1] == '/') { /* a folder: what lies in it */
        return strncmp(path, glob, size) == 0;
    }
    return matches(glob, path) || (!strchr(glob, '/') && matches(glob, content_name(path)));
}

bool scope_holds(const struct scope *s, const char *path)
{
    if (s->contents && !(s->contents >> content_of(path) & 1)) return false;
    if (s->n_globs == 0) return s->n_ranges == 0;
    for (size_t i = 0; i < s->n_globs; i++)
        if (glob_holds(s->globs[i], path)) return true;
    return false;
}

bool scope_touches(const struct scope *s, size_t document, uint64_t begin, uint64_t end)
{
    for (size_t i = 0; i < s->n_ranges; i++) {
        const struct scope_range *r = &s->ranges[i];
        if (r->document == document && begin < r->end && end > r->begin) return true;
    }
    return false;
}

bool scope_copy(struct scope *out, const struct scope *s)
{
    char **globs = calloc(s->n_globs + 1, sizeof *globs);
    struct scope_range *ranges = calloc(s->n_ranges + 1, sizeof *ranges);
    if (!globs || !ranges) {
        free(globs);
        free(ranges);
        return false;
    }
    if (s->n_ranges > 0) memcpy(ranges, s->ranges, s->n_ranges * sizeof *ranges);
    *out = (struct scope){.globs = (const char *const *)globs,
                          .n_globs = s->n_globs,
                          .ranges = ranges,
                          .n_ranges = s->n_ranges,
                          .contents = s->contents};
    for (size_t i = 0; i < s->n_globs; i++) {
        if ((globs[i] = strdup(s->globs[i]))) continue;
        scope_free(out);
        return false;
    }
    return true;
}

void scope_free(struct scope *s)
{
    char **globs = (char **)(void *)s->globs;
    for (size_t i = 0; globs && i < s->n_globs; i++) free(globs[i]);
    free(globs);
    free((void *)(uintptr_t)s->ranges);
    *s = (struct scope){.n_globs = 0};
}

bool scope_is_all(const struct scope *s)
{
    return s->n_globs == 0 && s->n_ranges == 0 && s->contents == 0;
}
