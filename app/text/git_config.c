/* Files are parsed into one list of settings in git's order, in which the last one counts. Whether an include on the
 * remote's address ("hasconfig") holds depends on all other settings: where there is one, everything is read a second
 * time, knowing the addresses of the first. */
#include "app/text/git_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/text/git_file.h"
#include "app/text/gitignore.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* As git: includes that include each other end here. */
#define DEPTH_MOST 10
/* A file that includes itself ten times over would be read ten billion times. */
#define FILES_MOST 1000

struct setting {
    char *key, *value; /* value: "" where there is only the name, as in "[core] bare" */
    bool bare;         /* only the name: true */
};

struct git_config {
    struct git_config_place place; /* borrowed while it is opened */
    struct setting *settings;      /* owned */
    size_t n, capacity, n_files;
    char **urls; /* of remotes, owned: what hasconfig compares */
    size_t n_urls, urls_capacity;
    bool asks_for_urls;
    char problem[512];
};

/* A file while it is parsed. */
struct parser {
    struct git_config *config;
    const char *path; /* of the file; NULL: the environment */
    unsigned depth;
    const char *at;
    char section[512]; /* "remote.origin" */
};

static int read_file(struct git_config *c, const char *path, unsigned depth, struct error *e);

static int add_setting(struct git_config *c, const char *key, const char *value, bool bare, struct error *e)
{
    struct setting *settings = bytes_reserve(c->settings, &c->capacity, c->n + 1, sizeof *settings);
    if (!settings) return error_memory(e);
    c->settings = settings;
    struct setting s = {strdup(key), strdup(value), bare};
    if (!s.key || !s.value) {
        free(s.key);
        free(s.value);
        return error_memory(e);
    }
    settings[c->n++] = s;
    return 0;
}

static void forget_settings(struct git_config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->settings[i].key);
        free(c->settings[i].value);
    }
    c->n = 0;
}

/* --- conditions --- */

static char *parent_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
}

/* The pattern of a directory as git reads it; malloc'ed, NULL without memory. */
static char *directory_pattern(const char *pattern, const char *file)
{
    char *parent = parent_of(file), *whole = NULL;
    if (parent && strncmp(pattern, "~/", 2) == 0) {
        whole = git_file_expand(pattern, NULL);
    } else if (parent && strncmp(pattern, "./", 2) == 0) {
        whole = git_file_join(parent, pattern + 2);
    } else if (parent) {
        whole = *pattern == '/' ? strdup(pattern) : git_file_join("**", pattern);
    }
    free(parent);
    size_t size = whole ? strlen(whole) : 0;
    if (size == 0 || whole[size - 1] != '/') return whole;
    char *all = malloc(size + 3);
    if (all) snprintf(all, size + 3, "%s**", whole);
    free(whole);
    return all;
}

static bool is_at(const struct parser *p, const char *pattern, unsigned flags)
{
    const char *git_dir = p->config->place.git_dir;
    char *whole = directory_pattern(pattern, p->path);
    bool found = whole && git_dir && gitignore_wildmatch(whole, git_dir, GITIGNORE_WHOLE_PATH | flags);
    free(whole);
    return found;
}

static bool is_on_branch(const struct git_config *c, const char *pattern)
{
    char whole[512];
    size_t size = strlen(pattern);
    snprintf(whole, sizeof whole, "%s%s", pattern, size > 0 && pattern[size - 1] == '/' ? "**" : "");
    return c->place.branch && gitignore_wildmatch(whole, c->place.branch, GITIGNORE_WHOLE_PATH);
}

static bool has_url(struct git_config *c, const char *pattern)
{
    c->asks_for_urls = true;
    for (size_t i = 0; i < c->n_urls; i++)
        if (gitignore_wildmatch(pattern, c->urls[i], GITIGNORE_WHOLE_PATH)) return true;
    return false;
}

