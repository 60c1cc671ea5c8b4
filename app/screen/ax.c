#include "app/screen/ax.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/panes/atlas.h"
#include "app/panes/conversation.h"
#include "app/panes/search.h"
#include "app/reader/scope_words.h"
#include "app/screen/ui.h"
#include "app/text/leaning.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "app/worker/worker.h"
#include "compute/error.h"

#define LINE_MOST 4096
/* How much of the text is said at a time: whole lines, to the end of a paragraph where one ends there. */
#define PASSAGE_LEAST 300u
#define PASSAGE_MOST 1500u
#define PLACES_SAID 5
/* Chapters are looked for so long before the first line; what is left, between lines. */
#define CHAPTERS_MS 200

struct ax {
    const struct corpus *corpus;
    struct worker *worker;
    struct atlas *atlas;
    struct outline *outline;
    struct conversation all;
    struct reader_progress progress;
    struct spot at;
    bool waits;        /* for another process, which was said */
    unsigned quarters; /* of the text that were said to be read */
    bool read, quit;
    char *problem; /* owned: why reading failed */
    char line[LINE_MOST];
    size_t size;
    bool too_long; /* the line is longer than any question: it is left out */
};

static void say_text(const char *text, size_t size)
{
    safe_text_write(stdout, text, size, SAFE_BLOCK);
}

static void say_words(const char *text)
{
    say_text(text, strlen(text));
}

static void prompt(void)
{
    fputs("> ", stdout);
    fflush(stdout);
}

/* Where a place is, in words. */
static void say_place(const struct ax *a, struct spot at)
{
    const struct document *d = &a->corpus->documents[at.document];
    const struct outline_heading *h = outline_heading_at(a->outline, at.document, at.offset);
    char path[512];
    if (a->corpus->n_documents > 1) {
        say_words(d->path);
        fputs(", ", stdout);
    }
    printf("line %llu", (unsigned long long)corpus_document_line(d, at.offset));
    if (h == NULL) return;
    const size_t n = outline_path(a->outline, (size_t)(h - a->outline->headings), path, sizeof path);
    fputs(", ", stdout);
    say_text(path, n);
}

static bool is_blank(const char *line, uint64_t size)
{
    uint64_t n = 0;
    while (n < size && (line[n] == ' ' || line[n] == '\t' || line[n] == '\r' || line[n] == '\n')) n++;
    return n == size;
}

/* The text from where one is; one is behind it then. */
static void say_passage(struct ax *a)
{
    const struct document *d = &a->corpus->documents[a->at.document];
    uint64_t line = corpus_document_line(d, a->at.offset), end = a->at.offset;
    for (; line <= d->n_lines && end - a->at.offset < PASSAGE_MOST; line++) {
        const uint64_t begin = end;
        end = line < d->n_lines ? d->lines[line] : d->size;
        if (is_blank(d->text + begin, end - begin) && end - a->at.offset > PASSAGE_LEAST) break;
    }
    say_place(a, a->at);
    fputs(".\n", stdout);
    say_text(d->text + a->at.offset, (size_t)(end - a->at.offset));
    if (end == a->at.offset || d->text[end - 1] != '\n') fputs("\n", stdout);
    a->at.offset = end;
    if (end < d->size) return;
    if (a->at.document + 1 < a->corpus->n_documents)
        a->at = (struct spot){a->at.document + 1, 0};
    else
        fputs("This is the end of the text.\n", stdout);
}

static void go_to_spot(struct ax *a, struct spot at)
{
    a->at = at;
    say_passage(a);
}

/* Which of a model's words are the text's. */
static void say_own(const struct exchange *x)
{
    fputs("In it the text's own words: ", stdout);
    for (size_t i = 0; i < x->n_own; i++) {
        if (i > 0) fputs("; ", stdout);
        say_text(x->text + x->own[i].begin, x->own[i].end - x->own[i].begin);
    }
    fputs(".\n", stdout);
}

static void say_answer(const struct ax *a, const struct exchange *x)
{
    fputs("Answer", stdout);
    if (x->answerer[0] != '\0') fputs(", from ", stdout), say_words(x->answerer);
    fputs(": ", stdout);
    if (x->size > 0)
        say_text(x->text, x->size);
    else
        say_words(x->problem ? x->problem : "no words; these are the nearest places");
    fputs("\n", stdout);
    if (x->n_own > 0) say_own(x);
    const struct lens lens = exchange_lens(x);
    for (size_t i = 0; i < lens.n_items && i < PLACES_SAID; i++) {
        printf("Place %zu: ", i + 1);
        say_place(a, (struct spot){lens.items[i].document, lens.items[i].offset});
        fputs(".\n", stdout);
    }
    if (lens.n_items > 0) fputs("A number reads a place.\n", stdout);
}

