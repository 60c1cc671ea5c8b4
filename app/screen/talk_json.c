#include "app/screen/talk_json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/text/json.h"
#include "compute/error.h"

static const char *const states[] = {"answered", "stopped", "failed"};
static const enum exchange_state state_of[] = {EXCHANGE_ANSWERED, EXCHANGE_STOPPED, EXCHANGE_FAILED};

/* --- writing --- */

static void add_place(cJSON *array, struct spot at)
{
    cJSON_AddItemToArray(array, cJSON_CreateNumber((double)at.document));
    cJSON_AddItemToArray(array, cJSON_CreateNumber((double)at.offset));
}

static void add_items(cJSON *o, const struct finding *f)
{
    cJSON *items = cJSON_AddArrayToObject(o, "places");
    for (size_t i = 0; i < f->n_items; i++) {
        const struct finding_item *item = &f->items[i];
        const double numbers[] = {(double)item->document, (double)item->offset, (double)item->size,
                                  (double)item->segment,  (double)item->was,    (double)item->score,
                                  (double)item->share,    (double)item->reread};
        cJSON *one = cJSON_CreateArray();
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            cJSON_AddItemToArray(one, cJSON_CreateNumber(numbers[k])); /* NAN becomes null */
        cJSON_AddItemToArray(items, one);
    }
}

static void add_spans(cJSON *o, const struct finding *f)
{
    cJSON *spans = cJSON_AddArrayToObject(o, "words");
    for (size_t i = 0; f->judged && f->found && f->says == REREAD_WORDS && i < f->n_spans; i++) {
        cJSON *one = cJSON_CreateArray();
        cJSON_AddItemToArray(one, cJSON_CreateNumber((double)f->spans[i].item));
        cJSON_AddItemToArray(one, cJSON_CreateNumber((double)f->spans[i].begin));
        cJSON_AddItemToArray(one, cJSON_CreateNumber((double)f->spans[i].end));
        cJSON_AddItemToArray(spans, one);
    }
}

/* A question that was still being answered is kept as stopped, with the words that had come. */
static cJSON *question_of(const struct exchange *x)
{
    const char *state = x->state == EXCHANGE_ANSWERED ? states[0] : x->state == EXCHANGE_FAILED ? states[2] : states[1];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "question", x->question);
    if (strcmp(x->asked, x->question) != 0) cJSON_AddStringToObject(o, "asked", x->asked);
    if (x->follows) cJSON_AddTrueToObject(o, "follows");
    cJSON_AddStringToObject(o, "state", state);
    if (x->size > 0) cJSON_AddStringToObject(o, "answer", x->text);
    if (x->problem != NULL) cJSON_AddStringToObject(o, "problem", x->problem);
    if (x->finding == NULL) return o;
    cJSON_AddStringToObject(o, "answerer", x->answerer);
    cJSON_AddNumberToObject(o, "rank", x->finding->rank_by);
    cJSON_AddNumberToObject(o, "read", x->finding->read_share);
    cJSON_AddNumberToObject(o, "selected", x->token < 0 ? (double)x->selected : 0);
    add_items(o, x->finding);
    add_spans(o, x->finding);
    return o;
}

static void add_marks(cJSON *o, const struct jumps *j)
{
    cJSON *marks = cJSON_AddObjectToObject(o, "marks");
    for (uint32_t i = 0; i < sizeof j->marked / sizeof *j->marked; i++) {
        if (!j->marked[i]) continue;
        const char name[] = {(char)i, '\0'};
        add_place(cJSON_AddArrayToObject(marks, name), j->marks[i]);
    }
}

/* Absolute where it is a file's, so that it is found from elsewhere. What came through a pipe is not. */
static void add_paths(cJSON *o, const struct talk_json *t)
{
    cJSON *paths = cJSON_AddArrayToObject(o, "paths");
    for (size_t i = 0; i < t->n_paths; i++) {
        char *real = realpath(t->paths[i], NULL);
        if (strcmp(t->paths[i], "-") != 0) cJSON_AddItemToArray(paths, cJSON_CreateString(real ? real : t->paths[i]));
        free(real);
    }
}

int talk_json_encode(char **out, const struct talk_json *t, struct error *e)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "lectern-talk", TALK_JSON_VERSION);
    add_paths(o, t);
    cJSON_AddNumberToObject(o, "part", t->part);
    add_place(cJSON_AddArrayToObject(o, "place"), t->spot);
    add_marks(o, &t->jumps);
    cJSON_AddNumberToObject(o, "contents", (double)t->n_open);
    cJSON *open = cJSON_AddArrayToObject(o, "open");
    for (size_t i = 0; i < t->n_open; i++) {
        if (t->open[i]) cJSON_AddItemToArray(open, cJSON_CreateNumber((double)i));
    }
    cJSON_AddNumberToObject(o, "current", (double)t->conversation.current);
    cJSON *questions = cJSON_AddArrayToObject(o, "questions");
    for (size_t i = 0; i < t->conversation.n; i++)
        cJSON_AddItemToArray(questions, question_of(t->conversation.items[i]));
    char *text = json_print(o, false);
    cJSON_Delete(o);
    if (text == NULL) return error_memory(e);
    *out = text;
    return 0;
}

