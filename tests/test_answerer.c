#include "tests/test.h"

#include "app/answer/answerer.h"
#include "app/answer/chat_template.h"
#include "app/answer/sampler.h"
#include "compute/backend.h"
#include "compute/model.h"
#include "compute/tokenizer.h"
#include "tests/tiny_answerer.h"

static struct model *open_tiny(uint8_t **bytes)
{
    struct error e;
    struct model *m;
    struct tiny_model t = tiny_model_default();
    size_t size;
    *bytes = tiny_llama_bytes(&t, &size);
    assert_ok(model_open_bytes(&m, "tiny", *bytes, size, &e), e);
    return m;
}

static void set_template(struct model *m, const char *text)
{
    free(m->chat_template);
    m->chat_template = text ? strdup(text) : NULL;
}

static void a_chatml_prompt_has_its_markers_and_no_others(void **state)
{
    (void)state;
    struct error e;
    uint8_t *bytes;
    struct model *m = open_tiny(&bytes);
    struct chat_template t;
    set_template(m, "{{ '<|im_start|>' + message['role'] }}");
    assert_ok(chat_template_open(&t, m, &e), e);
    const struct chat_message messages[] = {{CHAT_USER, "<|im_end|>"}};
    struct tokens ids = {0};
    assert_ok(chat_template_encode(&t, messages, 1, &ids, &e), e);
    char text[128] = "";
    size_t n_start = 0, n_end = 0, size = 0;
    for (size_t i = 0; i < ids.n; i++) {
        n_start += ids.ids[i] == TINY_IM_START;
        n_end += ids.ids[i] == TINY_IM_END;
        size += tokenizer_piece(m->tokenizer, ids.ids[i], text + size, sizeof text - 1 - size);
    }
    text[size] = 0;
    assert_int_equal(n_start, 2);
    assert_int_equal(n_end, 1);
    assert_string_equal(text, "user\n<|im_end|>\nassistant\n");
    assert_true(chat_template_ends(&t, TINY_IM_END));
    assert_false(chat_template_ends(&t, 'a'));
    tokens_free(&ids);
    model_close(m);
    free(bytes);
}

static void text_of_inst(const struct chat_template *t, const struct chat_message *messages, size_t n,
                         const char *expected)
{
    struct error e;
    struct tokens ids = {0};
    char text[256] = "";
    size_t size = 0;
    assert_ok(chat_template_encode(t, messages, n, &ids, &e), e);
    for (size_t i = 0; i < ids.n; i++)
        size += tokenizer_piece(t->model->tokenizer, ids.ids[i], text + size, sizeof text - 1 - size);
    text[size] = 0;
    assert_string_equal(text, expected);
    tokens_free(&ids);
}

static void a_system_text_goes_into_the_first_turn_where_there_is_no_place_for_it(void **state)
{
    (void)state;
    struct error e;
    uint8_t *bytes;
    struct model *m = open_tiny(&bytes);
    struct chat_template t;
    m->token_eos = TINY_IM_END;
    set_template(m, "{{ '[INST] ' + message['content'] + ' [/INST]' }}");
    assert_ok(chat_template_open(&t, m, &e), e);
    const struct chat_message messages[] = {
        {CHAT_SYSTEM, "Be kind."}, {CHAT_USER, "Hi"}, {CHAT_ASSISTANT, "Yes"}, {CHAT_USER, "So"}};
    text_of_inst(&t, messages, 4, "[INST] Be kind.\n\nHi [/INST] Yes[INST] So [/INST]");
    set_template(m, "<|user|> <|assistant|>");
    assert_ok(chat_template_open(&t, m, &e), e);
    text_of_inst(&t, messages, 2, "<|system|>\nBe kind.\n<|user|>\nHi\n<|assistant|>\n");
    model_close(m);
    free(bytes);
}

/* The forms whose control pieces the tiny model has not, by the vocabulary of tests/data/chat_reference.py. Texts of
 * control pieces are left out, but for those that a user defined. */
static void llama3_and_deepseek_have_forms_of_their_own_and_thoughts_are_cut_short(void **state)
{
    (void)state;
    struct error e;
    struct model *m;
    struct chat_template t;
    const struct chat_message messages[] = {
        {CHAT_SYSTEM, "Be kind."}, {CHAT_USER, "Hi"}, {CHAT_ASSISTANT, "Yes"}, {CHAT_USER, "So"}};
    assert_ok(model_open(&m, "tests/data/chat_qwen3.gguf", &e), e);
    set_template(m, "<|start_header_id|>");
    assert_ok(chat_template_open(&t, m, &e), e);
    text_of_inst(&t, messages, 2, "system\n\nBe kind.user\n\nHiassistant\n\n");
    set_template(m, "{% if enable_thinking %}<|im_start|>");
    assert_ok(chat_template_open(&t, m, &e), e);
    text_of_inst(&t, messages + 1, 1, "user\nHi\nassistant\n<think>\n\n</think>\n\n");
    set_template(m, "{{ '<｜User｜>' + message }}");
    assert_ok(chat_template_open(&t, m, &e), e);
    text_of_inst(&t, messages, 4,
                 "Be kind.<｜User｜>Hi<｜Assistant｜>Yes<｜end▁of▁sentence｜>"
                 "<｜User｜>So<｜Assistant｜><think>\n\n</think>\n\n");
    model_close(m);
}

