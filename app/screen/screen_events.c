/* What keys, pastes and the mouse do, by what is going on: browsing, typing, an overlay. */
#include <string.h>

#include "app/screen/completion.h"
#include "app/screen/screen_panes.h"
#include "app/panes/search.h"
#include "compute/error.h"

static struct line_edit *prompt_edit(struct screen *s)
{
    return s->prompt == PROMPT_FILTER ? &s->contents.filter : &s->prompts[s->prompt == PROMPT_COMMAND];
}

/* What has been typed so far already does something, except a command. */
static void prompt_typed(struct screen *s)
{
    if (s->prompt == PROMPT_FILTER)
        pane_contents_update(&s->contents);
    else if (s->prompt != PROMPT_COMMAND)
        screen_prompt_search(s, line_edit_text(prompt_edit(s)));
}

static void typing(struct screen *s, struct line_edit *l, uint32_t key, enum action action)
{
    screen_panes_type(l, key, action);
    if (s->mode == MODE_PROMPT) prompt_typed(s);
}

static void ask_key(struct screen *s, uint32_t key, enum action action)
{
    if (action == EDIT_ACCEPT) {
        screen_chat_ask(s);
    } else if (action == EDIT_CANCEL && key == (KEYS_CTRL | 'c')) {
        if (s->chat.line.size == 0) screen_actions_stop(s);
        line_edit_set(&s->chat.line, "");
    } else if (action == EDIT_CANCEL) {
        s->mode = MODE_BROWSE;
    } else if (action == EDIT_TOPIC) {
        screen_chat_topic(s);
    } else if (action == EDIT_SCOPE) {
        screen_chat_switch_scope(s);
    } else if (action == EDIT_NEWLINE) {
        line_edit_insert(&s->chat.line, "\n", 1);
    } else if (action == ACTION_PAGE_UP || action == ACTION_PAGE_DOWN) {
        screen_text_move(s, action);
    } else if (action > ACTION_NONE && action < EDIT_LEFT) {
        s->mode = MODE_BROWSE;
        screen_actions_run(s, action);
    } else {
        typing(s, &s->chat.line, key, action);
    }
}

/* An empty search looks for the last one again. */
static void accept_search(struct screen *s, struct line_edit *l)
{
    bool again = l->size == 0 && l->n_history > 0;
    if (again) line_edit_set(l, l->history[l->n_history - 1]);
    if (again || s->search == NULL)
        screen_prompt_search(s, line_edit_text(l)); /* a wrong expression is said to be, now */
    jumps_leave(&s->jumps, s->search_from);
    if (s->search != NULL && search_problem(s->search) != NULL)
        screen_notice(s, ROLE_ERROR, "%s", search_problem(s->search));
    else if (s->search != NULL && search_done(s->search) && search_count(s->search) == 0)
        screen_notice(s, ROLE_ERROR, "not found: %s", search_pattern(s->search));
}

/* A command that goes nowhere comes back to the inspector where it was begun. */
static void command(struct screen *s, const char *line)
{
    const struct spot spot = s->text.spot;
    screen_prompt_line(s, line);
    bool stayed = s->text.spot.document == spot.document && s->text.spot.offset == spot.offset;
    if (s->from_inspector && stayed && s->mode == MODE_BROWSE) s->mode = MODE_INSPECT;
}

/* As far as all that can come next is the same; a blank behind the only word. */
static void complete(struct screen *s)
{
    struct line_edit *l = &s->prompts[1];
    struct completion found;
    char line[COMPLETION_LINE];
    const size_t size = l->size;
    completion_find(&found, line_edit_text(l), s->atlas->corpus);
    if (found.all == 0 || size >= sizeof line || found.at + found.shared + 2 > sizeof line) return;
    memcpy(line, line_edit_text(l), found.at);
    memcpy(line + found.at, found.words[0], found.shared);
    const bool only = found.all == 1;
    memcpy(line + found.at + found.shared, " ", only);
    line[found.at + found.shared + only] = '\0';
    line_edit_set(l, line);
}

static void prompt_key(struct screen *s, uint32_t key, enum action action)
{
    struct line_edit *l = prompt_edit(s);
    if (action == ACTION_FOCUS_NEXT && s->prompt == PROMPT_COMMAND) {
        complete(s);
        return;
    }
    if (action == EDIT_ACCEPT) {
        s->mode = MODE_BROWSE;
        if (s->prompt == PROMPT_FILTER) return;
        if (s->prompt == PROMPT_COMMAND)
            command(s, line_edit_text(l));
        else
            accept_search(s, l);
        line_edit_accept(l);
    } else if (action == EDIT_CANCEL || (action == EDIT_BACKSPACE && l->size == 0)) {
        s->mode = MODE_BROWSE;
        if (s->prompt == PROMPT_FILTER) {
            line_edit_set(l, "");
            pane_contents_update(&s->contents);
        } else if (s->prompt != PROMPT_COMMAND) {
            screen_prompt_search(s, "");
            pane_text_go(&s->text, s->atlas, s->search_from, 0);
        }
    } else if (action == ACTION_NONE || action >= EDIT_LEFT) {
        typing(s, l, key, action);
    }
}

