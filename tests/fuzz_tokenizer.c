/* Three formats: input that starts with 'p' is a serialized model, its length in two bytes, and a text for it as
 * sentencepiece, as words and as whole words; with 'w' a text for the tiny vocabulary's words; any other is a text for
 * it as sentencepiece. Lengths must add up to the text, and valid UTF-8 must come back; ranges of words must lie in the
 * text and rise, and be the same when the words are known. */
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/tokenizer.h"
#include "compute/vocabulary.h"
#include "tests/gguf_writer.h"
#include "tests/tiny_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int is_utf8(const char *text, size_t size)
{
    while (size > 0) {
        size_t n = vocabulary_character(text, size);
        if (n == 0) return 0;
        text += n;
        size -= n;
    }
    return 1;
}

/* Does the text start with these bytes? */
static int starts_with(const char *text, size_t left, const char *piece, size_t n)
{
    return n <= left && memcmp(text, piece, n) == 0;
}

static void check_text(const struct tokenizer *t, const char *text, size_t size)
{
    struct error e;
    struct tokens tokens = {0};
    if (tokenizer_encode(t, text, size, &tokens, &e) != 0) abort();
    size_t covered = 0, back = 0;
    int exact = is_utf8(text, size);
    for (size_t i = 0; i < tokens.n; i++) {
        char piece[256];
        size_t n = tokenizer_piece(t, tokens.ids[i], piece, sizeof piece);
        if (n > sizeof piece) abort();
        if (exact && !starts_with(text + back, size - back, piece, n)) abort();
        if (exact) back += n;
        covered += tokens.lengths[i];
    }
    if (covered != size || (exact && back != size)) abort();
    tokens_free(&tokens);
}

static void check_words(const struct tokenizer *t, const char *text, size_t size)
{
    struct error e;
    struct tokens tokens = {0};
    struct token_ranges first = {0}, again = {0};
    if (tokenizer_encode_ranges(t, text, size, &first, &e) != 0 ||
        tokenizer_encode_ranges(t, text, size, &again, &e) != 0 || tokenizer_encode(t, text, size, &tokens, &e) != 0)
        abort();
    if (first.n != again.n) abort();
    for (size_t i = 0; i < first.n; i++) {
        if (first.begins[i] > first.ends[i] || first.ends[i] > size) abort();
        if (i > 0 && (first.begins[i] < first.begins[i - 1] || first.ends[i] < first.ends[i - 1])) abort();
        if (first.ids[i] != again.ids[i] || first.begins[i] != again.begins[i] || first.ends[i] != again.ends[i])
            abort();
    }
    size_t covered = 0;
    for (size_t i = 0; i < tokens.n; i++) covered += tokens.lengths[i];
    if (covered != size || tokens.n < first.n) abort();
    tokens_free(&tokens);
    tokens_ranges_free(&first);
    tokens_ranges_free(&again);
}

/* The tokenizer of type words or whole-words with these pieces; NULL where they are refused. */
static struct tokenizer *words_of(const char *kind, const uint8_t *proto, size_t size)
{
    struct gguf_writer w = {0};
    struct gguf *g;
    struct tokenizer *t = NULL;
    struct error e;
    gguf_write_string(&w, "tokenizer.ggml.model", kind);
    gguf_write_array(&w, "tokenizer.sentencepiece.proto", GGUF_U8, size, proto, size);
    size_t file_size;
    uint8_t *file = gguf_write_finish(&w, &file_size);
    if (gguf_open_bytes(&g, "words", file, file_size, &e) != 0) abort();
    if (tokenizer_open_model(&t, g, &e) != 0) t = NULL;
    gguf_close(g);
    free(file);
    return t;
}

static const char *const kinds[] = {"words", "whole-words"};

static struct tokenizer *tiny_words(int kind)
{
    static struct tokenizer *t[2];
    if (!t[kind]) {
        size_t size;
        uint8_t *proto = tiny_tokenizer(&size);
        t[kind] = words_of(kinds[kind], proto, size);
        if (!t[kind]) abort();
        free(proto);
    }
    return t[kind];
}

static struct tokenizer *tiny(void)
{
    static struct tokenizer *t;
    if (!t) {
        size_t size;
        uint8_t *proto = tiny_tokenizer(&size);
        if (tokenizer_open(&t, proto, size, NULL) != 0) abort();
        free(proto);
    }
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 0 && bytes[0] == 'w') {
        for (int kind = 0; kind < 2; kind++) check_words(tiny_words(kind), (const char *)bytes + 1, size - 1);
        return 0;
    }
    if (size < 3 || bytes[0] != 'p') {
        check_text(tiny(), (const char *)bytes, size);
        return 0;
    }
    size_t n = (size_t)bytes[1] | (size_t)bytes[2] << 8;
    if (n > size - 3) n = size - 3;
    struct tokenizer *t = NULL;
    struct error e;
    if (tokenizer_open(&t, bytes + 3, n, &e) == 0) check_text(t, (const char *)bytes + 3 + n, size - 3 - n);
    tokenizer_close(t);
    for (int kind = 0; kind < 2; kind++) {
        t = words_of(kinds[kind], bytes + 3, n);
        if (t) check_words(t, (const char *)bytes + 3 + n, size - 3 - n);
        tokenizer_close(t);
    }
    return 0;
}
