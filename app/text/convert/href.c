#include "app/text/convert/href.h"

#include <stdlib.h>
#include <string.h>

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "%41" at p is 'A'; -1: none. */
static int percent(const char *p)
{
    int high = p[0] == '%' ? digit(p[1]) : -1, low = high >= 0 ? digit(p[2]) : -1;
    return low > 0 || high > 0 ? (high < 0 || low < 0 ? -1 : high * 16 + low) : -1;
}

/* Takes "." and ".." out of the path. */
static void normalize(char *path)
{
    char *out = path;
    for (char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        bool last = p[n] == '\0';
        if (n == 2 && memcmp(p, "..", 2) == 0) {
            if (out > path) out--; /* its slash */
            while (out > path && out[-1] != '/') out--;
        } else if (n > 0 && !(n == 1 && *p == '.')) {
            memmove(out, p, n);
            out += n;
            if (!last) *out++ = '/';
        }
        p += last ? n : n + 1;
    }
    *out = '\0';
}

char *href_resolve(const char *base, const char *href, bool fragment)
{
    const char *slash = strrchr(base, '/');
    size_t folder = *href == '#' ? strlen(base) : *href != '/' && slash ? (size_t)(slash - base) + 1 : 0;
    size_t n = strcspn(href, "#"), size = folder;
    char *path = malloc(folder + strlen(href) + 1);
    if (!path) return NULL;
    memcpy(path, base, folder);
    for (size_t i = 0; i < n; i++) {
        int c = percent(href + i);
        path[size++] = c > 0 ? (char)c : href[i];
        if (c > 0) i += 2;
    }
    path[size] = '\0';
    normalize(path);
    if (fragment && href[n] == '#') strcat(path, href + n);
    return path;
}
