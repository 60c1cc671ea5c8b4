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

/* Each is an index, or -1 for all of them. Token 0 is <|question|>, which the model reads before the question; token
 * i + 1 is the i-th of the question. */
struct inspected_choice {
    int layer, head, branch, token;
};

struct inspected_place {
    uint64_t position;
    double mass;
    uint32_t branches; /* bit i is set where it is seen through branch i */
    size_t document;
    uint64_t offset; /* where the token's bytes begin in the document's text */
    uint32_t size;   /* how many there are; 0 for a token of the header that introduces the document */
};

#define INSPECTED_PLACES 40

struct inspected {
    struct inspected_choice choice;
    struct inspection *in; /* owned */
    double *sums;          /* owned, [in->n_keys + 1]: masses of the keys before each */
    double *heads;         /* owned, [layer][head]: inspected_head */
    double mass[DILATION_MAX_BRANCHES], text[DILATION_MAX_BRANCHES]; /* the parts of each branch, chosen or not */
    double on_text, on_question; /* the parts of the chosen branches; they add up to their mass */
    struct inspected_place
        places[INSPECTED_PLACES]; /* the text's tokens with the most mass, by falling mass, then position */
    size_t n_places;
    struct finding_token *tokens; /* owned: the tokens of the question, without <|question|> */
    size_t n_tokens;
};

/* One branch, as the chosen layers and heads use it for the chosen tokens. */
struct inspected_branch {
    double mass, text;                    /* its part of all attention; what of that lies on the text */
    uint64_t offset_first, offset_last;   /* smallest and largest offset of the heads */
    uint64_t segment;                     /* beginning of the segment in which the question starts */
    uint64_t n_keys, key_first, key_last; /* the text's positions in that segment on the grid of any head */
    uint32_t n_covered, n_tokens;         /* how many of how many tokens are on the grid of any head */
};

/* The ranges that a choice stands for, in a model and for a question of n tokens with <|question|>. */
struct inspect_choice inspected_ranges(const struct inspected_choice *c, const struct model *m, uint32_t n);
bool inspected_same(const struct inspected_choice *a, const struct inspected_choice *b);

/* Owns the inspection from here on, on failure too. Places have only their positions until inspected_find_places has
 * looked them up. */
int inspected_open(struct inspected **out, struct inspection *in, const struct inspected_choice *c, struct error *e);
int inspected_find_places(struct inspected *i, const struct reader *r, struct error *e);
void inspected_close(struct inspected *i); /* accepts NULL */

/* Mass on the positions [begin, end). */
double inspected_share(const struct inspected *i, uint64_t begin, uint64_t end);

/* The position in [begin, end) with the largest mass; false where there is none. */
bool inspected_hottest(const struct inspected *i, uint64_t begin, uint64_t end, uint64_t *position);

void inspected_branch(const struct inspected *i, const struct model *m, uint32_t branch, struct inspected_branch *out);

/* What one head of one layer gives to the text through the chosen branches, for the chosen tokens. */
double inspected_head(const struct inspected *i, uint32_t layer, uint32_t head);

#endif
