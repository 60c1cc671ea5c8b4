/* Device memory: matrices are cut from a few large blocks. Vulkan allows only a few thousand allocations, and each is
 * slow. */
#ifndef LECTERN_ARENA_H
#define LECTERN_ARENA_H

#include <stdint.h>

#include "compute/vulkan/gpu.h"

struct arena;
struct error;

/* A buffer and the memory behind it. */
struct arena_buffer {
    VkBuffer buffer;
    uint64_t bytes; /* asked for */
    uint32_t block; /* where its memory lies */
    uint64_t offset, reserved;
};

/* Never holds more than gpu_caps.memory. Borrows the device. */
int arena_open(struct arena **out, struct gpu *g, struct error *e);
void arena_close(struct arena *a); /* its buffers are closed before; accepts NULL */

/* A storage buffer that can be copied from and to; its contents are undefined. `name` is for the validation layer. */
int arena_buffer_open(struct arena_buffer *out, struct arena *a, uint64_t bytes, const char *name, struct error *e);
void arena_buffer_close(struct arena_buffer *b, struct arena *a); /* accepts a zero one */

#endif
