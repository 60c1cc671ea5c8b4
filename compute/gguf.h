/* GGUF v3 files: named values and tensors. Everything in the header is checked when the file is opened, so that what is
 * returned here lies inside the file: counts, lengths, types, duplicate names, alignment, tensor sizes, places and
 * overlaps. A file that says its own hash (lectern.file_hash, models/FORMAT.md) has it. Immutable once open. */
#ifndef LECTERN_GGUF_H
#define LECTERN_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct gguf;

enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64
};

/* Bytes of the file, not terminated; untrusted. */
struct gguf_string {
    const char *bytes;
    size_t size;
};

struct gguf_value {
    struct gguf_string key;
    enum gguf_type type;
    enum gguf_type element; /* GGUF_ARRAY: never an array itself; otherwise the type */
    uint64_t count;         /* GGUF_ARRAY: of elements; otherwise 1 */
    const uint8_t *bytes;   /* as in the file: unaligned, little-endian, strings with their lengths */
    size_t size;
};

struct gguf_tensor {
    struct gguf_string name;
    uint32_t n_dims;  /* 1 to 4 */
    uint64_t dims[4]; /* the first is the row's length; 1 where absent */
    uint32_t type;    /* GGUF's number: enum weights_type, or an integer type */
    const uint8_t *bytes;
    size_t size;
};

/* Tensor types that are no weights: plain elements. */
enum { GGUF_TENSOR_I8 = 24, GGUF_TENSOR_I16 = 25, GGUF_TENSOR_I32 = 26, GGUF_TENSOR_I64 = 27, GGUF_TENSOR_F64 = 28 };

/* Maps the file. */
int gguf_open(struct gguf **out, const char *path, struct error *e);
/* Borrows the bytes until gguf_close; `name` is for messages, copied. */
int gguf_open_bytes(struct gguf **out, const char *name, const uint8_t *bytes, size_t size, struct error *e);
void gguf_close(struct gguf *g);

/* The whole file. */
const uint8_t *gguf_bytes(const struct gguf *g, size_t *size);

size_t gguf_n_tensors(const struct gguf *g);
const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i); /* in the file's order */

/* NULL where there is none. */
const struct gguf_value *gguf_find(const struct gguf *g, const char *key);
const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name);

/* The value of a key that must be there: any integer type that holds a number of the range; f32 or f64, finite; a
 * string. Errors name file and key. */
int gguf_get_u64(const struct gguf *g, const char *key, uint64_t *out, struct error *e);
int gguf_get_u32(const struct gguf *g, const char *key, uint32_t *out, struct error *e);
int gguf_get_f32(const struct gguf *g, const char *key, float *out, struct error *e);
int gguf_get_string(const struct gguf *g, const char *key, struct gguf_string *out, struct error *e);

/* Element i of a value that is no string and no array of strings (a scalar is its own element 0); false where it is no
 * such number. */
bool gguf_element_u64(const struct gguf_value *v, uint64_t i, uint64_t *out);
bool gguf_element_f64(const struct gguf_value *v, uint64_t i, double *out);

/* Walks an array of strings: *offset starts at 0 and is moved on; false at the end. */
bool gguf_next_string(const struct gguf_value *v, size_t *offset, struct gguf_string *out);

bool gguf_string_is(const struct gguf_string *s, const char *text);

/* The file's name, for messages; valid until gguf_close. */
const char *gguf_name(const struct gguf *g);

#endif
