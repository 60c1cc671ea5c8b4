#include "app/panes/pane_chat.h"

#include <stdio.h>
#include <string.h>

#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "app/text/text_layout.h"

#define LINE_ROWS 6

void pane_chat_close(struct pane_chat *p)
{
    line_edit_close(&p->line);
}

void pane_chat_scroll(struct pane_chat *p, int rows)
{
    p->scroll += rows;
    int most = p->rows > p->height ? p->rows - p->height : 0;
    if (p->scroll > most) p->scroll = most;
    if (p->scroll < 0) p->scroll = 0;
    p->held = p->scroll < most || !p->last;
}

void pane_chat_follow(struct pane_chat *p)
{
    p->held = false;
}

/* Where to scroll to so that the question that is looked at is in sight: to its end while words come, else as little as
 * can be. */
static int followed(int scroll, struct transcript_rows t, int height, bool words_come)
{
    const int bottom = t.end - height;
    if (words_come) return bottom;
    if (t.end - t.begin > height) return scroll < t.begin || scroll > bottom ? t.begin : scroll;
    return scroll < bottom ? bottom : scroll > t.begin ? t.begin : scroll;
}

/* After scrolling by hand nothing moves by itself. */
static void draw_scrolled(struct pane_chat *p, struct canvas *c, struct rect r, const struct view *v)
{
    const struct transcript_rows t = transcript_draw(&p->talk, c, (struct rect){r.y, r.x, 0, r.w}, 0, v);
    const int most = t.all > r.h ? t.all - r.h : 0;
    p->rows = t.all;
    p->shown = t.end - t.begin;
    p->last = t.end == t.all;
    if (!p->held) p->scroll = followed(p->scroll, t, r.h, v->exchange->state == EXCHANGE_ANSWERING);
    if (p->scroll > most) p->scroll = most;
    if (p->scroll < 0) p->scroll = 0;
    transcript_draw(&p->talk, c, r, p->scroll, v);
}

static int line_rows(const struct line_edit *l, int width, int most)
{
    const char *text = line_edit_text(l);
    size_t size = strlen(text);
    int rows = 0;
    do {
        size_t n = text_layout_break(text, size, width, false);
        rows++;
        text += n;
        size -= n;
    } while (size > 0 && rows < most);
    return rows;
}

void pane_chat_line(struct canvas *c, struct rect r, const char *prompt, const struct line_edit *l, bool cursor)
{
    if (r.h < 1) return;
    int left = canvas_puts(c, r, 0, 0, style(ROLE_QUESTION), prompt);
    struct rect text = rect_inset(r, 0, 1, 0, left);
    const char *bytes = line_edit_text(l);
    /* Rows above the one with the cursor that do not fit are not drawn. */
    int cursor_row = 0, cursor_column = 0, row = 0;
    for (int draw = 0; draw < 2; draw++) {
        int first = cursor_row >= r.h ? cursor_row - r.h + 1 : 0;
        row = 0;
        int column = 0;
        for (size_t i = 0; i <= l->size;) {
            if (i == l->cursor) cursor_row = row, cursor_column = column;
            if (i == l->size) break;
            struct safe_glyph g;
            bool newline = bytes[i] == '\n';
            text_layout_glyph(bytes + i, l->size - i, column, &g);
            if (newline || column + g.width > text.w) {
                row++;
                column = 0;
                if (i == l->cursor && !newline) cursor_row = row, cursor_column = 0;
            }
            if (draw && !newline && row >= first) canvas_glyph(c, text, row - first, column, style(ROLE_TEXT), &g);
            if (!newline) column += g.width;
            i += g.taken;
        }
        if (draw && cursor) {
            c->cursor_y = text.y + cursor_row - first;
            c->cursor_x = text.x + (cursor_column < text.w ? cursor_column : text.w);
        }
    }
}

