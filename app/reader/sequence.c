#include "app/reader/sequence.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "app/reader/state.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"

struct sequence {
    const struct corpus *corpus;
    struct reader_document *documents;
    size_t n_documents;
    struct file_array *segments, *lengths, *keys;
    struct file_array *places; /* struct state_document, one a document; NULL without a state */
    bool borrowed;             /* lengths, keys and places are the state's */
    uint32_t width, rate;
    uint64_t n_tokens;
    uint64_t offset;  /* in the current document's text: where the next token starts */
    uint64_t n_bytes; /* of the documents before the current one */
};

static int open_arrays(struct sequence *s, struct state *state, const char *directory, struct error *e)
{
    if (file_array_open(&s->segments, directory, e)) return -1;
    if (!state) return file_array_open(&s->lengths, directory, e) || file_array_open(&s->keys, directory, e) ? -1 : 0;
    s->borrowed = true;
    s->lengths = state_array(state, STATE_LENGTHS);
    s->keys = state_array(state, STATE_KEYS);
    s->places = state_array(state, STATE_DOCUMENTS);
    return 0;
}

void sequence_close(struct sequence *s)
{
    if (!s) return;
    file_array_close(s->segments);
    if (!s->borrowed) {
        file_array_close(s->lengths);
        file_array_close(s->keys);
    }
    free(s->documents);
    free(s);
}

static size_t n_segments(const struct sequence *s)
{
    return (size_t)(file_array_size(s->segments) / sizeof(struct reader_segment));
}

static const struct reader_segment *segment_at(const struct sequence *s, size_t i)
{
    return (const struct reader_segment *)(const void *)file_array_bytes(s->segments) + i;
}

static int append_segment(struct sequence *s, uint64_t offset, struct error *e)
{
    struct reader_document *d = &s->documents[s->n_documents - 1];
    const struct document *text = &s->corpus->documents[s->n_documents - 1];
    struct reader_segment segment = {
        .document = (uint32_t)(s->n_documents - 1),
        .size = (uint32_t)segment_cut(text->text + offset, (size_t)(text->size - offset)),
        .offset = offset,
        .first_token = s->n_tokens,
        .end_token = s->n_tokens,
        .token_offset = s->offset,
    };
    if (file_array_append(s->segments, &segment, sizeof segment, e)) return -1;
    d->end_segment = n_segments(s);
    return 0;
}

/* The last segment, as it is now: its end moves with every token. */
static void update_segment(struct sequence *s)
{
    struct reader_segment last = *segment_at(s, n_segments(s) - 1);
    last.end_token = s->n_tokens;
    file_array_write(s->segments, file_array_size(s->segments) - sizeof last, &last, sizeof last);
}

static int append_keys(struct sequence *s, const int8_t *keys, size_t n, struct error *e)
{
    if (s->rate == 1) return file_array_append(s->keys, keys, n * s->width, e);
    for (size_t i = 0; i < n; i++) {
        if ((s->n_tokens + i) % s->rate != 0) continue;
        if (file_array_append(s->keys, keys + i * s->width, s->width, e)) return -1;
    }
    return 0;
}

/* Makes the next document the current one: `n` header tokens follow. */
static int begin_document(struct sequence *s, uint64_t n, struct error *e)
{
    assert(s->n_documents < s->corpus->n_documents);
    s->n_bytes += s->offset;
    s->offset = 0;
    struct reader_document *d = &s->documents[s->n_documents++];
    *d = (struct reader_document){.first_token = s->n_tokens, .first_segment = n_segments(s)};
    if (append_segment(s, 0, e)) return -1;
    s->n_tokens += n;
    d->text_token = d->end_token = s->n_tokens;
    update_segment(s);
    return 0;
}

/* Counts n tokens of the current document's text into its segments. */
static int add_tokens(struct sequence *s, const uint8_t *lengths, uint64_t n, struct error *e)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct reader_segment *last = segment_at(s, n_segments(s) - 1);
        while (s->offset + lengths[i] > last->offset + last->size) {
            uint64_t next = last->offset + last->size;
            update_segment(s);
            if (append_segment(s, next, e)) return -1;
            last = segment_at(s, n_segments(s) - 1);
        }
        s->offset += lengths[i];
        s->n_tokens++;
    }
    s->documents[s->n_documents - 1].end_token = s->n_tokens;
    update_segment(s);
    return 0;
}

/* The tables of what the state's streams hold already. */
static int replay(struct sequence *s, struct error *e)
{
    size_t n = (size_t)(file_array_size(s->places) / sizeof(struct state_document));
    const struct state_document *at = (const struct state_document *)(const void *)file_array_bytes(s->places);
    uint64_t n_tokens = file_array_size(s->lengths);
    for (size_t i = 0; i < n; i++) {
        uint64_t end = i + 1 < n ? at[i + 1].first_token : n_tokens;
        if (begin_document(s, at[i].text_token - at[i].first_token, e) ||
            add_tokens(s, file_array_bytes(s->lengths) + at[i].text_token, end - at[i].text_token, e)) {
            return -1;
        }
    }
    return 0;
}

