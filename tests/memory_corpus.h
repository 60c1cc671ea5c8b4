/* A corpus of strings, for tests of what is made of texts. */
#ifndef LECTERN_MEMORY_CORPUS_H
#define LECTERN_MEMORY_CORPUS_H

#include "tests/test.h"

#include "app/text/corpus.h"

/* Of at most 16 documents; corpus_close'd by the caller. */
static inline struct corpus *memory_corpus(const char *const *paths, const char *const *texts, size_t n)
{
    struct corpus *c = NULL;
    struct error e = {0};
    size_t sizes[16];
    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++) sizes[i] = strlen(texts[i]);
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, n, &e), e);
    return c;
}

#endif
