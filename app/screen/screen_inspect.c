/* The dilated attention on the screen: when a question is looked into, and what keys do in the inspector. */
#include <string.h>

#include "app/reader/inspected.h"
#include "app/screen/screen_panes.h"
#include "compute/model.h"

/* What was found in less text than has been read by now: it stays until the new one comes. While reading goes on that
 * is so all the time, and renewed when the inspector is opened alone. */
static bool is_old(const struct screen *s, const struct inspected *i)
{
    return i->in->n_text < s->progress.tokens && (s->reading != READING_READS || s->renews);
}

/* Wanted once: until it comes, or something else is, or more has been read. */
static bool order_inspection(struct screen *s, size_t id)
{
    const struct exchange *x = id < s->conversation.n ? s->conversation.items[id] : NULL;
    if (!exchange_attended(x)) return false;
    const struct inspected *found = exchange_inspected(x, &s->choice);
    if (found != NULL && !is_old(s, found)) return false;
    const struct inspected_choice choice = exchange_choice(x, &s->choice);
    const struct wanted_inspection *before = &s->wanted_inspection;
    if (before->id == id + 1 && inspected_same(&before->choice, &choice) &&
        (found == NULL || before->tokens == s->progress.tokens))
        return found == NULL && x->not_inspected == NULL;
    s->wanted_inspection = (struct wanted_inspection){id + 1, choice, s->progress.tokens};
    s->renews = false;
    s->calls.want_inspection(s->calls.context, id, x->finding, &choice);
    return true;
}

void screen_inspect_work(struct screen *s)
{
    if (!s->dilated && s->mode != MODE_INSPECT && s->export_path == NULL) return;
    if (!order_inspection(s, s->conversation.current)) order_inspection(s, s->conversation.compared);
}

static void leave_inspector(struct screen *s)
{
    s->mode = MODE_BROWSE;
    if (s->returns) s->dilated = s->returns = false;
}

/* Layers, heads and branches are the dilated attention's alone. */
static void pick_shown_field(struct screen *s)
{
    if (!s->dilated && s->inspect.field != INSPECT_TOKEN) s->inspect.field = INSPECT_ATTENTION;
}

void screen_inspect_open(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    if (s->mode == MODE_INSPECT) {
        leave_inspector(s);
        return;
    }
    if (!exchange_attended(x)) {
        screen_notice(s, ROLE_DIM, "%s",
                      x != NULL && x->kept != NULL ? EXCHANGE_KEPT
                                                   : "no answer yet whose attention could be looked into");
        return;
    }
    s->mode = MODE_INSPECT;
    /* A reader by windows asks in a window of its own, where its dilated attention sees no text: it begins with the
     * evidence. */
    s->returns = !s->dilated && s->model->windows == NULL;
    s->dilated = s->renews = s->dilated || s->returns;
    pick_shown_field(s);
    s->inspect.selected = s->inspect.first = 0;
}

void screen_inspect_switch(struct screen *s)
{
    s->dilated = s->renews = !s->dilated;
    s->returns = false;
    s->inspect.selected = s->inspect.first = 0;
    pick_shown_field(s);
    if (s->mode != MODE_INSPECT)
        screen_notice(s, ROLE_DIM,
                      s->dilated ? "the map shows the question's dilated attention; A picks layer, head and branch"
                                 : "the map shows the evidence attention");
}

static int turn_choice(int at, int by, uint32_t n)
{
    at += by;
    return at < -1 ? (int)n - 1 : at >= (int)n ? -1 : at;
}

static void change_field(struct screen *s, int by)
{
    struct exchange *x = conversation_current(&s->conversation);
    switch (s->inspect.field) {
    case INSPECT_LAYER:
        s->choice.layer = turn_choice(s->choice.layer, by, s->model->n_layer);
        break;
    case INSPECT_HEAD:
        s->choice.head = turn_choice(s->choice.head, by, s->model->n_head);
        break;
    case INSPECT_BRANCH:
        s->choice.branch = turn_choice(s->choice.branch, by, s->model->n_branch);
        break;
    case INSPECT_TOKEN:
        (void)(s->dilated ? exchange_turn_marked : exchange_turn)(x, by);
        break;
    default:
        screen_inspect_switch(s);
        break;
    }
    s->inspect.selected = s->inspect.first = 0;
}

/* The map's cursor goes along with the places. */
static void select_place(struct screen *s, long by)
{
    struct view v = screen_view(s);
    struct spot spot;
    uint64_t size;
    size_t n = pane_inspect_places(&v), at = s->inspect.selected;
    if (n == 0) return;
    if (by < 0)
        at = at > (size_t)-by ? at - (size_t)-by : 0;
    else
        at = at + (size_t)by < n ? at + (size_t)by : n - 1;
    s->inspect.selected = at;
    (void)pane_inspect_place(&v, at, &s->map.cursor, &spot, &size);
    s->map.own_cursor = true;
}

