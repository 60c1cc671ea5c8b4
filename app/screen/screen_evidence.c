/* The pane of the evidence, and going to a piece of it from anywhere. */
#include "app/screen/screen_panes.h"

void screen_evidence_show(struct screen *s, bool leave)
{
    const struct finding_item *item = exchange_selected(conversation_current(&s->conversation));
    if (item == NULL) return;
    struct spot spot = {item->document, item->offset};
    if (leave) {
        screen_go(s, spot, item->size);
        s->focus = FOCUS_TEXT;
    } else {
        pane_text_go(&s->text, s->atlas, spot, item->size);
        s->map.own_cursor = false;
    }
}

void screen_evidence_select(struct screen *s, size_t item, bool leave)
{
    struct exchange *x = conversation_current(&s->conversation);
    if (exchange_lens(x).n_items == 0) {
        screen_notice(s, ROLE_DIM, "no evidence yet: ask a question first");
        return;
    }
    if (item >= exchange_lens(x).n_items) {
        screen_notice(s, ROLE_DIM, "there are %zu places of evidence", exchange_lens(x).n_items);
        return;
    }
    x->selected = item;
    screen_evidence_show(s, leave);
}

void screen_evidence_step(struct screen *s, long by)
{
    const struct exchange *x = conversation_current(&s->conversation);
    size_t n = exchange_lens(x).n_items, last = n ? n - 1 : 0;
    size_t at = x ? x->selected : 0;
    if (by < 0)
        at = at > (size_t)-by ? at - (size_t)-by : 0;
    else
        at = at + (size_t)by < last ? at + (size_t)by : last;
    screen_evidence_select(s, at, false);
}

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    pane_evidence_draw(&s->evidence, c, r, focused, &v);
}

static void move(struct screen *s, enum action action)
{
    const int rows_of_an_item = 3;
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        screen_evidence_step(s, action == ACTION_TOP ? -100000 : 100000);
    else if (screen_panes_rows(action, 1) != 0)
        screen_evidence_step(s, screen_panes_rows(action, s->evidence.height / rows_of_an_item));
}

static void open(struct screen *s)
{
    screen_evidence_show(s, true);
}

static bool press(struct screen *s, const struct event *event, struct rect r)
{
    struct view v = screen_view(s);
    size_t item = pane_evidence_at(&s->evidence, &v, event->y - r.y);
    if (item != SIZE_MAX) screen_evidence_select(s, item, event->mouse == MOUSE_DOUBLE);
    return false;
}

static void wheel(struct screen *s, long by)
{
    screen_evidence_step(s, by < 0 ? -1 : 1);
}

static const struct pane_hint keys[] = {{ACTION_OPEN, "go", WHEN_ALWAYS}, {ACTION_SEARCH, "search", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_evidence_pane = {.draw = draw,
                                              .move = move,
                                              .open = open,
                                              .press = press,
                                              .wheel = wheel,
                                              .resize = screen_resize_evidence,
                                              .keys = keys};
