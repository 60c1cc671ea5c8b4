/* What each part of the screen does for the others. */
#ifndef LECTERN_SCREEN_PARTS_H
#define LECTERN_SCREEN_PARTS_H

#include "app/screen/screen_state.h"

/* screen.c */
void screen_configured(struct screen *s); /* the settings have changed */
struct view screen_view(const struct screen *s);
void screen_notice(struct screen *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Goes to a place and remembers the one left; `span` bytes are marked. */
void screen_go(struct screen *s, struct spot spot, uint64_t span);

/* screen_actions.c: what the action of a key does; stops what is going on; measures (pane_scale.h). */
void screen_actions_run(struct screen *s, enum action action);
void screen_actions_stop(struct screen *s);
void screen_actions_measure(struct screen *s);

/* screen_prompt.c: what was typed after ":"; searches; the export that waited for the question to be looked into. */
void screen_prompt_line(struct screen *s, const char *line);
void screen_prompt_search(struct screen *s, const char *pattern);
void screen_prompt_jump(struct screen *s);
void screen_prompt_export(struct screen *s);

/* screen_lists.c: opens a list; goes on with it for about so long, true while there is more. */
void screen_lists_pick(struct screen *s);
void screen_lists_matches(struct screen *s);
bool screen_lists_work(struct screen *s, int milliseconds);

/* screen_layout.c */
void screen_layout(const struct screen *s, int rows, int cols, struct layout *out);

/* screen_text.c */
void screen_text_move(struct screen *s, enum action action);
void screen_text_select(struct screen *s); /* selects lines of the text, or no longer */
void screen_text_release(struct screen *s, const struct event *event);
bool screen_text_selected(const struct screen *s, const char **bytes, size_t *size);
void screen_text_token(struct screen *s, uint64_t token); /* goes to a token, and leaves the map's cursor alone */

/* screen_evidence.c: selects a piece of evidence and shows it in the text; with `leave` the place left is remembered
 * and the text gets the focus. */
void screen_evidence_select(struct screen *s, size_t item, bool leave);
void screen_evidence_step(struct screen *s, long by);
void screen_evidence_show(struct screen *s, bool leave);

/* screen_chat.c: begins to type a question, sends it, or the one that is looked at once more as it is or changed; the
 * one that is looked at; a follow-up or not. */
void screen_chat_begin(struct screen *s, enum topic topic);
void screen_chat_ask(struct screen *s);
void screen_chat_again(struct screen *s);
void screen_chat_edit(struct screen *s);
void screen_chat_select(struct screen *s, size_t id);
void screen_chat_topic(struct screen *s);

/* Asks of something only ("in:src/"); of all, or of what it was before. */
void screen_chat_within(struct screen *s, const char *within);
void screen_chat_switch_scope(struct screen *s);

/* screen_define.c: goes on with what the code that is shown defines; ends that. */
void screen_define(struct screen *s);
void screen_define_end(struct screen *s);

/* screen_resize.c: a pane by so many steps more; a line between panes that the mouse takes and lets go. */
void screen_resize_side(struct screen *s, int by);
void screen_resize_evidence(struct screen *s, int by);
void screen_resize_text(struct screen *s, int by);
void screen_resize_chat(struct screen *s, int by);
void screen_resize_key(struct screen *s, int by);
void screen_resize_press(struct screen *s, const struct event *event);
void screen_resize_release(struct screen *s, const struct event *event);

/* screen_inspect.c: asks to look into the questions that are shown; opens or closes the inspector; shows the other
 * attention. */
void screen_inspect_work(struct screen *s);
void screen_inspect_open(struct screen *s);
void screen_inspect_switch(struct screen *s);

#endif
