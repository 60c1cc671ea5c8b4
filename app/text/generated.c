#define _GNU_SOURCE /* memmem */
#include "app/text/generated.h"

#include <string.h>
#include <strings.h>

/* A mark is looked for in so much of a file. */
#define HEAD ((size_t)2048)

/* Characters a line, from where a script or style sheet is for no person to read; of files of some size. */
#define LINE_MOST 110
#define MINIFIED_LEAST 1024

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), size = strlen(ending);
    return n >= size && strcasecmp(name + n - size, ending) == 0;
}

static bool is_named_so(const char *name)
{
    static const char *const names[] = {
        "package-lock.json", "npm-shrinkwrap.json",
        "yarn.lock",         "pnpm-lock.yaml",
        "bun.lock",          "deno.lock",
        "cargo.lock",        "poetry.lock",
        "pipfile.lock",      "pdm.lock",
        "uv.lock",           "composer.lock",
        "gemfile.lock",      "podfile.lock",
        "mix.lock",          "go.sum",
        "flake.lock",        "pixi.lock",
        "package.resolved",  "gradle.lockfile",
        "pubspec.lock",      ".terraform.lock.hcl",
    };
    static const char *const endings[] = {
        ".js.map",       ".css.map",     ".min.js",      ".min.css", "_pb2.py",          "_pb2_grpc.py",
        ".pb.go",        ".pb.cc",       ".pb.h",        ".pb-c.c",  ".pb-c.h",          ".g.dart",
        ".freezed.dart", ".designer.cs", ".designer.vb", ".g.cs",    ".xcworkspacedata", ".pbxproj",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i])) return true;
    return strncmp(name, "zz_generated", 12) == 0;
}

static bool is_minified(const char *name, uint64_t size, uint64_t n_lines)
{
    static const char *const endings[] = {".js", ".mjs", ".cjs", ".css"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i])) return size >= MINIFIED_LEAST && size / n_lines > LINE_MOST;
    return false;
}

static bool has_words(const char *line, size_t size, const char *words)
{
    return memmem(line, size, words, strlen(words)) != NULL;
}

/* A comment that says so. Texts about such files say it too, but not in comments at their heads. */
static bool says_so(const char *line, size_t size)
{
    static const char *const comments[] = {"//", "/*", "*", "#", "--", ";", "<!--", "%", "(*", "\"", NULL};
    while (size > 0 && (*line == ' ' || *line == '\t')) line++, size--;
    const char *const *c = comments;
    while (*c && (size < strlen(*c) || memcmp(line, *c, strlen(*c)) != 0)) c++;
    if (!*c) return false;
    bool edits = has_words(line, size, "DO NOT EDIT") || has_words(line, size, "Do not edit");
    bool made = has_words(line, size, "enerated by") || has_words(line, size, "enerated from") ||
                has_words(line, size, "enerated file") || has_words(line, size, "file was generated") ||
                has_words(line, size, "file is generated") || has_words(line, size, "utomatically generated");
    return has_words(line, size, "@generated") || edits || made;
}

/* Markdown's headings begin as many comments do. */
static bool is_prose(const char *name)
{
    static const char *const endings[] = {".md", ".markdown", ".txt", ".rst", ".org", ".adoc"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i])) return true;
    return strchr(name, '.') == NULL;
}

bool generated_is(const char *path, const char *text, uint64_t size, uint64_t n_lines)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (is_named_so(name) || is_minified(name, size, n_lines)) return true;
    if (is_prose(name)) return false;
    size_t head = size < HEAD ? (size_t)size : HEAD;
    for (size_t at = 0; at < head;) {
        const char *end = memchr(text + at, '\n', head - at);
        size_t line = end ? (size_t)(end - text) - at : head - at;
        if (says_so(text + at, line)) return true;
        at += line + 1;
    }
    return false;
}