static void take_message(struct ax *a, struct message *m)
{
    struct error e;
    const bool ends = m->type == MESSAGE_ANSWER_ENDS, told = ends && m->id < a->all.n;
    if (m->type == MESSAGE_WAITS && !a->waits) {
        fputs("\nAnother lectern is reading this text, and is waited for; a question is answered at once.\n", stdout);
        prompt();
    }
    a->waits = a->waits || m->type == MESSAGE_WAITS;
    if (m->type == MESSAGE_PROGRESS || m->type == MESSAGE_WAITS) {
        a->progress = m->progress;
        (void)atlas_extend(a->atlas, &m->tables, &e);
        const uint64_t all = a->progress.total_bytes;
        const unsigned quarters = all ? (unsigned)(4 * a->progress.bytes / all) : 0;
        if (quarters > a->quarters && quarters < 4) printf("\n%u percent is read.\n", 25 * quarters), prompt();
        a->quarters = quarters;
    } else if (m->type == MESSAGE_READ_STOPPED || m->type == MESSAGE_FAILED) {
        a->read = m->done;
        free(a->problem);
        a->problem = m->text;
        m->text = NULL;
        fputs(a->problem ? "\nReading failed: " : m->done ? "\nAll is read." : "\nReading stopped.", stdout);
        if (a->problem) say_words(a->problem);
        fputs("\n", stdout);
        prompt();
    } else {
        const size_t id = m->id;
        conversation_take(&a->all, m, a->atlas);
        if (told) fputs("\n", stdout), say_answer(a, a->all.items[id]), prompt();
    }
    message_free(m);
}

static void ask_line(struct ax *a, const char *line)
{
    struct error e = {0};
    struct scope scope;
    const bool alone = *line == '=';
    const char *topic = conversation_topic(&a->all, a->all.n);
    if (alone) line++;
    if (conversation_ask(&a->all, line, &e) != 0) {
        printf("%s.\n", e.text);
        return;
    }
    struct exchange *x = conversation_current(&a->all);
    x->follows = !alone && topic != NULL && leaning_is(x->question);
    if (scope_words_resolve(&scope, x->within, a->corpus, a->outline, &e) != 0) {
        say_words(e.text);
        fputs(".\n", stdout);
        x->state = EXCHANGE_FAILED;
        return;
    }
    if (x->follows) {
        fputs("Taken as a follow-up of: ", stdout);
        say_words(topic);
        fputs(" Begin with = to ask it on its own.\n", stdout);
    }
    if (worker_ask_about(a->worker, a->all.n - 1, x->question, x->follows ? topic : NULL,
                         scope_is_all(&scope) ? NULL : &scope, &e) != 0) {
        printf("%s.\n", e.text);
        x->state = EXCHANGE_FAILED;
    } else {
        fputs("Looking through the text.\n", stdout);
    }
    scope_free(&scope);
}

static void find_word(struct ax *a, const char *pattern)
{
    struct error e = {0};
    struct search *s = NULL;
    uint64_t begin, size;
    const uint64_t from = atlas_byte(a->atlas, a->at);
    if (search_open(&s, a->atlas, pattern, false, from, &e) != 0) {
        say_words(e.text);
        fputs(".\n", stdout);
        return;
    }
    while (search_after(s, from, &begin, &size) == SEARCH_PENDING) search_step(s, 50);
    if (search_after(s, from, &begin, &size) == SEARCH_FOUND) {
        struct spot at = atlas_spot(a->atlas, begin);
        const struct document *d = &a->corpus->documents[at.document];
        at.offset = d->lines[corpus_document_line(d, at.offset) - 1];
        go_to_spot(a, at);
    } else {
        fputs("Not found.\n", stdout);
    }
    search_close(s);
}

static void go_number(struct ax *a, const char *line)
{
    const unsigned long long n = strtoull(line, NULL, 10);
    const struct exchange *x = conversation_current(&a->all);
    const struct lens lens = exchange_lens(x);
    if (n >= 1 && n <= lens.n_items)
        go_to_spot(a, (struct spot){lens.items[n - 1].document, lens.items[n - 1].offset});
    else
        printf("There are %zu places.\n", lens.n_items);
}

static void go_line(struct ax *a, const char *line)
{
    const struct document *d = &a->corpus->documents[a->at.document];
    const unsigned long long n = strtoull(line, NULL, 10);
    if (n >= 1 && n <= d->n_lines)
        go_to_spot(a, (struct spot){a->at.document, d->lines[n - 1]});
    else
        printf("There are %llu lines.\n", (unsigned long long)d->n_lines);
}

