#include "app/screen/screen_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/figures.h"
#include "app/worker/message.h"
#include "app/text/safe_text.h"
#include "app/panes/code_tint.h"
#include "app/panes/search.h"
#include "compute/error.h"

/* A key that comes meanwhile waits so long. */
#define WORK_MS 3

void screen_configured(struct screen *s)
{
    s->text.numbers = s->config.numbers;
    s->text.chopped = s->config.chopped;
    s->text.prose_width = s->config.prose_width;
}

int screen_open(struct screen **out, const struct corpus *c, const struct model *m, const struct config *config,
                const struct screen_calls *calls, struct error *e)
{
    struct screen *s = calloc(1, sizeof *s);
    if (s == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for the screen");
    if (atlas_open(&s->atlas, c, e) != 0 || pane_contents_open(&s->contents, c, e) != 0 ||
        code_tint_open(&s->code, c, e) != 0) {
        pane_contents_close(&s->contents);
        atlas_close(s->atlas);
        free(s);
        return -1;
    }
    s->calls = *calls;
    s->model = m;
    s->stale = true;
    s->conversation.compared = SIZE_MAX;
    s->text.title = true;
    s->choice = (struct inspected_choice){-1, -1, -1, -1};
    s->pattern = (struct pane_pattern){.zoom = 2, .head = -1, .branch = -1};
    s->text.width = 80;
    s->text.height = 20;
    s->config = *config;
    screen_configured(s);
    *out = s;
    return 0;
}

void screen_close(struct screen *s)
{
    if (s == NULL) return;
    search_close(s->search);
    conversation_close(&s->conversation);
    pane_chat_close(&s->chat);
    pane_contents_close(&s->contents);
    line_edit_close(&s->picker.line);
    match_list_close(&s->matches);
    code_tint_close(s->code);
    screen_define_end(s);
    for (int i = 0; i < 2; i++) line_edit_close(&s->prompts[i]);
    atlas_close(s->atlas);
    free(s->problem);
    free(s->export_path);
    free(s->scope_said.line);
    free(s);
}

struct view screen_view(const struct screen *s)
{
    const struct conversation *all = &s->conversation;
    return (struct view){
        .atlas = s->atlas,
        .conversation = all,
        .exchange = conversation_current(all),
        .compared = all->compared < all->n ? all->items[all->compared] : NULL,
        .dilated = s->dilated,
        .choice = s->choice,
        .outline = s->contents.outline,
        .code = s->code,
        .search = s->search,
        .spot = s->text.spot,
        .logarithmic = s->config.logarithmic,
    };
}

void screen_notice(struct screen *s, enum role role, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->notice, sizeof s->notice, format, args);
    va_end(args);
    s->notice[safe_text_whole(s->notice, strlen(s->notice))] = '\0';
    s->notice_role = role;
}

void screen_changed(struct screen *s, size_t document)
{
    if (s->changed) return;
    char key[32];
    const char *path = s->atlas->corpus->documents[document].path;
    s->changed = true;
    keymap_names(&s->config.keymap, ACTION_RESUME, key, sizeof key);
    screen_notice(s, ROLE_KEY, "%.*s has changed since it was read: %s reads on from there", safe_text_most(path, 200),
                  path, key);
}

void screen_go(struct screen *s, struct spot spot, uint64_t span)
{
    jumps_leave(&s->jumps, s->text.spot);
    pane_text_go(&s->text, s->atlas, spot, span);
    s->map.own_cursor = false;
}

static void take_reading(struct screen *s, struct message *m)
{
    if (m->text != NULL) {
        s->reading = READING_FAILED;
        free(s->problem);
        s->problem = m->text;
        m->text = NULL;
        return;
    }
    s->reading = m->done ? READING_DONE : READING_PAUSED;
    char tokens[16], rate[16], time[16], kept[16];
    const struct reader_progress *p = &s->progress;
    /* An answer to a key is not covered: nobody may have seen it yet. */
    const bool said = s->notice[0] != '\0' && (s->notice_role == ROLE_ERROR || s->notice_role == ROLE_DIM);
    if (!m->done || p->new_tokens == 0 || p->seconds <= 0 || said) return;
    figures_count(tokens, (double)p->new_tokens);
    figures_count(rate, (double)p->new_tokens / p->seconds);
    figures_time(time, p->seconds);
    figures_count(kept, (double)(p->tokens - p->new_tokens));
    if (p->new_tokens < p->tokens)
        screen_notice(s, ROLE_GOOD, "Read %s tokens in %s (%s tokens/s); %s are kept from an earlier read.", tokens,
                      time, rate, kept);
    else
        screen_notice(s, ROLE_GOOD, "Read %s tokens in %s (%s tokens/s).", tokens, time, rate);
}

