/* The pane of the text. */
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

static void scroll(struct screen *s, long by)
{
    pane_text_scroll(&s->text, s->atlas, by);
    s->map.own_cursor = false;
}

/* A press on the strip of heat goes to what it stands for. */
static bool press(struct screen *s, const struct event *event, struct rect r)
{
    const struct view v = screen_view(s);
    struct spot spot;
    if (pane_text_strip(&s->text, r, event->y, event->x, &v, &spot)) screen_go(s, spot, 0);
    return false;
}

static void open_next_row(struct screen *s)
{
    pane_text_scroll(&s->text, s->atlas, 1);
}

static const struct pane_hint keys[] = {
    {ACTION_EVIDENCE_NEXT, "next evidence", WHEN_ANSWERED}, {ACTION_SEARCH, "search", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_text_pane = {.draw = draw,
                                          .press = press,
                                          .move = screen_text_move,
                                          .open = open_next_row,
                                          .wheel = scroll,
                                          .resize = screen_resize_text,
                                          .keys = keys};
