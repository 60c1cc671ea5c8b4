/* Draws the screen: panes where the layout puts them, the bar at the top, progress and hints at the bottom. */
#include <stdio.h>
#include <string.h>

#include "app/panes/code_tint.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "app/screen/completion.h"
#include "app/screen/screen_panes.h"
#include "app/panes/search.h"
#include "compute/model.h"

/* A part of the bar at the top; what does not fit is left out whole. Returns the column after it. */
static int draw_title_part(struct canvas *c, struct rect r, int x, const char *part)
{
    const int width = (int)safe_text_width(part, strlen(part));
    return x + 2 + width < r.w ? canvas_puts(c, r, 0, x + 2, style(ROLE_TITLE), part) : x;
}

static void draw_title(const struct screen *s, struct canvas *c)
{
    struct rect r = s->layout.title;
    const struct corpus *corpus = s->atlas->corpus;
    char number[16], text[400];
    canvas_fill(c, r, style(ROLE_TITLE), " ");
    int x = canvas_puts(c, r, 0, 1, style(ROLE_TITLE), "Lectern");
    const uint64_t read = atlas_tokens(s->atlas);
    const char *path = corpus->documents[0].path, *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (corpus->n_documents == 1) {
        const int width = (int)safe_text_width(name, strlen(name)), room = r.w / 2 - x - 2;
        const int end = x + 2 + (width < room ? width : room);
        if (room > 4) {
            canvas_put_tail(c, r, 0, x + 2, end, style(ROLE_TITLE), name, strlen(name));
            x = end;
        }
    } else {
        snprintf(text, sizeof text, "%zu files", corpus->n_documents);
        x = draw_title_part(c, r, x, text);
    }
    x = draw_title_part(c, r, x, figures_bytes(number, (double)corpus->n_bytes));
    snprintf(text, sizeof text, "%s tokens", figures_count(number, (double)read));
    if (read > 0) x = draw_title_part(c, r, x, text);
    snprintf(text, sizeof text, "%zu skipped (!)", corpus->n_skipped);
    if (corpus->n_skipped > 0) x = draw_title_part(c, r, x, text);
    snprintf(text, sizeof text, "%.60s  %.127s ", s->model ? s->model->name : "", s->device);
    const char *shown = (int)safe_text_width(text, strlen(text)) <= r.w - x - 2 ? text : strstr(text, "  ") + 2;
    if (r.w - x > 20) canvas_put_tail(c, r, 0, x + 2, r.w, style(ROLE_TITLE), shown, strlen(shown));
}

static int draw_bar(struct canvas *c, struct rect r, int x, int width, double part)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int filled = part > 0 ? (int)(part * width * 8) : 0;
    for (int i = 0; i < width; i++) {
        int here = filled - 8 * i;
        here = here < 0 ? 0 : here > 8 ? 8 : here;
        if (here > 0)
            canvas_puts(c, r, 0, x + i, style(ROLE_GOOD), eighths[here]);
        else
            canvas_puts(c, r, 0, x + i, style(ROLE_LINE), "·");
    }
    return x + width;
}

static const char *reading_word(const struct screen *s)
{
    switch (s->reading) {
    case READING_OPENS:
        return "Opening";
    case READING_WAITS:
        return "Another lectern reads this";
    case READING_READS:
        return "Reading";
    case READING_PAUSED:
        return "Paused, r reads on";
    case READING_DONE:
        return "Read";
    case READING_FAILED:
        return "Reading failed";
    }
    return "";
}

