/* What keys and the mouse do. */
#include <stdio.h>
#include <string.h>

#include "app/screen.h"
#include "app/search.h"
#include "compute/error.h"

static void evidence_select(struct screen *s, size_t item, bool leave)
{
    struct exchange *x = conversation_current(&s->conversation);
    if (exchange_lens(x).n_items == 0) {
        screen_notice(s, ROLE_DIM, "no evidence yet: ask a question first");
        return;
    }
    if (item >= exchange_lens(x).n_items) {
        screen_notice(s, ROLE_DIM, "there are %zu places of evidence", exchange_lens(x).n_items);
        return;
    }
    x->selected = item;
    screen_show_evidence(s, leave);
}

static void evidence_move(struct screen *s, long by)
{
    const struct exchange *x = conversation_current(&s->conversation);
    size_t n = exchange_lens(x).n_items, last = n ? n - 1 : 0;
    size_t at = x ? x->selected : 0;
    if (by < 0)
        at = at > (size_t)-by ? at - (size_t)-by : 0;
    else
        at = at + (size_t)by < last ? at + (size_t)by : last;
    evidence_select(s, at, false);
}

/* Rows, or cells, that a moving action stands for in a pane of so many rows. */
static long distance(enum action action, int height)
{
    long page = height > 2 ? height - 1 : 1;
    switch (action) {
    case ACTION_UP:
        return -1;
    case ACTION_DOWN:
        return 1;
    case ACTION_PAGE_UP:
        return -page;
    case ACTION_PAGE_DOWN:
        return page;
    case ACTION_HALF_UP:
        return -(page + 1) / 2;
    case ACTION_HALF_DOWN:
        return (page + 1) / 2;
    default:
        return 0;
    }
}

static void go_token(struct screen *s, uint64_t token)
{
    struct spot place = atlas_token_place(s->atlas, token);
    pane_text_go(&s->text, s->atlas, place, 0);
}

static void move_text(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM) {
        places_leave(&s->places, s->text.place);
        if (action == ACTION_BOTTOM) {
            pane_text_end(&s->text, s->atlas);
        } else {
            pane_text_go(&s->text, s->atlas, (struct spot){0, 0}, 0);
        }
    } else {
        pane_text_scroll(&s->text, s->atlas, distance(action, s->text.height));
    }
    s->map.own_cursor = false;
}

static void move_map(struct screen *s, enum action action)
{
    struct view v = screen_view(s);
    int page = s->map.width / 8 > 1 ? s->map.width / 8 : 1;
    switch (action) {
    case ACTION_LEFT:
        pane_map_move(&s->map, &v, -1);
        break;
    case ACTION_RIGHT:
        pane_map_move(&s->map, &v, 1);
        break;
    case ACTION_PAGE_UP:
        pane_map_move(&s->map, &v, -page);
        break;
    case ACTION_PAGE_DOWN:
        pane_map_move(&s->map, &v, page);
        break;
    case ACTION_TOP:
        pane_map_move(&s->map, &v, -0x3FFFFFFF);
        break;
    case ACTION_BOTTOM:
        pane_map_move(&s->map, &v, 0x3FFFFFFF);
        break;
    case ACTION_UP:
        pane_map_zoom(&s->map, &v, -1);
        return;
    case ACTION_DOWN:
        pane_map_zoom(&s->map, &v, 1);
        return;
    default:
        return;
    }
    /* The text follows the cursor, so that the map can be read like a table of contents. */
    go_token(s, s->map.cursor);
}

static void move_contents(struct screen *s, enum action action)
{
    struct spot place;
    switch (action) {
    case ACTION_TOP:
        pane_contents_move(&s->contents, -0x3FFFFFFF);
        break;
    case ACTION_BOTTOM:
        pane_contents_move(&s->contents, 0x3FFFFFFF);
        break;
    case ACTION_LEFT:
        pane_contents_fold(&s->contents, false);
        return;
    case ACTION_RIGHT:
        if (!pane_contents_fold(&s->contents, true)) pane_contents_move(&s->contents, 1);
        return;
    default:
        pane_contents_move(&s->contents, distance(action, s->contents.height));
        break;
    }
    if (!pane_contents_place(&s->contents, &place)) return;
    pane_text_go(&s->text, s->atlas, place, 0);
    s->map.own_cursor = false;
}

