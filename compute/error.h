/* What went wrong, in words for the user. A function that can fail returns 0 or -1 and takes a `struct error *` last;
 * on failure it has called error_set where it happened, with what and which ("models/x.gguf: layer 3: wq has 512
 * columns, expected 768"), and its other outputs are untouched. */
#ifndef LECTERN_ERROR_H
#define LECTERN_ERROR_H

struct error {
    char text[512]; /* one line, no newline; long texts are cut. May hold untrusted bytes (file names): render before
                       showing. */
};

/* Sets the text and returns -1, so that `return error_set(e, ...)` fails in one line. `e` may be NULL. */
int error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " in front of the text that is there; returns -1. */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compilers and analysers see only here that both are -1, and that what follows a failure is never reached. */
static inline int error_is(int failed)
{
    (void)failed;
    return -1;
}
#define error_set(...) error_is(error_set(__VA_ARGS__))
#define error_prefix(...) error_is(error_prefix(__VA_ARGS__))

#endif