/* One line, what matters most first: it is cut at the right. */
static void draw_progress(const struct screen *s, struct canvas *c, struct rect r)
{
    const struct reader_progress *p = &s->progress;
    char rate[16], left[16], memory[16], done[16], all[16];
    if (s->reading == READING_FAILED) {
        canvas_printf(c, r, 0, 1, style(ROLE_ERROR), "Reading failed: %s", s->problem ? s->problem : "");
        return;
    }
    double part = p->total_bytes ? (double)p->bytes / (double)p->total_bytes : 0;
    int x =
        canvas_printf(c, r, 0, 1, style(s->reading == READING_PAUSED ? ROLE_KEY : ROLE_TEXT), "%s ", reading_word(s));
    x = draw_bar(c, r, x, r.w >= 110 ? 20 : r.w >= 60 ? 10 : 4, part);
    x = canvas_printf(c, r, 0, x, style(ROLE_TEXT), " %3.0f%%", 100 * part);
    if (p->tokens == 0) return;
    if (s->reading == READING_READS && p->seconds_left >= 0)
        x = canvas_printf(c, r, 0, x, style(ROLE_TEXT), "  %s left", figures_time(left, p->seconds_left));
    x = canvas_printf(c, r, 0, x, style(ROLE_DIM), "  %s/%s tokens", figures_count(done, (double)p->tokens),
                      figures_count(all, (double)atlas_total_tokens(s->atlas)));
    x = canvas_printf(c, r, 0, x, style(ROLE_DIM), "  %s/s", figures_count(rate, p->tokens_per_second));
    x = canvas_printf(c, r, 0, x, style(ROLE_DIM), "  %s memory", figures_bytes(memory, (double)p->memory));
    if (p->document >= s->atlas->corpus->n_documents || x + 12 > r.w) return;
    const char *path = s->atlas->corpus->documents[p->document].path;
    int room = r.w - x - 3, size = (int)safe_text_width(path, strlen(path));
    canvas_put_tail(c, r, 0, x + 2, x + 2 + (size < room ? size : room), style(ROLE_DIM), path, strlen(path));
}

static int hint_width(const struct screen *s, enum action action, const char *word, char names[80])
{
    keymap_names(&s->config.keymap, action, names, 80);
    names[strcspn(names, " ")] = '\0';
    return names[0] ? (int)safe_text_width(names, strlen(names)) + (int)strlen(word) + 3 : 0;
}

static int draw_hint(const struct screen *s, struct canvas *c, struct rect r, int x, enum action action,
                     const char *word)
{
    char names[80];
    int width = hint_width(s, action, word, names);
    if (width == 0 || x + width - 2 > r.w) return x;
    x = canvas_puts(c, r, 0, x, style(ROLE_KEY), names);
    return canvas_printf(c, r, 0, x, style(ROLE_DIM), " %s  ", word);
}

static bool is_now(const struct screen *s, enum pane_when when)
{
    const struct exchange *x = conversation_current(&s->conversation);
    const bool reads = s->reading == READING_READS, words = x != NULL && x->state == EXCHANGE_ANSWERING;
    return when == WHEN_ALWAYS || (when == WHEN_READING && reads) || (when == WHEN_WORDS_COME && words && !reads) ||
           (when == WHEN_WAITING && s->reading == READING_WAITS) ||
           (when == WHEN_PAUSED && s->reading == READING_PAUSED && !words) || (when == WHEN_ASKED && x != NULL) ||
           (when == WHEN_SELECTED && s->text.selection.on) || (when == WHEN_ANSWERED && exchange_lens(x).n_items > 0) ||
           (when == WHEN_ATTENDED && exchange_attended(x)) || (when == WHEN_SEARCHING && s->search != NULL) ||
           (when == WHEN_IDLE && !s->scale.running);
}

static bool names_action(const struct pane_hint *list, enum action action)
{
    while (list->action != ACTION_NONE && list->action != action) list++;
    return list->action == action;
}

/* Hints, but those of another list, up to a column; false where one had no room, and those after it are left out. */
static bool draw_hint_list(const struct screen *s, struct canvas *c, struct rect r, int *x, int right,
                           const struct pane_hint *list, const struct pane_hint *other)
{
    char names[80];
    for (; list->action != ACTION_NONE; list++) {
        if (!is_now(s, list->when) || (other != NULL && names_action(other, list->action))) continue;
        if (*x + hint_width(s, list->action, list->word, names) > right) return false;
        *x = draw_hint(s, c, r, *x, list->action, list->word);
    }
    return true;
}

