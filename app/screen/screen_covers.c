/* The panes that cover the others: keys, notes, the pattern, the measurement. */
#include <stdio.h>

#include "app/panes/pane_help.h"
#include "app/screen/screen_panes.h"

static bool closes_cover(struct screen *s, enum action action)
{
    if (action != ACTION_CANCEL && action != ACTION_QUIT && action != ACTION_OPEN) return false;
    s->mode = MODE_BROWSE;
    return true;
}

static void scroll_cover(struct screen *s, enum action action)
{
    s->help_scroll += (int)screen_panes_rows(action, s->rows - 3);
    if (s->help_scroll < 0 || action == ACTION_TOP) s->help_scroll = 0;
    if (action == ACTION_BOTTOM) s->help_scroll = 100000; /* drawing goes no further than the end */
}

static int help_lines(const struct screen *s, struct canvas *c, struct rect r)
{
    return pane_help_draw(c, r, &s->config.keymap, s->help_scroll);
}

/* Returns how many lines there are. */
static int note_lines(const struct screen *s, struct canvas *c, struct rect r)
{
    const struct corpus *corpus = s->atlas->corpus;
    char detail[64];
    snprintf(detail, sizeof detail, "%zu skipped, %zu remark%s", corpus->n_skipped, corpus->n_notes,
             corpus->n_notes == 1 ? "" : "s");
    struct rect body = pane_title(c, r, true, "The input", detail);
    body = rect_inset(body, 0, 1, 0, 1);
    int y = -s->help_scroll;
    if (s->note[0] != '\0') y = pane_wrapped(c, body, y, style(ROLE_KEY), s->note);
    if (corpus->n_skipped + corpus->n_notes == 0)
        y = pane_wrapped(c, body, y, style(ROLE_DIM), "Everything was taken as it is.");
    for (size_t i = 0; i < corpus->n_skipped; i++) {
        y = pane_wrapped(c, body, y, style(ROLE_TEXT), corpus->skipped[i].path);
        y = pane_wrapped(c, rect_inset(body, 0, 0, 0, 2), y, style(ROLE_ERROR), corpus->skipped[i].reason);
    }
    for (size_t i = 0; i < corpus->n_notes; i++) y = pane_wrapped(c, body, y, style(ROLE_DIM), corpus->notes[i]);
    return y + s->help_scroll;
}

/* What scrolls; past its end it is drawn again from the last page on. */
static void draw_lines(struct screen *s, struct canvas *c, struct rect body,
                       int (*lines)(const struct screen *, struct canvas *, struct rect))
{
    for (;;) {
        const int n = lines(s, c, body), last = n > body.h - 1 ? n - body.h + 1 : 0;
        if (s->help_scroll <= last) return;
        s->help_scroll = last;
        canvas_fill(c, body, style(ROLE_TEXT), " ");
    }
}

static void draw_help(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    draw_lines(s, c, r, help_lines);
}

static void draw_notes(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    draw_lines(s, c, r, note_lines);
}

const struct pane_ops screen_covers_help = {.draw = draw_help, .act = closes_cover, .move = scroll_cover};
const struct pane_ops screen_covers_notes = {.draw = draw_notes, .act = closes_cover, .move = scroll_cover};

static void draw_pattern(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    const struct view v = screen_view(s);
    pane_pattern_draw(&s->pattern, c, r, s->model, &v);
}

static bool act_in_pattern(struct screen *s, enum action action)
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
        return closes_cover(s, action);
    }
}

static const struct pane_hint pattern_keys[] = {{ACTION_DOWN, "head", WHEN_ALWAYS},
                                                {ACTION_RIGHT, "branch", WHEN_ALWAYS},
                                                {ACTION_ZOOM_IN, "shorter", WHEN_ALWAYS},
                                                {ACTION_ZOOM_OUT, "longer", WHEN_ALWAYS},
                                                {0}};

const struct pane_ops screen_covers_pattern = {.draw = draw_pattern, .act = act_in_pattern, .keys = pattern_keys};

static void draw_scale(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    (void)focused;
    pane_scale_draw(&s->scale, c, r);
}

static bool act_in_scale(struct screen *s, enum action action)
{
    if (action != ACTION_OPEN) return closes_cover(s, action);
    screen_actions_measure(s);
    return true;
}

static const struct pane_hint scale_keys[] = {{ACTION_OPEN, "measure", WHEN_IDLE}, {0}};

const struct pane_ops screen_covers_scale = {.draw = draw_scale, .act = act_in_scale, .keys = scale_keys};
