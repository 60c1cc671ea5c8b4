/* Byte-level byte-pair encoding, as GGUF's tokenizer model "gpt2" has it: a pre-tokenizer cuts the text into words, and
 * inside a word the pair of neighbours that is first in the order of merges is merged until none is left. Immutable
 * once open; shared by threads. */
#ifndef LECTERN_BPE_H
#define LECTERN_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpe;
struct error;
struct gguf;
struct tokens;

/* The vocabulary of a model file: tokenizer.ggml.tokens, .token_type, .merges and .pre (gpt-2, smollm, llama-bpe,
 * qwen2 and other names of these). */
int bpe_open(struct bpe **out, const struct gguf *g, struct error *e);
void bpe_close(struct bpe *b);

uint32_t bpe_n_pieces(const struct bpe *b);
bool bpe_begins_texts(const struct bpe *b); /* with a control piece, where the file does not say */

/* Appends the tokens of the text. Bytes that the vocabulary has no token for are left out, as the reference tokenizers
 * do, and counted in no length; bytes that are no UTF-8 count as punctuation. On failure the list may hold some of the
 * tokens. */
int bpe_encode(const struct bpe *b, const char *text, size_t size, struct tokens *out, struct error *e);

/* The bytes of a piece, borrowed; *size is 0 for control pieces. */
const char *bpe_piece(const struct bpe *b, int32_t id, size_t *size);

#endif
