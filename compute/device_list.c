#include "compute/device_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "compute/backend.h"
#include "compute/clock.h"
#include "compute/error.h"
#include "compute/vulkan/backend_vulkan.h"

static void describe_cpu(struct device *line)
{
    snprintf(line->id, sizeof line->id, "cpu");
    struct error why;
    struct backend *b;
    if (backend_open(&b, "cpu/auto", 0, &why) != 0) {
        snprintf(line->note, sizeof line->note, "%s", why.text);
        return;
    }
    const struct backend_info *info = backend_info(b);
    snprintf(line->name, sizeof line->name, "%s", info->name);
    snprintf(line->tier, sizeof line->tier, "%s", info->precision);
    snprintf(line->limits, sizeof line->limits, "%u threads", info->n_threads);
    line->memory = info->memory;
    const double begin = clock_seconds();
    line->usable = backend_self_test(b, &why) == 0;
    line->self_test_seconds = clock_seconds() - begin;
    if (!line->usable) snprintf(line->note, sizeof line->note, "%s", why.text);
    backend_close(b);
}

int device_list_open(struct device **list, size_t *n, struct error *e)
{
    size_t n_vulkan = backend_vulkan_count();
    struct device *lines = calloc(n_vulkan + 1, sizeof *lines);
    if (!lines) return error_set_kind(e, ERROR_MEMORY, "device list: out of memory");
    for (size_t i = 0; i < n_vulkan; i++) backend_vulkan_describe(i, &lines[i]);
    describe_cpu(&lines[n_vulkan]);
    *list = lines;
    *n = n_vulkan + 1;
    return 0;
}

void device_list_close(struct device *list)
{
    free(list);
}
