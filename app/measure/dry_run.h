/* `lectern read --dry-run`: what reading would take, before it starts. Tokens are counted, not estimated; the time is
 * that of some of the first tokens, read here and now once the device is warm. */
#ifndef LECTERN_DRY_RUN_H
#define LECTERN_DRY_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct backend;
struct corpus;
struct error;
struct model;
struct report;

struct dry_run {
    uint64_t documents, bytes, segments, tokens;
    double tokens_per_second, seconds; /* measured; tokens / that */
    uint64_t memory;                   /* live memory of the model: flat in the length */
    uint32_t rate;                     /* every how many positions a key is kept */
    uint64_t keys;                     /* bytes of evidence keys, segments and documents */
    uint64_t checkpoints;              /* and of the sessions beside them; 0 where nothing is kept */
    uint64_t disk;                     /* both, and the segment table while the text is open */
};

struct dry_run_options {
    uint64_t memory;                                               /* as for reading (reader.h) */
    bool keep;                                                     /* a read would be kept */
    void (*progress)(void *context, uint64_t bytes, uint64_t all); /* of text counted; may be NULL */
    void *context;
    const atomic_bool *cancel;
};

/* A cancelled count is ERROR_CANCELLED. */
int dry_run(struct dry_run *out, const struct corpus *c, const struct model *m, struct backend *b,
            const struct dry_run_options *o, struct error *e);

/* What `read --dry-run --json` prints: one object and a newline; -1 where writing or memory fails. */
int dry_run_report(const struct dry_run *d, const struct report *r, FILE *out, struct error *e);

#endif
