#include "app/panes/code_quote.h"

#include <stdlib.h>
#include <string.h>

#include "app/panes/exchange.h"
#include "app/text/corpus.h"
#include "app/text/outline.h"

/* Pieces end at lines and at references. */
static size_t end_of(const struct exchange *x, size_t at)
{
    while (at < x->size && x->text[at] != '\n' && citation_reference(x->text + at, x->size - at) == 0) at++;
    return at;
}

/* The begin of the piece that ends at or after `at`. */
static size_t begin_of(const struct exchange *x, size_t at)
{
    size_t line = at;
    while (line > 0 && x->text[line - 1] != '\n') line--;
    for (size_t end = line; (end = end_of(x, end)) < at;) {
        const size_t taken = citation_reference(x->text + end, x->size - end);
        if (taken == 0 || end + taken > at) break;
        line = end += taken;
    }
    return line;
}

/* The place that the next reference of this paragraph names; NULL where none does. */
static const struct finding_item *place_after(const struct exchange *x, size_t at)
{
    for (; at < x->size && !(x->text[at] == '\n' && x->text[at + 1] == '\n'); at++) {
        if (citation_reference(x->text + at, x->size - at) == 0) continue;
        const unsigned long number = strtoul(x->text + at + 1, NULL, 10);
        return number > 0 && number <= x->finding->n_items ? &x->finding->items[number - 1] : NULL;
    }
    return NULL;
}

/* The line of the text that begins with these bytes; NULL where none does. */
static const char *line_that_begins(const struct document *d, const struct finding_item *item, const char *bytes,
                                    size_t size)
{
    const char *at = d->text + item->offset, *const last = at + item->size;
    while (at != NULL && at < last) {
        while (at < last && (*at == ' ' || *at == '\t')) at++;
        if ((size_t)(last - at) >= size && memcmp(at, bytes, size) == 0) return at;
        at = memchr(at, '\n', (size_t)(last - at));
        if (at != NULL) at++;
    }
    return NULL;
}

struct code_quote code_quote_at(const struct exchange *x, const struct corpus *c, size_t at)
{
    size_t begin = begin_of(x, at), end = end_of(x, at);
    struct code_quote quote = {.next = end > at ? end : at + 1};
    const struct finding_item *item = x->finding ? place_after(x, end) : NULL;
    if (item == NULL || outline_is_prose(&c->documents[item->document])) return quote;
    while (begin < end && x->text[begin] == ' ') begin++;
    while (end > begin && x->text[end - 1] == ' ') end--;
    if (begin == end) return quote;
    const struct document *d = &c->documents[item->document];
    const char *line = line_that_begins(d, item, x->text + begin, end - begin);
    if (line == NULL) return quote;
    quote.begin = begin;
    quote.end = end;
    quote.document = item->document;
    quote.offset = (uint64_t)(line - d->text);
    return quote;
}
