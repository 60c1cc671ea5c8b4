#include "compute/tokenizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bpe.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/spm.h"
#include "compute/vocabulary.h"
#include "compute/words.h"

#define MAX_CUT 4096
#define SPACE_MARK "\xe2\x96\x81" /* U+2581, which stands for a space inside pieces */

/* A piece that no text produces, or that a user defined. */
struct control {
    int32_t id;
    size_t begin, size; /* its name, in names */
};

struct tokenizer {
    struct spm *spm;     /* owned; NULL: bpe */
    struct bpe *bpe;     /* owned */
    struct words *words; /* owned; NULL: not of that type */
    bool is_llama;       /* a vocabulary of type llama: no cuts but at newlines */
    bool has_newlines;   /* pieces hold newlines: no cuts at all */
    bool space_before;   /* a text is read as if a space stood before it */
    uint32_t n_pieces;
    char *text;     /* sentencepiece: the bytes of all pieces, one after the other */
    size_t *begins; /* [n_pieces + 1] in text */
    int32_t byte_ids[256];
    char *names;
    struct control *controls;
    size_t n_controls, controls_capacity, names_size, names_capacity;
};

static int add_control(struct tokenizer *t, size_t id, const char *name, size_t size, struct error *e)
{
    struct control *controls = bytes_reserve(t->controls, &t->controls_capacity, t->n_controls + 1, sizeof *controls);
    if (!controls) return error_memory(e);
    t->controls = controls;
    char *names = bytes_reserve(t->names, &t->names_capacity, t->names_size + size, 1);
    if (!names) return error_memory(e);
    t->names = names;
    if (size > 0) memcpy(names + t->names_size, name, size);
    controls[t->n_controls++] = (struct control){(int32_t)id, t->names_size, size};
    t->names_size += size;
    return 0;
}

/* What a piece stands for in a text: its bytes with spaces for marks. Returns their number. */
static size_t spell(const struct vocabulary_piece *p, char *out)
{
    size_t n = 0;
    if (p->type == PIECE_BYTE) {
        out[n++] = (char)p->byte;
    } else if (p->type == PIECE_NORMAL || p->type == PIECE_USER_DEFINED) {
        for (size_t i = 0; i < p->size;) {
            bool mark = p->size - i >= 3 && memcmp(p->bytes + i, SPACE_MARK, 3) == 0;
            out[n++] = mark ? ' ' : p->bytes[i];
            i += mark ? 3 : 1;
        }
    }
    return n;
}

static int take_pieces(struct tokenizer *t, const struct vocabulary *v, struct error *e)
{
    size_t size = 1;
    for (size_t i = 0; i < v->n; i++) size += v->pieces[i].size;
    t->text = malloc(size);
    t->begins = calloc(v->n + 1, sizeof *t->begins);
    if (!t->text || !t->begins) return error_memory(e);
    for (size_t i = 0; i < v->n; i++) {
        const struct vocabulary_piece *p = &v->pieces[i];
        size_t n = spell(p, t->text + t->begins[i]);
        t->begins[i + 1] = t->begins[i] + n;
        if (p->type == PIECE_CONTROL && add_control(t, i, p->bytes, p->size, e) != 0) return -1;
        if ((p->type == PIECE_NORMAL || p->type == PIECE_USER_DEFINED) && memchr(p->bytes, '\n', p->size))
            t->has_newlines = true;
    }
    t->n_pieces = (uint32_t)v->n;
    memcpy(t->byte_ids, v->byte_ids, sizeof t->byte_ids);
    return 0;
}

static int load_vocabulary(struct tokenizer *t, const struct vocabulary *v, struct error *e)
{
    uint8_t *proto;
    size_t size;
    if (take_pieces(t, v, e) != 0 || vocabulary_write(v, &proto, &size, e) != 0) return -1;
    int failed = spm_open(&t->spm, proto, size, e);
    free(proto);
    return failed;
}

int tokenizer_open(struct tokenizer **out, const void *proto, size_t size, struct error *e)
{
    struct vocabulary v;
    if (vocabulary_parse(&v, proto, size, e) != 0) return -1;
    struct tokenizer *t = calloc(1, sizeof *t);
    int failed = t ? load_vocabulary(t, &v, e) : error_memory(e);
    vocabulary_free(&v);
    if (failed) {
        tokenizer_close(t);
        return -1;
    }
    *out = t;
    return 0;
}

