/* The main thread's picture of the sequence: places in the corpus, and copies of the reader's tables as far as it has
 * read. A place is known by document and offset, by its byte among all bytes, and, where it has been read, by its
 * token. */
#ifndef LECTERN_ATLAS_H
#define LECTERN_ATLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/text/corpus.h"
#include "app/reader/reader.h"

struct message_tables;

struct spot {
    size_t document;
    uint64_t offset; /* in the document's text */
};

struct atlas {
    const struct corpus *corpus;       /* borrowed */
    uint64_t *starts;                  /* owned, [n_documents + 1]: bytes before each document */
    struct reader_document *documents; /* owned: what is read so far */
    size_t n_documents, document_capacity;
    struct reader_segment *segments; /* owned */
    size_t n_segments, segment_capacity;
};

int atlas_open(struct atlas **out, const struct corpus *c, struct error *e);
void atlas_close(struct atlas *a);

/* Puts the tables' documents and segments at their first indices, which are at most the counts so far. Whole tables are
 * not copied, since a kept read may have millions of segments: the atlas owns them then, and the message has none. */
int atlas_extend(struct atlas *a, struct message_tables *t, struct error *e);

uint64_t atlas_byte(const struct atlas *a, struct spot p);
struct spot atlas_spot(const struct atlas *a, uint64_t byte);

/* Tokens read so far, and how many all the text will have, going by the bytes (exact when all is read). */
uint64_t atlas_tokens(const struct atlas *a);
uint64_t atlas_total_tokens(const struct atlas *a);

/* The segment that holds a place or a token; SIZE_MAX where it is not read yet. */
size_t atlas_segment_at(const struct atlas *a, struct spot p);
size_t atlas_segment_of_token(const struct atlas *a, uint64_t token);

/* About which token a place is, and the reverse: exact at segment ends, in proportion to the bytes between. */
uint64_t atlas_token(const struct atlas *a, struct spot p);
struct spot atlas_token_spot(const struct atlas *a, uint64_t token);

#endif
