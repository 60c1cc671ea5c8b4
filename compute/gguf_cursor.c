#include "compute/gguf_cursor.h"

bool gguf_cursor_take(struct gguf_cursor *c, size_t n, const uint8_t **out)
{
    if (n > c->left) return false;
    *out = c->at;
    c->at += n;
    c->left -= n;
    return true;
}

uint64_t gguf_cursor_number(const uint8_t *bytes, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;) v = v << 8 | bytes[i];
    return v;
}

bool gguf_cursor_u32(struct gguf_cursor *c, uint32_t *out)
{
    const uint8_t *b;
    if (!gguf_cursor_take(c, 4, &b)) return false;
    *out = (uint32_t)gguf_cursor_number(b, 4);
    return true;
}

bool gguf_cursor_u64(struct gguf_cursor *c, uint64_t *out)
{
    const uint8_t *b;
    if (!gguf_cursor_take(c, 8, &b)) return false;
    *out = gguf_cursor_number(b, 8);
    return true;
}

bool gguf_cursor_string(struct gguf_cursor *c, struct gguf_string *out)
{
    uint64_t size;
    const uint8_t *b;
    if (!gguf_cursor_u64(c, &size) || size > c->left || !gguf_cursor_take(c, (size_t)size, &b)) return false;
    *out = (struct gguf_string){(const char *)b, (size_t)size};
    return true;
}

size_t gguf_cursor_scalar_bytes(uint32_t type)
{
    static const uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof sizes ? sizes[type] : 0;
}
