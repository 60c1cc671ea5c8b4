/* Lists that cover the panes, with the text of what is selected beside them: what can be opened by its name, and the
 * matches of a search. Leaving them goes back to where one was. */
#include "app/panes/search.h"
#include "app/screen/screen_panes.h"

/* Wider screens have the text at the right, others below. */
#define BESIDE 90

struct halves {
    struct rect list, line, text;
};

static struct halves split_halves(struct rect r)
{
    if (r.w >= BESIDE) {
        const int left = r.w * 2 / 5;
        return (struct halves){{r.y, r.x, r.h, left}, {r.y, r.x + left, r.h, 1}, rect_inset(r, 0, 0, 0, left + 1)};
    }
    const int top = r.h / 2;
    return (struct halves){{r.y, r.x, top, r.w}, {0}, rect_inset(r, top, 0, 0, 0)};
}

static void draw_text(struct screen *s, struct canvas *c, const struct halves *h)
{
    const struct view v = screen_view(s);
    canvas_fill(c, h->line, style(ROLE_LINE), "│");
    if (h->text.h > 1) pane_text_draw(&s->text, c, h->text, false, &v);
}

static void show_spot(struct screen *s, struct spot spot, uint64_t span)
{
    pane_text_go(&s->text, s->atlas, spot, span);
    s->map.own_cursor = false;
}

static void leave_list(struct screen *s)
{
    s->text = s->text_before;
    s->mode = MODE_BROWSE;
}

/* What is shown is gone to. */
static void stay(struct screen *s)
{
    jumps_leave(&s->jumps, s->text_before.spot);
    s->focus = FOCUS_TEXT;
    s->mode = MODE_BROWSE;
}

/* --- what can be opened by its name --- */

void screen_lists_pick(struct screen *s)
{
    s->text_before = s->text;
    s->mode = MODE_PICK;
    line_edit_set(&s->picker.line, "");
    picker_update(&s->picker);
}

static void preview(struct screen *s)
{
    const struct view v = screen_view(s);
    const struct picker_item *item = picker_selected(&s->picker);
    struct spot spot;
    uint64_t span;
    if (item != NULL && picker_spot(item, &v, &s->jumps, &spot, &span)) show_spot(s, spot, span);
}

bool screen_lists_work(struct screen *s, int milliseconds)
{
    const struct view v = screen_view(s);
    if (s->mode == MODE_PICK) {
        const size_t at = s->picker.at;
        const bool more = picker_step(&s->picker, &v, &s->jumps, milliseconds);
        if (s->picker.at != at) s->stale = true;
        if (!more && s->picker.at != at && s->picker.line.size > 0) preview(s);
        return more;
    }
    if (s->mode != MODE_MATCHES || s->search == NULL || s->matches.seen == search_listed(s->search)) return false;
    if (s->matches.seen == 0) match_list_begin(&s->matches, s->search, atlas_byte(s->atlas, s->text_before.spot));
    s->stale = true;
    return match_list_step(&s->matches, &v, milliseconds);
}

static void accept(struct screen *s)
{
    const struct picker_item *item = picker_selected(&s->picker);
    if (item == NULL) return;
    preview(s);
    if (item->kind == PICKER_QUESTION) screen_chat_select(s, item->index);
    stay(s);
    line_edit_accept(&s->picker.line);
}

static void type(struct screen *s, uint32_t key, enum action action)
{
    struct picker *p = &s->picker;
    const bool moves =
        action == EDIT_PREVIOUS || action == EDIT_NEXT || action == ACTION_PAGE_UP || action == ACTION_PAGE_DOWN;
    if (action == EDIT_ACCEPT) {
        accept(s);
    } else if (action == EDIT_CANCEL) {
        leave_list(s);
    } else if (moves) {
        const long page = p->height > 2 ? p->height - 1 : 1;
        const bool back = action == EDIT_PREVIOUS || action == ACTION_PAGE_UP;
        const long by = action == EDIT_PREVIOUS || action == EDIT_NEXT ? 1 : page;
        picker_move(p, back ? -by : by);
        preview(s);
    } else {
        screen_panes_type(&p->line, key, action);
        picker_update(p);
    }
}

