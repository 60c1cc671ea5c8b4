#include "app/text/gitignore.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/git_file.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Steps in one match; beyond, a hostile pattern matches nothing. */
#define STEPS_MOST 1000000

/* --- wildmatch --- */

struct match {
    const char *pattern; /* its beginning: what stands before ** matters */
    bool whole_path, fold;
    unsigned steps;
};

/* The named class [:alpha:] at p; *end: behind it, NULL where there is none. */
static bool in_named_class(const char *p, unsigned char c, const char **end)
{
    static const struct {
        const char *name;
        int (*holds)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
                   {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
                   {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    *end = NULL;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t n = strlen(classes[i].name);
        if (strncmp(p + 2, classes[i].name, n) != 0 || strncmp(p + 2 + n, ":]", 2) != 0) continue;
        *end = p + n + 4;
        return classes[i].holds(c) != 0;
    }
    return false;
}

/* Whether the bracket at p ("[...]") holds c; *end: behind it, NULL where it does not end. */
static bool in_bracket(const char *p, unsigned char c, const char **end)
{
    bool negated = p[1] == '!' || p[1] == '^', found = false;
    const char *at = p + 1 + negated;
    *end = NULL;
    for (bool first = true; *at != ']' || first; first = false) {
        const char *behind = NULL;
        if (at[0] == '[' && at[1] == ':' && (in_named_class(at, c, &behind) || behind)) {
            found = found || in_named_class(at, c, &behind);
            at = behind;
            continue;
        }
        if (*at == '\\' && at[1]) at++;
        if (*at == '\0') return false;
        unsigned char low = (unsigned char)*at++, high = low;
        if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
            at++;
            if (*at == '\\' && at[1]) at++;
            high = (unsigned char)*at++;
        }
        found = found || (c >= low && c <= high);
    }
    *end = at + 1;
    return found != negated;
}

/* The same, in either case of c where case does not matter. */
static bool brackets_hold(const struct match *m, const char *p, unsigned char c, const char **end)
{
    if (in_bracket(p, c, end)) return true;
    return m->fold && (in_bracket(p, (unsigned char)tolower(c), end) || in_bracket(p, (unsigned char)toupper(c), end));
}

/* What a failed match says about the stars before it: one that takes more of the text leaves less to those behind. So
 * none helps where the text ended; and where one that stops at slashes met one, only a ** does. */
enum verdict { MATCHES, FAILS, FAILS_AT_SLASH, FAILS_AT_END };

static enum verdict match(struct match *m, const char *p, const char *t);

/* The stars at p against t. */
static enum verdict match_stars(struct match *m, const char *p, const char *t)
{
    const char *begin = p;
    while (*p == '*') p++;
    bool slashes = !m->whole_path;
    if (m->whole_path && p - begin >= 2) {
        bool after = begin == m->pattern || begin[-1] == '/', before = *p == '\0' || *p == '/';
        slashes = after && before;
    }
    if (m->whole_path && slashes && *p == '/') { /* no directory at all */
        enum verdict v = match(m, p + 1, t);
        if (v == MATCHES || v == FAILS_AT_END) return v;
    }
    if (*p == '\0') return slashes || !strchr(t, '/') ? MATCHES : FAILS_AT_SLASH;
    for (;; t++) {
        enum verdict v = match(m, p, t);
        if (v == MATCHES || v == FAILS_AT_END || (v == FAILS_AT_SLASH && !slashes)) return v;
        if (*t == '\0') return FAILS_AT_END;
        if (*t == '/' && !slashes) return FAILS_AT_SLASH;
    }
}

static enum verdict match(struct match *m, const char *p, const char *t)
{
    for (; *p; p++, t++) {
        const char *end;
        if (m->steps++ > STEPS_MOST) return FAILS_AT_END;
        if (*p == '*') return match_stars(m, p, t);
        if (*t == '\0') return FAILS_AT_END;
        if (*p == '?' || *p == '[') {
            if (*t == '/' && m->whole_path) return FAILS;
            if (*p == '?') continue;
            if (!brackets_hold(m, p, (unsigned char)*t, &end) || !end) return FAILS;
            m->steps += (unsigned)(end - p);
            p = end - 1;
            continue;
        }
        if (*p == '\\' && p[1]) p++;
        if (*p != *t && !(m->fold && tolower((unsigned char)*p) == tolower((unsigned char)*t))) return FAILS;
    }
    return *t == '\0' ? MATCHES : FAILS;
}

bool gitignore_wildmatch(const char *pattern, const char *text, unsigned flags)
{
    struct match m = {
        .pattern = pattern, .whole_path = flags & GITIGNORE_WHOLE_PATH, .fold = flags & GITIGNORE_FOLD_CASE};
    return match(&m, pattern, text) == MATCHES;
}

/* --- files of patterns --- */

struct rule {
    char *pattern; /* in the file's text */
    bool negative, directories_only, by_name;
};

struct rules {
    char *text;
    struct rule *rules;
    size_t n;
    unsigned flags; /* of every match */
};

/* The rules of a directory, and whether it is ignored itself. */
struct level {
    char *directory; /* inside the working tree, "" for its top */
    size_t size;
    struct rules rules;
    bool ignored;
};

struct gitignore {
    char *top;
    bool fold;
    struct rules exclude, user_excludes;
    struct level *levels; /* of the directories from the top to the one that was asked about last */
    size_t n_levels, capacity;
    bool failed; /* some rules are not known: why */
    struct error why;
};

/* Cuts the spaces at the end that no backslash protects. */
static void trim(char *line)
{
    char *last = NULL; /* the first of the spaces at the end */
    for (char *p = line; *p; p++) {
        if (*p == ' ') {
            if (!last) last = p;
            continue;
        }
        if (*p == '\\' && p[1]) p++;
        last = NULL;
    }
    if (last) *last = '\0';
}

/* The rule of a line; false where there is none. */
static bool parse_rule(struct rule *r, char *line)
{
    size_t size = strlen(line);
    if (size > 0 && line[size - 1] == '\r') line[size - 1] = '\0';
    if (*line == '#') return false;
    trim(line);
    r->negative = *line == '!';
    line += r->negative;
    size = strlen(line);
    r->directories_only = size > 0 && line[size - 1] == '/';
    if (r->directories_only) line[size - 1] = '\0';
    r->by_name = !strchr(line, '/');
    r->pattern = line[0] == '/' ? line + 1 : line;
    return *line != '\0';
}

static void no_memory(struct gitignore *g)
{
    g->failed = true;
    error_memory(&g->why);
}

static void rules_free(struct rules *r)
{
    free(r->text);
    free(r->rules);
    *r = (struct rules){.n = 0};
}

/* A file that is there and cannot be read now is not missing: what it names would be read. */
static bool is_missing(int why, enum git_file_links links)
{
    return why == ENOENT || why == ENOTDIR || why == ELOOP || why == EISDIR ||
           (why == EACCES && links == GIT_FILE_FOLLOW); /* another user's, as with sudo */
}

static void rules_read(struct gitignore *g, struct rules *r, const char *path, enum git_file_links links)
{
    size_t size;
    struct error why = {0};
    *r = (struct rules){.text = path ? git_file_read(path, links, &size, &why) : NULL,
                        .flags = g->fold ? GITIGNORE_FOLD_CASE : 0};
    if (!r->text && path && !is_missing(errno, links)) {
        g->failed = true;
        g->why = why;
    }
    if (!r->text) return;
    size_t capacity = 0;
    char *at = r->text;
    if (strncmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3;
    for (char *next; at; at = next) {
        struct rule rule;
        next = strchr(at, '\n');
        if (next) *next++ = '\0';
        if (!parse_rule(&rule, at)) continue;
        struct rule *rules = bytes_reserve(r->rules, &capacity, r->n + 1, sizeof *rules);
        if (!rules) {
            no_memory(g);
            return;
        }
        r->rules = rules;
        rules[r->n++] = rule;
    }
}

/* 1: ignored, 0: not ignored, -1: no rule says. `path` is relative to the directory of the rules. The last rule that
 * matches decides. */
static int rules_say(const struct rules *r, const char *path, bool is_directory)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = r->n; i-- > 0;) {
        const struct rule *rule = &r->rules[i];
        if (rule->directories_only && !is_directory) continue;
        bool matches = rule->by_name ? gitignore_wildmatch(rule->pattern, name, r->flags)
                                     : gitignore_wildmatch(rule->pattern, path, r->flags | GITIGNORE_WHOLE_PATH);
        if (matches) return !rule->negative;
    }
    return -1;
}

