/* The pane of files and chapters. */
#include "app/screen/screen_panes.h"

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    pane_contents_draw(&s->contents, c, r, focused, s->mode == MODE_PROMPT && s->prompt == PROMPT_FILTER, &v);
}

static void move(struct screen *s, enum action action)
{
    struct spot spot;
    switch (action) {
    case ACTION_TOP:
        pane_contents_move(&s->contents, -0x3FFFFFFF);
        break;
    case ACTION_BOTTOM:
        pane_contents_move(&s->contents, 0x3FFFFFFF);
        break;
    case ACTION_LEFT:
        pane_contents_fold(&s->contents, false);
        return;
    case ACTION_RIGHT:
        if (!pane_contents_fold(&s->contents, true)) pane_contents_move(&s->contents, 1);
        return;
    default:
        pane_contents_move(&s->contents, screen_panes_rows(action, s->contents.height));
        break;
    }
    if (!pane_contents_spot(&s->contents, &spot)) return;
    pane_text_go(&s->text, s->atlas, spot, 0);
    s->map.own_cursor = false;
}

/* Enter opens a folder; a file or a chapter is gone to. */
static void open(struct screen *s)
{
    struct spot spot;
    if (s->contents.selected >= s->contents.n_rows) return;
    struct contents_row row = s->contents.rows[s->contents.selected];
    if (row.heading == SIZE_MAX && s->contents.outline->entries[row.entry].folder) {
        pane_contents_fold(&s->contents, !s->contents.outline->entries[row.entry].open);
    } else if (pane_contents_spot(&s->contents, &spot)) {
        screen_go(s, spot, 0);
        s->focus = FOCUS_TEXT;
    }
}

/* A question is asked of the selected folder, file or chapter. */
static bool act(struct screen *s, enum action action)
{
    char within[PANE_CONTENTS_WITHIN];
    if (action != ACTION_ASK) return false;
    pane_contents_within(&s->contents, within);
    screen_chat_within(s, within);
    return true;
}

static bool press(struct screen *s, const struct event *event, struct rect r)
{
    size_t row = pane_contents_at(&s->contents, event->y - r.y);
    if (row == SIZE_MAX) return false;
    pane_contents_move(&s->contents, (long)row - (long)s->contents.selected);
    open(s);
    return false;
}

static void wheel(struct screen *s, long by)
{
    pane_contents_move(&s->contents, by);
}

static const struct pane_hint keys[] = {{ACTION_OPEN, "go", WHEN_ALWAYS},
                                        {ACTION_ASK, "ask there", WHEN_ALWAYS},
                                        {ACTION_SEARCH, "filter", WHEN_ALWAYS},
                                        {0}};

const struct pane_ops screen_contents_pane = {.draw = draw,
                                              .act = act,
                                              .move = move,
                                              .open = open,
                                              .press = press,
                                              .wheel = wheel,
                                              .resize = screen_resize_side,
                                              .keys = keys};
