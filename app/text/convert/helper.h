/* Another program that converts a file, kept apart: in a process of its own, with limits on memory, time and files. */
#ifndef LECTERN_HELPER_H
#define LECTERN_HELPER_H

#include <stddef.h>
#include <stdint.h>

struct convert_budget;
struct error;

struct helper {
    const char *const *arguments; /* the program first (looked for in PATH), NULL last */
    const uint8_t *input;         /* its standard input: a file in memory that it may also open as /dev/stdin */
    size_t size;
    uint64_t memory;      /* bytes of address space */
    unsigned cpu_seconds; /* of computing; the budget limits the time that passes, and the bytes that come out */
};

struct helper_result {
    char *output; /* malloc'ed; never NULL on success */
    size_t size;
    char said[256]; /* the first line of its standard error */
    int status;     /* its exit status; 127: the program is not there */
};

/* Runs it to its end. Fails (and kills it) where it was killed, a limit is met, or the budget's cancel is set. */
int helper_run(struct helper_result *result, const struct helper *h, struct convert_budget *b, struct error *e);

#endif
