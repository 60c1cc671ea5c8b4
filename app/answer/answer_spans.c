#include "app/answer/answer_spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answer.h"
#include "app/answer/quote_text.h"
#include "app/text/corpus.h"
#include "compute/bytes.h"
#include "compute/error.h"

struct writer {
    char *text; /* owned, terminated */
    size_t size, capacity;
};

const char *answer_spans_sure(float confidence)
{
    if (confidence >= 0.8f) return "sure";
    if (confidence >= ANSWER_SPANS_LIKELY) return "likely";
    return confidence >= 0.25f ? "perhaps" : "a guess";
}

static int put_text(struct writer *w, const char *text, size_t size)
{
    char *grown = bytes_reserve(w->text, &w->capacity, w->size + size + 1, 1);
    if (!grown) return -1;
    w->text = grown;
    if (size > 0) memcpy(grown + w->size, text, size);
    w->size += size;
    grown[w->size] = '\0';
    return 0;
}

/* Bytes of a document: of prose in one line, every run of white space a space. NULs, which would end the answer, are
 * left out. */
static int put_bytes(struct writer *w, const struct document *d, uint64_t begin, uint64_t end)
{
    const bool code = quote_text_is_code(d->path);
    bool blank = true;
    for (uint64_t i = begin; i < end; i++) {
        char c = d->text[i];
        const bool space = !code && (c == ' ' || (c >= '\t' && c <= '\r'));
        if (c == '\0' || (space && blank)) continue;
        if (space) c = ' ';
        if (put_text(w, &c, 1) != 0) return -1;
        blank = space;
    }
    return 0;
}

static int put_reference(struct writer *w, size_t item)
{
    char reference[32];
    int n = snprintf(reference, sizeof reference, " [%zu]", item + 1);
    return put_text(w, reference, (size_t)n);
}

static const struct document *document_of(const struct answer *a, const struct corpus *c, const struct finding_span *s)
{
    return &c->documents[a->finding->items[s->item].document];
}

/* The sentence or line of its segment that a span begins in, with what follows to its end. */
static struct finding_span sentence_of(const struct answer *a, const struct corpus *c, const struct finding_span *s)
{
    const struct finding_item *item = &a->finding->items[s->item];
    const struct document *d = &c->documents[item->document];
    const char *text = d->text + item->offset;
    const bool code = quote_text_is_code(d->path);
    const size_t first = (size_t)(s->begin - item->offset), last = (size_t)(s->end - item->offset);
    size_t begin = 0, end = 0;
    while (end <= first && end < item->size) {
        begin = end;
        end = code ? quote_text_line_end(text, begin, item->size) : quote_text_sentence_end(text, begin, item->size);
    }
    if (end < last) end = last;
    quote_text_trim(text, &begin, &end);
    return (struct finding_span){s->item, item->offset + begin, item->offset + end};
}

/* The words, or yes or no, with their places. */
static int put_words(struct writer *w, const struct answer *a, const struct corpus *c)
{
    const struct finding *f = a->finding;
    int result = 0;
    if (f->says != REREAD_WORDS) {
        const char *says = f->says == REREAD_YES ? "Yes" : "No";
        return put_text(w, says, strlen(says)) || put_reference(w, f->spans[0].item) ? -1 : 0;
    }
    for (size_t i = 0; i < f->n_spans && result == 0; i++) {
        const struct finding_span *s = &f->spans[i];
        if (i > 0) result = put_text(w, ", ", 2);
        if (result == 0) result = put_bytes(w, document_of(a, c, s), s->begin, s->end);
        if (result == 0) result = put_reference(w, s->item);
    }
    return result;
}

/* The sentences, each once; none that is nothing but the words. */
static int put_sentences(struct writer *w, const struct answer *a, const struct corpus *c)
{
    const struct finding *f = a->finding;
    struct finding_span told[REREAD_SPANS];
    size_t n_told = 0;
    for (size_t i = 0; i < f->n_spans; i++) {
        const struct finding_span s = sentence_of(a, c, &f->spans[i]);
        bool known = f->says == REREAD_WORDS && s.begin == f->spans[i].begin && s.end == f->spans[i].end;
        for (size_t k = 0; k < n_told; k++) known |= told[k].item == s.item && told[k].begin == s.begin;
        if (known) continue;
        if (put_text(w, n_told > 0 ? " " : "\n\n", n_told > 0 ? 1 : 2) ||
            put_bytes(w, document_of(a, c, &s), s.begin, s.end) || put_reference(w, s.item))
            return -1;
        told[n_told++] = s;
    }
    return 0;
}

int answer_spans(struct answer *a, const struct corpus *corpus, struct error *e)
{
    const char *sure = answer_spans_sure(a->finding->confidence);
    struct writer w = {NULL, 0, 0};
    int failed = put_words(&w, a, corpus);
    a->worded = w.size;
    if (!failed) failed = put_text(&w, " (", 2) || put_text(&w, sure, strlen(sure)) || put_text(&w, ")", 1);
    if (!failed) failed = put_sentences(&w, a, corpus);
    if (failed) {
        free(w.text);
        return error_memory(e);
    }
    a->text = w.text;
    return 0;
}
