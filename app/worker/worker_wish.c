#include <stdlib.h>
#include <string.h>

#include "app/worker/queue.h"
#include "app/reader/finding_look.h"
#include "app/worker/worker_parts.h"
#include "compute/error.h"

static struct wish take_wish(struct worker *w, struct wish *wish)
{
    pthread_mutex_lock(&w->mutex);
    struct wish taken = *wish;
    wish->finding = NULL;
    pthread_mutex_unlock(&w->mutex);
    return taken;
}

static void serve_shares(struct worker *w)
{
    struct wish wish = take_wish(w, &w->shares_wish);
    if (wish.finding == NULL || wish.finding->n_segments == 0 || wish.begin >= wish.end) return;
    size_t n_documents, n = (size_t)(wish.end - wish.begin), document = 0;
    const struct reader_document *documents = reader_documents(w->reader, &n_documents);
    while (document < n_documents && documents[document].end_token <= wish.begin) document++;
    if (document == n_documents || wish.begin < documents[document].text_token ||
        wish.end > documents[document].end_token)
        return;
    struct message *m = message_new(MESSAGE_SHARES);
    if (m == NULL) return;
    m->shares =
        (struct message_shares){.id = wish.id, .token = wish.token, .begin = wish.begin, .n = n, .document = document};
    m->shares.offsets = malloc((n + 1) * sizeof *m->shares.offsets);
    m->shares.share = malloc(n * sizeof *m->shares.share);
    if (m->shares.offsets == NULL || m->shares.share == NULL) {
        message_free(m);
        return;
    }
    if (reader_token_offsets(w->reader, wish.begin, wish.end, m->shares.offsets, NULL) != 0) {
        message_free(m);
        return;
    }
    finding_look_shares(wish.finding, w->reader, wish.token, wish.begin, wish.end, m->shares.share);
    worker_tell(w, m);
}

static void serve_lens(struct worker *w)
{
    struct wish wish = take_wish(w, &w->lens_wish);
    struct error e = {0};
    if (wish.finding == NULL || wish.finding->n_segments == 0) return; /* the attention is not there yet */
    struct message *m = message_new(MESSAGE_LENS);
    if (m == NULL) return;
    m->id = wish.id;
    m->lens.token = (size_t)wish.token;
    m->lens.share = malloc((wish.finding->n_segments + 1) * sizeof *m->lens.share);
    if (m->lens.share == NULL ||
        finding_look_tokens(wish.finding, w->reader, &m->lens.tokens, &m->lens.n_tokens, &e) != 0 ||
        m->lens.token >= m->lens.n_tokens ||
        finding_look_token_share(wish.finding, w->reader, m->lens.token, &w->closing, m->lens.share, &e) != 0) {
        message_free(m);
        return;
    }
    worker_tell(w, m);
}

static void serve_inspection(struct worker *w)
{
    struct wish wish = take_wish(w, &w->inspection_wish);
    struct error e = {0};
    if (wish.finding == NULL || wish.finding->n_segments == 0) return; /* the attention is not there yet */
    struct message *m = message_new(MESSAGE_INSPECTED);
    if (m == NULL) return;
    m->id = wish.id;
    if (finding_look_inspect(wish.finding, w->reader, &wish.choice, &w->closing, &m->inspected, &e) != 0)
        message_text(m, e.text, strlen(e.text));
    worker_tell(w, m);
}

void worker_wish_serve(struct worker *w)
{
    serve_shares(w);
    serve_lens(w);
    serve_inspection(w);
}

static void replace_wish(struct worker *w, struct wish *wish, struct wish wanted)
{
    pthread_mutex_lock(&w->mutex);
    *wish = wanted;
    pthread_mutex_unlock(&w->mutex);
    queue_nudge(w->to);
}

void worker_want_shares(struct worker *w, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end)
{
    replace_wish(w, &w->shares_wish, (struct wish){.finding = f, .id = id, .token = token, .begin = begin, .end = end});
}

void worker_want_lens(struct worker *w, size_t id, const struct finding *f, size_t token)
{
    replace_wish(w, &w->lens_wish, (struct wish){.finding = f, .id = id, .token = (int)token});
}

void worker_want_inspection(struct worker *w, size_t id, const struct finding *f, const struct inspected_choice *choice)
{
    replace_wish(w, &w->inspection_wish, (struct wish){.finding = f, .id = id, .choice = *choice});
}