/* Evidence that the user is waiting for brings its first place into sight; words may follow. */
static void show_first_place(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    s->map.own_cursor = false;
    if (s->focus != FOCUS_CHAT || s->mode != MODE_BROWSE || x->whole.n_items == 0) return;
    jumps_leave(&s->jumps, s->text.spot);
    if (!s->layout.compact) s->focus = FOCUS_EVIDENCE; /* which would cover the words there */
    screen_evidence_show(s, false);
}

static bool has_evidence(const struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    return x != NULL && x->finding != NULL;
}

/* The place that is selected is what the text shows: nobody went elsewhere. */
static bool is_shown(const struct screen *s, const struct exchange *x)
{
    const struct finding_item *item = exchange_selected(x);
    return item && s->text.spot.document == item->document && s->text.spot.offset == item->offset;
}

/* A first place that was looked at is followed where a second reading puts another one before it. */
static void take_talk(struct screen *s, struct message *m)
{
    const bool had = has_evidence(s);
    const struct exchange *x = conversation_current(&s->conversation);
    const struct finding *before = x ? x->finding : NULL;
    const bool looked_at = had && x->selected == 0 && is_shown(s, x);
    s->unkept = s->unkept || m->type == MESSAGE_ANSWER_ENDS;
    conversation_take(&s->conversation, m, s->atlas);
    if (x && x->finding != before) s->wanted_lens.id = s->wanted_shares.id = 0; /* of the one before */
    if (has_evidence(s) && !had) show_first_place(s);
    if (looked_at && x->finding != before) screen_evidence_show(s, false);
}

/* True where the message is about measuring. */
static bool take_scale(struct screen *s, const struct message *m)
{
    struct pane_scale *p = &s->scale;
    switch (m->type) {
    case MESSAGE_SCALE_STEP:
        p->what = m->scale.what;
        p->tokens = m->scale.tokens;
        p->done = m->scale.done;
        p->all = m->scale.all;
        return true;
    case MESSAGE_SCALE_ROW:
        if (p->n_rows < PANE_SCALE_ROWS) p->rows[p->n_rows++] = m->scale.row;
        return true;
    case MESSAGE_SCALE_ENDS:
    case MESSAGE_SCALE_NOTE:
        p->running = p->running && m->type == MESSAGE_SCALE_NOTE;
        if (m->text != NULL || !m->done) snprintf(p->note, sizeof p->note, "%s", m->text ? m->text : "stopped");
        return true;
    default:
        return false;
    }
}

/* What was told to stop has: the bar says what is true now. */
static void tell_stopped(struct screen *s, const struct message *m)
{
    static const char *const words[] = {"paused; r reads on", "stopped: what came is kept",
                                        "measuring is stopped; Enter begins again"};
    const char *now = m->type == MESSAGE_READ_STOPPED  ? words[0]
                      : m->type == MESSAGE_ANSWER_ENDS ? words[1]
                      : m->type == MESSAGE_SCALE_ENDS  ? words[2]
                                                       : NULL;
    if (!s->stopping || now == NULL) return;
    s->stopping = false;
    const bool through = m->done || m->text != NULL; /* it came to its end meanwhile, or failed */
    if (!through || m->type == MESSAGE_SCALE_ENDS)
        screen_notice(s, ROLE_KEY, "%s", now);
    else if (s->notice_role == ROLE_KEY)
        s->notice[0] = '\0';
}

