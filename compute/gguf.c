/* The header is read once, front to back, through a cursor that never passes the end of the file. Counts are limited by
 * the bytes that are left before anything is allocated for them, so that the work and the memory are bounded by the
 * file's size. */
#include "compute/gguf.h"

#define XXH_INLINE_ALL
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/file.h"
#include "compute/gguf_cursor.h"
#include "compute/weights.h"

/* Real files have some hundred keys and up to some thousand tensors. */
#define MAX_COUNT 65536
#define MAX_NAME 4096
#define MAX_TENSOR_TYPES 64   /* that others write; a larger number is damage */
#define LEAST_VALUE_BYTES 14  /* key length, a key of one byte, type, a value of one byte */
#define LEAST_TENSOR_BYTES 33 /* name length, a name of one byte, number of dimensions, one dimension, type, offset */

struct gguf {
    char *name;
    struct file_map map; /* empty where the bytes are borrowed */
    const uint8_t *bytes;
    size_t size;
    struct gguf_value *values;
    struct gguf_tensor *tensors;
    const struct gguf_value **values_by_key;
    const struct gguf_tensor **tensors_by_name;
    size_t n_values, n_tensors;
};

static int truncated(const struct gguf *g, struct error *e)
{
    return error_set_kind(e, ERROR_DAMAGED, "%s: the file ends inside its header", g->name);
}

/* For messages: names of the file are cut. */
static int shown_size(const struct gguf_string *s)
{
    return s->size < 100 ? (int)s->size : 100;
}

static int take_name(struct gguf *g, struct gguf_cursor *c, const char *what, struct gguf_string *out, struct error *e)
{
    struct gguf_string s;
    if (!gguf_cursor_string(c, &s)) return truncated(g, e);
    if (s.size == 0 || s.size > MAX_NAME)
        return error_set_kind(e, ERROR_DAMAGED, "%s: a %s name of %zu bytes", g->name, what, s.size);
    if (memchr(s.bytes, 0, s.size)) return error_set_kind(e, ERROR_DAMAGED, "%s: a %s name with a NUL", g->name, what);
    *out = s;
    return 0;
}

static int take_array(struct gguf *g, struct gguf_cursor *c, struct gguf_value *v, struct error *e)
{
    uint32_t element;
    if (!gguf_cursor_u32(c, &element) || !gguf_cursor_u64(c, &v->count)) return truncated(g, e);
    v->element = (enum gguf_type)element;
    v->bytes = c->at;
    if (element == GGUF_STRING) {
        if (v->count > c->left / 8) return truncated(g, e);
        for (uint64_t i = 0; i < v->count; i++) {
            struct gguf_string s;
            if (!gguf_cursor_string(c, &s)) return truncated(g, e);
        }
    } else {
        size_t size = gguf_cursor_scalar_bytes(element);
        if (size == 0) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: an array of elements of type %u", g->name,
                                  shown_size(&v->key), v->key.bytes, element);
        }
        const uint8_t *b;
        if (v->count > c->left / size || !gguf_cursor_take(c, (size_t)v->count * size, &b)) return truncated(g, e);
    }
    v->size = (size_t)(c->at - v->bytes);
    return 0;
}

static int take_value(struct gguf *g, struct gguf_cursor *c, struct gguf_value *v, struct error *e)
{
    uint32_t type;
    if (take_name(g, c, "key", &v->key, e) != 0) return -1;
    if (!gguf_cursor_u32(c, &type)) return truncated(g, e);
    v->type = (enum gguf_type)type;
    if (type == GGUF_ARRAY) return take_array(g, c, v, e);
    v->element = v->type;
    v->count = 1;
    if (type == GGUF_STRING) {
        struct gguf_string s;
        if (!gguf_cursor_string(c, &s)) return truncated(g, e);
        v->bytes = (const uint8_t *)s.bytes;
        v->size = s.size;
        return 0;
    }
    v->size = gguf_cursor_scalar_bytes(type);
    if (v->size == 0)
        return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: unknown type %u", g->name, shown_size(&v->key), v->key.bytes,
                              type);
    return gguf_cursor_take(c, v->size, &v->bytes) ? 0 : truncated(g, e);
}

/* Numbers and bytes of a block of a tensor type. */
static bool tensor_block(uint32_t type, uint32_t *elements, size_t *bytes)
{
    static const uint8_t plain[] = {1, 2, 4, 8, 8};
    if (type >= GGUF_TENSOR_I8 && type <= GGUF_TENSOR_F64) {
        *elements = 1;
        *bytes = plain[type - GGUF_TENSOR_I8];
        return true;
    }
    *elements = weights_block_elements(type);
    *bytes = weights_block_bytes(type);
    return *elements > 0;
}

