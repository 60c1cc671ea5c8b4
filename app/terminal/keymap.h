/* Which key runs which action, as the defaults and the configuration have it. */
#ifndef LECTERN_KEYMAP_H
#define LECTERN_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/terminal/actions.h"
#include "app/terminal/keys.h"

enum { KEYMAP_BINDINGS = 256 };

struct keymap {
    struct {
        uint32_t key;
        enum action action;
        bool edit;
    } bindings[KEYMAP_BINDINGS];
    size_t n;
};

/* The default keys. */
void keymap_init(struct keymap *m);

/* Binds a key, while typing or otherwise (taking it away from what it did in the same place); false where the table is
 * full. */
bool keymap_bind(struct keymap *m, uint32_t key, enum action action, bool edit);
void keymap_unbind(struct keymap *m, uint32_t key);
enum action keymap_find(const struct keymap *m, uint32_t key, bool edit);

/* Names of the keys bound to an action, separated by blanks. */
void keymap_names(const struct keymap *m, enum action action, char *out, size_t size);

#endif
