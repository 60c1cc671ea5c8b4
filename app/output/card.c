#include "app/output/card.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "app/text/safe_text.h"
#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/window_model.h"

/* Tensors of one type, added up. */
struct type_sum {
    uint32_t type;
    size_t n_tensors;
    uint64_t numbers, bytes;
};

#define MAX_TYPES 64
#define LONGNET "longnet."
#define WINDOWS "longnet-windows."

static uint64_t count_numbers(const struct gguf_tensor *t)
{
    return t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
}

/* Of the weight types; a file's other tensors are listed by name only. */
static size_t sum_types(const struct model *m, struct type_sum sums[MAX_TYPES])
{
    size_t n = 0;
    for (size_t i = 0; i < gguf_n_tensors(m->file); i++) {
        const struct gguf_tensor *t = gguf_tensor(m->file, i);
        if (!weights_type_name(t->type)) continue;
        size_t k = 0;
        while (k < n && sums[k].type != t->type) k++;
        if (k == MAX_TYPES) continue;
        if (k == n) sums[n++] = (struct type_sum){.type = t->type};
        sums[k].n_tensors++;
        sums[k].numbers += count_numbers(t);
        sums[k].bytes += t->size;
    }
    return n;
}

/* A string of the file; false where it has none of that name. */
static bool find_string(const struct gguf *g, const char *key, struct gguf_string *out)
{
    return gguf_find(g, key) && gguf_get_string(g, key, out, NULL) == 0;
}

/* "12", "4.2k", "1.3M" and a unit. */
static void write_count(FILE *f, uint64_t n, const char *unit)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t i = 0;
    double x = (double)n;
    for (; x >= 1000 && i < 6; i++) x /= 1000;
    fprintf(f, i ? "%.1f%s%s" : "%.0f%s%s", x, prefixes[i], unit);
}

static void write_label(FILE *f, const char *label)
{
    fprintf(f, "  %-14s ", label);
}

/* "  label   text", nothing where the file has no such string. */
static void write_string(FILE *f, const struct model *m, const char *label, const char *key)
{
    struct gguf_string s;
    if (!find_string(m->file, key, &s)) return;
    write_label(f, label);
    safe_text_write(f, s.bytes, s.size, SAFE_LINE);
    fputc('\n', f);
}

static void write_branches(FILE *f, const struct model *m)
{
    write_label(f, "branches");
    for (uint32_t i = 0; i < m->n_branch; i++) {
        if (i > 0 && i % 4 == 0) fprintf(f, "\n  %-14s ", "");
        const struct branch *b = &m->branch[i];
        fprintf(f, "%s(%" PRIu64 ", %" PRIu64 ")", i % 4 ? " " : "", b->segment_length, b->dilation_rate);
    }
    fputc('\n', f);
}

/* A value of the architecture's own. */
static const struct gguf_value *find_own(const struct model *m, const char *key)
{
    char full[64];
    snprintf(full, sizeof full, "%s%s", m->windows ? WINDOWS : LONGNET, key);
    return gguf_find(m->file, full);
}

static void write_evidence(FILE *f, const struct model *m)
{
    const struct model_evidence *v = &m->evidence;
    if (v->width == 0) return;
    write_label(f, "evidence");
    if (v->scale > 0)
        fprintf(f, "width %u, scale %g", v->width, (double)v->scale);
    else
        fprintf(f, "width %u, log tau %g, log eps %g", v->width, (double)v->log_tau, (double)v->log_eps);
    fprintf(f, ", fusion weight %g", (double)v->fusion_weight);
    const struct gguf_value *rates = find_own(m, "evidence.dilation_rate");
    uint64_t rate;
    for (uint64_t i = 0; rates && i < 16 && gguf_element_u64(rates, i, &rate); i++) {
        fprintf(f, "%s%" PRIu64, i ? ", " : ", trained at dilation rate ", rate);
    }
    fputc('\n', f);
}

static void write_tensors(FILE *f, const struct model *m)
{
    struct type_sum sums[MAX_TYPES];
    size_t n = sum_types(m, sums);
    for (size_t i = 0; i < n; i++) {
        write_label(f, i ? "" : "tensors");
        fprintf(f, "%-5s %4zu, ", weights_type_name(sums[i].type), sums[i].n_tensors);
        write_count(f, sums[i].numbers, " numbers, ");
        write_count(f, sums[i].bytes, "B\n");
    }
}

