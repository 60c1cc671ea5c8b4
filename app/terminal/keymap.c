#include "app/terminal/keymap.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool bind_key(struct keymap *m, uint32_t key, enum action action, bool edit)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->bindings[i].key != key || m->bindings[i].edit != edit) continue;
        m->bindings[i].action = action;
        return true;
    }
    if (m->n == KEYMAP_BINDINGS) return false;
    m->bindings[m->n].key = key;
    m->bindings[m->n].action = action;
    m->bindings[m->n++].edit = edit;
    return true;
}

void keymap_init(struct keymap *m)
{
    size_t n_entries;
    const struct actions_entry *table = actions_table(&n_entries);
    m->n = 0;
    for (size_t i = 0; i < n_entries; i++) {
        for (const char *k = table[i].keys; *k != '\0';) {
            char name[24];
            uint32_t key;
            size_t n = strcspn(k, " ");
            snprintf(name, sizeof name, "%.*s", (int)n, k);
            bool known = keys_parse(name, &key) && bind_key(m, key, table[i].action, table[i].edit);
            assert(known);
            (void)known;
            k += n + (k[n] == ' ');
        }
    }
}

bool keymap_bind(struct keymap *m, uint32_t key, enum action action, bool edit)
{
    return bind_key(m, key, action, edit);
}

/* A key that is unbound stays in the table with no action, while typing and otherwise. */
void keymap_unbind(struct keymap *m, uint32_t key)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->bindings[i].key == key) m->bindings[i].action = ACTION_NONE;
    }
}

enum action keymap_find(const struct keymap *m, uint32_t key, bool edit)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->bindings[i].key == key && m->bindings[i].edit == edit) return m->bindings[i].action;
    }
    return ACTION_NONE;
}

void keymap_names(const struct keymap *m, enum action action, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    bool edit = action >= EDIT_LEFT;
    for (size_t i = 0; i < m->n; i++) {
        if (m->bindings[i].action != action || m->bindings[i].edit != edit) continue;
        char name[24];
        keys_name(m->bindings[i].key, name);
        int n = snprintf(out + used, size - used, "%s%s", used ? " " : "", name);
        if (n < 0 || (size_t)n >= size - used) {
            out[used] = '\0';
            return;
        }
        used += (size_t)n;
    }
}
