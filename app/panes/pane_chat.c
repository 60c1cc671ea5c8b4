#include "app/panes/pane_chat.h"

#include <stdio.h>
#include <string.h>

#include "app/text/figures.h"
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
    p->held = p->scroll < most;
}

void pane_chat_top(struct pane_chat *p)
{
    p->scroll = 0;
    p->held = false;
}

/* Length of a reference "[12]" at the start of the text, 0 where there is none. */
static size_t reference(const char *text, size_t size)
{
    size_t i = 1;
    if (size < 3 || text[0] != '[') return 0;
    while (i < size && i < 4 && text[i] >= '0' && text[i] <= '9') i++;
    return i > 1 && i < size && text[i] == ']' ? i + 1 : 0;
}

/* Draws wrapped text from row y (which may lie above the pane) on; returns the row after it. */
static int draw_wrapped(struct canvas *c, struct rect r, int y, struct style s, bool references, const char *text,
                        size_t size)
{
    while (size > 0) {
        size_t n = text_layout_break(text, size, r.w, true), marked = 0;
        int x = 0;
        for (size_t i = 0; i < n && y >= 0 && y < r.h;) {
            struct safe_glyph g;
            size_t length = references ? reference(text + i, size - i) : 0;
            if (length > 0) marked = i + length;
            text_layout_glyph(text + i, n - i, x, &g);
            int next = canvas_glyph(c, r, y, x, i < marked ? style(ROLE_REFERENCE) : s, &g);
            if (next >= 0) x = next;
            i += g.taken;
        }
        text += n;
        size -= n;
        y++;
    }
    return y;
}

/* The question; while single words of it are looked at, the one looked at is marked and the others are as hot as they
 * weigh. */
static int draw_question(struct canvas *c, struct rect r, int y, const struct exchange *x)
{
    const char *text = x->question;
    size_t size = strlen(text), begin = 0, token = 0;
    bool single = x->token >= 0 && x->tokens != NULL;
    float most = 0;
    for (size_t i = 0; single && i < x->n_tokens; i++) most = x->tokens[i].gate > most ? x->tokens[i].gate : most;
    while (begin < size) {
        size_t end = begin + text_layout_break(text + begin, size - begin, r.w, true);
        int column = 0;
        for (size_t i = begin; i < end;) {
            struct safe_glyph g;
            struct style s = style(ROLE_QUESTION);
            while (single && token + 1 < x->n_tokens && x->tokens[token].end <= i) token++;
            if (single && token == (size_t)x->token)
                s = style(ROLE_FOCUS);
            else if (single)
                s = (struct style){ROLE_WEIGHT,
                                   (uint8_t)figures_heat((double)x->tokens[token].gate, (double)most, false)};
            text_layout_glyph(text + i, end - i, column, &g);
            int next = y >= 0 && y < r.h ? canvas_glyph(c, r, y, column, s, &g) : column + g.width;
            if (next >= 0) column = next;
            i += g.taken;
        }
        begin = end;
        y++;
    }
    return y;
}

static const char *state_words(const struct exchange *x, bool reading)
{
    switch (x->state) {
    case EXCHANGE_WAITS:
        return reading ? "Waits its turn. Ctrl-C pauses reading and answers from what has been read."
                       : "Waits its turn.";
    case EXCHANGE_ANSWERING:
        if (x->finding == NULL) return "Looking through the text ...";
        return x->size ? "" : "The evidence is there; the words are on their way. Ctrl-C stops them.";
    case EXCHANGE_ANSWERED:
        if (x->problem) return x->problem; /* sentences are quoted instead: the pane's title says so */
        if (x->finding->read_share < 1 && !exchange_attended(x) && x->kept == NULL)
            return "Found by words while the text is read; it is answered again when the attention is there.";
        return x->size ? "" : "No words for an answer: see the evidence.";
    case EXCHANGE_STOPPED:
        return "(stopped)";
    case EXCHANGE_FAILED:
        return x->problem ? x->problem : "It failed.";
    }
    return "";
}

