#include "app/screen/completion.h"

#include <stdbool.h>
#include <string.h>

#include "app/terminal/actions.h"
#include "app/terminal/config.h"
#include "app/terminal/palette.h"
#include "app/text/corpus.h"
#include "app/text/safe_text.h"

static void add_word(struct completion *c, const char *typed, size_t size, const char *word)
{
    if (strncmp(word, typed, size) != 0) return;
    size_t same = c->all == 0 ? strlen(word) : 0;
    while (c->all > 0 && same < c->shared && word[same] == c->words[0][same]) same++;
    c->shared = safe_text_whole(word, same); /* files may differ in a part of a character */
    if (c->n < COMPLETION_MOST) c->words[c->n++] = word;
    c->all++;
}

const char *completion_command(size_t i)
{
    static const char *const own[] = {"export", "f", "help", "notes", "quit", "talk"};
    const size_t n_own = sizeof own / sizeof *own;
    size_t n;
    const struct config_setting *settings = config_settings(&n);
    return i < n_own ? own[i] : i < n_own + n ? settings[i - n_own].name : NULL;
}

static void add_values(struct completion *out, const char *command, size_t size, const char *typed)
{
    size_t n;
    const struct config_setting *settings = config_settings(&n);
    for (size_t i = 0; i < n; i++) {
        const char *name = settings[i].name;
        if (strlen(name) != size || memcmp(name, command, size) != 0) continue;
        const char *const *words = strcmp(name, "colour") == 0 ? palette_parts() : settings[i].values;
        for (const char *const *w = words; *w != NULL; w++) add_word(out, typed, strlen(typed), *w);
    }
}

static void add_actions(struct completion *out, const char *typed)
{
    size_t n;
    const struct actions_entry *table = actions_table(&n);
    for (size_t i = 0; i < n; i++) add_word(out, typed, strlen(typed), table[i].name);
}

/* "bind KEY ACTION" has its action as the second word, "f NAME" the rest of the line; other words stand behind the
 * first. */
void completion_find(struct completion *out, const char *line, const struct corpus *c)
{
    *out = (struct completion){.at = strspn(line, " ")};
    const char *command = line + out->at;
    const size_t size = strcspn(command, " ");
    if (command[size] == '\0') {
        for (size_t i = 0; completion_command(i) != NULL; i++) add_word(out, command, size, completion_command(i));
        return;
    }
    const char *typed = command + size + strspn(command + size, " ");
    const bool binds = size == 4 && memcmp(command, "bind", 4) == 0;
    if (binds) {
        const size_t key = strcspn(typed, " ");
        if (typed[key] == '\0') return;
        typed += key + strspn(typed + key, " ");
        add_actions(out, typed);
    } else if (size == 1 && *command == 'f') {
        for (size_t i = 0; i < c->n_documents; i++) add_word(out, typed, strlen(typed), c->documents[i].path);
    } else {
        add_values(out, command, size, typed);
    }
    out->at = (size_t)(typed - line);
}
