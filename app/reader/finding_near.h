/* What stands around a place says what the place is about: a segment's score and its neighbours'. */
#ifndef LECTERN_FINDING_NEAR_H
#define LECTERN_FINDING_NEAR_H

#include <stddef.h>

struct reader_segment;

/* Adds to every segment's score half the logarithm of the mean of e^alone over the segments of its document that are at
 * most eight before or after it, itself among them (models/FORMAT.md). `alone` are the scores as they were. */
void finding_near_add(float *score, const float *alone, const struct reader_segment *segments, size_t n);

#endif