static int open_reader(struct tokenizer **out, const struct gguf *g, struct error *e)
{
    const struct gguf_value *proto = gguf_find(g, "tokenizer.sentencepiece.proto");
    if (!proto || proto->type != GGUF_ARRAY || (proto->element != GGUF_U8 && proto->element != GGUF_I8)) {
        return error_set(e, "%s: tokenizer.sentencepiece.proto must be an array of bytes", gguf_name(g));
    }
    if (tokenizer_open(out, proto->bytes, proto->size, e) != 0) return error_prefix(e, "%s", gguf_name(g));
    return 0;
}

static int open_words(struct tokenizer **out, const struct gguf *g, bool whole, struct error *e)
{
    struct tokenizer *t;
    if (open_reader(&t, g, e) != 0) return -1;
    if (words_open(&t->words, t->spm, t->byte_ids, whole, e) != 0) {
        tokenizer_close(t);
        return -1;
    }
    *out = t;
    return 0;
}

/* The pieces, scores and types of a vocabulary of type llama: a SentencePiece model by merges of the best score. */
static int read_llama(struct vocabulary *v, const struct gguf *g, struct error *e)
{
    const struct gguf_value *pieces = gguf_find(g, "tokenizer.ggml.tokens"),
                            *scores = gguf_find(g, "tokenizer.ggml.scores");
    const struct gguf_value *types = gguf_find(g, "tokenizer.ggml.token_type");
    if (!pieces || pieces->element != GGUF_STRING || !scores || !types || scores->count != pieces->count ||
        types->count != pieces->count) {
        return error_set(e, "%s: tokenizer.ggml.tokens, .scores and .token_type do not fit", gguf_name(g));
    }
    struct gguf_string s;
    size_t offset = 0;
    uint32_t unknown = UINT32_MAX; /* files that call it a control piece say its id */
    if (gguf_find(g, "tokenizer.ggml.unknown_token_id") &&
        gguf_get_u32(g, "tokenizer.ggml.unknown_token_id", &unknown, e) != 0)
        return -1;
    while (gguf_next_string(pieces, &offset, &s)) {
        double score;
        uint64_t type;
        if (!gguf_element_f64(scores, v->n, &score) || !gguf_element_u64(types, v->n, &type)) {
            return error_set(e, "%s: the tokenizer's piece %zu has no score or type", gguf_name(g), v->n);
        }
        if (v->n == unknown && type == PIECE_CONTROL) type = PIECE_UNKNOWN;
        if (vocabulary_add(v, s.bytes, s.size, (float)score, type <= PIECE_BYTE ? (uint32_t)type : 0, e) != 0)
            return -1;
    }
    v->model = VOCABULARY_BPE;
    if (vocabulary_check(v, e) != 0) return error_prefix(e, "%s", gguf_name(g));
    return 0;
}

static int load_llama(struct tokenizer *t, const struct gguf *g, struct error *e)
{
    struct vocabulary v = {0};
    int failed = read_llama(&v, g, e);
    if (!failed) failed = load_vocabulary(t, &v, e);
    vocabulary_free(&v);
    const struct gguf_value *prefix = gguf_find(g, "tokenizer.ggml.add_space_prefix");
    uint64_t n = 1; /* so it is where the file does not say */
    if (prefix) gguf_element_u64(prefix, 0, &n);
    t->is_llama = true;
    t->space_before = n != 0;
    return failed;
}

static int load_bpe(struct tokenizer *t, const struct gguf *g, struct error *e)
{
    if (bpe_open(&t->bpe, g, e) != 0) return -1;
    t->n_pieces = bpe_n_pieces(t->bpe);
    const struct gguf_value *names = gguf_find(g, "tokenizer.ggml.tokens"),
                            *types = gguf_find(g, "tokenizer.ggml.token_type");
    struct gguf_string s;
    size_t offset = 0;
    for (size_t id = 0; gguf_next_string(names, &offset, &s); id++) {
        uint64_t type;
        if (!gguf_element_u64(types, id, &type) || (type != PIECE_CONTROL && type != PIECE_USER_DEFINED)) continue;
        if (add_control(t, id, s.bytes, s.size, e) != 0) return -1;
    }
    return 0;
}

