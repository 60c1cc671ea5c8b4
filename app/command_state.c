#include "app/command_state.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/options.h"
#include "app/output/report.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "app/reader/state.h"
#include "app/reader/state_list.h"
#include "app/reader/state_store.h"
#include "compute/error.h"

/* Tokens up to the last checkpoint. */
static uint64_t tokens_of(const struct state_entry *s)
{
    return s->index.n_checkpoints ? s->index.checkpoints[s->index.n_checkpoints - 1].extent.n_tokens : 0;
}

static const char *condition_of(const struct state_entry *s)
{
    static const char *const names[] = {
        [STATE_COMPLETE] = "complete", [STATE_PARTLY] = "partly read",      [STATE_BEGUN] = "begun",
        [STATE_DAMAGED] = "damaged",   [STATE_OTHER] = "another version's", [STATE_UNREADABLE] = "cannot be read now"};
    return names[s->condition];
}

static cJSON *entry_object(const struct state_entry *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", s->name);
    cJSON_AddItemToObject(o, "label", report_string(s->label, strlen(s->label)));
    cJSON_AddStringToObject(o, "condition", condition_of(s));
    cJSON_AddNumberToObject(o, "version", (double)s->version);
    cJSON_AddNumberToObject(o, "bytes", (double)s->bytes);
    cJSON_AddNumberToObject(o, "tokens", (double)tokens_of(s));
    cJSON_AddNumberToObject(o, "documents", (double)s->index.n_documents);
    cJSON_AddNumberToObject(o, "text_bytes", (double)s->index.n_bytes);
    cJSON_AddNumberToObject(o, "checkpoints", (double)s->index.n_checkpoints);
    cJSON_AddStringToObject(o, "precision", s->index.precision);
    cJSON_AddNumberToObject(o, "used", (double)s->used);
    return o;
}

static void print_line(const struct state_entry *s)
{
    char when[32] = "";
    struct tm used;
    if (localtime_r(&s->used, &used)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &used);
    printf("%.12s  %s  %8.1f MB  %9" PRIu64 " tokens  %-18s  ", s->name, when, (double)s->bytes / 1e6, tokens_of(s),
           condition_of(s));
    safe_text_write(stdout, s->label, strlen(s->label), SAFE_LINE);
    putchar('\n');
}

static void print_whole(const struct state_entry *s)
{
    print_line(s);
    printf("  name         %s\n  text         %" PRIu64 " documents, %" PRIu64 " bytes\n", s->name,
           s->index.n_documents, s->index.n_bytes);
    printf("  model hash   %016" PRIx64 "\n  keys         %u bytes, every %u. token\n  read in      %s\n",
           s->index.key.model, s->index.key.width, s->index.key.rate, s->index.precision);
    for (size_t i = 0; i < s->index.n_checkpoints; i++) {
        const struct state_checkpoint *c = &s->index.checkpoints[i];
        printf("  checkpoint   token %" PRIu64 ", document %" PRIu64 ", %.1f MB of session\n", c->extent.n_tokens,
               c->extent.n_documents, (double)c->session_size / 1e6);
    }
}

static int list_states(const struct options *o, const struct state_entry *entries, size_t n, struct error *e)
{
    if (o->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON *states = cJSON_AddArrayToObject(object, "states");
        for (size_t i = 0; i < n; i++) cJSON_AddItemToArray(states, entry_object(&entries[i]));
        return report_print(object, stdout, e);
    }
    for (size_t i = 0; i < n; i++) print_line(&entries[i]);
    if (n == 0) puts("nothing is kept");
    return 0;
}

static int show_state(const struct options *o, const struct state_entry *entries, size_t n, const char *name,
                      struct error *e)
{
    for (size_t i = 0; i < n; i++) {
        if (name && strncmp(entries[i].name, name, strlen(name)) != 0) continue;
        if (o->json) return report_print(entry_object(&entries[i]), stdout, e);
        print_whole(&entries[i]);
        return 0;
    }
    return name ? error_set(e, "%s: no read of this name is kept (lectern state list)", name)
                : error_set(e, "nothing is kept");
}

/* A size to prune to, or a name as `list` shows it: at least 12 hexadecimal digits. */
static int prune(const struct options *o, const char *directory, uint64_t limit, struct error *e)
{
    struct state_pruned p;
    const char *word = o->n_paths > 1 ? o->paths[1] : NULL;
    if (word && options_is_state_name(word)) {
        if (state_list_remove(&p, directory, word, e)) return -1;
    } else {
        if (word) figures_size(&limit, word); /* options_parse takes nothing else */
        if (state_list_prune(&p, directory, limit, NULL, e)) return -1;
    }
    int failed =
        p.left > 0 ? error_set(e, "%zu left that %s to go: %s", p.left, p.left == 1 ? "was" : "were", p.why.text) : 0;
    if (!o->json) {
        printf("%zu removed, %.1f MB\n", p.removed, (double)p.bytes / 1e6);
        if (p.others > 0) printf("%zu of other versions left alone\n", p.others);
        return failed;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "removed", (double)p.removed);
    cJSON_AddNumberToObject(object, "bytes", (double)p.bytes);
    cJSON_AddNumberToObject(object, "others", (double)p.others);
    cJSON_AddNumberToObject(object, "left", (double)p.left);
    return report_print(object, stdout, e) || failed ? -1 : 0;
}

static int run_action(const struct options *o, const char *directory, uint64_t limit, struct error *e)
{
    if (strcmp(o->paths[0], "prune") == 0) return prune(o, directory, limit ? limit : STATE_LIMIT, e);
    bool lists = strcmp(o->paths[0], "list") == 0; /* or show: options_parse takes no other word */
    struct state_entry *entries = NULL;
    size_t n = 0;
    if (state_list(&entries, &n, directory, e)) return -1;
    int failed =
        lists ? list_states(o, entries, n, e) : show_state(o, entries, n, o->n_paths > 1 ? o->paths[1] : NULL, e);
    state_list_free(entries, n);
    return failed;
}

int command_state(const struct options *o, uint64_t limit, struct error *e)
{
    char *directory = NULL;
    if (!o->state_dir && state_store_default(&directory, e)) return EXIT_FAILED;
    int failed = run_action(o, o->state_dir ? o->state_dir : directory, limit, e);
    free(directory);
    return failed ? EXIT_FAILED : EXIT_DONE;
}
