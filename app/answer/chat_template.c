#include "app/answer/chat_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer/answerer.h"
#include "compute/error.h"
#include "compute/model.h"
#include "compute/tokenizer.h"

/* What every form is recognised by, and the control pieces that it then needs. */
static const struct {
    enum chat_form form;
    const char *marker, *begin, *header_end, *end;
} forms[] = {
    {CHAT_FORM_CHATML, "<|im_start|>", "<|im_start|>", NULL, "<|im_end|>"},
    {CHAT_FORM_LLAMA3, "<|start_header_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
    {CHAT_FORM_DEEPSEEK, "<｜User｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"},
    {CHAT_FORM_GEMMA, "<start_of_turn>", "<start_of_turn>", NULL, "<end_of_turn>"},
    {CHAT_FORM_ZEPHYR, "<|assistant|>", NULL, NULL, NULL},
    {CHAT_FORM_INST, "[INST]", NULL, NULL, NULL},
};

static int find_control(int32_t *out, const struct model *m, const char *name, struct error *e)
{
    *out = name ? tokenizer_control(m->tokenizer, name) : -1;
    if (name && *out < 0)
        return error_set(e, "%s: its chat template wants %s, which is no control token", m->path, name);
    return 0;
}

/* A form that its marker shows: in the file's template, or, where it brings none, among the control pieces. */
static bool is_form(const struct model *m, size_t i)
{
    if (m->chat_template) return strstr(m->chat_template, forms[i].marker) != NULL;
    return forms[i].begin && tokenizer_control(m->tokenizer, forms[i].begin) >= 0;
}

/* Thoughts would use up the tokens that an answer has. */
static void find_thoughts(struct chat_template *t, const struct model *m)
{
    const bool thinks =
        t->form == CHAT_FORM_DEEPSEEK || (m->chat_template && strstr(m->chat_template, "enable_thinking"));
    t->think = thinks ? tokenizer_control(m->tokenizer, "<think>") : -1;
    t->think_end = thinks ? tokenizer_control(m->tokenizer, "</think>") : -1;
}

int chat_template_open(struct chat_template *out, const struct model *m, struct error *e)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!is_form(m, i)) continue;
        struct chat_template t = {.form = forms[i].form, .model = m};
        if (find_control(&t.begin, m, forms[i].begin, e) || find_control(&t.header_end, m, forms[i].header_end, e) ||
            find_control(&t.end, m, forms[i].end, e))
            return -1;
        if (t.end < 0) t.end = m->token_eos;
        if (t.end < 0) return error_set(e, "%s: no token ends an answer", m->path);
        find_thoughts(&t, m);
        *out = t;
        return 0;
    }
    if (!m->chat_template) return error_set(e, "%s: no chat template, so it is no chat model", m->path);
    return error_set(
        e, "%s: its chat template is of none of the known forms (ChatML, Llama 3, DeepSeek, Gemma, Zephyr, [INST])",
        m->path);
}

/* The text since the last control piece: it is tokenised in one piece, as the reference does. */
struct encoding {
    const struct chat_template *t;
    struct tokens *out;
    char *text; /* owned; room for the longest conversation */
    size_t size;
    int failed;
    struct error *e;
};

static void add_text(struct encoding *c, const char *text)
{
    size_t n = strlen(text);
    memcpy(c->text + c->size, text, n);
    c->size += n;
}

static void flush_text(struct encoding *c)
{
    if (!c->failed && c->size) c->failed = tokenizer_encode(c->t->model->tokenizer, c->text, c->size, c->out, c->e);
    c->size = 0;
}

static void add_control(struct encoding *c, int32_t id)
{
    flush_text(c);
    if (!c->failed) c->failed = tokens_reserve(c->out, 1, c->e);
    if (c->failed) return;
    c->out->ids[c->out->n] = id;
    c->out->lengths[c->out->n++] = 0;
}

static const char *const role_names[] = {
    [CHAT_SYSTEM] = "system", [CHAT_USER] = "user", [CHAT_ASSISTANT] = "assistant"};

