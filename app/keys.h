/* Keys, their names, and the one table of commands: what each is called, which keys run it, and what the help says. */
#ifndef LECTERN_KEYS_H
#define LECTERN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode character, or one of these, with modifiers. Control-A is KEYS_CTRL | 'a'. */
enum {
    KEYS_UP = 0x200000,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_DELETE,
    KEYS_INSERT,
    KEYS_BACKSPACE,
    KEYS_TAB,
    KEYS_BACKTAB,
    KEYS_ENTER,
    KEYS_ESCAPE,
    KEYS_F1, /* up to KEYS_F1 + 11 */
    KEYS_SPECIAL_END = KEYS_F1 + 12,
    KEYS_ALT = 0x1000000,
    KEYS_CTRL = 0x2000000,
};

enum command {
    COMMAND_NONE,
    COMMAND_UP, COMMAND_DOWN, COMMAND_LEFT, COMMAND_RIGHT,
    COMMAND_PAGE_UP, COMMAND_PAGE_DOWN, COMMAND_HALF_UP, COMMAND_HALF_DOWN,
    COMMAND_TOP, COMMAND_BOTTOM, COMMAND_OPEN, COMMAND_CANCEL,
    COMMAND_FOCUS_NEXT, COMMAND_FOCUS_PREVIOUS, COMMAND_MAXIMIZE,
    COMMAND_ASK, COMMAND_QUESTION_PREVIOUS, COMMAND_QUESTION_NEXT, COMMAND_COMPARE,
    COMMAND_EVIDENCE_NEXT, COMMAND_EVIDENCE_PREVIOUS,
    COMMAND_SEARCH, COMMAND_SEARCH_BACK, COMMAND_SEARCH_NEXT, COMMAND_SEARCH_PREVIOUS, COMMAND_REGEX,
    COMMAND_FILE_NEXT, COMMAND_FILE_PREVIOUS, COMMAND_GO, COMMAND_MARK, COMMAND_MARK_GO,
    COMMAND_BACK, COMMAND_FORWARD, COMMAND_EDITOR, COMMAND_COPY,
    COMMAND_ZOOM_IN, COMMAND_ZOOM_OUT, COMMAND_ZOOM_ALL, COMMAND_HOTTEST, COMMAND_SCALE,
    COMMAND_NOTES, COMMAND_STOP, COMMAND_RESUME, COMMAND_HELP, COMMAND_REDRAW, COMMAND_SUSPEND, COMMAND_QUIT,
    /* while typing */
    EDIT_LEFT, EDIT_RIGHT, EDIT_WORD_LEFT, EDIT_WORD_RIGHT, EDIT_HOME, EDIT_END,
    EDIT_BACKSPACE, EDIT_DELETE, EDIT_KILL_END, EDIT_KILL_HOME, EDIT_KILL_WORD, EDIT_KILL_WORD_RIGHT, EDIT_YANK,
    EDIT_TRANSPOSE, EDIT_PREVIOUS, EDIT_NEXT, EDIT_NEWLINE, EDIT_ACCEPT, EDIT_CANCEL,
    COMMAND_COUNT
};

struct keys_command {
    enum command command;
    const char *name; /* as in the configuration */
    const char *keys; /* names of the default keys, separated by blanks */
    const char *help; /* NULL: not listed, another line says it */
    bool edit;        /* while a line is being typed */
};

/* The table, in the order of the help. */
const struct keys_command *keys_commands(size_t *n);

struct keymap {
    struct {
        uint32_t key;
        enum command command;
        bool edit;
    } bindings[256];
    size_t n;
};

/* The default keys. */
void keymap_init(struct keymap *m);

/* Binds a key (taking it away from what it did in the same place); false where the table is full. */
bool keymap_bind(struct keymap *m, uint32_t key, enum command command);
enum command keymap_find(const struct keymap *m, uint32_t key, bool edit);

/* Names of the keys bound to a command, separated by blanks. */
void keymap_names(const struct keymap *m, enum command command, char *out, size_t size);

/* "a", "^C", "M-x", "Tab", "PgDn", "F1", "^Left"; false where the name is none. */
bool keys_parse(const char *name, uint32_t *key);
void keys_name(uint32_t key, char out[24]);

/* The command of that name; COMMAND_NONE where there is none. */
enum command keys_command_named(const char *name);

#endif
