/* Literal screens: what a canvas shows, compared with a file in tests/screens/. Styles, where a test asks for them,
 * follow a line of dashes. LECTERN_WRITE_SCREENS=1 writes the files instead; what they say is then to be read before it
 * is committed. */
#ifndef LECTERN_SCREENS_H
#define LECTERN_SCREENS_H

#include "tests/test.h"

#include "app/terminal/canvas.h"

static inline char *screens_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 16);
    if (f == NULL || text == NULL) fail_msg("%s: cannot be read", path);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* The first line that differs says more than the whole screen. */
static inline void screens_compare(const char *path, const char *expected, const char *shown)
{
    int line = 1;
    while (*expected != '\0' || *shown != '\0') {
        size_t n = strcspn(expected, "\n"), m = strcspn(shown, "\n");
        if (n != m || memcmp(expected, shown, n) != 0)
            fail_msg("%s:%d: expected\n%.*s\nshown\n%.*s", path, line, (int)n, expected, (int)m, shown);
        expected += n + (expected[n] == '\n');
        shown += m + (shown[m] == '\n');
        line++;
    }
}

static inline void assert_screen(const struct canvas *c, const char *name, bool styles)
{
    char path[256];
    snprintf(path, sizeof path, "tests/screens/%s.txt", name);
    char *text = canvas_text(c), *roles = canvas_styles(c), *all = malloc(strlen(text) + strlen(roles) + 8);
    sprintf(all, "%s%s%s", text, styles ? "---\n" : "", styles ? roles : "");
    if (getenv("LECTERN_WRITE_SCREENS") != NULL) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fputs(all, f);
        fclose(f);
    } else {
        char *expected = screens_read(path);
        screens_compare(path, expected, all);
        free(expected);
    }
    free(all);
    free(text);
    free(roles);
}

#endif
