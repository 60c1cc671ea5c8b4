#include "compute/vulkan/stream_slot.h"

#include "compute/error.h"

/* A type of memory that the host sees; cached if it is to be read. */
static uint32_t host_memory_type(const struct gpu *g, uint32_t allowed, bool cached)
{
    VkPhysicalDeviceMemoryProperties m;
    vkGetPhysicalDeviceMemoryProperties(g->physical, &m);
    const VkMemoryPropertyFlags need = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < m.memoryTypeCount; i++) {
        VkMemoryPropertyFlags flags = m.memoryTypes[i].propertyFlags;
        if (!(allowed >> i & 1) || (flags & need) != need) continue;
        if (!!(flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) == cached) return i;
        if (found == UINT32_MAX) found = i;
    }
    return found;
}

static int staging_open(struct stream_slot_staging *out, struct gpu *g, bool cached, struct error *e)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = STREAM_STAGING_BYTES,
        .usage =
            VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    VkResult r = g->vk.vkCreateBuffer(g->device, &info, NULL, &out->buffer);
    if (r != VK_SUCCESS) return gpu_error(e, "staging buffer", r);
    gpu_name(g, VK_OBJECT_TYPE_BUFFER, (uint64_t)out->buffer, cached ? "download" : "upload");
    VkMemoryRequirements need;
    g->vk.vkGetBufferMemoryRequirements(g->device, out->buffer, &need);
    VkMemoryAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = need.size,
        .memoryTypeIndex = host_memory_type(g, need.memoryTypeBits, cached),
    };
    if (allocate.memoryTypeIndex == UINT32_MAX)
        return error_set_kind(e, ERROR_MEMORY, "%s: no memory that the host can see", g->caps.name);
    r = g->vk.vkAllocateMemory(g->device, &allocate, NULL, &out->memory);
    if (r == VK_SUCCESS) r = g->vk.vkBindBufferMemory(g->device, out->buffer, out->memory, 0);
    if (r == VK_SUCCESS) r = g->vk.vkMapMemory(g->device, out->memory, 0, VK_WHOLE_SIZE, 0, (void **)&out->bytes);
    return r == VK_SUCCESS ? 0 : gpu_error(e, "staging memory", r);
}

static void staging_close(struct stream_slot_staging *b, struct gpu *g)
{
    g->vk.vkDestroyBuffer(g->device, b->buffer, NULL);
    g->vk.vkFreeMemory(g->device, b->memory, NULL);
}

int stream_slot_open(struct stream_slot *slot, struct gpu *g, VkCommandPool pool, struct error *e)
{
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    VkResult r = g->vk.vkAllocateCommandBuffers(g->device, &commands, &slot->commands);
    if (r != VK_SUCCESS) return gpu_error(e, "command buffer", r);
    gpu_name(g, VK_OBJECT_TYPE_COMMAND_BUFFER, (uint64_t)(uintptr_t)slot->commands, "chunk");
    VkQueryPoolCreateInfo queries = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = 2 + 2 * STREAM_SLOT_PROFILED,
    };
    r = g->vk.vkCreateQueryPool(g->device, &queries, NULL, &slot->queries);
    if (r != VK_SUCCESS) return gpu_error(e, "query pool", r);
    if (staging_open(&slot->upload, g, false, e) != 0) return -1;
    return staging_open(&slot->download, g, true, e);
}

void stream_slot_close(struct stream_slot *slot, struct gpu *g)
{
    staging_close(&slot->upload, g);
    staging_close(&slot->download, g);
    g->vk.vkDestroyQueryPool(g->device, slot->queries, NULL);
}
