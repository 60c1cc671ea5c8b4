/* The state of the screen, which its parts share. */
#ifndef LECTERN_SCREEN_STATE_H
#define LECTERN_SCREEN_STATE_H

#include <stdbool.h>

#include "app/panes/atlas.h"
#include "app/panes/conversation.h"
#include "app/panes/jumps.h"
#include "app/panes/match_list.h"
#include "app/panes/pane_chat.h"
#include "app/panes/pane_contents.h"
#include "app/panes/pane_evidence.h"
#include "app/panes/pane_inspect.h"
#include "app/panes/pane_map.h"
#include "app/panes/pane_pattern.h"
#include "app/panes/pane_scale.h"
#include "app/panes/pane_text.h"
#include "app/panes/picker.h"
#include "app/screen/screen.h"
#include "app/terminal/config.h"
#include "app/terminal/actions.h"
#include "app/terminal/terminal.h"

struct code_tint;
struct definitions;
struct search;

/* In the order in which Tab goes through them. */
enum focus { FOCUS_TEXT, FOCUS_EVIDENCE, FOCUS_CHAT, FOCUS_CONTENTS, FOCUS_MAP, FOCUS_COUNT };

enum mode {
    MODE_BROWSE,
    MODE_ASK,     /* a question is being typed */
    MODE_PROMPT,  /* a search or a command is being typed at the bottom */
    MODE_MARK,    /* the next key is the letter of a mark */
    MODE_HELP,    /* from here on a pane covers the others */
    MODE_PATTERN, /* who sees whom */
    MODE_INSPECT, /* a question's attention taken apart */
    MODE_SCALE,   /* time and memory against length */
    MODE_NOTES,   /* what was skipped, and what else is to be said about the input */
    MODE_PICK,    /* something is opened by its name */
    MODE_MATCHES, /* all matches of the search */
    MODE_COUNT,
};

enum prompt { PROMPT_SEARCH, PROMPT_SEARCH_BACK, PROMPT_REGEX, PROMPT_COMMAND, PROMPT_FILTER };

/* What the question that is typed follows up: what its words say, nothing, the last topic. */
enum topic { TOPIC_GUESSED, TOPIC_NEW, TOPIC_SAME };

/* READING_WAITS: for another process, which reads the text. */
enum reading { READING_OPENS, READING_WAITS, READING_READS, READING_PAUSED, READING_DONE, READING_FAILED };

struct layout {
    struct rect title, progress, status, panes[FOCUS_COUNT]; /* what is not shown has h 0 */
    bool compact, too_small;
};

/* What was asked of the worker last, so that it is asked once. */
struct wanted {
    uint64_t id;   /* the question, counted from 1 */
    int64_t token; /* one of its tokens, or -1 for all */
    uint64_t begin, end;
};

struct wanted_inspection {
    size_t id; /* the question, counted from 1 */
    struct inspected_choice choice;
    uint64_t tokens; /* how many had been read then */
};

/* Bytes of the words that say of what a question is asked. */
enum { SCREEN_WITHIN = 600 };

struct screen {
    struct screen_calls calls;
    const struct model *model;
    struct atlas *atlas; /* owned */
    struct conversation conversation;
    struct reader_progress progress;
    enum reading reading;
    char device[128];
    char *problem;  /* owned: why reading failed */
    char note[640]; /* what reader_note says of the kept read */

    char *const *named; /* borrowed: the PATHs, which are kept with the talk */
    size_t n_named;

    struct config config;
    enum focus focus;
    enum mode mode;
    bool maximized, quit;
    bool changed;           /* a file is no longer what was read */
    bool again;             /* quit, to be opened again with the texts as they are now */
    bool unkept;            /* a question was answered or a place marked since the talk was kept (talk.h) */
    bool stale;             /* something has changed since the screen was drawn */
    bool dilated;           /* map and inspector show the dilated attention, else the evidence attention */
    bool returns;           /* closing the inspector goes back to the evidence attention */
    bool stopping;          /* something was told to stop and has not stopped yet */
    bool renews;            /* a question is looked into again when more has been read, even while reading goes on */
    struct code_tint *code; /* owned */
    struct pane_text text, text_before; /* before a list showed other places */
    struct pane_evidence evidence;
    struct pane_contents contents;
    struct pane_chat chat;
    enum topic topic;
    struct {
        char *line;      /* owned: the question that this was found for; NULL: none */
        size_t headings; /* that were known then */
        char text[300];
    } scope_said;               /* of what the question that is typed is asked */
    char within[SCREEN_WITHIN]; /* of what a question was asked that is now asked of all, or of something else */
    struct pane_map map;
    struct pane_pattern pattern;
    struct pane_inspect inspect;
    struct inspected_choice choice; /* layer, head and branch of the dilated attention; the token is the exchange's */
    char *export_path; /* owned: a file to be written when the question has been looked into; NULL if none waits */
    struct pane_scale scale;
    struct {
        struct definitions *run; /* owned; NULL: none is under way */
        size_t document;         /* of that run */
        bool *seen;              /* owned, [n_documents]: were looked into */
    } defines;
    struct jumps jumps;
    struct picker picker;
    struct match_list matches;

    enum prompt prompt;
    struct line_edit prompts[2];         /* one for searches, one for commands */
    struct search *search;               /* owned, or NULL */
    bool from_inspector;                 /* the prompt was begun there */
    bool search_jumps, search_backwards; /* the next match is gone to as soon as it is known */
    struct spot search_from;
    bool mark_goes;
    int help_scroll;

    char notice[300]; /* shown at the bottom until the next key */
    enum role notice_role;
    struct layout layout;
    struct {
        int left, right, chat; /* columns and rows that a hand gave the panes at the sides, and the questions */
    } sizes;
    struct {
        int *size; /* of `sizes`: the line between panes that is drawn with the mouse; NULL: none */
        bool text; /* lines of the text are drawn over instead */
        int y, x;  /* where it was taken */
    } drag;
    const struct canvas *drawn; /* borrowed: what was drawn last */
    int rows, cols;
    struct wanted wanted_shares, wanted_lens;
    struct wanted_inspection wanted_inspection;
};

#endif
