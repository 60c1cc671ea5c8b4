/* Any bytes as a .gitignore, up to a NUL, and paths that it is asked about, one a line. What is below an ignored
 * directory is ignored, and the order of questions does not matter. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/text/gitignore.h"
#include "tests/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void enter(void)
{
    static bool entered;
    char path[96];
    if (entered) return;
    entered = true;
    if (mkdir(fuzz_scratch_file(path, "a"), 0700) != 0) abort();
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
    fuzz_scratch_write(".gitignore", bytes, n_rules);
    fuzz_scratch_write("a/.gitignore", bytes + n_rules / 2, n_rules - n_rules / 2);
    const size_t n = take_paths(text, paths);
    for (int fold = 0; fold < 2; fold++) {
        struct gitignore *g = gitignore_open(fuzz_scratch(), NULL, NULL, fold);
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
