/* A serialized model is a protocol buffer: a sequence of (field number, wire type) keys and values. Known here:
 * ModelProto.pieces = 1 {piece = 1, score = 2, type = 3}, .trainer_spec = 2 {model_type = 3, treat_whitespace_as_suffix
 * = 24, byte_fallback = 35}, .normalizer_spec = 3 {precompiled_charsmap = 2, add_dummy_prefix = 3,
 * remove_extra_whitespaces = 4, escape_whitespaces = 5}. */
#include "compute/vocabulary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

#define MAX_PIECES (1u << 20)
#define MAX_PIECE_BYTES 255

struct reader {
    const uint8_t *at, *end;
};

struct field {
    uint32_t number;
    uint64_t value;      /* wire types 0 and 5 */
    struct reader bytes; /* wire type 2 */
    bool is_bytes;
};

static bool read_varint(struct reader *r, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        uint8_t b = *r->at++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) {
            *out = v;
            return true;
        }
    }
    return false;
}

/* False at the end and where the bytes are no field; then at != end. */
static bool read_field(struct reader *r, struct field *f)
{
    struct reader start = *r;
    uint64_t key, size;
    *f = (struct field){0};
    if (r->at == r->end) return false;
    if (read_varint(r, &key) && key >> 3 <= UINT32_MAX) {
        size_t left = (size_t)(r->end - r->at);
        f->number = (uint32_t)(key >> 3);
        switch (key & 7) {
        case 0:
            if (read_varint(r, &f->value)) return true;
            break;
        case 1:
        case 5:
            size = (key & 7) == 5 ? 4 : 8;
            if (left < size) break;
            for (size_t i = 0; i < size; i++) f->value |= (uint64_t)r->at[i] << (8 * i);
            r->at += size;
            return true;
        case 2:
            if (!read_varint(r, &size) || size > (size_t)(r->end - r->at)) break;
            f->is_bytes = true;
            f->bytes = (struct reader){r->at, r->at + size};
            r->at += size;
            return true;
        default:
            break;
        }
    }
    *r = start;
    return false;
}

static int broken(struct error *e)
{
    return error_set(e, "the tokenizer is no SentencePiece model");
}

static int parse_piece(struct vocabulary *v, struct reader r, struct error *e)
{
    struct field f;
    struct reader text = {NULL, NULL};
    uint32_t score_bits = 0;
    uint64_t type = PIECE_NORMAL;
    while (read_field(&r, &f)) {
        if (f.number == 1 && f.is_bytes) text = f.bytes;
        if (f.number == 2 && !f.is_bytes) score_bits = (uint32_t)f.value;
        if (f.number == 3 && !f.is_bytes) type = f.value;
    }
    if (r.at != r.end) return broken(e);
    float score;
    memcpy(&score, &score_bits, sizeof score);
    return vocabulary_add(v, (const char *)text.at, (size_t)(text.end - text.at), score,
                          type <= UINT32_MAX ? (uint32_t)type : 0, e);
}

struct spec {
    uint64_t model, suffix, byte_fallback, dummy_prefix, remove_spaces, escape;
    bool normalises;
};

static bool parse_trainer(struct spec *s, struct reader r)
{
    struct field f;
    while (read_field(&r, &f)) {
        if (f.is_bytes) continue;
        if (f.number == 3) s->model = f.value;
        if (f.number == 24) s->suffix = f.value;
        if (f.number == 35) s->byte_fallback = f.value;
    }
    return r.at == r.end;
}

static bool parse_normalizer(struct spec *s, struct reader r)
{
    struct field f;
    while (read_field(&r, &f)) {
        if (f.number == 2 && f.is_bytes && f.bytes.at != f.bytes.end) s->normalises = true;
        if (f.is_bytes) continue;
        if (f.number == 3) s->dummy_prefix = f.value;
        if (f.number == 4) s->remove_spaces = f.value;
        if (f.number == 5) s->escape = f.value;
    }
    return r.at == r.end;
}

