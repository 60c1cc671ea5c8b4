#include "app/screen/start.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/terminal/canvas.h"
#include "app/terminal/config.h"
#include "app/terminal/keys.h"
#include "app/terminal/terminal.h"
#include "compute/error.h"

#define ROWS 2 /* of an entry */

/* The directory at or above the current one that has a .git. */
static char *working_tree(void)
{
    char path[PATH_MAX], git[PATH_MAX + 8];
    if (getcwd(path, sizeof path) == NULL) return NULL;
    for (;;) {
        snprintf(git, sizeof git, "%s/.git", path);
        if (access(git, F_OK) == 0) return strdup(path);
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) return NULL;
        *slash = '\0';
    }
}

static size_t count_choices(const struct start *s)
{
    return s->n_recent + (s->tree != NULL);
}

bool start_open(struct start *s, const char *folder)
{
    *s = (struct start){.now = (int64_t)time(NULL), .tree = working_tree()};
    s->n_recent = recent_list(&s->recent, folder);
    return count_choices(s) > 0;
}

void start_close(struct start *s)
{
    recent_free(s->recent, s->n_recent);
    free(s->tree);
    *s = (struct start){0};
}

char *const *start_paths(const struct start *s, size_t *n)
{
    const bool tree = s->selected >= s->n_recent;
    *n = tree ? 1 : s->recent[s->selected].n_paths;
    return tree ? &s->tree : s->recent[s->selected].paths;
}

/* The talk is removed, the text is not touched. */
static void forget_recent(struct start *s)
{
    if (s->selected >= s->n_recent || unlink(s->recent[s->selected].talk) != 0) return;
    struct recent gone = s->recent[s->selected];
    memmove(&s->recent[s->selected], &s->recent[s->selected + 1], (s->n_recent - s->selected - 1) * sizeof *s->recent);
    s->recent[--s->n_recent] = gone;
    recent_free_one(&s->recent[s->n_recent]);
    if (s->selected > 0 && s->selected >= count_choices(s)) s->selected--;
}

enum start_step start_key(struct start *s, uint32_t key)
{
    const size_t last = count_choices(s) > 0 ? count_choices(s) - 1 : 0;
    switch (key) {
    case 'j':
    case KEYS_DOWN:
        s->selected = s->selected < last ? s->selected + 1 : last;
        return START_STAYS;
    case 'k':
    case KEYS_UP:
        s->selected = s->selected > 0 ? s->selected - 1 : 0;
        return START_STAYS;
    case 'x':
        forget_recent(s);
        return count_choices(s) > 0 ? START_STAYS : START_LEAVES;
    case KEYS_ENTER:
        return START_OPEN;
    case 'q':
    case KEYS_ESCAPE:
    case KEYS_CTRL | 'c':
        return START_LEAVES;
    default:
        return START_STAYS;
    }
}

static void age(char out[32], int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
    snprintf(out, 32, "just now");
    for (size_t i = 0; i < 3; i++) {
        const int64_t n = seconds / units[i].seconds;
        if (n < 1) continue;
        snprintf(out, 32, "%lld %s%s ago", (long long)n, units[i].name, n == 1 ? "" : "s");
        return;
    }
}

