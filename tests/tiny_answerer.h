/* The tiny chat model as an answerer, by way of a file as every answerer is. */
#ifndef LECTERN_TINY_ANSWERER_H
#define LECTERN_TINY_ANSWERER_H

#include <unistd.h>

#include "app/answer/answerer.h"
#include "tests/test.h"
#include "tests/tiny_model.h"

static inline struct answerer *tiny_answerer_open(void)
{
    struct error e = {0};
    struct tiny_model t = tiny_model_default();
    struct answerer *a;
    char path[] = "/tmp/lectern-tiny-XXXXXX";
    size_t size;
    uint8_t *bytes = tiny_llama_bytes(&t, &size);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
    free(bytes);
    int failed = answerer_open(&a, &(struct answerer_options){.named = path, .sampling.top_p = 1}, &e);
    unlink(path); /* it is mapped */
    assert_ok(failed, e);
    return a;
}

#endif
