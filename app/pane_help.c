#include "app/pane_help.h"

#include "app/pane.h"

static int draw_line(struct canvas *c, struct rect r, int y, const struct keymap *m, const struct keys_entry *action)
{
    char names[80];
    keymap_names(m, action->action, names, sizeof names);
    canvas_puts(c, r, y, 1, style(ROLE_KEY), names[0] ? names : "(no key)");
    canvas_puts(c, r, y, 24, style(ROLE_TEXT), action->help);
    return y + 1;
}

int pane_help_draw(struct canvas *c, struct rect r, const struct keymap *m, int first)
{
    struct rect body =
        pane_title(c, r, true, "Keys", "Esc closes, arrows scroll; change them in the configuration file");
    size_t n;
    const struct keys_entry *actions = keys_table(&n);
    int y = -first;
    canvas_puts(c, body, y, 1, style(ROLE_KEY), "1 ... 9");
    canvas_puts(c, body, y++, 24, style(ROLE_TEXT), "go to the evidence with this number");
    for (int edit = 0; edit < 2; edit++) {
        if (edit) {
            y++;
            canvas_puts(c, body, y++, 0, style(ROLE_HEADING), "While typing");
        }
        for (size_t i = 0; i < n; i++) {
            if (actions[i].edit == (bool)edit && actions[i].help != NULL) y = draw_line(c, body, y, m, &actions[i]);
        }
    }
    static const char *const settings[][2] = {
        {":theme light", "dark, light or auto"},
        {":mouse off", "the terminal selects text again"},
        {":line-numbers on", "on, off or auto (code has them, prose does not)"},
        {":scale log", "of heat: linear or log"},
        {":bind w ask", "a key for an action; unbind w"},
    };
    y++;
    canvas_puts(c, body, y++, 0, style(ROLE_HEADING),
                "Settings, also lines of ~/.config/lectern/config (without the colon)");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++, y++) {
        canvas_puts(c, body, y, 1, style(ROLE_KEY), settings[i][0]);
        canvas_puts(c, body, y, 24, style(ROLE_TEXT), settings[i][1]);
    }
    return y + first;
}
