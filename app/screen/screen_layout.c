/* Where the panes are. A wide window has the text in the middle and evidence at its side; a small one shows one pane at
 * a time. */
#include "app/screen/screen_parts.h"

#define SMALLEST_ROWS 6
#define SMALLEST_COLS 20
#define STACKED_ROWS 16
#define STACKED_COLS 60
/* Columns of the panes at the sides, and of the text with the lines beside it. */
#define SIDE_LEAST 12
#define TEXT_LEAST 30

/* The nearest to `n` that is allowed, the least where there is no room for the most. */
static int clamp_between(int n, int least, int most)
{
    if (n > most) n = most;
    return n < least ? least : n;
}

static int map_rows(const struct screen *s, int rows, int cols)
{
    int strip = rows < 30 ? 1 : rows < 44 ? 2 : 3;
    bool two = s->conversation.compared < s->conversation.n && cols < PANE_MAP_BESIDE;
    return 2 + strip * (two ? 2 : 1);
}

static int chat_rows(const struct screen *s, int rows)
{
    const int by_hand = s->sizes.chat, room = rows - 10;
    if (s->conversation.n == 0) return clamp_between((s->chat.line.size > 0 ? 6 : 2) + by_hand, 2, room);
    int least = 6, most = s->focus == FOCUS_CHAT ? rows / 2 : rows / 3;
    int wanted = s->chat.shown + 3 + (s->conversation.n > 1 ? 2 : 0);
    return clamp_between(clamp_between(wanted, least, most < least ? least : most) + by_hand, 3, room);
}

static void stacked(const struct screen *s, int rows, int cols, struct layout *l)
{
    l->compact = true;
    const int lanes = s->conversation.compared < s->conversation.n ? 2 : 1;
    l->panes[FOCUS_MAP] = (struct rect){1, 0, lanes, cols};
    struct rect body = {1 + lanes, 0, rows - 2 - lanes, cols};
    l->panes[s->focus == FOCUS_MAP ? FOCUS_TEXT : s->focus] = body;
}

/* Contents, text and evidence side by side; contents over evidence where there is less room; one of the two where there
 * is little. */
static void columns(const struct screen *s, struct rect r, struct layout *l)
{
    if (r.w >= 130) {
        int left = r.w / 5 < 40 ? r.w / 5 : 40, right = r.w * 3 / 10 < 60 ? r.w * 3 / 10 : 60;
        left = clamp_between(left + s->sizes.left, SIDE_LEAST, r.w - right - TEXT_LEAST);
        right = clamp_between(right + s->sizes.right, SIDE_LEAST, r.w - left - TEXT_LEAST);
        l->panes[FOCUS_CONTENTS] = (struct rect){r.y, r.x, r.h, left};
        l->panes[FOCUS_TEXT] = (struct rect){r.y, r.x + left + 1, r.h, r.w - left - right - 2};
        l->panes[FOCUS_EVIDENCE] = (struct rect){r.y, r.x + r.w - right, r.h, right};
        return;
    }
    int side = clamp_between(16 + r.w / 5 + s->sizes.left, SIDE_LEAST, r.w - TEXT_LEAST);
    struct rect beside = {r.y, r.x, r.h, side};
    l->panes[FOCUS_TEXT] = (struct rect){r.y, r.x + side + 1, r.h, r.w - side - 1};
    bool contents = s->focus == FOCUS_CONTENTS || (s->focus != FOCUS_EVIDENCE && s->conversation.n == 0);
    if (r.h >= 20) {
        /* Short contents leave their room to the evidence. */
        int most = s->conversation.n == 0 ? r.h - 5 : r.h * (s->focus == FOCUS_CONTENTS ? 3 : 2) / 5, wanted = 3;
        while (wanted < most && (size_t)wanted < s->contents.n_rows + 2) wanted++;
        l->panes[FOCUS_CONTENTS] = (struct rect){r.y, r.x, wanted, side};
        l->panes[FOCUS_EVIDENCE] = rect_inset(beside, wanted, 0, 0, 0);
    } else if (contents) {
        l->panes[FOCUS_CONTENTS] = beside;
    } else {
        l->panes[FOCUS_EVIDENCE] = beside;
    }
}

void screen_layout(const struct screen *s, int rows, int cols, struct layout *out)
{
    struct layout l = {0};
    l.too_small = rows < SMALLEST_ROWS || cols < SMALLEST_COLS;
    l.title = (struct rect){0, 0, 1, cols};
    l.status = (struct rect){rows - 1, 0, 1, cols};
    if (rows < STACKED_ROWS || cols < STACKED_COLS) {
        stacked(s, rows, cols, &l);
        *out = l;
        return;
    }
    int bottom = rows - 1;
    if (s->reading != READING_DONE) l.progress = (struct rect){--bottom, 0, 1, cols};
    if (s->maximized) {
        l.panes[s->focus] = (struct rect){1, 0, bottom - 1, cols};
        *out = l;
        return;
    }
    l.panes[FOCUS_MAP] = (struct rect){1, 0, map_rows(s, rows, cols), cols};
    int chat = chat_rows(s, rows), top = 1 + l.panes[FOCUS_MAP].h, middle = bottom - chat - top;
    l.panes[FOCUS_CHAT] = (struct rect){bottom - chat, 0, chat, cols};
    columns(s, (struct rect){top, 0, middle, cols}, &l);
    *out = l;
}