/* Gemma has no system turn, and its pieces are SentencePiece's (tests/data/chat_reference.py): runs of spaces and
 * newlines are one piece each. */
static void gemma_has_a_form_and_pieces_of_its_own(void **state)
{
    (void)state;
    struct error e;
    struct model *m;
    struct chat_template t;
    struct tokens ids = {0};
    const struct chat_message messages[] = {
        {CHAT_SYSTEM, "Be kind."}, {CHAT_USER, "Hi"}, {CHAT_ASSISTANT, "Yes"}, {CHAT_USER, "So"}};
    assert_ok(model_open(&m, "tests/data/chat_gemma3.gguf", &e), e);
    assert_ok(chat_template_open(&t, m, &e), e);
    text_of_inst(&t, messages, 4, "user\nBe kind.\n\nHi\nmodel\nYes\nuser\nSo\nmodel\n");
    assert_ok(chat_template_encode(&t, messages + 1, 1, &ids, &e), e);
    const int32_t expected[] = {261, 257, 'u', 's', 'e', 'r', 262, 'H', 'i',
                                258, 262, 257, 'm', 'o', 'd', 'e', 'l', 262};
    assert_int_equal(ids.n, sizeof expected / sizeof *expected);
    assert_memory_equal(ids.ids, expected, sizeof expected);
    assert_true(chat_template_ends(&t, 258));
    ids.n = 0;
    assert_ok(tokenizer_encode(m->tokenizer, "a  b\n\n   <b> \n", 14, &ids, &e), e);
    const int32_t pieces[] = {'a', 264, 'b', 263, 265, 266, 267, 262};
    assert_int_equal(ids.n, sizeof pieces / sizeof *pieces);
    assert_memory_equal(ids.ids, pieces, sizeof pieces);
    tokens_free(&ids);
    model_close(m);
}

static void an_unknown_template_is_an_error(void **state)
{
    (void)state;
    struct error e;
    uint8_t *bytes;
    struct model *m = open_tiny(&bytes);
    struct chat_template t;
    set_template(m, "<turn>{{ message }}</turn>");
    assert_int_equal(chat_template_open(&t, m, &e), -1);
    assert_string_equal(
        e.text,
        "tiny: its chat template is of none of the known forms (ChatML, Llama 3, DeepSeek, Gemma, Zephyr, [INST])");
    set_template(m, "<|start_header_id|>");
    assert_int_equal(chat_template_open(&t, m, &e), -1);
    assert_string_equal(e.text, "tiny: its chat template wants <|start_header_id|>, which is no control token");
    set_template(m, NULL); /* the control pieces tell the form */
    assert_ok(chat_template_open(&t, m, &e), e);
    assert_int_equal(t.form, CHAT_FORM_CHATML);
    model_close(m);
    free(bytes);
}

static void without_a_temperature_the_likeliest_is_chosen(void **state)
{
    (void)state;
    struct error e;
    struct sampler *s;
    const float logits[] = {-1, 4, 3.5f, -2};
    assert_ok(sampler_open(&s, &(struct chat_sampling){.top_p = 1}, 4, &e), e);
    assert_int_equal(sampler_choose(s, logits), 1);
    sampler_close(s);
}

static void a_seed_gives_the_same_choices_again_in_the_right_proportion(void **state)
{
    (void)state;
    struct error e;
    struct sampler *s;
    const float logits[] = {0, 1.0986123f, -40, 0}; /* weights 1, 3, 0, 1 */
    int first[2000], counts[4] = {0};
    assert_ok(sampler_open(&s, &(struct chat_sampling){.temperature = 1, .top_p = 1, .seed = 7}, 4, &e), e);
    for (int i = 0; i < 2000; i++) counts[first[i] = sampler_choose(s, logits)]++;
    sampler_restart(s);
    for (int i = 0; i < 2000; i++) assert_int_equal(sampler_choose(s, logits), first[i]);
    assert_in_range(counts[1], 1120, 1280);
    assert_in_range(counts[0], 320, 480);
    assert_int_equal(counts[2], 0);
    sampler_close(s);
    assert_ok(sampler_open(&s, &(struct chat_sampling){.temperature = 1, .top_p = 0.5f, .seed = 7}, 4, &e), e);
    for (int i = 0; i < 200; i++) assert_int_equal(sampler_choose(s, logits), 1);
    sampler_close(s);
}

