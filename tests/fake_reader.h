/* A reader without a model, for tests of the screen and of its worker alone: it defines what app/reader/reader.h and
 * compute/backend.h promise, so that the real ones are not linked. A token is four bytes of text; a segment is attended
 * to as often as the question's words stand in it. */
#ifndef LECTERN_FAKE_READER_H
#define LECTERN_FAKE_READER_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/text/corpus.h"
#include "app/reader/inspected.h"
#include "app/reader/finding_look.h"
#include "app/answer/ask.h"
#include "app/reader/reader.h"
#include "app/text/segment.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/model.h"

#define FAKE_HEADER 3
#define FAKE_TOKEN 4

static unsigned fake_pause_us;     /* after each document */
static atomic_bool fake_held;      /* reading stays at the first document, step by step, until this is false */
static atomic_bool fake_elsewhere; /* another process reads the text, until this is false */
static const char *fake_failure;   /* of the answerer, in every answer; NULL: none */

struct reader {
    const struct model *model;
    const struct corpus *corpus;
    struct reader_document *documents;
    struct reader_segment *segments;
    size_t n_documents, n_segments;
    struct reader_progress progress;
};

int reader_open(struct reader **out, const struct model *m, struct backend *b, const struct corpus *c,
                const struct reader_options *o, const atomic_bool *cancel, struct error *e)
{
    (void)b;
    (void)cancel;
    const struct timespec pause = {0, 1000000};
    while (atomic_load(&fake_elsewhere) && o->waits(o->waiter, c->documents[0].size)) nanosleep(&pause, NULL);
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory");
    r->corpus = c;
    r->model = m;
    r->documents = calloc(c->n_documents + 1, sizeof *r->documents);
    /* Two segments in a row have more than SEGMENT_MAX_BYTES between them. */
    r->segments = calloc(c->n_bytes / 128 + c->n_documents + 1, sizeof *r->segments);
    r->progress.total_bytes = c->n_bytes;
    r->progress.memory = 64000000;
    *out = r;
    return 0;
}

const char *reader_note(const struct reader *r)
{
    (void)r;
    return "";
}

void reader_close(struct reader *r)
{
    if (r == NULL) return;
    free(r->documents);
    free(r->segments);
    free(r);
}

static void fake_read_document(struct reader *r, size_t document)
{
    const struct document *d = &r->corpus->documents[document];
    uint64_t token = r->progress.tokens;
    struct reader_document *told = &r->documents[r->n_documents++];
    *told = (struct reader_document){
        .first_token = token, .text_token = token + FAKE_HEADER, .first_segment = r->n_segments};
    uint64_t text_token = told->text_token;
    for (uint64_t at = 0; at < d->size;) {
        size_t size = segment_cut(d->text + at, (size_t)(d->size - at));
        uint64_t end = text_token + (at + size + FAKE_TOKEN - 1) / FAKE_TOKEN;
        r->segments[r->n_segments++] = (struct reader_segment){.document = (uint32_t)document,
                                                               .size = (uint32_t)size,
                                                               .offset = at,
                                                               .first_token = token,
                                                               .end_token = end};
        token = end;
        at += size;
    }
    told->end_token = d->size ? token : text_token;
    told->end_segment = r->n_segments;
    r->progress.new_tokens += told->end_token - told->first_token;
    r->progress.tokens = told->end_token;
    r->progress.bytes += d->size;
    r->progress.document = document;
    r->progress.seconds += 0.5;
    r->progress.tokens_per_second = (double)r->progress.new_tokens / r->progress.seconds;
    r->progress.seconds_left =
        (double)(r->progress.total_bytes - r->progress.bytes) / FAKE_TOKEN / r->progress.tokens_per_second;
}

int reader_read(struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    while (r->n_documents < r->corpus->n_documents) {
        if (c->cancel && atomic_load(c->cancel)) return error_cancelled(e);
        const bool held = atomic_load(&fake_held);
        if (!held || r->n_documents == 0) fake_read_document(r, r->n_documents);
        if (c->progress) c->progress(c->context, &r->progress);
        const unsigned us = held ? 1000 : fake_pause_us;
        const struct timespec pause = {us / 1000000, (long)(us % 1000000) * 1000};
        nanosleep(&pause, NULL);
    }
    return 0;
}

bool reader_done(const struct reader *r)
{
    return r->n_documents == r->corpus->n_documents;
}

const char *reader_notice(const struct reader *r)
{
    (void)r;
    return "";
}

