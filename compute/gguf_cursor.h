/* A place in the bytes of a GGUF file that never passes their end: false, and nothing taken, where too few are left. */
#ifndef LECTERN_GGUF_CURSOR_H
#define LECTERN_GGUF_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/gguf.h"

struct gguf_cursor {
    const uint8_t *at;
    size_t left;
};

bool gguf_cursor_take(struct gguf_cursor *c, size_t n, const uint8_t **out);
bool gguf_cursor_u32(struct gguf_cursor *c, uint32_t *out);
bool gguf_cursor_u64(struct gguf_cursor *c, uint64_t *out);
bool gguf_cursor_string(struct gguf_cursor *c, struct gguf_string *out);

/* The number in n (up to 8) bytes. */
uint64_t gguf_cursor_number(const uint8_t *bytes, size_t n);

/* Bytes of a value of a type (enum gguf_type); 0 for strings, arrays and unknown types. */
size_t gguf_cursor_scalar_bytes(uint32_t type);

#endif