/* The keys of what covers the panes, or of a line that is typed; false where it is neither. */
static bool draw_mode_hints(const struct screen *s, struct canvas *c, struct rect r)
{
    int x = 1;
    if (s->mode >= MODE_HELP) {
        const struct pane_hint *keys = screen_panes_current(s)->keys;
        x = draw_hint(s, c, r, x, ACTION_CANCEL, "close");
        for (; keys && keys->action != ACTION_NONE; keys++)
            if (is_now(s, keys->when)) x = draw_hint(s, c, r, x, keys->action, keys->word);
        return true;
    }
    if (s->mode != MODE_ASK && s->mode != MODE_PROMPT) return false;
    x = draw_hint(s, c, r, x, EDIT_ACCEPT, s->mode == MODE_ASK ? "send" : "keep");
    x = draw_hint(s, c, r, x, EDIT_CANCEL, s->mode == MODE_ASK ? "leave" : "clear");
    if (s->mode == MODE_ASK) x = draw_hint(s, c, r, x, EDIT_NEWLINE, "new line");
    if (s->mode == MODE_ASK && s->chat.line.n_history > 0) draw_hint(s, c, r, x, EDIT_PREVIOUS, "earlier question");
    return true;
}

/* The keys that matter here, from the table, the pane's own among them; help and the way out always, at the right. */
static void draw_hints(const struct screen *s, struct canvas *c, struct rect r)
{
    static const struct pane_hint before[] = {{ACTION_ASK, "ask", WHEN_ALWAYS},
                                              {ACTION_STOP, "pause", WHEN_READING},
                                              {ACTION_STOP, "read it here", WHEN_WAITING},
                                              {ACTION_STOP, "stop", WHEN_WORDS_COME},
                                              {ACTION_RESUME, "read on", WHEN_PAUSED},
                                              {ACTION_FOCUS_NEXT, "next pane", WHEN_ALWAYS},
                                              {ACTION_SEARCH_NEXT, "next match", WHEN_SEARCHING},
                                              {0}};
    static const struct pane_hint after[] = {{ACTION_TOKEN_NEXT, "word by word", WHEN_ATTENDED},
                                             {ACTION_INSPECT, "inspector", WHEN_ATTENDED},
                                             {ACTION_BACK, "back", WHEN_ALWAYS},
                                             {0}};
    char names[80];
    int right = r.w - hint_width(s, ACTION_HELP, "keys", names) - hint_width(s, ACTION_QUIT, "quit", names), at = 1;
    const struct pane_hint *own = screen_panes_of(s->focus)->keys;
    (void)(draw_hint_list(s, c, r, &at, right, before, own) && draw_hint_list(s, c, r, &at, right, own, NULL) &&
           draw_hint_list(s, c, r, &at, right, after, NULL));
    at = draw_hint(s, c, r, right, ACTION_HELP, "keys");
    draw_hint(s, c, r, at, ACTION_QUIT, "quit");
}

/* At the right end; returns the columns it takes. */
static int draw_search_state(const struct screen *s, struct canvas *c, struct rect r)
{
    if (s->search == NULL || (s->prompt == PROMPT_COMMAND && s->mode == MODE_PROMPT)) return 0;
    char text[64], count[16];
    unsigned long long n = (unsigned long long)search_count(s->search);
    uint64_t number = search_number(s->search, atlas_byte(s->atlas, s->text.spot));
    if (number > 0)
        snprintf(text, sizeof text, " match %llu of %llu ", (unsigned long long)number, n);
    else
        snprintf(text, sizeof text, " %s match%s%s ",
                 n < 100000 ? (snprintf(count, sizeof count, "%llu", n), count) : figures_count(count, (double)n),
                 n == 1 ? "" : "es", search_done(s->search) ? "" : " ...");
    return r.w - canvas_put_tail(c, r, 0, r.w / 2, r.w, style(ROLE_MATCH), text, strlen(text));
}

