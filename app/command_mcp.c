#include "app/command_mcp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "app/options.h"
#include "app/output/report.h"
#include "app/serve/mcp.h"
#include "app/work.h"
#include "app/text/git_clone.h"
#include "app/text/json.h"
#include "compute/error.h"
#include "compute/model.h"

/* This program, as another one would start it. */
static int executable(char path[PATH_MAX], struct error *e)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n < 0) return error_set(e, "the path of this program is not known: %s", strerror(errno));
    path[n] = '\0';
    return 0;
}

/* A path from the root: agents start the server anywhere. It need not be there yet. malloc'ed. */
static char *from_root(const char *path, struct error *e)
{
    char *here = *path == '/' ? strdup("") : getcwd(NULL, 0), *whole = NULL;
    const size_t size = here ? strlen(here) + strlen(path) + 2 : 0;
    if (!here)
        error_set(e, "the current directory is not known: %s", strerror(errno));
    else if (!(whole = malloc(size)))
        error_memory(e);
    else
        snprintf(whole, size, "%s%s%s", here, *path == '/' ? "" : "/", path);
    free(here);
    return whole;
}

/* The server's command line behind its program: strings of its own, NULL-terminated. */
struct words {
    char **all;
    size_t n;
};

static void words_free(struct words *w)
{
    for (size_t i = 0; i < w->n; i++) free(w->all[i]);
    free(w->all);
}

/* Takes the word over. */
static int add_word(struct words *w, char *word, struct error *e)
{
    if (!word) return error_memory(e);
    w->all[w->n++] = word;
    return 0;
}

/* The option as it was given. */
static int add_option(struct words *w, const struct options_given *given, struct error *e)
{
    char name[64];
    snprintf(name, sizeof name, "--%s", given->name);
    if (add_word(w, strdup(name), e) != 0) return -1;
    if (given->is_path) {
        char *path = from_root(given->argument, e);
        return path ? add_word(w, path, e) : -1;
    }
    return given->argument ? add_word(w, strdup(given->argument), e) : 0;
}

/* A PATH from the root, or the address of a repository as it is. */
static int add_path(struct words *w, const char *named, struct error *e)
{
    if (git_clone_is_address(named)) return add_word(w, strdup(named), e);
    char *path = realpath(named, NULL);
    return path ? add_word(w, path, e) : error_set(e, "%s: %s", named, strerror(errno));
}

/* "mcp", the options, and the PATHs. */
static int add_words(struct words *w, const struct options *o, struct error *e)
{
    w->all = calloc(2 * o->n_given + o->n_paths + 1, sizeof *w->all);
    int failed = w->all ? add_word(w, strdup("mcp"), e) : error_memory(e);
    for (size_t i = 0; i < o->n_given && !failed; i++)
        if (strcmp(o->given[i].name, "print-config") != 0) failed = add_option(w, &o->given[i], e);
    for (size_t i = 0; i < o->n_paths && !failed; i++) failed = add_path(w, o->paths[i], e);
    return failed;
}

static cJSON *list_of(const struct words *w, struct error *e)
{
    cJSON *list = cJSON_CreateArray();
    bool whole = list != NULL;
    for (size_t i = 0; i < w->n && whole; i++) {
        cJSON *item = report_string(w->all[i], strlen(w->all[i]));
        whole = item && cJSON_AddItemToArray(list, item);
        if (!whole) cJSON_Delete(item);
    }
    if (whole) return list;
    cJSON_Delete(list);
    error_memory(e);
    return NULL;
}

/* A word as a shell reads it back. */
static void print_word(const char *word)
{
    const bool plain = *word && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                             "_-./:=@%+,") == strlen(word);
    if (plain) {
        printf(" %s", word);
        return;
    }
    printf(" '");
    for (; *word; word++) {
        if (*word == '\'')
            printf("'\\''");
        else
            putchar(*word);
    }
    printf("'");
}

/* The server's entry under the key that a client's settings have for servers. */
static int print_entry(const char *title, const char *key, const char *program, const cJSON *args, struct error *e)
{
    cJSON *o = cJSON_CreateObject(), *servers = cJSON_AddObjectToObject(o, key);
    cJSON *entry = cJSON_AddObjectToObject(servers, "lectern"), *copy = cJSON_Duplicate(args, true);
    char *text = NULL;
    if (cJSON_AddStringToObject(entry, "command", program) && copy && cJSON_AddItemToObject(entry, "args", copy))
        text = json_print(o, true);
    else
        cJSON_Delete(copy);
    cJSON_Delete(o);
    if (!text) return error_memory(e);
    printf("%s\n\n%s\n\n", title, text);
    free(text);
    return 0;
}

static int print_settings(const struct words *words, struct error *e)
{
    char program[PATH_MAX];
    cJSON *args = list_of(words, e);
    if (!args) return -1;
    char *list = json_print(args, false);
    int failed = executable(program, e);
    if (!failed && !list) failed = error_memory(e);
    if (!failed)
        failed =
            print_entry("# Claude Desktop, Cursor, Windsurf, Gemini CLI, Cline (mcpServers in their JSON settings):",
                        "mcpServers", program, args, e) ||
            print_entry("# VS Code (.vscode/mcp.json):", "servers", program, args, e);
    if (!failed) {
        printf("# Codex (~/.codex/config.toml):\n\n[mcp_servers.lectern]\ncommand = \"%s\"\nargs = %s\n\n", program,
               list);
        printf("# Claude Code:\n\nclaude mcp add lectern --");
        print_word(program);
        for (size_t i = 0; i < words->n; i++) print_word(words->all[i]);
        printf("\n\n# For AGENTS.md:\n\nThe tools of \"lectern\" search this repository, which was read as a whole. "
               "Call search "
               "with a question\nin plain words, or with a name, before opening files; then read_place around what it "
               "finds.\n");
    }
    free(list);
    cJSON_Delete(args);
    return failed;
}

static int print_config(const struct options *o, struct error *e)
{
    struct words words = {NULL, 0};
    const int failed = add_words(&words, o, e) || print_settings(&words, e);
    words_free(&words);
    return failed ? EXIT_FAILED : EXIT_DONE;
}

int command_mcp(struct work *w, struct error *e)
{
    const struct options *o = w->options;
    if (o->print_config) return print_config(o, e);
    if (work_open_corpus(w, e) || model_open(&w->model, work_model_path(o), e) || work_open_reread(w, e))
        return EXIT_FAILED;
    const struct mcp_options server = {
        .worker = {.corpus = w->corpus,
                   .model = w->model,
                   .device = o->device,
                   .n_threads = o->n_threads,
                   .reader = work_reader_options(w),
                   .how = {.rank = o->rank},
                   .places_only = true,
                   .reread_path = *w->reread_path ? w->reread_path : NULL},
        .in = STDIN_FILENO,
        .out = stdout,
        .cancel = w->cancel,
    };
    return mcp_serve(&server, e) ? EXIT_FAILED : EXIT_DONE;
}