int tokenizer_open_model(struct tokenizer **out, const struct gguf *g, struct error *e)
{
    struct gguf_string kind = {NULL, 0};
    if (gguf_get_string(g, "tokenizer.ggml.model", &kind, e) != 0) return -1;
    if (gguf_string_is(&kind, "sentencepiece")) return open_reader(out, g, e);
    if (gguf_string_is(&kind, "words")) return open_words(out, g, false, e);
    if (gguf_string_is(&kind, "whole-words")) return open_words(out, g, true, e);
    bool is_llama = gguf_string_is(&kind, "llama");
    if (!is_llama && !gguf_string_is(&kind, "gpt2")) {
        return error_set(e, "%s: tokenizer.ggml.model is not sentencepiece, words, whole-words, llama or gpt2",
                         gguf_name(g));
    }
    struct tokenizer *t = calloc(1, sizeof *t);
    if (!t) return error_memory(e);
    if ((is_llama ? load_llama(t, g, e) : load_bpe(t, g, e)) != 0) {
        tokenizer_close(t);
        return -1;
    }
    *out = t;
    return 0;
}

void tokenizer_close(struct tokenizer *t)
{
    if (!t) return;
    words_close(t->words);
    spm_close(t->spm);
    bpe_close(t->bpe);
    free(t->text);
    free(t->begins);
    free(t->names);
    free(t->controls);
    free(t);
}

uint32_t tokenizer_n_pieces(const struct tokenizer *t)
{
    return t->n_pieces;
}

size_t tokenizer_cut(const char *text, size_t size)
{
    size_t most = size < MAX_CUT ? size : MAX_CUT;
    if (most == 0) return 0;
    const char *newline = memchr(text, '\n', most);
    if (newline) return (size_t)(newline - text) + 1;
    if (size <= MAX_CUT) return size;
    for (size_t i = MAX_CUT; i-- > 1;) {
        if (text[i] == ' ') return i;
    }
    /* No character is longer than four bytes: further back than that, the bytes are no UTF-8. */
    for (size_t i = MAX_CUT; i > MAX_CUT - 4; i--) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) return i;
    }
    return MAX_CUT;
}

static const char *find_mark(const char *text, size_t size)
{
    const char *end = text + size;
    for (const char *at = text; (at = memchr(at, SPACE_MARK[0], (size_t)(end - at))); at++) {
        if (end - at >= 3 && memcmp(at, SPACE_MARK, 3) == 0) return at;
    }
    return NULL;
}

/* U+2581 in a text would come back as a space: it is spelt in bytes. */
static int encode_cut(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    for (const char *mark; (mark = find_mark(text, size));) {
        size_t before = (size_t)(mark - text);
        if (spm_encode(t->spm, text, before, out, e) != 0 || tokens_reserve(out, 3, e) != 0) return -1;
        for (int i = 0; i < 3; i++, out->n++) {
            out->ids[out->n] = t->byte_ids[(unsigned char)SPACE_MARK[i]];
            out->lengths[out->n] = i == 2 ? 3 : 0;
        }
        text += before + 3;
        size -= before + 3;
    }
    return spm_encode(t->spm, text, size, out, e);
}

/* Length of the first line, newline included, or of the whole text where lines are not tokenized by themselves. */
static size_t llama_cut(const struct tokenizer *t, const char *text, size_t size)
{
    const char *newline = t->has_newlines ? NULL : memchr(text, '\n', size);
    return newline ? (size_t)(newline - text) + 1 : size;
}

static int encode_behind_space(const struct tokenizer *t, const char *text, size_t size, struct tokens *out,
                               struct error *e)
{
    char *copy = malloc(size + 1);
    if (!copy) return error_memory(e);
    copy[0] = ' ';
    memcpy(copy + 1, text, size);
    size_t first = out->n;
    int failed = spm_encode(t->spm, copy, size + 1, out, e);
    free(copy);
    while (first < out->n && out->lengths[first] == 0) first++;
    if (first < out->n) out->lengths[first]--; /* the space is not of the text */
    return failed;
}

static int encode_llama(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    size_t at = 0;
    if (t->space_before && size > 0) {
        at = llama_cut(t, text, size);
        if (encode_behind_space(t, text, at, out, e) != 0) return -1;
    }
    while (at < size) {
        size_t cut = llama_cut(t, text + at, size - at);
        if (spm_encode(t->spm, text + at, cut, out, e) != 0) return -1;
        at += cut;
    }
    return 0;
}

static int encode_cuts(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    for (size_t at = 0; at < size;) {
        size_t cut = tokenizer_cut(text + at, size - at);
        if (encode_cut(t, text + at, cut, out, e) != 0) return -1;
        at += cut;
    }
    return 0;
}