void reader_progress(const struct reader *r, struct reader_progress *p)
{
    *p = r->progress;
}

const struct reader_document *reader_documents(const struct reader *r, size_t *n)
{
    *n = r->n_documents;
    return r->documents;
}

const struct corpus *reader_corpus(const struct reader *r)
{
    return r->corpus;
}

const struct reader_segment *reader_segments(const struct reader *r, size_t *n)
{
    *n = r->n_segments;
    return r->segments;
}

static bool fake_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static unsigned fake_count(const char *text, size_t size, const char *word, size_t length)
{
    unsigned n = 0;
    for (size_t i = 0; i + length <= size; i++) n += strncasecmp(text + i, word, length) == 0;
    return n;
}

static float fake_weight(const struct reader *r, size_t segment, const char *question)
{
    const struct reader_segment *s = &r->segments[segment];
    float weight = 0.01f;
    for (const char *w = question; *w != '\0';) {
        size_t n = 0;
        while (fake_is_word(w[n])) n++;
        if (n > 3) weight += (float)fake_count(r->corpus->documents[s->document].text + s->offset, s->size, w, n);
        w += n + (n == 0);
    }
    return weight;
}

static atomic_int fake_findings; /* that are open */

int finding_open(struct finding **out, struct reader *r, const char *question, const struct finding_how *how,
                 const atomic_bool *cancel, struct error *e)
{
    (void)how;
    (void)cancel;
    if (r->n_segments == 0) return error_set(e, "nothing has been read yet");
    struct finding *f = calloc(1, sizeof *f);
    f->question = strdup(question);
    f->n_segments = r->n_segments;
    f->share = calloc(r->n_segments + 1, sizeof *f->share);
    f->score = calloc(r->n_segments + 1, sizeof *f->score);
    f->items = calloc(FINDING_MOST, sizeof *f->items);
    f->rank_by = FINDING_ATTENTION;
    f->seconds = 0.1;
    f->read_share = 1;
    float sum = 0;
    for (size_t i = 0; i < r->n_segments; i++) sum += f->score[i] = fake_weight(r, i, question);
    for (size_t i = 0; i < r->n_segments; i++) f->share[i] = f->score[i] / sum;
    while (f->n_items < FINDING_MOST && f->n_items < r->n_segments) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < r->n_segments; i++) {
            bool taken = false;
            for (size_t j = 0; j < f->n_items; j++) taken |= f->items[j].segment == i;
            if (!taken && (best == SIZE_MAX || f->score[i] > f->score[best])) best = i;
        }
        f->items[f->n_items++] = (struct finding_item){.segment = best,
                                                       .document = r->segments[best].document,
                                                       .offset = r->segments[best].offset,
                                                       .size = r->segments[best].size,
                                                       .score = f->score[best],
                                                       .share = f->share[best],
                                                       .attention = f->score[best],
                                                       .bm25 = NAN,
                                                       .fused = NAN,
                                                       .reread = NAN};
    }
    *out = f;
    fake_findings++;
    return 0;
}

int finding_open_like(struct finding **out, struct reader *r, size_t document, uint64_t offset,
                      const struct finding_how *how, const atomic_bool *cancel, struct error *e)
{
    const struct document *d = &r->corpus->documents[document];
    char *text = strndup(d->text + offset, (size_t)(d->size - offset));
    const int failed = finding_open(out, r, text, how, cancel, e);
    free(text);
    return failed;
}

void finding_close(struct finding *f)
{
    if (f == NULL) return;
    fake_findings--;
    free(f->question);
    free(f->items);
    if (!f->lent) {
        free(f->share);
        free(f->score);
    }
    free(f);
}

int finding_lend(struct finding **out, const struct finding *f, struct error *e)
{
    (void)e;
    struct finding *other = calloc(1, sizeof *other);
    *other = *f;
    other->lent = true;
    other->question = strdup(f->question);
    other->items = calloc(FINDING_MOST, sizeof *other->items);
    memcpy(other->items, f->items, f->n_items * sizeof *f->items);
    *out = other;
    fake_findings++;
    return 0;
}

/* A second reading that puts the second place before the first and picks its first eight bytes. */
int reread_open(struct reread **out, const char *path, struct backend *b, struct error *e)
{
    static char fake;
    (void)b;
    if (strcmp(path, "fake") != 0) return error_set(e, "%s: no such file", path);
    *out = (struct reread *)(void *)&fake;
    return 0;
}

