/* Tests of loops that are compiled for several kinds of processors: the kind that LECTERN_CPU names. */
#ifndef LECTERN_LOOPS_FIXTURE_H
#define LECTERN_LOOPS_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "compute/error.h"
#include "compute/loops.h"

/* Whether this machine cannot run them, which is said: main then returns 77. */
static inline bool loops_are_missing(void)
{
    struct error e;
    if (loops_choose(&e) == 0) return false;
    printf("skipped: %s\n", e.text);
    return true;
}

#endif
