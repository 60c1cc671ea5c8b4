/* Cuts a text into the words that byte-pair encoding works in, as the regular expressions of well-known models do. */
#ifndef LECTERN_PRETOKENIZER_H
#define LECTERN_PRETOKENIZER_H

#include <stddef.h>

enum pretokenizer {
    PRETOKENIZER_GPT2,   /* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
    PRETOKENIZER_SMOLLM, /* every \p{N} is a word; gpt2 on what lies between */
    PRETOKENIZER_LLAMA3, /* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
                          * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+| \s+(?!\S)|\s+ */
    PRETOKENIZER_QWEN2,  /* the same with \p{N} for \p{N}{1,3} */
};

/* Length of the first word of the text, which starts where a word starts; 0 only for size 0. *between, 0 before a
 * text's first word, is kept from word to word: how far the stretch without numbers goes that the next word lies in. */
size_t pretokenizer_word(enum pretokenizer kind, const char *text, size_t size, size_t *between);

#endif