void reread_close(struct reread *r)
{
    (void)r;
}

int ask_reread(struct ask *q, struct finding *f, const atomic_bool *cancel, void (*idle)(void *context), void *context,
               struct error *e)
{
    (void)cancel;
    (void)e;
    if (!q->reread || f->n_items < 2) return 0;
    if (idle) idle(context);
    const struct finding_item first = f->items[0];
    f->items[0] = f->items[1];
    f->items[1] = first;
    for (uint32_t i = 0; i < 2; i++) {
        f->items[i].was = 2 - i;
        f->items[i].reread = f->items[i].score = 1.5f - (float)i;
    }
    f->rank_by = FINDING_REREAD;
    f->judged = f->found = true;
    f->confidence = 0.9f;
    f->spans[0] = (struct finding_span){0, f->items[0].offset, f->items[0].offset + 8};
    f->n_spans = 1;
    return 0;
}

/* As in reading, without tokens. */
int sequence_cut(struct reader_segment **out, size_t *n, const struct corpus *c, const atomic_bool *cancel,
                 struct error *e)
{
    (void)cancel;
    (void)e;
    *out = calloc(c->n_bytes / 128 + c->n_documents + 1, sizeof **out);
    *n = 0;
    for (uint32_t i = 0; i < c->n_documents; i++) {
        const struct document *d = &c->documents[i];
        for (uint64_t at = 0, size; at < d->size; at += size) {
            size = segment_cut(d->text + at, (size_t)(d->size - at));
            (*out)[(*n)++] = (struct reader_segment){.document = i, .size = (uint32_t)size, .offset = at};
        }
    }
    return 0;
}

/* The places as they stand. */
int ask_words(struct ask *q, const char *question, const struct reader_segment *segments, size_t n,
              const struct finding_how *how, const atomic_bool *cancel, struct finding **out, struct error *e)
{
    (void)how;
    (void)cancel;
    (void)e;
    struct finding *f = calloc(1, sizeof *f);
    f->question = strdup(question);
    f->items = calloc(FINDING_MOST, sizeof *f->items);
    f->rank_by = FINDING_WORDS;
    for (size_t i = 0; i < n && f->n_items < FINDING_MOST; i++)
        f->items[f->n_items++] = (struct finding_item){.segment = i,
                                                       .document = segments[i].document,
                                                       .offset = segments[i].offset,
                                                       .size = segments[i].size,
                                                       .score = 1 / (float)(i + 1),
                                                       .share = NAN,
                                                       .attention = NAN,
                                                       .bm25 = 1 / (float)(i + 1),
                                                       .fused = NAN,
                                                       .reread = NAN};
    f->n_candidates = q->reread ? f->n_items : 0;
    *out = f;
    fake_findings++;
    return 0;
}

int ask_find(struct ask *q, const char *question, const struct finding_how *how, const atomic_bool *cancel,
             struct finding **out, struct error *e)
{
    const struct followup nothing = {0};
    char *alone = NULL;
    if (followup_resolve(q->conversation ? &q->talk : &nothing, question, NULL, NULL, cancel, &alone, e)) return -1;
    const int failed = finding_open(out, q->reader, alone, how, cancel, e);
    free(alone);
    if (failed) return -1;
    (*out)->n_candidates = q->reread ? (*out)->n_items : 0;
    return 0;
}

void ask_free(struct ask *q)
{
    followup_free(&q->talk);
}

const char *ask_answerer(const struct ask *q)
{
    (void)q;
    return "none";
}

const char *ask_notice(const struct ask *q)
{
    return reader_notice(q->reader);
}

static bool fake_cancelled(const struct answer_callbacks *c)
{
    return c->cancel && atomic_load(c->cancel);
}

/* Between two words, as an answerer: others have their turn ten times a second. False: enough. */
static bool fake_wait(const struct answer_callbacks *c, unsigned us)
{
    for (unsigned left = us, slice; left > 0; left -= slice) {
        slice = left < 20000 ? left : 20000;
        const struct timespec pause = {0, (long)slice * 1000};
        nanosleep(&pause, NULL);
        if (c->idle) c->idle(c->context);
        if (fake_cancelled(c)) return false;
    }
    return !fake_cancelled(c);
}