static void describe_question(const struct pane_chat *p, const struct view *v, const char *typing, char *out,
                              size_t size)
{
    const struct conversation *all = v->conversation;
    const struct exchange *x = v->exchange;
    out[0] = '\0';
    if (typing != NULL) snprintf(out, size, "%s", typing);
    if (x == NULL || typing != NULL) return;
    int n = 0;
    if (all->n > 1) n = snprintf(out, size, "question %zu of %zu (< >)  ", all->current + 1, all->n);
    size_t used = n > 0 ? (size_t)n : 0;
    if (x->within[0] != '\0') {
        n = snprintf(out + used, size - used, "%.*s  ", safe_text_most(x->within, 100), x->within);
        used += n > 0 ? (size_t)n : 0;
    }
    if (p->rows > p->height) {
        n = snprintf(out + used, size - used, "rows %d-%d of %d  ", p->scroll + 1, p->scroll + p->height, p->rows);
        used += n > 0 ? (size_t)n : 0;
    }
    const uint64_t covered = exchange_covered(x, v->atlas);
    if (covered > 0 && covered < atlas_total_tokens(v->atlas)) {
        char tokens[16], of[16];
        n = snprintf(out + used, size - used, "asked of the first %s of %s tokens  ",
                     figures_count(tokens, (double)covered), figures_count(of, (double)atlas_total_tokens(v->atlas)));
        used += n > 0 ? (size_t)n : 0;
    }
    if (x->kept != NULL) {
        snprintf(out + used, size - used, "of an earlier sitting%s%s", x->answerer[0] ? ", " : "", x->answerer);
        return;
    }
    if (x->finding != NULL && !exchange_attended(x)) {
        n = snprintf(out + used, size - used, "%.0f%% was read  ", 100 * x->finding->read_share);
        used += n > 0 ? (size_t)n : 0;
    }
    if (x->token >= 0 && x->tokens != NULL) {
        char share[16];
        snprintf(out + used, size - used, "one word's attention (t T); it weighs %s",
                 figures_share(share, (double)x->tokens[x->token].gate));
    } else if (x->finding != NULL && x->state != EXCHANGE_ANSWERED) {
        snprintf(out + used, size - used, "%sevidence in %.*f s, %s",
                 x->state == EXCHANGE_ANSWERING ? "words are coming (Ctrl-C stops)  " : "stopped  ",
                 x->finding->seconds < 1 ? 2 : 1, x->finding->seconds, x->answerer);
    } else if (x->answer != NULL) {
        snprintf(out + used, size - used, "%s, %.*f s%s", x->answer->answerer, x->answer->seconds < 1 ? 2 : 1,
                 x->answer->seconds, x->n_own > 0 ? "  marked: the text's own words" : "");
    }
}

void pane_chat_draw(struct pane_chat *p, struct canvas *c, struct rect r, bool focused, const char *typing,
                    const struct view *v)
{
    char detail[300];
    struct rect body = rect_inset(r, 1, 0, 0, 0);
    int most = body.h > LINE_ROWS + 1 ? LINE_ROWS : body.h > 1 ? body.h - 1 : 1;
    int rows = line_rows(&p->line, body.w - 3, most);
    struct rect line = {body.y + body.h - rows, body.x, rows, body.w};
    struct rect text = {body.y, body.x, body.h - rows, body.w};
    p->height = text.h;
    if (v->exchange != NULL && body.h > 0) draw_scrolled(p, c, text, v);
    describe_question(p, v, typing, detail, sizeof detail);
    pane_title(c, r, focused, "Questions", detail);
    if (body.h < 1) return;
    pane_chat_line(c, line, "› ", &p->line, typing != NULL);
    if (p->line.size == 0)
        canvas_puts(c, line, 0, 3, style(ROLE_DIM),
                    typing ? "type a question, Enter sends it" : "press a to ask about the text");
}

size_t pane_chat_at(const struct pane_chat *p, struct rect r, int y, const struct view *v)
{
    const int row = y - r.y - 1;
    return row < 0 || row >= p->height ? SIZE_MAX : transcript_at(&p->talk, r.w, row + p->scroll, v);
}
