/* What the actions of the key table do. */
#include <stdio.h>
#include <string.h>

#include "app/screen/screen_panes.h"
#include "app/panes/search.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

static void change_focus(struct screen *s, int by)
{
    s->focus = (enum focus)(((int)s->focus + by + FOCUS_COUNT) % FOCUS_COUNT);
    if (s->layout.compact && s->focus == FOCUS_MAP)
        s->focus = (enum focus)(((int)s->focus + by + FOCUS_COUNT) % FOCUS_COUNT);
    s->mode = MODE_BROWSE;
}

static void change_file(struct screen *s, int by)
{
    size_t n = s->atlas->corpus->n_documents, at = s->text.spot.document;
    if (by < 0 && s->text.spot.offset > 0 && !s->text.title) {
        screen_go(s, (struct spot){at, 0}, 0);
    } else if ((by < 0 && at == 0) || (by > 0 && at + 1 >= n)) {
        screen_notice(s, ROLE_DIM, by < 0 ? "this is the first file" : "this is the last file");
    } else {
        screen_go(s, (struct spot){by < 0 ? at - 1 : at + 1, 0}, 0);
    }
}

static void start_prompt(struct screen *s, enum prompt prompt)
{
    s->from_inspector = s->mode == MODE_INSPECT;
    s->mode = MODE_PROMPT;
    s->prompt = prompt;
    s->search_from = s->text.spot;
    if (prompt != PROMPT_FILTER) line_edit_set(&s->prompts[prompt == PROMPT_COMMAND], "");
}

static void next_match(struct screen *s, bool backwards)
{
    if (s->search == NULL) {
        screen_notice(s, ROLE_DIM, "nothing is searched for: / searches");
        return;
    }
    jumps_leave(&s->jumps, s->text.spot);
    s->search_from = s->text.spot;
    if (!backwards && s->text.span > 0) s->search_from = atlas_spot(s->atlas, atlas_byte(s->atlas, s->text.spot) + 1);
    s->search_backwards = backwards;
    s->search_jumps = true;
    screen_prompt_jump(s);
    if (s->search_jumps) screen_notice(s, ROLE_DIM, "searching ...");
}

static void switch_question(struct screen *s, int by)
{
    struct conversation *c = &s->conversation;
    if (c->n == 0 || (by < 0 && c->current == 0) || (by > 0 && c->current + 1 >= c->n)) {
        screen_notice(s, ROLE_DIM,
                      c->n == 0 ? "no question yet"
                      : by < 0  ? "this is the first question"
                                : "this is the last question");
        return;
    }
    screen_chat_select(s, by < 0 ? c->current - 1 : c->current + 1);
    screen_evidence_show(s, false);
}

/* Goes through the other answered questions, then back to one map. */
static void compare_maps(struct screen *s)
{
    struct conversation *c = &s->conversation;
    size_t from = c->compared < c->n ? c->compared : c->n;
    while (from-- > 0) {
        if (from == c->current || !exchange_attended(c->items[from])) continue;
        c->compared = from;
        screen_notice(s, ROLE_DIM, "compared with: %.*s", safe_text_most(c->items[from]->question, 200),
                      c->items[from]->question);
        return;
    }
    if (c->compared == SIZE_MAX) screen_notice(s, ROLE_DIM, "nothing to compare with: ask another question");
    c->compared = SIZE_MAX;
}

/* From the whole question to one of its words after the other, each with its own map and places. */
static void turn_word(struct screen *s, int by)
{
    struct exchange *x = conversation_current(&s->conversation);
    if (!exchange_turn(x, by)) {
        screen_notice(s, ROLE_DIM, "%s",
                      x != NULL && x->kept != NULL ? EXCHANGE_KEPT : "no answer yet whose words could be looked at");
        return;
    }
    s->evidence.first = 0;
}

static void hottest(struct screen *s)
{
    struct view v = screen_view(s);
    uint64_t token;
    if (!pane_map_hottest(&s->map, &v, &token)) {
        screen_notice(s, ROLE_DIM, "no map yet: ask a question first");
        return;
    }
    jumps_leave(&s->jumps, s->text.spot);
    size_t i = atlas_segment_of_token(s->atlas, token);
    if (i == SIZE_MAX) return;
    const struct reader_segment *segment = &s->atlas->segments[i];
    pane_text_go(&s->text, s->atlas, (struct spot){segment->document, segment->offset}, segment->size);
    s->map.own_cursor = false;
}

