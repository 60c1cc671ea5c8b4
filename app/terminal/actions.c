#include "app/terminal/actions.h"

#include <string.h>

/* clang-format off */
static const struct actions_entry table[] = {
    {ACTION_ASK, "ask", "a i", "ask a question", false},
    {ACTION_OPEN, "open", "Enter", "go to the place under the cursor", false},
    {ACTION_FOCUS_NEXT, "focus-next", "Tab", "next pane", false},
    {ACTION_FOCUS_PREVIOUS, "focus-previous", "S-Tab", "previous pane", false},
    {ACTION_MAXIMIZE, "maximize", "z", "this pane alone, or all panes", false},
    {ACTION_GROW, "grow", "}", "this pane larger (or draw the line beside it with the mouse)", false},
    {ACTION_SHRINK, "shrink", "{", "this pane smaller", false},
    {ACTION_WRAP, "wrap", "w", "long lines: wrapped, or chopped", false},
    {ACTION_DOWN, "down", "j Down ^N", "down", false},
    {ACTION_UP, "up", "k Up ^P", "up", false},
    {ACTION_LEFT, "left", "h Left", "left, close", false},
    {ACTION_RIGHT, "right", "l Right", "right, open", false},
    {ACTION_PAGE_DOWN, "page-down", "Space PgDn ^F f ^V", "a page down", false},
    {ACTION_PAGE_UP, "page-up", "b PgUp ^B M-v", "a page up", false},
    {ACTION_HALF_DOWN, "half-down", "d ^D", "half a page down", false},
    {ACTION_HALF_UP, "half-up", "u ^U", "half a page up", false},
    {ACTION_TOP, "top", "g Home M-<", "first line", false},
    {ACTION_BOTTOM, "bottom", "G End M->", "last line", false},
    {ACTION_EVIDENCE_NEXT, "evidence-next", "J", "next place of evidence", false},
    {ACTION_EVIDENCE_PREVIOUS, "evidence-previous", "K", "place of evidence before", false},
    {ACTION_QUESTION_PREVIOUS, "question-previous", "<", "question before", false},
    {ACTION_QUESTION_NEXT, "question-next", ">", "next question", false},
    {ACTION_EDIT_QUESTION, "edit-question", "E", "change this question and ask it", false},
    {ACTION_ASK_AGAIN, "ask-again", "R", "ask this question again", false},
    {ACTION_NEW_TOPIC, "new-topic", "C", "ask about something new: no follow-up", false},
    {ACTION_COMPARE, "compare", "c", "compare the map with another question's", false},
    {ACTION_SEARCH, "search", "/", "search; in the contents: filter", false},
    {ACTION_REGEX, "regex", "M-/ &", "search for a regular expression", false},
    {ACTION_SEARCH_BACK, "search-back", "\\", "search backwards", false},
    {ACTION_SEARCH_NEXT, "search-next", "n", "next match", false},
    {ACTION_SEARCH_PREVIOUS, "search-previous", "N", "match before", false},
    {ACTION_MATCHES, "matches", "L", "all matches, by file and chapter", false},
    {ACTION_PICK, "pick", "o", "open a file, chapter, mark or question by some of its letters", false},
    {ACTION_FILE_NEXT, "file-next", "]", "next file", false},
    {ACTION_FILE_PREVIOUS, "file-previous", "[", "file before", false},
    {ACTION_GO, "go", ":", "go to: 120 (line), 50%, b 4096 (byte), t 99 (token), f NAME (file); export map.svg", false},
    {ACTION_MARK, "mark", "m", "m LETTER: mark this place", false},
    {ACTION_MARK_GO, "mark-go", "'", "' LETTER: go to the mark; '' to the place before", false},
    {ACTION_BACK, "back", "^O Backspace M-Left", "back to the place visited before", false},
    {ACTION_FORWARD, "forward", "M-Right", "forward again", false},
    {ACTION_EDITOR, "editor", "e", "open the place in $EDITOR", false},
    {ACTION_SELECT, "select", "V", "select lines of the text, to ask of them or copy them (or draw over them with the mouse)", false},
    {ACTION_COPY, "copy", "y", "copy the selection, segment or answer to the clipboard", false},
    {ACTION_COPY_ANSWER, "copy-answer", "Y", "copy the answer from anywhere", false},
    {ACTION_ZOOM_IN, "zoom-in", "+ =", "zoom the map in (x 4)", false},
    {ACTION_ZOOM_OUT, "zoom-out", "-", "zoom the map out", false},
    {ACTION_ZOOM_ALL, "zoom-all", "0", "the whole sequence on the map", false},
    {ACTION_HOTTEST, "hottest", "*", "to the hottest cell of the map", false},
    {ACTION_SCALE, "scale", "s", "map: logarithmic or linear", false},
    {ACTION_TOKEN_NEXT, "token-next", "t", "attention of one word of the question after the other", false},
    {ACTION_TOKEN_PREVIOUS, "token-previous", "T", "word of the question before", false},
    {ACTION_ATTENTION, "attention", "v", "map: the evidence attention, or the reader's dilated attention", false},
    {ACTION_INSPECT, "inspect", "A", "attention by layer, head, branch and word: Tab h l pick, j k Enter places", false},
    {ACTION_PATTERN, "pattern", "p", "the reader's attention pattern: who sees whom", false},
    {ACTION_MEASURE, "measure", "S", "time and memory against length, up to a billion tokens", false},
    {ACTION_NOTES, "notes", "!", "what was skipped of the input, and why", false},
    {ACTION_STOP, "stop", "^C", "stop the answer, or pause reading", false},
    {ACTION_RESUME, "resume", "r", "read on", false},
    {ACTION_CANCEL, "cancel", "Esc", NULL, false},
    {ACTION_HELP, "help", "? F1", "these keys", false},
    {ACTION_REDRAW, "redraw", "^L", "draw the screen again", false},
    {ACTION_SUSPEND, "suspend", "^Z", "to the shell (fg comes back)", false},
    {ACTION_QUIT, "quit", "q", "quit", false},
    {EDIT_ACCEPT, "edit-accept", "Enter", "send", true},
    {EDIT_NEWLINE, "edit-newline", "M-Enter ^J", "new line", true},
    {EDIT_TOPIC, "edit-topic", "M-t", "a follow-up of the question before, or not", true},
    {EDIT_SCOPE, "edit-scope", "M-s", "of all the text, or of in: and kind: again", true},
    {EDIT_CANCEL, "edit-cancel", "Esc ^G ^C", "leave the line", true},
    {EDIT_PREVIOUS, "edit-previous", "Up ^P", "line above, or earlier entry", true},
    {EDIT_NEXT, "edit-next", "Down ^N", "line below, or later entry", true},
    {EDIT_LEFT, "edit-left", "Left ^B", "left", true},
    {EDIT_RIGHT, "edit-right", "Right ^F", "right", true},
    {EDIT_WORD_LEFT, "edit-word-left", "M-b ^Left M-Left", "word left", true},
    {EDIT_WORD_RIGHT, "edit-word-right", "M-f ^Right M-Right", "word right", true},
    {EDIT_HOME, "edit-home", "Home ^A", "start of the line", true},
    {EDIT_END, "edit-end", "End ^E", "end of the line", true},
    {EDIT_BACKSPACE, "edit-backspace", "Backspace ^H", "delete before", true},
    {EDIT_DELETE, "edit-delete", "Delete ^D", "delete under", true},
    {EDIT_KILL_WORD, "edit-kill-word", "^W M-Backspace", "cut the word before", true},
    {EDIT_KILL_WORD_RIGHT, "edit-kill-word-right", "M-d", "cut the word after", true},
    {EDIT_KILL_END, "edit-kill-end", "^K", "cut to the end", true},
    {EDIT_KILL_HOME, "edit-kill-home", "^U", "cut to the start", true},
    {EDIT_YANK, "edit-yank", "^Y", "paste what was cut", true},
    {EDIT_TRANSPOSE, "edit-transpose", "^T", "swap two characters", true},
    {ACTION_FOCUS_NEXT, "edit-focus-next", "Tab", NULL, true},
    {ACTION_FOCUS_PREVIOUS, "edit-focus-previous", "S-Tab", NULL, true},
    {ACTION_HELP, "edit-help", "F1", NULL, true},
    {ACTION_REDRAW, "edit-redraw", "^L", NULL, true},
    {ACTION_SUSPEND, "edit-suspend", "^Z", NULL, true},
    {ACTION_PAGE_UP, "edit-page-up", "PgUp", NULL, true},
    {ACTION_PAGE_DOWN, "edit-page-down", "PgDn", NULL, true},
};
/* clang-format on */

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

const struct actions_entry *actions_table(size_t *n)
{
    *n = LENGTH(table);
    return table;
}

const struct actions_entry *actions_entry_named(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) return &table[i];
    }
    return NULL;
}
