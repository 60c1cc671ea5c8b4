/* Checked arithmetic on sizes that come from files or users, and growing arrays. */
#ifndef LECTERN_BYTES_H
#define LECTERN_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *out = a * b or a + b; false, and *out untouched, where that overflows. */
static inline bool bytes_multiply(size_t *out, size_t a, size_t b)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool bytes_add(size_t *out, size_t a, size_t b)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

/* Makes room for `need` elements of `size` bytes in a malloc'ed array, at least doubling it; returns the (moved) array,
 * or NULL with the old one untouched and still owned by the caller. *capacity counts elements. */
void *bytes_reserve(void *array, size_t *capacity, size_t need, size_t size);

#endif
