/* Each block keeps the list of its free ranges in the order of their offsets; a buffer takes the first range that it
 * fits. Matrices live as long as the session or the model, so there is little to fragment. */
#include "compute/vulkan/arena.h"

#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

enum { BLOCK_BYTES = 128 << 20 };

struct range {
    uint64_t begin, end;
};

struct block {
    VkDeviceMemory memory; /* VK_NULL_HANDLE: given back */
    uint64_t bytes;
    struct range *free; /* owned */
    size_t n_free, capacity;
    size_t n_buffers;
};

struct arena {
    struct gpu *g;
    struct block *blocks; /* owned */
    size_t n_blocks, capacity;
    uint64_t taken;
};

int arena_open(struct arena **out, struct gpu *g, struct error *e)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a) return error_memory(e);
    a->g = g;
    *out = a;
    return 0;
}

static void block_close(struct arena *a, struct block *b)
{
    if (b->memory) {
        a->g->vk.vkFreeMemory(a->g->device, b->memory, NULL);
        a->taken -= b->bytes;
    }
    free(b->free);
    *b = (struct block){0};
}

void arena_close(struct arena *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->n_blocks; i++) block_close(a, &a->blocks[i]);
    free(a->blocks);
    free(a);
}

static uint64_t align(uint64_t offset, uint64_t to)
{
    return (offset + to - 1) / to * to;
}

/* Cuts [offset, offset + bytes) out of a block; UINT64_MAX where it does not fit. Room for one range more is there
 * (block_reserve). */
static uint64_t block_take(struct block *b, uint64_t bytes, uint64_t alignment)
{
    for (size_t i = 0; i < b->n_free; i++) {
        struct range *r = &b->free[i];
        uint64_t offset = align(r->begin, alignment);
        if (offset > r->end || r->end - offset < bytes) continue;
        struct range after = {offset + bytes, r->end};
        r->end = offset;
        if (after.begin < after.end) {
            memmove(r + 2, r + 1, (b->n_free - i - 1) * sizeof *r);
            r[1] = after;
            b->n_free++;
        }
        if (r->begin == r->end) {
            memmove(r, r + 1, (b->n_free - i - 1) * sizeof *r);
            b->n_free--;
        }
        return offset;
    }
    return UINT64_MAX;
}

static void block_give(struct block *b, struct range given)
{
    size_t i = 0;
    while (i < b->n_free && b->free[i].begin < given.begin) i++;
    memmove(b->free + i + 1, b->free + i, (b->n_free - i) * sizeof *b->free);
    b->free[i] = given;
    b->n_free++;
    if (i + 1 < b->n_free && b->free[i].end == b->free[i + 1].begin) {
        b->free[i].end = b->free[i + 1].end;
        memmove(b->free + i + 1, b->free + i + 2, (b->n_free - i - 2) * sizeof *b->free);
        b->n_free--;
    }
    if (i > 0 && b->free[i - 1].end == b->free[i].begin) {
        b->free[i - 1].end = b->free[i].end;
        memmove(b->free + i, b->free + i + 1, (b->n_free - i - 1) * sizeof *b->free);
        b->n_free--;
    }
}

/* Room in the free list for one buffer more: n buffers leave at most n + 1 free ranges, so that giving back cannot
 * fail. */
static int block_reserve(struct block *b, struct error *e)
{
    struct range *grown = bytes_reserve(b->free, &b->capacity, b->n_buffers + 3, sizeof *grown);
    if (!grown) return error_memory(e);
    b->free = grown;
    return 0;
}

