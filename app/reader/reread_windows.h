/* Windows of the second reading (models/FORMAT.md): the question with one place of the text, or with the best sentences
 * of several. What they are made of is tokens with their bytes. */
#ifndef LECTERN_REREAD_WINDOWS_H
#define LECTERN_REREAD_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "compute/tokens.h"

struct document;
struct encoder_model;
struct error;

/* Sentences of a place that are told apart; what follows belongs to the last of them. */
#define REREAD_WINDOWS_SENTENCES 48

/* A segment of a document as tokens; zero-initialise, free with reread_windows_free_place. */
struct reread_windows_place {
    struct token_ranges tokens;                   /* bytes count from the segment's beginning */
    uint32_t sentences[REREAD_WINDOWS_SENTENCES]; /* the first token of each */
    uint32_t n_sentences;
    uint32_t first_row, n_rows; /* in the window made last: of the segment's tokens, which may be cut */
};

/* Windows one after the other, as encoder_run takes them; zero-initialise, free with reread_windows_free. */
struct reread_windows {
    int32_t *ids;
    uint8_t *types;
    uint32_t *starts; /* [n + 1] */
    uint32_t n;
    size_t n_rows, ids_capacity, types_capacity, starts_capacity;
};

void reread_windows_free(struct reread_windows *w);
void reread_windows_clear(struct reread_windows *w);

/* The question's tokens, cut to what windows have room for. */
int reread_windows_question(struct token_ranges *out, const struct encoder_model *m, const char *question,
                            struct error *e);

/* The tokens of the segment [offset, offset + size) of a document, and where its sentences begin. */
int reread_windows_cut(struct reread_windows_place *out, const struct encoder_model *m, const struct document *d,
                       uint64_t offset, size_t size, struct error *e);
void reread_windows_free_place(struct reread_windows_place *p);

/* Adds the window of a place that was cut. */
int reread_windows_add(struct reread_windows *w, const struct encoder_model *m, const struct token_ranges *question,
                       const struct document *d, uint64_t offset, struct reread_windows_place *p, struct error *e);

/* A sentence that is read with others: tokens [begin, end) of a place. */
struct reread_windows_piece {
    const struct reread_windows_place *place;
    uint32_t begin, end;
    uint32_t first_row; /* in the window, once it is made */
};

/* Adds the window of these sentences in the order that they are given. */
int reread_windows_join(struct reread_windows *w, const struct encoder_model *m, const struct token_ranges *question,
                        struct reread_windows_piece *pieces, size_t n, struct error *e);

#endif
