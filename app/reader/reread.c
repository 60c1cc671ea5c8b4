#include "app/reader/reread.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/reader/reread_windows.h"
#include "app/text/corpus.h"
#include "compute/backend.h"
#include "compute/encoder.h"
#include "compute/encoder_model.h"
#include "compute/error.h"
#include "compute/log.h"

/* Places read a question, and windows between two looks at the cancel flag, on the host and on a device. */
enum { PLACES_HOST = 32, PLACES_DEVICE = 64, WINDOWS_HOST = 4, WINDOWS_DEVICE = 64 };

/* A place's own window says the words best, but which of several likely places it is ("the last time that") only the
 * sentences together can tell. So their best span counts so much, and this far below the best one they are all alike.
 * That a place answers at all counts more: in a long book the sentences together have favourites that answer nothing
 * (models/FORMAT.md). */
static const float relevance_weight = 3, joint_weight = 2, joint_reach = 10;

struct reread {
    struct encoder_model *model;
    struct encoder *encoder;
    struct backend *backend, *replacement; /* borrowed; owned, where that was lost */
    char notice[640];
    bool on_device;
    int relevance, start, end, inside, yes, no, several; /* columns of the heads; of the last four -1: there is none */
};

/* Rows of one window: what the heads say of them. */
struct rows {
    const float *heads;
    uint32_t n_heads;
};

/* What is known of a place besides its relevance. */
struct choice {
    struct reread_span span;     /* its best words, read by itself */
    float score;                 /* of them; -INFINITY: it has no words */
    struct reread_span together; /* its best words among the sentences read together */
    float joint;                 /* their score; -INFINITY: none of its sentences is there */
};

/* A question that is being read. */
struct reading {
    struct reread *reread;
    const struct corpus *corpus;
    const struct reread_place *places;
    size_t n_places;
    struct token_ranges question;
    struct reread_windows windows;
    struct reread_windows_place *cuts; /* [n_places] */
    float *best;                       /* [n_places][REREAD_WINDOWS_SENTENCES]: of each sentence's spans */
    struct choice *choices;            /* [n_places] */
    float *heads;                      /* of the windows run last */
    struct reread_result *result;
};

static int find_heads(struct reread *r, struct error *e)
{
    const struct encoder_model *m = r->model;
    r->relevance = encoder_model_head(m, "relevance");
    r->start = encoder_model_head(m, "start");
    r->end = encoder_model_head(m, "end");
    r->inside = encoder_model_head(m, "inside");
    r->yes = encoder_model_head(m, "yes");
    r->no = encoder_model_head(m, "no");
    r->several = encoder_model_head(m, "several");
    if (r->relevance < 0 || r->start < 0 || r->end < 0)
        return error_set_kind(e, ERROR_DAMAGED, "%s: no head is called relevance, start and end", m->path);
    if (m->window < m->question_tokens + m->title_tokens + 8 || m->joint_window < m->question_tokens + 8)
        return error_set_kind(e, ERROR_DAMAGED, "%s: its windows are too short for its questions", m->path);
    return 0;
}

bool reread_beside(char *path, size_t size, const char *reader)
{
    const size_t n = strlen(reader), ending = strlen(".gguf");
    const bool named = n > ending && strcmp(reader + n - ending, ".gguf") == 0;
    const int written = snprintf(path, size, "%.*s-reread.gguf", (int)(named ? n - ending : n), reader);
    return written > 0 && (size_t)written < size && access(path, R_OK) == 0;
}

