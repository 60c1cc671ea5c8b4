#include "app/measure/scale_run.h"

#include <time.h>

#include "compute/clock.h"
#include "compute/error.h"

static const double CHUNK_SECONDS = 0.08;

int scale_run_check(const struct scale_watch *w, struct error *e)
{
    return w->cancel && atomic_load(w->cancel) ? error_cancelled(e) : 0;
}

double scale_run_now(void)
{
    return clock_seconds();
}

uint32_t scale_run_rows(uint32_t rows, uint32_t max_rows, uint32_t n, double seconds)
{
    if (n < rows) return rows; /* cut short by the end of the text: says nothing about a whole chunk */
    double next = (double)n * CHUNK_SECONDS / (seconds > 1e-9 ? seconds : 1e-9);
    if (next > 2.0 * n) next = 2.0 * n; /* one fast chunk is no promise */
    return next < 1 ? 1 : next < max_rows ? (uint32_t)next : max_rows;
}
