#include "compute/shared_words.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/weights.h"

/* Of the tokenizer and the table; a file without one of them has another hash. */
static uint64_t hash_words(const struct gguf *g)
{
    const struct gguf_value *proto = gguf_find(g, "tokenizer.sentencepiece.proto");
    const struct gguf_tensor *table = gguf_find_tensor(g, "token_embd.weight");
    XXH3_state_t hash; /* on the stack: it is aligned by its type */
    XXH3_64bits_reset(&hash);
    if (proto) XXH3_64bits_update(&hash, proto->bytes, proto->size);
    if (table) XXH3_64bits_update(&hash, table->bytes, table->size);
    return XXH3_64bits_digest(&hash);
}

/* NAME in the folder of `path`. */
static int find_beside(char out[PATH_MAX], const struct gguf_string *name, const char *path, struct error *e)
{
    if (name->size == 0 || memchr(name->bytes, '/', name->size) || memchr(name->bytes, 0, name->size))
        return error_set_kind(e, ERROR_DAMAGED, "%s: lectern.words_file is no file's name", path);
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    if (folder >= PATH_MAX || name->size >= PATH_MAX - folder)
        return error_set(e, "%s: the path of the file with its words is too long", path);
    snprintf(out, PATH_MAX, "%.*s%.*s", (int)folder, path, (int)name->size, name->bytes);
    return 0;
}

int shared_words_open(struct gguf **out, const struct gguf *model, const char *path, struct error *e)
{
    struct gguf_string name = {NULL, 0};
    char beside[PATH_MAX];
    uint64_t wanted = 0;
    *out = NULL;
    if (!gguf_find(model, "lectern.words_file")) return 0;
    if (gguf_get_string(model, "lectern.words_file", &name, e) != 0 ||
        gguf_get_u64(model, "lectern.words_hash", &wanted, e) != 0 || find_beside(beside, &name, path, e) != 0)
        return -1;
    if (gguf_open(out, beside, e) != 0)
        return error_prefix(e, "%s has its words in a file that belongs beside it", path);
    if (hash_words(*out) == wanted) return 0;
    gguf_close(*out);
    *out = NULL;
    return error_set(e,
                     "%s: its words are not those that %s was trained with; put the file that came with that one there",
                     beside, path);
}

int shared_words_load(struct matrix **out, struct backend *b, const struct weights *table, struct error *e)
{
    struct backend_words *words = &b->words;
    const uint64_t hash = XXH3_64bits(table->bytes, table->rows * table->row_bytes);
    const bool same = words->users > 0 && words->hash == hash && words->table->rows == table->rows &&
                      words->table->cols == table->cols;
    if (!same && b->ops->matrix_load(out, b, &table, 1, e) != 0) return -1;
    if (!same && words->users > 0) return 0; /* other words: this model's own */
    if (same) *out = words->table;
    *words = (struct backend_words){*out, hash, words->users + 1};
    return 0;
}

void shared_words_unload(struct backend *b, struct matrix *table)
{
    struct backend_words *words = &b->words;
    if (table && table == words->table) {
        if (--words->users > 0) return;
        words->table = NULL;
    }
    b->ops->matrix_close(table);
}
