#include "compute/vulkan/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/clock.h"
#include "compute/error.h"
#include "compute/thread_pool.h"
#include "compute/vulkan/half.h"
#include "compute/vulkan/pipelines.h"
#include "compute/vulkan/stream_slot.h"

enum {
    SLOTS = 3,            /* submits under way */
    MAX_TIMES = 32,       /* labels that a profile can tell apart */
    COPY_BYTES = 1 << 18, /* that one thread copies */
    STAGING_ALIGN = 256,  /* the largest storage buffer alignment that Vulkan allows */
};

static const double TARGET_SECONDS = 0.05, FIRST_RATE = 20e9;
static const uint64_t PATIENCE_NS = UINT64_C(120000000000);

struct stream {
    struct gpu *g;
    struct thread_pool *threads; /* borrowed */
    VkPipelineLayout layout;
    VkCommandPool pool;
    VkSemaphore timeline;
    uint64_t value; /* of the last submit */
    struct stream_slot slots[SLOTS];
    uint32_t at;           /* slot being recorded */
    bool recording, fresh; /* fresh: nothing recorded in it yet */
    bool failed;
    struct error failure;
    double rate; /* work a second, by measurement */
    unsigned fail_countdown;
    bool profiling;
    struct stream_time times[MAX_TIMES];
    uint32_t n_times;
};

void stream_fail(struct stream *s, const struct error *why)
{
    if (s->failed) return;
    s->failed = true;
    s->failure = *why;
}

static void fail(struct stream *s, const char *what, VkResult result)
{
    struct error why;
    gpu_error(&why, what, result);
    stream_fail(s, &why);
}

int stream_open(struct stream **out, struct gpu *g, VkPipelineLayout layout, struct thread_pool *threads,
                struct error *e)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->g = g;
    s->layout = layout;
    s->threads = threads;
    s->rate = FIRST_RATE;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = g->caps.family,
    };
    VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    VkSemaphoreCreateInfo timeline = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkResult r = g->vk.vkCreateCommandPool(g->device, &pool, NULL, &s->pool);
    if (r == VK_SUCCESS) r = g->vk.vkCreateSemaphore(g->device, &timeline, NULL, &s->timeline);
    int failed = r == VK_SUCCESS ? 0 : gpu_error(e, "command pool", r);
    for (uint32_t i = 0; i < SLOTS && !failed; i++) failed = stream_slot_open(&s->slots[i], g, s->pool, e);
    if (failed) {
        stream_close(s);
        return -1;
    }
    gpu_name(g, VK_OBJECT_TYPE_SEMAPHORE, (uint64_t)s->timeline, "timeline");
    *out = s;
    return 0;
}

void stream_close(struct stream *s)
{
    if (!s) return;
    struct gpu *g = s->g;
    g->vk.vkDeviceWaitIdle(g->device);
    for (uint32_t i = 0; i < SLOTS; i++) stream_slot_close(&s->slots[i], g);
    g->vk.vkDestroySemaphore(g->device, s->timeline, NULL);
    g->vk.vkDestroyCommandPool(g->device, s->pool, NULL);
    free(s);
}

static void add_time(struct stream *s, const struct stream_time *t, double seconds)
{
    uint32_t i = 0;
    while (i < s->n_times && strcmp(s->times[i].label, t->label) != 0) i++;
    if (i == MAX_TIMES) return;
    if (i == s->n_times) s->times[s->n_times++] = (struct stream_time){.label = t->label};
    s->times[i].seconds += seconds;
    s->times[i].work += t->work;
    s->times[i].bytes += t->bytes;
    s->times[i].n++;
}

/* Ticks between two queries, in seconds. */
static double elapsed(const struct stream *s, const struct stream_slot *slot, uint32_t first)
{
    uint64_t ticks[2];
    VkResult r = s->g->vk.vkGetQueryPoolResults(s->g->device, slot->queries, first, 2, sizeof ticks, ticks,
                                                sizeof *ticks, VK_QUERY_RESULT_64_BIT);
    return r == VK_SUCCESS && ticks[1] > ticks[0] ? (double)(ticks[1] - ticks[0]) * s->g->caps.timestamp_ns * 1e-9 : 0;
}

static void slot_measure(struct stream *s, struct stream_slot *slot)
{
    double seconds = s->g->caps.timestamp_ns > 0 ? elapsed(s, slot, 0) : clock_seconds() - slot->submitted;
    /* small submits measure the cost of submitting, which never makes a device look faster than it is */
    const double rate = seconds > 0 ? slot->work / seconds : 0;
    if (rate > s->rate || (seconds > TARGET_SECONDS / 50 && rate > 0)) s->rate = 0.5 * s->rate + 0.5 * rate;
    for (uint32_t i = 0; i < slot->n_profiled; i++) add_time(s, &slot->profiled[i], elapsed(s, slot, 2 + 2 * i));
}

