/* A weight matrix in a model file: rows of quantised or plain elements, read where they lie. */
#ifndef LECTERN_WEIGHTS_H
#define LECTERN_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

/* The numbers are GGUF's. */
enum weights_type {
    WEIGHTS_F32 = 0,
    WEIGHTS_F16 = 1,
    WEIGHTS_Q4_0 = 2,
    WEIGHTS_Q4_1 = 3,
    WEIGHTS_Q5_0 = 6,
    WEIGHTS_Q5_1 = 7,
    WEIGHTS_Q8_0 = 8,
    WEIGHTS_Q4_K = 12,
    WEIGHTS_Q5_K = 13,
    WEIGHTS_Q6_K = 14,
    WEIGHTS_BF16 = 30,
};

struct weights {
    const uint8_t *bytes; /* borrowed from the file's mapping; NULL: absent */
    enum weights_type type;
    uint32_t rows, cols; /* a row is contiguous: `cols` elements */
    size_t row_bytes;
};

/* Numbers and bytes of one block of the type, and its name; 0 and NULL for a type that is not known. */
uint32_t weights_block_elements(uint32_t type);
size_t weights_block_bytes(uint32_t type);
const char *weights_type_name(uint32_t type);

/* Rows [begin, end) as float32 into out[(end - begin) * cols]. */
void weights_dequantize(const struct weights *w, uint32_t begin, uint32_t end, float *out);

#endif
