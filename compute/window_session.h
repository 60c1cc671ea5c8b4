/* One text being read by Reader 2 on one back end, a window at a time: rows and evidence keys of the tokens, and what
 * the dilated branches keep of them (compute/kv_cache.h). What a window gives depends on nothing behind it: any
 * chunking at windows gives the same numbers. One thread at a time. */
#ifndef LECTERN_WINDOW_SESSION_H
#define LECTERN_WINDOW_SESSION_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct error;
struct window_model;
struct window_session;

/* Borrows the model and the back end until window_session_close. */
int window_session_open(struct window_session **out, const struct window_model *m, struct backend *b, struct error *e);
void window_session_close(struct window_session *s); /* accepts NULL */

/* Tokens read so far, in whole windows. */
uint64_t window_session_position(const struct window_session *s);

/* Bytes on the device. Flat in the length. */
size_t window_session_memory(const struct window_session *s);

/* Tokens from the position on. Of a last window that is not whole nothing stays but its keys: the position is then at
 * its beginning, and a text that has grown is read on from there. */
struct window_session_text {
    const int32_t *ids; /* [n], in [0, n_vocab) */
    size_t n;
    const size_t *segments; /* [n_segments]: the tokens that segments begin at, rising */
    size_t n_segments;
};

/* keys: [n][e] int8, as the format says; may be NULL. On failure the position is where the last whole chunk ended. */
int window_session_read(struct window_session *s, const struct window_session_text *text, int8_t *keys,
                        struct error *e);

/* A question, [CLS] and [SEP] included, by itself: at most a window. queries [n][e], unit length; gate [n], before the
 * softmax over the question's own tokens. The text's state stays as it is. */
int window_session_ask(struct window_session *s, const int32_t *ids, uint32_t n, float *queries, float *gate,
                       struct error *e);

#endif