int reread_open(struct reread **out, const char *path, struct backend *b, struct error *e)
{
    struct reread *r = calloc(1, sizeof *r);
    if (!r) return error_memory(e);
    r->backend = b;
    r->on_device = backend_info(b)->device[0] != 0;
    if (encoder_model_open(&r->model, path, e) || find_heads(r, e) || encoder_open(&r->encoder, r->model, b, e)) {
        reread_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

void reread_close(struct reread *r)
{
    if (!r) return;
    encoder_close(r->encoder);
    backend_close(r->replacement);
    encoder_model_close(r->model);
    free(r);
}

const char *reread_notice(const struct reread *r)
{
    return r->notice;
}

/* Goes on on another back end. */
static int move_to_device(struct reread *r, const char *device, struct error *e)
{
    struct backend *b;
    struct encoder *encoder;
    if (backend_open(&b, device, 0, e)) return -1;
    if (encoder_open(&encoder, r->model, b, e)) {
        backend_close(b);
        return -1;
    }
    encoder_close(r->encoder);
    backend_close(r->replacement);
    r->encoder = encoder;
    r->backend = r->replacement = b;
    r->on_device = backend_info(b)->device[0] != 0;
    return 0;
}

/* After a failure on a device that can be lost: it is opened again, or the CPU takes its place. */
static int recover_from_loss(struct reread *r, const struct error *why, struct error *e)
{
    const struct backend_info lost = *backend_info(r->backend);
    if (lost.device[0] == 0) return error_copy(e, why);
    if (move_to_device(r, lost.device, NULL) != 0 && move_to_device(r, "cpu", e) != 0) return -1;
    snprintf(r->notice, sizeof r->notice, "%s failed (%.300s); places are read again on %s", lost.name, why->text,
             backend_info(r->backend)->name);
    log_line("%s", r->notice);
    return 0;
}

size_t reread_places(const struct reread *r)
{
    return r->on_device ? PLACES_DEVICE : PLACES_HOST;
}

/* Letters up to U+024F and U+1E00 to U+1EFF are Latin; what stands beyond, but for punctuation and symbols, is not. */
bool reread_knows(const char *text, size_t size)
{
    size_t latin = 0, other = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') latin++;
        if (c >= 0xC3 && c <= 0xC9) latin++;
        const bool extended = c == 0xE1 && i + 1 < size && (unsigned char)text[i + 1] >= 0xB8;
        latin += extended;
        other += (c >= 0xCD && c != 0xE2 && c != 0xEF && !extended);
    }
    return latin >= other;
}

/* --- spans --- */

static float head(const struct rows *rows, uint32_t row, int column)
{
    return rows->heads[(size_t)row * rows->n_heads + (size_t)column];
}

struct span {
    uint32_t first, last; /* rows */
    float score;          /* -INFINITY: none */
};

/* The best span of rows [begin, end): its first row's start and its last row's end. */
static struct span best_span(const struct reread *r, const struct rows *rows, uint32_t begin, uint32_t end)
{
    struct span best = {begin, begin, -INFINITY};
    for (uint32_t i = begin; i < end; i++) {
        for (uint32_t j = i; j < end && j - i < r->model->span_tokens; j++) {
            float score = head(rows, i, r->start) + head(rows, j, r->end);
            if (score > best.score) best = (struct span){i, j, score};
        }
    }
    return best;
}

static uint32_t sentence_end(const struct reread_windows_place *p, uint32_t sentence)
{
    return sentence + 1 < p->n_sentences ? p->sentences[sentence + 1] : (uint32_t)p->tokens.n;
}

static void take_place(struct reading *x, size_t place, const struct rows *rows)
{
    const struct reread_windows_place *p = &x->cuts[place];
    const struct span own = best_span(x->reread, rows, p->first_row, p->first_row + p->n_rows);
    const uint64_t offset = x->places[place].offset;
    x->choices[place] = (struct choice){.span = {.place = place}, .score = own.score, .joint = -INFINITY};
    if (p->n_rows > 0) {
        x->choices[place].span.begin = offset + p->tokens.begins[own.first - p->first_row];
        x->choices[place].span.end = offset + p->tokens.ends[own.last - p->first_row];
    }
    x->result->relevance[place] = head(rows, 0, x->reread->relevance);
    for (uint32_t s = 0; s < p->n_sentences; s++) {
        uint32_t begin = p->sentences[s], end = sentence_end(p, s);
        if (end > p->n_rows) end = p->n_rows;
        x->best[place * REREAD_WINDOWS_SENTENCES + s] =
            begin < end ? best_span(x->reread, rows, p->first_row + begin, p->first_row + end).score : -INFINITY;
    }
}

/* --- the places, each by itself --- */

static int run_windows(struct reading *x, struct error *e)
{
    const struct reread_windows *w = &x->windows;
    const struct encoder_batch batch = {w->n, w->starts, w->ids, w->types};
    float *heads = realloc(x->heads, w->n_rows * x->reread->model->n_heads * sizeof *heads);
    if (!heads) return error_memory(e);
    x->heads = heads;
    struct error why;
    if (encoder_run(x->reread->encoder, &batch, heads, &why) == 0) return 0;
    return recover_from_loss(x->reread, &why, e) || encoder_run(x->reread->encoder, &batch, heads, e) ? -1 : 0;
}

static struct rows window_rows(const struct reading *x, uint32_t window)
{
    const uint32_t n_heads = x->reread->model->n_heads;
    return (struct rows){x->heads + (size_t)x->windows.starts[window] * n_heads, n_heads};
}

static int read_some(struct reading *x, size_t first, size_t n, struct error *e)
{
    const struct encoder_model *m = x->reread->model;
    reread_windows_clear(&x->windows);
    for (size_t i = first; i < first + n; i++) {
        const struct reread_place *p = &x->places[i];
        const struct document *d = &x->corpus->documents[p->document];
        if (reread_windows_cut(&x->cuts[i], m, d, p->offset, p->size, e) ||
            reread_windows_add(&x->windows, m, &x->question, d, p->offset, &x->cuts[i], e))
            return -1;
    }
    if (run_windows(x, e)) return -1;
    for (uint32_t i = 0; i < n; i++) {
        const struct rows rows = window_rows(x, i);
        take_place(x, first + i, &rows);
    }
    return 0;
}

/* --- the best sentences together --- */

struct sentence {
    struct reread_windows_piece piece;
    size_t at; /* its place */
    float score;
};

static int by_place(const struct reading *x, const struct sentence *a, const struct sentence *b)
{
    const struct reread_place *p = &x->places[a->at], *q = &x->places[b->at];
    if (p->document != q->document) return p->document < q->document ? -1 : 1;
    if (p->offset != q->offset) return p->offset < q->offset ? -1 : 1;
    return a->piece.begin < b->piece.begin ? -1 : a->piece.begin > b->piece.begin;
}

/* The best sentences that fit a window, at most joint_sentences, in the order of the text. */
static size_t choose_sentences(const struct reading *x, struct sentence *chosen)
{
    const struct encoder_model *m = x->reread->model;
    size_t n = 0, left = m->joint_window - x->question.n - 2;
    for (struct sentence last = {.score = INFINITY}; n < m->joint_sentences; n++) {
        struct sentence next = {.score = -INFINITY};
        for (size_t i = 0; i < x->n_places; i++) {
            for (uint32_t s = 0; s < x->cuts[i].n_sentences; s++) {
                const struct reread_windows_place *p = &x->cuts[i];
                struct sentence one = {.piece = {p, p->sentences[s], sentence_end(p, s), 0}, .at = i};
                one.score = x->result->relevance[i] + x->best[i * REREAD_WINDOWS_SENTENCES + s];
                bool after = one.score < last.score || (one.score == last.score && by_place(x, &one, &last) > 0);
                bool better = one.score > next.score ||
                              (one.score == next.score && one.score > -INFINITY && by_place(x, &one, &next) < 0);
                if (after && better) next = one;
            }
        }
        const size_t room = next.piece.place ? next.piece.end - next.piece.begin + 1 : SIZE_MAX;
        if (room > left) break;
        left -= room;
        chosen[n] = last = next;
    }
    for (size_t i = 1; i < n; i++) {
        const struct sentence one = chosen[i];
        size_t at = i;
        for (; at > 0 && by_place(x, &one, &chosen[at - 1]) < 0; at--) chosen[at] = chosen[at - 1];
        chosen[at] = one;
    }
    return n;
}

/* Bytes of rows of a sentence. */
static struct reread_span span_of(const struct reading *x, const struct sentence *s, uint32_t first, uint32_t last)
{
    const struct token_ranges *tokens = &s->piece.place->tokens;
    const uint64_t offset = x->places[s->at].offset;
    const uint32_t row = s->piece.first_row - s->piece.begin;
    return (struct reread_span){s->at, offset + tokens->begins[first - row], offset + tokens->ends[last - row]};
}

/* Runs of rows that are words of an answer, where the question asks for several. */
static size_t find_several(const struct reading *x, const struct rows *rows, const struct sentence *s, size_t n,
                           struct reread_span *out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t begin = s[i].piece.first_row, end = begin + s[i].piece.end - s[i].piece.begin;
        for (uint32_t row = begin; row < end && found < REREAD_SPANS; row++) {
            if (head(rows, row, x->reread->inside) <= 0) continue;
            uint32_t last = row;
            while (last + 1 < end && head(rows, last + 1, x->reread->inside) > 0) last++;
            out[found++] = span_of(x, &s[i], row, last);
            row = last;
        }
    }
    return found;
}

