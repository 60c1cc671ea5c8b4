#include "app/terminal/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/figures.h"
#include "app/text/suggest.h"
#include "compute/error.h"

#define FILE_MAX (64 * 1024)
/* Longer lines are hard to read. */
#define PROSE_WIDTH 92

void config_init(struct config *c)
{
    *c = (struct config){.theme = THEME_AUTO, .mouse = true, .numbers = LINE_NUMBERS_AUTO, .prose_width = PROSE_WIDTH};
    palette_init(&c->palette);
    keymap_init(&c->keymap);
}

/* Index of a word in a list that ends with NULL; -1 where it is not there. */
static int choice(const char *word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(word, words[i]) == 0) return i;
    }
    return -1;
}

static int no_such_action(const char *name, struct error *e)
{
    struct suggest meant = suggest_for(name, strlen(name));
    size_t n;
    char words[64];
    const struct actions_entry *table = actions_table(&n);
    for (size_t i = 0; i < n; i++) suggest_try(&meant, table[i].name);
    return error_set(e, "no such action: %s%s", name, suggest_words(&meant, "", words));
}

/* Those of a few values come first. */
enum { SETTING_THEME, SETTING_MOUSE, SETTING_NUMBERS, SETTING_SCALE, SETTING_WRAP };
static const struct config_setting settings[] = {[SETTING_THEME] = {"theme", {"auto", "dark", "light"}},
                                                 [SETTING_MOUSE] = {"mouse", {"off", "on"}},
                                                 [SETTING_NUMBERS] = {"line-numbers", {"auto", "on", "off"}},
                                                 [SETTING_SCALE] = {"scale", {"linear", "log"}},
                                                 [SETTING_WRAP] = {"wrap", {"on", "off"}},
                                                 {"prose-width", {NULL}},
                                                 {"state-limit", {NULL}},
                                                 {"colour", {NULL}},
                                                 {"bind", {NULL}},
                                                 {"unbind", {NULL}}};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

const struct config_setting *config_settings(size_t *n)
{
    *n = N_SETTINGS;
    return settings;
}

static int no_such_setting(const char *name, struct error *e)
{
    struct suggest meant = suggest_for(name, strlen(name));
    char words[64], all[160] = "";
    for (int i = 0, used = 0; i < N_SETTINGS; i++) {
        suggest_try(&meant, settings[i].name);
        used += snprintf(all + used, sizeof all - (size_t)used, "%s%s", i ? ", " : "", settings[i].name);
    }
    if (*suggest_words(&meant, "", words)) return error_set(e, "no such setting: %s%s", name, words);
    return error_set(e, "no such setting: %s (%s)", name, all);
}

static int bind_named(struct config *c, const char *key_name, const char *action_name, struct error *e)
{
    uint32_t key;
    const struct actions_entry *action = actions_entry_named(action_name);
    if (!keys_parse(key_name, &key)) return error_set(e, "no such key: %s (a, ^A, M-a, Tab, F1, PgDn, ...)", key_name);
    if (action == NULL) return no_such_action(action_name, e);
    return keymap_bind(&c->keymap, key, action->action, action->edit) ? 0 : error_set(e, "too many keys are bound");
}

static int unbind(struct config *c, const char *key_name, struct error *e)
{
    uint32_t key;
    if (!keys_parse(key_name, &key)) return error_set(e, "no such key: %s", key_name);
    keymap_unbind(&c->keymap, key);
    return 0;
}

static int set_prose_width(struct config *c, const char *value, struct error *e)
{
    const size_t digits = strspn(value, "0123456789");
    const long columns = strtol(value, NULL, 10);
    if (value[digits] != '\0' || digits > 4 || columns < 20 || columns > 1000)
        return error_set(e, "prose-width is a number of columns from 20 to 1000, not \"%s\"", value);
    c->prose_width = (int)columns;
    return 0;
}

static int set_state_limit(struct config *c, const char *value, struct error *e)
{
    uint64_t bytes;
    if (figures_size(&bytes, value) != 0 || bytes == 0)
        return error_set(e, "state-limit is a size (a number, with K, M or G), not \"%s\"", value);
    c->state_limit = bytes;
    return 0;
}

