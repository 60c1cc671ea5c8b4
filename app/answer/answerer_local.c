#include "app/answer/answerer_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/chat_template.h"
#include "app/answer/sampler.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/log.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/tokenizer.h"

/* Prompt tokens between two looks at the cancel flag. */
#define PREFILL_STEP 256

/* Models with more parameters can be trusted with more than an answer (answerer_is_large). */
#define LARGE_PARAMETERS UINT64_C(1000000000)

struct answerer_local {
    struct answerer base;
    struct model *model; /* owned */
    struct chat_template form;
    struct sampler *sampler;     /* owned */
    float *logits;               /* owned, [V] */
    struct backend *backend;     /* the caller's */
    struct backend *replacement; /* owned: what the session is on once that was lost; NULL before */
    struct session *session;     /* owned; NULL before the first answer */
    struct tokens cached;        /* what the session has read, or is to */
};

static void local_release(struct answerer *base)
{
    struct answerer_local *a = (struct answerer_local *)base;
    session_close(a->session);
    backend_close(a->replacement);
    a->session = NULL;
    a->replacement = NULL;
    a->cached.n = 0;
}

static void local_close(struct answerer *base)
{
    struct answerer_local *a = (struct answerer_local *)base;
    local_release(base);
    tokens_free(&a->cached);
    sampler_close(a->sampler);
    model_close(a->model);
    free(a->logits);
    free(a);
}

static size_t local_count(const struct answerer *base, const char *text, size_t size)
{
    const struct answerer_local *a = (const struct answerer_local *)base;
    struct tokens ids = {0};
    size_t n = tokenizer_encode(a->model->tokenizer, text, size, &ids, NULL) == 0 ? ids.n : size;
    tokens_free(&ids);
    return n;
}

/* Between two steps: others have their turn; then -1 where it is enough. */
static int pause_step(const struct chat_request *r, struct error *e)
{
    if (r->idle) r->idle(r->idle_context);
    return r->cancel && atomic_load(r->cancel) ? error_cancelled(e) : 0;
}

/* A session on another device, that reads again what the one before has read. */
static int move_session(struct answerer_local *a, const char *device, struct error *e)
{
    const struct session_outputs outputs = {.last_logits = a->logits};
    struct backend *b;
    struct session *s = NULL;
    if (backend_open(&b, device, 0, e) != 0) return -1;
    if (session_open(&s, a->model, b, e) != 0 || session_prefill(s, a->cached.ids, a->cached.n, &outputs, e) != 0) {
        session_close(s);
        backend_close(b);
        return -1;
    }
    session_close(a->session);
    backend_close(a->replacement);
    a->session = s;
    a->replacement = b;
    return 0;
}

/* After a failure on a device that can be lost: it is opened again, or the CPU takes its place. */
static int recover_session(struct answerer_local *a, const struct error *why, struct error *e)
{
    const struct backend_info lost = *backend_info(a->replacement ? a->replacement : a->backend);
    if (lost.device[0] == 0 || (move_session(a, lost.device, NULL) != 0 && move_session(a, "cpu", e) != 0)) {
        if (lost.device[0] == 0) error_copy(e, why);
        local_release(&a->base); /* where it stands is not known any more */
        return -1;
    }
    snprintf(a->base.notice, sizeof a->base.notice, "%s failed (%.300s); the answer goes on on %s", lost.name,
             why->text, backend_info(a->replacement)->name);
    log_line("%s", a->base.notice);
    return 0;
}

/* Reads ids into the session and remembers them; the last one's logits, where wanted. */
static int read_on(struct answerer_local *a, const int32_t *ids, size_t n, bool logits, struct error *e)
{
    const struct session_outputs outputs = {.last_logits = logits ? a->logits : NULL};
    struct error why;
    if (tokens_reserve(&a->cached, n, e) != 0) return -1;
    memcpy(a->cached.ids + a->cached.n, ids, n * sizeof *ids);
    a->cached.n += n;
    return session_prefill(a->session, ids, n, &outputs, &why) == 0 ? 0 : recover_session(a, &why, e);
}

