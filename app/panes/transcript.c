#include "app/panes/transcript.h"

#include <string.h>

#include "app/panes/code_quote.h"
#include "app/panes/code_tint.h"
#include "app/text/figures.h"
#include "app/text/text_layout.h"

/* What is written on wrapped rows. */
struct words {
    const char *text;
    size_t size;
    struct style style;
    const struct exchange *answers; /* the text is its answer: references, quotes of code and the text's own words are
                                     * marked; or NULL */
    const struct view *view;
    size_t marked; /* up to here a reference goes, which a row may have torn */
};

static struct words words_of(const char *text, enum role role)
{
    return (struct words){.text = text, .size = strlen(text), .style = style(role)};
}

static struct words answer_of(const struct exchange *x, const struct view *v)
{
    return (struct words){x->text, x->size, style(ROLE_TEXT), x, v, 0};
}

/* A byte of an answer; what is known of the piece before it goes on in `quote`. */
static struct style style_at(const struct words *w, size_t at, struct code_quote *quote)
{
    if (at >= quote->next) {
        *quote = code_quote_at(w->answers, w->view->atlas->corpus, at);
        if (quote->begin < quote->end)
            code_tint_want(w->view->code, quote->document, quote->offset, quote->offset + quote->end - quote->begin);
    }
    if (at < quote->begin || at >= quote->end)
        return w->style.role == ROLE_TEXT && exchange_owns(w->answers, at) ? style(ROLE_QUOTED) : w->style;
    return pane_code(w->view, w->style, quote->document, quote->offset + at - quote->begin);
}

/* Bytes [at, end) on one row; returns the column after it. */
static int draw_row(struct canvas *c, struct rect r, int y, struct words *w, size_t at, size_t end)
{
    struct code_quote quote = {.next = 0};
    int x = 0;
    while (at < end && y >= 0 && y < r.h) {
        struct safe_glyph g;
        struct style s = w->style;
        const size_t length = w->answers ? citation_reference(w->text + at, w->size - at) : 0;
        if (length > 0) w->marked = at + length;
        if (at < w->marked)
            s = style(ROLE_REFERENCE);
        else if (w->answers)
            s = style_at(w, at, &quote);
        text_layout_glyph(w->text + at, end - at, x, &g);
        int next = canvas_glyph(c, r, y, x, s, &g);
        if (next >= 0) x = next;
        at += g.taken;
    }
    return x;
}

/* Draws wrapped text from row y (which may lie above the pane) on; returns the row after it. */
static int draw_wrapped(struct canvas *c, struct rect r, int y, struct words w)
{
    for (size_t at = 0; at < w.size; y++) {
        const size_t n = text_layout_break(w.text + at, w.size - at, r.w, true);
        draw_row(c, r, y, &w, at, at + n);
        at += n;
    }
    return y;
}

/* What of a text has room on one row, with a sign where there is more. */
static int draw_first(struct canvas *c, struct rect r, int y, struct words w)
{
    if (w.size == 0) return y;
    size_t n = text_layout_break(w.text, w.size, r.w > 3 ? r.w - 2 : r.w, true);
    const bool more = n < w.size;
    while (more && n > 0 && strchr(" \t\n", w.text[n - 1])) n--;
    const int x = draw_row(c, r, y, &w, 0, n);
    if (more && y >= 0) canvas_puts(c, r, y, x, w.style, " …");
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

static int draw_whole(struct canvas *c, struct rect r, int y, const struct exchange *x, bool reading,
                      const struct view *v)
{
    y = draw_question(c, r, y, x);
    if (x->size > 0) y = draw_wrapped(c, r, y, answer_of(x, v));
    return draw_wrapped(c, r, y, words_of(state_words(x, reading), x->problem ? ROLE_ERROR : ROLE_DIM));
}

static int draw_folded(struct canvas *c, struct rect r, int y, const struct exchange *x, bool reading,
                       const struct view *v)
{
    y = draw_first(c, r, y, words_of(x->question, ROLE_DIM));
    if (x->size == 0) return draw_first(c, r, y, words_of(state_words(x, reading), x->problem ? ROLE_ERROR : ROLE_DIM));
    struct words w = answer_of(x, v);
    w.style = style(ROLE_DIM);
    return draw_first(c, r, y, w);
}

static int draw_exchange(const struct transcript *t, struct canvas *c, struct rect r, int y, const struct exchange *x,
                         const struct view *v, bool current)
{
    if (y >= 0 && y < r.h) canvas_puts(c, r, y, 0, style(current ? ROLE_QUESTION : ROLE_DIM), "?");
    const struct rect text = rect_inset(r, 0, 0, 0, 2);
    return current || t->unfolded ? draw_whole(c, text, y, x, t->reading, v)
                                  : draw_folded(c, text, y, x, t->reading, v);
}

struct transcript_rows transcript_draw(const struct transcript *t, struct canvas *c, struct rect r, int scroll,
                                       const struct view *v)
{
    const struct conversation *all = v->conversation;
    struct transcript_rows rows = {0, 0, 0};
    for (size_t i = 0; i < all->n; i++) {
        const int begin = rows.all;
        rows.all = draw_exchange(t, c, r, begin - scroll, all->items[i], v, i == all->current) + scroll;
        if (i == all->current) rows.begin = begin, rows.end = rows.all;
    }
    return rows;
}

size_t transcript_at(const struct transcript *t, int width, int row, const struct view *v)
{
    const struct conversation *all = v->conversation;
    int y = 0; /* in a rectangle without rows nothing is drawn */
    for (size_t i = 0; i < all->n; i++) {
        y = draw_exchange(t, NULL, (struct rect){0, 0, 0, width}, y, all->items[i], v, i == all->current);
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
    if (row[x].text[0] != '[') return 0;
    unsigned number = 0;
    for (x++; x < r.x + r.w && row[x].text[0] >= '0' && row[x].text[0] <= '9'; x++)
        number = number * 10 + (unsigned)(row[x].text[0] - '0');
    return x < r.x + r.w && row[x].text[0] == ']' ? number : 0; /* else the edge has torn it */
}