/* Whether the condition of an [includeIf "..."] holds. */
static bool condition_holds(const struct parser *p, const char *condition)
{
    static const char gitdir[] = "gitdir:", folded[] = "gitdir/i:", branch[] = "onbranch:",
                      url[] = "hasconfig:remote.*.url:";
    if (strncmp(condition, gitdir, sizeof gitdir - 1) == 0) return is_at(p, condition + sizeof gitdir - 1, 0);
    if (strncmp(condition, folded, sizeof folded - 1) == 0)
        return is_at(p, condition + sizeof folded - 1, GITIGNORE_FOLD_CASE);
    if (strncmp(condition, branch, sizeof branch - 1) == 0)
        return is_on_branch(p->config, condition + sizeof branch - 1);
    return strncmp(condition, url, sizeof url - 1) == 0 && has_url(p->config, condition + sizeof url - 1);
}

/* The condition in "includeif.CONDITION.path"; false: the key is another one. */
static bool condition_of(const char *key, char *condition, size_t room)
{
    size_t size = strlen(key);
    if (strncmp(key, "includeif.", 10) != 0 || size < 15 || strcmp(key + size - 5, ".path") != 0) return false;
    snprintf(condition, room, "%.*s", (int)(size - 15), key + 10);
    return true;
}

static int include(struct parser *p, const char *value, struct error *e)
{
    if (p->depth >= DEPTH_MOST) return 0;
    char *parent = parent_of(p->path), *path = parent ? git_file_expand(value, p->path ? parent : NULL) : NULL;
    int result = path ? read_file(p->config, path, p->depth + 1, e) : error_memory(e);
    free(parent);
    free(path);
    return result;
}

/* A setting that was read: kept, and an include followed. */
static int take_setting(struct parser *p, const char *key, const char *value, bool bare, struct error *e)
{
    char condition[512];
    if (add_setting(p->config, key, value, bare, e) != 0) return -1;
    if (strcmp(key, "include.path") == 0) return include(p, value, e);
    return condition_of(key, condition, sizeof condition) && condition_holds(p, condition) ? include(p, value, e) : 0;
}

/* --- parsing --- */

static void skip_line(struct parser *p)
{
    p->at += strcspn(p->at, "\n");
}

static void problem(struct git_config *c, const char *words)
{
    if (*c->problem == '\0') snprintf(c->problem, sizeof c->problem, "%s", words);
}

/* "[section]", "[section.sub]" or "[section "sub"]"; p->at stands on the bracket. */
static bool parse_section(struct parser *p)
{
    size_t n = 0;
    const char *at = p->at + 1;
    for (; isalnum((unsigned char)*at) || *at == '-' || *at == '.'; at++)
        if (n + 1 < sizeof p->section) p->section[n++] = (char)tolower((unsigned char)*at);
    while (*at == ' ' || *at == '\t') at++;
    if (*at == '"') {
        if (n + 1 < sizeof p->section) p->section[n++] = '.';
        for (at++; *at && *at != '"' && *at != '\n'; at++) {
            if (*at == '\\' && at[1] && at[1] != '\n') at++;
            if (n + 1 < sizeof p->section) p->section[n++] = *at;
        }
        if (*at++ != '"') return false;
    }
    p->section[n] = '\0';
    p->at = at + (*at == ']');
    return *at == ']';
}

/* The value behind the "=": quotes, escapes, continued lines, comments. malloc'ed; NULL without memory. */
static char *parse_value(struct parser *p)
{
    char *value = malloc(strlen(p->at) + 1);
    size_t n = 0, kept = 0; /* kept: up to the last character that is no trailing space */
    bool quoted = false;
    while (value && (*p->at == ' ' || *p->at == '\t')) p->at++;
    for (const char *at = p->at; value; p->at = ++at) {
        char c = *at;
        if (c == '\0' || c == '\n' || (!quoted && (c == '#' || c == ';'))) break;
        if (c == '\r' && (at[1] == '\n' || at[1] == '\0')) continue;
        if (c == '"') {
            quoted = !quoted;
            kept = n;
            continue;
        }
        if (c == '\\') {
            c = *++at;
            if (c == '\r' && at[1] == '\n') c = *++at;
            if (c == '\0') break;
            if (c == '\n') continue;
            c = (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c);
            value[n++] = c;
            kept = n;
            continue;
        }
        value[n++] = c;
        if (quoted || !isspace((unsigned char)c)) kept = n;
    }
    if (value) value[kept] = '\0';
    return value;
}