/* Enter opens a folder; a file or a chapter is gone to. */
static void open_contents(struct screen *s)
{
    struct spot place;
    if (s->contents.selected >= s->contents.n_rows) return;
    struct contents_row row = s->contents.rows[s->contents.selected];
    if (row.heading == SIZE_MAX && s->contents.outline->entries[row.entry].folder) {
        pane_contents_fold(&s->contents, !s->contents.outline->entries[row.entry].open);
    } else if (pane_contents_place(&s->contents, &place)) {
        screen_go(s, place, 0);
        s->focus = FOCUS_TEXT;
    }
}

static void move_chat(struct screen *s, enum action action)
{
    if (action == ACTION_TOP || action == ACTION_BOTTOM)
        pane_chat_scroll(&s->chat, action == ACTION_TOP ? -100000 : 100000);
    else
        pane_chat_scroll(&s->chat, (int)distance(action, s->chat.height));
}

/* True where the action belongs to the view of the pattern. */
static bool move_pattern(struct screen *s, enum action action)
{
    switch (action) {
    case ACTION_UP:
        pane_pattern_head(&s->pattern, s->model, -1);
        return true;
    case ACTION_DOWN:
        pane_pattern_head(&s->pattern, s->model, 1);
        return true;
    case ACTION_LEFT:
        pane_pattern_branch(&s->pattern, s->model, -1);
        return true;
    case ACTION_RIGHT:
        pane_pattern_branch(&s->pattern, s->model, 1);
        return true;
    case ACTION_ZOOM_IN:
        pane_pattern_zoom(&s->pattern, -1);
        return true;
    case ACTION_ZOOM_OUT:
        pane_pattern_zoom(&s->pattern, 1);
        return true;
    case ACTION_ZOOM_ALL:
        s->pattern.zoom = 2;
        return true;
    default:
        return false;
    }
}

static void move(struct screen *s, enum action action)
{
    if (s->mode == MODE_HELP || s->mode == MODE_NOTES) {
        s->help_scroll += (int)distance(action, s->rows - 3);
        if (s->help_scroll < 0 || action == ACTION_TOP) s->help_scroll = 0;
        return;
    }
    switch (s->focus) {
    case FOCUS_TEXT:
        move_text(s, action);
        break;
    case FOCUS_MAP:
        move_map(s, action);
        break;
    case FOCUS_CHAT:
        move_chat(s, action);
        break;
    case FOCUS_CONTENTS:
        move_contents(s, action);
        break;
    case FOCUS_EVIDENCE:
        if (action == ACTION_TOP || action == ACTION_BOTTOM)
            evidence_move(s, action == ACTION_TOP ? -100000 : 100000);
        else if (distance(action, 1) != 0)
            evidence_move(s, distance(action, s->evidence.height / 3));
        break;
    case FOCUS_COUNT:
        break;
    }
}

static void open_place(struct screen *s)
{
    if (s->focus == FOCUS_EVIDENCE) {
        screen_show_evidence(s, true);
    } else if (s->focus == FOCUS_MAP) {
        struct view v = screen_view(s);
        uint64_t token = pane_map_cursor(&s->map, &v);
        places_leave(&s->places, s->text.place);
        go_token(s, token);
        s->focus = FOCUS_TEXT;
    } else if (s->focus == FOCUS_CHAT) {
        s->mode = MODE_ASK;
    } else if (s->focus == FOCUS_CONTENTS) {
        open_contents(s);
    } else {
        pane_text_scroll(&s->text, s->atlas, 1);
    }
}

static void change_focus(struct screen *s, int by)
{
    s->focus = (enum focus)(((int)s->focus + by + FOCUS_COUNT) % FOCUS_COUNT);
    if (s->layout.compact && s->focus == FOCUS_MAP)
        s->focus = (enum focus)(((int)s->focus + by + FOCUS_COUNT) % FOCUS_COUNT);
    s->mode = MODE_BROWSE;
}

