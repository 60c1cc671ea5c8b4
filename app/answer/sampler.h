/* The next token out of a model's logits: the likeliest, or one drawn from the likely ones. */
#ifndef LECTERN_SAMPLER_H
#define LECTERN_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

struct chat_sampling;
struct error;
struct sampler;

/* Copies the options; n: logits of a token. */
int sampler_open(struct sampler **out, const struct chat_sampling *o, size_t n, struct error *e);
void sampler_close(struct sampler *s);

/* Starts the random numbers again: the same prompt then gives the same answer. */
void sampler_restart(struct sampler *s);

int32_t sampler_choose(struct sampler *s, const float *logits);

#endif
