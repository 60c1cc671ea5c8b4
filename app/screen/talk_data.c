#include "app/screen/talk_data.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/panes/conversation.h"
#include "app/text/corpus.h"
#include "app/text/json.h"
#include "app/text/safe_text.h"

/* The bytes as people see them: what cannot be shown has its notation, so that the JSON is whole. */
static void add_text(cJSON *o, const char *name, const char *bytes, size_t size)
{
    char nothing[1];
    const size_t n = safe_text_render(nothing, 1, bytes, size, SAFE_BLOCK);
    char *text = malloc(n + 1);
    if (text != NULL) safe_text_render(text, n + 1, bytes, size, SAFE_BLOCK);
    cJSON_AddItemToObject(o, name, text ? cJSON_CreateString(text) : NULL);
    free(text);
}

static void add_place(cJSON *array, const struct finding_item *item, const struct corpus *c)
{
    const struct document *d = &c->documents[item->document];
    const char *at = corpus_document_at(d, item->offset);
    cJSON *place = cJSON_CreateObject();
    add_text(place, "path", d->path, strlen(d->path));
    cJSON_AddNumberToObject(place, "line", (double)corpus_document_line(d, item->offset));
    if (at != NULL) add_text(place, "place", at, strlen(at));
    if (!isnan(item->share)) cJSON_AddNumberToObject(place, "share", (double)item->share);
    add_text(place, "text", d->text + item->offset, item->size);
    cJSON_AddItemToArray(array, place);
}

/* Which of a model's words are the text's, and the number of the place where they stand. */
static void add_own(cJSON *o, const struct exchange *x)
{
    cJSON *array = cJSON_AddArrayToObject(o, "spans");
    for (size_t i = 0; i < x->n_own; i++) {
        cJSON *one = cJSON_CreateObject();
        add_text(one, "text", x->text + x->own[i].begin, x->own[i].end - x->own[i].begin);
        cJSON_AddNumberToObject(one, "place", (double)x->own[i].item + 1);
        cJSON_AddItemToArray(array, one);
    }
}

static cJSON *exchange_of(const struct exchange *x, const struct corpus *c)
{
    cJSON *o = cJSON_CreateObject();
    add_text(o, "question", x->question, strlen(x->question));
    add_text(o, "asked", x->asked, strlen(x->asked));
    if (x->size > 0) add_text(o, "answer", x->text, x->size);
    if (x->n_own > 0) add_own(o, x);
    if (x->answerer[0] != '\0') add_text(o, "answerer", x->answerer, strlen(x->answerer));
    cJSON *places = cJSON_AddArrayToObject(o, "places");
    for (size_t i = 0; x->finding != NULL && i < x->finding->n_items; i++) add_place(places, &x->finding->items[i], c);
    return o;
}

int talk_data_write(FILE *f, const struct conversation *all, const struct corpus *c)
{
    cJSON *o = cJSON_CreateObject(), *questions = cJSON_AddArrayToObject(o, "questions");
    for (size_t i = 0; i < all->n; i++) cJSON_AddItemToArray(questions, exchange_of(all->items[i], c));
    char *text = json_print(o, true);
    cJSON_Delete(o);
    const bool written = text != NULL && fputs(text, f) >= 0 && fputc('\n', f) != EOF;
    free(text);
    return written && !ferror(f) ? 0 : -1;
}
