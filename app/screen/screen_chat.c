/* The pane of questions and answers, and asking: what a question follows up is decided here, where it can be seen
 * before it is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/scope_words.h"
#include "app/screen/screen_panes.h"
#include "app/text/leaning.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

/* The question that the one in the line follows up; NULL: it stands alone. */
static const char *topic_of(const struct screen *s)
{
    const char *topic = conversation_topic(&s->conversation, s->conversation.n);
    const bool follows = s->topic == TOPIC_GUESSED ? leaning_is(line_edit_text(&s->chat.line)) : s->topic == TOPIC_SAME;
    return follows ? topic : NULL;
}

void screen_chat_topic(struct screen *s)
{
    if (conversation_topic(&s->conversation, s->conversation.n) == NULL)
        screen_notice(s, ROLE_DIM, "there is no question before it that it could follow up");
    else
        s->topic = topic_of(s) != NULL ? TOPIC_NEW : TOPIC_SAME;
}

void screen_chat_begin(struct screen *s, enum topic topic)
{
    s->topic = topic;
    s->focus = FOCUS_CHAT;
    s->mode = MODE_ASK;
}

static bool is_under_way(const struct exchange *x)
{
    return x->state == EXCHANGE_WAITS || x->state == EXCHANGE_ANSWERING;
}

/* What of the text the words say; -1 where they mean nothing here. */
static int resolve_scope(const struct screen *s, const char *within, struct scope *out, struct error *e)
{
    return scope_words_resolve(out, within, s->atlas->corpus, s->contents.outline, e);
}

static void send(struct screen *s, size_t id)
{
    struct exchange *x = s->conversation.items[id];
    struct error e = {0};
    struct scope scope;
    if (resolve_scope(s, x->within, &scope, &e) != 0) {
        x->state = EXCHANGE_FAILED;
        screen_notice(s, ROLE_ERROR, "%s", e.text);
        return;
    }
    s->evidence.first = 0;
    pane_chat_follow(&s->chat);
    x->state = EXCHANGE_WAITS;
    const char *topic = x->follows ? conversation_topic(&s->conversation, id) : NULL;
    if (s->calls.ask(s->calls.context, id, x->question, topic, scope_is_all(&scope) ? NULL : &scope, &e)) {
        x->state = EXCHANGE_FAILED;
        screen_notice(s, ROLE_ERROR, "%s", e.text);
    }
    scope_free(&scope);
}

/* The line as it may be sent: it asks something, of something that there is. */
static bool may_be_sent(struct screen *s, struct error *e)
{
    struct scope_words w;
    struct scope scope = {.n_globs = 0};
    if (scope_words_split(&w, line_edit_text(&s->chat.line), e) != 0) return false;
    const bool asks = w.question[strspn(w.question, " \n\t")] != '\0';
    const bool known = asks && resolve_scope(s, w.within, &scope, e) == 0;
    scope_free(&scope);
    scope_words_free(&w);
    return known;
}

void screen_chat_ask(struct screen *s)
{
    struct error e = {0};
    const bool follows = topic_of(s) != NULL;
    if (!may_be_sent(s, &e) || conversation_ask(&s->conversation, line_edit_text(&s->chat.line), &e) != 0) {
        if (e.text[0] != '\0') screen_notice(s, ROLE_ERROR, "%s", e.text);
        return;
    }
    conversation_current(&s->conversation)->follows = follows;
    send(s, s->conversation.current);
    line_edit_accept(&s->chat.line);
    s->topic = TOPIC_GUESSED;
    s->mode = MODE_BROWSE;
}

void screen_chat_again(struct screen *s)
{
    struct exchange *x = conversation_current(&s->conversation);
    if (x == NULL)
        screen_notice(s, ROLE_DIM, "no question yet");
    else if (is_under_way(x))
        screen_notice(s, ROLE_DIM, "it is being answered");
    else
        send(s, s->conversation.current);
}