struct copying {
    uint8_t *to;
    const uint8_t *from;
    uint64_t bytes;
    bool halves; /* become floats */
};

static void copy_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct copying *c = context;
    const uint64_t begin = (uint64_t)task * COPY_BYTES, left = c->bytes - begin,
                   bytes = left < COPY_BYTES ? left : COPY_BYTES;
    if (!c->halves) {
        memcpy(c->to + begin, c->from + begin, bytes);
        return;
    }
    const uint16_t *halves = (const uint16_t *)(const void *)(c->from + begin);
    float *to = (float *)(void *)(c->to + 2 * begin);
    for (uint64_t i = 0; i < bytes / sizeof *halves; i++) to[i] = half_to_float(halves[i]);
}

/* One thread copies slower than a bus takes. */
static void copy(struct stream *s, struct copying *c)
{
    thread_pool_run(s->threads, (unsigned)((c->bytes + COPY_BYTES - 1) / COPY_BYTES), copy_task, c);
}

/* Waits until the device is done with a slot, and hands out what it fetched. */
static void slot_wait(struct stream *s, struct stream_slot *slot)
{
    if (slot->value) {
        VkSemaphoreWaitInfo wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                    .semaphoreCount = 1,
                                    .pSemaphores = &s->timeline,
                                    .pValues = &slot->value};
        VkResult r = s->g->vk.vkWaitSemaphores(s->g->device, &wait, PATIENCE_NS);
        if (r != VK_SUCCESS)
            fail(s, "waiting for the device", r);
        else
            slot_measure(s, slot);
        slot->value = 0;
    }
    for (uint32_t i = 0; i < slot->n_fetches && !s->failed; i++) {
        const struct stream_slot_fetch *f = &slot->fetches[i];
        copy(s, &(struct copying){f->to, slot->download.bytes + f->offset, f->bytes, f->halves});
    }
    slot->n_fetches = 0;
}

/* The command buffer to record into; NULL after a failure. */
static struct stream_slot *begin(struct stream *s)
{
    struct stream_slot *slot = &s->slots[s->at];
    if (s->failed || s->recording) return s->failed ? NULL : slot;
    slot_wait(s, slot);
    if (s->failed) return NULL;
    slot->upload.used = slot->download.used = 0;
    slot->work = 0;
    slot->n_profiled = 0;
    VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                     .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    VkResult r = s->g->vk.vkBeginCommandBuffer(slot->commands, &info);
    if (r != VK_SUCCESS) {
        fail(s, "recording", r);
        return NULL;
    }
    if (s->g->caps.timestamp_ns > 0) {
        s->g->vk.vkCmdResetQueryPool(slot->commands, slot->queries, 0, s->profiling ? 2 + 2 * STREAM_SLOT_PROFILED : 2);
        s->g->vk.vkCmdWriteTimestamp(slot->commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, slot->queries, 0);
    }
    s->recording = s->fresh = true;
    return slot;
}

static void submit(struct stream *s)
{
    if (!s->recording) return;
    struct stream_slot *slot = &s->slots[s->at];
    s->recording = false;
    VkMemoryBarrier to_host = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                               .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                               .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    if (slot->n_fetches)
        s->g->vk.vkCmdPipelineBarrier(slot->commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                                      &to_host, 0, NULL, 0, NULL);
    if (s->g->caps.timestamp_ns > 0)
        s->g->vk.vkCmdWriteTimestamp(slot->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, slot->queries, 1);
    VkResult r = s->g->vk.vkEndCommandBuffer(slot->commands);
    uint64_t value = s->value + 1;
    VkTimelineSemaphoreSubmitInfo signal = {.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                            .signalSemaphoreValueCount = 1,
                                            .pSignalSemaphoreValues = &value};
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = &signal,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &slot->commands,
                         .signalSemaphoreCount = 1,
                         .pSignalSemaphores = &s->timeline};
    if (s->fail_countdown && --s->fail_countdown == 0) r = VK_ERROR_DEVICE_LOST;
    if (r == VK_SUCCESS) r = s->g->vk.vkQueueSubmit(s->g->queue, 1, &info, VK_NULL_HANDLE);
    if (r != VK_SUCCESS) {
        slot->n_fetches = 0;
        fail(s, "submit", r);
        return;
    }
    s->value = slot->value = value;
    slot->submitted = clock_seconds();
    s->at = (s->at + 1) % SLOTS;
}

/* What follows sees what came before, whoever wrote it. */
static void barrier(struct stream *s, const struct stream_slot *slot)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkAccessFlags writes = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    VkMemoryBarrier all = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = writes,
        .dstAccessMask = writes | VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT,
    };
    s->g->vk.vkCmdPipelineBarrier(slot->commands, stages, stages, 0, 1, &all, 0, NULL, 0, NULL);
    s->fresh = false;
}

