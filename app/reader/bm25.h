/* BM25 over segments, k1 = 1.2 and b = 0.75, on the words of words.h: what evidence is compared with, and what it may
 * be fused with. One pass over the text for a question, no index. */
#ifndef LECTERN_BM25_H
#define LECTERN_BM25_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct corpus;
struct error;
struct reader_segment;
struct thread_pool;

/* scores[n]: of each segment of the corpus. A word that the question holds twice counts twice. Cancelled (may be NULL):
 * ERROR_CANCELLED. The same on any number of threads. */
int bm25_score(const struct corpus *c, const struct reader_segment *segments, size_t n, const char *question,
               struct thread_pool *pool, const atomic_bool *cancel, float *scores, struct error *e);

/* fused = attention / max attention + weight * bm25 / max bm25 (models/FORMAT.md, fusion_weight); of attention in
 * logarithms e^(attention - max attention). May write over one of its inputs. */
void bm25_fuse(const float *attention, bool in_logs, const float *bm25, float weight, size_t n, float *fused);

#endif