static void change_file(struct screen *s, int by)
{
    size_t n = s->atlas->corpus->n_documents, at = s->text.place.document;
    if (by < 0 && s->text.place.offset > 0 && !s->text.title) {
        screen_go(s, (struct spot){at, 0}, 0);
    } else if ((by < 0 && at == 0) || (by > 0 && at + 1 >= n)) {
        screen_notice(s, ROLE_DIM, by < 0 ? "this is the first file" : "this is the last file");
    } else {
        screen_go(s, (struct spot){by < 0 ? at - 1 : at + 1, 0}, 0);
    }
}

static void start_prompt(struct screen *s, enum prompt prompt)
{
    s->mode = MODE_PROMPT;
    s->prompt = prompt;
    s->search_from = s->text.place;
    if (prompt != PROMPT_FILTER) line_edit_set(&s->prompts[prompt == PROMPT_COMMAND], "");
}

static struct line_edit *prompt_edit(struct screen *s)
{
    return s->prompt == PROMPT_FILTER ? &s->contents.filter : &s->prompts[s->prompt == PROMPT_COMMAND];
}

/* What has been typed so far already does something, except a command. */
static void prompt_typed(struct screen *s)
{
    if (s->prompt == PROMPT_FILTER)
        pane_contents_update(&s->contents);
    else if (s->prompt != PROMPT_COMMAND)
        screen_search(s, line_edit_text(prompt_edit(s)));
}

static void next_match(struct screen *s, bool backwards)
{
    if (s->search == NULL) {
        screen_notice(s, ROLE_DIM, "nothing is searched for: / searches");
        return;
    }
    places_leave(&s->places, s->text.place);
    s->search_from = s->text.place;
    if (!backwards && s->text.span > 0) s->search_from = atlas_place(s->atlas, atlas_byte(s->atlas, s->text.place) + 1);
    s->search_backwards = backwards;
    s->search_jumps = true;
    screen_search_jump(s);
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
    c->current = by < 0 ? c->current - 1 : c->current + 1;
    if (c->compared == c->current) c->compared = SIZE_MAX;
    s->chat.scroll = 0;
    s->evidence.first = 0;
    screen_show_evidence(s, false);
}

/* Goes through the other answered questions, then back to one map. */
static void compare(struct screen *s)
{
    struct conversation *c = &s->conversation;
    size_t from = c->compared < c->n ? c->compared : c->n;
    while (from-- > 0) {
        if (from == c->current || c->items[from]->answer == NULL) continue;
        c->compared = from;
        screen_notice(s, ROLE_DIM, "lower map: %.200s", c->items[from]->question);
        return;
    }
    if (c->compared == SIZE_MAX) screen_notice(s, ROLE_DIM, "nothing to compare with: ask another question");
    c->compared = SIZE_MAX;
}

