#include "app/reader/sequence.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "app/text/corpus.h"
#include "app/text/segment.h"
#include "app/reader/state.h"
#include "app/reader/token_source.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"
#include "compute/tokenizer.h"

struct sequence {
    const struct corpus *corpus;
    struct reader_document *documents;
    size_t n_documents;
    struct file_array *segments, *keys;
    struct file_array *ended, *starts; /* struct state_segment, struct state_document; NULL without a state */
    bool borrowed;                     /* keys, ended and starts are the state's */
    uint32_t width, rate;
    uint64_t n_tokens;
    uint64_t offset;  /* in the current document's text: where the next token starts */
    uint64_t zeros;   /* last tokens that stand for no bytes */
    uint64_t n_bytes; /* of the documents before the current one */
};

static int open_arrays(struct sequence *s, struct state *state, const char *directory, struct error *e)
{
    struct state_extent most;
    uint64_t size[STATE_N_STREAMS];
    const struct state_key key = {.width = s->width, .rate = s->rate};
    state_most(&most, s->corpus);
    state_index_sizes(&key, &most, size);
    if (file_array_open(&s->segments, directory, most.n_segments * sizeof(struct reader_segment), e)) return -1;
    if (!state) return file_array_open(&s->keys, directory, size[STATE_KEYS], e);
    s->borrowed = true;
    s->keys = state_array(state, STATE_KEYS);
    s->ended = state_array(state, STATE_SEGMENTS);
    s->starts = state_array(state, STATE_DOCUMENTS);
    return 0;
}

