/* One submit of a stream: its command buffer, the memory that goes to the device and comes back with it, and what is
 * measured of it. */
#ifndef LECTERN_STREAM_SLOT_H
#define LECTERN_STREAM_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/vulkan/gpu.h"
#include "compute/vulkan/stream.h"

enum {
    STREAM_SLOT_FETCHES = 64,   /* reads that it can hold */
    STREAM_SLOT_PROFILED = 512, /* dispatches that it can measure */
};

struct stream_slot_staging {
    VkBuffer buffer;
    VkDeviceMemory memory;
    uint8_t *bytes; /* mapped */
    uint64_t used;
};

struct stream_slot_fetch {
    uint64_t offset, bytes;
    bool halves; /* float16 that becomes float32 */
    uint8_t *to;
};

struct stream_slot {
    VkCommandBuffer commands;
    VkQueryPool queries;
    uint64_t value;   /* of the timeline when it is done; 0: never submitted, or done */
    double submitted; /* when */
    struct stream_slot_staging upload, download;
    struct stream_slot_fetch fetches[STREAM_SLOT_FETCHES];
    uint32_t n_fetches;
    double work;
    uint32_t n_profiled;
    struct stream_time profiled[STREAM_SLOT_PROFILED];
};

/* The command buffer is of the pool, and goes with it. What opened of a slot that did not open is closed all the same.
 */
int stream_slot_open(struct stream_slot *slot, struct gpu *g, VkCommandPool pool, struct error *e);
void stream_slot_close(struct stream_slot *slot, struct gpu *g);

#endif