/* The tensor's description; its offset is left in *offset. */
static int take_tensor(struct gguf *g, struct gguf_cursor *c, struct gguf_tensor *t, uint64_t *offset, struct error *e)
{
    if (take_name(g, c, "tensor", &t->name, e) != 0) return -1;
    int n = shown_size(&t->name);
    const char *name = t->name.bytes;
    if (!gguf_cursor_u32(c, &t->n_dims)) return truncated(g, e);
    if (t->n_dims < 1 || t->n_dims > 4)
        return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: %u dimensions", g->name, n, name, t->n_dims);
    size_t elements = 1;
    for (uint32_t i = 0; i < 4; i++) {
        t->dims[i] = 1;
        if (i < t->n_dims && !gguf_cursor_u64(c, &t->dims[i])) return truncated(g, e);
        if (t->dims[i] == 0) return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: a dimension of 0", g->name, n, name);
        if (t->dims[i] > SIZE_MAX || !bytes_multiply(&elements, elements, (size_t)t->dims[i])) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: more elements than can be", g->name, n, name);
        }
    }
    if (!gguf_cursor_u32(c, &t->type) || !gguf_cursor_u64(c, offset)) return truncated(g, e);
    uint32_t block;
    size_t block_bytes;
    if (!tensor_block(t->type, &block, &block_bytes)) {
        return error_set_kind(e, t->type < MAX_TENSOR_TYPES ? ERROR_OTHER : ERROR_DAMAGED,
                              "%s: %.*s: tensor type %u is not known (F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, "
                              "Q4_K, Q5_K and Q6_K are)",
                              g->name, n, name, t->type);
    }
    if (t->dims[0] % block != 0) {
        return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: rows of %llu elements are not whole blocks of %u", g->name,
                              n, name, (unsigned long long)t->dims[0], block);
    }
    if (!bytes_multiply(&t->size, elements / block, block_bytes)) {
        return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: more bytes than can be", g->name, n, name);
    }
    return 0;
}

static int compare_strings(const struct gguf_string *a, const struct gguf_string *b)
{
    int c = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);
    return c ? c : (a->size > b->size) - (a->size < b->size);
}

static int compare_values(const void *a, const void *b)
{
    return compare_strings(&(*(const struct gguf_value *const *)a)->key, &(*(const struct gguf_value *const *)b)->key);
}

static int compare_tensors(const void *a, const void *b)
{
    return compare_strings(&(*(const struct gguf_tensor *const *)a)->name,
                           &(*(const struct gguf_tensor *const *)b)->name);
}

static int compare_offsets(const void *a, const void *b)
{
    const struct gguf_tensor *s = *(const struct gguf_tensor *const *)a, *t = *(const struct gguf_tensor *const *)b;
    return (s->bytes > t->bytes) - (s->bytes < t->bytes);
}

static int take_values(struct gguf *g, struct gguf_cursor *c, uint64_t count, struct error *e)
{
    if (count > MAX_COUNT || count > c->left / LEAST_VALUE_BYTES) {
        return error_set_kind(e, ERROR_DAMAGED, "%s: %llu keys in %zu bytes", g->name, (unsigned long long)count,
                              c->left);
    }
    g->values = calloc((size_t)count + 1, sizeof *g->values);
    g->values_by_key = calloc((size_t)count + 1, sizeof *g->values_by_key);
    if (!g->values || !g->values_by_key) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", g->name);
    for (; g->n_values < count; g->n_values++) {
        if (take_value(g, c, &g->values[g->n_values], e) != 0) return -1;
        g->values_by_key[g->n_values] = &g->values[g->n_values];
    }
    qsort(g->values_by_key, g->n_values, sizeof *g->values_by_key, compare_values);
    for (size_t i = 1; i < g->n_values; i++) {
        const struct gguf_string *key = &g->values_by_key[i]->key;
        if (compare_strings(&g->values_by_key[i - 1]->key, key) == 0) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: the key %.*s is there twice", g->name, shown_size(key),
                                  key->bytes);
        }
    }
    return 0;
}

static int read_alignment(const struct gguf *g, uint32_t *alignment, struct error *e)
{
    *alignment = 32;
    if (!gguf_find(g, "general.alignment")) return 0;
    if (gguf_get_u32(g, "general.alignment", alignment, e) != 0) return -1;
    if (*alignment < 8 || *alignment > 65536 || (*alignment & (*alignment - 1)) != 0) {
        return error_set_kind(e, ERROR_DAMAGED, "%s: general.alignment is %u", g->name, *alignment);
    }
    return 0;
}

