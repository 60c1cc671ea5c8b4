#include "app/panes/pane_inspect.h"

#include <stdio.h>
#include <string.h>

#include "app/reader/inspected.h"
#include "app/panes/inspector_figures.h"
#include "app/panes/inspector_places.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "compute/evidence.h"
#include "compute/model.h"

#define WIDE 154 /* tables at the left, places at the right */

void pane_inspect_pick(struct pane_inspect *p, bool dilated, int by)
{
    int n = INSPECT_FIELDS, at = (int)p->field;
    do at = (at + by + n) % n;
    while (!dilated && at != INSPECT_ATTENTION && at != INSPECT_TOKEN);
    p->field = (enum inspect_field)at;
}

static const struct inspected *inspected_of(const struct view *v)
{
    return v->dilated ? exchange_inspected(v->exchange, &v->choice) : NULL;
}

size_t pane_inspect_places(const struct view *v)
{
    const struct inspected *i = inspected_of(v);
    return v->dilated ? i ? i->n_places : 0 : exchange_lens(v->exchange).n_items;
}

bool pane_inspect_place(const struct view *v, size_t place, uint64_t *token, struct spot *spot, uint64_t *size)
{
    const struct inspected *i = inspected_of(v);
    if (i != NULL) {
        const struct inspected_place *p = &i->places[place];
        *token = p->position;
        *spot = (struct spot){p->document, p->offset};
        *size = p->size;
        return p->size > 0;
    }
    const uint64_t segment = exchange_lens(v->exchange).items[place].segment;
    if (segment >= v->atlas->n_segments) return false;
    const struct reader_segment *s = &v->atlas->segments[segment];
    *token = s->first_token;
    *spot = (struct spot){s->document, s->offset};
    *size = s->size;
    return true;
}

size_t pane_inspect_at(const struct pane_inspect *p, const struct view *v, int y, int x)
{
    size_t place = p->first + (size_t)(y - p->rows.y);
    return rect_holds(p->rows, y, x) && place < pane_inspect_places(v) ? place : SIZE_MAX;
}

/* --- what is picked --- */

static int draw_field(const struct pane_inspect *p, struct canvas *c, struct rect r, int y, int x,
                      enum inspect_field field, const char *name, const char *value)
{
    x = canvas_printf(c, r, y, x, style(ROLE_DIM), strlen(name) > 1 ? "%s " : "%s", name);
    x = canvas_printf(c, r, y, x, style(p->field == field ? ROLE_SELECTED : ROLE_KEY), "‹%s›", value);
    return x + 2;
}

/* n 0: without it. */
static void number_or_all(int chosen, uint32_t n, char out[24])
{
    size_t used = (size_t)(chosen < 0 ? snprintf(out, 24, "all") : snprintf(out, 24, "%d", chosen + 1));
    if (n > 0) snprintf(out + used, 24 - used, chosen < 0 ? " %u" : " of %u", n);
}

static void name_token(const struct exchange *x, bool dilated, char *out, size_t size)
{
    char word[44];
    if (x->token < 0 && !(dilated && x->marker)) {
        snprintf(out, size, "all");
    } else if (x->token < 0) {
        snprintf(out, size, "<|question|>");
    } else if (x->tokens == NULL || (size_t)x->token >= x->n_tokens) {
        snprintf(out, size, "%d", x->token + 1);
    } else {
        const struct finding_token *t = &x->tokens[x->token];
        safe_text_render(word, sizeof word, x->question + t->begin, t->end - t->begin, SAFE_LINE);
        snprintf(out, size, "%d \"%s\"", x->token + 1, word + strspn(word, " "));
    }
}

static void draw_fields(const struct pane_inspect *p, struct canvas *c, struct rect r, const struct model *m,
                        const struct view *v)
{
    const struct {
        const char *name, *letter;
        int chosen;
        uint32_t n;
    } fields[] = {{"layer", "L", v->choice.layer, m->n_layer},
                  {"head", "H", v->choice.head, m->n_head},
                  {"branch", "B", v->choice.branch, m->n_branch}};
    const bool narrow = r.w < INSPECTOR_NARROW;
    char value[64];
    int x = draw_field(p, c, r, 0, 1, INSPECT_ATTENTION, "", v->dilated ? "dilated" : "evidence") - narrow;
    for (int i = 0; i < 3 && v->dilated; i++) {
        number_or_all(fields[i].chosen, narrow ? 0 : fields[i].n, value);
        x = draw_field(p, c, r, 0, x, (enum inspect_field)(INSPECT_LAYER + i),
                       narrow ? fields[i].letter : fields[i].name, value) -
            narrow;
    }
    name_token(v->exchange, v->dilated, value, sizeof value);
    draw_field(p, c, r, 0, x, INSPECT_TOKEN, narrow ? "" : "token", value);
}