static int block_open(struct arena *a, uint64_t bytes, uint32_t *index, struct error *e)
{
    struct block *grown = bytes_reserve(a->blocks, &a->capacity, a->n_blocks + 1, sizeof *grown);
    if (!grown) return error_memory(e);
    a->blocks = grown;
    size_t at = 0;
    while (at < a->n_blocks && a->blocks[at].memory) at++;
    struct block b = {.bytes = bytes};
    if (block_reserve(&b, e) != 0) return -1;
    VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .allocationSize = bytes,
                                 .memoryTypeIndex = a->g->caps.memory_type};
    VkResult r = a->g->vk.vkAllocateMemory(a->g->device, &info, NULL, &b.memory);
    if (r != VK_SUCCESS) {
        free(b.free);
        return gpu_error(e, "memory", r);
    }
    gpu_name(a->g, VK_OBJECT_TYPE_DEVICE_MEMORY, (uint64_t)b.memory, "block of matrices");
    b.free[b.n_free++] = (struct range){0, bytes};
    a->blocks[at] = b;
    if (at == a->n_blocks) a->n_blocks++;
    a->taken += bytes;
    *index = (uint32_t)at;
    return 0;
}

/* A place for the buffer: in a block that is there, or in a new one. */
static int suballocate(struct arena *a, struct arena_buffer *b, const VkMemoryRequirements *need, struct error *e)
{
    for (size_t i = 0; i < a->n_blocks; i++) {
        if (!a->blocks[i].memory) continue; /* given back: block_open fills its place */
        if (block_reserve(&a->blocks[i], e) != 0) return -1;
        b->offset = block_take(&a->blocks[i], need->size, need->alignment);
        b->block = (uint32_t)i;
        if (b->offset != UINT64_MAX) return 0;
    }
    uint64_t left = a->g->caps.memory > a->taken ? a->g->caps.memory - a->taken : 0;
    if (need->size > left)
        return error_set_kind(e, ERROR_DEVICE,
                              "%s: %llu MiB more do not fit its budget of %llu MiB, of which %llu are taken",
                              a->g->caps.name, (unsigned long long)(need->size >> 20),
                              (unsigned long long)(a->g->caps.memory >> 20), (unsigned long long)(a->taken >> 20));
    uint64_t bytes = need->size > BLOCK_BYTES ? need->size : BLOCK_BYTES;
    if (block_open(a, bytes < left ? bytes : left, &b->block, e) != 0) return -1;
    b->offset = block_take(&a->blocks[b->block], need->size, need->alignment);
    return 0;
}

int arena_buffer_open(struct arena_buffer *out, struct arena *a, uint64_t bytes, const char *name, struct error *e)
{
    struct gpu *g = a->g;
    if (bytes > g->caps.max_range)
        return error_set_kind(e, ERROR_DEVICE, "%s: %s needs %llu MiB, but a buffer there has at most %llu",
                              g->caps.name, name, (unsigned long long)(bytes >> 20),
                              (unsigned long long)(g->caps.max_range >> 20));
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = bytes,
        .usage =
            VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    struct arena_buffer b = {.bytes = bytes};
    VkResult r = g->vk.vkCreateBuffer(g->device, &info, NULL, &b.buffer);
    if (r != VK_SUCCESS) return gpu_error(e, name, r);
    VkMemoryRequirements need;
    g->vk.vkGetBufferMemoryRequirements(g->device, b.buffer, &need);
    if (suballocate(a, &b, &need, e) != 0) {
        g->vk.vkDestroyBuffer(g->device, b.buffer, NULL);
        return -1;
    }
    b.reserved = need.size;
    a->blocks[b.block].n_buffers++;
    r = g->vk.vkBindBufferMemory(g->device, b.buffer, a->blocks[b.block].memory, b.offset);
    if (r != VK_SUCCESS) {
        arena_buffer_close(&b, a);
        return gpu_error(e, name, r);
    }
    gpu_name(g, VK_OBJECT_TYPE_BUFFER, (uint64_t)b.buffer, name);
    *out = b;
    return 0;
}

void arena_buffer_close(struct arena_buffer *b, struct arena *a)
{
    if (!b->buffer) return;
    a->g->vk.vkDestroyBuffer(a->g->device, b->buffer, NULL);
    struct block *block = &a->blocks[b->block];
    block_give(block, (struct range){b->offset, b->offset + b->reserved});
    block->n_buffers--;
    *b = (struct arena_buffer){0};
    if (block->n_buffers == 0) block_close(a, block);
}
