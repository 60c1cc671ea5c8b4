/* The evidence attention (models/FORMAT.md): a question's tokens over the kept keys of the whole text. */
#ifndef LECTERN_EVIDENCE_H
#define LECTERN_EVIDENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct error;
struct model;

/* Everything about one asked question that is needed to know its attention anywhere in the text. */
struct evidence {
    uint32_t n_query, width; /* m question tokens, e columns */
    float *queries;          /* [m][e], owned */
    float *tau;              /* [m], owned */
    float *gate;             /* [m], sum 1, owned */
    float scale;             /* as in struct model_evidence */
    double *lse;             /* [m] natural log of the sum over all kept keys, owned */
    uint64_t n_keys;         /* kept keys */
    uint64_t n_text;         /* N: tokens of the text */
};

/* Copies the queries and tau (which a model with a scale does without: NULL), turns gate logits into the gate. */
int evidence_open(struct evidence **out, const struct model *m, const float *queries, const float *tau,
                  const float *gate_logits, uint32_t n_query, struct error *e);
void evidence_close(struct evidence *v);

/* One pass over the keys. keys [n_keys][e] int8; starts [n_segments + 1]: segment i holds the kept keys [starts[i],
 * starts[i+1]). Fills v->lse and, per segment, score and share as the format defines them. *cancel is looked at every
 * few milliseconds; cancelled is ERROR_CANCELLED. */
int evidence_attend(struct evidence *v, const struct model *m, struct backend *b, const int8_t *keys, uint64_t n_keys,
                    uint64_t n_text, const uint64_t *starts, size_t n_segments, float *score, float *share,
                    const atomic_bool *cancel, struct error *e);

/* Folds what other keys than these give into lse[n]; `cancelled`: this part was, and lse says nothing. */
struct evidence_join {
    int (*lse)(void *context, double *lse, uint32_t n, bool cancelled, struct error *e);
    void *context;
};

/* The same over a part of the keys and its segments: starts are relative to `keys`, v->n_keys is the part's. The join
 * is called once between the passes, also after a cancel. */
int evidence_attend_part(struct evidence *v, const struct model *m, struct backend *b, const int8_t *keys,
                         uint64_t n_keys, uint64_t n_text, const uint64_t *starts, size_t n_segments, float *score,
                         float *share, const struct evidence_join *join, const atomic_bool *cancel, struct error *e);

/* Shares of the kept keys [begin, end) after evidence_attend: share[end - begin], e_p for the gated sum, or of one
 * question token
 * (`token` in [0, m); -1: all). */
void evidence_share(const struct evidence *v, const int8_t *keys, uint64_t begin, uint64_t end, int token,
                    float *share);

#endif
