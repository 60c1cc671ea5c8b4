/* The SentencePiece library behind a C API; the one C++ file of the engine. */
#ifndef LECTERN_SPM_H
#define LECTERN_SPM_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct spm;
struct tokens;

/* `proto`: a serialized model that vocabulary_write has made, copied. */
int spm_open(struct spm **out, const uint8_t *proto, size_t size, struct error *e);
void spm_close(struct spm *s);

/* Appends the tokens of a text of less than 4 GB. Any number of threads at once. On failure the list may hold some of
 * them. */
int spm_encode(const struct spm *s, const char *text, size_t size, struct tokens *out, struct error *e);

#endif
