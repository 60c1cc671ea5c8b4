/* A hostile .git: the first byte says whether the rest is an index, settings, or a pattern and a path. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/git_config.h"
#include "app/text/git_index.h"
#include "app/text/gitignore.h"
#include "tests/test.h"

static char scratch[] = "/tmp/lectern-fuzz-git-XXXXXX";

static void forget_scratch(void)
{
    static const char *const names[] = {"index", "config"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch, names[i]);
        unlink(path);
    }
    rmdir(scratch);
}

static void enter_scratch(void)
{
    static bool entered;
    if (entered) return;
    entered = true;
    if (!mkdtemp(scratch)) abort();
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("HOME", "/nowhere", 1);
    unsetenv("GIT_CONFIG_COUNT");
    atexit(forget_scratch);
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) abort();
}

static void read_index(const uint8_t *data, size_t size, size_t hash_size)
{
    struct git_index x = {0};
    struct error e = {0};
    size_t n;
    write_file("index", data, size);
    if (git_index_open(&x, scratch, hash_size, hash_size == 32, &e) != 0) return;
    for (size_t i = 0; i < x.n && i < 100; i++)
        if (!git_index_find(&x, x.entries[i].path)) abort();
    git_index_below(&x, "a/", &n);
    if (!git_index_below(&x, "", &n) != (x.n == 0) || n != x.n) abort();
    git_index_close(&x);
}

static void read_config(const uint8_t *data, size_t size)
{
    const struct git_config_place place = {scratch, scratch, "main"};
    struct git_config *c;
    struct error e = {0};
    write_file("config", data, size);
    if (git_config_open(&c, &place, &e) != 0) abort(); /* it fails without memory only */
    git_config_get(c, "core.excludesfile");
    git_config_flag(c, "core.ignorecase");
    git_config_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enter_scratch();
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
