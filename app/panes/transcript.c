#include "app/panes/transcript.h"

#include <string.h>

#include "app/text/figures.h"
#include "app/text/text_layout.h"

/* Length of a reference "[12]" at the start of the text, 0 where there is none. */
static size_t reference(const char *text, size_t size)
{
    size_t i = 1;
    if (size < 3 || text[0] != '[') return 0;
    while (i < size && i < 4 && text[i] >= '0' && text[i] <= '9') i++;
    return i > 1 && i < size && text[i] == ']' ? i + 1 : 0;
}

/* One row of a text, its references marked; returns the column after it. */
static int draw_row(struct canvas *c, struct rect r, int y, struct style s, bool references, const char *text, size_t n,
                    size_t size)
{
    size_t marked = 0;
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
    return x;
}

/* Draws wrapped text from row y (which may lie above the pane) on; returns the row after it. */
static int draw_wrapped(struct canvas *c, struct rect r, int y, struct style s, bool references, const char *text,
                        size_t size)
{
    while (size > 0) {
        size_t n = text_layout_break(text, size, r.w, true);
        draw_row(c, r, y, s, references, text, n, size);
        text += n;
        size -= n;
        y++;
    }
    return y;
}

/* What of a text has room on one row, with a sign where there is more. */
static int draw_first(struct canvas *c, struct rect r, int y, struct style s, bool references, const char *text)
{
    const size_t size = strlen(text);
    if (size == 0) return y;
    const size_t n = text_layout_break(text, size, r.w > 3 ? r.w - 2 : r.w, true);
    const int x = draw_row(c, r, y, s, references, text, n, size);
    if (n < size && y >= 0) canvas_puts(c, r, y, x, s, " …");
    return y + 1;
}

/* The question; while single words of it are looked at, the one looked at is marked and the others are as hot as they
 * weigh. */
static int draw_question(struct canvas *c, struct rect r, int y, const struct exchange *x)
{
    const char *text = x->question;
    size_t size = strlen(text), begin = 0, token = 0;
    bool single = x->token >= 0 && x->tokens != NULL;
    size_t first = 0, last = 0; /* tokens of the word that is looked at */
    if (single) exchange_word(x, (size_t)x->token, &first, &last);
    float most = 0;
    for (size_t i = 0; single && i < x->n_tokens; i++) most = x->tokens[i].gate > most ? x->tokens[i].gate : most;
    while (begin < size) {
        size_t end = begin + text_layout_break(text + begin, size - begin, r.w, true);
        int column = 0;
        for (size_t i = begin; i < end;) {
            struct safe_glyph g;
            struct style s = style(ROLE_QUESTION);
            while (single && token + 1 < x->n_tokens && x->tokens[token].end <= i) token++;
            if (single && token >= first && token < last)
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

static int draw_whole(struct canvas *c, struct rect r, int y, const struct exchange *x, bool reading)
{
    y = draw_question(c, r, y, x);
    if (x->size > 0) y = draw_wrapped(c, r, y, style(ROLE_TEXT), true, x->text, x->size);
    const char *words = state_words(x, reading);
    return draw_wrapped(c, r, y, style(x->problem ? ROLE_ERROR : ROLE_DIM), false, words, strlen(words));
}

static int draw_folded(struct canvas *c, struct rect r, int y, const struct exchange *x, bool reading)
{
    y = draw_first(c, r, y, style(ROLE_DIM), false, x->question);
    if (x->size > 0) return draw_first(c, r, y, style(ROLE_DIM), true, x->text);
    return draw_first(c, r, y, style(x->problem ? ROLE_ERROR : ROLE_DIM), false, state_words(x, reading));
}

static int draw_exchange(const struct transcript *t, struct canvas *c, struct rect r, int y, const struct exchange *x,
                         bool current)
{
    if (y >= 0 && y < r.h) canvas_puts(c, r, y, 0, style(current ? ROLE_QUESTION : ROLE_DIM), "?");
    const struct rect text = rect_inset(r, 0, 0, 0, 2);
    return current || t->unfolded ? draw_whole(c, text, y, x, t->reading) : draw_folded(c, text, y, x, t->reading);
}

struct transcript_rows transcript_draw(const struct transcript *t, struct canvas *c, struct rect r, int scroll,
                                       const struct view *v)
{
    const struct conversation *all = v->conversation;
    struct transcript_rows rows = {0, 0, 0};
    for (size_t i = 0; i < all->n; i++) {
        const int begin = rows.all;
        rows.all = draw_exchange(t, c, r, begin - scroll, all->items[i], i == all->current) + scroll;
        if (i == all->current) rows.begin = begin, rows.end = rows.all;
    }
    return rows;
}

size_t transcript_at(const struct transcript *t, int width, int row, const struct view *v)
{
    const struct conversation *all = v->conversation;
    int y = 0; /* in a rectangle without rows nothing is drawn */
    for (size_t i = 0; i < all->n; i++) {
        y = draw_exchange(t, NULL, (struct rect){0, 0, 0, width}, y, all->items[i], i == all->current);
        if (row >= 0 && row < y) return i;
    }
    return SIZE_MAX;
}

unsigned transcript_reference(const struct canvas *c, struct rect r, int y, int x)
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
