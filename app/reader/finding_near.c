#include "app/reader/finding_near.h"

#include <math.h>

#include "app/reader/sequence.h"

enum { NEAR = 8 };

/* All of it would bury a sentence that stands alone (models/README.md). */
static const float weight = 0.5f;

static float log_of_mean(const float *score, size_t n)
{
    float most = score[0], sum = 0;
    for (size_t i = 1; i < n; i++) most = fmaxf(most, score[i]);
    for (size_t i = 0; i < n; i++) sum += expf(score[i] - most);
    return most + logf(sum / (float)n);
}

void finding_near_add(float *score, const float *alone, const struct reader_segment *segments, size_t n)
{
    for (size_t i = 0, first = 0, end = 0; i < n; i++) {
        if (i == end) { /* the next document */
            first = i;
            while (end < n && segments[end].document == segments[i].document) end++;
        }
        const size_t from = i - first > NEAR ? i - NEAR : first, to = end - i > NEAR ? i + NEAR + 1 : end;
        score[i] += weight * log_of_mean(alone + from, to - from);
    }
}
