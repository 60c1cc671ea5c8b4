#include "app/reader/finding.h"

#include <math.h>

size_t finding_choose(const float *score, size_t n, size_t most, size_t *out)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (isinf(score[i]) || (found == most && score[i] <= score[out[found - 1]])) continue;
        size_t at = found < most ? found++ : found - 1;
        for (; at > 0 && score[out[at - 1]] < score[i]; at--) out[at] = out[at - 1];
        out[at] = i;
    }
    return found;
}
