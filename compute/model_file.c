#include "compute/model_file.h"

#include "compute/error.h"
#include "compute/gguf.h"

#define MAX_DIMENSION (1u << 20)

int model_file_dimension(const struct gguf *g, const char *key, uint32_t *out, struct error *e)
{
    uint32_t n = 0;
    if (gguf_get_u32(g, key, &n, e) != 0) return -1;
    if (n < 1 || n > MAX_DIMENSION) return error_set(e, "%s: %s is %u", gguf_name(g), key, n);
    *out = n;
    return 0;
}

int model_file_f32(const struct gguf *g, const char *key, float least, float most, float *out, struct error *e)
{
    float x = 0;
    if (gguf_get_f32(g, key, &x, e) != 0) return -1;
    if (x < least || x > most)
        return error_set(e, "%s: %s is %g, expected %g to %g", gguf_name(g), key, (double)x, (double)least,
                         (double)most);
    *out = x;
    return 0;
}

int model_file_weights(const struct gguf *g, struct weights *out, const char *name, uint32_t rows, uint32_t cols,
                       struct error *e)
{
    const struct gguf_tensor *t = gguf_find_tensor(g, name);
    if (!t) return error_set(e, "%s: the tensor %s is missing", gguf_name(g), name);
    uint32_t block = weights_block_elements(t->type);
    if (block == 0) return error_set(e, "%s: %s has type %u, which is no weight type", gguf_name(g), name, t->type);
    if (t->dims[0] != cols || t->dims[1] != (rows ? rows : 1) || t->dims[2] != 1 || t->dims[3] != 1) {
        return error_set(e, "%s: %s is [%llu, %llu, %llu, %llu], expected [%u, %u]", gguf_name(g), name,
                         (unsigned long long)t->dims[0], (unsigned long long)t->dims[1], (unsigned long long)t->dims[2],
                         (unsigned long long)t->dims[3], cols, rows ? rows : 1);
    }
    *out = (struct weights){
        .bytes = t->bytes,
        .type = (enum weights_type)t->type,
        .rows = rows ? rows : 1,
        .cols = cols,
        .row_bytes = cols / block * weights_block_bytes(t->type),
    };
    return 0;
}
