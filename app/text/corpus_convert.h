/* Documents of files that are not plain text: books and the like become one document, archives one for each member. */
#ifndef LECTERN_CORPUS_CONVERT_H
#define LECTERN_CORPUS_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct corpus_build;
struct error;

/* A file in memory. All borrowed. */
struct corpus_file_bytes {
    const char *real_path; /* NULL: none */
    const char *path;      /* as it is shown */
    const uint8_t *bytes;
    size_t size;
    bool member; /* found in a directory: what keeps it out is a skip, for a named file it is an error */
};

/* Adds what a file holds. *done: false where it is plain text after all, and nothing was added. Inside
 * archives what cannot be read is skipped, each member with its reason. */
int corpus_convert(struct corpus_build *b, const struct corpus_file_bytes *f, bool *done, struct error *e);

#endif