static void zoom(struct screen *s, enum action action)
{
    struct view v = screen_view(s);
    if (action == ACTION_ZOOM_ALL)
        pane_map_all(&s->map);
    else
        pane_map_zoom(&s->map, &v, action == ACTION_ZOOM_IN ? 1 : -1);
}

static void history(struct screen *s, bool back)
{
    struct spot to;
    if (!(back ? jumps_back : jumps_forward)(&s->jumps, s->text.spot, &to)) {
        screen_notice(s, ROLE_DIM, back ? "no place before" : "no place after");
        return;
    }
    pane_text_go(&s->text, s->atlas, to, 0);
    s->map.own_cursor = false;
}

static void copy_bytes(struct screen *s, const char *bytes, size_t size, const char *what)
{
    s->calls.copy(s->calls.context, bytes, size);
    screen_notice(s, ROLE_GOOD, "%s was sent to the terminal's clipboard", what);
}

static void copy_answer(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    if (x != NULL && x->size > 0)
        copy_bytes(s, x->text, x->size, "the answer");
    else
        screen_notice(s, ROLE_DIM, "no answer yet");
}

static void copy(struct screen *s)
{
    const struct document *d = &s->atlas->corpus->documents[s->text.spot.document];
    const char *bytes;
    size_t size;
    if (s->focus == FOCUS_TEXT && screen_text_selected(s, &bytes, &size))
        copy_bytes(s, bytes, size, "what is selected");
    else if (s->focus == FOCUS_CHAT)
        copy_answer(s);
    else if (s->text.span > 0)
        copy_bytes(s, d->text + s->text.spot.offset, (size_t)s->text.span, "what is marked");
    else
        screen_notice(s, ROLE_DIM, "nothing is marked: go to a piece of evidence or a match first");
}

static void edit(struct screen *s)
{
    const struct document *d = &s->atlas->corpus->documents[s->text.spot.document];
    s->calls.edit(s->calls.context, s->text.spot.document, corpus_document_line(d, s->text.spot.offset));
}

static bool answering(const struct screen *s)
{
    for (size_t i = 0; i < s->conversation.n; i++) {
        if (s->conversation.items[i]->state == EXCHANGE_ANSWERING) return true;
    }
    return false;
}

void screen_actions_stop(struct screen *s)
{
    if (s->reading == READING_WAITS) {
        s->calls.stop(s->calls.context); /* what is read here is not kept, which is said then */
    } else if (s->reading == READING_READS || s->scale.running || answering(s)) {
        s->calls.stop(s->calls.context);
        s->stopping = true;
        screen_notice(s, ROLE_KEY, "stopping ...");
    } else {
        screen_notice(s, ROLE_DIM, "nothing to stop; q quits");
    }
}

static void resume_reading(struct screen *s)
{
    if (s->reading == READING_PAUSED && s->calls.read(s->calls.context))
        s->reading = READING_READS;
    else if (s->changed)
        s->again = s->quit = true;
    else
        screen_notice(s, ROLE_DIM, s->reading == READING_DONE ? "all is read" : "it is not paused");
}

void screen_actions_measure(struct screen *s)
{
    if (s->scale.running) return;
    s->scale = (struct pane_scale){.running = s->calls.measure(s->calls.context),
                                   .rounds = strstr(s->device, "int8") != NULL || strstr(s->device, "bf16") != NULL};
    if (s->reading == READING_READS)
        screen_notice(s, ROLE_DIM, "it begins when the text is read, or when reading is paused (Ctrl-C)");
}

static void overlay(struct screen *s, enum mode mode)
{
    s->mode = s->mode == mode ? MODE_BROWSE : mode;
    s->help_scroll = 0;
}

static bool run_elsewhere(struct screen *s, enum action action)
{
    switch (action) {
    case ACTION_EDITOR:
        edit(s);
        return true;
    case ACTION_SELECT:
        screen_text_select(s);
        return true;
    case ACTION_COPY:
        copy(s);
        return true;
    case ACTION_COPY_ANSWER:
        copy_answer(s);
        return true;
    case ACTION_STOP:
        screen_actions_stop(s);
        return true;
    case ACTION_RESUME:
        resume_reading(s);
        return true;
    case ACTION_REDRAW:
        s->calls.redraw(s->calls.context);
        return true;
    case ACTION_SUSPEND:
        s->calls.suspend(s->calls.context);
        return true;
    case ACTION_QUIT:
        s->quit = true;
        return true;
    default:
        return false;
    }
}

