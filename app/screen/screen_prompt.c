/* What is typed at the bottom: searches, found as they are typed, and commands after ":". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output/export.h"
#include "app/screen/completion.h"
#include "app/screen/screen_parts.h"
#include "app/screen/talk_data.h"
#include "app/screen/talk_notes.h"
#include "app/text/safe_text.h"
#include "app/text/suggest.h"
#include "app/panes/search.h"
#include "compute/error.h"
#include "compute/model.h"

void screen_prompt_search(struct screen *s, const char *pattern)
{
    struct error e = {0};
    search_close(s->search);
    s->search = NULL;
    s->search_jumps = false;
    s->notice[0] = '\0';
    if (*pattern == '\0') return;
    uint64_t from = atlas_byte(s->atlas, s->search_from);
    if (search_open(&s->search, s->atlas, pattern, s->prompt == PROMPT_REGEX, from, &e) != 0) {
        screen_notice(s, ROLE_ERROR, "%s", e.text);
        return;
    }
    s->search_backwards = s->prompt == PROMPT_SEARCH_BACK;
    s->search_jumps = true;
}

void screen_prompt_jump(struct screen *s)
{
    if (s->search == NULL) return;
    uint64_t begin, size, here = atlas_byte(s->atlas, s->search_from);
    enum search_result result = s->search_backwards ? search_before(s->search, here, &begin, &size)
                                                    : search_after(s->search, here, &begin, &size);
    if (result == SEARCH_PENDING) return;
    s->search_jumps = false;
    if (result == SEARCH_NONE) {
        if (search_problem(s->search) == NULL) screen_notice(s, ROLE_ERROR, "not found: %s", search_pattern(s->search));
        return;
    }
    pane_text_go(&s->text, s->atlas, atlas_spot(s->atlas, begin), size);
    s->map.own_cursor = false;
}

/* A whole number with nothing after it but `tail`. */
static bool parse_whole(const char *text, const char *tail, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || strcmp(end, tail) != 0) return false;
    *out = n;
    return true;
}

static void go_line(struct screen *s, uint64_t line)
{
    size_t document = s->text.spot.document;
    const struct document *d = &s->atlas->corpus->documents[document];
    if (line < 1) line = 1;
    if (line > d->n_lines) line = d->n_lines;
    uint64_t begin = d->lines[line - 1], end = line < d->n_lines ? d->lines[line] : d->size;
    screen_go(s, (struct spot){document, begin}, end - begin);
}

static void go_byte(struct screen *s, uint64_t byte)
{
    uint64_t all = s->atlas->starts[s->atlas->corpus->n_documents];
    screen_go(s, atlas_spot(s->atlas, byte < all ? byte : all), 0);
}

/* The next document whose path has the word in it. */
static void go_file(struct screen *s, const char *word)
{
    const struct corpus *c = s->atlas->corpus;
    for (size_t i = 1; i <= c->n_documents; i++) {
        size_t document = (s->text.spot.document + i) % c->n_documents;
        if (strstr(c->documents[document].path, word) == NULL) continue;
        screen_go(s, (struct spot){document, 0}, 0);
        return;
    }
    screen_notice(s, ROLE_ERROR, "no file with \"%s\" in its path", word);
}

static void write_export(struct screen *s, const struct exchange *x, const char *path)
{
    struct error e = {0};
    char no_words[] = "";
    const struct atlas *a = s->atlas;
    uint64_t first = pane_map_token(&s->map, a, 0), end = first + pane_map_span(&s->map, a);
    /* As the screen shows it: the words may have been stopped, or be on their way. */
    struct answer shown = {.finding = x->finding, .text = x->text ? x->text : no_words};
    const bool whole = x->state == EXCHANGE_ANSWERED;
    snprintf(shown.answerer, sizeof shown.answerer, whole ? "%s" : "%.100s (not to its end)",
             whole ? x->answer->answerer : x->answerer);
    const struct export export = {
        .corpus = a->corpus,
        .documents = a->documents,
        .n_documents = a->n_documents,
        .segments = a->segments,
        .n_segments = a->n_segments,
        .answer = &shown,
        .model_name = s->model->name,
        .device = s->device,
        .first_token = first,
        .end_token = end,
        .model = s->model,
        .inspected = exchange_inspected(x, &s->choice),
        .not_inspected = x->not_inspected,
    };
    if (export_write(&export, path, &e) != 0)
        screen_notice(s, ROLE_ERROR, "%s", e.text);
    else
        screen_notice(s, ROLE_GOOD, "written: %s", path);
}

/* The dilated attention is part of it, and may have to be computed first. */
static void export_answer(struct screen *s, const char *path)
{
    const struct exchange *x = conversation_current(&s->conversation);
    struct error e = {0};
    if (!exchange_attended(x)) {
        screen_notice(s, ROLE_ERROR, "nothing to export: ask a question first");
        return;
    }
    if (export_check(path, &e) != 0) {
        screen_notice(s, ROLE_ERROR, "%s", e.text);
        return;
    }
    if (exchange_inspected(x, &s->choice) != NULL) {
        write_export(s, x, path);
        return;
    }
    free(s->export_path);
    s->export_path = strdup(path);
    s->wanted_inspection.id = 0; /* asked for again where it failed before */
    screen_notice(s, ROLE_DIM, "the question's attention is computed; then it is written");
}

