#include "compute/backend.h"

#include <string.h>

#include "compute/backend_cpu.h"
#include "compute/error.h"
#include "compute/vulkan/backend_vulkan.h"

int backend_open(struct backend **out, const char *device, unsigned n_threads, struct error *e)
{
    if (strncmp(device, "vulkan", 6) == 0) return backend_vulkan_open(out, device, n_threads, e);
    const char *slash = strchr(device, '/');
    const size_t n = slash ? (size_t)(slash - device) : strlen(device);
    const bool automatic = n == 4 && memcmp(device, "auto", n) == 0, cpu = n == 3 && memcmp(device, "cpu", n) == 0;
    enum product_precision precision;
    if ((!automatic && !cpu) || !product_precision_find(slash ? slash + 1 : "fp32", &precision))
        return error_set_kind(e, ERROR_USAGE,
                              "device %s: expected auto, cpu, vulkan or vulkan:N, and perhaps /fp32, "
                              "/bf16 or /int8 for a processor",
                              device);
    if (automatic && backend_vulkan_open(out, "auto", n_threads, NULL) == 0) return 0;
    return backend_cpu_open(out, precision, n_threads, e);
}

void backend_close(struct backend *b)
{
    if (b) b->ops->close(b);
}

void backend_set_precision(struct backend *b, const char *name)
{
    if (b->ops->set_precision) b->ops->set_precision(b, name);
}

const struct backend_info *backend_info(const struct backend *b)
{
    return &b->info;
}