void screen_chat_edit(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    if (x == NULL) {
        screen_notice(s, ROLE_DIM, "no question yet");
        return;
    }
    line_edit_set(&s->chat.line, x->asked);
    screen_chat_begin(s, x->follows ? TOPIC_SAME : TOPIC_NEW);
}

/* The question typed so far, asked of something else; it may be typed on behind it. */
static void set_within(struct screen *s, const char *within)
{
    struct scope_words w;
    char *line = NULL;
    if (scope_words_split(&w, line_edit_text(&s->chat.line), NULL) != 0) return;
    const size_t size = strlen(within) + strlen(w.question) + 2;
    if ((line = malloc(size)) != NULL) {
        snprintf(line, size, "%s%s%s", within, within[0] ? " " : "", w.question);
        line_edit_set(&s->chat.line, line);
        if (w.within[0] != '\0') snprintf(s->within, sizeof s->within, "%s", w.within);
    }
    free(line);
    scope_words_free(&w);
}

void screen_chat_within(struct screen *s, const char *within)
{
    set_within(s, within);
    screen_chat_begin(s, TOPIC_GUESSED);
}

void screen_chat_switch_scope(struct screen *s)
{
    struct scope_words w;
    char before[sizeof s->within];
    if (scope_words_split(&w, line_edit_text(&s->chat.line), NULL) != 0) return;
    snprintf(before, sizeof before, "%s", s->within);
    const bool all = w.within[0] == '\0';
    scope_words_free(&w);
    if (all && before[0] == '\0')
        screen_notice(s, ROLE_DIM,
                      "it is asked of all; a in the contents or on lines selected (V) asks there, in:src/ too");
    else
        set_within(s, all ? before : "");
}

void screen_chat_select(struct screen *s, size_t id)
{
    struct conversation *c = &s->conversation;
    if (id == c->current) return;
    c->current = id;
    if (c->compared == c->current) c->compared = SIZE_MAX;
    pane_chat_follow(&s->chat);
    s->evidence.first = 0;
}

/* "2 of 300 files", "1 chapter", "26 lines". */
static void count_scope(const struct screen *s, const struct scope *scope, char *out, size_t size)
{
    const struct corpus *c = s->atlas->corpus;
    size_t files = 0;
    uint64_t lines = 0;
    for (size_t i = 0; i < scope->n_ranges; i++) {
        const struct scope_range *r = &scope->ranges[i];
        const struct outline_heading *h = outline_heading_at(s->contents.outline, r->document, r->begin);
        const struct document *d = &c->documents[r->document];
        if (h == NULL || h->offset != r->begin || h->end != r->end)
            lines += corpus_document_line(d, r->end > r->begin ? r->end - 1 : r->end) -
                     corpus_document_line(d, r->begin) + 1;
    }
    if (lines > 0) {
        snprintf(out, size, "asks %llu line%s", (unsigned long long)lines, lines == 1 ? "" : "s");
    } else if (scope->n_ranges > 0) {
        snprintf(out, size, "asks %zu chapter%s", scope->n_ranges, scope->n_ranges == 1 ? "" : "s");
    } else {
        for (size_t i = 0; i < c->n_documents; i++) files += scope_holds(scope, c->documents[i].path);
        snprintf(out, size, "asks %zu of %zu files", files, c->n_documents);
    }
}

/* Of what of the text it is asked; nothing where it is asked of all. */
static void find_scope(const struct screen *s, char *out, size_t size)
{
    struct error e = {0};
    struct scope_words w;
    struct scope scope;
    char key[80], count[80];
    out[0] = '\0';
    if (scope_words_split(&w, line_edit_text(&s->chat.line), NULL) != 0) return;
    keymap_names(&s->config.keymap, EDIT_SCOPE, key, sizeof key);
    if (w.within[0] != '\0' && resolve_scope(s, w.within, &scope, &e) != 0) {
        snprintf(out, size, "%.*s  ", safe_text_most(e.text, size - 3), e.text);
    } else if (w.within[0] != '\0') {
        count_scope(s, &scope, count, sizeof count);
        snprintf(out, size, "%s  %s: all of it  ", count, key);
        scope_free(&scope);
    }
    scope_words_free(&w);
}