void sequence_close(struct sequence *s)
{
    if (!s) return;
    file_array_close(s->segments);
    if (!s->borrowed) file_array_close(s->keys);
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

/* A segment of the current document at `offset`, whose first token is the next one, `back` bytes before it. */
static int append_segment(struct sequence *s, uint64_t offset, uint64_t back, struct error *e)
{
    struct reader_document *d = &s->documents[s->n_documents - 1];
    const struct document *text = &s->corpus->documents[s->n_documents - 1];
    struct reader_segment segment = {
        .document = (uint32_t)(s->n_documents - 1),
        .size = (uint32_t)segment_cut(text->text + offset, (size_t)(text->size - offset)),
        .offset = offset,
        .first_token = s->n_tokens,
        .end_token = s->n_tokens,
        .token_offset = offset - back,
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

/* Where text tokens of the last segment begin: behind the header in a document's first one. */
static uint64_t first_text_token(const struct sequence *s, size_t segment)
{
    const struct reader_segment *g = segment_at(s, segment);
    const struct reader_document *d = &s->documents[g->document];
    return segment == d->first_segment ? d->text_token : g->first_token;
}

/* The last segment has ended, `back` bytes of it belong to a token of the next. */
static int end_segment(struct sequence *s, uint64_t back, struct error *e)
{
    update_segment(s);
    if (!s->ended) return 0;
    const struct state_segment ended = {(uint16_t)(s->n_tokens - first_text_token(s, n_segments(s) - 1)),
                                        (uint16_t)back};
    return file_array_append(s->ended, &ended, sizeof ended, e);
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

/* Counts n header tokens of the current document. */
static void add_header(struct sequence *s, uint64_t n)
{
    s->n_tokens += n;
    s->documents[s->n_documents - 1].end_token = s->n_tokens;
    update_segment(s);
}

/* Makes the next document the current one: header tokens follow, as many as `header`. */
static int begin_document(struct sequence *s, uint64_t header, struct error *e)
{
    assert(s->n_documents < s->corpus->n_documents);
    s->n_bytes += s->offset;
    s->offset = s->zeros = 0;
    struct reader_document *d = &s->documents[s->n_documents++];
    *d = (struct reader_document){
        .first_token = s->n_tokens, .text_token = s->n_tokens + header, .first_segment = n_segments(s)};
    return append_segment(s, 0, 0, e);
}

/* Counts n tokens of the current document's text into its segments. */
static int add_tokens(struct sequence *s, const uint8_t *lengths, uint64_t n, struct error *e)
{
    for (uint64_t i = 0; i < n; i++) {
        const struct reader_segment *last = segment_at(s, n_segments(s) - 1);
        while (s->offset + lengths[i] > last->offset + last->size) {
            uint64_t next = last->offset + last->size;
            if (end_segment(s, next - s->offset, e) || append_segment(s, next, next - s->offset, e)) return -1;
            last = segment_at(s, n_segments(s) - 1);
        }
        s->offset += lengths[i];
        s->zeros = lengths[i] == 0 ? s->zeros + 1 : 0;
        s->n_tokens++;
    }
    s->documents[s->n_documents - 1].end_token = s->n_tokens;
    update_segment(s);
    return 0;
}

/* The table of a document whose segments have ended as *at says, its last one too if it is `whole`; *at moves behind
 * them. The state has made sure that they fit the text. */
static int replay_document(struct sequence *s, const struct state_segment **at, const struct state_segment *end,
                           bool whole, struct error *e)
{
    const uint64_t size = s->corpus->documents[s->n_documents - 1].size;
    while (*at < end) {
        const struct reader_segment *last = segment_at(s, n_segments(s) - 1);
        const uint64_t next = last->offset + last->size, back = (*at)->back;
        s->n_tokens += (*at)->n_tokens;
        update_segment(s);
        ++*at;
        if (next == size) break;
        if (append_segment(s, next, back, e)) return -1;
    }
    if (whole) s->offset = size;
    s->documents[s->n_documents - 1].end_token = s->n_tokens;
    return 0;
}

/* The tables of what the state's streams hold already. */
static int replay(struct sequence *s, const struct state_extent *extent, struct error *e)
{
    const struct state_document *documents = (const struct state_document *)(const void *)file_array_bytes(s->starts);
    const struct state_segment *at = (const struct state_segment *)(const void *)file_array_bytes(s->ended);
    const struct state_segment *end = at + extent->n_segments;
    for (size_t i = 0; i < extent->n_documents; i++) {
        const uint64_t header = documents[i].text_token - documents[i].first_token;
        if (begin_document(s, header, e)) return -1;
        add_header(s, header);
        if (replay_document(s, &at, end, i + 1 < extent->n_documents, e)) return -1;
    }
    s->n_tokens = s->documents[s->n_documents - 1].end_token = extent->n_tokens;
    s->offset = extent->offset;
    s->zeros = extent->zeros;
    update_segment(s);
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
    const struct state_extent *extent = state ? state_extent_of(state) : NULL;
    if (open_arrays(s, state, directory, e) || (extent && replay(s, extent, e))) {
        sequence_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

int sequence_append_header(struct sequence *s, size_t n, const int8_t *keys, struct error *e)
{
    if (append_keys(s, keys, n, e)) return -1;
    add_header(s, n);
    return 0;
}

int sequence_begin_document(struct sequence *s, size_t n_header, size_t n, const int8_t *keys, struct error *e)
{
    const struct state_document start = {s->n_tokens, s->n_tokens + n_header};
    if ((s->starts && file_array_append(s->starts, &start, sizeof start, e)) ||
        (s->n_documents > 0 && end_segment(s, 0, e)) || begin_document(s, n_header, e))
        return -1;
    return sequence_append_header(s, n, keys, e);
}

int sequence_append(struct sequence *s, const uint8_t *lengths, size_t n, const int8_t *keys, struct error *e)
{
    return append_keys(s, keys, n, e) || add_tokens(s, lengths, n, e) ? -1 : 0;
}

void sequence_extent(const struct sequence *s, struct state_extent *extent)
{
    *extent = (struct state_extent){.n_tokens = s->n_tokens,
                                    .n_documents = s->n_documents,
                                    .offset = s->offset,
                                    .n_segments = s->n_documents > 0 ? n_segments(s) - 1 : 0,
                                    .zeros = s->zeros};
}

uint64_t sequence_segment_end(const struct sequence *s)
{
    const struct reader_segment *last = segment_at(s, n_segments(s) - 1);
    return last->offset + last->size;
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
    return file_array_size(s->segments) + file_array_size(s->keys);
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

/* Cuts the text into tokens from `segment` on and notes where those of [begin, end) start. */
static int find_offsets(const struct sequence *s, const struct tokenizer *t, size_t segment, uint64_t begin,
                        uint64_t end, uint64_t *offsets, struct tokens *ids, struct error *e)
{
    const struct reader_segment *g = segment_at(s, segment);
    const struct document *d = &s->corpus->documents[g->document];
    uint64_t token = first_text_token(s, segment), at = token_source_cut(d->text, d->size, g->token_offset), cut = at;
    bool found = segment == s->documents[g->document].first_segment;
    while (token < end && cut < d->size) {
        ids->n = 0;
        size_t size = tokenizer_cut(d->text + cut, (size_t)(d->size - cut));
        if (tokenizer_encode(t, d->text + cut, size, ids, e)) return -1;
        cut += size;
        for (size_t i = 0; i < ids->n && token < end; at += ids->lengths[i++]) {
            /* Pieces of no bytes before a segment's first token are of the segment before it. */
            found = found || (at == g->token_offset && ids->lengths[i] > 0);
            if (found && token >= begin) offsets[token - begin] = at;
            token += found;
        }
    }
    if (token < end) return error_set(e, "the text has fewer tokens than were read");
    offsets[end - begin] = at;
    return 0;
}

int sequence_token_offsets(const struct sequence *s, const struct tokenizer *t, uint64_t begin, uint64_t end,
                           uint64_t *offsets, struct error *e)
{
    struct tokens ids = {0};
    int failed = find_offsets(s, t, find_segment(s, begin), begin, end, offsets, &ids, e);
    tokens_free(&ids);
    return failed;
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