static int set(struct config *c, const char *word, const char *value, struct error *e)
{
    if (strcmp(word, "prose-width") == 0) return set_prose_width(c, value, e);
    if (strcmp(word, "state-limit") == 0) return set_state_limit(c, value, e);
    int name = 0;
    while (name <= SETTING_WRAP && strcmp(settings[name].name, word) != 0) name++;
    if (name > SETTING_WRAP) return no_such_setting(word, e);
    const char *const *values = settings[name].values;
    int chosen = choice(value, values);
    if (chosen < 0)
        return error_set(e, "%s is %s, %s%s%s, not \"%s\"", word, values[0], values[1], values[2] ? ", " : "",
                         values[2] ? values[2] : "", value);
    if (name == SETTING_THEME) c->theme = (enum theme)chosen;
    if (name == SETTING_MOUSE) c->mouse = chosen == 1;
    if (name == SETTING_NUMBERS) c->numbers = (enum line_numbers)chosen;
    if (name == SETTING_SCALE) c->logarithmic = chosen == 1;
    if (name == SETTING_WRAP) c->chopped = chosen == 1;
    return 0;
}

int config_line(struct config *c, const char *line, struct error *e)
{
    char copy[256], *rest = NULL, *words[5] = {0};
    size_t n = 0;
    if (strlen(line) >= sizeof copy) return error_set(e, "the line is too long");
    strcpy(copy, line);
    for (char *word = strtok_r(copy, " \t", &rest); word != NULL && n < 5; word = strtok_r(NULL, " \t", &rest)) {
        if (word[0] == '#' && n != 1) break; /* the key # may be bound */
        words[n++] = word;
    }
    if (n == 0) return 0;
    if (strcmp(words[0], "bind") == 0)
        return n == 3 ? bind_named(c, words[1], words[2], e) : error_set(e, "bind KEY ACTION");
    if (strcmp(words[0], "colour") == 0)
        return n == 3 || n == 4 ? palette_set(&c->palette, words[1], words[2], words[3], e)
                                : error_set(e, "colour PART COLOUR [GROUND]");
    if (strcmp(words[0], "unbind") == 0) return n == 2 ? unbind(c, words[1], e) : error_set(e, "unbind KEY");
    if (n == 2) return set(c, words[0], words[1], e);
    return error_set(e, "a setting is a word and a value: %s", line);
}

int config_parse(struct config *c, const char *name, const char *text, size_t size, struct error *e)
{
    unsigned number = 1;
    for (size_t i = 0; i < size; number++) {
        const char *newline = memchr(text + i, '\n', size - i);
        size_t n = newline ? (size_t)(newline - text) - i : size - i;
        char line[300];
        size_t kept = n < sizeof line ? n : sizeof line - 1;
        if (kept > 0 && text[i + kept - 1] == '\r') kept--;
        memcpy(line, text + i, kept);
        line[kept] = '\0';
        if (config_line(c, line, e) != 0) return error_prefix(e, "%s:%u", name, number);
        i += n + 1;
    }
    return 0;
}

static int read_file(struct config *c, const char *path, bool must, struct error *e)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) return must || errno != ENOENT ? error_set(e, "%s: %s", path, strerror(errno)) : 0;
    char *text = malloc(FILE_MAX);
    size_t size = text ? fread(text, 1, FILE_MAX, f) : 0;
    int status = text == NULL       ? error_set_kind(e, ERROR_MEMORY, "%s: no memory", path)
                 : ferror(f)        ? error_set(e, "%s: it cannot be read", path)
                 : size == FILE_MAX ? error_set(e, "%s: longer than 64 kB", path)
                                    : config_parse(c, path, text, size, e);
    free(text);
    fclose(f);
    return status;
}

int config_read(struct config *c, const char *path, struct error *e)
{
    if (path != NULL) return read_file(c, path, true, e);
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char usual[4096];
    int n = xdg && *xdg == '/' ? snprintf(usual, sizeof usual, "%s/lectern/config", xdg)
            : home && *home    ? snprintf(usual, sizeof usual, "%s/.config/lectern/config", home)
                               : -1;
    if (n < 0 || (size_t)n >= sizeof usual) return 0;
    return read_file(c, usual, false, e);
}