/* Found again where the line has changed, or more chapters are known: it goes through all files and chapters. */
static const char *about_scope(struct screen *s)
{
    const char *line = line_edit_text(&s->chat.line);
    const size_t headings = s->contents.outline->n_headings;
    if (s->scope_said.line && s->scope_said.headings == headings && strcmp(s->scope_said.line, line) == 0)
        return s->scope_said.text;
    free(s->scope_said.line);
    s->scope_said.line = strdup(line);
    s->scope_said.headings = headings;
    find_scope(s, s->scope_said.text, sizeof s->scope_said.text);
    return s->scope_said.text;
}

/* What is said of the question that is typed, before it is sent. */
static void about_line(struct screen *s, char *out, size_t size)
{
    char key[80];
    const int room = 28;
    const char *topic = topic_of(s), *last = conversation_topic(&s->conversation, s->conversation.n);
    keymap_names(&s->config.keymap, EDIT_TOPIC, key, sizeof key);
    const int n = snprintf(out, size, "%s", about_scope(s));
    const size_t used = n > 0 && (size_t)n < size ? (size_t)n : 0;
    out += used;
    size -= used;
    if (topic != NULL) {
        const size_t whole = safe_text_whole(topic, strnlen(topic, (size_t)room));
        snprintf(out, size, "follows up: %.*s%s  %s: on its own", (int)whole, topic, topic[whole] ? "…" : "", key);
    } else if (last != NULL) {
        snprintf(out, size, "on its own  %s: a follow-up", key);
    }
}

static void draw(struct screen *s, struct canvas *c, struct rect r, bool focused)
{
    const struct view v = screen_view(s);
    const bool typing = s->mode == MODE_ASK;
    char about[300] = "";
    s->chat.talk.reading = s->reading != READING_DONE && s->reading != READING_PAUSED;
    if (typing) about_line(s, about, sizeof about);
    pane_chat_draw(&s->chat, c, r, focused || typing, typing ? about : NULL, &v);
}

/* Left folds the other questions, right unfolds them. */
static bool act(struct screen *s, enum action action)
{
    if (action != ACTION_LEFT && action != ACTION_RIGHT) return false;
    s->chat.talk.unfolded = action == ACTION_RIGHT;
    pane_chat_follow(&s->chat);
    return true;
}

static void move(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        pane_chat_scroll(&s->chat, action == ACTION_TOP ? -100000 : 100000);
    else
        pane_chat_scroll(&s->chat, (int)screen_panes_rows(action, s->chat.height));
}

static void open(struct screen *s)
{
    screen_chat_begin(s, TOPIC_GUESSED);
}

/* A question is selected, a reference [n] of its answer leads to its place. */
static bool press(struct screen *s, const struct event *event, struct rect r)
{
    const struct view v = screen_view(s);
    const unsigned reference = transcript_reference(s->drawn, r, event->y, event->x);
    const size_t id = pane_chat_at(&s->chat, r, event->y, &v);
    s->mode = MODE_BROWSE;
    if (id != SIZE_MAX) screen_chat_select(s, id);
    if (reference > 0) screen_evidence_select(s, reference - 1, true);
    return reference > 0;
}

static void wheel(struct screen *s, long by)
{
    pane_chat_scroll(&s->chat, (int)by);
}

static const struct pane_hint keys[] = {
    {ACTION_EDIT_QUESTION, "change", WHEN_ASKED}, {ACTION_ASK_AGAIN, "ask again", WHEN_ASKED},
    {ACTION_NEW_TOPIC, "new topic", WHEN_ASKED},  {ACTION_RIGHT, "unfold", WHEN_ASKED},
    {ACTION_SEARCH, "search", WHEN_ALWAYS},       {0}};

const struct pane_ops screen_chat_pane = {.draw = draw,
                                          .act = act,
                                          .move = move,
                                          .open = open,
                                          .press = press,
                                          .wheel = wheel,
                                          .resize = screen_resize_chat,
                                          .keys = keys};