/* Where the answerer fails, two words came before. What never ends is stopped. */
int ask_word(struct ask *q, const char *question, const struct finding *f, const struct answer_callbacks *c,
             struct answer **out, struct error *e)
{
    (void)q;
    static const char *const words[] = {"The ", "text ", "says ", "so ", "[1], ", "and ", "again ", "[2]."};
    static const char *const before[] = {"It ", "burns ", "\n\n"};
    const size_t n_before = fake_failure ? 3 : 0, n = sizeof words / sizeof *words;
    struct answer *a = calloc(1, sizeof *a);
    a->finding = f;
    a->text = calloc(100, 1);
    a->seconds = 0.2;
    snprintf(a->answerer, sizeof a->answerer, "none");
    for (size_t i = 0; i < n_before + n; i++) {
        const char *word = i < n_before ? before[i] : words[i - n_before];
        if (c->words) c->words(c->context, word, strlen(word));
        if (i >= n_before) strcat(a->text, word);
        bool goes_on = fake_wait(c, fake_pause_us);
        while (goes_on && i == n_before + 2 && strstr(question, "never ends")) {
            if (c->words) c->words(c->context, "", 0);
            goes_on = fake_wait(c, 1000);
        }
        if (goes_on) continue;
        answer_close(a);
        return error_cancelled(e);
    }
    if (fake_failure) a->failure = strdup(fake_failure);
    *out = a;
    return 0;
}

int reader_token_offsets(const struct reader *r, uint64_t begin, uint64_t end, uint64_t *offsets, struct error *e)
{
    (void)e;
    size_t document = 0;
    while (r->documents[document].end_token <= begin) document++;
    for (uint64_t t = begin; t <= end; t++) {
        uint64_t offset = (t - r->documents[document].text_token) * FAKE_TOKEN,
                 size = r->corpus->documents[document].size;
        offsets[t - begin] = offset < size ? offset : size;
    }
    return 0;
}

/* Tokens that begin with a capital have all of the attention of their segment. */
void finding_look_shares(const struct finding *f, const struct reader *r, int token, uint64_t begin, uint64_t end,
                         float *share)
{
    (void)token;
    size_t segment = 0, document = 0;
    for (uint64_t t = begin; t < end; t++) {
        while (r->segments[segment].end_token <= t) segment++;
        while (r->documents[document].end_token <= t) document++;
        uint64_t offset = (t - r->documents[document].text_token) * FAKE_TOKEN;
        char c = r->corpus->documents[document].text[offset];
        share[t - begin] = c >= 'A' && c <= 'Z' ? f->share[segment] / 4 : 0;
    }
}

/* The words of the question, longer ones weighing more; the others are parts of the word before them. */
int finding_look_tokens(const struct finding *f, const struct reader *r, struct finding_token **out, size_t *n,
                        struct error *e)
{
    (void)r;
    (void)e;
    size_t size = strlen(f->question);
    struct finding_token *tokens = calloc(size + 1, sizeof *tokens);
    *n = 0;
    for (size_t i = 0; i < size; i++) {
        if (i == 0 || f->question[i] == ' ') tokens[(*n)++].begin = (uint32_t)i;
        tokens[*n - 1].end = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < *n; i++) tokens[i].gate = (float)(tokens[i].end - tokens[i].begin) / (float)size;
    *out = tokens;
    return 0;
}

/* A token's share is that of a question of this word alone. */
int finding_look_token_share(const struct finding *f, const struct reader *r, size_t token, const atomic_bool *cancel,
                             float *share, struct error *e)
{
    (void)cancel;
    size_t n;
    struct finding_token *tokens;
    char word[64];
    if (finding_look_tokens(f, r, &tokens, &n, e) != 0) return -1;
    snprintf(word, sizeof word, "%.*s", (int)(tokens[token].end - tokens[token].begin),
             f->question + tokens[token].begin);
    free(tokens);
    float sum = 0;
    for (size_t i = 0; i < f->n_segments; i++) sum += share[i] = fake_weight(r, i, word);
    for (size_t i = 0; i < f->n_segments; i++) share[i] /= sum;
    return 0;
}

/* --- looking into a question: queries of zeros, so that every key that the index rule lets be seen weighs the same ---
 */

struct fake_grid {
    const struct model *model;
    const struct inspection *in;
    uint64_t first; /* position that any of it is seen from */
};