/* Says what the joint window says: which places' words are the best there, whether there are several, yes or no. */
static void take_joint(struct reading *x, const struct rows *rows, const struct sentence *s, size_t n)
{
    const struct reread *r = x->reread;
    struct reread_result *out = x->result;
    for (size_t i = 0; i < n; i++) {
        const uint32_t begin = s[i].piece.first_row;
        const struct span best = best_span(r, rows, begin, begin + s[i].piece.end - s[i].piece.begin);
        struct choice *c = &x->choices[s[i].at];
        if (best.score <= c->joint) continue;
        c->joint = best.score;
        c->together = span_of(x, &s[i], best.first, best.last);
    }
    if (r->several >= 0 && r->inside >= 0 && head(rows, 0, r->several) > 0) {
        const size_t found = find_several(x, rows, s, n, out->spans);
        out->n_spans = found > 1 ? found : 0;
    }
    if (r->yes < 0 || r->no < 0) return;
    const float yes = head(rows, 0, r->yes), no = head(rows, 0, r->no);
    if (yes > 0 || no > 0) out->says = yes > no ? REREAD_YES : REREAD_NO;
}

/* The place whose words are the answer: by how relevant it is, its words by themselves and among the others; `top` is
 * the best that any words are worth there. */
static size_t choose_place(const struct reading *x, float top)
{
    size_t best = 0;
    float most = -INFINITY;
    for (size_t i = 0; i < x->n_places; i++) {
        const struct choice *c = &x->choices[i];
        const float score =
            relevance_weight * x->result->relevance[i] + c->score + joint_weight * fmaxf(c->joint, top - joint_reach);
        if (score <= most) continue;
        best = i;
        most = score;
    }
    return best;
}

