/* `lectern read --dry-run`: what reading would take, before it starts. Tokens are counted, not estimated; the time is
 * that of the first few thousand tokens, read here and now. */
#ifndef LECTERN_DRY_RUN_H
#define LECTERN_DRY_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct backend;
struct corpus;
struct error;
struct model;

struct dry_run {
    uint64_t documents, bytes, tokens;
    double tokens_per_second, seconds; /* measured; tokens / that */
    uint64_t memory;                   /* live memory of the model: flat in the length */
    uint64_t disk;                     /* evidence keys, token lengths and segment table, about */
};

/* A cancelled count is an error, "interrupted". */
int dry_run(struct dry_run *out, const struct corpus *c, const struct model *m, struct backend *b,
            const atomic_bool *cancel, struct error *e);

#endif
