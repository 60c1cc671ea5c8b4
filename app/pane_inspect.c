#include "app/pane_inspect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/inspected.h"
#include "app/safe_text.h"
#include "compute/evidence.h"
#include "compute/model.h"

#define WIDE 130
#define NARROW 60

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
    const struct reader_segment *s = &v->atlas->segments[exchange_lens(v->exchange).items[place].segment];
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
    char word[64];
    if (x->token < 0 && !(dilated && x->marker)) {
        snprintf(out, size, "all");
    } else if (x->token < 0) {
        snprintf(out, size, "<|question|>");
    } else if (x->tokens == NULL || (size_t)x->token >= x->n_tokens) {
        snprintf(out, size, "%d", x->token + 1);
    } else {
        const struct reader_question_token *t = &x->tokens[x->token];
        safe_text_render(word, sizeof word, x->question + t->begin, t->end - t->begin, SAFE_LINE);
        snprintf(out, size, "%d \"%.40s\"", x->token + 1, word + strspn(word, " "));
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
    const bool narrow = r.w < NARROW;
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
    const struct reader_question_token *t = &x->tokens[x->token];
    at = canvas_put(c, line, 0, at, style(ROLE_QUESTION), x->question, t->begin);
    at = canvas_put(c, line, 0, at, style(ROLE_MATCH), x->question + t->begin, t->end - t->begin);
    canvas_puts(c, line, 0, at, style(ROLE_QUESTION), x->question + t->end);
}

/* --- figures --- */

static void draw_bar(struct canvas *c, struct rect r, int y, int x, enum role role, double part)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int filled = (int)ceil(part * (r.w - x) * 8);
    for (; filled > 0 && x < r.w; filled -= 8)
        x = canvas_puts(c, r, y, x, style(role), eighths[filled < 8 ? filled : 8]);
}

/* As heights on the map: in proportion, or over the last three decades. */
static double length_of(double share, double peak, bool logarithmic)
{
    if (!(share > 0) || !(peak > 0)) return 0;
    double part = logarithmic ? 1 + log10(share / peak) / 3 : share / peak;
    return part > 0 ? part : 0;
}

static void number_range(uint64_t first, uint64_t last, char out[24])
{
    if (first > last)
        snprintf(out, 24, "none");
    else if (first == last)
        snprintf(out, 24, "%llu", (unsigned long long)first);
    else
        snprintf(out, 24, "%llu-%llu", (unsigned long long)first, (unsigned long long)last);
}

/* Shares here are exact to a hundredth of a percent, so that columns of them can be added up. */
static const char *percent(char out[16], double share)
{
    double n = share * 100;
    if (n > 0 && n < 0.005)
        snprintf(out, 16, "<0.01%%");
    else
        snprintf(out, 16, "%.2f%%", n > 0 ? n : 0);
    return out;
}

#define POSITIONS_WIDTH 78

static const char *branch_heading(int width)
{
    if (width < NARROW) return "branch tokens    mass    text";
    if (width < POSITIONS_WIDTH) return "branch    w      r offset   keys tokens    mass    text";
    return "branch    w      r offset   keys of the text       tokens    mass    text";
}

static void draw_branch(struct canvas *c, struct rect r, int y, uint32_t i, const struct model *m,
                        const struct inspected_branch *b, double peak, const struct view *v)
{
    char w[16], rate[16], offset[24], keys[16], mass[16], text[16], tokens[32], positions[48] = "";
    const struct branch *branch = &m->branch[i];
    bool chosen = v->choice.branch < 0 || v->choice.branch == (int)i;
    enum role role = chosen ? ROLE_TEXT : ROLE_DIM, colour = (enum role)(ROLE_BRANCH + i % 8);
    number_range(b->offset_first, b->offset_last, offset);
    snprintf(tokens, sizeof tokens, "%u/%u", b->n_covered, b->n_tokens);
    if (b->n_keys > 0) number_range(b->key_first, b->key_last, positions);
    int x = canvas_puts(c, r, y, 1, style(colour), chosen ? "█" : " ");
    x = canvas_printf(c, r, y, x, style(role), "%3u", i + 1);
    if (r.w >= NARROW)
        x = canvas_printf(c, r, y, x, style(role), " %6s %6s %6s %6s", pane_count(w, (double)branch->segment_length),
                          pane_count(rate, (double)branch->dilation_rate), offset, pane_count(keys, (double)b->n_keys));
    if (r.w >= POSITIONS_WIDTH) x = canvas_printf(c, r, y, x, style(role), " %-17s", positions);
    x = canvas_printf(c, r, y, x, style(role), " %6s %7s %7s ", tokens, percent(mass, b->mass), percent(text, b->text));
    draw_bar(c, r, y, x, colour, length_of(b->mass, peak, v->logarithmic));
}

