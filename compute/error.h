/* What went wrong: a kind, by which callers decide, and words for the user. A function that can fail returns 0 or -1
 * and takes a `struct error *` last; on failure it has set the error where it happened, with what and which
 * ("models/x.gguf: layer 3: wq has 512 columns, expected 768"), and its other outputs are untouched. */
#ifndef LECTERN_ERROR_H
#define LECTERN_ERROR_H

enum error_kind {
    ERROR_OTHER,     /* files that cannot be read, servers that do not answer, and whatever has no kind of its own */
    ERROR_CANCELLED, /* it was told to stop; what was done until then is kept */
    ERROR_MEMORY,
    ERROR_DEVICE,  /* a compute device failed: another one may do the work */
    ERROR_USAGE,   /* the user asked for what cannot be */
    ERROR_BUSY,    /* another process has it */
    ERROR_DAMAGED, /* a file's bytes are not what its format or its checksum says */
};

struct error {
    enum error_kind kind;
    char text[512]; /* one line, no newline; long texts are cut. May hold untrusted bytes (file names): render before
                       showing. Never compared: the kind is for that. */
};

/* Sets the text, of kind ERROR_OTHER, and returns -1, so that `return error_set(e, ...)` fails in one line. `e` may be
 * NULL, here and below. */
int error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
int error_set_kind(struct error *e, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "out of memory" and "interrupted"; both return -1. */
int error_memory(struct error *e);
int error_cancelled(struct error *e);

/* Hands on what was caught elsewhere, with its kind; returns -1. */
int error_copy(struct error *e, const struct error *from);

/* Puts "prefix: " in front of the text that is there and keeps the kind; returns -1. */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compilers and analysers see only here that all are -1, and that what follows a failure is never reached. */
static inline int error_is(int failed)
{
    (void)failed;
    return -1;
}
#define error_set(...) error_is(error_set(__VA_ARGS__))
#define error_set_kind(...) error_is(error_set_kind(__VA_ARGS__))
#define error_memory(e) error_is(error_memory(e))
#define error_cancelled(e) error_is(error_cancelled(e))
#define error_copy(e, from) error_is(error_copy(e, from))
#define error_prefix(...) error_is(error_prefix(__VA_ARGS__))

#endif
