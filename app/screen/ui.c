#include "app/screen/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/terminal/canvas.h"
#include "app/terminal/config.h"
#include "app/text/corpus.h"
#include "app/worker/message.h"
#include "app/screen/screen_parts.h"
#include "app/screen/talk.h"
#include "app/terminal/terminal.h"
#include "app/worker/worker.h"
#include "compute/error.h"

#define DRAW_MS 40
/* Between two looks at the files' times, and how many are looked at. */
#define LOOK_MS 1000
#define LOOK_FILES 1024

struct ui {
    const struct corpus *corpus;
    struct terminal *terminal;
    struct worker *worker;
    struct screen *screen;
    struct canvas canvas;
    int64_t drawn, looked; /* when, in milliseconds */
    size_t look_at;        /* the document whose file is looked at next */
    const char *talk;      /* where the talk is kept; NULL: nowhere */
    char said[600];        /* of it: it is not kept, or was damaged */
};

int ui_check(struct error *e)
{
    return terminal_check(e);
}

static int action_ask(void *context, size_t id, const char *question, const char *topic, const struct scope *scope,
                      struct error *e)
{
    struct ui *u = context;
    return worker_ask_about(u->worker, id, question, topic, scope, e);
}

static bool action_read(void *context)
{
    struct ui *u = context;
    return worker_read(u->worker);
}

static void action_stop(void *context)
{
    struct ui *u = context;
    worker_stop(u->worker);
}

static bool action_measure(void *context)
{
    struct ui *u = context;
    return worker_measure(u->worker);
}

static void action_want_shares(void *context, size_t id, const struct finding *f, int token, uint64_t begin,
                               uint64_t end)
{
    struct ui *u = context;
    worker_want_shares(u->worker, id, f, token, begin, end);
}

static void action_want_lens(void *context, size_t id, const struct finding *f, size_t token)
{
    struct ui *u = context;
    worker_want_lens(u->worker, id, f, token);
}

static void action_want_inspection(void *context, size_t id, const struct finding *f,
                                   const struct inspected_choice *choice)
{
    struct ui *u = context;
    worker_want_inspection(u->worker, id, f, choice);
}

static void action_copy(void *context, const char *text, size_t size)
{
    struct ui *u = context;
    terminal_copy(u->terminal, text, size);
}

/* In single quotes for the shell, which then reads nothing in it. */
static char *shell_quoted(const char *text)
{
    char *out = malloc(4 * strlen(text) + 3), *p = out;
    if (out == NULL) return NULL;
    *p++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(p, "'\\''", 4);
            p += 4;
        } else {
            *p++ = *text;
        }
    }
    *p++ = '\'';
    *p = '\0';
    return out;
}

static void action_edit(void *context, size_t document, uint64_t line)
{
    struct ui *u = context;
    const char *file = corpus_file(u->corpus, document), *editor = getenv("VISUAL");
    if (editor == NULL || *editor == '\0') editor = getenv("EDITOR");
    if (editor == NULL || *editor == '\0') editor = "vi";
    if (file == NULL) {
        screen_notice(u->screen, ROLE_ERROR, "this text is no file that an editor could open");
        return;
    }
    char *path = shell_quoted(file), *command = path ? malloc(strlen(editor) + strlen(path) + 40) : NULL;
    if (command != NULL) {
        sprintf(command, "%s +%llu %s", editor, (unsigned long long)line, path);
        int status = terminal_run(u->terminal, command);
        if (status != 0) screen_notice(u->screen, ROLE_ERROR, "%s ended with status %d", editor, status);
    }
    free(command);
    free(path);
}

static void action_suspend(void *context)
{
    struct ui *u = context;
    terminal_suspend(u->terminal);
}

static void action_redraw(void *context)
{
    struct ui *u = context;
    terminal_refresh(u->terminal);
}