void stream_run(struct stream *s, const struct stream_dispatch *d)
{
    struct stream_slot *slot = begin(s);
    if (!slot || !d->pipeline || !d->groups[0] || !d->groups[1] || !d->groups[2]) return;
    assert(d->n_bindings <= STREAM_MAX_BUFFERS);
    if (!d->together || s->fresh || s->profiling) barrier(s, slot);
    VkDescriptorBufferInfo infos[STREAM_MAX_BUFFERS];
    VkWriteDescriptorSet writes[STREAM_MAX_BUFFERS];
    for (uint32_t i = 0; i < d->n_bindings; i++) {
        const struct stream_binding *b = &d->bindings[i];
        infos[i] = (VkDescriptorBufferInfo){b->buffer, b->offset, b->size ? b->size : VK_WHOLE_SIZE};
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstBinding = i,
                                           .descriptorCount = 1,
                                           .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                           .pBufferInfo = &infos[i]};
    }
    const struct VolkDeviceTable *vk = &s->g->vk;
    bool measured = s->profiling && slot->n_profiled < STREAM_SLOT_PROFILED;
    if (measured)
        vk->vkCmdWriteTimestamp(slot->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, slot->queries,
                                2 + 2 * slot->n_profiled);
    vk->vkCmdBindPipeline(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines_handle(d->pipeline));
    vk->vkCmdPushDescriptorSetKHR(slot->commands, VK_PIPELINE_BIND_POINT_COMPUTE, s->layout, 0, d->n_bindings, writes);
    vk->vkCmdPushConstants(slot->commands, s->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, d->params_bytes, d->params);
    vk->vkCmdDispatch(slot->commands, d->groups[0], d->groups[1], d->groups[2]);
    slot->work += d->work;
    if (!measured) return;
    vk->vkCmdWriteTimestamp(slot->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, slot->queries,
                            3 + 2 * slot->n_profiled);
    slot->profiled[slot->n_profiled++] = (struct stream_time){.label = d->label, .work = d->work, .bytes = d->bytes};
}

void stream_fill(struct stream *s, VkBuffer buffer, uint64_t offset, uint64_t bytes, uint32_t word)
{
    struct stream_slot *slot = begin(s);
    if (!slot) return;
    barrier(s, slot);
    s->g->vk.vkCmdFillBuffer(slot->commands, buffer, offset, bytes, word);
}

void stream_copy(struct stream *s, VkBuffer to, uint64_t to_offset, VkBuffer from, uint64_t from_offset, uint64_t bytes)
{
    struct stream_slot *slot = begin(s);
    if (!slot) return;
    barrier(s, slot);
    VkBufferCopy region = {from_offset, to_offset, bytes};
    s->g->vk.vkCmdCopyBuffer(slot->commands, from, to, 1, &region);
}

void stream_pause(struct stream *s)
{
    const struct stream_slot *slot = &s->slots[s->at];
    if (!s->recording) return;
    if (slot->work >= stream_work_limit(s) || (s->profiling && slot->n_profiled >= STREAM_SLOT_PROFILED / 2)) submit(s);
}

double stream_work_limit(const struct stream *s)
{
    return s->rate * TARGET_SECONDS;
}

/* Room in the slot's staging memory, in the next slot if this one is full; NULL after a failure. */
static struct stream_slot *reserve(struct stream *s, bool download, uint64_t bytes, uint64_t *offset)
{
    assert(bytes <= STREAM_STAGING_BYTES);
    for (;;) {
        struct stream_slot *slot = begin(s);
        if (!slot) return NULL;
        struct stream_slot_staging *b = download ? &slot->download : &slot->upload;
        uint64_t at = (b->used + STAGING_ALIGN - 1) / STAGING_ALIGN * STAGING_ALIGN;
        if (at <= STREAM_STAGING_BYTES - bytes && slot->n_fetches < STREAM_SLOT_FETCHES) {
            b->used = at + bytes;
            *offset = at;
            return slot;
        }
        submit(s);
    }
}

struct stream_binding stream_upload(struct stream *s, const void *from, uint64_t bytes)
{
    uint64_t offset;
    struct stream_slot *slot = reserve(s, false, bytes, &offset);
    if (!slot) return (struct stream_binding){0};
    memcpy(slot->upload.bytes + offset, from, bytes);
    return (struct stream_binding){slot->upload.buffer, offset, bytes};
}