struct gitignore *gitignore_open(const char *top, const char *exclude, const char *user_excludes, bool fold)
{
    struct gitignore *g = calloc(1, sizeof *g);
    if (!g || !(g->top = strdup(top))) {
        free(g);
        return NULL;
    }
    g->fold = fold;
    rules_read(g, &g->exclude, exclude, GIT_FILE_FOLLOW);
    rules_read(g, &g->user_excludes, user_excludes, GIT_FILE_FOLLOW);
    return g;
}

int gitignore_check(const struct gitignore *g, struct error *e)
{
    return g->failed ? error_copy(e, &g->why) : 0;
}

static void pop(struct gitignore *g)
{
    struct level *last = &g->levels[--g->n_levels];
    rules_free(&last->rules);
    free(last->directory);
}

void gitignore_close(struct gitignore *g)
{
    if (!g) return;
    while (g->n_levels > 0) pop(g);
    rules_free(&g->exclude);
    rules_free(&g->user_excludes);
    free(g->levels);
    free(g->top);
    free(g);
}

/* Whether the path is ignored by the rules of the levels above it. */
static bool is_ignored(const struct gitignore *g, const char *path, bool is_directory)
{
    int said = -1;
    for (size_t i = g->n_levels; i-- > 0 && said < 0;) {
        const struct level *level = &g->levels[i];
        if (level->ignored) return true;
        said = rules_say(&level->rules, path + level->size + (level->size > 0), is_directory);
    }
    if (said < 0) said = rules_say(&g->exclude, path, is_directory);
    if (said < 0) said = rules_say(&g->user_excludes, path, is_directory);
    return said == 1;
}