/* From the whole question to one of its words after the other, each with its own map and places. */
static void turn(struct screen *s, int by)
{
    struct exchange *x = conversation_current(&s->conversation);
    if (!exchange_turn(x, by)) {
        screen_notice(s, ROLE_DIM, "no answer yet whose words could be looked at");
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
    places_leave(&s->places, s->text.place);
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
    if (!(back ? places_back : places_forward)(&s->places, s->text.place, &to)) {
        screen_notice(s, ROLE_DIM, back ? "no place before" : "no place after");
        return;
    }
    pane_text_go(&s->text, s->atlas, to, 0);
    s->map.own_cursor = false;
}

static void copy(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    const struct document *d = &s->atlas->corpus->documents[s->text.place.document];
    if (s->focus == FOCUS_CHAT && x != NULL && x->size > 0)
        s->calls.copy(s->calls.context, x->text, x->size);
    else if (s->text.span > 0)
        s->calls.copy(s->calls.context, d->text + s->text.place.offset, (size_t)s->text.span);
    else {
        screen_notice(s, ROLE_DIM, "nothing is marked: go to a piece of evidence or a match first");
        return;
    }
    screen_notice(s, ROLE_GOOD, "sent to the terminal's clipboard");
}

static void edit(struct screen *s)
{
    const struct document *d = &s->atlas->corpus->documents[s->text.place.document];
    s->calls.edit(s->calls.context, s->text.place.document, document_line(d, s->text.place.offset));
}

static bool answering(const struct screen *s)
{
    for (size_t i = 0; i < s->conversation.n; i++) {
        if (s->conversation.items[i]->state == EXCHANGE_ANSWERING) return true;
    }
    return false;
}

static void stop(struct screen *s)
{
    if (s->reading == READING_READS || s->scale.running || answering(s)) {
        s->calls.stop(s->calls.context);
        screen_notice(s, ROLE_KEY, "stopping ...");
    } else {
        screen_notice(s, ROLE_DIM, "nothing to stop; q quits");
    }
}

static void resume(struct screen *s)
{
    if (s->reading == READING_PAUSED && s->calls.read(s->calls.context))
        s->reading = READING_READS;
    else
        screen_notice(s, ROLE_DIM, s->reading == READING_DONE ? "all is read" : "it is not paused");
}

static void start_measuring(struct screen *s)
{
    if (s->scale.running) return;
    s->scale = (struct pane_scale){.running = s->calls.measure(s->calls.context)};
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
    case ACTION_COPY:
        copy(s);
        return true;
    case ACTION_STOP:
        stop(s);
        return true;
    case ACTION_RESUME:
        resume(s);
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
        open_place(s);
        return true;
    case ACTION_EVIDENCE_NEXT:
        evidence_move(s, 1);
        return true;
    case ACTION_EVIDENCE_PREVIOUS:
        evidence_move(s, -1);
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

void screen_act(struct screen *s, enum action action)
{
    if (run_elsewhere(s, action) || run_place(s, action)) return;
    switch (action) {
    case ACTION_ASK:
        s->focus = FOCUS_CHAT;
        s->mode = MODE_ASK;
        break;
    case ACTION_FOCUS_NEXT:
        change_focus(s, 1);
        break;
    case ACTION_FOCUS_PREVIOUS:
        change_focus(s, -1);
        break;
    case ACTION_MAXIMIZE:
        s->maximized = !s->maximized;
        break;
    case ACTION_QUESTION_PREVIOUS:
        switch_question(s, -1);
        break;
    case ACTION_QUESTION_NEXT:
        switch_question(s, 1);
        break;
    case ACTION_COMPARE:
        compare(s);
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
    case ACTION_TOKEN_NEXT:
    case ACTION_TOKEN_PREVIOUS:
        turn(s, action == ACTION_TOKEN_NEXT ? 1 : -1);
        break;
    case ACTION_MEASURE:
        overlay(s, MODE_SCALE);
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
        move(s, action);
        break;
    }
}

static void ask(struct screen *s)
{
    struct error e = {0};
    const char *question = line_edit_text(&s->chat.line);
    if (question[strspn(question, " \n\t")] == '\0') return;
    if (conversation_ask(&s->conversation, question, &e) != 0) {
        screen_notice(s, ROLE_ERROR, "%s", e.text);
        return;
    }
    s->evidence.first = 0;
    s->chat.scroll = 0;
    if (!s->calls.ask(s->calls.context, s->conversation.current, question)) {
        conversation_current(&s->conversation)->state = EXCHANGE_FAILED;
        screen_notice(s, ROLE_ERROR, "too many questions are waiting");
    }
    line_edit_accept(&s->chat.line);
    s->mode = MODE_BROWSE;
}

static void typing(struct screen *s, struct line_edit *l, uint32_t key, enum action action)
{
    if (action == ACTION_NONE && key < 0x110000 && key >= ' ')
        line_edit_key(l, key);
    else
        line_edit_act(l, action);
    if (s->mode == MODE_PROMPT) prompt_typed(s);
}

static void ask_key(struct screen *s, uint32_t key, enum action action)
{
    if (action == EDIT_ACCEPT) {
        ask(s);
    } else if (action == EDIT_CANCEL && key == (KEYS_CTRL | 'c')) {
        if (s->chat.line.size == 0) stop(s);
        line_edit_set(&s->chat.line, "");
    } else if (action == EDIT_CANCEL) {
        s->mode = MODE_BROWSE;
    } else if (action == EDIT_NEWLINE) {
        line_edit_insert(&s->chat.line, "\n", 1);
    } else if (action == ACTION_PAGE_UP || action == ACTION_PAGE_DOWN) {
        move_text(s, action);
    } else if (action > ACTION_NONE && action < EDIT_LEFT) {
        s->mode = MODE_BROWSE;
        screen_act(s, action);
    } else {
        typing(s, &s->chat.line, key, action);
    }
}

/* An empty search looks for the last one again. */
static void accept_search(struct screen *s, struct line_edit *l)
{
    if (l->size == 0 && l->n_history > 0) {
        line_edit_set(l, l->history[l->n_history - 1]);
        screen_search(s, line_edit_text(l));
    }
    places_leave(&s->places, s->search_from);
    if (s->search != NULL && search_done(s->search) && search_count(s->search) == 0)
        screen_notice(s, ROLE_ERROR, "not found: %s", search_pattern(s->search));
}

static void prompt_key(struct screen *s, uint32_t key, enum action action)
{
    struct line_edit *l = prompt_edit(s);
    if (action == EDIT_ACCEPT) {
        s->mode = MODE_BROWSE;
        if (s->prompt == PROMPT_FILTER) return;
        if (s->prompt == PROMPT_COMMAND)
            screen_prompt_line(s, line_edit_text(l));
        else
            accept_search(s, l);
        line_edit_accept(l);
    } else if (action == EDIT_CANCEL || (action == EDIT_BACKSPACE && l->size == 0)) {
        s->mode = MODE_BROWSE;
        if (s->prompt == PROMPT_FILTER) {
            line_edit_set(l, "");
            pane_contents_update(&s->contents);
        } else if (s->prompt != PROMPT_COMMAND) {
            screen_search(s, "");
            pane_text_go(&s->text, s->atlas, s->search_from, 0);
        }
    } else if (action == ACTION_NONE || action >= EDIT_LEFT) {
        typing(s, l, key, action);
    }
}

static void mark_key(struct screen *s, uint32_t key)
{
    struct spot to;
    s->mode = MODE_BROWSE;
    if (!s->mark_goes) {
        if (places_mark(&s->places, key, s->text.place))
            screen_notice(s, ROLE_GOOD, "marked");
        else
            screen_notice(s, ROLE_ERROR, "marks are letters and digits");
    } else if (places_marked(&s->places, key, &to)) {
        screen_go(s, to, 0);
    } else {
        screen_notice(s, ROLE_ERROR, "no such mark");
    }
}

static void key_event(struct screen *s, uint32_t key)
{
    s->notice[0] = '\0';
    bool edit = s->mode == MODE_ASK || s->mode == MODE_PROMPT;
    enum action action = keymap_find(&s->config.keymap, key, edit);
    if (s->mode == MODE_ASK) {
        ask_key(s, key, action);
    } else if (s->mode == MODE_PROMPT) {
        prompt_key(s, key, action);
    } else if (s->mode == MODE_MARK) {
        mark_key(s, key);
    } else if (s->mode == MODE_SCALE && action == ACTION_OPEN) {
        start_measuring(s);
    } else if (s->mode == MODE_PATTERN && move_pattern(s, action)) {
        return;
    } else if ((s->mode == MODE_HELP || s->mode == MODE_NOTES || s->mode == MODE_PATTERN || s->mode == MODE_SCALE) &&
               (action == ACTION_CANCEL || action == ACTION_QUIT || action == ACTION_OPEN)) {
        s->mode = MODE_BROWSE;
    } else if (s->mode == MODE_BROWSE && key >= '1' && key <= '9' && action == ACTION_NONE) {
        evidence_select(s, (size_t)(key - '1'), true);
    } else if (action != ACTION_NONE) {
        screen_act(s, action);
    } else {
        screen_notice(s, ROLE_DIM, "this key does nothing here; ? shows the keys");
    }
}

static void press(struct screen *s, const struct event *event)
{
    const struct layout *l = &s->layout;
    struct view v = screen_view(s);
    if (rect_holds(l->evidence, event->y, event->x)) {
        s->focus = FOCUS_EVIDENCE;
        size_t item = pane_evidence_at(&s->evidence, &v, event->y - l->evidence.y);
        if (item != SIZE_MAX) evidence_select(s, item, event->mouse == MOUSE_DOUBLE);
    } else if (rect_holds(l->map, event->y, event->x)) {
        s->focus = l->compact ? s->focus : FOCUS_MAP;
        s->map.cursor = pane_map_token(&s->map, s->atlas, event->x - l->map.x);
        s->map.own_cursor = true;
        places_leave(&s->places, s->text.place);
        go_token(s, s->map.cursor);
    } else if (rect_holds(l->contents, event->y, event->x)) {
        s->focus = FOCUS_CONTENTS;
        size_t row = pane_contents_at(&s->contents, event->y - l->contents.y);
        if (row != SIZE_MAX) {
            pane_contents_move(&s->contents, (long)row - (long)s->contents.selected);
            open_contents(s);
        }
    } else if (rect_holds(l->chat, event->y, event->x)) {
        unsigned reference = pane_chat_reference(s->drawn, l->chat, event->y, event->x);
        s->focus = FOCUS_CHAT;
        s->mode = MODE_BROWSE;
        if (reference > 0) {
            evidence_select(s, reference - 1, true);
            return;
        }
    } else if (rect_holds(l->text, event->y, event->x)) {
        s->focus = FOCUS_TEXT;
    }
    s->mode = MODE_BROWSE;
    if (s->focus == FOCUS_CHAT && event->y >= l->chat.y + l->chat.h - 1) s->mode = MODE_ASK;
}

static void wheel(struct screen *s, const struct event *event)
{
    long by = event->mouse == MOUSE_WHEEL_UP ? -3 : 3;
    const struct layout *l = &s->layout;
    if (rect_holds(l->evidence, event->y, event->x)) {
        evidence_move(s, by / 3);
    } else if (rect_holds(l->contents, event->y, event->x)) {
        pane_contents_move(&s->contents, by);
    } else if (rect_holds(l->chat, event->y, event->x)) {
        pane_chat_scroll(&s->chat, (int)by);
    } else if (rect_holds(l->map, event->y, event->x)) {
        struct view v = screen_view(s);
        pane_map_zoom(&s->map, &v, by < 0 ? 1 : -1);
    } else {
        pane_text_scroll(&s->text, s->atlas, by);
        s->map.own_cursor = false;
    }
}

static void paste(struct screen *s, const struct event *event)
{
    struct line_edit *l = s->mode == MODE_PROMPT ? prompt_edit(s) : &s->chat.line;
    if (s->mode != MODE_PROMPT) {
        s->focus = FOCUS_CHAT;
        s->mode = MODE_ASK;
    }
    line_edit_insert(l, event->text, event->size);
    if (s->mode == MODE_PROMPT) prompt_typed(s);
}

void screen_event(struct screen *s, const struct event *event)
{
    switch (event->type) {
    case EVENT_KEY:
        key_event(s, event->key);
        break;
    case EVENT_PASTE:
        paste(s, event);
        break;
    case EVENT_MOUSE:
        s->notice[0] = '\0';
        if (event->mouse == MOUSE_PRESS || event->mouse == MOUSE_DOUBLE)
            press(s, event);
        else
            wheel(s, event);
        break;
    case EVENT_INTERRUPT:
        stop(s);
        break;
    case EVENT_SUSPEND:
        s->calls.suspend(s->calls.context);
        break;
    case EVENT_QUIT:
        s->quit = true;
        break;
    case EVENT_RESIZE:
    case EVENT_NONE:
        break;
    }
}