int sequence_open(struct sequence **out, const struct corpus *c, uint32_t width, uint32_t rate, struct state *state,
                  const char *directory, struct error *e)
{
    struct sequence *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    *s = (struct sequence){.corpus = c, .width = width, .rate = rate};
    s->documents = calloc(c->n_documents ? c->n_documents : 1, sizeof *s->documents);
    if (!s->documents) {
        sequence_close(s);
        return error_memory(e);
    }
    if (open_arrays(s, state, directory, e) || (state && replay(s, e))) {
        sequence_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

int sequence_begin_document(struct sequence *s, size_t n, const int8_t *keys, struct error *e)
{
    static const uint8_t none[256];
    struct state_document place = {s->n_tokens, s->n_tokens + n};
    if (append_keys(s, keys, n, e) || (s->places && file_array_append(s->places, &place, sizeof place, e))) return -1;
    for (size_t left = n; left > 0;) {
        size_t part = left < sizeof none ? left : sizeof none;
        if (file_array_append(s->lengths, none, part, e)) return -1;
        left -= part;
    }
    return begin_document(s, n, e);
}

int sequence_append(struct sequence *s, const uint8_t *lengths, size_t n, const int8_t *keys, struct error *e)
{
    if (append_keys(s, keys, n, e) || file_array_append(s->lengths, lengths, n, e)) return -1;
    return add_tokens(s, lengths, n, e);
}

void sequence_place(const struct sequence *s, struct state_place *place, size_t *zero_lengths)
{
    *place = (struct state_place){.n_tokens = s->n_tokens, .n_documents = s->n_documents, .offset = s->offset};
    const uint8_t *lengths = file_array_bytes(s->lengths);
    uint64_t begin = s->n_documents ? s->documents[s->n_documents - 1].text_token : 0;
    *zero_lengths = 0;
    for (uint64_t t = s->n_tokens; t > begin && lengths[t - 1] == 0; t--) (*zero_lengths)++;
}

uint64_t sequence_n_tokens(const struct sequence *s)
{
    return s->n_tokens;
}

uint64_t sequence_n_bytes(const struct sequence *s)
{
    return s->n_bytes + s->offset;
}

uint64_t sequence_file_bytes(const struct sequence *s)
{
    return file_array_size(s->segments) + file_array_size(s->lengths) + file_array_size(s->keys);
}

const struct reader_document *sequence_documents(const struct sequence *s, size_t *n)
{
    *n = s->n_documents;
    return s->documents;
}

const struct reader_segment *sequence_segments(const struct sequence *s, size_t *n)
{
    *n = n_segments(s);
    return segment_at(s, 0);
}

const int8_t *sequence_keys(const struct sequence *s, uint64_t *n_kept)
{
    *n_kept = sequence_kept(s, s->n_tokens);
    return (const int8_t *)file_array_bytes(s->keys);
}

uint64_t sequence_kept(const struct sequence *s, uint64_t token)
{
    return (token + s->rate - 1) / s->rate;
}

/* The segment that token `token` belongs to. */
static size_t find_segment(const struct sequence *s, uint64_t token)
{
    size_t low = 0, high = n_segments(s);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (segment_at(s, middle)->first_token <= token) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void sequence_token_offsets(const struct sequence *s, uint64_t begin, uint64_t end, uint64_t *offsets)
{
    const struct reader_segment *segment = segment_at(s, find_segment(s, begin));
    const uint8_t *lengths = file_array_bytes(s->lengths);
    uint64_t offset = segment->token_offset;
    /* Header tokens have length 0, so counting may start at them. */
    for (uint64_t t = segment->first_token; t < begin; t++) offset += lengths[t];
    for (uint64_t t = begin; t < end; t++) {
        offsets[t - begin] = offset;
        offset += lengths[t];
    }
    offsets[end - begin] = offset;
}

int sequence_cut(struct reader_segment **out, size_t *n, const struct corpus *c, const atomic_bool *cancel,
                 struct error *e)
{
    struct reader_segment *segments = NULL;
    size_t found = 0, capacity = 0;
    for (uint32_t i = 0; i < c->n_documents; i++) {
        const struct document *d = &c->documents[i];
        uint64_t at = 0;
        do {
            struct reader_segment *grown = bytes_reserve(segments, &capacity, found + 1, sizeof *grown);
            const bool stopped = found % 4096 == 0 && cancel && atomic_load(cancel);
            if (grown) segments = grown;
            if (!grown || stopped) {
                free(segments);
                return stopped ? error_cancelled(e) : error_memory(e);
            }
            const size_t size = segment_cut(d->text + at, (size_t)(d->size - at));
            segments[found++] = (struct reader_segment){.document = i, .size = (uint32_t)size, .offset = at};
            at += size;
        } while (at < d->size);
    }
    *out = segments;
    *n = found;
    return 0;
}