/* How many branches have no row, and what they hold. */
static void draw_others(struct canvas *c, struct rect r, int y, size_t hidden, double mass, size_t off)
{
    char share[16];
    int x = 1;
    if (hidden > 0) x = canvas_printf(c, r, y, x, style(ROLE_DIM), "%zu more: %s", hidden, percent(share, mass));
    if (off > 0 && r.w >= NARROW)
        canvas_printf(c, r, y, x, style(ROLE_DIM), "%s%zu %s: no such token is on their grid, mass 0",
                      hidden ? "; " : "", off, hidden ? "others" : "more");
}

/* The branches that any of the tokens is on the grid of, the picked one in any case, and how many there are besides.
 * Returns the rows taken. */
static int draw_branches(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
                         const struct view *v)
{
    struct inspected_branch all[DILATION_MAX_BRANCHES];
    uint32_t shown[DILATION_MAX_BRANCHES];
    double peak = 0, rest = 0;
    size_t n = 0, first = 0;
    int y = 0;
    for (uint32_t k = 0; k < m->n_branch; k++) {
        inspected_branch(i, m, k, &all[k]);
        if (all[k].mass > peak) peak = all[k].mass;
        if (all[k].n_covered > 0 || v->choice.branch == (int)k) shown[n++] = k;
    }
    canvas_puts(c, r, y++, 1, style(ROLE_HEADING), branch_heading(r.w));
    const size_t room = r.h > 1 ? (size_t)r.h - 1 : 0, rows = n <= room ? n : room > 0 ? room - 1 : 0;
    while (rows > 0 && first + rows < n && v->choice.branch >= 0 && (int)shown[first + rows - 1] < v->choice.branch)
        first++;
    for (size_t k = 0; k < n; k++) {
        if (k >= first && k < first + rows)
            draw_branch(c, r, y++, shown[k], m, &all[shown[k]], peak, v);
        else
            rest += all[shown[k]].mass;
    }
    if (y < r.h && (n > rows || n < m->n_branch)) draw_others(c, r, y++, n - rows, rest, m->n_branch - n);
    return y;
}

/* The positions of the text on the grid of the picked branch, spelled out. */
static void draw_grid(struct canvas *c, struct rect r, int y, const struct model *m, const struct inspected *i,
                      const struct view *v)
{
    struct inspected_branch b;
    inspected_branch(i, m, (uint32_t)v->choice.branch, &b);
    const unsigned long long w = m->branch[v->choice.branch].segment_length,
                             rate = m->branch[v->choice.branch].dilation_rate, first = b.key_first, last = b.key_last;
    char offset[24];
    number_range(b.offset_first, b.offset_last, offset);
    int x = canvas_printf(c, r, y, 1, style(ROLE_TEXT), "grid: (p mod %llu) mod %llu = %s: ", w, rate, offset);
    if (b.n_keys == 0)
        canvas_puts(c, r, y, x, style(ROLE_TEXT), "no position of the text in the question's segment");
    else if (b.offset_first == b.offset_last && b.n_keys > 4)
        canvas_printf(c, r, y, x, style(ROLE_TEXT), "%llu, %llu, %llu ... %llu", first, first + rate, first + 2 * rate,
                      last);
    else
        canvas_printf(c, r, y, x, style(ROLE_TEXT), "%llu of %llu to %llu", (unsigned long long)b.n_keys, first, last);
}

