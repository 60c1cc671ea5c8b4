#include "app/panes/pane_pattern.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/reader/pattern.h"
#include "app/text/figures.h"
#include "compute/model.h"

#define ZOOM_MAX 16
#define NARROW_WIDTH 40 /* of the words beside the matrix */
#define LEAST_WIDTH 22

static int turn_picked(int at, int by, int n)
{
    at += by;
    return at < -1 ? n - 1 : at >= n ? -1 : at;
}

void pane_pattern_head(struct pane_pattern *p, const struct model *m, int by)
{
    p->head = turn_picked(p->head, by, (int)m->n_head);
}

void pane_pattern_branch(struct pane_pattern *p, const struct model *m, int by)
{
    p->branch = turn_picked(p->branch, by, (int)m->n_branch);
}

void pane_pattern_zoom(struct pane_pattern *p, int by)
{
    p->zoom += by;
    if (p->zoom < -4) p->zoom = -4;
    if (p->zoom > ZOOM_MAX) p->zoom = ZOOM_MAX;
}

static uint64_t length_of(const struct pane_pattern *p, const struct model *m, int cells)
{
    uint64_t length = m->n_branch ? m->branch[0].segment_length : 512;
    for (int i = 0; i < p->zoom && length < UINT64_C(1) << 45; i++) length *= 4;
    for (int i = 0; i > p->zoom; i--) length /= 4;
    return length < (uint64_t)cells ? (uint64_t)cells : length;
}

/* What one cell holds: pairs seen, of those possible, and the first branch that sees any. */
struct cell_pairs {
    double part;
    int branch;
};

static struct cell_pairs pairs_in(const struct pane_pattern *p, const struct model *m, uint64_t q, uint64_t q_end,
                                  uint64_t k, uint64_t k_end)
{
    struct cell_pairs out = {0, -1};
    double seen = 0;
    uint32_t heads = 0;
    for (uint32_t head = 0; head < m->n_head; head++) {
        if (p->head >= 0 && head != (uint32_t)p->head) continue;
        heads++;
        for (uint32_t i = 0; i < m->n_branch; i++) {
            if (p->branch >= 0 && i != (uint32_t)p->branch) continue;
            uint64_t offset = dilation_head_offset(m->offset_rule, head, m->n_head, m->branch[i].dilation_rate);
            double pairs = pattern_pairs(&m->branch[i], offset, model_window(m), q, q_end, k, k_end);
            seen += pairs;
            if (pairs > 0 && (out.branch < 0 || (int)i < out.branch)) out.branch = (int)i;
        }
    }
    const double n = (double)(q_end - q), possible = k == q && !m->windows ? n * (n + 1) / 2 : n * (double)(k_end - k);
    out.part = possible > 0 ? seen / (possible * heads) : 0;
    return out;
}

/* Sparse far branches see one pair in r^2: shades are decades. */
static const char *shade(double part)
{
    return part >= 0.3 ? "█" : part >= 0.03 ? "▓" : part >= 0.003 ? "▒" : "░";
}

static void draw_matrix(const struct pane_pattern *p, struct canvas *c, struct rect r, int cells, uint64_t begin,
                        uint64_t length, uint64_t token, const struct model *m)
{
    for (int y = 0; y < cells; y++) {
        uint64_t q =
            begin + length / (uint64_t)cells * (uint64_t)y + length % (uint64_t)cells * (uint64_t)y / (uint64_t)cells;
        uint64_t q_end = begin + length / (uint64_t)cells * (uint64_t)(y + 1) +
                         length % (uint64_t)cells * (uint64_t)(y + 1) / (uint64_t)cells;
        for (int x = 0; x < (m->windows ? cells : y + 1); x++) {
            uint64_t k = begin + length / (uint64_t)cells * (uint64_t)x +
                         length % (uint64_t)cells * (uint64_t)x / (uint64_t)cells;
            uint64_t k_end = x == y ? q_end
                                    : begin + length / (uint64_t)cells * (uint64_t)(x + 1) +
                                          length % (uint64_t)cells * (uint64_t)(x + 1) / (uint64_t)cells;
            struct cell_pairs pairs = pairs_in(p, m, q, q_end, k, k_end);
            if (x > y && pairs.branch < 0) continue;
            const char *glyph = pairs.branch < 0 ? "·" : shade(pairs.part);
            struct style s = style(pairs.branch < 0 ? ROLE_LINE : (enum role)(ROLE_BRANCH + pairs.branch % 8));
            canvas_puts(c, r, y, 2 + 2 * x, s, glyph);
            canvas_puts(c, r, y, 3 + 2 * x, s, pairs.branch < 0 ? " " : glyph);
        }
        if (token >= q && token < q_end) canvas_puts(c, r, y, 0, style(ROLE_KEY), "▶");
    }
}