/* What can come next, behind the command that is typed; where there is no room, as much of it as there is. */
static void draw_completion(const struct screen *s, struct canvas *c, struct rect r)
{
    const struct line_edit *l = &s->prompts[1];
    struct completion found;
    completion_find(&found, line_edit_text(l), s->atlas->corpus);
    int x = 4 + (int)safe_text_width(line_edit_text(l), l->size);
    for (size_t i = 0; i < found.n; i++) {
        const int width = (int)safe_text_width(found.words[i], strlen(found.words[i]));
        if (x + width + 2 > r.w) return;
        x = canvas_puts(c, r, 0, x, style(ROLE_DIM), found.words[i]) + 2;
    }
    if (found.all > found.n) canvas_puts(c, r, 0, x, style(ROLE_DIM), "…");
}

static void draw_status(struct screen *s, struct canvas *c)
{
    static const char *const prompts[] = {"/", "\\", "regex: ", ":"};
    struct rect r = s->layout.status;
    /* A message that needs the room has it. */
    const bool says = s->notice[0] != '\0' && (s->mode != MODE_PROMPT || s->prompt == PROMPT_FILTER);
    if (!says || (int)safe_text_width(s->notice, strlen(s->notice)) + 24 < r.w)
        r = rect_inset(r, 0, draw_search_state(s, c, r), 0, 0);
    if (s->mode == MODE_PROMPT && s->prompt != PROMPT_FILTER) {
        pane_chat_line(c, r, prompts[s->prompt], &s->prompts[s->prompt == PROMPT_COMMAND], true);
        if (s->prompt == PROMPT_COMMAND) draw_completion(s, c, r);
    } else if (s->notice[0] != '\0') {
        canvas_put_head(c, r, 0, 1, style(s->notice_role), s->notice, strlen(s->notice));
    } else if (s->mode == MODE_MARK) {
        canvas_puts(c, r, 0, 1, style(ROLE_KEY), s->mark_goes ? "go to which mark?" : "mark with which letter?");
    } else if (draw_mode_hints(s, c, r)) {
        return;
    } else if (s->layout.progress.h == 0 && s->reading != READING_DONE) {
        draw_progress(s, c, rect_inset(r, 0, 8, 0, 0));
        canvas_put_tail(c, r, 0, r.w - 8, r.w, style(ROLE_DIM), " ? keys ", 8);
    } else {
        draw_hints(s, c, r);
    }
}

static void draw_panes(struct screen *s, struct canvas *c)
{
    const struct rect *panes = s->layout.panes, text = panes[FOCUS_TEXT], evidence = panes[FOCUS_EVIDENCE];
    for (enum focus i = FOCUS_TEXT; i < FOCUS_COUNT; i++)
        if (panes[i].h > 0) screen_panes_of(i)->draw(s, c, panes[i], s->focus == i && s->mode != MODE_ASK);
    if (text.x > 0) canvas_fill(c, (struct rect){text.y, text.x - 1, text.h, 1}, style(ROLE_LINE), "│");
    if (evidence.x > 0) canvas_fill(c, (struct rect){evidence.y, evidence.x - 1, evidence.h, 1}, style(ROLE_LINE), "│");
}

void screen_draw(struct screen *s, struct canvas *c)
{
    canvas_clear(c);
    code_tint_draw(s->code);
    s->stale = false;
    s->drawn = c;
    s->rows = c->rows;
    s->cols = c->cols;
    screen_layout(s, c->rows, c->cols, &s->layout);
    if (s->layout.too_small) {
        struct rect all = {0, 0, c->rows, c->cols};
        canvas_puts(c, all, c->rows / 2, 0, style(ROLE_TEXT), "too small: < 20x6");
        return;
    }
    draw_title(s, c);
    if (s->mode >= MODE_HELP) {
        screen_panes_current(s)->draw(s, c, (struct rect){1, 0, c->rows - 2, c->cols}, true);
    } else {
        draw_panes(s, c);
        if (s->layout.progress.h > 0) draw_progress(s, c, s->layout.progress);
    }
    draw_status(s, c);
}