/* What the columns mean, where there is room to say it. */
static void draw_legend(struct canvas *c, struct rect r, int y)
{
    static const char *const lines[] = {
        "w, r: the branch cuts the sequence into segments of w and keeps every r-th",
        "offset s of a head: its grid is the positions p with (p mod w) mod r = s",
        "keys: positions of the text on the grid, in the segment the question starts in",
        "tokens: of <|question|> and the question's, on the grid; only they look through it",
        "mass: the branch's share of the softmax, which is one over all branches",
        "text: the part of the mass that lies on positions of the text",
        "H1 L1: what a head gives to the text, through the branches that are picked",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && y < r.h; i++, y++)
        canvas_puts(c, r, y, 1, style(ROLE_DIM), lines[i]);
}

#define HEAD_WIDTH 3 /* columns of one head in the table of heads; 1 where there are many */

static int head_step(const struct model *m)
{
    return m->n_head > 8 ? 1 : HEAD_WIDTH;
}

/* Layers down, heads across: what each gives to the text. Returns the rows taken. */
static int draw_heads(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
                      const struct view *v)
{
    static const char *const blocks[] = {"·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double peak = 0;
    char words[16];
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        for (uint32_t head = 0; head < m->n_head; head++) peak = fmax(peak, inspected_head(i, layer, head));
    int y = 0, rows = (int)m->n_layer < r.h - 2 ? (int)m->n_layer : r.h - 2,
        first = v->choice.layer >= rows ? v->choice.layer - rows + 1 : 0;
    for (uint32_t head = 0; head < m->n_head && head_step(m) == HEAD_WIDTH; head++)
        canvas_printf(c, r, y, 3 + HEAD_WIDTH * (int)head, style(v->choice.head == (int)head ? ROLE_KEY : ROLE_HEADING),
                      "H%u", head + 1);
    for (y = 1; y <= rows; y++) {
        const int layer = first + y - 1;
        canvas_printf(c, r, y, 0, style(v->choice.layer == layer ? ROLE_KEY : ROLE_HEADING), "L%d", layer + 1);
        for (uint32_t head = 0; head < m->n_head; head++) {
            double share = inspected_head(i, (uint32_t)layer, head), part = length_of(share, peak, v->logarithmic);
            bool chosen = (v->choice.layer < 0 || v->choice.layer == layer) &&
                          (v->choice.head < 0 || v->choice.head == (int)head);
            struct style s = style(ROLE_DIM);
            if (chosen) s = (struct style){ROLE_HEAT, (uint8_t)heat_level(share, peak, v->logarithmic)};
            canvas_puts(c, r, y, 3 + head_step(m) * (int)head, s,
                        blocks[share > 0 ? part > 0 ? (int)ceil(part * 8) : 1 : 0]);
        }
    }
    if (y < r.h) canvas_printf(c, r, y++, 0, style(ROLE_DIM), "text: █ %s", percent(words, peak));
    return y;
}

static int heads_width(const struct model *m)
{
    int n = 3 + (int)m->n_head * head_step(m);
    return n > 15 ? n : 15;
}

/* The bytes of a token of the question, <|question|> before the others. */
static void name_question_token(const struct exchange *x, uint64_t token, char *out, size_t size)
{
    snprintf(out, size, "<|question|>");
    if (token == 0 || x->tokens == NULL || token > x->n_tokens) return;
    const struct reader_question_token *t = &x->tokens[token - 1];
    const char *bytes = x->question + t->begin;
    const size_t blanks = strspn(bytes, " ") < t->end - t->begin ? strspn(bytes, " ") : 0;
    safe_text_render(out, size, bytes + blanks, t->end - t->begin - blanks, SAFE_LINE);
}

/* What text and question get, and the question's own tokens with the most of it. */
static void draw_masses(struct canvas *c, struct rect r, int y, const struct inspected *i, const struct exchange *x)
{
    const struct inspection *in = i->in;
    char share[16], word[40];
    bool done[64] = {false};
    int at = canvas_printf(c, r, y, 1, style(ROLE_TEXT), "text %s", percent(share, i->on_text));
    at = canvas_printf(c, r, y, at, style(ROLE_TEXT), "  question itself %s", percent(share, i->on_question));
    for (int listed = 0; listed < 8; listed++) {
        size_t best = in->n_keys;
        for (size_t k = 0; k < in->n_keys; k++) {
            uint64_t token = in->keys[k].position - in->start;
            if (in->keys[k].position < in->start || token >= 64 || done[token]) continue;
            if (best == in->n_keys || in->keys[k].mass > in->keys[best].mass) best = k;
        }
        if (best == in->n_keys) return;
        const uint64_t token = in->keys[best].position - in->start;
        done[token] = true;
        name_question_token(x, token, word, sizeof word);
        if (at + (int)safe_text_width(word, strlen(word)) + 10 > r.w) return;
        at = canvas_printf(c, r, y, at, style(ROLE_DIM), "%s %s %s", listed ? "," : ":", word,
                           percent(share, in->keys[best].mass));
    }
}

/* What all figures below are the mean of. */
static void draw_mean(struct canvas *c, struct rect r, int y, const struct inspected *i)
{
    const struct inspection *in = i->in;
    const struct inspected_choice *chosen = &i->choice;
    const unsigned layers = chosen->layer < 0 ? in->n_layer : 1, heads = chosen->head < 0 ? in->n_head : 1,
                   tokens = chosen->token < 0 ? in->n_token : 1;
    char branch[24] = "all branches";
    if (chosen->branch >= 0) snprintf(branch, sizeof branch, "branch %d alone", chosen->branch + 1);
    if (layers * heads * tokens == 1)
        canvas_printf(c, r, y, 1, style(ROLE_DIM), "One softmax, %s:", branch);
    else
        canvas_printf(c, r, y, 1, style(ROLE_DIM),
                      "Mean of %u softmaxes (%u layer%s x %u head%s x %u token%s), %s:", layers * heads * tokens,
                      layers, layers == 1 ? "" : "s", heads, heads == 1 ? "" : "s", tokens, tokens == 1 ? "" : "s",
                      branch);
}

/* --- places --- */

/* Blank for white space, up to n bytes, in the style. */
static int draw_text(struct canvas *c, struct rect r, int y, int x, struct style s, const char *text, size_t n)
{
    for (size_t i = 0; i < n && x < r.w;) {
        size_t run = 0;
        while (i + run < n && !strchr(" \t\r\n", text[i + run])) run++;
        x = canvas_put(c, r, y, x, s, text + i, run);
        i += run;
        if (i == n) break;
        while (i < n && strchr(" \t\r\n", text[i])) i++;
        x = canvas_puts(c, r, y, x, s, " ");
    }
    return x;
}

/* The token, marked, among what stands around it; all rows have it in the same column. */
static void draw_context(struct canvas *c, struct rect r, int y, int x, enum role role, const struct document *d,
                         const struct inspected_place *p)
{
    char before[512];
    const int middle = x + (r.w - x) * 2 / 5;
    size_t n = 0, begin = p->offset > sizeof before / 2 ? p->offset - sizeof before / 2 : 0;
    while (begin < p->offset && (d->text[begin] & 0xC0) == 0x80) begin++;
    for (size_t i = begin; i < p->offset; i++) {
        bool blank = strchr(" \t\r\n", d->text[i]) != NULL;
        if (!blank || n == 0 || before[n - 1] != ' ') before[n++] = blank ? ' ' : d->text[i];
    }
    canvas_put_tail(c, r, y, x, middle, style(role), before, n);
    x = canvas_put(c, r, y, middle, style(ROLE_MATCH), d->text + p->offset, p->size);
    size_t end = p->offset + p->size, after = (size_t)(r.w > x ? r.w - x : 0) * 4;
    draw_text(c, r, y, x, style(role), d->text + end, d->size - end < after ? d->size - end : after);
}

static void name_branches(uint32_t branches, char out[24])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < DILATION_MAX_BRANCHES; i++) {
        if (!(branches >> i & 1)) continue;
        int n = snprintf(out + used, 24 - used, "%s%d", used ? "," : "", i + 1);
        used += n > 0 ? (size_t)n : 0;
        if (used >= 20) return;
    }
}