static void draw_exchange(struct pane_chat *p, struct canvas *c, struct rect r, const struct exchange *x, bool reading)
{
    int y = -p->scroll;
    if (y >= 0 && y < r.h) canvas_puts(c, r, y, 0, style(ROLE_QUESTION), "?");
    struct rect text = rect_inset(r, 0, 0, 0, 2);
    y = draw_question(c, text, y, x);
    if (x->size > 0) y = draw_wrapped(c, text, y, style(ROLE_TEXT), true, x->text, x->size);
    const char *words = state_words(x, reading);
    enum role role = x->problem ? ROLE_ERROR : ROLE_DIM;
    y = draw_wrapped(c, text, y, style(role), false, words, strlen(words));
    p->rows = y + p->scroll;
}

/* Words that are coming are followed to their end; an answer that has become shorter is not left behind. */
static void draw_scrolled(struct pane_chat *p, struct canvas *c, struct rect r, const struct exchange *x, bool reading)
{
    draw_exchange(p, c, r, x, reading);
    const int most = p->rows > r.h ? p->rows - r.h : 0;
    const bool follow = x->state == EXCHANGE_ANSWERING && !p->held;
    if (p->scroll == most || (p->scroll < most && !follow)) return;
    p->scroll = most;
    canvas_fill(c, r, style(ROLE_TEXT), " ");
    draw_exchange(p, c, r, x, reading);
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

static void describe(const struct pane_chat *p, const struct view *v, char *out, size_t size)
{
    const struct conversation *all = v->conversation;
    const struct exchange *x = v->exchange;
    out[0] = '\0';
    if (x == NULL) return;
    int n = 0;
    if (all->n > 1) n = snprintf(out, size, "question %zu of %zu (< >)  ", all->current + 1, all->n);
    size_t used = n > 0 ? (size_t)n : 0;
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
        snprintf(out + used, size - used, "%s, %.*f s", x->answer->answerer, x->answer->seconds < 1 ? 2 : 1,
                 x->answer->seconds);
    }
}

void pane_chat_draw(struct pane_chat *p, struct canvas *c, struct rect r, bool focused, bool typing, bool reading,
                    const struct view *v)
{
    char detail[300];
    struct rect body = rect_inset(r, 1, 0, 0, 0);
    int most = body.h > LINE_ROWS + 1 ? LINE_ROWS : body.h > 1 ? body.h - 1 : 1;
    int rows = line_rows(&p->line, body.w - 3, most);
    struct rect line = {body.y + body.h - rows, body.x, rows, body.w};
    struct rect text = {body.y, body.x, body.h - rows, body.w};
    p->height = text.h;
    if (v->exchange != NULL && body.h > 0) draw_scrolled(p, c, text, v->exchange, reading);
    describe(p, v, detail, sizeof detail);
    pane_title(c, r, focused, "Questions", detail);
    if (body.h < 1) return;
    pane_chat_line(c, line, "› ", &p->line, typing);
    if (p->line.size == 0)
        canvas_puts(c, line, 0, 3, style(ROLE_DIM),
                    typing ? "type a question, Enter sends it" : "press a to ask about the text");
}

unsigned pane_chat_reference(const struct canvas *c, struct rect r, int y, int x)
{
    if (!rect_holds(r, y, x) || y >= c->rows || x >= c->cols) return 0;
    const struct cell *row = &c->cells[(size_t)y * (size_t)c->cols];
    if (row[x].style.role != ROLE_REFERENCE) return 0;
    while (x > r.x && row[x - 1].style.role == ROLE_REFERENCE && row[x].text[0] != '[') x--;
    unsigned number = 0;
    for (x++; x < r.x + r.w && row[x].text[0] >= '0' && row[x].text[0] <= '9'; x++)
        number = number * 10 + (unsigned)(row[x].text[0] - '0');
    return number;
}