int card_write_text(FILE *f, const struct model *m, struct error *e)
{
    size_t size;
    gguf_bytes(m->file, &size);
    safe_text_write(f, m->path, strlen(m->path), SAFE_LINE);
    fputs(": ", f);
    safe_text_write(f, m->name, strlen(m->name), SAFE_LINE);
    fputc('\n', f);
    write_string(f, m, "description", "general.description");
    write_string(f, m, "license", "general.license");
    write_string(f, m, "architecture", "general.architecture");
    write_label(f, "size");
    write_count(f, model_n_parameters(m), " parameters, ");
    write_count(f, size, "B");
    fprintf(f, ", hash %016" PRIx64 "\n", m->hash);
    write_label(f, "layers");
    fprintf(f, "%u of width %u, feed-forward %u\n", m->n_layer, m->n_embd, m->n_ff);
    write_label(f, "heads");
    fprintf(f, "%u of %u columns, %u of keys\n", m->n_head, m->head_dim, m->n_head_kv);
    write_label(f, "context");
    if (m->windows)
        fprintf(f, "%" PRIu64 " tokens, windows of %u that look both ways, in the last %u layers inside segments\n",
                m->context_length, m->windows->window, m->windows->segment_layers);
    else
        fprintf(f, "%" PRIu64 " tokens, rotary base %g %s\n", m->context_length, (double)m->rope_base,
                m->position_mode == POSITION_ROPE_ALL ? "everywhere" : "inside undilated segments");
    write_branches(f, m);
    write_label(f, "head offsets");
    fprintf(f, "%s\n", m->offset_rule == OFFSET_PAPER ? "paper" : "torchscale");
    write_evidence(f, m);
    write_label(f, "vocabulary");
    fprintf(f, "%u pieces, ", m->n_vocab);
    struct gguf_string s;
    if (find_string(model_words(m), "tokenizer.ggml.model", &s)) safe_text_write(f, s.bytes, s.size, SAFE_LINE);
    fputc('\n', f);
    write_string(f, m, "words in", "lectern.words_file");
    write_tensors(f, m);
    if (find_string(m->file, m->windows ? WINDOWS "training.summary" : LONGNET "training.summary", &s)) {
        fputs("  training\n", f);
        safe_text_write(f, s.bytes, s.size, SAFE_BLOCK);
        fputc('\n', f);
    }
    return fflush(f) == 0 && !ferror(f) ? 0 : error_set(e, "the card cannot be written: %s", strerror(errno));
}

/* The string rendered safe; NULL where memory is short, and cJSON then refuses the item. */
static cJSON *json_text(const char *bytes, size_t size)
{
    size_t n = safe_text_render((char[1]){0}, 1, bytes, size, SAFE_BLOCK) + 1;
    char *text = malloc(n);
    if (!text) return NULL;
    safe_text_render(text, n, bytes, size, SAFE_BLOCK);
    cJSON *json = cJSON_CreateString(text);
    free(text);
    return json;
}

static bool add_string(cJSON *object, const char *name, const struct gguf *g, const char *key)
{
    struct gguf_string s;
    return cJSON_AddItemToObject(object, name,
                                 find_string(g, key, &s) ? json_text(s.bytes, s.size) : cJSON_CreateNull());
}

static bool add_number(cJSON *object, const char *name, double number)
{
    return cJSON_AddNumberToObject(object, name, number) != NULL;
}

static bool add_branches(cJSON *card, const struct model *m)
{
    cJSON *branches = cJSON_AddArrayToObject(card, "branches");
    bool ok = branches != NULL;
    for (uint32_t i = 0; ok && i < m->n_branch; i++) {
        cJSON *branch = cJSON_CreateObject();
        ok = branch && add_number(branch, "segment_length", (double)m->branch[i].segment_length) &&
             add_number(branch, "dilation_rate", (double)m->branch[i].dilation_rate);
        ok = cJSON_AddItemToArray(branches, branch) && ok;
    }
    return ok;
}

static bool add_evidence(cJSON *card, const struct model *m)
{
    const struct model_evidence *v = &m->evidence;
    if (v->width == 0) return cJSON_AddNullToObject(card, "evidence") != NULL;
    cJSON *evidence = cJSON_AddObjectToObject(card, "evidence");
    cJSON *rates = evidence ? cJSON_AddArrayToObject(evidence, "dilation_rates") : NULL;
    bool ok = rates && add_number(evidence, "width", v->width) && add_number(evidence, "log_tau", (double)v->log_tau) &&
              add_number(evidence, "log_eps", (double)v->log_eps) &&
              (!m->windows || add_number(evidence, "scale", (double)v->scale)) &&
              add_number(evidence, "fusion_weight", (double)v->fusion_weight);
    const struct gguf_value *value = find_own(m, "evidence.dilation_rate");
    uint64_t rate;
    for (uint64_t i = 0; ok && value && i < 16 && gguf_element_u64(value, i, &rate); i++) {
        ok = cJSON_AddItemToArray(rates, cJSON_CreateNumber((double)rate));
    }
    return ok;
}