/* How far the words of a place by itself and those of its sentences together are the same bytes, 0 to 1. */
static double agreement(const struct choice *c)
{
    if (isinf(c->joint)) return 0;
    const struct reread_span *a = &c->span, *b = &c->together;
    const uint64_t begin = a->begin > b->begin ? a->begin : b->begin, end = a->end < b->end ? a->end : b->end;
    const uint64_t sizes = a->end - a->begin + b->end - b->begin;
    return begin < end ? 2 * (double)(end - begin) / (double)sizes : 0;
}

/* Answers, and says how sure that is by the file's calibration (models/FORMAT.md). */
static void decide(struct reading *x, const struct rows *rows)
{
    const struct encoder_model *m = x->reread->model;
    struct reread_result *out = x->result;
    float top = -INFINITY;
    double best = -INFINITY, second = -INFINITY;
    for (size_t i = 0; i < x->n_places; i++) {
        const double v = (double)out->relevance[i];
        top = fmaxf(top, x->choices[i].joint);
        second = fmax(second, fmin(v, best));
        best = fmax(best, v);
    }
    if (x->n_places == 1) second = 0;
    const size_t k = choose_place(x, top);
    const struct choice *c = &x->choices[k];
    if (out->n_spans == 0) out->spans[out->n_spans++] = c->span;
    const double joint = (double)head(rows, 0, x->reread->relevance);
    const double figures[] = {
        1, best, second, (double)out->relevance[k], (double)c->score, joint, (double)x->places[k].ranks, agreement(c)};
    double z = m->n_calibration > 0 ? 0 : joint;
    for (size_t i = 0; i < m->n_calibration && i < sizeof figures / sizeof *figures; i++)
        z += (double)m->calibration[i] * figures[i];
    out->confidence = (float)(1 / (1 + exp(-z)));
    out->found = out->relevance[k] >= m->threshold;
}

