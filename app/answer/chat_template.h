/* A conversation as tokens, in the form that a chat model was trained on. A model file brings its form as a program in
 * a template language; a program out of an untrusted file is not run: the common forms are recognised by the markers in
 * it, and any other is an error. Where a file brings none, its vocabulary's control pieces tell the form. Markers are
 * control pieces wherever the vocabulary has them, and no text makes those.
 */
#ifndef LECTERN_CHAT_TEMPLATE_H
#define LECTERN_CHAT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat_message;
struct error;
struct model;
struct tokens;

enum chat_form {
    CHAT_FORM_CHATML, /* <|im_start|>role\n...<|im_end|>\n: SmolLM2, Qwen, Yi, Hermes */
    CHAT_FORM_LLAMA3, /* <|start_header_id|>role<|end_header_id|>\n\n...<|eot_id|> */
    CHAT_FORM_DEEPSEEK, /* <｜User｜>...<｜Assistant｜>...<｜end▁of▁sentence｜>, system text before: R1's distillates */
    CHAT_FORM_GEMMA,  /* <start_of_turn>user\n...<end_of_turn>\n, system text before the first question: Gemma */
    CHAT_FORM_ZEPHYR, /* <|role|>\n...</s>\n: TinyLlama, Zephyr */
    CHAT_FORM_INST,   /* [INST] ... [/INST]: Mistral, Llama 2 */
};

struct chat_template {
    enum chat_form form;
    const struct model *model;      /* borrowed */
    int32_t begin, header_end, end; /* control pieces of the form; -1: it has none */
    int32_t think, think_end;       /* around what a model thinks aloud before it answers; -1: it does not */
};

int chat_template_open(struct chat_template *out, const struct model *m, struct error *e);

/* Appends the tokens of the messages and of the start of an answer; a model that thinks aloud is told that it has. */
int chat_template_encode(const struct chat_template *t, const struct chat_message *messages, size_t n,
                         struct tokens *out, struct error *e);

/* Whether a token ends an answer. */
bool chat_template_ends(const struct chat_template *t, int32_t id);

#endif