/* Brings the session to the prompt's end, from where it parts from what was read before. The last token is always read:
 * its logits are wanted. */
static int read_prompt(struct answerer_local *a, const struct tokens *prompt, const struct chat_request *r,
                       struct error *e)
{
    size_t common = 0;
    while (common < a->cached.n && common + 1 < prompt->n && a->cached.ids[common] == prompt->ids[common]) common++;
    struct error why;
    a->cached.n = common;
    if (session_truncate(a->session, common, &why) != 0 && recover_session(a, &why, e) != 0) return -1;
    while (a->cached.n < prompt->n) {
        size_t left = prompt->n - a->cached.n, n = left < PREFILL_STEP ? left : PREFILL_STEP;
        if (pause_step(r, e) || read_on(a, prompt->ids + a->cached.n, n, n == left, e)) return -1;
    }
    return 0;
}

static int write_answer(struct answerer_local *a, const struct chat_request *r, struct error *e)
{
    sampler_restart(a->sampler);
    for (uint32_t i = 0; i < r->max_tokens; i++) {
        if (pause_step(r, e)) return -1;
        int32_t id = sampler_choose(a->sampler, a->logits);
        if (chat_template_ends(&a->form, id)) return 0;
        char piece[256];
        size_t size = tokenizer_piece(a->model->tokenizer, id, piece, sizeof piece);
        if (r->emit(r->context, piece, size < sizeof piece ? size : sizeof piece) != 0) return 0;
        if (i + 1 < r->max_tokens && read_on(a, &id, 1, true, e) != 0) return -1;
    }
    if (r->unended) *r->unended = true;
    return 0;
}

static int local_chat(struct answerer *base, struct backend *b, const struct chat_request *r, struct error *e)
{
    struct answerer_local *a = (struct answerer_local *)base;
    struct tokens prompt = {0};
    struct error why;
    a->backend = b;
    a->base.notice[0] = 0;
    if (!a->session && session_open(&a->session, a->model, b, &why) != 0 && recover_session(a, &why, e) != 0) return -1;
    int failed = chat_template_encode(&a->form, r->messages, r->n_messages, &prompt, e);
    if (!failed && prompt.n + r->max_tokens > a->model->context_length)
        failed = error_set(e, "%s: a prompt of %zu tokens and an answer of %u do not fit its context of %llu",
                           a->model->path, prompt.n, r->max_tokens, (unsigned long long)a->model->context_length);
    if (!failed) failed = read_prompt(a, &prompt, r, e);
    if (!failed) failed = write_answer(a, r, e);
    tokens_free(&prompt);
    return failed ? -1 : 0;
}

static const struct answerer_ops local_ops = {local_close, local_release, local_count, local_chat};

int answerer_local_open(struct answerer **out, const char *path, const struct answerer_options *o, struct error *e)
{
    struct answerer_local *a = calloc(1, sizeof *a);
    if (!a) return error_memory(e);
    a->base.ops = &local_ops;
    int failed = model_open(&a->model, path, e);
    if (!failed && a->model->evidence.width > 0) failed = error_set(e, "%s: this is a reader, no chat model", path);
    if (!failed) failed = chat_template_open(&a->form, a->model, e);
    if (!failed) failed = sampler_open(&a->sampler, &o->sampling, a->model->n_vocab, e);
    if (!failed && !(a->logits = calloc(a->model->n_vocab, sizeof *a->logits))) failed = error_memory(e);
    if (failed) {
        local_close(&a->base);
        return -1;
    }
    const char *name = strrchr(path, '/');
    snprintf(a->base.name, sizeof a->base.name, "%s", name ? name + 1 : path);
    a->base.large = model_n_parameters(a->model) >= LARGE_PARAMETERS;
    *out = &a->base;
    return 0;
}
