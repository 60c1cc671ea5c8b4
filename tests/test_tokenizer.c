#include "tests/test.h"

#include "compute/tokenizer.h"
#include "tests/tiny_model.h"

static struct tokenizer *open_tiny(void)
{
    struct error e;
    size_t size;
    uint8_t *proto = tiny_tokenizer(&size);
    struct tokenizer *t = NULL;
    assert_ok(tokenizer_open(&t, proto, size, &e), e);
    free(proto);
    return t;
}

static void assert_covers(const struct tokenizer *t, const char *text, size_t size, int exact)
{
    struct error e;
    struct tokens tokens = {0};
    assert_ok(tokenizer_encode(t, text, size, &tokens, &e), e);
    size_t covered = 0, decoded = 0;
    char *back = malloc(size + 256);
    for (size_t i = 0; i < tokens.n; i++) {
        covered += tokens.lengths[i];
        if (exact) decoded += tokenizer_piece(t, tokens.ids[i], back + decoded, size + 256 - decoded);
    }
    assert_int_equal(covered, size);
    if (exact) {
        assert_int_equal(decoded, size);
        assert_memory_equal(back, text, size);
    }
    free(back);
    tokens_free(&tokens);
}

static void a_text_comes_back_byte_by_byte(void **state)
{
    struct tokenizer *t = *state;
    static const char text[] = "the thing of\tit,  on  \r\n\r\n caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac "
                               "\xf0\x9f\x98\x80\xf0\x9f\x8f\xbb \xe2\x96\x81 mark "
                               "\xef\xbf\xbd \0 <|file|> <unk> <0x41> \xef\xbb\xbf end";
    assert_covers(t, text, sizeof text - 1, 1);
}

static int open_group(void **state)
{
    *state = open_tiny();
    return 0;
}

static int close_group(void **state)
{
    tokenizer_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_back_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
