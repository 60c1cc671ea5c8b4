/* A hostile .git: the first byte says whether the rest is an index, settings, or a pattern and a path. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/text/git_config.h"
#include "app/text/git_index.h"
#include "app/text/gitignore.h"
#include "compute/error.h"
#include "tests/fuzz_scratch.h"

static void enter(void)
{
    static bool entered;
    if (entered) return;
    entered = true;
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("HOME", "/nowhere", 1);
    unsetenv("GIT_CONFIG_COUNT");
}

static void read_index(const uint8_t *data, size_t size, size_t hash_size)
{
    struct git_index x = {0};
    struct error e = {0};
    size_t n;
    fuzz_scratch_write("index", data, size);
    if (git_index_open(&x, fuzz_scratch(), hash_size, hash_size == 32, &e) != 0) return;
    for (size_t i = 0; i < x.n && i < 100; i++)
        if (!git_index_find(&x, x.entries[i].path)) abort();
    git_index_below(&x, "a/", &n);
    if (!git_index_below(&x, "", &n) != (x.n == 0) || n != x.n) abort();
    git_index_close(&x);
}

/* Settings that include themselves twice over are read a thousand times, which is the limit and a test's of its own;
 * here they would be most of the time. */
static bool includes_much(const uint8_t *data, size_t size)
{
    unsigned n = 0;
    for (size_t i = 0; i + 4 <= size; i++) n += strncasecmp((const char *)data + i, "path", 4) == 0;
    return n > 1;
}

static void read_config(const uint8_t *data, size_t size)
{
    const struct git_config_place place = {fuzz_scratch(), fuzz_scratch(), "main"};
    struct git_config *c;
    struct error e = {0};
    if (includes_much(data, size)) return;
    fuzz_scratch_write("config", data, size);
    if (git_config_open(&c, &place, &e) != 0) abort(); /* it fails without memory only */
    git_config_get(c, "core.excludesfile");
    git_config_flag(c, "core.ignorecase");
    git_config_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enter();
    if (size == 0) return 0;
    if (data[0] % 4 == 0) read_index(data + 1, size - 1, 20);
    if (data[0] % 4 == 1) read_index(data + 1, size - 1, 32);
    if (data[0] % 4 == 2) read_config(data + 1, size - 1);
    if (data[0] % 4 != 3) return 0;
    char *pattern = strndup((const char *)data + 1, size - 1), *text = pattern ? strchr(pattern, '\n') : NULL;
    if (text) {
        *text++ = '\0';
        for (unsigned flags = 0; flags < 4; flags++) gitignore_wildmatch(pattern, text, flags);
    }
    free(pattern);
    return 0;
}