static void add_header(struct encoding *c, enum chat_role role)
{
    switch (c->t->form) {
    case CHAT_FORM_CHATML:
        add_control(c, c->t->begin);
        add_text(c, role_names[role]);
        add_text(c, "\n");
        break;
    case CHAT_FORM_LLAMA3:
        add_control(c, c->t->begin);
        add_text(c, role_names[role]);
        add_control(c, c->t->header_end);
        add_text(c, "\n\n");
        break;
    case CHAT_FORM_DEEPSEEK:
        if (role != CHAT_SYSTEM) add_control(c, role == CHAT_USER ? c->t->begin : c->t->header_end);
        break;
    case CHAT_FORM_GEMMA:
        add_control(c, c->t->begin);
        add_text(c, role == CHAT_ASSISTANT ? "model\n" : "user\n");
        break;
    case CHAT_FORM_ZEPHYR:
        add_text(c, "<|");
        add_text(c, role_names[role]);
        add_text(c, "|>\n");
        break;
    case CHAT_FORM_INST:
        break;
    }
}

/* A form without a system turn: what it would say begins the question behind it. `before`: the message before, or NULL.
 */
static bool add_joined(struct encoding *c, const struct chat_message *m, const struct chat_message *before)
{
    if (c->t->form != CHAT_FORM_GEMMA) return false;
    if (!before || before->role != CHAT_SYSTEM) add_header(c, m->role);
    add_text(c, m->text);
    if (m->role == CHAT_SYSTEM) {
        add_text(c, "\n\n");
        return true;
    }
    add_control(c, c->t->end);
    add_text(c, "\n");
    return true;
}

static void add_message(struct encoding *c, const struct chat_message *m, const struct chat_message *before)
{
    if (add_joined(c, m, before)) return;
    add_header(c, m->role);
    add_text(c, m->text);
    if (c->t->form != CHAT_FORM_DEEPSEEK || m->role == CHAT_ASSISTANT) add_control(c, c->t->end);
    if (c->t->form != CHAT_FORM_LLAMA3 && c->t->form != CHAT_FORM_DEEPSEEK) add_text(c, "\n");
}

/* No thoughts, and the empty line that ends them. */
static void add_thoughts(struct encoding *c)
{
    if (c->t->think < 0 || c->t->think_end < 0) return;
    add_control(c, c->t->think);
    add_text(c, "\n\n");
    add_control(c, c->t->think_end);
    add_text(c, "\n\n");
}

/* There is no system turn here: what it says stands before the first question. */
static void add_messages_inst(struct encoding *c, const struct chat_message *messages, size_t n)
{
    bool open = false; /* after "[INST] " */
    for (size_t i = 0; i < n; i++) {
        if (messages[i].role == CHAT_ASSISTANT) {
            add_text(c, " ");
            add_text(c, messages[i].text);
            add_control(c, c->t->end);
            continue;
        }
        if (!open) add_text(c, "[INST] ");
        add_text(c, messages[i].text);
        open = messages[i].role == CHAT_SYSTEM;
        add_text(c, open ? "\n\n" : " [/INST]");
    }
}

int chat_template_encode(const struct chat_template *t, const struct chat_message *messages, size_t n,
                         struct tokens *out, struct error *e)
{
    size_t room = 64;
    for (size_t i = 0; i < n; i++) room += strlen(messages[i].text) + 64;
    struct encoding c = {.t = t, .out = out, .text = malloc(room), .e = e};
    if (!c.text) return error_memory(e);
    if (t->model->starts_with_bos && t->model->token_bos >= 0) add_control(&c, t->model->token_bos);
    if (t->form == CHAT_FORM_INST) add_messages_inst(&c, messages, n);
    for (size_t i = 0; i < n && t->form != CHAT_FORM_INST; i++)
        add_message(&c, &messages[i], i > 0 ? &messages[i - 1] : NULL);
    add_header(&c, CHAT_ASSISTANT);
    add_thoughts(&c);
    flush_text(&c);
    free(c.text);
    return c.failed ? -1 : 0;
}

bool chat_template_ends(const struct chat_template *t, int32_t id)
{
    return id == t->end || id == t->model->token_eos;
}