/* What no token can count: lone spaces, of 255 bytes at most. */
static int append_spaces(const struct tokenizer *t, size_t size, struct tokens *out, struct error *e)
{
    for (size_t n; size > 0; size -= n) {
        n = size < UINT8_MAX ? size : UINT8_MAX;
        if (tokens_reserve(out, 1, e) != 0) return -1;
        out->ids[out->n] = t->byte_ids[' '];
        out->lengths[out->n++] = (uint8_t)n;
    }
    return 0;
}

/* A token counts its bytes and those up to the next one; the first also those before it. */
static int append_lengths(const struct tokenizer *t, const struct token_ranges *r, size_t size, struct tokens *out,
                          struct error *e)
{
    size_t at = 0;
    for (size_t i = 0; i < r->n; i++) {
        const size_t next = i + 1 < r->n ? r->begins[i + 1] : size, left = next > at ? next - at : 0;
        const size_t own = left < UINT8_MAX ? left : UINT8_MAX;
        if (tokens_reserve(out, 1, e) != 0) return -1;
        out->ids[out->n] = r->ids[i];
        out->lengths[out->n++] = (uint8_t)own;
        if (append_spaces(t, left - own, out, e) != 0) return -1;
        at += left;
    }
    return append_spaces(t, size - at, out, e);
}

static int encode_words(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    struct token_ranges ranges = {0};
    int failed = 0;
    for (size_t at = 0, cut; at < size && !failed; at += cut) {
        cut = tokenizer_cut(text + at, size - at);
        ranges.n = 0;
        failed = words_encode(t->words, text + at, cut, &ranges, e);
        if (!failed) failed = append_lengths(t, &ranges, cut, out, e);
    }
    tokens_ranges_free(&ranges);
    return failed;
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t size, struct tokens *out, struct error *e)
{
    size_t n = out->n;
    int failed = t->bpe        ? bpe_encode(t->bpe, text, size, out, e)
                 : t->words    ? encode_words(t, text, size, out, e)
                 : t->is_llama ? encode_llama(t, text, size, out, e)
                               : encode_cuts(t, text, size, out, e);
    if (failed) out->n = n;
    return failed;
}

/* From lengths: of a character in byte pieces, each has all its bytes. */
static int append_ranges(const struct tokens *tokens, struct token_ranges *out, struct error *e)
{
    if (tokens_ranges_reserve(out, tokens->n, e) != 0) return -1;
    uint32_t at = 0;
    for (size_t i = 0, last = 0; i < tokens->n; i++) {
        if (last < i) last = i;
        while (last + 1 < tokens->n && tokens->lengths[last] == 0) last++;
        out->ids[out->n] = tokens->ids[i];
        out->begins[out->n] = at;
        out->ends[out->n++] = at + tokens->lengths[last];
        at += tokens->lengths[i];
    }
    return 0;
}

int tokenizer_encode_ranges(const struct tokenizer *t, const char *text, size_t size, struct token_ranges *out,
                            struct error *e)
{
    const size_t n = out->n;
    struct tokens tokens = {0};
    int failed = t->words ? words_encode(t->words, text, size, out, e) : tokenizer_encode(t, text, size, &tokens, e);
    if (!failed && !t->words) failed = append_ranges(&tokens, out, e);
    tokens_free(&tokens);
    if (failed) out->n = n;
    return failed;
}

size_t tokenizer_piece(const struct tokenizer *t, int32_t id, char *bytes, size_t size)
{
    if (id < 0 || (uint32_t)id >= t->n_pieces) return 0;
    size_t n;
    const char *piece;
    if (t->bpe) {
        piece = bpe_piece(t->bpe, id, &n);
    } else {
        piece = t->text + t->begins[id];
        n = t->begins[id + 1] - t->begins[id];
    }
    if (n > 0 && size > 0) memcpy(bytes, piece, n < size ? n : size);
    return n;
}

int32_t tokenizer_control(const struct tokenizer *t, const char *name)
{
    for (size_t i = 0; i < t->n_controls; i++) {
        const struct control *c = &t->controls[i];
        if (c->size == strlen(name) && memcmp(t->names + c->begin, name, c->size) == 0) return c->id;
    }
    return -1;
}

bool tokenizer_begins_texts(const struct tokenizer *t)
{
    return t->bpe ? bpe_begins_texts(t->bpe) : t->is_llama;
}

bool tokenizer_has_whole_words(const struct tokenizer *t)
{
    return t->words && words_are_whole(t->words);
}
