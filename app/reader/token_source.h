/* A corpus as a stream of tokens, in chunks of any size: documents one after the other, each introduced by its header
 * (models/FORMAT.md, The sequence). Knows nothing of models beyond their tokenizer. Threads of its own tokenise ahead
 * of what is asked for, as far as a few blocks of text a thread; the tokens and their order do not depend on them. */
#ifndef LECTERN_TOKEN_SOURCE_H
#define LECTERN_TOKEN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct corpus;
struct error;
struct token_source;
struct tokenizer;

/* Part of a chunk: tokens of a header, which begins a document, or of the text of the document begun last. */
struct token_run {
    size_t n;
    size_t header; /* tokens of the whole header where it begins here, else 0 */
    bool in_header;
};

/* Tokens of a chunk. Of the last TOKEN_CHUNKS chunks the pointers are valid. */
enum { TOKEN_CHUNKS = 4 };
struct token_chunk {
    const int32_t *ids;
    const uint8_t *lengths;
    size_t n;
    const struct token_run *runs;
    size_t n_runs;
    bool cuts_header; /* the last run's header goes on in the next chunk: no place that can be sought */
};

/* What a sequence is made of besides text. */
struct token_marks {
    int32_t file;  /* the id that begins a document */
    int32_t sep;   /* the one behind its path; -1: a newline */
    bool segments; /* ids have TOKENS_SEGMENT where a segment begins */
};

/* Borrows both until token_source_close. n_threads: at least 1. */
int token_source_open(struct token_source **out, const struct tokenizer *t, const struct corpus *c,
                      const struct token_marks *marks, unsigned n_threads, struct error *e);
void token_source_close(struct token_source *s);

/* Goes to a place that has been given out before: behind the header of the last of `n_documents` and the text before
 * `offset`, and `zero_lengths` tokens more that stand for no bytes; the segment that it lies in ends at `segment_end`
 * of that text. To be called before the first chunk. */
void token_source_seek(struct token_source *s, uint64_t n_documents, uint64_t offset, size_t zero_lengths,
                       uint64_t segment_end);

/* Start of the cut of a text that holds `offset`: a line's start, or a cut of a long line. */
uint64_t token_source_cut(const char *text, uint64_t size, uint64_t offset);

/* The next chunk: n tokens, fewer only at the end, where at last there are none. */
int token_source_next(struct token_source *s, size_t n, struct token_chunk *out, struct error *e);

#endif
