/* What has been read of a corpus: which token stands for which bytes, and the evidence keys. The tables that grow with
 * the text lie in mapped files; per token they take e / R bytes of key and about a third of a byte of segment table.
 * How many bytes a token stands for is not kept: its line is cut into tokens again where somebody asks. One thread at a
 * time.
 */
#ifndef LECTERN_SEQUENCE_H
#define LECTERN_SEQUENCE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct corpus;
struct error;
struct sequence;
struct state;
struct state_extent;
struct tokenizer;

/* What the sequence is made of, per document; indices are into the whole sequence. */
struct reader_document {
    uint64_t first_token; /* its <|file|> */
    uint64_t text_token;  /* the first token of its text, after the header */
    uint64_t end_token;
    uint64_t first_segment, end_segment;
};

/* A segment: a span of one document's text. A token belongs to the segment that holds its last byte. */
struct reader_segment {
    uint32_t document;
    uint32_t size;        /* bytes of text */
    uint64_t offset;      /* in the document's text */
    uint64_t first_token; /* half-open; the header's tokens belong to a document's first segment */
    uint64_t end_token;
    uint64_t token_offset; /* where its first text token starts: offset, or a little before */
};

/* `width`: columns of a key; `rate`: every rate-th position's key is kept. The corpus is borrowed until sequence_close.
 * With a state the tables lie in its streams, borrowed too, and what they hold already is taken over; without (NULL) in
 * unlinked files in `directory`. */
int sequence_open(struct sequence **out, const struct corpus *c, uint32_t width, uint32_t rate, struct state *state,
                  const char *directory, struct error *e);
void sequence_close(struct sequence *s);

/* Starts the next document, of n_header header tokens: the first n of them, whose keys [n][width] follow the sequence's
 * other keys. The others come by sequence_append_header. */
int sequence_begin_document(struct sequence *s, size_t n_header, size_t n, const int8_t *keys, struct error *e);
int sequence_append_header(struct sequence *s, size_t n, const int8_t *keys, struct error *e);

/* n more tokens of the current document's text, with the bytes each stands for. */
int sequence_append(struct sequence *s, const uint8_t *lengths, size_t n, const int8_t *keys, struct error *e);

/* How far the sequence has come, as a state says it; not inside a header. */
void sequence_extent(const struct sequence *s, struct state_extent *extent);

/* Where the segment that the last token is of ends, in its document's text. */
uint64_t sequence_segment_end(const struct sequence *s);

uint64_t sequence_n_tokens(const struct sequence *s);
uint64_t sequence_n_bytes(const struct sequence *s);    /* of text read */
uint64_t sequence_file_bytes(const struct sequence *s); /* in the mapped files */

/* Tables; valid until sequence_close, growing by the calls above. */
const struct reader_document *sequence_documents(const struct sequence *s, size_t *n);
const struct reader_segment *sequence_segments(const struct sequence *s, size_t *n);
const int8_t *sequence_keys(const struct sequence *s, uint64_t *n_kept);

/* The segments of a whole corpus, *out malloc'ed, as reading will make them, without their tokens. Cancelled:
 * ERROR_CANCELLED. */
int sequence_cut(struct reader_segment **out, size_t *n, const struct corpus *c, const atomic_bool *cancel,
                 struct error *e);

/* Index of the first kept key at or after a token. */
uint64_t sequence_kept(const struct sequence *s, uint64_t token);

/* Text offsets of the tokens [begin, end), all of one document's text: offsets[end - begin + 1]. `t`: what cut the text
 * into them. */
int sequence_token_offsets(const struct sequence *s, const struct tokenizer *t, uint64_t begin, uint64_t end,
                           uint64_t *offsets, struct error *e);

#endif
