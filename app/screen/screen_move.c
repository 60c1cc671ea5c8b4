/* Moving about: what the arrow and page keys, and Enter, do in each pane. */
#include "app/screen/screen.h"

void screen_move_evidence(struct screen *s, size_t item, bool leave)
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
    screen_show_evidence(s, leave);
}

void screen_move_evidence_by(struct screen *s, long by)
{
    const struct exchange *x = conversation_current(&s->conversation);
    size_t n = exchange_lens(x).n_items, last = n ? n - 1 : 0;
    size_t at = x ? x->selected : 0;
    if (by < 0)
        at = at > (size_t)-by ? at - (size_t)-by : 0;
    else
        at = at + (size_t)by < last ? at + (size_t)by : last;
    screen_move_evidence(s, at, false);
}

/* Rows, or cells, that a moving action stands for in a pane of so many rows. */
static long distance(enum action action, int height)
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

void screen_move_token(struct screen *s, uint64_t token)
{
    struct spot spot = atlas_token_spot(s->atlas, token);
    pane_text_go(&s->text, s->atlas, spot, 0);
}

void screen_move_text(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM) {
        jumps_leave(&s->jumps, s->text.spot);
        if (action == ACTION_BOTTOM) {
            pane_text_end(&s->text, s->atlas);
        } else {
            pane_text_go(&s->text, s->atlas, (struct spot){0, 0}, 0);
        }
    } else {
        pane_text_scroll(&s->text, s->atlas, distance(action, s->text.height));
    }
    s->map.own_cursor = false;
}

static void move_map(struct screen *s, enum action action)
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
    screen_move_token(s, s->map.cursor);
}

static void move_contents(struct screen *s, enum action action)
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
        pane_contents_move(&s->contents, distance(action, s->contents.height));
        break;
    }
    if (!pane_contents_spot(&s->contents, &spot)) return;
    pane_text_go(&s->text, s->atlas, spot, 0);
    s->map.own_cursor = false;
}

/* Enter opens a folder; a file or a chapter is gone to. */
void screen_move_open_contents(struct screen *s)
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

static void move_chat(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        pane_chat_scroll(&s->chat, action == ACTION_TOP ? -100000 : 100000);
    else
        pane_chat_scroll(&s->chat, (int)distance(action, s->chat.height));
}

/* True where the action belongs to the view of the pattern. */
bool screen_move_pattern(struct screen *s, enum action action)
{
    switch (action) {
    case ACTION_UP:
        pane_pattern_head(&s->pattern, s->model, -1);
        return true;
    case ACTION_DOWN:
        pane_pattern_head(&s->pattern, s->model, 1);
        return true;
    case ACTION_LEFT:
        pane_pattern_branch(&s->pattern, s->model, -1);
        return true;
    case ACTION_RIGHT:
        pane_pattern_branch(&s->pattern, s->model, 1);
        return true;
    case ACTION_ZOOM_IN:
        pane_pattern_zoom(&s->pattern, -1);
        return true;
    case ACTION_ZOOM_OUT:
        pane_pattern_zoom(&s->pattern, 1);
        return true;
    case ACTION_ZOOM_ALL:
        s->pattern.zoom = 2;
        return true;
    default:
        return false;
    }
}

void screen_move(struct screen *s, enum action action)
{
    if (s->mode == MODE_HELP || s->mode == MODE_NOTES) {
        s->help_scroll += (int)distance(action, s->rows - 3);
        if (s->help_scroll < 0 || action == ACTION_TOP) s->help_scroll = 0;
        if (action == ACTION_BOTTOM) s->help_scroll = 100000; /* drawing goes no further than the end */
        return;
    }
    switch (s->focus) {
    case FOCUS_TEXT:
        screen_move_text(s, action);
        break;
    case FOCUS_MAP:
        move_map(s, action);
        break;
    case FOCUS_CHAT:
        move_chat(s, action);
        break;
    case FOCUS_CONTENTS:
        move_contents(s, action);
        break;
    case FOCUS_EVIDENCE:
        if (action == ACTION_TOP || action == ACTION_BOTTOM)
            screen_move_evidence_by(s, action == ACTION_TOP ? -100000 : 100000);
        else if (distance(action, 1) != 0)
            screen_move_evidence_by(s, distance(action, s->evidence.height / 3));
        break;
    case FOCUS_COUNT:
        break;
    }
}

void screen_move_open(struct screen *s)
{
    if (s->focus == FOCUS_EVIDENCE) {
        screen_show_evidence(s, true);
    } else if (s->focus == FOCUS_MAP) {
        struct view v = screen_view(s);
        uint64_t token = pane_map_cursor(&s->map, &v);
        jumps_leave(&s->jumps, s->text.spot);
        screen_move_token(s, token);
        s->focus = FOCUS_TEXT;
    } else if (s->focus == FOCUS_CHAT) {
        s->mode = MODE_ASK;
    } else if (s->focus == FOCUS_CONTENTS) {
        screen_move_open_contents(s);
    } else {
        pane_text_scroll(&s->text, s->atlas, 1);
    }
}
