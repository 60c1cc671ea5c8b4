#include "compute/loops.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"

#define KIND(kind, label)                                                                                              \
    extern const struct rows_cpu rows_cpu_##kind;                                                                      \
    extern const struct attention_cpu_loops attention_cpu_##kind;                                                      \
    extern const struct evidence_cpu evidence_cpu_##kind;                                                              \
    extern const struct weight_dots weight_dots_##kind;                                                                \
    extern const struct block_product block_product_##kind;                                                            \
    static const struct loops loops_##kind = {label,                                                                   \
                                              &rows_cpu_##kind,                                                        \
                                              &attention_cpu_##kind,                                                   \
                                              &evidence_cpu_##kind,                                                    \
                                              &weight_dots_##kind,                                                     \
                                              &block_product_##kind}

#ifdef __x86_64__
KIND(v2, "x86-64-v2");
KIND(v3, "x86-64-v3");
KIND(v4, "x86-64-v4");
KIND(v4_vnni, "x86-64-v4-vnni");
static const struct loops *const sets[] = {&loops_v2, &loops_v3, &loops_v4, &loops_v4_vnni};

static bool cpu_runs_loops(const struct loops *l)
{
    if (l == &loops_v4_vnni) return __builtin_cpu_supports("avx512vnni") && cpu_runs_loops(&loops_v4);
    if (l == &loops_v4)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && cpu_runs_loops(&loops_v3);
    if (l == &loops_v3)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}
#else
KIND(generic, "generic");
static const struct loops *const sets[] = {&loops_generic};

static bool cpu_runs_loops(const struct loops *l)
{
    (void)l;
    return true;
}
#endif

enum { N_SETS = sizeof sets / sizeof *sets };

static const struct loops *_Atomic chosen;

static const struct loops *best(void)
{
    int i = N_SETS - 1;
    while (i > 0 && !cpu_runs_loops(sets[i])) i--;
    return sets[i];
}

int loops_choose(struct error *e)
{
    const char *wanted = getenv("LECTERN_CPU");
    const struct loops *found = wanted && *wanted ? NULL : best(), *none = NULL;
    char names[128] = "";
    for (int i = 0; i < N_SETS; i++) {
        const size_t n = strlen(names);
        if (!cpu_runs_loops(sets[i])) continue;
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", sets[i]->name);
        if (wanted && strcmp(wanted, sets[i]->name) == 0) found = sets[i];
    }
    if (!found)
        return error_set_kind(e, ERROR_USAGE, "LECTERN_CPU=%s: this processor and program have %s", wanted, names);
    atomic_compare_exchange_strong(&chosen, &none, found);
    return 0;
}

const struct loops *loops(void)
{
    const struct loops *l = atomic_load_explicit(&chosen, memory_order_relaxed);
    return l ? l : best();
}
