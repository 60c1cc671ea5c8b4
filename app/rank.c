#define _GNU_SOURCE /* sched_getaffinity */
#include "app/rank.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/device_list.h"
#include "compute/error.h"

int rank_check(const struct comm *c, const struct rank_use *use, struct error *e)
{
    if (comm_size(c) == 1) return 0;
    if (use->screen)
        return error_set_kind(
            e, ERROR_USAGE, "the screen runs on one rank: start it without mpirun; several ranks read, ask and scale");
    if (!use->shared) return error_set_kind(e, ERROR_USAGE, "this runs on one rank: start it without mpirun");
    return 0;
}

/* The cores that mpirun bound this rank to; where it bound none, an equal part of all. */
static unsigned count_threads(const struct comm *c)
{
    cpu_set_t cores;
    long all = sysconf(_SC_NPROCESSORS_ONLN);
    long mine = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : all;
    if (mine >= all) mine = all / (long)comm_local_size(c);
    return mine < 1 ? 1 : (unsigned)mine;
}

static bool is_gpu(const struct device *d)
{
    return d->usable && !d->software && strncmp(d->id, "vulkan", 6) == 0;
}

const char *rank_gpu(const struct device *list, size_t n, uint32_t local_rank)
{
    size_t n_gpus = 0;
    for (size_t i = 0; i < n; i++) n_gpus += is_gpu(&list[i]);
    if (n_gpus < 2) return NULL;
    size_t mine = local_rank % n_gpus, at = 0;
    while (!is_gpu(&list[at]) || mine-- > 0) at++;
    return list[at].id;
}

/* `device` stays where there is no choice. */
static int choose_gpu(char device[16], const struct comm *c, struct error *e)
{
    struct device *list;
    size_t n;
    if (device_list_open(&list, &n, e) != 0) return -1;
    const char *mine = rank_gpu(list, n, comm_local_rank(c));
    if (mine) snprintf(device, 16, "%s", mine);
    device_list_close(list);
    return 0;
}

int rank_open_backend(struct backend **out, const struct comm *c, const char *named, unsigned n_threads,
                      struct error *e)
{
    if (comm_local_size(c) == 1) return backend_open(out, named, n_threads, e);
    char device[16] = "";
    bool any = strncmp(named, "auto", 4) == 0 || strcmp(named, "vulkan") == 0;
    if (any && choose_gpu(device, c, e) != 0) return -1;
    return backend_open(out, *device ? device : named, n_threads ? n_threads : count_threads(c), e);
}