static void draw_question(struct canvas *c, struct rect r, int y, const struct exchange *x)
{
    struct rect line = {r.y + y, r.x, 1, r.w};
    int at = canvas_puts(c, line, 0, 1, style(ROLE_DIM), "? ");
    if (x->token < 0 || x->tokens == NULL || (size_t)x->token >= x->n_tokens) {
        canvas_puts(c, line, 0, at, style(ROLE_QUESTION), x->question);
        return;
    }
    const struct finding_token *t = &x->tokens[x->token];
    at = canvas_put(c, line, 0, at, style(ROLE_QUESTION), x->question, t->begin);
    at = canvas_put(c, line, 0, at, style(ROLE_MATCH), x->question + t->begin, t->end - t->begin);
    canvas_puts(c, line, 0, at, style(ROLE_QUESTION), x->question + t->end);
}

/* --- the two attentions --- */

static void draw_dilated(struct pane_inspect *p, struct canvas *c, struct rect r, const struct model *m,
                         const struct inspected *i, const struct view *v)
{
    const bool small = r.h < 9;
    if (!small) inspector_figures_mean(c, r, 0, i);
    inspector_figures_masses(c, r, small ? 0 : 1, i, v->exchange);
    struct rect left = rect_inset(r, small ? 1 : 3, 0, 0, 0), places = left;
    const bool wide = r.w >= WIDE;
    if (wide) {
        left.w = r.w / 2;
        places = rect_inset(places, 0, 0, 0, left.w + 2);
    } else {
        left.h = left.h > 12 ? left.h - 6 : left.h / 2;
    }
    struct rect table = left;
    int used = 0, heads = 0;
    if (r.w >= INSPECTOR_NARROW) {
        const int width = inspector_figures_heads_width(m);
        heads = inspector_figures_heads(c, rect_inset(left, 0, 0, 0, left.w - width), m, i, v);
        table.w -= width + 1;
    }
    used = inspector_figures_branches(c, table, m, i, v);
    if (used < heads) used = heads;
    left.h = places.h;
    if (v->choice.branch >= 0 && r.w >= INSPECTOR_NARROW) inspector_figures_grid(c, left, used++, m, i, v);
    if (wide)
        inspector_figures_legend(c, left, used + 1);
    else
        places = rect_inset(places, used + (places.h > 16), 0, 0, 0);
    inspector_places_draw(p, c, places, v);
}

static void draw_evidence(struct pane_inspect *p, struct canvas *c, struct rect r, const struct view *v)
{
    const struct exchange *x = v->exchange;
    const struct evidence *a = x->finding->attention;
    char keys[16], all[16];
    int y = 0;
    if (a != NULL && r.h > 8) {
        canvas_printf(c, r, y++, 1, style(ROLE_DIM), "One head of width %u over %s kept keys of %s positions.",
                      a->width, figures_count(keys, (double)a->n_keys), figures_count(all, (double)a->n_text));
        canvas_puts(c, r, y++, 1, style(ROLE_DIM),
                    "The question's tokens count by the weights that a gate gives them:");
    }
    struct rect gates = {r.y + y, r.x, r.h / 2 > y ? r.h / 2 - y : 1, r.w < 60 ? r.w : 60};
    y += inspector_figures_gates(c, gates, x, v->logarithmic);
    inspector_places_draw(p, c, rect_inset(r, y + (r.h > 12), 0, 0, 0), v);
}

void pane_inspect_draw(struct pane_inspect *p, struct canvas *c, struct rect r, const struct model *m,
                       const struct view *v)
{
    const struct exchange *x = v->exchange;
    char detail[160] = "";
    const struct inspected *i = inspected_of(v);
    if (i != NULL)
        snprintf(detail, sizeof detail, "text at positions 0-%llu, question at %llu-%llu",
                 (unsigned long long)(i->in->n_text - 1), (unsigned long long)i->in->start,
                 (unsigned long long)(i->in->start + i->in->n_token - 1));
    struct rect body = pane_title(c, r, true, "Attention inspector", detail);
    if (!exchange_attended(x)) {
        canvas_puts(c, body, 0, 1, style(ROLE_DIM), "No answer yet whose attention could be looked into.");
        return;
    }
    int y = 1;
    draw_fields(p, c, body, m, v);
    if (body.h > 12) draw_question(c, body, y++, x);
    struct rect rest = rect_inset(body, y, 0, 0, 0);
    if (!v->dilated)
        draw_evidence(p, c, rest, v);
    else if (i != NULL)
        draw_dilated(p, c, rest, m, i, v);
    else
        canvas_puts(c, rest, 0, 1, style(ROLE_DIM), x->not_inspected ? x->not_inspected : "being computed ...");
}
