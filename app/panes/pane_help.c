#include "app/panes/pane_help.h"

#include <string.h>

#include "app/panes/pane.h"
#include "app/text/safe_text.h"

#define TWO_COLUMNS 150
/* Narrower, the names of the actions have no room. */
#define NAMES 76

/* Keys at the left, what they do at the right, between them what a configuration calls it; where there is little room,
 * the first keys and more than one row. */
static int draw_line(struct canvas *c, struct rect r, int y, const char *keys, const char *name, const char *help)
{
    int left = r.w >= 56 && r.w < NAMES ? 24 : r.w >= 56 ? 20 : 15;
    size_t size = strlen(keys);
    while (size > 0 && (int)safe_text_width(keys, size) > left - 2) {
        do size--;
        while (size > 0 && keys[size] != ' ');
    }
    canvas_put(c, r, y, 1, style(ROLE_KEY), keys, size);
    if (r.w >= NAMES) {
        canvas_puts(c, r, y, left, style(ROLE_DIM), name);
        left += 20;
    }
    return pane_wrapped(c, rect_inset(r, 0, 1, 0, left), y, style(ROLE_TEXT), help);
}

/* All lines from row y on; returns the row after them. */
static int draw_all(struct canvas *c, struct rect r, int y, const struct keymap *m)
{
    size_t n;
    const struct actions_entry *actions = actions_table(&n);
    y = draw_line(c, r, y, "1 ... 9", "", "go to the evidence with this number");
    for (int edit = 0; edit < 2; edit++) {
        if (edit) {
            y++;
            canvas_puts(c, r, y++, 0, style(ROLE_HEADING), "While typing");
        }
        for (size_t i = 0; i < n; i++) {
            if (actions[i].edit != (bool)edit || actions[i].help == NULL) continue;
            char names[80];
            keymap_names(m, actions[i].action, names, sizeof names);
            y = draw_line(c, r, y, names[0] ? names : "(no key)", actions[i].name, actions[i].help);
        }
    }
    static const char *const settings[][2] = {
        {":theme light", "dark, light or auto"},
        {":mouse off", "the terminal selects text again"},
        {":line-numbers on", "on, off or auto (code has them, prose does not)"},
        {":wrap off", "on or off: long lines are chopped, h l move them"},
        {":prose-width 72", "columns of a line of prose at most"},
        {":scale log", "of heat: linear or log"},
        {":bind w ask", "a key for an action; unbind w"},
    };
    y++;
    y = pane_wrapped(c, r, y, style(ROLE_HEADING),
                     "Settings, also lines of ~/.config/lectern/config (without the colon)");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        y = draw_line(c, r, y, settings[i][0], "", settings[i][1]);
    return y;
}

int pane_help_draw(struct canvas *c, struct rect r, const struct keymap *m, int first)
{
    struct rect body =
        pane_title(c, r, true, "Keys", "Esc closes, arrows scroll; change them in the configuration file");
    if (body.w < TWO_COLUMNS) return draw_all(c, body, -first, m) + first;
    struct rect left = {body.y, body.x, 0, body.w / 2}, right = rect_inset(body, 0, 0, 0, body.w / 2);
    int lines = (draw_all(c, left, 0, m) + 1) / 2; /* without rows, it counts them */
    left.h = lines - first < body.h ? lines - first : body.h;
    draw_all(c, left, -first, m);
    draw_all(c, right, -first - lines, m);
    return lines;
}
