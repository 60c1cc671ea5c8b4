/* The whole screen: panes, focus, what keys do, what messages change. No terminal and no threads: events and messages
 * come in, a canvas comes out, and what has to happen elsewhere is called through a table. */
#ifndef LECTERN_SCREEN_H
#define LECTERN_SCREEN_H

#include <stdbool.h>

#include "app/panes/atlas.h"
#include "app/terminal/config.h"
#include "app/panes/conversation.h"
#include "app/terminal/keys.h"
#include "app/panes/pane_chat.h"
#include "app/panes/pane_contents.h"
#include "app/panes/pane_evidence.h"
#include "app/panes/pane_inspect.h"
#include "app/panes/pane_map.h"
#include "app/panes/pane_pattern.h"
#include "app/panes/pane_scale.h"
#include "app/panes/pane_text.h"
#include "app/panes/jumps.h"
#include "app/terminal/terminal.h"

struct message;
struct model;
struct search;

/* What the screen wants done. Every function is given. */
struct screen_calls {
    void *context;
    bool (*ask)(void *context, size_t id, const char *question); /* false: too many are waiting */
    bool (*read)(void *context);
    void (*stop)(void *context);
    bool (*measure)(void *context);
    void (*want_shares)(void *context, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end);
    void (*want_lens)(void *context, size_t id, const struct finding *f, size_t token);
    void (*want_inspection)(void *context, size_t id, const struct finding *f, const struct inspected_choice *choice);
    void (*copy)(void *context, const char *text, size_t size);
    void (*edit)(void *context, size_t document, uint64_t line);
    void (*suspend)(void *context);
    void (*redraw)(void *context);
    void (*configure)(void *context, const struct config *c); /* theme and mouse have changed */
};

enum focus { FOCUS_TEXT, FOCUS_EVIDENCE, FOCUS_CHAT, FOCUS_CONTENTS, FOCUS_MAP, FOCUS_COUNT };

enum mode {
    MODE_BROWSE,
    MODE_ASK,    /* a question is being typed */
    MODE_PROMPT, /* a search or a command is being typed at the bottom */
    MODE_MARK,   /* the next key is the letter of a mark */
    MODE_HELP,
    MODE_PATTERN, /* who sees whom */
    MODE_INSPECT, /* a question's attention taken apart */
    MODE_SCALE,   /* time and memory against length */
    MODE_NOTES,   /* what was skipped, and what else is to be said about the input */
};

enum prompt { PROMPT_SEARCH, PROMPT_SEARCH_BACK, PROMPT_REGEX, PROMPT_COMMAND, PROMPT_FILTER };

enum reading { READING_OPENS, READING_READS, READING_PAUSED, READING_DONE, READING_FAILED };

struct layout {
    struct rect title, map, contents, text, evidence, chat, progress, status; /* h 0: not shown */
    bool compact, too_small;
};

/* What was asked of the worker last, so that it is asked once. */
struct wanted {
    uint64_t id;   /* of the question, from 1 */
    int64_t token; /* of the question, or -1 */
    uint64_t begin, end;
};

struct wanted_inspection {
    size_t id; /* of the question, from 1 */
    struct inspected_choice choice;
    uint64_t tokens; /* that had been read then */
};

struct screen {
    struct screen_calls calls;
    const struct model *model;
    struct atlas *atlas; /* owned */
    struct conversation conversation;
    struct reader_progress progress;
    enum reading reading;
    char device[128];
    char *problem;  /* owned: why reading failed */
    char note[640]; /* of the kept read (reader_note) */

    struct config config;
    enum focus focus;
    enum mode mode;
    bool maximized, quit;
    bool stale;    /* something has changed since the screen was drawn */
    bool dilated;  /* map and inspector show the dilated attention, else the evidence attention */
    bool returns;  /* to the evidence attention, when the inspector is closed that it was left for */
    bool stopping; /* something was told to stop, and has not yet */
    bool renews;   /* what was looked into before more was read is looked into again, while reading goes on too */
    struct pane_text text;
    struct pane_evidence evidence;
    struct pane_contents contents;
    struct pane_chat chat;
    struct pane_map map;
    struct pane_pattern pattern;
    struct pane_inspect inspect;
    struct inspected_choice choice; /* layer, head and branch of it; the token is the question's */
    char *export_path;              /* owned: written as soon as the question is looked into; NULL: nothing waits */
    struct pane_scale scale;
    struct jumps jumps;

    enum prompt prompt;
    struct line_edit prompts[2];         /* searches; commands */
    struct search *search;               /* owned, or NULL */
    bool from_inspector;                 /* the prompt was begun there */
    bool search_jumps, search_backwards; /* go to the next match as soon as it is known */
    struct spot search_from;
    bool mark_goes;
    int help_scroll;

    char notice[300]; /* at the bottom until the next key */
    enum role notice_role;
    struct layout layout;
    const struct canvas *drawn; /* borrowed: what was drawn last */
    int rows, cols;
    struct wanted wanted_shares, wanted_lens;
    struct wanted_inspection wanted_inspection;
};

int screen_open(struct screen **out, const struct corpus *c, const struct model *m, const struct config *config,
                const struct screen_calls *calls, struct error *e);
void screen_close(struct screen *s);

void screen_event(struct screen *s, const struct event *event);

/* Takes the message; it is the screen's then. */
void screen_message(struct screen *s, struct message *m);

/* Work between events (searching), a few milliseconds of it: true while there is more. */
bool screen_work(struct screen *s);
void screen_draw(struct screen *s, struct canvas *c);

/* Used by the parts of the screen. */
struct view screen_view(const struct screen *s);
void screen_notice(struct screen *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));
void screen_act(struct screen *s, enum action action);       /* screen_actions.c */
void screen_prompt_line(struct screen *s, const char *line); /* screen_prompt.c: what was typed after ":" */
void screen_search(struct screen *s, const char *pattern);
void screen_search_jump(struct screen *s);
void screen_layout(const struct screen *s, int rows, int cols, struct layout *out); /* screen_layout.c */

/* screen_move.c: moves in the pane with the focus (or scrolls an overlay), and opens what is under its cursor. */
void screen_move(struct screen *s, enum action action);
void screen_move_open(struct screen *s);
void screen_move_open_contents(struct screen *s);
void screen_move_text(struct screen *s, enum action action);
void screen_move_token(struct screen *s, uint64_t token);
bool screen_move_pattern(struct screen *s, enum action action); /* false where it does not belong to the pattern */

/* Selects a piece of evidence and shows it; with `leave` the text gets the focus. */
void screen_move_evidence(struct screen *s, size_t item, bool leave);
void screen_move_evidence_by(struct screen *s, long by);

/* screen_inspect.c: asks to look into the questions that are shown; opens or closes the inspector; shows the other
 * attention; a key in the inspector, false where it means what it means elsewhere. */
void screen_inspect_work(struct screen *s);
void screen_inspect_open(struct screen *s);
void screen_inspect_switch(struct screen *s);
bool screen_inspect_key(struct screen *s, enum action action);
void screen_inspect_mouse(struct screen *s, const struct event *event);

/* screen_prompt.c: writes the export that waited for the question to be looked into. */
void screen_export_waiting(struct screen *s);

/* screen_actions.c: stops what is going on; measures (pane_scale.h). */
void screen_stop(struct screen *s);
void screen_measure(struct screen *s);

/* Goes to a place and remembers the one left; `span` bytes are marked. */
void screen_go(struct screen *s, struct spot spot, uint64_t span);

/* Shows the selected evidence in the text; with `leave` the place left is remembered and the text gets the focus. */
void screen_show_evidence(struct screen *s, bool leave);

#endif
