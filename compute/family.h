/* The architectures of chat models that are run, a row each in one table: what sets one apart from the others. All are
 * decoders of the same build (rotary positions, RMS norms, gated feed-forward); what is not said here comes from the
 * file. */
#ifndef LECTERN_FAMILY_H
#define LECTERN_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct gguf;

struct family {
    const char *name;          /* general.architecture */
    bool rotates_halves;       /* columns i and i + D / 2 of a head turn together; otherwise neighbours */
    bool qkv_bias;             /* q, k and v are added to */
    bool qk_norm;              /* heads of q and k are normalised */
    bool norms_after;          /* what attention and feed-forward give is normalised before it is added */
    bool gelu;                 /* gates are gelu by tanh; otherwise silu */
    bool scaled_embedding;     /* by the root of its width */
    bool short_conv;           /* layers that have its tensors convolve the last tokens in place of attention */
    uint32_t unrotated_layers; /* of so many layers the last one has no positions; 0: all have */
    uint32_t window_layers;  /* of so many layers the last one sees all keys, the others the file's window; 0: all do */
    const char *output_norm; /* the tensor's name; NULL: as everywhere */
};

/* The row of that name; NULL and an error that names it and those that run. */
const struct family *family_find(const struct gguf *g, struct error *e);

#endif
