/* cmocka needs these includes, in this order. */
#ifndef LECTERN_TEST_H
#define LECTERN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compute/error.h"

/* Fails the test with the error's words. */
#define assert_ok(call, e)                                                                                             \
    do {                                                                                                               \
        if ((call) != 0) fail_msg("%s: %s", #call, (e).text);                                                          \
    } while (0)

/* Deterministic numbers: xorshift64*, the same on every machine. */
static inline uint64_t test_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545F4914F6CDD1D);
}

/* Uniform in [-1, 1). */
static inline float test_uniform(uint64_t *seed)
{
    return (float)(int32_t)(test_random(seed) >> 32) / 2147483648.0f;
}

#endif