static int digits(uint64_t n)
{
    char out[24];
    return snprintf(out, sizeof out, "%llu", (unsigned long long)n);
}

static void draw_token_place(struct canvas *c, struct rect r, int y, size_t rank, bool selected, const struct view *v)
{
    const struct inspected *i = inspected_of(v);
    const struct inspected_place *p = &i->places[rank];
    const struct document *d = &v->atlas->corpus->documents[p->document];
    char share[16], branches[24], place[300];
    enum role role = selected ? ROLE_SELECTED : ROLE_TEXT;
    canvas_fill(c, (struct rect){r.y + y, r.x, 1, r.w}, style(role), " ");
    name_branches(p->branches, branches);
    int x = canvas_printf(c, r, y, 1, style(role), "%2zu %7s ", rank + 1, percent(share, p->mass));
    if (r.w >= NARROW) x = canvas_printf(c, r, y, x, style(role), "%-9s ", branches);
    x = canvas_printf(c, r, y, x, style(role), "%*llu  ", digits(i->in->n_text), (unsigned long long)p->position);
    if (p->size == 0) {
        canvas_printf(c, r, y, x, style(selected ? role : ROLE_DIM), "in the header before %.200s", d->path);
        return;
    }
    if (r.w >= 100) {
        size_t n = pane_place(v, p->document, p->offset, place, sizeof place);
        struct rect name = {r.y + y, r.x, 1, x + (r.w - x) / 4};
        if ((int)safe_text_width(place, n) <= name.w - x)
            canvas_put(c, name, 0, x, style(selected ? role : ROLE_REFERENCE), place, n);
        else
            canvas_put_tail(c, name, 0, x, name.w, style(selected ? role : ROLE_REFERENCE), place, n);
        x = name.w + 1;
    }
    draw_context(c, r, y, x, selected ? role : ROLE_DIM, d, p);
}

