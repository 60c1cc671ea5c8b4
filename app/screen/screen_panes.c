#include "app/screen/screen_panes.h"

/* The panes side by side, then what covers them. */
static const struct pane_ops *const panes[FOCUS_COUNT + MODE_COUNT - MODE_HELP] = {
    [FOCUS_TEXT] = &screen_text_pane,
    [FOCUS_EVIDENCE] = &screen_evidence_pane,
    [FOCUS_CHAT] = &screen_chat_pane,
    [FOCUS_CONTENTS] = &screen_contents_pane,
    [FOCUS_MAP] = &screen_map_pane,
#define COVER(mode) [FOCUS_COUNT + (mode)-MODE_HELP]
    COVER(MODE_HELP) = &screen_covers_help,
    COVER(MODE_PATTERN) = &screen_covers_pattern,
    COVER(MODE_INSPECT) = &screen_inspect_pane,
    COVER(MODE_SCALE) = &screen_covers_scale,
    COVER(MODE_NOTES) = &screen_covers_notes,
    COVER(MODE_PICK) = &screen_lists_picker,
    COVER(MODE_MATCHES) = &screen_lists_of_matches,
};

const struct pane_ops *screen_panes_of(enum focus focus)
{
    return panes[focus];
}

const struct pane_ops *screen_panes_current(const struct screen *s)
{
    return s->mode >= MODE_HELP ? panes[FOCUS_COUNT + s->mode - MODE_HELP] : panes[s->focus];
}

/* What a cover does not move, the pane below it does. */
void screen_panes_move(struct screen *s, enum action action)
{
    const struct pane_ops *p = screen_panes_current(s);
    (p->move ? p : panes[s->focus])->move(s, action);
}

void screen_panes_open(struct screen *s)
{
    panes[s->focus]->open(s);
}

void screen_panes_type(struct line_edit *l, uint32_t key, enum action action)
{
    if (action == ACTION_NONE && key < 0x110000 && key >= ' ')
        line_edit_key(l, key);
    else
        line_edit_act(l, action);
}

long screen_panes_rows(enum action action, int height)
{
    long page = height > 2 ? height - 1 : 1;
    switch (action) {
    case ACTION_UP:
        return -1;
    case ACTION_DOWN:
        return 1;
    case ACTION_PAGE_UP:
        return -page;
    case ACTION_PAGE_DOWN:
        return page;
    case ACTION_HALF_UP:
        return -(page + 1) / 2;
    case ACTION_HALF_DOWN:
        return (page + 1) / 2;
    default:
        return 0;
    }
}
