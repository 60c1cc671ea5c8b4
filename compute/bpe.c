/* GGUF keeps the tokens as GPT-2 spelt them: printable bytes are characters of their own, the other 68 bytes are the
 * characters from U+0100 on, in order. The vocabulary is turned back into bytes when it is opened; a merge "A B"
 * becomes a pair of ids with its order. */
#include "compute/bpe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/pretokenizer.h"
#include "compute/tokens.h"
#include "compute/vocabulary.h"

#define MAX_PIECES (1u << 20)
#define MAX_PIECE_BYTES 255 /* a token's length is kept in a byte */

struct pair {
    int32_t left, right; /* left -1: an empty entry of the table */
    int32_t order, merged;
};

struct bpe {
    enum pretokenizer pretokenizer;
    bool whole_words; /* a word that is a piece is that piece, whatever the merges say */
    bool begins_texts;
    uint32_t n_pieces;
    char *bytes;    /* of all pieces, one after the other */
    size_t *begins; /* [n_pieces + 1] */
    int32_t byte_ids[256];
    int32_t *ids;       /* open addressing, -1: empty */
    struct pair *pairs; /* the same */
    size_t ids_mask, pairs_mask;
};

static uint64_t hash_bytes(const char *bytes, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static uint64_t hash_pair(int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* A power of two that n entries fill at most half. */
static size_t table_size(size_t n)
{
    size_t size = 16;
    while (size < 2 * n) size *= 2;
    return size;
}

const char *bpe_piece(const struct bpe *b, int32_t id, size_t *size)
{
    *size = b->begins[id + 1] - b->begins[id];
    return b->bytes + b->begins[id];
}

/* The table's entry of a piece of these bytes, or the empty one where it would be. */
static int32_t *find_piece(const struct bpe *b, const char *bytes, size_t size)
{
    for (size_t i = hash_bytes(bytes, size) & b->ids_mask;; i = (i + 1) & b->ids_mask) {
        if (b->ids[i] < 0) return &b->ids[i];
        size_t n;
        const char *piece = bpe_piece(b, b->ids[i], &n);
        if (n == size && memcmp(piece, bytes, n) == 0) return &b->ids[i];
    }
}

static struct pair *find_pair(const struct bpe *b, int32_t left, int32_t right)
{
    for (size_t i = hash_pair(left, right) & b->pairs_mask;; i = (i + 1) & b->pairs_mask) {
        struct pair *p = &b->pairs[i];
        if (p->left < 0 || (p->left == left && p->right == right)) return p;
    }
}

/* The byte of a character of GPT-2's spelling, -1 where it is none. */
static int byte_of(uint32_t c)
{
    if ((c >= '!' && c <= '~') || (c >= 0xa1 && c <= 0xac) || (c >= 0xae && c <= 0xff)) return (int)c;
    if (c >= 0x100 && c <= 0x120) return (int)(c - 0x100);        /* 0x00 to 0x20 */
    if (c >= 0x121 && c <= 0x142) return (int)(c - 0x121 + 0x7f); /* 0x7f to 0xa0 */
    return c == 0x143 ? 0xad : -1;
}

/* Turns a piece back into bytes, at most `size` of them; false where it is not spelt so. */
static bool unspell(const char *text, size_t size, char *out, size_t *n)
{
    *n = 0;
    while (size > 0) {
        size_t length = vocabulary_character(text, size);
        const unsigned char *b = (const unsigned char *)text;
        if (length < 1 || length > 2) return false;
        int byte = byte_of(length == 1 ? b[0] : (b[0] & 31u) << 6 | (b[1] & 63u));
        if (byte < 0) return false;
        out[(*n)++] = (char)byte;
        text += length;
        size -= length;
    }
    return true;
}

static int read_pieces(struct bpe *b, const struct gguf_value *tokens, const struct gguf_value *types, struct error *e)
{
    struct gguf_string s;
    size_t offset = 0, size = 0;
    for (int32_t id = 0; gguf_next_string(tokens, &offset, &s); id++) {
        uint64_t type;
        size_t n;
        b->begins[id] = b->begins[id + 1] = size;
        if (!gguf_element_u64(types, (uint64_t)id, &type))
            return error_set(e, "the tokenizer's piece %d has no type", (int)id);
        if (type == PIECE_CONTROL || type == PIECE_UNKNOWN || type == PIECE_UNUSED) continue;
        if (type == PIECE_USER_DEFINED) { /* spelt as it is; no merge leads to it */
            if (s.size > 0) memcpy(b->bytes + size, s.bytes, s.size);
            b->begins[id + 1] = size += s.size;
            continue;
        }
        if (!unspell(s.bytes, s.size, b->bytes + size, &n) || n < 1 || n > MAX_PIECE_BYTES) {
            return error_set(e, "the tokenizer's piece %d is not spelt in bytes", (int)id);
        }
        size += n;
        b->begins[id + 1] = size;
        int32_t *entry = find_piece(b, b->bytes + b->begins[id], n);
        if (*entry >= 0) return error_set(e, "the tokenizer's pieces %d and %d are the same", (int)*entry, (int)id);
        *entry = id;
    }
    for (int i = 0; i < 256; i++) b->byte_ids[i] = *find_piece(b, &(char){(char)i}, 1);
    return 0;
}

static int read_merge(struct bpe *b, const struct gguf_string *s, int32_t order, struct error *e)
{
    char bytes[2 * MAX_PIECE_BYTES];
    const char *space = s->size > 0 ? memchr(s->bytes, ' ', s->size) : NULL;
    size_t left = space ? (size_t)(space - s->bytes) : 0, n_left, n_right;
    if (s->size > sizeof bytes || left == 0 || !unspell(s->bytes, left, bytes, &n_left) ||
        !unspell(space + 1, s->size - left - 1, bytes + n_left, &n_right) || n_right == 0) {
        return error_set(e, "the tokenizer's merge %d is no pair", (int)order);
    }
    int32_t a = *find_piece(b, bytes, n_left), c = *find_piece(b, bytes + n_left, n_right);
    int32_t merged = *find_piece(b, bytes, n_left + n_right);
    if (a < 0 || c < 0 || merged < 0)
        return error_set(e, "the tokenizer's merge %d is of pieces that are not there", (int)order);
    struct pair *p = find_pair(b, a, c);
    if (p->left >= 0) return error_set(e, "the tokenizer's merges %d and %d are the same", (int)p->order, (int)order);
    *p = (struct pair){a, c, order, merged};
    return 0;
}

static int read_merges(struct bpe *b, const struct gguf_value *merges, struct error *e)
{
    struct gguf_string s;
    size_t offset = 0;
    for (int32_t order = 0; gguf_next_string(merges, &offset, &s); order++) {
        if (read_merge(b, &s, order, e) != 0) return -1;
    }
    return 0;
}

static int read_pretokenizer(struct bpe *b, const struct gguf *g, struct error *e)
{
    static const struct {
        const char *name;
        enum pretokenizer pretokenizer;
        bool whole_words, begins_texts;
    } known[] = {
        {"gpt-2", PRETOKENIZER_GPT2, false, false},     {"smollm", PRETOKENIZER_SMOLLM, false, false},
        {"llama-bpe", PRETOKENIZER_LLAMA3, true, true}, {"llama3", PRETOKENIZER_LLAMA3, true, true},
        {"lfm2", PRETOKENIZER_LLAMA3, true, true},      {"smaug-bpe", PRETOKENIZER_LLAMA3, true, false},
        {"qwen2", PRETOKENIZER_QWEN2, false, false},    {"deepseek-r1-qwen", PRETOKENIZER_QWEN2, false, false},
    };
    struct gguf_string pre = {NULL, 0};
    if (gguf_get_string(g, "tokenizer.ggml.pre", &pre, e) != 0) return -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!gguf_string_is(&pre, known[i].name)) continue;
        b->pretokenizer = known[i].pretokenizer;
        b->whole_words = known[i].whole_words;
        b->begins_texts = known[i].begins_texts;
        return 0;
    }
    int n = pre.size < 60 ? (int)pre.size : 60;
    return error_set(e,
                     "%s: tokenizer.ggml.pre %.*s is not known (gpt-2, smollm, llama-bpe, qwen2 and others of their "
                     "kind are)",
                     gguf_name(g), n, pre.bytes);
}