void screen_prompt_export(struct screen *s)
{
    const struct exchange *x = conversation_current(&s->conversation);
    char *path = s->export_path;
    if (!exchange_attended(x) || (exchange_inspected(x, &s->choice) == NULL && x->not_inspected == NULL)) return;
    s->export_path = NULL;
    write_export(s, x, path);
    free(path);
}

/* The whole talk as notes, but never over a text that is read. */
static void write_talk(struct screen *s, const char *path)
{
    const char *dot = strrchr(path, '.');
    const struct corpus *c = s->atlas->corpus;
    if (s->conversation.n == 0) {
        screen_notice(s, ROLE_ERROR, "nothing to write: ask a question first");
    } else if (dot == NULL || (strcmp(dot, ".md") != 0 && strcmp(dot, ".json") != 0)) {
        screen_notice(s, ROLE_ERROR, "%.*s: a file for the talk ends in .md or .json", safe_text_most(path, 200), path);
    } else if (corpus_reads(c, path)) {
        screen_notice(s, ROLE_ERROR, "%.*s: is one of the files that are read", safe_text_most(path, 200), path);
    } else {
        errno = 0;
        FILE *f = fopen(path, "wb");
        const bool notes = strcmp(dot, ".md") == 0;
        int failed = f == NULL || (notes ? talk_notes_write : talk_data_write)(f, &s->conversation, c);
        if (f != NULL && fclose(f) != 0) failed = -1;
        if (failed)
            screen_notice(s, ROLE_ERROR, "%.*s: %s", safe_text_most(path, 200), path,
                          errno ? strerror(errno) : "it could not be written");
        else
            screen_notice(s, ROLE_GOOD, "written: %s", path);
    }
}

static const char *argument(const char *line, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0')) return NULL;
    line += n;
    while (*line == ' ') line++;
    return line;
}

/* Settings of the configuration file can be typed too. A line that begins like one and is wrong is said to be. */
static bool setting(struct screen *s, const char *line)
{
    struct error e = {0};
    size_t n;
    const struct config_setting *all = config_settings(&n);
    if (config_line(&s->config, line, &e) == 0) return true;
    for (size_t i = 0; i < n; i++)
        if (argument(line, all[i].name) != NULL) screen_notice(s, ROLE_ERROR, "%s", e.text);
    return false;
}

static void no_such_command(struct screen *s, const char *line)
{
    struct suggest meant = suggest_for(line, strcspn(line, " "));
    char words[64];
    for (size_t i = 0; completion_command(i) != NULL; i++) suggest_try(&meant, completion_command(i));
    suggest_words(&meant, ":", words);
    screen_notice(s, ROLE_ERROR, "no such command: %.*s%s", safe_text_most(line, 100), line,
                  words[0]
                      ? words
                      : " (a line number, 50%, b BYTE, t TOKEN, f FILE, export FILE, talk FILE, theme, mouse, bind, "
                        "notes, quit)");
}

void screen_prompt_line(struct screen *s, const char *line)
{
    uint64_t n;
    const char *a;
    while (*line == ' ') line++;
    if (*line == '\0') return;
    if (parse_whole(line, "", &n)) {
        go_line(s, n);
    } else if (parse_whole(line, "%", &n)) {
        uint64_t all = s->atlas->starts[s->atlas->corpus->n_documents];
        go_byte(s, n >= 100 ? all : all / 100 * n + all % 100 * n / 100);
    } else if ((a = argument(line, "b")) != NULL && parse_whole(a, "", &n)) {
        go_byte(s, n);
    } else if ((a = argument(line, "t")) != NULL && parse_whole(a, "", &n)) {
        screen_go(s, atlas_token_spot(s->atlas, n), 0);
    } else if ((a = argument(line, "f")) != NULL && *a != '\0') {
        go_file(s, a);
    } else if ((a = argument(line, "export")) != NULL && *a != '\0') {
        export_answer(s, a);
    } else if ((a = argument(line, "talk")) != NULL && *a != '\0') {
        write_talk(s, a);
    } else if (strcmp(line, "notes") == 0) {
        screen_actions_run(s, ACTION_NOTES);
    } else if (strcmp(line, "help") == 0) {
        screen_actions_run(s, ACTION_HELP);
    } else if (strcmp(line, "q") == 0 || strcmp(line, "quit") == 0) {
        s->quit = true;
    } else if (setting(s, line)) {
        screen_configured(s);
        s->calls.configure(s->calls.context, &s->config);
    } else if (s->notice[0] == '\0') {
        no_such_command(s, line);
    }
}