/* --- reading --- */

/* A whole number from 0 to `most`. */
static bool take_whole_number(const cJSON *number, uint64_t most, uint64_t *out)
{
    if (!cJSON_IsNumber(number)) return false;
    const double x = number->valuedouble;
    if (!(x >= 0 && x <= 9007199254740992.0) || x != floor(x) || (uint64_t)x > most) return false;
    *out = (uint64_t)x;
    return true;
}

static bool whole_of(const cJSON *o, const char *key, uint64_t most, uint64_t *out)
{
    return take_whole_number(cJSON_GetObjectItemCaseSensitive(o, key), most, out);
}

/* null stands for what was not computed. */
static bool take_score(const cJSON *number, float *out)
{
    *out = NAN;
    if (cJSON_IsNull(number)) return true;
    if (!cJSON_IsNumber(number) || !(fabs(number->valuedouble) < 1e30)) return false;
    *out = (float)number->valuedouble;
    return true;
}

static bool place(const cJSON *array, const struct corpus *c, struct spot *out)
{
    uint64_t document, offset;
    if (cJSON_GetArraySize(array) != 2 ||
        !take_whole_number(cJSON_GetArrayItem(array, 0), c->n_documents - 1, &document))
        return false;
    if (!take_whole_number(cJSON_GetArrayItem(array, 1), c->documents[document].size, &offset)) return false;
    *out = (struct spot){(size_t)document, offset};
    return true;
}

static bool take_item(struct finding_item *item, const cJSON *array, const struct corpus *c)
{
    const cJSON *n[8];
    uint64_t document, size, was;
    if (cJSON_GetArraySize(array) != 8) return false;
    for (int k = 0; k < 8; k++) n[k] = cJSON_GetArrayItem(array, k);
    if (!take_whole_number(n[0], c->n_documents - 1, &document)) return false;
    const uint64_t all = c->documents[document].size;
    if (!take_whole_number(n[1], all, &item->offset) || !take_whole_number(n[2], UINT32_MAX, &size) ||
        size > all - item->offset)
        return false;
    if (!take_whole_number(n[3], UINT64_MAX, &item->segment) || !take_whole_number(n[4], UINT32_MAX, &was))
        return false;
    item->document = (size_t)document;
    item->size = (uint32_t)size;
    item->was = (uint32_t)was;
    item->attention = item->bm25 = item->fused = NAN;
    return take_score(n[5], &item->score) && take_score(n[6], &item->share) && take_score(n[7], &item->reread);
}

static bool take_items(struct finding *f, const cJSON *items, const struct corpus *c)
{
    const int n = cJSON_GetArraySize(items);
    const cJSON *one;
    if (!cJSON_IsArray(items) || n > FINDING_MOST) return false;
    f->items = calloc((size_t)n + 1, sizeof *f->items);
    if (f->items == NULL) return false;
    cJSON_ArrayForEach(one, items)
    {
        if (!take_item(&f->items[f->n_items], one, c)) return false;
        f->n_items++;
    }
    return true;
}

static bool take_spans(struct finding *f, const cJSON *spans, const struct corpus *c)
{
    const cJSON *one;
    if (!cJSON_IsArray(spans) || cJSON_GetArraySize(spans) > REREAD_SPANS) return false;
    cJSON_ArrayForEach(one, spans)
    {
        struct finding_span *s = &f->spans[f->n_spans];
        uint64_t item;
        if (f->n_items == 0 || cJSON_GetArraySize(one) != 3) return false;
        if (!take_whole_number(cJSON_GetArrayItem(one, 0), f->n_items - 1, &item)) return false;
        const uint64_t all = c->documents[f->items[item].document].size;
        if (!take_whole_number(cJSON_GetArrayItem(one, 1), all, &s->begin)) return false;
        if (!take_whole_number(cJSON_GetArrayItem(one, 2), all, &s->end) || s->begin > s->end) return false;
        s->item = (size_t)item;
        f->n_spans++;
    }
    f->judged = f->found = f->n_spans > 0;
    f->says = REREAD_WORDS;
    return true;
}

/* What was found, if anything was. */
static bool take_finding(struct exchange *x, const cJSON *o, const struct corpus *c)
{
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(o, "places"),
                *answerer = cJSON_GetObjectItemCaseSensitive(o, "answerer"),
                *read = cJSON_GetObjectItemCaseSensitive(o, "read");
    uint64_t rank, selected;
    if (items == NULL) return x->state != EXCHANGE_ANSWERED;
    if (!cJSON_IsString(answerer) || !cJSON_IsNumber(read) || !whole_of(o, "rank", FINDING_WORDS, &rank)) return false;
    struct finding *f = calloc(1, sizeof *f);
    if (f == NULL) return false;
    f->rank_by = (enum finding_rank)rank;
    f->read_share = read->valuedouble >= 0 && read->valuedouble <= 1 ? read->valuedouble : 0;
    f->question = strdup(x->question);
    if (f->question == NULL || !take_items(f, items, c) ||
        !take_spans(f, cJSON_GetObjectItemCaseSensitive(o, "words"), c) ||
        !whole_of(o, "selected", f->n_items, &selected) || !exchange_keep(x, f)) {
        finding_close(f);
        return false;
    }
    x->selected = (size_t)selected;
    snprintf(x->answerer, sizeof x->answerer, "%s", answerer->valuestring);
    return true;
}