/* Tensors lie in the data section, each aligned, none over another. `by_offset` has room for all. */
static int locate_tensors(struct gguf *g, const uint64_t *offsets, uint32_t alignment, size_t header,
                          const struct gguf_tensor **by_offset, struct error *e)
{
    size_t data = (header + alignment - 1) / alignment * alignment;
    for (size_t i = 0; i < g->n_tensors; i++) {
        struct gguf_tensor *t = &g->tensors[i];
        if (offsets[i] % alignment != 0) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: not aligned to %u bytes", g->name, shown_size(&t->name),
                                  t->name.bytes, alignment);
        }
        if (data > g->size || offsets[i] > g->size - data || t->size > g->size - data - (size_t)offsets[i]) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s: lies beyond the end of the file", g->name,
                                  shown_size(&t->name), t->name.bytes);
        }
        t->bytes = g->bytes + data + (size_t)offsets[i];
        by_offset[i] = t;
    }
    qsort(by_offset, g->n_tensors, sizeof *by_offset, compare_offsets);
    for (size_t i = 1; i < g->n_tensors; i++) {
        const struct gguf_tensor *s = by_offset[i - 1], *t = by_offset[i];
        if ((size_t)(t->bytes - s->bytes) < s->size) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: %.*s and %.*s overlap", g->name, shown_size(&s->name),
                                  s->name.bytes, shown_size(&t->name), t->name.bytes);
        }
    }
    return 0;
}

static int take_tensors(struct gguf *g, struct gguf_cursor *c, uint64_t count, struct error *e)
{
    if (count > MAX_COUNT || count > c->left / LEAST_TENSOR_BYTES) {
        return error_set_kind(e, ERROR_DAMAGED, "%s: %llu tensors in %zu bytes", g->name, (unsigned long long)count,
                              c->left);
    }
    uint32_t alignment;
    if (read_alignment(g, &alignment, e) != 0) return -1;
    uint64_t *offsets = calloc((size_t)count + 1, sizeof *offsets);
    g->tensors = calloc((size_t)count + 1, sizeof *g->tensors);
    g->tensors_by_name = calloc((size_t)count + 1, sizeof *g->tensors_by_name);
    int failed = 0;
    if (!offsets || !g->tensors || !g->tensors_by_name)
        failed = error_set_kind(e, ERROR_MEMORY, "%s: out of memory", g->name);
    while (!failed && g->n_tensors < count) {
        failed = take_tensor(g, c, &g->tensors[g->n_tensors], &offsets[g->n_tensors], e);
        if (!failed) g->n_tensors++;
    }
    if (!failed) failed = locate_tensors(g, offsets, alignment, g->size - c->left, g->tensors_by_name, e);
    free(offsets);
    if (failed) return -1;
    qsort(g->tensors_by_name, g->n_tensors, sizeof *g->tensors_by_name, compare_tensors);
    for (size_t i = 1; i < g->n_tensors; i++) {
        const struct gguf_string *name = &g->tensors_by_name[i]->name;
        if (compare_strings(&g->tensors_by_name[i - 1]->name, name) == 0) {
            return error_set_kind(e, ERROR_DAMAGED, "%s: the tensor %.*s is there twice", g->name, shown_size(name),
                                  name->bytes);
        }
    }
    return 0;
}

/* Versions 2 and 3 are alike in files of this byte order. */
static int check_version(const struct gguf *g, uint32_t version, struct error *e)
{
    if (version == 2 || version == 3) return 0;
    if (version == 1)
        return error_set(e, "%s: GGUF version 1 is too old; convert the model again (versions 2 and 3 are read)",
                         g->name);
    if (version != 0 && (version & 0xFFFF) == 0)
        return error_set(e, "%s: a big-endian GGUF file; only little-endian ones are read", g->name);
    return error_set_kind(e, ERROR_DAMAGED, "%s: GGUF version %u, expected 2 or 3", g->name, version);
}

/* A model may be split into several files, which have to be joined before they are read. */
static int check_whole(const struct gguf *g, struct error *e)
{
    uint64_t n = 0, part = 0;
    if (!gguf_find(g, "split.count")) return 0;
    if (gguf_get_u64(g, "split.count", &n, e) != 0) return -1;
    if (n <= 1) return 0;
    if (gguf_find(g, "split.no") && gguf_get_u64(g, "split.no", &part, e) != 0) return -1;
    return error_set(e, "%s: part %llu of %llu of a split model; join the parts first (llama-gguf-split --merge)",
                     g->name, (unsigned long long)part + 1, (unsigned long long)n);
}

