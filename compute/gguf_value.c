/* What a value of the file is to who asks for it: a number of any width, a string, one of an array. */
#include <math.h>
#include <string.h>

#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/gguf_cursor.h"

bool gguf_element_u64(const struct gguf_value *v, uint64_t i, uint64_t *out)
{
    size_t size = gguf_cursor_scalar_bytes(v->element);
    if (i >= v->count || size == 0 || v->element == GGUF_F32 || v->element == GGUF_F64) return false;
    uint64_t n = gguf_cursor_number(v->bytes + (size_t)i * size, size);
    bool is_signed =
        v->element == GGUF_I8 || v->element == GGUF_I16 || v->element == GGUF_I32 || v->element == GGUF_I64;
    if (is_signed && n >> (8 * size - 1)) return false;
    *out = n;
    return true;
}

bool gguf_element_f64(const struct gguf_value *v, uint64_t i, double *out)
{
    if (i >= v->count) return false;
    if (v->element == GGUF_F32) {
        uint32_t bits = (uint32_t)gguf_cursor_number(v->bytes + (size_t)i * 4, 4);
        float f;
        memcpy(&f, &bits, sizeof f);
        *out = (double)f;
        return true;
    }
    if (v->element != GGUF_F64) return false;
    uint64_t bits = gguf_cursor_number(v->bytes + (size_t)i * 8, 8);
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool gguf_next_string(const struct gguf_value *v, size_t *offset, struct gguf_string *out)
{
    if (v->type != GGUF_ARRAY || v->element != GGUF_STRING || *offset >= v->size) return false;
    struct gguf_cursor c = {v->bytes + *offset, v->size - *offset};
    if (!gguf_cursor_string(&c, out)) return false;
    *offset = v->size - c.left;
    return true;
}

bool gguf_string_is(const struct gguf_string *s, const char *text)
{
    return s->size == strlen(text) && memcmp(s->bytes, text, s->size) == 0;
}

static int find_scalar(const struct gguf *g, const char *key, const struct gguf_value **out, struct error *e)
{
    const struct gguf_value *v = gguf_find(g, key);
    if (!v) return error_set_kind(e, ERROR_DAMAGED, "%s: %s is missing", gguf_name(g), key);
    if (v->type == GGUF_ARRAY) return error_set_kind(e, ERROR_DAMAGED, "%s: %s is an array", gguf_name(g), key);
    *out = v;
    return 0;
}

int gguf_get_u64(const struct gguf *g, const char *key, uint64_t *out, struct error *e)
{
    const struct gguf_value *v = NULL;
    uint64_t n = 0;
    if (find_scalar(g, key, &v, e) != 0) return -1;
    if (v->type == GGUF_BOOL || !gguf_element_u64(v, 0, &n))
        return error_set_kind(e, ERROR_DAMAGED, "%s: %s is no whole number", gguf_name(g), key);
    *out = n;
    return 0;
}

int gguf_get_u32(const struct gguf *g, const char *key, uint32_t *out, struct error *e)
{
    uint64_t n = 0;
    if (gguf_get_u64(g, key, &n, e) != 0) return -1;
    if (n > UINT32_MAX)
        return error_set_kind(e, ERROR_DAMAGED, "%s: %s is %llu", gguf_name(g), key, (unsigned long long)n);
    *out = (uint32_t)n;
    return 0;
}

int gguf_get_f32(const struct gguf *g, const char *key, float *out, struct error *e)
{
    const struct gguf_value *v = NULL;
    double x;
    if (find_scalar(g, key, &v, e) != 0) return -1;
    if (!gguf_element_f64(v, 0, &x))
        return error_set_kind(e, ERROR_DAMAGED, "%s: %s is no floating-point number", gguf_name(g), key);
    if (!isfinite((float)x)) return error_set_kind(e, ERROR_DAMAGED, "%s: %s is not finite", gguf_name(g), key);
    *out = (float)x;
    return 0;
}

int gguf_get_string(const struct gguf *g, const char *key, struct gguf_string *out, struct error *e)
{
    const struct gguf_value *v = NULL;
    if (find_scalar(g, key, &v, e) != 0) return -1;
    if (v->type != GGUF_STRING) return error_set_kind(e, ERROR_DAMAGED, "%s: %s is no string", gguf_name(g), key);
    *out = (struct gguf_string){(const char *)v->bytes, v->size};
    return 0;
}
