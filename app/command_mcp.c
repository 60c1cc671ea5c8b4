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

static bool add_string(cJSON *list, const char *text)
{
    cJSON *item = report_string(text, strlen(text));
    if (item && cJSON_AddItemToArray(list, item)) return true;
    cJSON_Delete(item);
    return false;
}

/* "mcp" and the PATHs, from the root; NULL where one is missing or memory is. */
static cJSON *arguments(const struct options *o, struct error *e)
{
    cJSON *list = cJSON_CreateArray();
    bool whole = list && add_string(list, "mcp");
    for (size_t i = 0; i < o->n_paths && whole; i++) {
        char *path = realpath(o->paths[i], NULL);
        if (!path) {
            error_set(e, "%s: %s", o->paths[i], strerror(errno));
            cJSON_Delete(list);
            return NULL;
        }
        whole = add_string(list, path);
        free(path);
    }
    if (whole) return list;
    cJSON_Delete(list);
    error_memory(e);
    return NULL;
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

static int print_config(const struct options *o, struct error *e)
{
    char program[PATH_MAX];
    cJSON *args = arguments(o, e);
    if (!args) return EXIT_FAILED;
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
        printf("# Claude Code:\n\nclaude mcp add lectern -- %s mcp", program);
        for (const cJSON *path = args->child->next; path; path = path->next) printf(" %s", path->valuestring);
        printf("\n\n# For AGENTS.md:\n\nThe tools of \"lectern\" search this repository, which was read as a whole. "
               "Call search "
               "with a question\nin plain words, or with a name, before opening files; then read_place around what it "
               "finds.\n");
    }
    free(list);
    cJSON_Delete(args);
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