static int read_together(struct reading *x, struct error *e)
{
    const struct encoder_model *m = x->reread->model;
    struct sentence *s = calloc(m->joint_sentences + 1, sizeof *s);
    struct reread_windows_piece *pieces = calloc(m->joint_sentences + 1, sizeof *pieces);
    int failed = s && pieces ? 0 : error_memory(e);
    const size_t n = failed ? 0 : choose_sentences(x, s);
    reread_windows_clear(&x->windows);
    for (size_t i = 0; i < n; i++) pieces[i] = s[i].piece;
    if (!failed && n > 0)
        failed = reread_windows_join(&x->windows, m, &x->question, pieces, n, e) || run_windows(x, e) ? -1 : 0;
    for (size_t i = 0; i < n; i++) s[i].piece = pieces[i];
    if (!failed && n > 0) {
        const struct rows rows = window_rows(x, 0);
        take_joint(x, &rows, s, n);
        decide(x, &rows);
    }
    free(s);
    free(pieces);
    return failed;
}

static void close_reading(struct reading *x)
{
    for (size_t i = 0; x->cuts && i < x->n_places; i++) reread_windows_free_place(&x->cuts[i]);
    tokens_ranges_free(&x->question);
    reread_windows_free(&x->windows);
    free(x->cuts);
    free(x->best);
    free(x->choices);
    free(x->heads);
}

int reread_run(struct reread *r, const struct corpus *c, const char *question, const struct reread_place *places,
               size_t n, const atomic_bool *cancel, void (*idle)(void *context), void *context,
               struct reread_result *out, struct error *e)
{
    struct reread_result result = {.relevance = calloc(n, sizeof *result.relevance)};
    struct reading x = {.reread = r,
                        .corpus = c,
                        .places = places,
                        .n_places = n,
                        .cuts = calloc(n, sizeof *x.cuts),
                        .best = calloc(n * REREAD_WINDOWS_SENTENCES, sizeof *x.best),
                        .choices = calloc(n, sizeof *x.choices),
                        .result = &result};
    int failed = result.relevance && x.cuts && x.best && x.choices ? 0 : error_memory(e);
    if (!failed) failed = reread_windows_question(&x.question, r->model, question, e);
    const size_t step = r->on_device ? WINDOWS_DEVICE : WINDOWS_HOST;
    for (size_t at = 0; at < n && !failed; at += step) {
        if (idle) idle(context);
        failed =
            cancel && atomic_load(cancel) ? error_cancelled(e) : read_some(&x, at, n - at < step ? n - at : step, e);
    }
    if (!failed) failed = read_together(&x, e);
    close_reading(&x);
    if (failed) {
        reread_free(&result);
        return -1;
    }
    *out = result;
    return 0;
}

void reread_free(struct reread_result *result)
{
    free(result->relevance);
    result->relevance = NULL;
}