static bool is_strings(const struct gguf_value *v)
{
    return v && v->type == GGUF_ARRAY && v->element == GGUF_STRING && v->count <= MAX_PIECES;
}

static int read_vocabulary(struct bpe *b, const struct gguf *g, struct error *e)
{
    const struct gguf_value *tokens = gguf_find(g, "tokenizer.ggml.tokens"),
                            *merges = gguf_find(g, "tokenizer.ggml.merges");
    const struct gguf_value *types = gguf_find(g, "tokenizer.ggml.token_type");
    if (!is_strings(tokens) || !is_strings(merges) || !types || tokens->count < 1 || types->count != tokens->count) {
        return error_set(e, "%s: tokenizer.ggml.tokens, .token_type and .merges do not fit", gguf_name(g));
    }
    b->n_pieces = (uint32_t)tokens->count;
    b->ids_mask = table_size(b->n_pieces) - 1;
    b->pairs_mask = table_size((size_t)merges->count) - 1;
    b->bytes = malloc(tokens->size); /* spelt out they are no shorter */
    b->begins = calloc((size_t)b->n_pieces + 1, sizeof *b->begins);
    b->ids = malloc((b->ids_mask + 1) * sizeof *b->ids);
    b->pairs = malloc((b->pairs_mask + 1) * sizeof *b->pairs);
    if (!b->bytes || !b->begins || !b->ids || !b->pairs) return error_memory(e);
    memset(b->ids, 0xff, (b->ids_mask + 1) * sizeof *b->ids);
    memset(b->pairs, 0xff, (b->pairs_mask + 1) * sizeof *b->pairs);
    if (read_pieces(b, tokens, types, e) != 0 || read_merges(b, merges, e) != 0)
        return error_prefix(e, "%s", gguf_name(g));
    return 0;
}

