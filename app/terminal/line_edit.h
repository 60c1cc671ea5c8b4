/* A line, or a few, being typed: editing keys of readline, a kill buffer and a history. No terminal. */
#ifndef LECTERN_LINE_EDIT_H
#define LECTERN_LINE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/terminal/actions.h"

/* Longer input is cut here: a question of 64 KiB is already longer than most texts' answers. */
#define LINE_EDIT_MAX 65536

struct line_edit {
    char *text; /* owned, terminated UTF-8; NULL while empty and never typed in */
    size_t size, capacity;
    size_t cursor;  /* byte offset of a character */
    char *killed;   /* owned */
    char **history; /* owned, oldest first */
    size_t n_history, history_capacity;
    size_t at;   /* entry shown; n_history: the line being typed */
    char *draft; /* owned: the line being typed, while an entry is shown */
};

void line_edit_close(struct line_edit *l);

/* The text typed so far; never NULL. */
const char *line_edit_text(const struct line_edit *l);

/* Inserts at the cursor; control characters other than newline become blanks, invalid UTF-8 is left out. False without
 * memory. */
bool line_edit_insert(struct line_edit *l, const char *bytes, size_t size);
bool line_edit_key(struct line_edit *l, uint32_t character);

/* Runs one of the EDIT_ actions that edit (not accept, newline or cancel); false where it is none of them. */
bool line_edit_act(struct line_edit *l, enum action action);

/* Replaces the text, cursor at the end. */
void line_edit_set(struct line_edit *l, const char *text);

/* Takes the text into the history (unless empty or the same as the last entry) and empties the line. */
void line_edit_accept(struct line_edit *l);

#endif
