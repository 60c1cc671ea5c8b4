/* Writes small GGUF files in memory, valid ones and broken ones, for tests. Out of memory ends the test program. */
#ifndef LECTERN_GGUF_WRITER_H
#define LECTERN_GGUF_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct gguf_buffer {
    uint8_t *bytes;
    size_t size, capacity;
};

struct gguf_writer {
    struct gguf_buffer values, tensors, data;
    uint64_t n_values, n_tensors;
    uint32_t alignment; /* 0: 32, and no key says so */
};

void gguf_write_u32(struct gguf_writer *w, const char *key, uint32_t value);
void gguf_write_u64(struct gguf_writer *w, const char *key, uint64_t value);
void gguf_write_f32(struct gguf_writer *w, const char *key, float value);
void gguf_write_string(struct gguf_writer *w, const char *key, const char *text);

/* An array of `count` elements of a type of fixed size (enum gguf_type), `size` bytes in all. */
void gguf_write_array(struct gguf_writer *w, const char *key, uint32_t type, uint64_t count, const void *bytes,
                      size_t size);
void gguf_write_strings(struct gguf_writer *w, const char *key, const char *const *texts, size_t count);

/* rows 0: a vector. */
void gguf_write_tensor(struct gguf_writer *w, const char *name, uint32_t type, uint32_t cols, uint32_t rows,
                       const void *bytes, size_t size);

/* The file, malloc'ed; frees what the writer holds. */
uint8_t *gguf_write_finish(struct gguf_writer *w, size_t *size);

#endif
