#include "app/pane_pattern.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/pattern.h"
#include "compute/model.h"

#define ZOOM_MAX 16
#define WORDS_WIDTH 40

static int turn(int at, int by, int n)
{
    at += by;
    return at < -1 ? n - 1 : at >= n ? -1 : at;
}

void pane_pattern_head(struct pane_pattern *p, const struct model *m, int by)
{
    p->head = turn(p->head, by, (int)m->n_head);
}

void pane_pattern_branch(struct pane_pattern *p, const struct model *m, int by)
{
    p->branch = turn(p->branch, by, (int)m->n_branch);
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
            double pairs = pattern_pairs(&m->branch[i], offset, q, q_end, k, k_end);
            seen += pairs;
            if (pairs > 0 && (out.branch < 0 || (int)i < out.branch)) out.branch = (int)i;
        }
    }
    double n = (double)(q_end - q), possible = (k_end <= q ? n * (double)(k_end - k) : n * (n + 1) / 2) * heads;
    out.part = possible > 0 ? seen / possible : 0;
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
        for (int x = 0; x <= y; x++) {
            uint64_t k = begin + length / (uint64_t)cells * (uint64_t)x +
                         length % (uint64_t)cells * (uint64_t)x / (uint64_t)cells;
            uint64_t k_end = x == y ? q_end
                                    : begin + length / (uint64_t)cells * (uint64_t)(x + 1) +
                                          length % (uint64_t)cells * (uint64_t)(x + 1) / (uint64_t)cells;
            struct cell_pairs pairs = pairs_in(p, m, q, q_end, k, k_end);
            const char *glyph = pairs.branch < 0 ? "·" : shade(pairs.part);
            struct style s = style(pairs.branch < 0 ? ROLE_LINE : (enum role)(ROLE_BRANCH + pairs.branch % 8));
            canvas_puts(c, r, y, 2 + 2 * x, s, glyph);
            canvas_puts(c, r, y, 3 + 2 * x, s, pairs.branch < 0 ? " " : glyph);
        }
        if (token >= q && token < q_end) canvas_puts(c, r, y, 0, style(ROLE_KEY), "▶");
    }
}

static void draw_branches(const struct pane_pattern *p, struct canvas *c, struct rect r, uint64_t token,
                          const struct model *m)
{
    int y = 0;
    char w[16], rate[16], keys[16], far[16];
    canvas_puts(c, r, y++, 0, style(ROLE_HEADING),
                p->branch < 0 ? "branch   segment  rate  keys seen by ▶" : "branch (this one alone)");
    for (uint32_t i = 0; i < m->n_branch && y < r.h - 6; i++) {
        uint64_t seen = 0, farthest = 0, heads = 0;
        for (uint32_t head = 0; head < m->n_head; head++) {
            if (p->head >= 0 && head != (uint32_t)p->head) continue;
            uint64_t offset = dilation_head_offset(m->offset_rule, head, m->n_head, m->branch[i].dilation_rate);
            uint64_t n = pattern_visible(&m->branch[i], offset, token, 0, token + 1),
                     start = token - token % m->branch[i].segment_length;
            seen += n;
            heads += n > 0;
            if (n > 0 && token - start - offset > farthest) farthest = token - start - offset;
        }
        bool chosen = p->branch < 0 || p->branch == (int)i;
        int x = canvas_puts(c, r, y, 0, style((enum role)(ROLE_BRANCH + i % 8)), chosen ? "██ " : "   ");
        x = canvas_printf(c, r, y, x, style(chosen ? ROLE_TEXT : ROLE_DIM), "%2u %9s %5s", i + 1,
                          pane_count(w, (double)m->branch[i].segment_length),
                          pane_count(rate, (double)m->branch[i].dilation_rate));
        if (seen > 0)
            canvas_printf(c, r, y, x, style(ROLE_TEXT), "  %s, back to -%s (%u head%s)", pane_count(keys, (double)seen),
                          pane_count(far, (double)farthest), (unsigned)heads, heads == 1 ? "" : "s");
        else
            canvas_puts(c, r, y, x, style(ROLE_DIM), "  none: not on its grid");
        y++;
    }
    if ((uint32_t)y - 1 < m->n_branch)
        canvas_printf(c, r, y++, 3, style(ROLE_DIM), "... up to %u branches", m->n_branch);
    y++;
    canvas_puts(c, r, y++, 0, style(ROLE_DIM), "j k head   h l branch   + - length   Esc closes");
    canvas_puts(c, r, y++, 0, style(ROLE_DIM), "row: who asks   column: who is seen");
    canvas_puts(c, r, y++, 0, style(ROLE_DIM), "pairs: █ 3 in 10  ▓ in 100  ▒ in 1000  ░ less");
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
                if (pattern_visible(&m->branch[i], offset, token, k, k_end) > 0) found = (int)i;
            }
        }
        bool here = token >= k && token < k_end;
        enum role role = here ? ROLE_KEY : found >= 0 ? (enum role)(ROLE_BRANCH + found % 8) : ROLE_LINE;
        canvas_puts(c, r, 0, x, style(role), here ? "▲" : found >= 0 ? "█" : "·");
    }
}

void pane_pattern_draw(const struct pane_pattern *p, struct canvas *c, struct rect r, const struct model *m,
                       const struct view *v)
{
    char head[24], branch[24], length_words[16], at[16], title[160];
    uint64_t token = atlas_token(v->atlas, v->place);
    snprintf(head, sizeof head, p->head < 0 ? "all %u heads" : "head %u",
             p->head < 0 ? m->n_head : (unsigned)p->head + 1);
    snprintf(branch, sizeof branch, p->branch < 0 ? "all %u branches" : "branch %u",
             p->branch < 0 ? m->n_branch : (unsigned)p->branch + 1);
    struct rect inner = rect_inset(r, 1, 0, 2, 0);
    int cells = inner.h;
    bool beside = inner.w >= 2 * cells + 4 + WORDS_WIDTH;
    if (!beside && 2 * cells + 4 > inner.w) cells = (inner.w - 4) / 2;
    if (inner.w >= 60 && !beside) cells = (inner.w - 4 - WORDS_WIDTH) / 2, beside = true;
    if (cells < 2) return;
    uint64_t length = length_of(p, m, cells), begin = token / length * length;
    snprintf(title, sizeof title, "%s, %s, positions %s and the %s after it", head, branch,
             pane_count(at, (double)begin), pane_count(length_words, (double)length));
    struct rect body = pane_title(c, r, true, "Attention pattern", title);
    draw_matrix(p, c, rect_inset(body, 0, 0, 2, 0), cells, begin, length, token, m);
    if (beside) draw_branches(p, c, rect_inset(body, 0, 0, 2, 2 * cells + 4), token, m);
    struct rect line = {body.y + body.h - 2, body.x, 1, body.w};
    char place[32];
    canvas_printf(c, line, 0, 0, style(ROLE_DIM),
                  "The whole sequence: what the token at the place in the text (▲ %s) sees",
                  pane_count(place, (double)token));
    line.y++;
    draw_visible(p, c, line, token, m, v);
}
