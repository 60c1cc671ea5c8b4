#include "app/terminal/config_page.h"

#include <string.h>

#include "app/terminal/actions.h"

static const char head[] =
    "# Settings of Lectern: ~/.config/lectern/config, or lectern/config under $XDG_CONFIG_HOME. One a line; all of "
    "them\n"
    "# can be typed after \":\" too. What stands here is the default; take the # before a line away to change it.\n"
    "\n"
    "# Colours: auto, dark or light.\n"
    "#theme auto\n"
    "\n"
    "# Of one part of the screen: its colour, and what is behind it (colour match black yellow). A COLOUR is black, "
    "red, "
    "green,\n"
    "# yellow, blue, magenta, cyan, white, bright-red and so on, own (the terminal's own), or a number from 0 to 255. "
    "The parts:\n"
    "# text, dim, title, heading, focus, line, selected, marked, match, notation, reference, question, error, good, "
    "key,\n"
    "# quoted (the text's own words in a model's answer); of code comment, string, keyword, type, constant, "
    "preprocessor, function.\n"
    "\n"
    "# off: the terminal itself selects text with the mouse.\n"
    "#mouse on\n"
    "\n"
    "# auto: code has them, prose does not; or on, off.\n"
    "#line-numbers auto\n"
    "\n"
    "# off: long lines are chopped, and h l move them.\n"
    "#wrap on\n"
    "\n"
    "# Columns of a line of prose at most.\n"
    "#prose-width 92\n"
    "\n"
    "# Of heat: linear or log.\n"
    "#scale linear\n"
    "\n"
    "# All kept reads together take no more than this.\n"
    "#state-limit 16G\n"
    "\n"
    "# Keys: bind KEY ACTION, one a line; unbind KEY takes a key away. A KEY is a character, ^A (Control), M-a (Alt), "
    "Tab,\n"
    "# Enter, Esc, Space, Up, PgDn, F1 and so on. These are all the actions there are.\n";

static void write_keys(FILE *f, const struct actions_entry *a)
{
    for (const char *k = a->keys; *k != '\0';) {
        const size_t n = strcspn(k, " ");
        fprintf(f, "#bind %.*s %s\n", (int)n, k, a->name);
        k += n + (k[n] == ' ');
    }
}

int config_page_write(FILE *f)
{
    size_t n;
    const struct actions_entry *table = actions_table(&n);
    fputs(head, f);
    for (int edit = 0; edit < 2; edit++) {
        fputs(edit ? "\n# While typing\n" : "\n# Everywhere else\n", f);
        for (size_t i = 0; i < n; i++) {
            const struct actions_entry *a = &table[i];
            if (a->edit != (bool)edit) continue;
            fprintf(f, "\n# %s\n", a->help ? a->help : a->edit ? "as everywhere else" : "leave, close");
            write_keys(f, a);
        }
    }
    return ferror(f) ? -1 : 0;
}