/* A text that may be absent, in place of what is there. */
static bool take_text(char **out, const cJSON *o, const char *key)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(o, key);
    if (text == NULL) return true;
    char *copy = cJSON_IsString(text) ? strdup(text->valuestring) : NULL;
    if (copy == NULL) return false;
    free(*out);
    *out = copy;
    return true;
}

static bool take_question(struct conversation *all, const cJSON *o, const struct corpus *c)
{
    const cJSON *question = cJSON_GetObjectItemCaseSensitive(o, "question"),
                *state = cJSON_GetObjectItemCaseSensitive(o, "state");
    size_t known = 0;
    if (!cJSON_IsString(question) || !cJSON_IsString(state)) return false;
    while (known < 3 && strcmp(state->valuestring, states[known]) != 0) known++;
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(o, "asked");
    if (asked == NULL) asked = question;
    if (known == 3 || !cJSON_IsString(asked) || conversation_ask(all, asked->valuestring, NULL) != 0) return false;
    struct exchange *x = conversation_current(all);
    x->state = state_of[known];
    if (!take_text(&x->question, o, "question")) return false;
    x->follows = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "follows"));
    if (!take_text(&x->text, o, "answer") || !take_text(&x->problem, o, "problem")) return false;
    x->size = x->text ? strlen(x->text) : 0;
    x->capacity = x->text ? x->size + 1 : 0;
    if (!take_finding(x, o, c)) return false;
    exchange_mark(x, c);
    return true;
}

static bool take_marks(struct jumps *j, const cJSON *marks, const struct corpus *c)
{
    const cJSON *one;
    struct spot at;
    if (!cJSON_IsObject(marks)) return false;
    cJSON_ArrayForEach(one, marks)
    {
        if (strlen(one->string) != 1 || !place(one, c, &at)) return false;
        const unsigned char letter = (unsigned char)one->string[0];
        if (letter != '\'' && !jumps_mark(j, letter, at)) return false;
        if (letter == '\'') j->marks[letter] = at, j->marked[letter] = true;
    }
    return true;
}

static bool take_open(struct talk_json *t, const cJSON *o, const struct corpus *c)
{
    const cJSON *open = cJSON_GetObjectItemCaseSensitive(o, "open"), *one;
    uint64_t n, at;
    if (!cJSON_IsArray(open) || !whole_of(o, "contents", 256 * c->n_documents, &n)) return false;
    if (n == 0) return true;
    t->open = calloc((size_t)n, sizeof *t->open);
    if (t->open == NULL) return false;
    t->n_open = (size_t)n;
    cJSON_ArrayForEach(one, open)
    {
        if (!take_whole_number(one, n - 1, &at)) return false;
        t->open[at] = true;
    }
    return true;
}

static bool take_all(struct talk_json *t, const cJSON *o, const struct corpus *c)
{
    const cJSON *questions = cJSON_GetObjectItemCaseSensitive(o, "questions"), *one;
    uint64_t current;
    if (!place(cJSON_GetObjectItemCaseSensitive(o, "place"), c, &t->spot)) return false;
    if (!take_marks(&t->jumps, cJSON_GetObjectItemCaseSensitive(o, "marks"), c) || !take_open(t, o, c)) return false;
    if (!cJSON_IsArray(questions)) return false;
    cJSON_ArrayForEach(one, questions)
    {
        if (!take_question(&t->conversation, one, c)) return false;
    }
    if (!whole_of(o, "current", t->conversation.n, &current)) return false;
    t->conversation.current = (size_t)current;
    return true;
}

int talk_json_decode(struct talk_json *out, const char *text, size_t size, const struct corpus *c, struct error *e)
{
    struct talk_json t = {.conversation = {.compared = SIZE_MAX}};
    uint64_t version = 0;
    cJSON *o = cJSON_ParseWithLength(text, size);
    const bool known = whole_of(o, "lectern-talk", UINT32_MAX, &version);
    const bool other = known && version != TALK_JSON_VERSION;
    const bool taken = known && !other && take_all(&t, o, c);
    cJSON_Delete(o);
    if (taken) {
        *out = t;
        return 0;
    }
    talk_json_free(&t);
    if (other) return error_set(e, "the talk was kept by another version of Lectern");
    return error_set_kind(e, ERROR_DAMAGED, "what was kept of the talk is damaged");
}

void talk_json_free(struct talk_json *t)
{
    conversation_close(&t->conversation);
    free(t->open);
    *t = (struct talk_json){0};
}
