/* What converters write: text and the places in it. And what a file may cost, so that no small one costs all. */
#ifndef LECTERN_CONVERTED_H
#define LECTERN_CONVERTED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/parts.h"

struct error;

/* What is left to spend on one file that was named or found in a directory, and on all that is inside it. */
struct convert_budget {
    const atomic_bool *cancel;       /* may be NULL */
    uint64_t bytes;                  /* to be unpacked and written */
    uint64_t members;                /* of archives */
    uint64_t end;                    /* of the time, in milliseconds of converted_now */
    unsigned depth;                  /* archives inside archives */
    void (*progress)(void *context); /* called often while there is work; may be NULL */
    void *context;
};

/* Milliseconds of a clock that only goes on. */
uint64_t converted_now(void);

/* 0, or -1: cancelled ("interrupted") or out of time. */
int converted_check(const struct convert_budget *b, struct error *e);

/* Spends bytes; -1 where fewer are left. */
int converted_spend(struct convert_budget *b, uint64_t bytes, struct error *e);

/* Start with zeros and a budget; free with converted_free. */
struct converted {
    struct convert_budget *budget; /* borrowed */
    char *text;                    /* owned; UTF-8 as far as the source was */
    size_t size, capacity;
    struct parts parts;
    char note[128]; /* what a person should know of it ("3 of 40 pages hold no text"); "" for nothing */
};

int converted_put(struct converted *c, const char *text, size_t size, struct error *e);
void converted_free(struct converted *c);

#endif