int bpe_open(struct bpe **out, const struct gguf *g, struct error *e)
{
    struct bpe *b = calloc(1, sizeof *b);
    if (!b) return error_memory(e);
    if (read_pretokenizer(b, g, e) != 0 || read_vocabulary(b, g, e) != 0) {
        bpe_close(b);
        return -1;
    }
    *out = b;
    return 0;
}

void bpe_close(struct bpe *b)
{
    if (!b) return;
    free(b->bytes);
    free(b->begins);
    free(b->ids);
    free(b->pairs);
    free(b);
}

uint32_t bpe_n_pieces(const struct bpe *b)
{
    return b->n_pieces;
}

bool bpe_begins_texts(const struct bpe *b)
{
    return b->begins_texts;
}

/* A word as a list of pieces, and a heap of the merges that could be made, the best first. A merge that no longer fits
 * (one of its pieces has been merged otherwise) is seen when it comes up. */
struct symbol {
    int32_t id; /* -1: merged into the one before */
    uint32_t size;
    size_t previous, next; /* SIZE_MAX: none */
};

struct merge {
    int32_t order, left, right, merged;
    size_t at;
};

struct word {
    struct symbol *symbols;
    struct merge *heap;
    size_t n_symbols, symbols_capacity, n_heap, heap_capacity;
};

static bool is_before(const struct merge *a, const struct merge *b)
{
    return a->order < b->order || (a->order == b->order && a->at < b->at);
}

