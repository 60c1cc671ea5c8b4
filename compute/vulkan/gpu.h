/* One Vulkan device, opened for compute: instance, device, queue, what it can do, and its memory. */
#ifndef LECTERN_GPU_H
#define LECTERN_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <volk.h>

struct error;

enum gpu_tier { GPU_FP32, GPU_FP16, GPU_COOPMAT, GPU_N_TIERS };

const char *gpu_tier_name(enum gpu_tier tier);

/* What a device can do, read once. */
struct gpu_caps {
    size_t index; /* in the list of devices */
    char name[256], driver[192];
    uint32_t vendor, device, driver_version;
    uint8_t cache_uuid[VK_UUID_SIZE];
    bool software;
    bool usable; /* it has what the back end cannot do without; else `missing` says what */
    char missing[128];
    bool fp16, coopmat; /* tiers above fp32: float16 in arithmetic and in memory; and its products on matrix units */
    bool memory_budget; /* VK_EXT_memory_budget */
    uint32_t subgroup_size;
    bool subgroup_size_control; /* pipelines can be held to it: VK_EXT_subgroup_size_control */
    uint32_t shared_bytes;      /* of a workgroup */
    uint32_t max_invocations;
    uint32_t max_groups[3];
    uint64_t max_range; /* largest storage buffer */
    uint64_t storage_alignment;
    uint64_t memory;      /* device-local bytes that a session may use: the stated budget */
    uint32_t family;      /* queue family */
    uint32_t memory_type; /* device-local */
    double timestamp_ns;  /* a tick; 0: the queue has no timestamps */
};

struct gpu {
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    struct VolkDeviceTable vk;
    struct gpu_caps caps;
};

/* Number of devices; 0 where there is no Vulkan. */
size_t gpu_count(void);

/* What device `index` can do, without opening it. */
int gpu_describe(size_t index, struct gpu_caps *caps, struct error *e);

/* index SIZE_MAX: the best usable device, software last; `hardware`: none that is software. */
int gpu_open(struct gpu **out, size_t index, bool hardware, struct error *e);
void gpu_close(struct gpu *g);

/* Sets the error to what failed and Vulkan's name for it; returns -1. */
int gpu_error(struct error *e, const char *what, VkResult result);

/* Names an object for the validation layer and for debuggers. */
void gpu_name(const struct gpu *g, VkObjectType type, uint64_t handle, const char *name);

/* Messages of the validation layer (warnings and errors) since the program started, on any device; copies the first. */
unsigned gpu_messages(char *first, size_t size);

/* "loader 1.3.239", or that there is none; the list's lock is not needed. */
void gpu_loader(char *out, size_t size);

#endif
