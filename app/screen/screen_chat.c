/* The pane of questions and answers. */
#include "app/screen/screen_panes.h"

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    const bool typing = s->mode == MODE_ASK, reading = s->reading != READING_DONE && s->reading != READING_PAUSED;
    pane_chat_draw(&s->chat, c, r, focused || typing, typing, reading, &v);
}

static void move(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        pane_chat_scroll(&s->chat, action == ACTION_TOP ? -100000 : 100000);
    else
        pane_chat_scroll(&s->chat, (int)screen_panes_rows(action, s->chat.height));
}

static void open(struct screen *s)
{
    s->mode = MODE_ASK;
}

/* A reference [n] leads to its place. */
static bool press(struct screen *s, const struct event *event, struct rect r)
{
    unsigned reference = pane_chat_reference(s->drawn, r, event->y, event->x);
    s->mode = MODE_BROWSE;
    if (reference > 0) screen_evidence_select(s, reference - 1, true);
    return reference > 0;
}

static void wheel(struct screen *s, long by)
{
    pane_chat_scroll(&s->chat, (int)by);
}

static const struct pane_hint keys[] = {{ACTION_SEARCH, "search", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_chat_pane = {
    .draw = draw, .move = move, .open = open, .press = press, .wheel = wheel, .keys = keys};
