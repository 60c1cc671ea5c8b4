/* Any bytes as a .gitignore, up to a NUL, and paths that it is asked about, one a line. What is below an ignored
 * directory is ignored, and the order of questions does not matter. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/gitignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char top[] = "/tmp/lectern-fuzz-ignore-XXXXXX";
static char file[sizeof top + 16], below[sizeof top + 16];

static void leave(void)
{
    unlink(file);
    unlink(below);
    *strrchr(below, '/') = '\0';
    rmdir(below);
    rmdir(top);
}

static void enter(void)
{
    if (file[0]) return;
    if (!mkdtemp(top)) abort();
    snprintf(file, sizeof file, "%s/.gitignore", top);
    snprintf(below, sizeof below, "%s/a", top);
    mkdir(below, 0700);
    snprintf(below, sizeof below, "%s/a/.gitignore", top);
    atexit(leave);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f || (size > 0 && fwrite(bytes, 1, size, f) != size) || fclose(f) != 0) abort();
}

/* The first lines that are paths inside the working tree. */
static size_t take_paths(char *text, char *paths[8])
{
    size_t n = 0;
    for (char *rest = text, *line; n < 8 && (line = strsep(&rest, "\n"));)
        if (*line && *line != '/' && strlen(line) < 1000 && line[strlen(line) - 1] != '/' && !strstr(line, "//"))
            paths[n++] = line;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, 0, size);
    const size_t n_rules = end ? (size_t)(end - bytes) : size, n_text = end ? size - n_rules - 1 : 0;
    char *text = calloc(n_text + 1, 1), *paths[8];
    enter();
    if (!text) abort();
    if (n_text) memcpy(text, end + 1, n_text);
    write_file(file, bytes, n_rules);
    write_file(below, bytes + n_rules / 2, n_rules - n_rules / 2);
    const size_t n = take_paths(text, paths);
    for (int fold = 0; fold < 2; fold++) {
        struct gitignore *g = gitignore_open(top, NULL, NULL, fold);
        bool ignored[8], folder[8];
        if (!g) abort();
        for (size_t i = 0; i < n; i++) {
            ignored[i] = gitignore_matches(g, paths[i], false);
            folder[i] = gitignore_matches(g, paths[i], true);
        }
        for (size_t i = n; i-- > 0;) {
            char inside[1100];
            if (gitignore_matches(g, paths[i], false) != ignored[i]) abort();
            snprintf(inside, sizeof inside, "%s/x", paths[i]);
            if (folder[i] && !gitignore_matches(g, inside, false)) abort();
        }
        gitignore_close(g);
    }
    free(text);
    return 0;
}