static void draw_segment_place(struct canvas *c, struct rect r, int y, size_t rank, bool selected, const struct view *v)
{
    const struct evidence_item *item = &exchange_lens(v->exchange).items[rank];
    const struct reader_segment *s = &v->atlas->segments[item->segment];
    char share[16], place[300];
    enum role role = selected ? ROLE_SELECTED : ROLE_TEXT;
    canvas_fill(c, (struct rect){r.y + y, r.x, 1, r.w}, style(role), " ");
    int x = canvas_printf(c, r, y, 1, style(role), "%2zu %7s ", rank + 1, percent(share, (double)item->share));
    size_t n = pane_place(v, s->document, s->offset, place, sizeof place);
    x = canvas_put(c, r, y, x, style(selected ? role : ROLE_REFERENCE), place, n) + 2;
    draw_text(c, r, y, x, style(selected ? role : ROLE_DIM), v->atlas->corpus->documents[s->document].text + s->offset,
              s->size);
}

static void draw_places(struct pane_inspect *p, struct canvas *c, struct rect r, const struct view *v)
{
    size_t n = pane_inspect_places(v);
    if (r.h < 2) return;
    canvas_puts(c, r, 0, 1, style(ROLE_HEADING),
                !v->dilated     ? "      share segment of the text, in the order of the evidence"
                : r.w >= NARROW ? "      mass branches  token of the text"
                                : "      mass token of the text");
    struct rect rows = rect_inset(r, 1, 0, 0, 0);
    p->rows = rows;
    if (p->selected >= n) p->selected = n ? n - 1 : 0;
    if (p->selected < p->first) p->first = p->selected;
    if (p->selected >= p->first + (size_t)rows.h) p->first = p->selected - (size_t)rows.h + 1;
    for (size_t i = p->first; i < n && i < p->first + (size_t)rows.h; i++)
        (v->dilated ? draw_token_place : draw_segment_place)(c, rows, (int)(i - p->first), i, i == p->selected, v);
    if (n == 0) canvas_puts(c, rows, 0, 1, style(ROLE_DIM), "None of these tokens sees a position of the text here.");
}

