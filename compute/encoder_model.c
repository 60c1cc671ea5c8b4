#include "compute/encoder_model.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/model_file.h"
#include "compute/tokenizer.h"

/* Far beyond what the second reading asks for. */
enum { MAX_CONTEXT = 1 << 16, MAX_TYPES = 256, MAX_HEADS = 64, MAX_CALIBRATION = 1024 };

static int read_sizes(struct encoder_model *m, struct error *e)
{
    const struct gguf *g = m->file;
    const struct {
        const char *key;
        uint32_t *out;
    } all[] = {{"encoder.block_count", &m->n_layer},
               {"encoder.embedding_length", &m->n_embd},
               {"encoder.feed_forward_length", &m->n_ff},
               {"encoder.attention.head_count", &m->n_head},
               {"encoder.context_length", &m->context_length}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (model_file_dimension(g, all[i].key, all[i].out, e) != 0) return -1;
    if (model_file_f32(g, "encoder.attention.layer_norm_epsilon", 0.0f, 1.0f, &m->norm_eps, e) != 0) return -1;
    if (m->n_embd % m->n_head != 0)
        return error_set(e, "%s: a width of %u is no multiple of %u heads", m->path, m->n_embd, m->n_head);
    m->head_dim = m->n_embd / m->n_head;
    if (m->context_length > MAX_CONTEXT)
        return error_set(e, "%s: encoder.context_length is %u, expected at most %d", m->path, m->context_length,
                         MAX_CONTEXT);
    if (m->n_layer > gguf_n_tensors(g) / ENCODER_LAYER_TENSORS)
        return error_set(e, "%s: %u layers, but there are %zu tensors", m->path, m->n_layer, gguf_n_tensors(g));
    return 0;
}

static int find_all_weights(struct encoder_model *m, struct error *e)
{
    const struct gguf_tensor *types = gguf_find_tensor(m->file, "token_types.weight");
    m->n_types = types && types->dims[1] <= MAX_TYPES ? (uint32_t)types->dims[1] : 2;
    if (model_file_weights(m->file, &m->token_embd, "token_embd.weight", m->n_vocab, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &m->position_embd, "position_embd.weight", m->context_length, m->n_embd, e) != 0 ||
        model_file_weights(m->file, &m->token_types, "token_types.weight", m->n_types, m->n_embd, e) != 0 ||
        encoder_layer_pair(m->file, &m->token_embd_norm, "token_embd_norm", 0, m->n_embd, e) != 0 ||
        encoder_layer_pair(m->file, &m->head, "reread.heads", m->n_heads, m->n_embd, e) != 0)
        return -1;
    m->layers = calloc(m->n_layer, sizeof *m->layers);
    if (!m->layers) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint32_t layer = 0; layer < m->n_layer; layer++)
        if (encoder_layer_find(m->file, &m->layers[layer], layer, m->n_embd, m->n_ff, e) != 0) return -1;
    return 0;
}

/* How windows are made: the engine does not look at these. */
static int read_settings(struct encoder_model *m, struct error *e)
{
    const struct gguf *g = m->file;
    const struct {
        const char *key;
        uint32_t *out, least, most;
    } all[] = {{"reread.window", &m->window, 4, m->context_length},
               {"reread.joint_window", &m->joint_window, 4, m->context_length},
               {"reread.question_tokens", &m->question_tokens, 1, m->context_length},
               {"reread.title_tokens", &m->title_tokens, 0, m->context_length},
               {"reread.before_tokens", &m->before_tokens, 0, m->context_length},
               {"reread.span_tokens", &m->span_tokens, 1, m->context_length},
               {"reread.joint_sentences", &m->joint_sentences, 1, m->context_length}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint32_t n = 0;
        if (gguf_get_u32(g, all[i].key, &n, e) != 0) return -1;
        if (n < all[i].least || n > all[i].most)
            return error_set(e, "%s: %s is %u, expected %u to %u", m->path, all[i].key, n, all[i].least, all[i].most);
        *all[i].out = n;
    }
    return 0;
}