static void draw_pick(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    const struct halves h = split_halves(r);
    const struct view v = screen_view(s);
    draw_text(s, c, &h);
    picker_draw(&s->picker, c, h.list, &v, &s->jumps);
}

static bool press_pick(struct screen *s, const struct event *event, struct rect r)
{
    const size_t item = picker_at(&s->picker, event->y - r.y);
    if (!rect_holds(split_halves(r).list, event->y, event->x) || item == SIZE_MAX) return true;
    s->picker.selected = item;
    preview(s);
    if (event->mouse == MOUSE_DOUBLE) accept(s);
    return true;
}

static void wheel_pick(struct screen *s, long by)
{
    picker_move(&s->picker, by);
    preview(s);
}

static const struct pane_hint pick_keys[] = {
    {EDIT_ACCEPT, "go", WHEN_ALWAYS}, {EDIT_NEXT, "next", WHEN_ALWAYS}, {EDIT_PREVIOUS, "before", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_lists_picker = {
    .draw = draw_pick, .type = type, .press = press_pick, .wheel = wheel_pick, .keys = pick_keys};

/* --- the matches of a search --- */

void screen_lists_matches(struct screen *s)
{
    if (s->search == NULL) {
        screen_notice(s, ROLE_DIM, "nothing is searched for: / searches");
        return;
    }
    s->text_before = s->text;
    s->mode = MODE_MATCHES;
    s->matches.n_groups = s->matches.seen = 0;
}

static void show_match(struct screen *s)
{
    struct search_span span;
    if (s->matches.selected >= search_listed(s->search)) return;
    const struct spot at = atlas_spot(s->atlas, search_begin(s->search, s->matches.selected));
    if (search_spans(s->search, at.document, at.offset, at.offset + 1, &span, 1) == 1)
        show_spot(s, at, span.end - span.begin);
}

static void wheel_matches(struct screen *s, long by)
{
    const struct view v = screen_view(s);
    match_list_move(&s->matches, &v, by);
    show_match(s);
}

static bool act_in_matches(struct screen *s, enum action action)
{
    if (action == ACTION_OPEN) {
        show_match(s);
        stay(s);
    } else if (action == ACTION_CANCEL || action == ACTION_QUIT || action == ACTION_MATCHES) {
        leave_list(s);
    } else if (action == ACTION_SEARCH_NEXT || action == ACTION_SEARCH_PREVIOUS) {
        wheel_matches(s, action == ACTION_SEARCH_NEXT ? 1 : -1);
    } else {
        return false;
    }
    return true;
}

static void move_matches(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        wheel_matches(s, action == ACTION_TOP ? -0x3FFFFFFF : 0x3FFFFFFF);
    else if (screen_panes_rows(action, 1) != 0)
        wheel_matches(s, screen_panes_rows(action, s->matches.height));
}

static void draw_matches(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    const struct halves h = split_halves(r);
    const struct view v = screen_view(s);
    draw_text(s, c, &h);
    match_list_draw(&s->matches, c, h.list, &v);
}

static bool press_matches(struct screen *s, const struct event *event, struct rect r)
{
    const size_t match = match_list_at(&s->matches, event->y - r.y);
    if (!rect_holds(split_halves(r).list, event->y, event->x) || match == SIZE_MAX) return true;
    s->matches.selected = match;
    show_match(s);
    if (event->mouse == MOUSE_DOUBLE) stay(s);
    return true;
}

static const struct pane_hint match_keys[] = {
    {ACTION_OPEN, "go", WHEN_ALWAYS}, {ACTION_DOWN, "next", WHEN_ALWAYS}, {ACTION_UP, "before", WHEN_ALWAYS}, {0}};

const struct pane_ops screen_lists_of_matches = {.draw = draw_matches,
                                                 .act = act_in_matches,
                                                 .move = move_matches,
                                                 .press = press_matches,
                                                 .wheel = wheel_matches,
                                                 .keys = match_keys};