static int check_spec(const struct spec *s, struct error *e)
{
    if (s->model != VOCABULARY_UNIGRAM && s->model != VOCABULARY_BPE) {
        return error_set(e, "the tokenizer is neither a unigram nor a BPE model");
    }
    if (!s->byte_fallback) return error_set(e, "the tokenizer has no byte fallback");
    if (s->normalises) return error_set(e, "the tokenizer normalises the text");
    if (s->dummy_prefix || s->remove_spaces || !s->escape || s->suffix) {
        return error_set(e, "the tokenizer does not keep the text's spaces as they are");
    }
    return 0;
}

int vocabulary_parse(struct vocabulary *out, const uint8_t *proto, size_t size, struct error *e)
{
    struct vocabulary v = {0};
    struct spec s = {.model = 1, .dummy_prefix = 1, .remove_spaces = 1, .escape = 1}; /* the format's defaults */
    struct reader r = {proto, proto + size};
    struct field f;
    int failed = 0;
    while (!failed && read_field(&r, &f)) {
        if (!f.is_bytes) continue;
        if (f.number == 1) failed = parse_piece(&v, f.bytes, e);
        if (f.number == 2 && !parse_trainer(&s, f.bytes)) failed = broken(e);
        if (f.number == 3 && !parse_normalizer(&s, f.bytes)) failed = broken(e);
    }
    if (!failed && (r.at != r.end || v.n == 0)) failed = broken(e);
    if (!failed) failed = check_spec(&s, e);
    v.model = (enum vocabulary_model)s.model;
    if (!failed) failed = vocabulary_check(&v, e);
    if (failed) {
        vocabulary_free(&v);
        return -1;
    }
    *out = v;
    return 0;
}

void vocabulary_free(struct vocabulary *v)
{
    free(v->pieces);
    *v = (struct vocabulary){0};
}

int vocabulary_add(struct vocabulary *v, const char *bytes, size_t size, float score, uint32_t type, struct error *e)
{
    if (v->n >= MAX_PIECES) return error_set(e, "the tokenizer has more than %u pieces", MAX_PIECES);
    struct vocabulary_piece *pieces = bytes_reserve(v->pieces, &v->capacity, v->n + 1, sizeof *pieces);
    if (!pieces) return error_memory(e);
    v->pieces = pieces;
    pieces[v->n++] = (struct vocabulary_piece){bytes, size, score, (enum piece_type)type, 0};
    return 0;
}

size_t vocabulary_character(const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;
    if (size == 0) return 0;
    if (b[0] < 0x80) return 1;
    size_t n = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || n > size) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((b[i] & 0xc0) != 0x80) return 0;
    }
    if (b[0] == 0xe0 && b[1] < 0xa0) return 0; /* overlong */
    if (b[0] == 0xed && b[1] > 0x9f) return 0; /* surrogates */
    if (b[0] == 0xf0 && b[1] < 0x90) return 0; /* overlong */
    if (b[0] == 0xf4 && b[1] > 0x8f) return 0; /* above U+10FFFF */
    return n;
}

static bool is_text(const char *bytes, size_t size)
{
    while (size > 0) {
        size_t n = vocabulary_character(bytes, size);
        if (n == 0 || *bytes == 0) return false;
        bytes += n;
        size -= n;
    }
    return true;
}

/* Byte pieces are spelt <0xHH>. */
static bool parse_byte_piece(struct vocabulary_piece *p)
{
    static const char digits[] = "0123456789ABCDEF";
    if (p->size != 6 || memcmp(p->bytes, "<0x", 3) != 0 || p->bytes[5] != '>') return false;
    const char *high = memchr(digits, p->bytes[3], 16), *low = memchr(digits, p->bytes[4], 16);
    if (!high || !low) return false;
    p->byte = (uint8_t)((high - digits) * 16 + (low - digits));
    return true;
}

