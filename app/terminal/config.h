/* The user's settings, from $XDG_CONFIG_HOME/lectern/config: keys, colours, mouse. One setting a line, "#" begins a
 * comment:
 *
 *     theme dark|light|auto            mouse on|off
 *     line-numbers on|off|auto         scale linear|log
 *     wrap on|off                      prose-width COLUMNS
 *     state-limit SIZE                 colour PART COLOUR [GROUND]
 *     bind KEY ACTION                  unbind KEY
 *
 * ACTIONs have the names of keys.c's table, which the help (?) shows too. */
#ifndef LECTERN_CONFIG_H
#define LECTERN_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/terminal/keymap.h"
#include "app/terminal/palette.h"
#include "app/terminal/theme.h"

struct error;

enum line_numbers { LINE_NUMBERS_AUTO, LINE_NUMBERS_ON, LINE_NUMBERS_OFF };

struct config {
    enum theme theme;
    bool mouse, logarithmic;
    enum line_numbers numbers;
    bool chopped;         /* long lines, instead of wrapped */
    int prose_width;      /* columns of prose at most */
    uint64_t state_limit; /* bytes that all kept reads may take together; 0: not said */
    struct palette palette;
    struct keymap keymap;
};

/* A word that a line may begin with, and what may stand behind it where that is one of a few. */
struct config_setting {
    const char *name;
    const char *values[4]; /* ends with NULL */
};
const struct config_setting *config_settings(size_t *n);

/* The defaults. */
void config_init(struct config *c);

/* Takes one line; -1 where it is wrong (the words say what), the settings are then as they were. */
int config_line(struct config *c, const char *line, struct error *e);

/* Takes a whole text; errors name `name` and the line. */
int config_parse(struct config *c, const char *name, const char *text, size_t size, struct error *e);

/* Takes a file. NULL: the usual one, which need not exist. */
int config_read(struct config *c, const char *path, struct error *e);

#endif
