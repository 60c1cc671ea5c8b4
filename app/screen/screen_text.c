/* The pane of the text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/screen/screen_panes.h"

/* Columns that chopped lines move by. */
#define SHIFT 8

void screen_text_token(struct screen *s, uint64_t token)
{
    pane_text_go(&s->text, s->atlas, atlas_token_spot(s->atlas, token), 0);
}

void screen_text_move(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM) {
        jumps_leave(&s->jumps, s->text.spot);
        if (action == ACTION_BOTTOM) {
            pane_text_end(&s->text, s->atlas);
        } else {
            pane_text_go(&s->text, s->atlas, (struct spot){0, 0}, 0);
        }
    } else if (action == ACTION_LEFT || action == ACTION_RIGHT) {
        if (!pane_text_shift(&s->text, action == ACTION_LEFT ? -SHIFT : SHIFT))
            screen_notice(s, ROLE_DIM, "lines are wrapped: w chops them");
        return;
    } else {
        pane_text_scroll(&s->text, s->atlas, screen_panes_rows(action, s->text.height));
    }
    s->map.own_cursor = false;
}

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    pane_text_draw(&s->text, c, r, focused, &v);
}

static void scroll_text(struct screen *s, long by)
{
    pane_text_scroll(&s->text, s->atlas, by);
    s->map.own_cursor = false;
}

/* A press on the strip of heat goes to what it stands for. */
static bool press(struct screen *s, const struct event *event, struct rect r)
{
    const struct view v = screen_view(s);
    struct spot spot;
    const bool strip = pane_text_strip(&s->text, r, event->y, event->x, &v, &spot);
    s->text.selection.on = false;
    s->drag.text = !strip;
    if (strip) screen_go(s, spot, 0);
    return false;
}

/* Lines that were drawn over with the mouse, from where it was pressed, are selected. */
void screen_text_release(struct screen *s, const struct event *event)
{
    struct spot from, to;
    const struct rect r = s->layout.panes[FOCUS_TEXT];
    if (!s->drag.text || event->y == s->drag.y || !pane_text_at(&s->text, s->atlas, r, s->drag.y, &from) ||
        !pane_text_at(&s->text, s->atlas, r, event->y, &to) || from.document != to.document)
        return;
    s->text.selection = (struct text_selection){true, from.document, from.offset, to.offset};
}

void screen_text_select(struct screen *s)
{
    s->focus = FOCUS_TEXT;
    if (s->text.selection.on)
        s->text.selection.on = false;
    else
        pane_text_select(&s->text, s->atlas);
}

/* The bytes of the lines that are selected; false where none are. */
bool screen_text_selected(const struct screen *s, const char **bytes, size_t *size)
{
    const struct document *d = &s->atlas->corpus->documents[s->text.selection.document];
    uint64_t first, last;
    if (!s->text.selection.on) return false;
    pane_text_selected(&s->text, s->atlas, &first, &last);
    *bytes = d->text + d->lines[first - 1];
    *size = (size_t)((last < d->n_lines ? d->lines[last] : d->size) - d->lines[first - 1]);
    return true;
}

/* A question of the lines that are selected. */
static void ask_selection(struct screen *s)
{
    const struct corpus *c = s->atlas->corpus;
    const char *path = c->documents[s->text.selection.document].path;
    const char *quote = path[strcspn(path, " \t\n")] != '\0' ? "\"" : "";
    uint64_t first, last;
    char within[SCREEN_WITHIN];
    pane_text_selected(&s->text, s->atlas, &first, &last);
    const int n = c->n_documents == 1 ? snprintf(within, sizeof within, "in:%" PRIu64 "-%" PRIu64, first, last)
                                      : snprintf(within, sizeof within, "in:%s%s:%" PRIu64 "-%" PRIu64 "%s", quote,
                                                 path, first, last, quote);
    if (n < 0 || (size_t)n >= sizeof within || strchr(path, '"') != NULL) {
        screen_notice(s, ROLE_ERROR, "a question cannot name lines of a file that is called so");
        return;
    }
    s->text.selection.on = false;
    screen_chat_within(s, within);
}

static void select_on(struct screen *s, enum action action, long rows)
{
    struct text_selection *t = &s->text.selection;
    const uint64_t size = s->atlas->corpus->documents[t->document].size;
    const bool whole = action == ACTION_TOP || action == ACTION_BOTTOM;
    if (whole) t->head = action == ACTION_TOP || size == 0 ? 0 : size - 1;
    pane_text_select_on(&s->text, s->atlas, whole ? 0 : rows);
}

/* While lines are selected, moving moves their end. */
static bool act(struct screen *s, enum action action)
{
    const long rows = screen_panes_rows(action, s->text.height);
    if (!s->text.selection.on) return false;
    if (action == ACTION_ASK)
        ask_selection(s);
    else if (action == ACTION_CANCEL)
        s->text.selection.on = false;
    else if (action != ACTION_TOP && action != ACTION_BOTTOM && rows == 0)
        return false;
    else
        select_on(s, action, rows);
    return true;
}

static void open_next_row(struct screen *s)
{
    pane_text_scroll(&s->text, s->atlas, 1);
}

static const struct pane_hint keys[] = {{ACTION_CANCEL, "clear", WHEN_SELECTED},
                                        {ACTION_COPY, "copy", WHEN_SELECTED},
                                        {ACTION_EVIDENCE_NEXT, "next evidence", WHEN_ANSWERED},
                                        {ACTION_SEARCH, "search", WHEN_ALWAYS},
                                        {0}};

const struct pane_ops screen_text_pane = {.draw = draw,
                                          .act = act,
                                          .press = press,
                                          .move = screen_text_move,
                                          .open = open_next_row,
                                          .wheel = scroll_text,
                                          .resize = screen_resize_text,
                                          .keys = keys};
