#include "tests/gguf_writer.h"

#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/gguf.h"

static void put(struct gguf_buffer *b, const void *bytes, size_t n)
{
    uint8_t *grown = bytes_reserve(b->bytes, &b->capacity, b->size + n + 1, 1);
    if (!grown) abort();
    b->bytes = grown;
    if (n > 0) memcpy(grown + b->size, bytes, n);
    b->size += n;
}

static void put_u32(struct gguf_buffer *b, uint32_t v)
{
    put(b, &v, sizeof v);
}

static void put_u64(struct gguf_buffer *b, uint64_t v)
{
    put(b, &v, sizeof v);
}

static void put_string(struct gguf_buffer *b, const char *text)
{
    put_u64(b, strlen(text));
    put(b, text, strlen(text));
}

static void put_key(struct gguf_writer *w, const char *key, uint32_t type)
{
    put_string(&w->values, key);
    put_u32(&w->values, type);
    w->n_values++;
}

void gguf_write_u32(struct gguf_writer *w, const char *key, uint32_t value)
{
    put_key(w, key, GGUF_U32);
    put_u32(&w->values, value);
}

void gguf_write_u64(struct gguf_writer *w, const char *key, uint64_t value)
{
    put_key(w, key, GGUF_U64);
    put_u64(&w->values, value);
}

void gguf_write_f32(struct gguf_writer *w, const char *key, float value)
{
    put_key(w, key, GGUF_F32);
    put(&w->values, &value, sizeof value);
}

void gguf_write_string(struct gguf_writer *w, const char *key, const char *text)
{
    put_key(w, key, GGUF_STRING);
    put_string(&w->values, text);
}

void gguf_write_array(struct gguf_writer *w, const char *key, uint32_t type, uint64_t count, const void *bytes,
                      size_t size)
{
    put_key(w, key, GGUF_ARRAY);
    put_u32(&w->values, type);
    put_u64(&w->values, count);
    put(&w->values, bytes, size);
}

void gguf_write_strings(struct gguf_writer *w, const char *key, const char *const *texts, size_t count)
{
    gguf_write_array(w, key, GGUF_STRING, count, NULL, 0);
    for (size_t i = 0; i < count; i++) put_string(&w->values, texts[i]);
}

static void align(struct gguf_buffer *b, size_t alignment)
{
    while (b->size % alignment != 0) put(b, "", 1);
}

void gguf_write_tensor(struct gguf_writer *w, const char *name, uint32_t type, uint32_t cols, uint32_t rows,
                       const void *bytes, size_t size)
{
    align(&w->data, w->alignment ? w->alignment : 32);
    put_string(&w->tensors, name);
    put_u32(&w->tensors, rows ? 2 : 1);
    put_u64(&w->tensors, cols);
    if (rows) put_u64(&w->tensors, rows);
    put_u32(&w->tensors, type);
    put_u64(&w->tensors, w->data.size);
    put(&w->data, bytes, size);
    w->n_tensors++;
}

uint8_t *gguf_write_finish(struct gguf_writer *w, size_t *size)
{
    struct gguf_buffer file = {NULL, 0, 0};
    if (w->alignment) gguf_write_u32(w, "general.alignment", w->alignment);
    put(&file, "GGUF", 4);
    put_u32(&file, 3);
    put_u64(&file, w->n_tensors);
    put_u64(&file, w->n_values);
    put(&file, w->values.bytes, w->values.size);
    put(&file, w->tensors.bytes, w->tensors.size);
    align(&file, w->alignment ? w->alignment : 32);
    put(&file, w->data.bytes, w->data.size);
    free(w->values.bytes);
    free(w->tensors.bytes);
    free(w->data.bytes);
    *w = (struct gguf_writer){.alignment = w->alignment};
    *size = file.size;
    return file.bytes;
}
