#include "compute/backend.h"

#include <string.h>

#include "compute/backend_cpu.h"
#include "compute/error.h"
#include "compute/vulkan/backend_vulkan.h"

int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e)
{
    if (strcmp(device, "auto") == 0 && backend_vulkan_open(out, device, n_threads, NULL) == 0) return 0;
    if (strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0) return backend_cpu_open(out, n_threads, e);
    if (strncmp(device, "vulkan", 6) == 0) return backend_vulkan_open(out, device, n_threads, e);
    return error_set_kind(e, ERROR_USAGE, "device %s: expected auto, cpu, vulkan or vulkan:N", device);
}

void backend_close(struct backend *b)
{
    if (b) b->ops->close(b);
}

const struct backend_info *backend_info(const struct backend *b)
{
    return &b->info;
}
