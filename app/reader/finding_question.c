#include "app/reader/finding_question.h"

#include <string.h>

#include "app/reader/reader.h"
#include "app/reader/reread.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/tokenizer.h"

/* A question of so many characters is asked in any script. */
#define QUESTION_CHARACTERS 400

static size_t count_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

int finding_question_tokens(const struct model *m, const char *question, struct tokens *out, uint32_t *begin,
                            struct error *e)
{
    struct tokens t = {0};
    const size_t most = model_question_tokens(m), size = strlen(question);
    *begin = 0;
    if (tokenizer_encode(m->tokenizer, question, size, &t, e)) return -1;
    if (t.n == 0 || (t.n > most && count_characters(question) > QUESTION_CHARACTERS)) {
        int failed = t.n == 0 ? error_set(e, "the question is empty")
                              : error_set(e, "the question has %zu tokens (%zu bytes): at most %zu tokens can be asked",
                                          t.n, size, most);
        tokens_free(&t);
        return failed;
    }
    size_t first = 0; /* a character that is spelt in several tokens is its last one's: it is not torn */
    while (t.n - first > most || (first > 0 && t.lengths[first - 1] == 0)) *begin += t.lengths[first++];
    t.n -= first;
    memmove(t.ids, t.ids + first, t.n * sizeof *t.ids);
    memmove(t.lengths, t.lengths + first, t.n);
    *out = t;
    return 0;
}

int finding_question_encode(const struct model *m, const char *question, struct tokens *out, uint32_t *n_own,
                            struct error *e)
{
    struct tokens text;
    uint32_t begin;
    if (finding_question_tokens(m, question, &text, &begin, e)) return -1;
    struct tokens ids = {.capacity = 0};
    ids.ids = bytes_reserve(NULL, &ids.capacity, text.n + 2, sizeof *ids.ids);
    if (!ids.ids) {
        tokens_free(&text);
        return error_memory(e);
    }
    ids.ids[0] = m->token_question;
    memcpy(ids.ids + 1, text.ids, text.n * sizeof *text.ids);
    ids.n = text.n + 1;
    if (model_token_sep(m) >= 0) ids.ids[ids.n++] = model_token_sep(m);
    *n_own = (uint32_t)text.n;
    tokens_free(&text);
    *out = ids;
    return 0;
}

bool finding_question_is_known(const struct model *m, const char *question)
{
    return !m->windows || tokenizer_has_whole_words(m->tokenizer) || reread_knows(question, strlen(question));
}

bool finding_question_fits(struct reader *r, const char *question)
{
    struct tokens ids = {0};
    uint32_t n_own;
    bool fits = finding_question_encode(reader_model(r), question, &ids, &n_own, NULL) == 0;
    tokens_free(&ids);
    return fits;
}