static int push_merge(struct word *w, struct merge m, struct error *e)
{
    struct merge *heap = bytes_reserve(w->heap, &w->heap_capacity, w->n_heap + 1, sizeof *heap);
    if (!heap) return error_memory(e);
    w->heap = heap;
    size_t i = w->n_heap++;
    for (; i > 0 && is_before(&m, &heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = m;
    return 0;
}

static struct merge pop_merge(struct word *w)
{
    struct merge top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < w->n_heap; i = child) {
        if (child + 1 < w->n_heap && is_before(&w->heap[child + 1], &w->heap[child])) child++;
        if (!is_before(&w->heap[child], &last)) break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return top;
}

/* The merge of the symbol at `at` with the next one, where there is one. */
static int consider(const struct bpe *b, struct word *w, size_t at, struct error *e)
{
    if (at == SIZE_MAX || w->symbols[at].next == SIZE_MAX) return 0;
    int32_t left = w->symbols[at].id, right = w->symbols[w->symbols[at].next].id;
    const struct pair *p = find_pair(b, left, right);
    if (p->left < 0) return 0;
    return push_merge(w, (struct merge){p->order, left, right, p->merged, at}, e);
}

static int start_word(const struct bpe *b, struct word *w, const char *text, size_t size, struct error *e)
{
    struct symbol *symbols = bytes_reserve(w->symbols, &w->symbols_capacity, size, sizeof *symbols);
    if (!symbols) return error_memory(e);
    w->symbols = symbols;
    w->n_symbols = w->n_heap = 0;
    for (size_t i = 0; i < size; i++) {
        int32_t id = b->byte_ids[(unsigned char)text[i]];
        if (id < 0) continue;
        size_t at = w->n_symbols++;
        symbols[at] = (struct symbol){id, 1, at - 1, SIZE_MAX}; /* SIZE_MAX before the first */
        if (at > 0) symbols[at - 1].next = at;
    }
    for (size_t at = 0; at < w->n_symbols; at++) {
        if (consider(b, w, at, e) != 0) return -1;
    }
    return 0;
}

static int merge_word(const struct bpe *b, struct word *w, struct error *e)
{
    struct symbol *s = w->symbols;
    while (w->n_heap > 0) {
        struct merge m = pop_merge(w);
        size_t next = s[m.at].next;
        if (s[m.at].id != m.left || next == SIZE_MAX || s[next].id != m.right) continue;
        s[m.at].id = m.merged;
        s[m.at].size += s[next].size;
        s[m.at].next = s[next].next;
        s[next].id = -1;
        if (s[next].next != SIZE_MAX) s[s[next].next].previous = m.at;
        if (consider(b, w, s[m.at].previous, e) != 0 || consider(b, w, m.at, e) != 0) return -1;
    }
    return 0;
}

static int append_token(struct tokens *out, int32_t id, size_t size, struct error *e)
{
    if (out->n == out->capacity && tokens_reserve(out, 1, e) != 0) return -1;
    out->ids[out->n] = id;
    out->lengths[out->n++] = (uint8_t)size;
    return 0;
}

static int encode_word(const struct bpe *b, struct word *w, const char *text, size_t size, struct tokens *out,
                       struct error *e)
{
    if (b->whole_words && size <= MAX_PIECE_BYTES) {
        int32_t id = *find_piece(b, text, size);
        if (id >= 0) return append_token(out, id, size, e);
    }
    if (start_word(b, w, text, size, e) != 0 || merge_word(b, w, e) != 0) return -1;
    for (size_t at = w->n_symbols > 0 ? 0 : SIZE_MAX; at != SIZE_MAX; at = w->symbols[at].next) {
        if (append_token(out, w->symbols[at].id, w->symbols[at].size, e) != 0) return -1;
    }
    return 0;
}

int bpe_encode(const struct bpe *b, const char *text, size_t size, struct tokens *out, struct error *e)
{
    struct word w = {0};
    int failed = 0;
    size_t between = 0;
    for (size_t at = 0; !failed && at < size;) {
        size_t n = pretokenizer_word(b->pretokenizer, text + at, size - at, &between);
        failed = encode_word(b, &w, text + at, n, out, e);
        at += n;
    }
    free(w.symbols);
    free(w.heap);
    return failed;
}
