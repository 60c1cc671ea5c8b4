/* A model file may leave its tokenizer and its table of words to a file beside it, which has the same ones
 * (models/FORMAT.md, "Shared words"). On a device such models have one table. */
#ifndef LECTERN_SHARED_WORDS_H
#define LECTERN_SHARED_WORDS_H

struct backend;
struct error;
struct gguf;
struct matrix;
struct weights;

/* Opens the file that the model's file, which lies at `path`, names; *out is NULL where it names none. That it has the
 * words that the model was trained with is checked by their hash; errors name both files. */
int shared_words_open(struct gguf **out, const struct gguf *model, const char *path, struct error *e);

/* Loads a model's table of words, as matrix_load does, or lends the one that the device has, where that has the same
 * bytes. Given back, with the same back end, before that is closed; NULL is accepted. */
int shared_words_load(struct matrix **out, struct backend *b, const struct weights *table, struct error *e);
void shared_words_unload(struct backend *b, struct matrix *table);

#endif
