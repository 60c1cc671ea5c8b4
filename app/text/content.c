#include "app/text/content.h"

#include <string.h>

#include "app/text/stems.h"

#define HOLDS(list, word, size) stems_list_holds(list, sizeof(list) / sizeof *(list), word, size)

static const char *const code_endings[] = {
    "c",    "h",    "cc",  "cpp",  "cxx",   "hpp",   "hh",  "hxx", "m",   "mm",   "cu",   "cs",    "go",
    "rs",   "java", "kt",  "kts",  "js",    "jsx",   "mjs", "cjs", "ts",  "tsx",  "vue",  "py",    "pyi",
    "rb",   "php",  "pl",  "pm",   "swift", "scala", "ex",  "hs",  "exs", "erl",  "hrl",  "ml",    "mli",
    "fs",   "fsx",  "clj", "cljs", "el",    "lisp",  "lua", "vim", "sh",  "zsh",  "r",    "jl",    "bash",
    "fish", "zig",  "nim", "d",    "dart",  "sql",   "f90", "asm", "s",   "comp", "glsl", "svelte"};
static const char *const docs_endings[] = {"md",  "markdown", "rst",  "txt",  "adoc", "asciidoc", "html",
                                           "htm", "xhtml",    "tex",  "org",  "epub", "pdf",      "docx",
                                           "odt", "man",      "texi", "info", "mdx"};
static const char *const tests_folders[] = {"test",    "tests",    "__tests__", "spec",    "specs",
                                            "testing", "testdata", "fixture",   "fixtures"};
static const char *const examples_folders[] = {"example",    "examples", "_example",    "_examples",   "sample",
                                               "samples",    "demo",     "demos",       "bench",       "benchmark",
                                               "benchmarks", "doc_src",  "docs_src",    "compat",      "_compat",
                                               "legacy",     "vendor",   "third_party", "node_modules"};

const char *content_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

size_t content_stem(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - name) : strlen(name);
}

static bool name_ends_with(const char *name, size_t size, const char *with)
{
    size_t n = strlen(with);
    return size > n && memcmp(name + size - n, with, n) == 0;
}

/* test_a.py, a_test.go, a.spec.ts, ATests.java, ASpec.kt, ASuite.scala */
static bool is_test(const char *name)
{
    static const char *const small[] = {"_test", "_tests", "_spec", ".test", ".tests", ".spec", "-test", "-spec"};
    static const char *const capital[] = {"Test", "Tests", "TestCase", "Spec", "Suite"};
    size_t size = content_stem(name);
    if (strncmp(name, "test_", 5) == 0 || strncmp(name, "test-", 5) == 0) return true;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (name_ends_with(name, size, small[i])) return true;
    for (size_t i = 0; i < sizeof capital / sizeof *capital; i++)
        if (name_ends_with(name, size, capital[i])) return true;
    return false;
}

static bool lies_in(const char *path, const char *const *folders, size_t n)
{
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
        if (stems_list_holds(folders, n, path, (size_t)(slash - path))) return true;
    return false;
}

#define LIES_IN(path, folders) lies_in(path, folders, sizeof(folders) / sizeof *(folders))

enum content content_of(const char *path)
{
    const char *name = content_name(path), *ending = name + content_stem(name);
    if (*ending == '.') ending++;
    bool code = HOLDS(code_endings, ending, strlen(ending));
    if (LIES_IN(path, tests_folders) || (code && is_test(name))) return CONTENT_TESTS;
    if (LIES_IN(path, examples_folders)) return CONTENT_EXAMPLES;
    if (code) return CONTENT_CODE;
    return HOLDS(docs_endings, ending, strlen(ending)) ? CONTENT_DOCS : CONTENT_OTHER;
}

unsigned content_named(const char *name)
{
    if (strcmp(name, "code") == 0) return 1U << CONTENT_CODE | 1U << CONTENT_EXAMPLES;
    if (strcmp(name, "docs") == 0) return 1U << CONTENT_DOCS;
    if (strcmp(name, "tests") == 0) return 1U << CONTENT_TESTS;
    return strcmp(name, "all") == 0 ? ~0U : 0;
}