static int read_heads(struct encoder_model *m, struct error *e)
{
    const struct gguf_value *names = gguf_find(m->file, "reread.heads");
    if (!names || names->type != GGUF_ARRAY || names->element != GGUF_STRING || names->count < 1 ||
        names->count > MAX_HEADS)
        return error_set(e, "%s: reread.heads must be an array of 1 to %d strings", m->path, MAX_HEADS);
    m->heads = calloc(names->count, sizeof *m->heads);
    if (!m->heads) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    struct gguf_string name;
    for (size_t offset = 0; gguf_next_string(names, &offset, &name);) {
        char *copy = strndup(name.bytes, name.size);
        if (!copy) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
        if (encoder_model_head(m, copy) >= 0) {
            free(copy);
            return error_set(e, "%s: reread.heads has a name twice", m->path);
        }
        m->heads[m->n_heads++] = copy;
    }
    return 0;
}

static int read_calibration(struct encoder_model *m, struct error *e)
{
    const struct gguf_value *all = gguf_find(m->file, "reread.calibration");
    if (!all || all->type != GGUF_ARRAY || all->count > MAX_CALIBRATION)
        return error_set(e, "%s: reread.calibration must be an array of at most %d numbers", m->path, MAX_CALIBRATION);
    m->calibration = calloc(all->count + 1, sizeof *m->calibration);
    if (!m->calibration) return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", m->path);
    for (uint64_t i = 0; i < all->count; i++) {
        double x;
        if (!gguf_element_f64(all, i, &x) || !(x >= -1e30 && x <= 1e30))
            return error_set(e, "%s: reread.calibration: number %llu is none", m->path, (unsigned long long)i);
        m->calibration[m->n_calibration++] = (float)x;
    }
    return model_file_f32(m->file, "reread.threshold", -1e30f, 1e30f, &m->threshold, e);
}

static int read_tokenizer(struct encoder_model *m, struct error *e)
{
    if (tokenizer_open_model(&m->tokenizer, m->file, e) != 0) return -1;
    m->n_vocab = tokenizer_n_pieces(m->tokenizer);
    m->token_cls = tokenizer_control(m->tokenizer, "[CLS]");
    m->token_sep = tokenizer_control(m->tokenizer, "[SEP]");
    if (m->token_cls < 0 || m->token_sep < 0)
        return error_set(e, "%s: the tokenizer has no control pieces [CLS] and [SEP]", m->path);
    return 0;
}

/* Takes the file over, whatever comes of it. */
static int open_file(struct encoder_model **out, const char *path, struct gguf *file, struct error *e)
{
    struct gguf_string architecture = {NULL, 0};
    struct encoder_model *m = calloc(1, sizeof *m);
    if (!m) {
        gguf_close(file);
        return error_set_kind(e, ERROR_MEMORY, "%s: out of memory", path);
    }
    m->file = file;
    m->path = strdup(path);
    int failed = m->path ? gguf_get_string(file, "general.architecture", &architecture, e)
                         : error_set_kind(e, ERROR_MEMORY, "%s: out of memory", path);
    if (!failed && !gguf_string_is(&architecture, "encoder"))
        failed = error_set(e, "%s: general.architecture is not encoder", path);
    if (failed || read_sizes(m, e) != 0 || read_settings(m, e) != 0 || read_tokenizer(m, e) != 0 ||
        read_heads(m, e) != 0 || find_all_weights(m, e) != 0 || read_calibration(m, e) != 0) {
        encoder_model_close(m);
        return -1;
    }
    size_t size;
    const uint8_t *bytes = gguf_bytes(file, &size);
    m->hash = XXH3_64bits(bytes, size);
    *out = m;
    return 0;
}

int encoder_model_open(struct encoder_model **out, const char *path, struct error *e)
{
    struct gguf *file = NULL;
    if (gguf_open(&file, path, e) != 0) return -1;
    return open_file(out, path, file, e);
}

int encoder_model_open_bytes(struct encoder_model **out, const char *path, const uint8_t *bytes, size_t size,
                             struct error *e)
{
    struct gguf *file = NULL;
    if (gguf_open_bytes(&file, path, bytes, size, e) != 0) return -1;
    return open_file(out, path, file, e);
}

void encoder_model_close(struct encoder_model *m)
{
    if (!m) return;
    for (uint32_t i = 0; i < m->n_heads; i++) free(m->heads[i]);
    free(m->heads);
    free(m->calibration);
    free(m->layers);
    tokenizer_close(m->tokenizer);
    gguf_close(m->file);
    free(m->path);
    free(m);
}

int encoder_model_head(const struct encoder_model *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_heads; i++)
        if (strcmp(m->heads[i], name) == 0) return (int)i;
    return -1;
}