void screen_message(struct screen *s, struct message *m)
{
    struct error e = {0};
    s->stale = true;
    tell_stopped(s, m);
    switch (m->type) {
    case MESSAGE_DEVICE:
        snprintf(s->device, sizeof s->device, "%s", m->text ? m->text : "");
        s->reading = READING_READS;
        break;
    case MESSAGE_NOTE:
        snprintf(s->note, sizeof s->note, "%s", m->text ? m->text : "");
        if (s->note[0] != '\0') screen_notice(s, ROLE_KEY, "%s", s->note);
        break;
    case MESSAGE_WAITS:
        s->reading = READING_WAITS;
        s->progress = m->progress;
        break;
    case MESSAGE_PROGRESS:
        if (s->reading == READING_WAITS) s->reading = READING_READS;
        s->progress = m->progress;
        if (atlas_extend(s->atlas, &m->tables, &e) != 0) screen_notice(s, ROLE_ERROR, "%s", e.text);
        break;
    case MESSAGE_READ_STOPPED:
    case MESSAGE_FAILED:
        take_reading(s, m);
        break;
    default:
        if (!take_scale(s, m)) take_talk(s, m);
        break;
    }
    if (m->type == MESSAGE_LENS && m->id == s->conversation.current &&
        (s->focus == FOCUS_EVIDENCE || s->focus == FOCUS_CHAT))
        screen_evidence_show(s, false);
    if (m->type == MESSAGE_INSPECTED && s->export_path != NULL) screen_prompt_export(s);
    message_free(m);
}

/* Asks for the attention of the question's token that is looked at, once. */
static void want_lens(struct screen *s, const struct exchange *x)
{
    struct wanted wanted = {s->conversation.current + 1, x->token, 0, 0};
    if (x->token < 0 || exchange_lens(x).n_segments > 0 || memcmp(&wanted, &s->wanted_lens, sizeof wanted) == 0) return;
    s->wanted_lens = wanted;
    s->calls.want_lens(s->calls.context, s->conversation.current, x->finding, (size_t)x->token);
}

/* Asks for the attention of the tokens on the screen, once for every stretch of text. */
static void want_shares(struct screen *s, const struct exchange *x)
{
    uint64_t begin, end;
    if (s->layout.panes[FOCUS_TEXT].h == 0) return;
    pane_text_tokens(&s->text, s->atlas, &begin, &end);
    size_t last = x->finding->n_segments;
    if (last == 0 || end > s->atlas->segments[last - 1].end_token || begin >= end) return;
    struct wanted wanted = {s->conversation.current + 1, x->token, begin, end};
    if (memcmp(&wanted, &s->wanted_shares, sizeof wanted) == 0) return;
    s->wanted_shares = wanted;
    s->calls.want_shares(s->calls.context, s->conversation.current, x->finding, x->token, begin, end);
}

/* Colours of the code that is shown. */
static bool tint_code(struct screen *s)
{
    for (size_t i = 0; i < s->text.n_shown; i++) {
        const struct text_shown *t = &s->text.shown[i];
        code_tint_want(s->code, t->document, t->begin, t->end);
    }
    if (!code_tint_needs(s->code)) return false;
    s->stale = true;
    return code_tint_step(s->code, WORK_MS);
}

bool screen_work(struct screen *s)
{
    bool more = tint_code(s);
    const struct exchange *x = conversation_current(&s->conversation);
    if (x != NULL && x->finding != NULL) {
        want_lens(s, x);
        want_shares(s, x);
    }
    screen_inspect_work(s);
    if (s->search != NULL && !search_done(s->search)) {
        s->stale = true;
        more = search_step(s->search, WORK_MS) || more;
        const char *problem = search_problem(s->search);
        if (problem != NULL) screen_notice(s, ROLE_ERROR, "%s", problem);
    }
    if (!more) more = screen_lists_work(s, WORK_MS);
    if (!more && !outline_done(s->contents.outline)) {
        s->stale = true;
        more = outline_step(s->contents.outline, WORK_MS);
    }
    if (!more && pane_contents_step(&s->contents)) more = s->stale = true;
    screen_define(s);
    if (s->search_jumps) screen_prompt_jump(s);
    return more;
}