static int parse_contents(struct gguf *g, struct error *e)
{
    struct gguf_cursor c = {g->bytes, g->size};
    const uint8_t *magic;
    uint32_t version;
    uint64_t n_tensors, n_values;
    if (!gguf_cursor_take(&c, 4, &magic) || memcmp(magic, "GGUF", 4) != 0)
        return error_set_kind(e, ERROR_DAMAGED, "%s: not a GGUF file", g->name);
    if (!gguf_cursor_u32(&c, &version)) return truncated(g, e);
    if (check_version(g, version, e) != 0) return -1;
    if (!gguf_cursor_u64(&c, &n_tensors) || !gguf_cursor_u64(&c, &n_values)) return truncated(g, e);
    if (take_values(g, &c, n_values, e) != 0 || check_whole(g, e) != 0) return -1;
    return take_tensors(g, &c, n_tensors, e);
}

/* A file that says its own hash has it: that of its bytes with zeros in the hash's place. */
static int check_hash(const struct gguf *g, struct error *e)
{
    static const uint8_t zeros[8];
    const struct gguf_value *v = gguf_find(g, "lectern.file_hash");
    uint64_t wanted;
    XXH3_state_t hash; /* on the stack: it is aligned by its type */
    if (!v) return 0;
    if (v->type != GGUF_U64) return error_set_kind(e, ERROR_DAMAGED, "%s: lectern.file_hash is no u64", g->name);
    memcpy(&wanted, v->bytes, sizeof wanted);
    const size_t before = (size_t)(v->bytes - g->bytes), after = before + sizeof zeros;
    XXH3_64bits_reset(&hash);
    XXH3_64bits_update(&hash, g->bytes, before);
    XXH3_64bits_update(&hash, zeros, sizeof zeros);
    XXH3_64bits_update(&hash, g->bytes + after, g->size - after);
    if (XXH3_64bits_digest(&hash) == wanted) return 0;
    return error_set_kind(e, ERROR_DAMAGED, "%s: damaged: its bytes do not have the hash that it says", g->name);
}

static int open_map(struct gguf **out, const char *name, struct file_map map, const uint8_t *bytes, size_t size,
                    struct error *e)
{
    struct gguf *g = calloc(1, sizeof *g);
    char *copy = strdup(name);
    if (!g || !copy) {
        free(g);
        free(copy);
        file_unmap(&map);
        return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", name);
    }
    *g = (struct gguf){.name = copy, .map = map, .bytes = bytes, .size = size};
    if (parse_contents(g, e) != 0 || check_hash(g, e) != 0) {
        gguf_close(g);
        return -1;
    }
    *out = g;
    return 0;
}

int gguf_open(struct gguf **out, const char *path, struct error *e)
{
    struct file_map map;
    if (file_map(&map, path, e) != 0) return -1;
    return open_map(out, path, map, map.bytes, map.size, e);
}

int gguf_open_bytes(struct gguf **out, const char *name, const uint8_t *bytes, size_t size, struct error *e)
{
    return open_map(out, name, (struct file_map){NULL, 0}, bytes, size, e);
}

void gguf_close(struct gguf *g)
{
    if (!g) return;
    file_unmap(&g->map);
    free(g->values);
    free(g->tensors);
    free(g->values_by_key);
    free(g->tensors_by_name);
    free(g->name);
    free(g);
}

const char *gguf_name(const struct gguf *g)
{
    return g->name;
}

const uint8_t *gguf_bytes(const struct gguf *g, size_t *size)
{
    *size = g->size;
    return g->bytes;
}

size_t gguf_n_tensors(const struct gguf *g)
{
    return g->n_tensors;
}

const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i)
{
    return &g->tensors[i];
}

const struct gguf_value *gguf_find(const struct gguf *g, const char *key)
{
    if (g->n_values == 0) return NULL;
    struct gguf_value wanted = {.key = {key, strlen(key)}};
    const struct gguf_value *p = &wanted;
    const struct gguf_value **found =
        bsearch(&p, g->values_by_key, g->n_values, sizeof *g->values_by_key, compare_values);
    return found ? *found : NULL;
}

const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name)
{
    if (g->n_tensors == 0) return NULL;
    struct gguf_tensor wanted = {.name = {name, strlen(name)}};
    const struct gguf_tensor *p = &wanted;
    const struct gguf_tensor **found =
        bsearch(&p, g->tensors_by_name, g->n_tensors, sizeof *g->tensors_by_name, compare_tensors);
    return found ? *found : NULL;
}
