#include "tests/test.h"

#include "app/output/card.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "tests/tiny_model.h"

static struct model *open_model(uint8_t **bytes)
{
    struct error e;
    struct tiny_model t = tiny_model_default();
    struct gguf_writer w = {0};
    const uint32_t rates[] = {1, 4};
    tiny_model_write(&t, &w);
    gguf_write_string(&w, "general.license", "Apache-2.0");
    gguf_write_string(&w, "general.description", "evil \x1b[31m\xe2\x80\xae");
    gguf_write_string(&w, "longnet.training.summary", "first line\nsecond\a");
    gguf_write_array(&w, "longnet.evidence.dilation_rate", GGUF_U32, 2, rates, sizeof rates);
    size_t size;
    *bytes = gguf_write_finish(&w, &size);
    struct model *m = NULL;
    assert_ok(model_open_bytes(&m, "a\x1b.gguf", *bytes, size, &e), e);
    m->hash = 0x123456789abcdefu;
    return m;
}

static char *write_card(int (*write)(FILE *, const struct model *, struct error *))
{
    struct error e;
    uint8_t *bytes;
    struct model *m = open_model(&bytes);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    assert_ok(write(f, m, &e), e);
    fclose(f);
    model_close(m);
    free(bytes);
    return text;
}

static void the_card_tells_sizes_branches_types_and_training(void **state)
{
    (void)state;
    char *text = write_card(card_write_text);
    assert_string_equal(
        text, "a^[.gguf: tiny\n"
              "  description    evil ^[[31m<U+202E>\n"
              "  license        Apache-2.0\n"
              "  architecture   longnet\n"
              "  size           42.3k parameters, 176.8kB, hash 0123456789abcdef\n"
              "  layers         2 of width 32, feed-forward 64\n"
              "  heads          4 of 8 columns, 4 of keys\n"
              "  context        64 tokens, rotary base 10000 inside undilated segments\n"
              "  branches       (8, 1) (16, 2) (64, 4)\n"
              "  head offsets   paper\n"
              "  evidence       width 32, log tau 1, log eps 0.5, fusion weight 0.25, trained at dilation rate 1, 4\n"
              "  vocabulary     300 pieces, sentencepiece\n"
              "  tensors        F32     26, 42.3k numbers, 169.0kB\n"
              "  training\n"
              "first line\n"
              "second^G\n");
    free(text);
}

static void the_json_is_one_safe_object(void **state)
{
    (void)state;
    char *text = write_card(card_write_json);
    static const char begin[] =
        "{\"file\":\"a^[.gguf\",\"name\":\"tiny\",\"description\":\"evil ^[[31m<U+202E>\",\"license\":\"Apache-2.0\","
        "\"architecture\":\"longnet\",\"hash\":\"0123456789abcdef\",\"bytes\":";
    static const char middle[] =
        "\"layers\":2,\"embedding_length\":32,\"feed_forward_length\":64,\"heads\":4,\"key_heads\":4,\"head_length\":8,"
        "\"vocabulary\":300,\"tokenizer\":\"sentencepiece\",\"context_length\":64,\"position_mode\":\"rope-local\","
        "\"rope_base\":10000,";
    static const char branches[] =
        "\"branches\":[{\"segment_length\":8,\"dilation_rate\":1},{\"segment_length\":16,"
        "\"dilation_rate\":2},{\"segment_length\":64,\"dilation_rate\":4}],"
        "\"evidence\":{\"dilation_rates\":[1,4],\"width\":32,\"log_tau\":1,\"log_eps\":0.5,"
        "\"fusion_weight\":0.25},\"types\":[{\"type\":\"F32\",\"tensors\":26,\"numbers\":42252,"
        "\"bytes\":169008}],\"tensors\":[{\"shape\":[32,300],\"name\":\"token_embd.weight\","
        "\"type\":\"F32\",\"bytes\":38400},";
    assert_int_equal(strncmp(text, begin, sizeof begin - 1), 0);
    assert_non_null(strstr(text, middle));
    assert_non_null(strstr(text, branches));
    assert_non_null(strstr(text, ",\"training\":\"first line\\nsecond^G\"}\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_card_tells_sizes_branches_types_and_training),
        cmocka_unit_test(the_json_is_one_safe_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
