#include "app/screen/talk_notes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/output/markdown.h"
#include "app/panes/code_quote.h"
#include "app/panes/conversation.h"
#include "app/text/corpus.h"
#include "app/text/safe_text.h"

/* Of a question none of whose places is cited, so many are named. */
#define NAMED 5

/* The number of a reference [n] to one of `most` places at the beginning of a text, and its length; 0: there is none.
 */
static size_t reference_number(const char *text, size_t most, size_t *length)
{
    *length = citation_reference(text, strnlen(text, sizeof "[123]"));
    const size_t number = *length > 0 ? strtoul(text + 1, NULL, 10) : 0;
    return number <= most ? number : 0;
}

/* The answer with its references as footnotes, which are marked as cited. */
static void put_answer(FILE *f, const struct exchange *x, size_t question, bool *cited)
{
    const size_t most = x->finding ? x->finding->n_items : 0;
    const char *from = x->text, *at = from;
    for (size_t length, number; *at != '\0';) {
        number = reference_number(at, most, &length);
        if (number == 0) {
            at++;
            continue;
        }
        markdown_answer(f, x->text, (size_t)(from - x->text), (size_t)(at - x->text), x->own, x->n_own);
        fprintf(f, "[^%zu-%zu]", question, number);
        cited[number - 1] = true;
        from = at += length;
    }
    markdown_answer(f, x->text, (size_t)(from - x->text), (size_t)(at - x->text), x->own, x->n_own);
    fputs("\n\n", f);
    if (x->n_own > 0) markdown_answer_note(f, x->answerer);
}

static void put_footnote(FILE *f, const struct finding_item *item, const struct corpus *c)
{
    const struct document *d = &c->documents[item->document];
    const char *at = corpus_document_at(d, item->offset);
    markdown_line(f, d->path, strlen(d->path));
    fprintf(f, ":%" PRIu64, corpus_document_line(d, item->offset));
    if (at != NULL) {
        fputs(", ", f);
        markdown_line(f, at, strlen(at));
    }
    fputs(": “", f);
    markdown_line(f, d->text + item->offset, item->size);
    fputs("”\n", f);
}

static void put_exchange(FILE *f, const struct exchange *x, size_t question, const struct corpus *c)
{
    bool cited[FINDING_MOST] = {false}, any = false;
    fputs("## ", f);
    markdown_line(f, x->question, strlen(x->question));
    fputs("\n\n", f);
    if (x->size > 0) put_answer(f, x, question, cited);
    const size_t n = x->finding ? x->finding->n_items : 0;
    for (size_t i = 0; i < n; i++) any = any || cited[i];
    for (size_t i = 0; !any && i < n && i < NAMED; i++) {
        fprintf(f, "%s[^%zu-%zu]", i == 0 ? "Places:" : "", question, i + 1);
        cited[i] = true;
    }
    if (!any && n > 0) fputs("\n\n", f);
    for (size_t i = 0; i < n; i++) {
        if (!cited[i]) continue;
        fprintf(f, "[^%zu-%zu]: ", question, i + 1);
        put_footnote(f, &x->finding->items[i], c);
    }
    if (n > 0) fputs("\n", f);
}

int talk_notes_write(FILE *f, const struct conversation *all, const struct corpus *c)
{
    fputs("# Questions to ", f);
    markdown_line(f, c->documents[0].path, strlen(c->documents[0].path));
    if (c->n_documents > 1) fprintf(f, " and %zu more", c->n_documents - 1);
    fputs("\n\n", f);
    for (size_t i = 0; i < all->n; i++) put_exchange(f, all->items[i], i + 1, c);
    return ferror(f) ? -1 : 0;
}
