/* The one table of actions: what each is called, which keys run it, and what the help says. */
#ifndef LECTERN_ACTIONS_H
#define LECTERN_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum action {
    ACTION_NONE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_LEFT,
    ACTION_RIGHT,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_HALF_UP,
    ACTION_HALF_DOWN,
    ACTION_TOP,
    ACTION_BOTTOM,
    ACTION_OPEN,
    ACTION_CANCEL,
    ACTION_FOCUS_NEXT,
    ACTION_FOCUS_PREVIOUS,
    ACTION_MAXIMIZE,
    ACTION_GROW,
    ACTION_SHRINK,
    ACTION_WRAP,
    ACTION_ASK,
    ACTION_QUESTION_PREVIOUS,
    ACTION_QUESTION_NEXT,
    ACTION_COMPARE,
    ACTION_EDIT_QUESTION,
    ACTION_ASK_AGAIN,
    ACTION_NEW_TOPIC,
    ACTION_EVIDENCE_NEXT,
    ACTION_EVIDENCE_PREVIOUS,
    ACTION_SEARCH,
    ACTION_SEARCH_BACK,
    ACTION_SEARCH_NEXT,
    ACTION_SEARCH_PREVIOUS,
    ACTION_REGEX,
    ACTION_MATCHES,
    ACTION_PICK,
    ACTION_FILE_NEXT,
    ACTION_FILE_PREVIOUS,
    ACTION_GO,
    ACTION_MARK,
    ACTION_MARK_GO,
    ACTION_BACK,
    ACTION_FORWARD,
    ACTION_EDITOR,
    ACTION_SELECT,
    ACTION_COPY,
    ACTION_COPY_ANSWER,
    ACTION_ZOOM_IN,
    ACTION_ZOOM_OUT,
    ACTION_ZOOM_ALL,
    ACTION_HOTTEST,
    ACTION_SCALE,
    ACTION_TOKEN_NEXT,
    ACTION_TOKEN_PREVIOUS,
    ACTION_ATTENTION,
    ACTION_INSPECT,
    ACTION_PATTERN,
    ACTION_MEASURE,
    ACTION_NOTES,
    ACTION_STOP,
    ACTION_RESUME,
    ACTION_HELP,
    ACTION_REDRAW,
    ACTION_SUSPEND,
    ACTION_QUIT,
    /* while typing */
    EDIT_LEFT,
    EDIT_RIGHT,
    EDIT_WORD_LEFT,
    EDIT_WORD_RIGHT,
    EDIT_HOME,
    EDIT_END,
    EDIT_BACKSPACE,
    EDIT_DELETE,
    EDIT_KILL_END,
    EDIT_KILL_HOME,
    EDIT_KILL_WORD,
    EDIT_KILL_WORD_RIGHT,
    EDIT_YANK,
    EDIT_TRANSPOSE,
    EDIT_PREVIOUS,
    EDIT_NEXT,
    EDIT_NEWLINE,
    EDIT_TOPIC,
    EDIT_SCOPE,
    EDIT_ACCEPT,
    EDIT_CANCEL,
    ACTION_COUNT
};

struct actions_entry {
    enum action action;
    const char *name; /* as in the configuration */
    const char *keys; /* names of the default keys (keys.h), separated by blanks */
    const char *help; /* NULL: not listed, another line says it */
    bool edit;        /* while a line is being typed */
};

/* The table, in the order of the help. */
const struct actions_entry *actions_table(size_t *n);

/* The one of that name; NULL where there is none. */
const struct actions_entry *actions_entry_named(const char *name);

#endif