static void mark_key(struct screen *s, uint32_t key)
{
    struct spot to;
    s->mode = MODE_BROWSE;
    if (!s->mark_goes) {
        const bool marked = jumps_mark(&s->jumps, key, s->text.spot);
        s->unkept = s->unkept || marked;
        if (marked)
            screen_notice(s, ROLE_GOOD, "marked");
        else
            screen_notice(s, ROLE_ERROR, "marks are letters and digits");
    } else if (jumps_marked(&s->jumps, key, &to)) {
        screen_go(s, to, 0);
    } else {
        screen_notice(s, ROLE_ERROR, "no such mark");
    }
}

static void key_event(struct screen *s, uint32_t key)
{
    s->notice[0] = '\0';
    const struct pane_ops *pane = screen_panes_current(s);
    const bool prompts = s->mode == MODE_ASK || s->mode == MODE_PROMPT, types = !prompts && pane->type != NULL;
    enum action action = keymap_find(&s->config.keymap, key, prompts || types);
    if (types) {
        pane->type(s, key, action);
    } else if (s->mode == MODE_ASK) {
        ask_key(s, key, action);
    } else if (s->mode == MODE_PROMPT) {
        prompt_key(s, key, action);
    } else if (s->mode == MODE_MARK) {
        mark_key(s, key);
    } else if (pane->act && pane->act(s, action)) {
        return;
    } else if (s->mode == MODE_BROWSE && key >= '1' && key <= '9' && action == ACTION_NONE) {
        screen_evidence_select(s, (size_t)(key - '1'), true);
    } else if (action != ACTION_NONE) {
        screen_actions_run(s, action);
    } else {
        screen_notice(s, ROLE_DIM, "this key does nothing here; ? shows the keys");
    }
}

/* The pane at a cell; FOCUS_COUNT: none. */
static enum focus pane_at(const struct layout *l, int y, int x)
{
    enum focus i = FOCUS_TEXT;
    while (i < FOCUS_COUNT && !rect_holds(l->panes[i], y, x)) i++;
    return i;
}

static void press_mouse(struct screen *s, const struct event *event)
{
    const struct layout *l = &s->layout;
    const enum focus at = pane_at(l, event->y, event->x);
    screen_resize_press(s, event);
    if (at < FOCUS_COUNT) {
        const struct pane_ops *pane = screen_panes_of(at);
        if (at != FOCUS_MAP || !l->compact) s->focus = at;
        if (pane->press && pane->press(s, event, l->panes[at])) return;
    }
    const struct rect chat = l->panes[FOCUS_CHAT];
    s->mode = s->focus == FOCUS_CHAT && event->y >= chat.y + chat.h - 1 ? MODE_ASK : MODE_BROWSE;
}

static void mouse(struct screen *s, const struct event *event)
{
    const bool presses = event->mouse == MOUSE_PRESS || event->mouse == MOUSE_DOUBLE;
    if (event->mouse == MOUSE_RELEASE) {
        screen_text_release(s, event);
        screen_resize_release(s, event);
        return;
    }
    const long by = event->mouse == MOUSE_WHEEL_UP ? -3 : 3;
    const struct pane_ops *cover = s->mode >= MODE_HELP ? screen_panes_current(s) : NULL;
    const enum focus at = pane_at(&s->layout, event->y, event->x);
    if (cover && cover->press) {
        if (presses)
            cover->press(s, event, (struct rect){1, 0, s->rows - 2, s->cols});
        else
            cover->wheel(s, by);
    } else if (presses) {
        press_mouse(s, event);
    } else {
        screen_panes_of(at < FOCUS_COUNT ? at : FOCUS_TEXT)->wheel(s, by);
    }
}

static void paste(struct screen *s, const struct event *event)
{
    struct line_edit *l = s->mode == MODE_PROMPT ? prompt_edit(s)
                          : s->mode == MODE_PICK ? &s->picker.line
                                                 : &s->chat.line;
    if (s->mode == MODE_PICK) picker_update(&s->picker);
    if (s->mode != MODE_PROMPT && s->mode != MODE_PICK) {
        s->focus = FOCUS_CHAT;
        s->mode = MODE_ASK;
    }
    line_edit_insert(l, event->text, event->size);
    if (s->mode == MODE_PROMPT) prompt_typed(s);
}

void screen_event(struct screen *s, const struct event *event)
{
    s->stale = s->stale || event->type != EVENT_NONE;
    switch (event->type) {
    case EVENT_KEY:
        key_event(s, event->key);
        break;
    case EVENT_PASTE:
        paste(s, event);
        break;
    case EVENT_MOUSE:
        s->notice[0] = '\0';
        mouse(s, event);
        break;
    case EVENT_INTERRUPT:
        screen_actions_stop(s);
        break;
    case EVENT_SUSPEND:
        s->calls.suspend(s->calls.context);
        break;
    case EVENT_QUIT:
        s->quit = true;
        break;
    case EVENT_RESIZE:
    case EVENT_NONE:
        break;
    }
}