/* "name = value" or "name"; p->at stands on the name. */
static int parse_setting(struct parser *p, struct error *e)
{
    char key[sizeof p->section + 128];
    size_t n = (size_t)snprintf(key, sizeof key, "%s.", p->section);
    for (; isalnum((unsigned char)*p->at) || *p->at == '-'; p->at++)
        if (n + 1 < sizeof key) key[n++] = (char)tolower((unsigned char)*p->at);
    key[n] = '\0';
    while (*p->at == ' ' || *p->at == '\t') p->at++;
    bool bare = *p->at != '=';
    if (!bare) p->at++;
    char *value = bare ? strdup("") : parse_value(p);
    int result = value ? take_setting(p, key, value, bare, e) : error_memory(e);
    free(value);
    return result;
}

static int parse_config(struct parser *p, struct error *e)
{
    if (strncmp(p->at, "\xEF\xBB\xBF", 3) == 0) p->at += 3;
    while (*p->at) {
        char c = *p->at;
        if (isspace((unsigned char)c)) {
            p->at++;
        } else if (c == '[' && parse_section(p)) {
            continue;
        } else if (isalpha((unsigned char)c) && *p->section) {
            if (parse_setting(p, e) != 0) return -1;
            skip_line(p); /* a comment behind it */
        } else {
            char words[512];
            if (c != '#' && c != ';') {
                snprintf(words, sizeof words, "%s: a line of it is not understood", p->path);
                problem(p->config, words);
            }
            skip_line(p);
        }
    }
    return 0;
}

/* --- files --- */

/* A missing file has no settings; nor has /dev/null, by which git is told to look at none. */
static int read_file(struct git_config *c, const char *path, unsigned depth, struct error *e)
{
    size_t size;
    struct error why = {0};
    if (access(path, F_OK) != 0 || strcmp(path, "/dev/null") == 0) return 0;
    if (++c->n_files > FILES_MOST) {
        problem(c, "git's settings include too many files");
        return 0;
    }
    char *text = git_file_read(path, GIT_FILE_FOLLOW, &size, &why);
    if (!text && why.kind == ERROR_MEMORY) return error_memory(e);
    if (!text) {
        problem(c, why.text);
        return 0;
    }
    struct parser p = {.config = c, .path = path, .depth = depth, .at = text};
    int result = parse_config(&p, e);
    free(text);
    return result;
}

static int read_inside(struct git_config *c, const char *directory, const char *name, struct error *e)
{
    char *path = git_file_join(directory, name);
    int result = path ? read_file(c, path, 0, e) : error_memory(e);
    free(path);
    return result;
}

static int read_system(struct git_config *c, struct error *e)
{
    const char *none = getenv("GIT_CONFIG_NOSYSTEM"), *other = getenv("GIT_CONFIG_SYSTEM");
    if (none && *none && strcmp(none, "0") != 0 && strcasecmp(none, "false") != 0 && strcasecmp(none, "no") != 0)
        return 0;
    return read_file(c, other ? other : "/etc/gitconfig", 0, e);
}

static int read_global(struct git_config *c, struct error *e)
{
    const char *named = getenv("GIT_CONFIG_GLOBAL"), *home = getenv("HOME"), *base = getenv("XDG_CONFIG_HOME");
    if (named) return read_file(c, named, 0, e);
    if (base && *base && read_inside(c, base, "git/config", e) != 0) return -1;
    if (home && !(base && *base) && read_inside(c, home, ".config/git/config", e) != 0) return -1;
    return home ? read_inside(c, home, ".gitconfig", e) : 0;
}

/* GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0 ... */
static int read_environment(struct git_config *c, struct error *e)
{
    const char *count = getenv("GIT_CONFIG_COUNT");
    unsigned long n = count ? strtoul(count, NULL, 10) : 0;
    struct parser p = {.config = c};
    for (unsigned long i = 0; i < n && i < 10000; i++) {
        char name[64], key[512];
        snprintf(name, sizeof name, "GIT_CONFIG_KEY_%lu", i);
        const char *given = getenv(name);
        snprintf(name, sizeof name, "GIT_CONFIG_VALUE_%lu", i);
        const char *value = getenv(name), *last = given ? strrchr(given, '.') : NULL;
        if (!last || !value) continue;
        snprintf(key, sizeof key, "%s", given);
        for (char *at = key; *at && *at != '.'; at++) *at = (char)tolower((unsigned char)*at);
        for (char *at = strrchr(key, '.'); at && *at; at++) *at = (char)tolower((unsigned char)*at);
        if (take_setting(&p, key, value, false, e) != 0) return -1;
    }
    return 0;
}

static int read_all(struct git_config *c, struct error *e)
{
    const struct git_config_place *at = &c->place;
    forget_settings(c);
    c->n_files = 0;
    if (read_system(c, e) != 0 || read_global(c, e) != 0) return -1;
    if (at->git_dir && read_inside(c, at->common_dir, "config", e) != 0) return -1;
    if (at->git_dir && git_config_flag(c, "extensions.worktreeconfig") &&
        read_inside(c, at->git_dir, "config.worktree", e) != 0)
        return -1;
    return read_environment(c, e);
}

/* Takes the addresses of all remotes out of the settings. */
static int take_urls(struct git_config *c, struct error *e)
{
    for (size_t i = 0; i < c->n; i++) {
        const char *key = c->settings[i].key;
        size_t size = strlen(key);
        if (strncmp(key, "remote.", 7) != 0 || size < 12 || strcmp(key + size - 4, ".url") != 0) continue;
        char **urls = bytes_reserve(c->urls, &c->urls_capacity, c->n_urls + 1, sizeof *urls);
        if (!urls) return error_memory(e);
        c->urls = urls;
        urls[c->n_urls] = c->settings[i].value; /* moved */
        c->settings[i].value = NULL;
        c->n_urls++;
    }
    return 0;
}

int git_config_open(struct git_config **out, const struct git_config_place *place, struct error *e)
{
    struct git_config *c = calloc(1, sizeof *c);
    if (!c) return error_memory(e);
    c->place = *place;
    int result = read_all(c, e);
    if (result == 0 && c->asks_for_urls) result = take_urls(c, e) != 0 ? -1 : read_all(c, e);
    if (result != 0) {
        git_config_close(c);
        return -1;
    }
    c->place = (struct git_config_place){NULL, NULL, NULL};
    *out = c;
    return 0;
}

void git_config_close(struct git_config *c)
{
    if (!c) return;
    forget_settings(c);
    for (size_t i = 0; i < c->n_urls; i++) free(c->urls[i]);
    free(c->urls);
    free(c->settings);
    free(c);
}

static const struct setting *find_setting(const struct git_config *c, const char *key)
{
    for (size_t i = c->n; i-- > 0;)
        if (strcmp(c->settings[i].key, key) == 0) return &c->settings[i];
    return NULL;
}

const char *git_config_get(const struct git_config *c, const char *key)
{
    const struct setting *s = find_setting(c, key);
    return s ? s->value : NULL;
}

bool git_config_flag(const struct git_config *c, const char *key)
{
    const struct setting *s = find_setting(c, key);
    if (!s) return false;
    if (s->bare) return true;
    static const char *const yes[] = {"true", "yes", "on"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strcasecmp(s->value, yes[i]) == 0) return true;
    return strtol(s->value, NULL, 10) != 0;
}

const char *git_config_problem(const struct git_config *c)
{
    return c->problem;
}