/* Copies rows between a dense staging area and a buffer with a pitch. */
static void copy_rows(struct stream *s, const struct stream_slot *slot, VkBuffer to, uint64_t to_offset,
                      uint64_t to_pitch, VkBuffer from, uint64_t from_offset, uint64_t from_pitch, uint64_t row_bytes,
                      uint32_t n_rows)
{
    barrier(s, slot);
    if (to_pitch == from_pitch) {
        VkBufferCopy whole = {from_offset, to_offset, row_bytes * n_rows};
        s->g->vk.vkCmdCopyBuffer(slot->commands, from, to, 1, &whole);
        return;
    }
    VkBufferCopy regions[64];
    for (uint32_t row = 0; row < n_rows;) {
        uint32_t n = 0;
        for (; n < 64 && row < n_rows; n++, row++)
            regions[n] = (VkBufferCopy){from_offset + row * from_pitch, to_offset + row * to_pitch, row_bytes};
        s->g->vk.vkCmdCopyBuffer(slot->commands, from, to, n, regions);
    }
}

/* Rows that fit the staging memory at once. */
static uint32_t rows_at_once(uint64_t row_bytes, uint32_t n_rows)
{
    uint64_t n = STREAM_STAGING_BYTES / row_bytes;
    assert(n > 0);
    return n < n_rows ? (uint32_t)n : n_rows;
}

void stream_write(struct stream *s, VkBuffer to, uint64_t offset, uint64_t pitch, const void *from, uint64_t row_bytes,
                  uint32_t n_rows)
{
    const uint8_t *bytes = from;
    for (uint32_t row = 0, n; row < n_rows; row += n) {
        n = rows_at_once(row_bytes, n_rows - row);
        uint64_t at;
        struct stream_slot *slot = reserve(s, false, row_bytes * n, &at);
        if (!slot) return;
        copy(s, &(struct copying){slot->upload.bytes + at, bytes + row * row_bytes, row_bytes * n, false});
        copy_rows(s, slot, to, offset + row * pitch, pitch, slot->upload.buffer, at, row_bytes, row_bytes, n);
    }
}

void stream_fetch(struct stream *s, VkBuffer from, uint64_t offset, uint64_t pitch, void *to, uint64_t row_bytes,
                  uint32_t n_rows, bool halves)
{
    uint8_t *bytes = to;
    for (uint32_t row = 0, n; row < n_rows; row += n) {
        n = rows_at_once(row_bytes, n_rows - row);
        uint64_t at;
        struct stream_slot *slot = reserve(s, true, row_bytes * n, &at);
        if (!slot) return;
        copy_rows(s, slot, slot->download.buffer, at, row_bytes, from, offset + row * pitch, pitch, row_bytes, n);
        slot->fetches[slot->n_fetches++] =
            (struct stream_slot_fetch){at, row_bytes * n, halves, bytes + row * row_bytes * (halves ? 2 : 1)};
    }
}

int stream_read(struct stream *s, VkBuffer from, uint64_t offset, uint64_t pitch, void *to, uint64_t row_bytes,
                uint32_t n_rows, struct error *e)
{
    stream_fetch(s, from, offset, pitch, to, row_bytes, n_rows, false);
    return stream_wait(s, e);
}

void stream_drain(struct stream *s)
{
    submit(s);
    for (uint32_t i = 0; i < SLOTS; i++) slot_wait(s, &s->slots[(s->at + i) % SLOTS]);
}

int stream_wait(struct stream *s, struct error *e)
{
    stream_drain(s);
    if (!s->failed) return 0;
    s->failed = false;
    if (e) *e = s->failure;
    return -1;
}

void stream_submit(struct stream *s)
{
    submit(s);
}

uint64_t stream_ticket(const struct stream *s)
{
    return s->recording ? s->value + 1 : s->value;
}

bool stream_done(const struct stream *s, uint64_t ticket)
{
    uint64_t value = 0;
    return s->failed || s->g->vk.vkGetSemaphoreCounterValue(s->g->device, s->timeline, &value) != VK_SUCCESS ||
           value >= ticket;
}

int stream_wait_for(struct stream *s, uint64_t value, struct error *e)
{
    submit(s);
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct stream_slot *slot = &s->slots[(s->at + i) % SLOTS];
        if (slot->value && slot->value <= value) slot_wait(s, slot);
    }
    return s->failed ? stream_wait(s, e) : 0;
}

void stream_fail_submit(struct stream *s, unsigned n)
{
    s->fail_countdown = n;
}

int stream_profile(struct stream *s, struct error *e)
{
    if (!(s->g->caps.timestamp_ns > 0))
        return error_set_kind(e, ERROR_DEVICE, "%s: its queue has no timestamps", s->g->caps.name);
    if (stream_wait(s, e) != 0) return -1;
    s->profiling = true;
    return 0;
}

uint32_t stream_times(const struct stream *s, struct stream_time *out, uint32_t capacity)
{
    uint32_t n = s->n_times < capacity ? s->n_times : capacity;
    memcpy(out, s->times, n * sizeof *out);
    return n;
}