static void action_configure(void *context, const struct config *c)
{
    struct ui *u = context;
    terminal_theme(u->terminal, c->theme, &c->palette);
    terminal_mouse(u->terminal, c->mouse);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int draw_screen(struct ui *u, struct error *e)
{
    int rows, cols;
    terminal_size(u->terminal, &rows, &cols);
    if ((rows != u->canvas.rows || cols != u->canvas.cols) && canvas_resize(&u->canvas, rows, cols, e) != 0) return -1;
    screen_draw(u->screen, &u->canvas);
    terminal_draw(u->terminal, &u->canvas);
    u->drawn = now_ms();
    return 0;
}

/* Takes the messages and events that are there. */
static void take_news(struct ui *u)
{
    struct message *m;
    while ((m = worker_next(u->worker)) != NULL) screen_message(u->screen, m);
    struct event event;
    for (terminal_event(u->terminal, &event); event.type != EVENT_NONE && !u->screen->quit;
         terminal_event(u->terminal, &event))
        screen_event(u->screen, &event);
}

/* Whether others have changed a file meanwhile; of very many files some at a time. */
static void look_at_files(struct ui *u)
{
    if (u->screen->changed) return;
    size_t end = u->look_at + LOOK_FILES, changed = corpus_changed(u->corpus, u->look_at, end);
    u->look_at = end < u->corpus->n_documents ? end : 0;
    if (changed != SIZE_MAX) screen_changed(u->screen, changed);
    u->screen->stale = u->screen->stale || changed != SIZE_MAX;
}

/* Said once: what cannot be kept now will not be in a second either. */
static void keep_talk(struct ui *u, bool durable)
{
    struct error e = {0};
    u->screen->unkept = false;
    if (u->talk == NULL || talk_save(u->screen, u->talk, durable, &e) == 0) return;
    u->talk = NULL;
    snprintf(u->said, sizeof u->said, "the talk is not kept: %s", e.text);
    screen_notice(u->screen, ROLE_ERROR, "%s", u->said);
}

static void put_talk_back(struct ui *u)
{
    struct error e = {0};
    if (u->talk == NULL || talk_load(u->screen, u->talk, &e) == 0) return;
    const bool goes_on = e.kind == ERROR_DAMAGED;
    if (!goes_on) u->talk = NULL;
    snprintf(u->said, sizeof u->said, "%s%s", goes_on ? "" : "the talk is not kept: ", e.text);
    screen_notice(u->screen, ROLE_ERROR, "%s", u->said);
}

/* What is done now and then, whatever comes meanwhile. */
static void look_around(struct ui *u)
{
    if (now_ms() - u->looked < LOOK_MS) return;
    u->looked = now_ms();
    look_at_files(u);
    if (u->screen->unkept) keep_talk(u, false);
}

/* Keys are answered on the screen before any work goes on; what the work brings is drawn now and then, and when it is
 * done. */
static int answer_keys(struct ui *u, struct error *e)
{
    bool more = true;
    while (!u->screen->quit) {
        terminal_wait(u->terminal, worker_fd(u->worker), more ? 0 : LOOK_MS);
        take_news(u);
        look_around(u);
        if (u->screen->stale && draw_screen(u, e) != 0) return -1;
        more = screen_work(u->screen);
        bool due = !more || now_ms() - u->drawn >= DRAW_MS;
        if (u->screen->stale && due && draw_screen(u, e) != 0) return -1;
    }
    return 0;
}

static int start_screen(struct ui *u, const struct ui_options *o, struct error *e)
{
    const struct screen_calls actions = {
        u,
        action_ask,
        action_read,
        action_stop,
        action_measure,
        action_want_shares,
        action_want_lens,
        action_want_inspection,
        action_copy,
        action_edit,
        action_suspend,
        action_redraw,
        action_configure,
    };
    const struct worker_options worker = {o->corpus,   o->model,  o->device,      o->n_threads, o->reader,
                                          o->answerer, o->quotes, o->reread_path, o->how};
    struct config config;
    config_init(&config);
    if (config_read(&config, o->config, e) != 0) return -1;
    if (screen_open(&u->screen, o->corpus, o->model, &config, &actions, e) != 0) return -1;
    u->screen->named = o->paths;
    u->screen->n_named = o->n_paths;
    put_talk_back(u);
    const bool elsewhere = o->start.document > 0 || o->start.offset > 0;
    if (elsewhere && o->start.document < o->corpus->n_documents &&
        o->start.offset < o->corpus->documents[o->start.document].size)
        pane_text_go(&u->screen->text, u->screen->atlas, (struct spot){o->start.document, o->start.offset}, 0);
    if (terminal_open(&u->terminal, config.theme, config.mouse, e) != 0) return -1;
    terminal_theme(u->terminal, config.theme, &u->screen->config.palette);
    return worker_open(&u->worker, &worker, e);
}

static int tell_end(const struct ui *u, struct ui_end *end, struct error *e)
{
    const struct screen *s = u->screen;
    const struct reader_progress *p = &s->progress;
    end->again = s->again;
    end->place = (struct ui_place){s->text.spot.document, s->text.spot.offset};
    end->unread = s->reading != READING_DONE;
    end->part = p->total_bytes ? (double)p->bytes / (double)p->total_bytes : 0;
    snprintf(end->note, sizeof end->note, "%s", s->note);
    snprintf(end->talk, sizeof end->talk, "%s", u->said);
    return s->reading == READING_FAILED ? error_set(e, "%s", s->problem) : 0;
}

int ui_run(const struct ui_options *o, struct ui_end *end, struct error *e)
{
    struct ui u = {.corpus = o->corpus, .talk = o->talk};
    int status = start_screen(&u, o, e);
    if (status == 0) status = answer_keys(&u, e);
    if (status == 0) keep_talk(&u, true);
    if (status == 0) status = tell_end(&u, end, e);
    terminal_close(u.terminal);
    worker_close(u.worker);
    screen_close(u.screen);
    canvas_close(&u.canvas);
    return status;
}
