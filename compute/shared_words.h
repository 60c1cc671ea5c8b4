/* A model file may leave its tokenizer and its table of words to a file beside it, which has the same ones
 * (models/FORMAT.md, "Shared words"). */
#ifndef LECTERN_SHARED_WORDS_H
#define LECTERN_SHARED_WORDS_H

struct error;
struct gguf;

/* Opens the file that the model's file, which lies at `path`, names; *out is NULL where it names none. That it has the
 * words that the model was trained with is checked by their hash; errors name both files. */
int shared_words_open(struct gguf **out, const struct gguf *model, const char *path, struct error *e);

#endif