static void say_contents(const struct ax *a)
{
    const struct outline *o = a->outline;
    for (size_t i = 0; i < o->n_entries; i++) {
        const struct outline_entry *entry = &o->entries[i];
        size_t begin, end;
        if (entry->folder) continue;
        say_words(a->corpus->documents[entry->first_document].path);
        fputs("\n", stdout);
        outline_headings(o, entry->first_document, &begin, &end);
        for (size_t k = begin; k < end; k++) {
            const struct outline_heading *h = &o->headings[k];
            const struct document *d = &a->corpus->documents[h->document];
            printf("line %llu: ", (unsigned long long)corpus_document_line(d, h->offset));
            say_text(h->title, h->size);
            fputs("\n", stdout);
        }
    }
}

static void obey_line(struct ax *a, const char *line)
{
    static const char help[] =
        "Enter reads on. A number reads a place of the answer. :120 goes to a line, /word to the "
        "next place of a word, c says the contents, q leaves. All else is a question.\n";
    line += strspn(line, " \t");
    if (*line == '\0')
        say_passage(a);
    else if (strcmp(line, "q") == 0)
        a->quit = true;
    else if (strcmp(line, "?") == 0)
        fputs(help, stdout);
    else if (strcmp(line, "c") == 0)
        say_contents(a);
    else if (*line == '/' && line[1] != '\0')
        find_word(a, line + 1);
    else if (*line == ':')
        go_line(a, line + 1);
    else if (line[strspn(line, "0123456789")] == '\0')
        go_number(a, line);
    else
        ask_line(a, line);
    if (!a->quit) prompt();
}

/* What came from the input, line by line; its end leaves. */
static void hear(struct ax *a)
{
    const ssize_t n = read(STDIN_FILENO, a->line + a->size, sizeof a->line - 1 - a->size);
    if (n <= 0) {
        a->quit = n == 0 || errno != EINTR || a->quit;
        return;
    }
    a->size += (size_t)n;
    for (char *end; !a->quit && (end = memchr(a->line, '\n', a->size)) != NULL;) {
        const size_t taken = (size_t)(end - a->line) + 1;
        *end = '\0';
        if (!a->too_long) obey_line(a, a->line);
        a->too_long = false;
        memmove(a->line, a->line + taken, a->size - taken);
        a->size -= taken;
    }
    if (a->size < sizeof a->line - 1) return;
    a->too_long = true;
    a->size = 0;
}

static void hear_input(struct ax *a)
{
    while (!a->quit) {
        struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {worker_fd(a->worker), POLLIN, 0}};
        const bool finds = !outline_done(a->outline);
        if (poll(fds, 2, finds ? 0 : -1) < 0) return; /* a signal leaves */
        char bytes[64];
        if (fds[1].revents && read(fds[1].fd, bytes, sizeof bytes) < 0 && errno != EAGAIN) return;
        for (struct message *m; (m = worker_next(a->worker)) != NULL;) take_message(a, m);
        if (fds[0].revents) hear(a);
        if (finds) outline_step(a->outline, 10);
    }
}

static int start_reading(struct ax *a, const struct ui_options *o, struct error *e)
{
    const struct worker_options w = {o->corpus,   o->model,  o->device,      o->n_threads, o->reader,
                                     o->answerer, o->quotes, o->reread_path, o->how};
    a->all.compared = SIZE_MAX;
    if (atlas_open(&a->atlas, o->corpus, e) || outline_open(&a->outline, o->corpus, e)) return -1;
    outline_step(a->outline, CHAPTERS_MS);
    printf("Lectern, %zu file%s. It is being read. ? says what can be typed.\n", o->corpus->n_documents,
           o->corpus->n_documents == 1 ? "" : "s");
    prompt();
    return worker_open(&a->worker, &w, e);
}

int ax_run(const struct ui_options *o, struct ui_end *end, struct error *e)
{
    struct ax a = {.corpus = o->corpus};
    int status = start_reading(&a, o, e);
    if (status == 0) hear_input(&a);
    const struct reader_progress *p = &a.progress;
    *end = (struct ui_end){.unread = !a.read, .part = p->total_bytes ? (double)p->bytes / (double)p->total_bytes : 0};
    if (status == 0 && a.problem != NULL) status = error_set(e, "%s", a.problem);
    worker_close(a.worker);
    conversation_close(&a.all);
    outline_close(a.outline);
    atlas_close(a.atlas);
    free(a.problem);
    return status;
}
