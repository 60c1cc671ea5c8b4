/* A row of weights in blocks times one row of elements in 8 bits, as when an answer is written token by token: what
 * compute/block_product.c is made of besides. */
#ifndef LECTERN_BLOCK_DOTS_H
#define LECTERN_BLOCK_DOTS_H

#include <stdint.h>

struct block_elements;
struct weights;

struct block_dots {
    float (*one)(const struct weights *w, uint32_t row, const struct block_elements *x,
                 float *scratch); /* [cols / 4 + cols / 8] */
};

extern const struct block_dots block_dots_v2, block_dots_v3, block_dots_v4, block_dots_v4_vnni, block_dots_generic;

#endif
