/* In the place of the back end where the program is built without Vulkan. */
#include <stdio.h>

#include "compute/error.h"
#include "compute/vulkan/backend_vulkan.h"

int backend_vulkan_open(struct backend **out, const char *device, unsigned n_threads, struct error *e)
{
    (void)out, (void)n_threads;
    return error_set_kind(e, ERROR_DEVICE, "%s: this program was built without Vulkan", device);
}

void backend_vulkan_loader(char *out, size_t size)
{
    snprintf(out, size, "not built in");
}

size_t backend_vulkan_count(void)
{
    return 0;
}

void backend_vulkan_describe(size_t index, struct device *line)
{
    (void)index, (void)line;
}

void backend_vulkan_fail_submit(struct backend *b, unsigned n)
{
    (void)b, (void)n;
}

unsigned backend_vulkan_messages(char *first, size_t size)
{
    if (size) first[0] = 0;
    return 0;
}

int backend_vulkan_profile(struct backend *b, struct error *e)
{
    (void)b;
    return error_set_kind(e, ERROR_DEVICE, "this program was built without Vulkan");
}

uint32_t backend_vulkan_times(struct backend *b, struct backend_vulkan_time *out, uint32_t capacity)
{
    (void)b, (void)out, (void)capacity;
    return 0;
}
