#include "app/answer/answer_small.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer.h"
#include "app/answer/answerer.h"
#include "app/answer/citation.h"
#include "app/text/corpus.h"
#include "app/answer/quote_text.h"
#include "app/text/stems.h"
#include "compute/error.h"

/* An answer that has not ended by then is no short one. */
#define ANSWER_TOKENS 64

/* Different words of substance that are looked at, of an answer or a question; a passage of 512 bytes has fewer. */
#define STEMS 256

/* Two examples show the form better than a rule would. They are the same before every question, so that the model has
 * read them when the second one comes. */
static const char system_text[] = "Answer the question with a few words from the text.";
static const char *const example_texts[] = {
    "Text:\nThe mill at Aldbury was built in 1792 by Thomas Garner, a corn merchant from Leeds, and burnt down forty "
    "years later.\n\nQuestion: Who built the mill?",
    "Text:\nShe went home in the rain because the last train had been cancelled, and found her sister Clara asleep in "
    "the kitchen.\n\nQuestion: why did she walk home",
};
static const char *const example_answers[] = {"Thomas Garner", "the last train had been cancelled"};

static bool holds_stem(const uint64_t *stems, size_t n, uint64_t stem)
{
    for (size_t i = 0; i < n; i++)
        if (stems[i] == stem) return true;
    return false;
}

bool answer_small_stands(const char *answer, const char *question, const char *passage, size_t size)
{
    uint64_t said[STEMS], asked[STEMS], there[STEMS];
    size_t n_said = stems_find(answer, strlen(answer), STEMS_TELLING, said, STEMS);
    size_t n_asked = stems_find(question, strlen(question), STEMS_TELLING, asked, STEMS);
    size_t n_there = stems_find(passage, size, STEMS_TELLING, there, STEMS);
    bool tells = false;
    for (size_t i = 0; i < n_said; i++) {
        if (holds_stem(asked, n_asked, said[i])) continue;
        if (!holds_stem(there, n_there, said[i])) return false;
        tells = true;
    }
    return tells;
}

struct saying {
    struct citation_filter filter;
    uint32_t n_tokens;
    struct error *e;
    bool failed;
};

/* The first line: a small model that goes on after it only repeats itself. */
static int take_piece(void *context, const char *text, size_t size)
{
    struct saying *s = context;
    const char *end = s->filter.size ? memchr(text, '\n', size) : NULL;
    s->n_tokens++;
    s->failed = citation_add(&s->filter, text, end ? (size_t)(end - text) : size, s->e) != 0;
    return s->failed || end;
}

/* The passage as a string without NULs, malloc'ed. */
static char *prompt_of(const char *text, size_t size, const char *question)
{
    const char form[] = "Text:\n%.*s\n\nQuestion: %s";
    const size_t room = sizeof form + size + strlen(question);
    char *copy = malloc(size + 1), *prompt = malloc(room);
    if (copy && prompt) {
        for (size_t i = 0; i < size; i++) copy[i] = text[i] ? text[i] : ' ';
        snprintf(prompt, room, form, (int)size, copy, question);
    } else {
        free(prompt);
        prompt = NULL;
    }
    free(copy);
    return prompt;
}

static int ask_for_sentence(struct saying *s, const char *prompt, struct answerer *w, struct backend *b,
                            const struct answer_callbacks *c, struct error *e)
{
    const struct chat_message messages[] = {{CHAT_SYSTEM, system_text},           {CHAT_USER, example_texts[0]},
                                            {CHAT_ASSISTANT, example_answers[0]}, {CHAT_USER, example_texts[1]},
                                            {CHAT_ASSISTANT, example_answers[1]}, {CHAT_USER, prompt}};
    const struct chat_request request = {.messages = messages,
                                         .n_messages = sizeof messages / sizeof *messages,
                                         .max_tokens = ANSWER_TOKENS,
                                         .emit = take_piece,
                                         .context = s,
                                         .cancel = c->cancel,
                                         .idle = c->idle,
                                         .idle_context = c->context};
    if (answerer_chat(w, b, &request, e) != 0 || s->failed) return -1;
    return citation_finish(&s->filter, e);
}

/* The words with their reference, then the sentences. */
static int join_sentences(struct answer *a, struct saying *s, const struct corpus *corpus,
                          const struct answer_callbacks *c, struct error *e)
{
    static const char after[] = " [1]\n\n";
    struct citation_filter *f = &s->filter;
    f->shown = 1;
    if (citation_add(f, after, sizeof after - 1, e) != 0) return -1;
    if (c->words) c->words(c->context, f->text, f->size);
    if (answer_compose(a, corpus, true, c, e) != 0) return -1;
    const size_t size = f->size + strlen(a->text) + 1;
    char *whole = malloc(size);
    if (!whole) return error_memory(e);
    snprintf(whole, size, "%s%s", f->text, a->text);
    free(a->text);
    a->text = whole;
    a->worded = f->size;
    return 0;
}

int answer_small(struct answer *a, const struct corpus *corpus, struct answerer *w, struct backend *b,
                 const struct answer_callbacks *c, struct error *e)
{
    const struct finding_item *best = &a->finding->items[0];
    const char *text = corpus->documents[best->document].text + best->offset;
    size_t begin = 0, end = best->size;
    quote_text_trim(text, &begin, &end);
    struct saying s = {.e = e}; /* nothing is shown by number: references are taken out */
    char *prompt = prompt_of(text + begin, end - begin, a->finding->question);
    int failed = prompt ? ask_for_sentence(&s, prompt, w, b, c, e) : error_memory(e);
    free(prompt);
    bool stands = !failed && s.n_tokens < ANSWER_TOKENS &&
                  answer_small_stands(s.filter.text, a->finding->question, text + begin, end - begin);
    if (!failed) failed = stands ? join_sentences(a, &s, corpus, c, e) : answer_compose(a, corpus, true, c, e);
    free(s.filter.text);
    if (failed) return -1;
    snprintf(a->answerer, sizeof a->answerer, stands ? "%.100s" : ANSWER_DOUBTED "%.80s was not to be believed",
             answerer_name(w));
    return 0;
}
