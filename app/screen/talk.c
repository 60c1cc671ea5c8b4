#include "app/screen/talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/reader/state_prefix.h"
#include "app/reader/state_store.h"
#include "app/screen/screen_parts.h"
#include "app/screen/talk_json.h"
#include "app/text/outline.h"
#include "compute/error.h"

int talk_folder(char **out, const char *directory, struct error *e)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const bool has_state = state && *state == '/'; /* the standard says to ignore relative ones */
    if (!directory && !has_state && (!home || *home != '/'))
        return error_set(e, "neither XDG_STATE_HOME nor HOME is set");
    const char *base = directory ? directory : has_state ? state : home;
    const char *rest = directory ? "" : has_state ? "/lectern" : "/.local/state/lectern";
    const size_t size = strlen(base) + strlen(rest) + sizeof "/talk";
    char *path = malloc(size);
    if (!path) return error_memory(e);
    snprintf(path, size, "%s%s/talk", base, rest);
    *out = path;
    return 0;
}

int talk_path(char **out, const char *directory, const struct corpus *c, struct error *e)
{
    uint64_t hash[2];
    char name[48], *folder;
    if (talk_folder(&folder, directory, e)) return -1;
    state_prefix_text(c, hash);
    snprintf(name, sizeof name, "%016" PRIx64 "%016" PRIx64 ".json", hash[1], hash[0]);
    *out = state_store_path(folder, name, "");
    free(folder);
    return *out ? 0 : error_memory(e);
}

/* The questions can be called back in the line, as if they had been typed. */
static void remember_questions(struct screen *s)
{
    for (size_t i = 0; i < s->conversation.n; i++) {
        line_edit_set(&s->chat.line, s->conversation.items[i]->asked);
        line_edit_accept(&s->chat.line);
    }
}

static void put_back(struct screen *s, struct talk_json *t)
{
    struct outline *o = s->contents.outline;
    conversation_close(&s->conversation);
    s->conversation = t->conversation;
    t->conversation = (struct conversation){0};
    s->jumps = t->jumps;
    for (size_t i = 0; t->n_open == o->n_entries && i < o->n_entries; i++) o->entries[i].open = t->open[i];
    pane_contents_update(&s->contents);
    pane_text_go(&s->text, s->atlas, t->spot, 0);
    remember_questions(s);
}

/* Out of the way of the next one, but not gone. */
static int set_aside(const char *path, struct error *e)
{
    const size_t size = strlen(path) + sizeof ".damaged";
    char *aside = malloc(size);
    if (!aside) return error_memory(e);
    snprintf(aside, size, "%s.damaged", path);
    const bool moved = rename(path, aside) == 0;
    free(aside);
    return moved ? error_set_kind(e, ERROR_DAMAGED, "what was kept of the talk is damaged and is set aside: %s.damaged",
                                  path)
                 : error_set(e, "%s: damaged, and cannot be set aside", path);
}

int talk_load(struct screen *s, const char *path, struct error *e)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct talk_json t;
    if (access(path, F_OK) != 0) return 0;
    struct error why = {0};
    int failed = state_store_read(&bytes, &size, path, &why);
    if (!failed) failed = talk_json_decode(&t, (const char *)bytes, size, s->atlas->corpus, &why);
    free(bytes);
    if (failed) return why.kind == ERROR_DAMAGED ? set_aside(path, e) : error_copy(e, &why);
    put_back(s, &t);
    talk_json_free(&t);
    return 0;
}

static int make_folder(const char *path, struct error *e)
{
    char *folder = strdup(path);
    if (!folder) return error_memory(e);
    *strrchr(folder, '/') = '\0';
    int failed = state_store_make(folder, e);
    free(folder);
    return failed;
}

int talk_save(const struct screen *s, const char *path, bool durable, struct error *e)
{
    const struct outline *o = s->contents.outline;
    struct talk_json t = {.conversation = s->conversation,
                          .jumps = s->jumps,
                          .spot = s->text.spot,
                          .paths = s->named,
                          .n_paths = s->n_named};
    const uint64_t all = s->atlas->starts[s->atlas->corpus->n_documents];
    t.part = all > 0 ? (double)atlas_byte(s->atlas, s->text.spot) / (double)all : 0;
    char *text = NULL;
    t.open = calloc(o->n_entries + 1, sizeof *t.open);
    if (!t.open) return error_memory(e);
    t.n_open = o->n_entries;
    for (size_t i = 0; i < o->n_entries; i++) t.open[i] = o->entries[i].open;
    int failed = make_folder(path, e) || talk_json_encode(&text, &t, e) ||
                 state_store_replace(path, (const uint8_t *)text, strlen(text), durable, e);
    free(text);
    free(t.open);
    return failed ? -1 : 0;
}