static void go_to_place(struct screen *s)
{
    struct view v = screen_view(s);
    struct spot spot = s->text.spot;
    uint64_t token = 0, size = 0;
    if (s->inspect.selected >= pane_inspect_places(&v)) return;
    bool text = pane_inspect_place(&v, s->inspect.selected, &token, &spot, &size);
    leave_inspector(s);
    s->focus = FOCUS_TEXT;
    screen_go(s, spot, size);
    if (!text) screen_notice(s, ROLE_DIM, "this token is part of the header that introduces the file to the reader");
}

static void wheel(struct screen *s, long by)
{
    select_place(s, by < 0 ? -1 : 1);
}

static bool press(struct screen *s, const struct event *event, struct rect r)
{
    (void)r;
    struct view v = screen_view(s);
    size_t place = pane_inspect_at(&s->inspect, &v, event->y, event->x);
    if (place == SIZE_MAX) return true;
    select_place(s, (long)place - (long)s->inspect.selected);
    if (event->mouse == MOUSE_DOUBLE) go_to_place(s);
    return true;
}

static bool act(struct screen *s, enum action action)
{
    const long page = s->inspect.rows.h > 2 ? s->inspect.rows.h - 1 : 1;
    switch (action) {
    case ACTION_FOCUS_NEXT:
    case ACTION_FOCUS_PREVIOUS:
        pane_inspect_pick(&s->inspect, s->dilated, action == ACTION_FOCUS_NEXT ? 1 : -1);
        return true;
    case ACTION_LEFT:
    case ACTION_RIGHT:
        change_field(s, action == ACTION_RIGHT ? 1 : -1);
        return true;
    case ACTION_TOKEN_NEXT:
    case ACTION_TOKEN_PREVIOUS:
        s->inspect.field = INSPECT_TOKEN;
        change_field(s, action == ACTION_TOKEN_NEXT ? 1 : -1);
        return true;
    case ACTION_UP:
    case ACTION_DOWN:
        select_place(s, action == ACTION_DOWN ? 1 : -1);
        return true;
    case ACTION_PAGE_UP:
    case ACTION_HALF_UP:
    case ACTION_PAGE_DOWN:
    case ACTION_HALF_DOWN:
        select_place(s, action == ACTION_PAGE_DOWN || action == ACTION_HALF_DOWN ? page : -page);
        return true;
    case ACTION_TOP:
    case ACTION_BOTTOM:
        select_place(s, action == ACTION_TOP ? -INSPECTED_PLACES : INSPECTED_PLACES);
        return true;
    case ACTION_OPEN:
        go_to_place(s);
        return true;
    case ACTION_CANCEL:
    case ACTION_QUIT:
    case ACTION_INSPECT:
        leave_inspector(s);
        return true;
    case ACTION_MAXIMIZE:
    case ACTION_EVIDENCE_NEXT:
    case ACTION_EVIDENCE_PREVIOUS:
        return true; /* of panes that are not seen now */
    default:
        return false;
    }
}

/* The map of what is picked stays in sight above the inspector. */
static void draw(struct screen *s, struct canvas *c, struct rect body, bool focused)
{
    (void)focused;
    struct view v = screen_view(s);
    int rows = s->layout.compact                                   ? s->layout.panes[FOCUS_MAP].h
               : s->layout.panes[FOCUS_MAP].h > 0 && !s->maximized ? s->layout.panes[FOCUS_MAP].h
                                                                   : 3;
    pane_map_draw(&s->map, c, (struct rect){body.y, body.x, rows, body.w}, false, s->layout.compact, &v);
    pane_inspect_draw(&s->inspect, c, rect_inset(body, rows, 0, 0, 0), s->model, &v);
}

static const struct pane_hint keys[] = {{ACTION_FOCUS_NEXT, "next choice", WHEN_ALWAYS},
                                        {ACTION_LEFT, "back", WHEN_ALWAYS},
                                        {ACTION_RIGHT, "forward", WHEN_ALWAYS},
                                        {ACTION_OPEN, "go", WHEN_ALWAYS},
                                        {ACTION_ATTENTION, "attention", WHEN_ALWAYS},
                                        {ACTION_TOKEN_NEXT, "word", WHEN_ALWAYS},
                                        {0}};

const struct pane_ops screen_inspect_pane = {.draw = draw, .act = act, .press = press, .wheel = wheel, .keys = keys};
