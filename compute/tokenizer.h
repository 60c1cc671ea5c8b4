/* Text to tokens and back, behind one API: the reader's SentencePiece model, the second reading's words, and the
 * vocabularies of chat models (types llama and gpt2). One tokenizer may be used by several threads at once. */
#ifndef LECTERN_TOKENIZER_H
#define LECTERN_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/tokens.h"

struct error;
struct gguf;
struct tokenizer;

/* `proto`: a serialized SentencePiece model; copied. */
int tokenizer_open(struct tokenizer **out, const void *proto, size_t size, struct error *e);

/* The tokenizer in a model file, by its tokenizer.ggml.model: sentencepiece (the reader's), words, whole-words, llama
 * or gpt2. Borrows nothing. */
int tokenizer_open_model(struct tokenizer **out, const struct gguf *g, struct error *e);

void tokenizer_close(struct tokenizer *t);

uint32_t tokenizer_n_pieces(const struct tokenizer *t);

/* Length of the first piece of text that is tokenised by itself (models/FORMAT.md, The sequence): up to and including
 * the first newline, and at most 4096 bytes. The cut of a text never depends on what stands before or after it. 0 only
 * for size 0. */
size_t tokenizer_cut(const char *text, size_t size);

/* Appends the tokens of the whole text, cut by tokenizer_cut. Any bytes are text: invalid UTF-8 is read as U+FFFD, its
 * bytes counted. U+2581, which SentencePiece takes for a space, is spelt in bytes. On failure (memory) the list is as
 * it was. The vocabularies of chat models know no cuts and have every token as their own reference does: type llama
 * reads a space before the text where the file says so and U+2581 as a space, type gpt2 leaves out bytes that have no
 * piece (no length counts them). */
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e);

/* The tokens of a text of less than 4 GB with their bytes. In type words white space has no token; tokenizer_encode
 * counts it with the token before it, and where its cut has none, or it has more than 255 bytes, as byte pieces of a
 * space. On failure the list is as it was. */
int tokenizer_encode_ranges(const struct tokenizer *t, const char *text, size_t size, struct token_ranges *out,
                            struct error *e);

/* The bytes of a piece, for decoding: writes at most `size` bytes, returns how many the piece has (0 for control
 * pieces). A byte piece is one byte. */
size_t tokenizer_piece(const struct tokenizer *t, int32_t id, char *bytes, size_t size);

/* The id of the control piece of that name ("<|im_start|>"), -1 where there is none. No text produces control pieces.
 * In type gpt2 pieces that a user defined ("<think>") are found too. */
int32_t tokenizer_control(const struct tokenizer *t, const char *name);

/* Whether words are read as they are written, in the scripts of many languages (type whole-words). */
bool tokenizer_has_whole_words(const struct tokenizer *t);

/* Whether a text of this vocabulary begins with its first control piece where the file does not say. */
bool tokenizer_begins_texts(const struct tokenizer *t);

#endif