/* --- the two attentions --- */

static void draw_dilated(struct pane_inspect *p, struct canvas *c, struct rect r, const struct model *m,
                         const struct inspected *i, const struct view *v)
{
    const bool small = r.h < 9;
    if (!small) draw_mean(c, r, 0, i);
    draw_masses(c, r, small ? 0 : 1, i, v->exchange);
    struct rect body = rect_inset(r, small ? 1 : 3, 0, 0, 0), table = body, places = body;
    const bool wide = r.w >= WIDE;
    if (wide) {
        table.w = r.w / 2;
        places = rect_inset(body, 0, 0, 0, table.w + 2);
    } else {
        table.h = table.h > 12 ? table.h - 6 : table.h / 2;
    }
    int used = 0, heads = 0;
    if (r.w >= NARROW) {
        struct rect grid = {table.y, table.x + table.w - heads_width(m), table.h, heads_width(m)};
        table.w -= grid.w + 1;
        heads = draw_heads(c, grid, m, i, v);
    }
    used = draw_branches(c, table, m, i, v);
    if (used < heads) used = heads;
    if (v->choice.branch >= 0 && r.w >= NARROW) draw_grid(c, body, used++, m, i, v);
    if (wide) draw_legend(c, table, used + 1);
    if (!wide) places = rect_inset(body, used + (body.h > 16), 0, 0, 0);
    draw_places(p, c, places, v);
}

/* The gate's weights: all, or the larger ones where there is no room for all. Returns the rows taken. */
static int draw_gates(struct canvas *c, struct rect r, const struct exchange *x, bool logarithmic)
{
    char share[16], word[40];
    float peak = 0;
    int y = 0;
    for (size_t i = 0; x->tokens != NULL && i < x->n_tokens; i++)
        peak = x->tokens[i].gate > peak ? x->tokens[i].gate : peak;
    for (size_t i = 0; x->tokens != NULL && i < x->n_tokens && y < r.h; i++) {
        const float gate = x->tokens[i].gate;
        size_t larger = 0;
        for (size_t k = 0; k < x->n_tokens; k++)
            larger += x->tokens[k].gate > gate || (k < i && x->tokens[k].gate >= gate);
        if (larger >= (size_t)r.h) continue;
        name_question_token(x, i + 1, word, sizeof word);
        int at = canvas_printf(c, r, y, 1, style(x->token == (int)i ? ROLE_MATCH : ROLE_TEXT), "%2zu %7s %-16.16s",
                               i + 1, percent(share, (double)gate), word);
        draw_bar(c, r, y++, at + 1, ROLE_BRANCH, length_of((double)gate, (double)peak, logarithmic));
    }
    return y;
}

static void draw_evidence(struct pane_inspect *p, struct canvas *c, struct rect r, const struct view *v)
{
    const struct exchange *x = v->exchange;
    const struct evidence *a = x->answer->attention;
    char keys[16], all[16];
    int y = 0;
    if (a != NULL && r.h > 8) {
        canvas_printf(c, r, y++, 1, style(ROLE_DIM), "One head of width %u over %s kept keys of %s positions.",
                      a->width, pane_count(keys, (double)a->n_keys), pane_count(all, (double)a->n_text));
        canvas_puts(c, r, y++, 1, style(ROLE_DIM),
                    "The question's tokens count by the weights that a gate gives them:");
    }
    struct rect gates = {r.y + y, r.x, r.h / 2 > y ? r.h / 2 - y : 1, r.w < 60 ? r.w : 60};
    y += draw_gates(c, gates, x, v->logarithmic);
    draw_places(p, c, rect_inset(r, y + (r.h > 12), 0, 0, 0), v);
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
    if (x == NULL || x->answer == NULL) {
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
