#include "app/answer/followup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answerer.h"
#include "app/text/leaning.h"
#include "compute/error.h"

/* A reworded question of more bytes than this is no question any more. */
#define QUESTION_MAX 1600 /* 400 characters */

void followup_free(struct followup *f)
{
    free(f->topic);
    free(f->question);
    free(f->answer);
    *f = (struct followup){0};
}

struct line {
    char text[QUESTION_MAX + 1];
    size_t size;
};

static int take_line(void *context, const char *text, size_t size)
{
    struct line *line = context;
    for (size_t i = 0; i < size; i++) {
        if (line->size == 0 && isspace((unsigned char)text[i])) continue;
        if (text[i] == '\n' || line->size == QUESTION_MAX) return 1;
        line->text[line->size++] = text[i] ? text[i] : ' ';
    }
    return 0;
}

/* A line that ends in a question mark, or *out stays NULL, also where the answerer fails. */
static int reword(const struct followup *f, const char *question, struct answerer *w, struct backend *b,
                  const atomic_bool *cancel, char **out, struct error *e)
{
    const char *const form =
        "Reword the last question so that it can be understood by itself. Reply with the question only.\n\n"
        "Question: %s\nAnswer: %s\nLast question: %s";
    size_t size = strlen(form) + strlen(f->question) + strlen(f->answer) + strlen(question) + 1;
    char *text = malloc(size);
    if (!text) return error_memory(e);
    snprintf(text, size, form, f->question, f->answer, question);
    struct line line = {.size = 0};
    const struct chat_message message = {CHAT_USER, text};
    const struct chat_request request = {.messages = &message,
                                         .n_messages = 1,
                                         .max_tokens = 100,
                                         .emit = take_line,
                                         .context = &line,
                                         .cancel = cancel};
    struct error why = {0};
    int failed = answerer_chat(w, b, &request, &why);
    free(text);
    if (failed) return why.kind == ERROR_CANCELLED ? error_copy(e, &why) : 0;
    line.text[line.size] = 0;
    if (line.size < 2 || line.text[line.size - 1] != '?') return 0;
    *out = strdup(line.text);
    return *out ? 0 : error_memory(e);
}

int followup_resolve(const struct followup *f, const char *question, struct answerer *w, struct backend *b,
                     const atomic_bool *cancel, char **out, struct error *e)
{
    char *whole = NULL;
    const bool leans = f->topic && (f->told || leaning_is(question));
    if (leans && f->question && w && answerer_is_large(w) && reword(f, question, w, b, cancel, &whole, e) != 0)
        return -1;
    if (!whole) {
        size_t size = strlen(question) + (leans ? strlen(f->topic) : 0) + 2;
        whole = malloc(size);
        if (!whole) return error_memory(e);
        snprintf(whole, size, "%s%s%s", leans ? f->topic : "", leans ? " " : "", question);
    }
    *out = whole;
    return 0;
}

int followup_tell(struct followup *f, const char *topic, struct error *e)
{
    char *copy = topic ? strdup(topic) : NULL;
    if (topic && !copy) return error_memory(e);
    free(f->topic);
    f->topic = copy;
    f->told = true;
    return 0;
}

int followup_remember(struct followup *f, const char *question, const char *answer, struct error *e)
{
    struct followup now = {.told = f->told, .question = strdup(question), .answer = strdup(answer)};
    bool alone = !f->topic || !(f->told || leaning_is(question));
    if (alone) now.topic = strdup(question);
    if (!now.question || !now.answer || (alone && !now.topic)) {
        followup_free(&now);
        return error_memory(e);
    }
    if (!alone) {
        now.topic = f->topic;
        f->topic = NULL;
    }
    followup_free(f);
    *f = now;
    return 0;
}