/* What a token sees through one branch, by the heads that are looked at. */
struct seen {
    uint64_t keys, farthest; /* positions back */
    unsigned heads;          /* that have the token on their grid */
};

static struct seen count_seen(const struct pane_pattern *p, const struct model *m, uint32_t branch, uint64_t token)
{
    const struct branch *b = &m->branch[branch];
    struct seen out = {0, 0, 0};
    for (uint32_t head = 0; head < m->n_head; head++) {
        if (p->head >= 0 && head != (uint32_t)p->head) continue;
        uint64_t offset = dilation_head_offset(m->offset_rule, head, m->n_head, b->dilation_rate);
        uint64_t n = pattern_visible(b, offset, model_window(m), token, 0, UINT64_MAX),
                 start = token - token % b->segment_length;
        out.keys += n;
        out.heads += n > 0;
        if (n > 0 && token - start - offset > out.farthest) out.farthest = token - start - offset;
    }
    return out;
}

static void draw_branch(const struct pane_pattern *p, struct canvas *c, struct rect r, int y, uint32_t i,
                        uint64_t token, const struct model *m)
{
    char w[16], rate[16], keys[16], far[16];
    const bool chosen = p->branch < 0 || p->branch == (int)i;
    const struct seen seen = count_seen(p, m, i, token);
    const struct style s = style(chosen ? ROLE_TEXT : ROLE_DIM);
    figures_count(w, (double)m->branch[i].segment_length);
    figures_count(rate, (double)m->branch[i].dilation_rate);
    figures_count(keys, (double)seen.keys);
    figures_count(far, (double)seen.farthest);
    int x = canvas_puts(c, r, y, 0, style((enum role)(ROLE_BRANCH + i % 8)), chosen ? "██ " : "   ");
    if (r.w < NARROW_WIDTH) {
        canvas_printf(c, r, y, x, s, "%u %s/%s: %s", i + 1, w, rate, keys);
        return;
    }
    x = canvas_printf(c, r, y, x, s, "%2u %7s %5s %6s", i + 1, w, rate, keys);
    if (seen.keys > 0)
        canvas_printf(c, r, y, x, s, " %6s %5u", far, seen.heads);
    else
        canvas_puts(c, r, y, x, style(ROLE_DIM), " off its grid");
}

/* The branches and what the signs mean, in NARROW_WIDTH columns or, in short, in LEAST_WIDTH. */
static void draw_branches(const struct pane_pattern *p, struct canvas *c, struct rect r, uint64_t token,
                          const struct model *m)
{
    static const char *const wide[] = {"w segment length, r dilation rate;", "keys: seen by ▶, so far back, by heads",
                                       "row: who asks   column: who is seen", "of 1000 pairs: █ 300 ▓ 30 ▒ 3 ░ fewer",
                                       "branch 1 looks both ways in its window"};
    static const char *const narrow[] = {"w/r: keys ▶ sees", "row asks, column seen", "█ .3 ▓ .03 ▒ .003",
                                         "1 looks both ways"};
    const bool is_wide = r.w >= NARROW_WIDTH;
    const int legend = (is_wide ? 4 : 3) + (m->windows != NULL);
    int y = 0;
    if (is_wide) canvas_puts(c, r, y++, 0, style(ROLE_HEADING), "branch       w     r   keys   back heads");
    const int room = r.h - legend - y;
    const uint32_t n = (int)m->n_branch <= room ? m->n_branch : room > 1 ? (uint32_t)room - 1 : 0;
    for (uint32_t i = 0; i < n; i++) draw_branch(p, c, r, y++, i, token, m);
    if (n < m->n_branch && room > 0) canvas_printf(c, r, y++, 3, style(ROLE_DIM), "... up to %u branches", m->n_branch);
    if (y + legend < r.h) y++;
    for (int i = 0; i < legend; i++) canvas_puts(c, r, y++, 0, style(ROLE_DIM), is_wide ? wide[i] : narrow[i]);
}

