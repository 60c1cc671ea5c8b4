/* Untrusted words on their way to an answer. The first byte chooses: 's', a server's reply, cut into pieces as the
 * second byte says; it passes through the citation filter. 't', a chat template and a conversation about it, split at
 * the first NUL. Any other: a question, a passage and an answer, split at NULs, through everything that compares them.
 */
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer_small.h"
#include "app/answer/answerer.h"
#include "app/answer/chat_refusal.h"
#include "app/answer/chat_stream.h"
#include "app/answer/chat_template.h"
#include "app/answer/citation.h"
#include "app/measure/eval_score.h"
#include "app/answer/quote.h"
#include "app/text/leaning.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int take(void *context, const char *text, size_t size)
{
    struct citation_filter *f = context;
    struct error e;
    if (citation_add(f, text, size, &e) != 0) abort();
    return f->size > 4096;
}

/* What is shown has only references that are allowed, and is a C string of its size. */
static void check_references(const struct citation_filter *f)
{
    if (strlen(f->text) != f->size || f->emitted > f->size) abort();
    for (const char *p = f->text; (p = strchr(p, '[')); p++) {
        char *end;
        unsigned long n = strtoul(p + 1, &end, 10);
        if (p[1] >= '0' && p[1] <= '9' && end < p + 12 && *end == ']' && n != 1 && n != 3) abort();
    }
}

static void reply(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct citation_filter f = {.shown = 5};
    struct chat_stream s = {.emit = take, .context = &f};
    size_t step = (size_t)bytes[0] + 1;
    int failed = 0;
    for (size_t at = 1; at < size && !failed; at += step)
        failed = chat_stream_add(&s, (const char *)bytes + at, size - at < step ? size - at : step, &e);
    if (!failed) chat_stream_finish(&s, &e);
    if (citation_finish(&f, &e) != 0) abort();
    check_references(&f);
    free(f.text);
    chat_stream_free(&s);
}

/* The same bytes as a refusal, which is a C string. */
static void refusal(const uint8_t *bytes, size_t size)
{
    char body[4096], words[CHAT_REFUSAL_WORDS + 1];
    const size_t n = size < sizeof body ? size : sizeof body - 1;
    memcpy(body, bytes, n);
    body[n] = '\0';
    chat_refusal_read(bytes[0] % 2 ? 400 : 404, body, n, words);
    if (strlen(words) > CHAT_REFUSAL_WORDS) abort();
}

static struct model *tiny(void)
{
    static struct model *m; /* borrows the bytes */
    const struct tiny_model t = tiny_model_default();
    struct error e;
    size_t size;
    if (m) return m;
    const uint8_t *bytes = tiny_llama_bytes(&t, &size);
    if (model_open_bytes(&m, "tiny", bytes, size, &e) != 0) abort();
    return m;
}

/* The messages' text makes no control pieces: an empty conversation of the same form has as many. */
static size_t count_controls(const struct chat_template *t, const char *text)
{
    const struct chat_message messages[] = {
        {CHAT_SYSTEM, text}, {CHAT_USER, text}, {CHAT_ASSISTANT, text}, {CHAT_USER, text}};
    struct tokens ids = {0};
    struct error e;
    size_t n = 0;
    if (chat_template_encode(t, messages, 4, &ids, &e) != 0) abort();
    for (size_t i = 0; i < ids.n; i++) {
        if (ids.ids[i] < 0 || (uint32_t)ids.ids[i] >= t->model->n_vocab) abort();
        n += tokenizer_piece(t->model->tokenizer, ids.ids[i], NULL, 0) == 0;
    }
    tokens_free(&ids);
    return n;
}

static void converse(const char *form, const char *text)
{
    struct model *m = tiny();
    struct chat_template t;
    struct error e;
    free(m->chat_template);
    m->chat_template = strdup(form);
    if (!m->chat_template) abort();
    if (chat_template_open(&t, m, &e) == 0 && count_controls(&t, text) != count_controls(&t, "")) abort();
}

static void compare(const char *question, const char *passage, char *answer)
{
    const struct quote_source sources[] = {{"a.txt", passage, strlen(passage), 2},
                                           {"a.c", passage, strlen(passage), 1}};
    struct eval_match match;
    struct error e;
    char *quoted;
    if (quote_answer(&quoted, question, sources, 2, &e) != 0) abort();
    if (eval_score_answer(&match, quoted, &answer, 1) != 0 || match.f1 > 1) abort();
    answer_small_stands(answer, question, passage, strlen(passage));
    if (answer_small_stands(answer, question, "", 0)) abort(); /* an empty passage backs no word */
    leaning_is(question);
    free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) return 0;
    if (*bytes == 's') {
        reply(bytes + 1, size - 1);
        refusal(bytes + 1, size - 1);
        return 0;
    }
    char *text = calloc(size + 3, 1); /* three strings at least */
    if (!text) abort();
    memcpy(text, bytes, size);
    char *second = text + strlen(text) + 1, *third = second + strlen(second) + 1;
    if (*text == 't')
        converse(text + 1, second);
    else
        compare(text, second, third);
    free(text);
    return 0;
}