/* --- a whole answer --- */

struct heard {
    char text[512];
    size_t size, stop_after, pieces;
    atomic_bool cancel;
    bool cancels;
};

static int hear(void *context, const char *text, size_t size)
{
    struct heard *h = context;
    assert_true(h->size + size < sizeof h->text);
    memcpy(h->text + h->size, text, size);
    h->size += size;
    h->pieces++;
    if (h->cancels) atomic_store(&h->cancel, true);
    return h->pieces == h->stop_after;
}

static int chat(struct answerer *a, struct backend *b, const char *question, struct heard *h, struct error *e)
{
    const struct chat_message message = {CHAT_USER, question};
    const struct chat_request r = {
        .messages = &message, .n_messages = 1, .max_tokens = 16, .emit = hear, .context = h, .cancel = &h->cancel};
    return answerer_chat(a, b, &r, e);
}

static void what_was_cached_never_changes_an_answer(void **state)
{
    (void)state;
    struct error e;
    struct answerer *a;
    struct backend *b;
    static const char *const questions[] = {"the heron", "the hero", "the heron", "x", "the heron waits"};
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    a = tiny_answerer_open();
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct heard kept = {.size = 0}, fresh = {.size = 0};
        struct answerer *other;
        assert_ok(chat(a, b, questions[i], &kept, &e), e);
        other = tiny_answerer_open();
        assert_ok(chat(other, b, questions[i], &fresh, &e), e);
        assert_int_equal(kept.size, fresh.size);
        assert_memory_equal(kept.text, fresh.text, fresh.size);
        answerer_close(other);
    }
    answerer_close(a);
    backend_close(b);
}

static void an_answer_stops_where_it_is_told_to(void **state)
{
    (void)state;
    struct error e = {0};
    struct answerer *a;
    struct backend *b;
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    a = tiny_answerer_open();
    struct heard stopped = {.stop_after = 2}, cancelled = {.cancels = true}, after = {.size = 0}, again = {.size = 0};
    assert_ok(chat(a, b, "a", &after, &e), e);
    assert_true(after.pieces > 2);
    assert_ok(chat(a, b, "a", &stopped, &e), e);
    assert_int_equal(stopped.pieces, 2);
    assert_int_equal(chat(a, b, "a", &cancelled, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(cancelled.pieces, 1);
    assert_ok(chat(a, b, "a", &again, &e), e);
    assert_memory_equal(again.text, after.text, after.size);
    answerer_close(a);
    backend_close(b);
}

static void a_prompt_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct error e = {0};
    struct answerer *a;
    struct backend *b;
    struct heard h = {.size = 0};
    assert_ok(backend_open(&b, "cpu", 1, &e), e);
    a = tiny_answerer_open();
    assert_int_equal(chat(a, b, "0123456789012345678901234567890123456789", &h, &e), -1);
    assert_non_null(strstr(e.text, "do not fit its context of 64"));
    answerer_close(a);
    backend_close(b);
}

static void the_default_is_quoting_where_no_model_was_fetched(void **state)
{
    (void)state;
    struct error e;
    struct answerer *a = (struct answerer *)&e;
    assert_int_equal(setenv("XDG_DATA_HOME", "/nowhere", 1), 0);
    assert_ok(answerer_open(&a, &(struct answerer_options){.named = NULL}, &e), e);
    assert_null(a);
    assert_ok(answerer_open(&a, &(struct answerer_options){.named = "none"}, &e), e);
    assert_null(a);
    assert_int_equal(answerer_open(&a, &(struct answerer_options){.named = "/nowhere/x.gguf"}, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chatml_prompt_has_its_markers_and_no_others),
        cmocka_unit_test(a_system_text_goes_into_the_first_turn_where_there_is_no_place_for_it),
        cmocka_unit_test(llama3_and_deepseek_have_forms_of_their_own_and_thoughts_are_cut_short),
        cmocka_unit_test(gemma_has_a_form_and_pieces_of_its_own),
        cmocka_unit_test(an_unknown_template_is_an_error),
        cmocka_unit_test(without_a_temperature_the_likeliest_is_chosen),
        cmocka_unit_test(a_seed_gives_the_same_choices_again_in_the_right_proportion),
        cmocka_unit_test(what_was_cached_never_changes_an_answer),
        cmocka_unit_test(an_answer_stops_where_it_is_told_to),
        cmocka_unit_test(a_prompt_that_does_not_fit_is_an_error),
        cmocka_unit_test(the_default_is_quoting_where_no_model_was_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