int vocabulary_check(struct vocabulary *v, struct error *e)
{
    size_t n_unknown = 0, n_bytes = 0;
    for (int b = 0; b < 256; b++) v->byte_ids[b] = -1;
    for (size_t i = 0; i < v->n; i++) {
        struct vocabulary_piece *p = &v->pieces[i];
        if (p->size == 0 || p->size > MAX_PIECE_BYTES)
            return error_set(e, "the tokenizer's piece %zu has %zu bytes", i, p->size);
        if (!is_text(p->bytes, p->size)) return error_set(e, "the tokenizer's piece %zu is not UTF-8", i);
        if (!isfinite(p->score)) return error_set(e, "the tokenizer's piece %zu has no finite score", i);
        if (p->type < PIECE_NORMAL || p->type > PIECE_BYTE) {
            return error_set(e, "the tokenizer's piece %zu has type %u", i, (unsigned)p->type);
        }
        if (p->type == PIECE_UNKNOWN) n_unknown++;
        if (p->type != PIECE_BYTE) continue;
        if (!parse_byte_piece(p)) return error_set(e, "the tokenizer's piece %zu is no byte", i);
        if (v->byte_ids[p->byte] >= 0) return error_set(e, "the tokenizer has the byte 0x%02X twice", p->byte);
        v->byte_ids[p->byte] = (int32_t)i;
        n_bytes++;
    }
    if (n_unknown != 1) return error_set(e, "the tokenizer has %zu pieces for the unknown", n_unknown);
    if (n_bytes != 256) return error_set(e, "the tokenizer has %zu byte pieces, expected 256", n_bytes);
    return 0;
}

static size_t varint_bytes(uint64_t v)
{
    size_t n = 1;
    while (v >>= 7) n++;
    return n;
}

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
    for (; v >= 128; v >>= 7) *at++ = (uint8_t)(v | 128);
    *at++ = (uint8_t)v;
    return at;
}

/* Spaces of a piece that a user defined are marks like any others: the library looks for it once they are. Returns the
 * bytes, which go to `at` if it is not NULL. */
static size_t put_name(uint8_t *at, const struct vocabulary_piece *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->size; i++) {
        const bool mark = p->type == PIECE_USER_DEFINED && p->bytes[i] == ' ';
        if (at) memcpy(at + n, mark ? "\xe2\x96\x81" : p->bytes + i, mark ? 3 : 1);
        n += mark ? 3 : 1;
    }
    return n;
}

static size_t piece_bytes(const struct vocabulary_piece *p)
{
    const size_t name = put_name(NULL, p);
    return 1 + varint_bytes(name) + name + 5 + 2;
}

int vocabulary_write(const struct vocabulary *v, uint8_t **out, size_t *size, struct error *e)
{
    const uint8_t trainer[] = {2 << 3 | 2, 5, 3 << 3, (uint8_t)v->model, 0x98, 0x02, 1}; /* 35 << 3 is 0x98 0x02 */
    const uint8_t normalizer[] = {3 << 3 | 2, 6, 3 << 3, 0, 4 << 3, 0, 5 << 3, 1};
    size_t total = sizeof trainer + sizeof normalizer;
    for (size_t i = 0; i < v->n; i++) {
        size_t n = piece_bytes(&v->pieces[i]);
        total += 1 + varint_bytes(n) + n; /* at most 2^20 pieces of 765 bytes */
    }
    uint8_t *bytes = malloc(total), *at = bytes;
    if (!bytes) return error_memory(e);
    for (size_t i = 0; i < v->n; i++) {
        const struct vocabulary_piece *p = &v->pieces[i];
        uint32_t score_bits;
        memcpy(&score_bits, &p->score, sizeof score_bits);
        *at++ = 1 << 3 | 2;
        at = put_varint(at, piece_bytes(p));
        *at++ = 1 << 3 | 2;
        at = put_varint(at, put_name(NULL, p));
        at += put_name(at, p);
        *at++ = 2 << 3 | 5;
        for (int b = 0; b < 4; b++) *at++ = (uint8_t)(score_bits >> (8 * b));
        *at++ = 3 << 3;
        *at++ = (uint8_t)p->type;
    }
    memcpy(at, trainer, sizeof trainer);
    memcpy(at + sizeof trainer, normalizer, sizeof normalizer);
    *out = bytes;
    *size = total;
    return 0;
}