static bool run_place(struct screen *s, enum action action)
{
    switch (action) {
    case ACTION_OPEN:
        screen_panes_open(s);
        return true;
    case ACTION_EVIDENCE_NEXT:
        screen_evidence_step(s, 1);
        return true;
    case ACTION_EVIDENCE_PREVIOUS:
        screen_evidence_step(s, -1);
        return true;
    case ACTION_SEARCH:
        start_prompt(s, s->focus == FOCUS_CONTENTS ? PROMPT_FILTER : PROMPT_SEARCH);
        return true;
    case ACTION_SEARCH_BACK:
        start_prompt(s, PROMPT_SEARCH_BACK);
        return true;
    case ACTION_REGEX:
        start_prompt(s, PROMPT_REGEX);
        return true;
    case ACTION_GO:
        start_prompt(s, PROMPT_COMMAND);
        return true;
    case ACTION_PICK:
        screen_lists_pick(s);
        return true;
    case ACTION_MATCHES:
        screen_lists_matches(s);
        return true;
    case ACTION_SEARCH_NEXT:
        next_match(s, false);
        return true;
    case ACTION_SEARCH_PREVIOUS:
        next_match(s, true);
        return true;
    case ACTION_FILE_NEXT:
        change_file(s, 1);
        return true;
    case ACTION_FILE_PREVIOUS:
        change_file(s, -1);
        return true;
    case ACTION_MARK:
    case ACTION_MARK_GO:
        s->mode = MODE_MARK;
        s->mark_goes = action == ACTION_MARK_GO;
        return true;
    case ACTION_BACK:
        history(s, true);
        return true;
    case ACTION_FORWARD:
        history(s, false);
        return true;
    case ACTION_HOTTEST:
        hottest(s);
        return true;
    default:
        return false;
    }
}

/* What is done with questions. */
static bool run_question(struct screen *s, enum action action)
{
    switch (action) {
    case ACTION_ASK:
        screen_chat_begin(s, TOPIC_GUESSED);
        return true;
    case ACTION_NEW_TOPIC:
        screen_chat_begin(s, TOPIC_NEW);
        return true;
    case ACTION_EDIT_QUESTION:
        screen_chat_edit(s);
        return true;
    case ACTION_ASK_AGAIN:
        screen_chat_again(s);
        return true;
    case ACTION_QUESTION_PREVIOUS:
        switch_question(s, -1);
        return true;
    case ACTION_QUESTION_NEXT:
        switch_question(s, 1);
        return true;
    case ACTION_COMPARE:
        compare_maps(s);
        return true;
    case ACTION_TOKEN_NEXT:
    case ACTION_TOKEN_PREVIOUS:
        turn_word(s, action == ACTION_TOKEN_NEXT ? 1 : -1);
        return true;
    default:
        return false;
    }
}

void screen_actions_run(struct screen *s, enum action action)
{
    if (run_elsewhere(s, action) || run_place(s, action) || run_question(s, action)) return;
    switch (action) {
    case ACTION_FOCUS_NEXT:
        change_focus(s, 1);
        break;
    case ACTION_FOCUS_PREVIOUS:
        change_focus(s, -1);
        break;
    case ACTION_MAXIMIZE:
        s->maximized = !s->maximized;
        break;
    case ACTION_GROW:
    case ACTION_SHRINK:
        screen_resize_key(s, action == ACTION_GROW ? 1 : -1);
        break;
    case ACTION_WRAP:
        s->text.chopped = !s->text.chopped;
        s->text.column = 0;
        screen_notice(s, ROLE_DIM,
                      s->text.chopped ? "long lines are chopped: h l move them" : "long lines are wrapped");
        break;
    case ACTION_ZOOM_IN:
    case ACTION_ZOOM_OUT:
    case ACTION_ZOOM_ALL:
        zoom(s, action);
        break;
    case ACTION_SCALE:
        s->config.logarithmic = !s->config.logarithmic;
        break;
    case ACTION_HELP:
        overlay(s, MODE_HELP);
        break;
    case ACTION_MEASURE:
        overlay(s, MODE_SCALE);
        break;
    case ACTION_ATTENTION:
        screen_inspect_switch(s);
        break;
    case ACTION_INSPECT:
        screen_inspect_open(s);
        break;
    case ACTION_PATTERN:
        overlay(s, MODE_PATTERN);
        break;
    case ACTION_NOTES:
        overlay(s, MODE_NOTES);
        break;
    case ACTION_CANCEL:
        search_close(s->search);
        s->search = NULL;
        s->maximized = false;
        line_edit_set(&s->contents.filter, "");
        pane_contents_update(&s->contents);
        break;
    default:
        screen_panes_move(s, action);
        break;
    }
}
