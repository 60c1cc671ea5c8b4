#include "app/text/syntax_catalog.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

/* What is looked for stands near the beginning. */
#define HEAD_BYTES 8192
#define ENDING ".lang"

struct entry {
    char *language, *file, *globs; /* owned; globs as they stand: "*.c;*.h", NULL: parts of other languages */
};

struct syntax_catalog {
    char folder[512];
    struct entry *entries; /* owned, by their languages */
    size_t n, capacity;
};

static void free_entry(struct entry *one)
{
    free(one->language);
    free(one->file);
    free(one->globs);
}

static char *text_between(const char *text, const char *from, const char *to)
{
    const char *begin = strstr(text, from), *end = begin ? strstr(begin += strlen(from), to) : NULL;
    return end ? strndup(begin, (size_t)(end - begin)) : NULL;
}

static int add_file(struct syntax_catalog *c, const char *file, struct error *e)
{
    char path[1024], head[HEAD_BYTES + 1];
    snprintf(path, sizeof path, "%s/%s", c->folder, file);
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(head, 1, HEAD_BYTES, f) : 0;
    if (f) fclose(f);
    head[n] = '\0';
    struct entry one = {text_between(head, "<language id=\"", "\""), strdup(path),
                        text_between(head, "<property name=\"globs\">", "<")};
    struct entry *entries = bytes_reserve(c->entries, &c->capacity, c->n + 1, sizeof *entries);
    if (entries) c->entries = entries;
    if (entries && one.language && one.file) {
        entries[c->n++] = one;
        return 0;
    }
    const bool named = one.language != NULL;
    free_entry(&one);
    return named ? error_memory(e) : 0;
}

static int compare_languages(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->language, ((const struct entry *)right)->language);
}

/* False where the folder is not there. */
static bool fill_from_folder(struct syntax_catalog *c, int *failed, struct error *e)
{
    DIR *d = opendir(c->folder);
    if (d == NULL) return false;
    for (struct dirent *found; *failed == 0 && (found = readdir(d));) {
        const size_t size = strlen(found->d_name), ending = strlen(ENDING);
        if (size > ending && strcmp(found->d_name + size - ending, ENDING) == 0)
            *failed = add_file(c, found->d_name, e);
    }
    closedir(d);
    if (c->n > 0) qsort(c->entries, c->n, sizeof *c->entries, compare_languages);
    return true;
}

int syntax_catalog_open(struct syntax_catalog **out, struct error *e)
{
    static const char *const names[] = {"gtksourceview-5", "gtksourceview-4", "gtksourceview-3.0"};
    const char *dirs = getenv("XDG_DATA_DIRS");
    if (dirs == NULL || *dirs == '\0') dirs = "/usr/local/share:/usr/share";
    struct syntax_catalog *c = calloc(1, sizeof *c);
    if (c == NULL) return error_memory(e);
    int failed = 0;
    bool found = false;
    for (const char *p = dirs; *p != '\0' && !found; p += strspn(p, ":")) {
        const size_t n = strcspn(p, ":");
        for (size_t i = 0; i < 3 && !found; i++) {
            snprintf(c->folder, sizeof c->folder, "%.*s/%s/language-specs", (int)(n < 400 ? n : 400), p, names[i]);
            found = fill_from_folder(c, &failed, e);
        }
        p += n;
    }
    if (failed) {
        syntax_catalog_close(c);
        return -1;
    }
    *out = c;
    return 0;
}

void syntax_catalog_close(struct syntax_catalog *c)
{
    if (c == NULL) return;
    for (size_t i = 0; i < c->n; i++) free_entry(&c->entries[i]);
    free(c->entries);
    free(c);
}

static bool names(const char *globs, const char *name)
{
    for (const char *p = globs; *p != '\0'; p += strspn(p, ";")) {
        char glob[64];
        const size_t n = strcspn(p, ";");
        snprintf(glob, sizeof glob, "%.*s", (int)(n < 63 ? n : 63), p);
        if (fnmatch(glob, name, 0) == 0) return true;
        p += n;
    }
    return false;
}

/* Of two descriptions for the same files, "python" and "python3", the newer one. */
const char *syntax_catalog_find(const struct syntax_catalog *c, const char *name)
{
    const char *best = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const char *language = c->entries[i].language;
        const size_t n = best ? strlen(best) : 0;
        const bool newer = best && strncmp(language, best, n) == 0 && language[n] >= '0' && language[n] <= '9';
        if ((best == NULL || newer) && c->entries[i].globs && names(c->entries[i].globs, name)) best = language;
    }
    return best;
}

const char *syntax_catalog_file(const struct syntax_catalog *c, const char *language)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->entries[i].language, language) == 0) return c->entries[i].file;
    return NULL;
}
