#include "compute/backend.h"

#include <string.h>

#include "compute/backend_cpu.h"
#include "compute/error.h"

int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e)
{
    if (strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0) return backend_cpu_open(out, n_threads, e);
    if (strncmp(device, "vulkan", 6) == 0 && (device[6] == 0 || device[6] == ':'))
        return error_set(e, "device %s: this build has no Vulkan back end", device);
    return error_set(e, "device %s: expected auto, cpu, vulkan or vulkan:N", device);
}

void backend_close(struct backend *b)
{
    if (b) b->ops->close(b);
}

const struct backend_info *backend_info(const struct backend *b)
{
    return &b->info;
}