/* Enters the directory path[0, size); false: without memory. */
static bool push(struct gitignore *g, const char *path, size_t size)
{
    struct level *levels = bytes_reserve(g->levels, &g->capacity, g->n_levels + 1, sizeof *levels);
    if (levels) g->levels = levels;
    struct level level = {.directory = strndup(path, size), .size = size};
    size_t file_size = strlen(g->top) + size + sizeof "//.gitignore";
    char *file = malloc(file_size);
    if (!levels || !level.directory || !file) {
        free(level.directory);
        free(file);
        no_memory(g);
        return false;
    }
    snprintf(file, file_size, "%s/%s%s.gitignore", g->top, level.directory, size > 0 ? "/" : "");
    level.ignored = size > 0 && is_ignored(g, level.directory, true);
    if (!level.ignored) rules_read(g, &level.rules, file, GIT_FILE_NO_LINKS);
    free(file);
    levels[g->n_levels++] = level;
    return true;
}

static bool is_above(const struct level *level, const char *path)
{
    return level->size == 0 || (strncmp(path, level->directory, level->size) == 0 && path[level->size] == '/');
}

bool gitignore_matches(struct gitignore *g, const char *path, bool is_directory)
{
    while (g->n_levels > 0 && !is_above(&g->levels[g->n_levels - 1], path)) pop(g);
    if (g->n_levels == 0 && !push(g, "", 0)) return false;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t size = (size_t)(slash - path);
        if (size > g->levels[g->n_levels - 1].size && !push(g, path, size)) return false;
    }
    return is_ignored(g, path, is_directory);
}