static bool add_types(cJSON *card, const struct model *m)
{
    struct type_sum sums[MAX_TYPES];
    size_t n = sum_types(m, sums);
    cJSON *types = cJSON_AddArrayToObject(card, "types");
    bool ok = types != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        cJSON *type = cJSON_CreateObject();
        ok = type && cJSON_AddStringToObject(type, "type", weights_type_name(sums[i].type)) &&
             add_number(type, "tensors", (double)sums[i].n_tensors) &&
             add_number(type, "numbers", (double)sums[i].numbers) && add_number(type, "bytes", (double)sums[i].bytes);
        ok = cJSON_AddItemToArray(types, type) && ok;
    }
    return ok;
}

static bool add_tensors(cJSON *card, const struct model *m)
{
    cJSON *tensors = cJSON_AddArrayToObject(card, "tensors");
    bool ok = tensors != NULL;
    for (size_t i = 0; ok && i < gguf_n_tensors(m->file); i++) {
        const struct gguf_tensor *t = gguf_tensor(m->file, i);
        const char *type = weights_type_name(t->type);
        cJSON *tensor = cJSON_CreateObject();
        cJSON *shape = tensor ? cJSON_AddArrayToObject(tensor, "shape") : NULL;
        for (uint32_t k = 0; shape && k < t->n_dims; k++) {
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->dims[k]));
        }
        ok = shape && cJSON_AddItemToObject(tensor, "name", json_text(t->name.bytes, t->name.size)) &&
             cJSON_AddStringToObject(tensor, "type", type ? type : "other") &&
             add_number(tensor, "bytes", (double)t->size);
        ok = cJSON_AddItemToArray(tensors, tensor) && ok;
    }
    return ok;
}

static bool add_sizes(cJSON *card, const struct model *m)
{
    size_t size;
    char hash[20];
    gguf_bytes(m->file, &size);
    snprintf(hash, sizeof hash, "%016" PRIx64, m->hash);
    return cJSON_AddStringToObject(card, "hash", hash) && add_number(card, "bytes", (double)size) &&
           add_number(card, "parameters", (double)model_n_parameters(m)) && add_number(card, "layers", m->n_layer) &&
           add_number(card, "embedding_length", m->n_embd) && add_number(card, "feed_forward_length", m->n_ff) &&
           add_number(card, "heads", m->n_head) && add_number(card, "key_heads", m->n_head_kv) &&
           add_number(card, "head_length", m->head_dim) && add_number(card, "vocabulary", m->n_vocab) &&
           add_string(card, "tokenizer", model_words(m), "tokenizer.ggml.model") &&
           add_number(card, "context_length", (double)m->context_length) &&
           cJSON_AddStringToObject(card, "position_mode",
                                   m->windows                              ? "windows"
                                   : m->position_mode == POSITION_ROPE_ALL ? "rope-all"
                                                                           : "rope-local") &&

           add_number(card, "rope_base", (double)m->rope_base) &&
           add_number(card, "norm_epsilon", (double)m->norm_eps) &&
           cJSON_AddStringToObject(card, "offset_rule", m->offset_rule == OFFSET_PAPER ? "paper" : "torchscale") &&
           (!m->windows || (add_string(card, "words_file", m->file, "lectern.words_file") &&
                            add_number(card, "window", m->windows->window) &&
                            add_number(card, "segment_layers", m->windows->segment_layers)));
}

int card_write_json(FILE *f, const struct model *m, struct error *e)
{
    cJSON *card = cJSON_CreateObject();
    bool ok =
        card && cJSON_AddItemToObject(card, "file", json_text(m->path, strlen(m->path))) &&
        cJSON_AddItemToObject(card, "name", json_text(m->name, strlen(m->name))) &&
        add_string(card, "description", m->file, "general.description") &&
        add_string(card, "license", m->file, "general.license") &&
        add_string(card, "architecture", m->file, "general.architecture") && add_sizes(card, m) &&
        add_branches(card, m) && add_evidence(card, m) && add_types(card, m) && add_tensors(card, m) &&
        add_string(card, "training", m->file, m->windows ? WINDOWS "training.summary" : LONGNET "training.summary");
    char *text = ok ? cJSON_PrintUnformatted(card) : NULL;
    cJSON_Delete(card);
    if (!text) return error_memory(e);
    int failed = fputs(text, f) < 0 || fputc('\n', f) < 0 || fflush(f) != 0;
    cJSON_free(text);
    return failed ? error_set(e, "the card cannot be written: %s", strerror(errno)) : 0;
}
