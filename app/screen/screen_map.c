/* The pane of the document map. */
#include "app/screen/screen_panes.h"

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    pane_map_draw(&s->map, c, r, focused, s->layout.compact, &v);
}

static void move(struct screen *s, enum action action)
{
    struct view v = screen_view(s);
    int page = s->map.width / 8 > 1 ? s->map.width / 8 : 1;
    switch (action) {
    case ACTION_LEFT:
        pane_map_move(&s->map, &v, -1);
        break;
    case ACTION_RIGHT:
        pane_map_move(&s->map, &v, 1);
        break;
    case ACTION_PAGE_UP:
        pane_map_move(&s->map, &v, -page);
        break;
    case ACTION_PAGE_DOWN:
        pane_map_move(&s->map, &v, page);
        break;
    case ACTION_TOP:
        pane_map_move(&s->map, &v, -0x3FFFFFFF);
        break;
    case ACTION_BOTTOM:
        pane_map_move(&s->map, &v, 0x3FFFFFFF);
        break;
    case ACTION_UP:
        pane_map_zoom(&s->map, &v, -1);
        return;
    case ACTION_DOWN:
        pane_map_zoom(&s->map, &v, 1);
        return;
    default:
        return;
    }
    /* The text follows the cursor, so that the map can be read like a table of contents. */
    screen_text_token(s, s->map.cursor);
}

static void open(struct screen *s)
{
    struct view v = screen_view(s);
    uint64_t token = pane_map_cursor(&s->map, &v);
    jumps_leave(&s->jumps, s->text.spot);
    screen_text_token(s, token);
    s->focus = FOCUS_TEXT;
}

static bool press(struct screen *s, const struct event *event, struct rect r)
{
    s->map.cursor = pane_map_token(&s->map, s->atlas, pane_map_column(&s->map, event->x - r.x));
    s->map.own_cursor = true;
    jumps_leave(&s->jumps, s->text.spot);
    screen_text_token(s, s->map.cursor);
    return false;
}

static void wheel(struct screen *s, long by)
{
    struct view v = screen_view(s);
    pane_map_zoom(&s->map, &v, by < 0 ? 1 : -1);
}

static const struct pane_hint keys[] = {
    {ACTION_OPEN, "go", WHEN_ALWAYS},       {ACTION_HOTTEST, "hottest", WHEN_ANSWERED},
    {ACTION_ZOOM_IN, "zoom", WHEN_ALWAYS},  {ACTION_ATTENTION, "dilated", WHEN_ANSWERED},
    {ACTION_SEARCH, "search", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_map_pane = {
    .draw = draw, .move = move, .open = open, .press = press, .wheel = wheel, .keys = keys};
