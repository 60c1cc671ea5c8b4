/* Two formats: input that starts with 'p' is a serialized model, its length in two bytes, and a text for it; any other
 * is a text for the tiny vocabulary. Lengths must add up to the text, and valid UTF-8 must come back. */
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/tokenizer.h"
#include "compute/vocabulary.h"
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
    return 0;
}