/* The whole sequence as one line: where the token's visible keys are. */
static void draw_visible(const struct pane_pattern *p, struct canvas *c, struct rect r, uint64_t token,
                         const struct model *m, const struct view *v)
{
    uint64_t all = atlas_total_tokens(v->atlas), width = (uint64_t)(r.w > 0 ? r.w : 1);
    for (int x = 0; x < r.w; x++) {
        uint64_t k = all / width * (uint64_t)x, k_end = x + 1 == r.w ? all : all / width * (uint64_t)(x + 1);
        int found = -1;
        for (uint32_t i = 0; i < m->n_branch && found < 0; i++) {
            for (uint32_t head = 0; head < m->n_head && found < 0; head++) {
                if ((p->head >= 0 && head != (uint32_t)p->head) || (p->branch >= 0 && i != (uint32_t)p->branch))
                    continue;
                uint64_t offset = dilation_head_offset(m->offset_rule, head, m->n_head, m->branch[i].dilation_rate);
                if (pattern_visible(&m->branch[i], offset, model_window(m), token, k, k_end) > 0) found = (int)i;
            }
        }
        bool here = token >= k && token < k_end;
        enum role role = here ? ROLE_KEY : found >= 0 ? (enum role)(ROLE_BRANCH + found % 8) : ROLE_LINE;
        canvas_puts(c, r, 0, x, style(role), here ? "▲" : found >= 0 ? "█" : "·");
    }
}

/* The matrix at the left and the words beside it; below it where the window is high and narrow. Cells of the matrix: 0
 * where there is no room for it. */
static int lay_out(struct rect r, struct rect *words)
{
    const bool wide = r.w >= 60;
    const int least = wide ? NARROW_WIDTH : LEAST_WIDTH;
    int cells = r.h;
    if (2 * cells + 4 + least > r.w && !wide && r.h >= r.w / 2)
        cells = (r.w - 4) / 2;
    else if (2 * cells + 4 + least > r.w)
        cells = (r.w - 4 - least) / 2;
    *words = 2 * cells + 4 + least <= r.w ? rect_inset(r, 0, 0, 0, 2 * cells + 4) : rect_inset(r, cells + 1, 0, 0, 0);
    return cells < 2 ? 0 : cells;
}

static void name_chosen(char *out, size_t size, int chosen, uint32_t n, const char *one, const char *all)
{
    if (chosen < 0)
        snprintf(out, size, "all %u %s", n, all);
    else
        snprintf(out, size, "%s %d", one, chosen + 1);
}

void pane_pattern_draw(const struct pane_pattern *p, struct canvas *c, struct rect r, const struct model *m,
                       const struct view *v)
{
    char head[24], branch[24], end[16], at[16], title[160];
    struct rect words;
    const uint64_t token = atlas_token(v->atlas, v->spot);
    const int cells = lay_out(rect_inset(r, 1, 0, 2, 0), &words);
    name_chosen(head, sizeof head, p->head, m->n_head, "head", "heads");
    name_chosen(branch, sizeof branch, p->branch, m->n_branch, "branch", "branches");
    const uint64_t length = length_of(p, m, cells ? cells : 2), begin = token / length * length;
    snprintf(title, sizeof title, "%s, %s, %s to %s", head, branch, figures_count(at, (double)begin),
             figures_count(end, (double)(begin + length)));
    struct rect body = pane_title(c, r, true, r.w < 60 ? "Pattern" : "Attention pattern", title);
    if (cells > 0) {
        draw_matrix(p, c, rect_inset(body, 0, 0, 2, 0), cells, begin, length, token, m);
        draw_branches(p, c, words, token, m);
    } else {
        canvas_puts(c, body, 0, 0, style(ROLE_DIM), "no room for it here");
    }
    struct rect line = {body.y + body.h - 2, body.x, 1, body.w};
    canvas_printf(c, line, 0, 0, style(ROLE_DIM),
                  r.w < 60 ? "All: what ▲ %s sees"
                           : "The whole sequence: what the token at the place in the text (▲ %s) sees",
                  figures_count(at, (double)token));
    line.y++;
    draw_visible(p, c, line, token, m, v);
}
