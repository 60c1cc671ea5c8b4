#include "compute/model_file.h"

#include <stdio.h>

#include "compute/error.h"
#include "compute/gguf.h"

#define MAX_DIMENSION (1u << 20)
#define MAX_SEGMENT ((uint64_t)1 << 56)

const char *model_file_key(char out[MODEL_FILE_KEY], const char *architecture, const char *rest)
{
    snprintf(out, MODEL_FILE_KEY, "%s.%s", architecture, rest);
    return out;
}

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

/* Branch i of the two arrays. */
static int read_branch(const struct gguf *g, const struct gguf_value *w, const struct gguf_value *r, uint32_t i,
                       struct branch *b, struct error *e)
{
    if (!gguf_element_u64(w, i, &b->segment_length) || !gguf_element_u64(r, i, &b->dilation_rate))
        return error_set(e, "%s: branch %u: no whole numbers", gguf_name(g), i);
    if (b->dilation_rate < 1 || b->dilation_rate > b->segment_length || b->segment_length > MAX_SEGMENT)
        return error_set(e,
                         "%s: branch %u: segment length %llu and dilation rate %llu, expected rate 1 to length, "
                         "length up to 2^56",
                         gguf_name(g), i, (unsigned long long)b->segment_length, (unsigned long long)b->dilation_rate);
    return 0;
}

int model_file_branches(const struct gguf *g, const char *architecture, struct branch branches[DILATION_MAX_BRANCHES],
                        uint32_t *n, uint64_t *context_length, struct error *e)
{
    char key[64];
    snprintf(key, sizeof key, "%s.dilated.segment_length", architecture);
    const struct gguf_value *w = gguf_find(g, key);
    snprintf(key, sizeof key, "%s.dilated.dilation_rate", architecture);
    const struct gguf_value *r = gguf_find(g, key);
    if (!w || !r || w->type != GGUF_ARRAY || r->type != GGUF_ARRAY)
        return error_set(e, "%s: %s.dilated.segment_length and .dilation_rate must be arrays", gguf_name(g),
                         architecture);
    if (w->count != r->count || w->count < 1 || w->count > DILATION_MAX_BRANCHES)
        return error_set(e, "%s: %llu segment lengths and %llu dilation rates, expected as many, 1 to %d", gguf_name(g),
                         (unsigned long long)w->count, (unsigned long long)r->count, DILATION_MAX_BRANCHES);
    uint64_t longest = 0, context = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        if (read_branch(g, w, r, i, &branches[i], e) != 0) return -1;
        if (branches[i].segment_length > longest) longest = branches[i].segment_length;
    }
    snprintf(key, sizeof key, "%s.context_length", architecture);
    if (gguf_get_u64(g, key, &context, e) != 0) return -1;
    if (context != longest)
        return error_set(e, "%s: %s is %llu, but the longest segment is %llu", gguf_name(g), key,
                         (unsigned long long)context, (unsigned long long)longest);
    *n = (uint32_t)w->count;
    *context_length = context;
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
