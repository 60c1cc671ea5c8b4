/* A row of keys or values in 2 bits a number, by itself. It is turned by a Hadamard matrix, and its numbers, by then
 * much like Gaussian ones, become -3/2, -1/2, 1/2 or 3/2 steps: the step in a byte, then four numbers a byte. Rounding
 * happens once: what was expanded has the same bytes again, also after float16 (a device's caches). A row that is not
 * of numbers becomes zeros. */
#ifndef LECTERN_KV_ROW_H
#define LECTERN_KV_ROW_H

#include <stddef.h>
#include <stdint.h>

enum { KV_ROW_COLUMNS = 256 }; /* at most */

size_t kv_row_bytes(uint32_t n);

/* `row` is turned. */
void kv_row_shrink(uint8_t *to, float *row, uint32_t n);

void kv_row_expand(float *to, const uint8_t *from, uint32_t n);

#endif
