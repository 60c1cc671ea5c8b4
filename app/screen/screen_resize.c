/* How large the panes are, other than the layout has it: by keys, and by drawing the lines between them with the mouse.
 */
#include "app/screen/screen_panes.h"

/* Columns a key is worth. */
#define STEP 2

void screen_resize_side(struct screen *s, int by)
{
    s->sizes.left += STEP * by;
}

void screen_resize_evidence(struct screen *s, int by)
{
    int *size = s->layout.panes[FOCUS_EVIDENCE].x > 0 ? &s->sizes.right : &s->sizes.left;
    *size += STEP * by;
}

void screen_resize_text(struct screen *s, int by)
{
    s->sizes.left -= STEP * by;
    if (s->layout.panes[FOCUS_EVIDENCE].x > 0) s->sizes.right -= STEP * by;
}

void screen_resize_chat(struct screen *s, int by)
{
    s->sizes.chat += by;
}

void screen_resize_key(struct screen *s, int by)
{
    const struct pane_ops *pane = screen_panes_of(s->focus);
    if (pane->resize != NULL && !s->maximized && !s->layout.compact)
        pane->resize(s, by);
    else
        screen_notice(s, ROLE_DIM, "this pane keeps its size here");
}

/* The line between contents and text, between text and evidence, above the questions. */
void screen_resize_press(struct screen *s, const struct event *event)
{
    const struct rect *panes = s->layout.panes, text = panes[FOCUS_TEXT], evidence = panes[FOCUS_EVIDENCE];
    const bool beside = event->y >= text.y && event->y < text.y + text.h;
    s->drag.size = NULL;
    s->drag.text = false;
    if (beside && text.x > 0 && event->x == text.x - 1)
        s->drag.size = &s->sizes.left;
    else if (beside && evidence.x > 0 && event->x == evidence.x - 1)
        s->drag.size = &s->sizes.right;
    else if (panes[FOCUS_CHAT].y > 1 && event->y == panes[FOCUS_CHAT].y)
        s->drag.size = &s->sizes.chat;
    s->drag.y = event->y;
    s->drag.x = event->x;
}

void screen_resize_release(struct screen *s, const struct event *event)
{
    int *size = s->drag.size;
    s->drag.size = NULL;
    if (size == &s->sizes.left) *size += event->x - s->drag.x;
    if (size == &s->sizes.right) *size += s->drag.x - event->x;
    if (size == &s->sizes.chat) *size += s->drag.y - event->y;
}