/* The name, what there is besides, and at the right how far it was read and when. */
static void draw_entry(const struct start *s, size_t i, struct canvas *c, struct rect r)
{
    const struct style plain = style(i == s->selected ? ROLE_SELECTED : ROLE_TEXT);
    const struct rect line = {r.y, r.x, r.h > 0 ? 1 : 0, r.w};
    canvas_fill(c, line, plain, " ");
    if (i >= s->n_recent) {
        canvas_puts(c, line, 0, 1, plain, "This working tree");
        canvas_put_head(c, rect_inset(r, 1, 1, 0, 0), 0, 3, style(ROLE_DIM), s->tree, strlen(s->tree));
        return;
    }
    const struct recent *t = &s->recent[i];
    char when[32], right[64], more[32] = "";
    const char *slash = strrchr(t->paths[0], '/'), *name = slash && slash[1] ? slash + 1 : t->paths[0];
    age(when, s->now - t->when);
    snprintf(right, sizeof right, "%3.0f%%  %s", 100 * t->part, when);
    const int end = line.w - 1 - (int)strlen(right);
    if (t->n_paths > 1) snprintf(more, sizeof more, " and %zu more", t->n_paths - 1);
    const struct rect left = {line.y, line.x, line.h, end > 1 ? end - 1 : line.w};
    const int at = canvas_put_head(c, left, 0, 1, plain, name, strlen(name));
    canvas_puts(c, left, 0, at, plain, more);
    if (end > 1) canvas_puts(c, line, 0, end, plain, right);
    const char *below = t->question ? t->question : t->paths[0];
    canvas_put_head(c, rect_inset(r, 1, 1, 0, 0), 0, 3, style(ROLE_DIM), below, strlen(below));
}

void start_draw(struct start *s, struct canvas *c)
{
    const struct rect all = {0, 0, c->rows, c->cols};
    canvas_clear(c);
    canvas_fill(c, (struct rect){0, 0, c->rows > 0, c->cols}, style(ROLE_TITLE), " ");
    canvas_puts(c, all, 0, 1, style(ROLE_TITLE), "Lectern  texts opened lately");
    const struct rect list = rect_inset(all, 2, 0, 2, 0);
    const size_t fits = list.h >= ROWS ? (size_t)(list.h / ROWS) : 1;
    if (s->selected < s->first) s->first = s->selected;
    if (s->selected >= s->first + fits) s->first = s->selected - fits + 1;
    for (size_t i = s->first; i < count_choices(s) && i < s->first + fits; i++) {
        const struct rect entry = {list.y + (int)(i - s->first) * ROWS, list.x, list.h < ROWS ? list.h : ROWS, list.w};
        draw_entry(s, i, c, entry);
    }
    const struct rect bar = {c->rows - 1, 0, c->rows > 1, c->cols};
    canvas_fill(c, bar, style(ROLE_TITLE), " ");
    canvas_puts(c, bar, 0, 1, style(ROLE_TITLE), "Enter opens  j k up and down  x forgets  q quits");
}

/* Until a key chooses or leaves. */
static int wait_for_choice(struct start *s, struct terminal *t, struct canvas *c, enum start_step *step,
                           struct error *e)
{
    for (*step = START_STAYS; *step == START_STAYS;) {
        int rows, cols;
        terminal_size(t, &rows, &cols);
        if ((rows != c->rows || cols != c->cols) && canvas_resize(c, rows, cols, e) != 0) return -1;
        start_draw(s, c);
        terminal_draw(t, c);
        terminal_wait(t, -1, -1);
        struct event event;
        for (terminal_event(t, &event); event.type != EVENT_NONE && *step == START_STAYS; terminal_event(t, &event)) {
            if (event.type == EVENT_KEY) *step = start_key(s, event.key);
            if (event.type == EVENT_QUIT || event.type == EVENT_INTERRUPT) *step = START_LEAVES;
            if (event.type == EVENT_SUSPEND) terminal_suspend(t);
        }
    }
    return 0;
}

int start_run(struct start *s, bool *chosen, struct error *e)
{
    struct config config;
    struct terminal *t = NULL;
    struct canvas c = {0};
    enum start_step step = START_LEAVES;
    config_init(&config);
    int failed = config_read(&config, NULL, e) || terminal_open(&t, config.theme, config.mouse, e);
    if (!failed) {
        terminal_theme(t, config.theme, &config.palette);
        failed = wait_for_choice(s, t, &c, &step, e);
    }
    terminal_close(t);
    canvas_close(&c);
    *chosen = step == START_OPEN;
    return failed ? -1 : 0;
}
