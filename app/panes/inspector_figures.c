#include "app/panes/inspector_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/reader/inspected.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "compute/model.h"

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

const char *inspector_figures_percent(char out[16], double share)
{
    double n = share * 100;
    if (n > 0 && n < 0.005)
        snprintf(out, 16, "<0.01%%");
    else
        snprintf(out, 16, "%.2f%%", n > 0 ? n : 0);
    return out;
}

#define POSITIONS_WIDTH 80

static const char *branch_heading(int width)
{
    if (width < INSPECTOR_NARROW) return "branch tokens    mass    text";
    if (width < POSITIONS_WIDTH) return "branch     w       r offset   keys tokens    mass    text";
    return "branch     w       r offset   keys of the text       tokens    mass    text";
}

/* Every digit where there are few. */
static const char *exact(char out[16], uint64_t n)
{
    if (n >= 10000000) return figures_count(out, (double)n);
    snprintf(out, 16, "%u", (unsigned)n);
    return out;
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
    if (r.w >= INSPECTOR_NARROW)
        x = canvas_printf(c, r, y, x, style(role), " %7s %7s %6s %6s", exact(w, branch->segment_length),
                          exact(rate, branch->dilation_rate), offset, figures_count(keys, (double)b->n_keys));
    if (r.w >= POSITIONS_WIDTH) x = canvas_printf(c, r, y, x, style(role), " %-17s", positions);
    x = canvas_printf(c, r, y, x, style(role), " %6s %7s %7s ", tokens, inspector_figures_percent(mass, b->mass),
                      inspector_figures_percent(text, b->text));
    draw_bar(c, r, y, x, colour, length_of(b->mass, peak, v->logarithmic));
}

/* How many branches have no row, and what they hold. */
static void draw_others(struct canvas *c, struct rect r, int y, const struct model *m, size_t hidden, double mass,
                        size_t off)
{
    char share[16];
    int x = 1;
    if (hidden > 0)
        x = canvas_printf(c, r, y, x, style(ROLE_DIM), "%zu more: %s", hidden, inspector_figures_percent(share, mass));
    if (m->windows)
        canvas_puts(c, r, y, x, style(ROLE_DIM), "the question looks both ways, inside itself");
    else if (off > 0 && r.w >= INSPECTOR_NARROW)
        canvas_printf(c, r, y, x, style(ROLE_DIM), "%s%zu %s: no such token is on their grid, mass 0",
                      hidden ? "; " : "", off, hidden ? "others" : "more");
}

int inspector_figures_branches(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
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
    if (y < r.h && (n > rows || n < m->n_branch)) draw_others(c, r, y++, m, n - rows, rest, m->n_branch - n);
    return y;
}

void inspector_figures_grid(struct canvas *c, struct rect r, int y, const struct model *m, const struct inspected *i,
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
        x = canvas_puts(c, r, y, x, style(ROLE_TEXT), "no position of the text in this segment");
    else if (b.offset_first == b.offset_last && b.n_keys > 4)
        x = canvas_printf(c, r, y, x, style(ROLE_TEXT), "%llu, %llu, %llu ... %llu", first, first + rate,
                          first + 2 * rate, last);
    else
        x = canvas_printf(c, r, y, x, style(ROLE_TEXT), "%llu of %llu to %llu", (unsigned long long)b.n_keys, first,
                          last);
    if (i->choice.token < 0) return;
    const unsigned long long at = i->in->start + (unsigned long long)i->choice.token;
    canvas_printf(c, r, y, x, style(ROLE_DIM), "; the token at %llu: %llu", at, at % w % rate);
}

void inspector_figures_legend(struct canvas *c, struct rect r, int y)
{
    static const char *const lines[] = {
        "w, r: the branch cuts the sequence into segments of w and keeps every r-th",
        "offset s of a head: its grid is the positions p with (p mod w) mod r = s",
        "keys: positions of the text on the grid, in the segment the question starts in",
        "tokens: on the grid, of <|question|> and the question's; only they see it",
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

int inspector_figures_heads(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
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
            if (chosen) s = (struct style){ROLE_HEAT, (uint8_t)figures_heat(share, peak, v->logarithmic)};
            canvas_puts(c, r, y, 3 + head_step(m) * (int)head, s,
                        blocks[share > 0 ? part > 0 ? (int)ceil(part * 8) : 1 : 0]);
        }
    }
    if (y < r.h) canvas_printf(c, r, y++, 0, style(ROLE_DIM), "text: █ %s", inspector_figures_percent(words, peak));
    return y;
}

int inspector_figures_heads_width(const struct model *m)
{
    int n = 3 + (int)m->n_head * head_step(m);
    return n > 15 ? n : 15;
}

/* The bytes of a token of the question, <|question|> before the others. */
static void name_question_token(const struct exchange *x, uint64_t token, char *out, size_t size)
{
    snprintf(out, size, "<|question|>");
    if (token == 0 || x->tokens == NULL || token > x->n_tokens) return;
    const struct finding_token *t = &x->tokens[token - 1];
    const char *bytes = x->question + t->begin;
    const size_t blanks = strspn(bytes, " ") < t->end - t->begin ? strspn(bytes, " ") : 0;
    safe_text_render(out, size, bytes + blanks, t->end - t->begin - blanks, SAFE_LINE);
}

void inspector_figures_masses(struct canvas *c, struct rect r, int y, const struct inspected *i,
                              const struct exchange *x)
{
    const struct inspection *in = i->in;
    char share[16], word[40];
    bool done[64] = {false};
    int at = canvas_printf(c, r, y, 1, style(ROLE_TEXT), "text %s", inspector_figures_percent(share, i->on_text));
    at = canvas_printf(c, r, y, at, style(ROLE_TEXT), "  question itself %s",
                       inspector_figures_percent(share, i->on_question));
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
                           inspector_figures_percent(share, in->keys[best].mass));
    }
}

void inspector_figures_mean(struct canvas *c, struct rect r, int y, const struct inspected *i)
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

int inspector_figures_gates(struct canvas *c, struct rect r, const struct exchange *x, bool logarithmic)
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
                               i + 1, inspector_figures_percent(share, (double)gate), word);
        draw_bar(c, r, y++, at + 1, ROLE_BRANCH, length_of((double)gate, (double)peak, logarithmic));
    }
    return y;
}