/* Adds what one token of one head sees through one branch, or counts it. */
static size_t fake_see(const struct fake_grid *g, uint32_t head, uint32_t branch, uint32_t token, double mass,
                       double *sums, uint32_t *branches)
{
    const struct branch *b = &g->model->branch[branch];
    const uint64_t at = g->in->start + token, offset = head % b->dilation_rate;
    size_t n = 0;
    if (!dilation_on_grid(b, offset, at)) return 0;
    for (uint64_t p = at / b->segment_length * b->segment_length; p <= at; p++) {
        if (!dilation_on_grid(b, offset, p) || (p >= g->in->n_text && p < g->in->start)) continue;
        n++;
        if (sums == NULL) continue;
        sums[p - g->first] += mass;
        branches[p - g->first] |= UINT32_C(1) << branch;
    }
    return n;
}

static void fake_look(const struct fake_grid *g, uint32_t layer, uint32_t head, uint32_t token,
                      const struct inspect_choice *c, double mean, double *sums, uint32_t *branches)
{
    const struct inspection *in = g->in;
    size_t all = 0;
    for (uint32_t i = 0; i < in->n_branch; i++) all += fake_see(g, head, i, token, 0, NULL, NULL);
    for (uint32_t i = 0; i < in->n_branch; i++) {
        const struct branch *b = &g->model->branch[i];
        const uint64_t w = b->segment_length, at = in->start + token;
        size_t n = fake_see(g, head, i, token, 0, NULL, NULL), text = 0;
        for (uint64_t p = at / w * w; p < in->n_text && n > 0; p++)
            text += dilation_on_grid(b, head % b->dilation_rate, p);
        in->mass[inspection_at(in, layer, head, i, token)] = (float)n / (float)all;
        in->text[inspection_at(in, layer, head, i, token)] = (float)text / (float)all;
        bool chosen = layer >= c->layers.begin && layer < c->layers.end && head >= c->heads.begin &&
                      head < c->heads.end && i >= c->branches.begin && i < c->branches.end &&
                      token >= c->tokens.begin && token < c->tokens.end;
        if (chosen) fake_see(g, head, i, token, mean / (double)all, sums, branches);
    }
}

static struct inspection *fake_inspection(const struct reader *r, const struct inspected_choice *choice, uint32_t n)
{
    const struct model *m = r->model;
    struct inspection *in = calloc(1, sizeof *in);
    const uint64_t w = m->branch[0].segment_length, start = (r->progress.tokens + w - 1) / w * w;
    *in = (struct inspection){.n_text = r->progress.tokens,
                              .start = start,
                              .n_layer = m->n_layer,
                              .n_head = m->n_head,
                              .n_branch = m->n_branch,
                              .n_token = n};
    const size_t masses = (size_t)m->n_layer * m->n_head * m->n_branch * n,
                 widest = m->branch[m->n_branch - 1].segment_length, first = start / widest * widest,
                 positions = (size_t)(start + n - first);
    in->mass = calloc(masses, sizeof *in->mass);
    in->text = calloc(masses, sizeof *in->text);
    in->keys = calloc(positions, sizeof *in->keys);
    double *sums = calloc(positions, sizeof *sums);
    uint32_t *branches = calloc(positions, sizeof *branches);
    const struct inspect_choice c = inspected_ranges(choice, m, n);
    const double mean = 1.0 / ((c.layers.end - c.layers.begin) * (c.heads.end - c.heads.begin) *
                               (double)(c.tokens.end - c.tokens.begin));
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        for (uint32_t head = 0; head < m->n_head; head++)
            for (uint32_t t = 0; t < n; t++)
                fake_look(&(struct fake_grid){m, in, first}, layer, head, t, &c, mean, sums, branches);
    for (size_t p = 0; p < positions; p++)
        if (sums[p] > 0) in->keys[in->n_keys++] = (struct inspect_key){first + p, sums[p], branches[p]};
    free(sums);
    free(branches);
    return in;
}

void inspect_close(struct inspection *in)
{
    if (in == NULL) return;
    free(in->mass);
    free(in->text);
    free(in->keys);
    free(in);
}

int finding_look_inspect(const struct finding *f, struct reader *r, const struct inspected_choice *choice,
                         const atomic_bool *cancel, struct inspected **out, struct error *e)
{
    (void)cancel;
    size_t n;
    struct finding_token *tokens;
    if (r->model == NULL) return error_set(e, "there is no model to look into");
    if (finding_look_tokens(f, r, &tokens, &n, e) != 0) return -1;
    if (inspected_open(out, fake_inspection(r, choice, (uint32_t)n + 1), choice, e) != 0) return -1;
    if (inspected_find_places(*out, r, e) != 0) return -1;
    (*out)->tokens = tokens;
    (*out)->n_tokens = n;
    return 0;
}

#endif
