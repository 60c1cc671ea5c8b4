/* What a look into a question's dilated attention found (compute/inspect.h): how much of it lies where, by branch, head
 * and position, for all of the question or for one of its tokens. All figures are shares of the model's own softmax,
 * the mean over the layers, heads and tokens looked at. */
#ifndef LECTERN_INSPECTED_H
#define LECTERN_INSPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/dilation.h"
#include "compute/inspect.h"

struct error;
struct model;
struct reader;
struct finding_token;

/* -1: all of them. Token 0 is <|question|>, which the model reads before the question; token i + 1 the question's i-th.
 */
struct inspected_choice {
    int layer, head, branch, token;
};

struct inspected_place {
    uint64_t position;
    double mass;
    uint32_t branches; /* bit i: seen through branch i */
    size_t document;
    uint64_t offset; /* of the token's bytes in the document's text */
    uint32_t size;   /* 0: a token of the header that introduces the document */
};

#define INSPECTED_PLACES 40

struct inspected {
    struct inspected_choice choice;
    struct inspection *in; /* owned */
    double *sums;          /* owned, [in->n_keys + 1]: masses of the keys before each */
    double *heads;         /* owned, [layer][head]: inspected_head */
    double mass[DILATION_MAX_BRANCHES], text[DILATION_MAX_BRANCHES]; /* of each branch, chosen or not */
    double on_text, on_question;                                     /* of the chosen branches; together theirs */
    struct inspected_place places[INSPECTED_PLACES]; /* of the text, by falling mass, ties by position */
    size_t n_places;
    struct finding_token *tokens; /* owned: the question's, without <|question|> */
    size_t n_tokens;
};

/* One branch, as the chosen layers and heads use it for the chosen tokens. */
struct inspected_branch {
    double mass, text;                    /* of all attention; of it on the text */
    uint64_t offset_first, offset_last;   /* smallest and largest of the heads' */
    uint64_t segment;                     /* where the segment begins that the question starts in */
    uint64_t n_keys, key_first, key_last; /* positions of the text in that segment, on the grid of any of the heads */
    uint32_t n_covered, n_tokens;         /* tokens on the grid of any of the heads, of so many */
};

/* What the choice means in a model for a question of n tokens, <|question|> among them. */
struct inspect_choice inspected_ranges(const struct inspected_choice *c, const struct model *m, uint32_t n);
bool inspected_same(const struct inspected_choice *a, const struct inspected_choice *b);

/* Takes the inspection in any case. The places have their positions alone until they are looked up in the reader. */
int inspected_open(struct inspected **out, struct inspection *in, const struct inspected_choice *c, struct error *e);
void inspected_find_places(struct inspected *i, const struct reader *r);
void inspected_close(struct inspected *i); /* accepts NULL */

/* Mass on the positions [begin, end). */
double inspected_share(const struct inspected *i, uint64_t begin, uint64_t end);

/* The position in [begin, end) with the largest mass; false where there is none. */
bool inspected_hottest(const struct inspected *i, uint64_t begin, uint64_t end, uint64_t *position);

void inspected_branch(const struct inspected *i, const struct model *m, uint32_t branch, struct inspected_branch *out);

/* What one head of one layer gives to the text through the chosen branches, for the chosen tokens. */
double inspected_head(const struct inspected *i, uint32_t layer, uint32_t head);

#endif
