#include "compute/vulkan/backend_vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/clock.h"
#include "compute/device_list.h"
#include "compute/log.h"
#include "compute/thread_pool.h"
#include "compute/vulkan/disk_cache.h"
#include "compute/vulkan/vulkan.h"

/* Tokens of a chunk: on a GPU enough rows to fill it and to hide a submit, on a processor what its caches like. */
enum { LARGE_CHUNK_ROWS = 65536, GPU_CHUNK_ROWS = 8192, SOFTWARE_CHUNK_ROWS = 512 };

static void vulkan_close(struct backend *backend)
{
    struct vulkan *v = (struct vulkan *)backend;
    if (v->stream) stream_drain(v->stream);
    struct vulkan_scratch *const scratch[] = {&v->x,    &v->hidden, &v->evidence, &v->rotated, &v->partial, &v->lse,
                                              &v->plan, &v->keys,   &v->starts,   &v->queries, &v->scores};
    for (size_t i = 0; v->arena && i < sizeof scratch / sizeof *scratch; i++)
        arena_buffer_close(&scratch[i]->buffer, v->arena);
    attend_plan_free(&v->attend_plan);
    stream_close(v->stream);
    pipelines_close(v->pipelines);
    arena_close(v->arena);
    gpu_close(v->gpu);
    thread_pool_close(v->base.pool);
    free(v);
}

static const struct backend_ops vulkan_ops = {
    .close = vulkan_close,
    .matrix_open = vulkan_matrix_open,
    .activations_open = vulkan_activations_open,
    .matrix_load = vulkan_matrix_load,
    .matrix_close = vulkan_matrix_close,
    .matrix_write = vulkan_matrix_write,
    .matrix_read = vulkan_matrix_read,
    .matrix_fetch = vulkan_matrix_fetch,
    .start = vulkan_start,
    .done = vulkan_done,
    .wait = vulkan_wait,
    .matrix_copy = vulkan_matrix_copy,
    .embed = vulkan_embed,
    .project = vulkan_project,
    .layer_norm = vulkan_layer_norm,
    .norm_parts = vulkan_norm_parts,
    .norm_add = vulkan_norm_add,
    .short_conv = vulkan_short_conv,
    .feed_forward = vulkan_feed_forward,
    .attend = vulkan_attend,
    .attend_windows = vulkan_attend_windows,
    .keep = vulkan_keep,
    .evidence_rows = vulkan_evidence_rows,
    .evidence_scan = vulkan_evidence_scan,
    .evidence_total = vulkan_evidence_total,
    .evidence_score = vulkan_evidence_score,
    .flush = vulkan_flush,
};

/* What `device` asks for. */
struct request {
    size_t index; /* SIZE_MAX: the best */
    bool hardware;
    enum gpu_tier tier; /* GPU_N_TIERS: the best */
};

static int parse(struct request *r, const char *device, struct error *e)
{
    *r = (struct request){.index = SIZE_MAX, .tier = GPU_N_TIERS};
    const char *at = device;
    if (strncmp(at, "auto", 4) == 0) {
        r->hardware = true;
        at += 4;
    } else if (strncmp(at, "vulkan", 6) == 0) {
        at += 6;
        if (*at == ':') {
            char *end;
            unsigned long n = at[1] >= '0' && at[1] <= '9' ? strtoul(at + 1, &end, 10) : SIZE_MAX;
            if (n > 999) return error_set_kind(e, ERROR_USAGE, "device %s: expected a number after vulkan:", device);
            r->index = n;
            at = end;
        }
    }
    if (*at == '/')
        for (int tier = 0; tier < GPU_N_TIERS; tier++)
            if (strcmp(at + 1, gpu_tier_name((enum gpu_tier)tier)) == 0) {
                r->tier = (enum gpu_tier)tier;
                return 0;
            }
    if (*at)
        return error_set_kind(e, ERROR_USAGE,
                              "device %s: expected vulkan or vulkan:N, and perhaps /fp32, /fp16 or /coopmat", device);
    return 0;
}

static bool has_tier(const struct gpu_caps *c, enum gpu_tier tier)
{
    return tier == GPU_FP32 || (tier == GPU_FP16 && c->fp16) || (tier == GPU_COOPMAT && c->coopmat);
}

static int open_tier(struct vulkan **out, const struct request *r, enum gpu_tier tier, unsigned n_threads,
                     struct error *e)
{
    struct vulkan *v = calloc(1, sizeof *v);
    if (!v) return error_memory(e);
    v->base.ops = &vulkan_ops;
    v->tier = tier;
    if (thread_pool_open(&v->base.pool, n_threads, e) != 0 || gpu_open(&v->gpu, r->index, r->hardware, e) != 0 ||
        arena_open(&v->arena, v->gpu, e) != 0 || pipelines_open(&v->pipelines, v->gpu, e) != 0 ||
        stream_open(&v->stream, v->gpu, pipelines_layout(v->pipelines), v->base.pool, e) != 0 ||
        (tier == GPU_COOPMAT && vulkan_find_fragment(v, e) != 0)) {
        vulkan_close(&v->base);
        return -1;
    }
    const struct gpu_caps *c = &v->gpu->caps;
    struct backend_info *info = &v->base.info;
    snprintf(info->name, sizeof info->name, "vulkan: %.100s, %s", c->name, gpu_tier_name(tier));
    snprintf(info->device, sizeof info->device, "vulkan:%zu/%s", c->index % 1000, gpu_tier_name(tier));
    info->memory = (size_t)c->memory;
    /* a large GPU has some GB to spare, and counts the workgroups of a dispatch in more than 16 bits */
    const bool large = c->memory >= UINT64_C(16) << 30 && c->max_groups[0] >= 1u << 20;
    info->chunk_rows = c->software ? SOFTWARE_CHUNK_ROWS : large ? LARGE_CHUNK_ROWS : GPU_CHUNK_ROWS;
    info->precision = tier == GPU_FP32 ? "fp32" : "fp16";
    info->halves = vulkan_half(v);
    info->tolerance = tier == GPU_FP32 ? 1e-3f : 1e-2f;
    info->max_head_dim = vulkan_max_head_dim(v);
    *out = v;
    return 0;
}

/* Name of the note that this device, driver and tier have passed the self-test of this program. */
static void passed_name(char name[128], const struct gpu_caps *c, enum gpu_tier tier)
{
    char uuid[2 * VK_UUID_SIZE + 1];
    for (size_t i = 0; i < VK_UUID_SIZE; i++) snprintf(uuid + 2 * i, 3, "%02x", c->cache_uuid[i]);
    snprintf(name, 128, "tested-%s-%x-%x-%x-%s-%016llx", gpu_tier_name(tier), c->vendor, c->device, c->driver_version,
             uuid, (unsigned long long)shaders_hash());
}

static const char *distrusted; /* backend_vulkan_distrust */

/* Known answers before first use; what has passed once with this driver and these shaders is not asked again.
 * *seconds: what it took, 0 where it was not asked. */
static int test_once(struct vulkan *v, double *seconds, struct error *e)
{
    char name[128];
    size_t bytes;
    passed_name(name, &v->gpu->caps, v->tier);
    const bool trusted = !distrusted || strcmp(distrusted, gpu_tier_name(v->tier)) != 0;
    if (!trusted) v->base.info.tolerance = -1;
    void *passed = trusted ? disk_cache_read(name, &bytes) : NULL;
    free(passed);
    *seconds = 0;
    if (passed) return 0;
    const double begin = clock_seconds();
    if (backend_self_test(&v->base, e) != 0) return -1;
    *seconds = clock_seconds() - begin;
    disk_cache_write(name, "passed", 6);
    return 0;
}

/* Opens the best tier that is there and passes. `refused` gets the reason of the first better one that did not,
 * *seconds the time of the self-test. */
static int open_best(struct vulkan **out, const struct request *r, unsigned n_threads, struct error *refused,
                     double *seconds, struct error *e)
{
    struct gpu *probe;
    if (gpu_open(&probe, r->index, r->hardware, e) != 0) return -1;
    const struct gpu_caps caps = probe->caps;
    gpu_close(probe);
    if (r->tier != GPU_N_TIERS && !has_tier(&caps, r->tier))
        return error_set_kind(e, ERROR_DEVICE, "%s has no %s arithmetic, or this program was built without it",
                              caps.name, gpu_tier_name(r->tier));
    int highest = r->tier == GPU_N_TIERS ? GPU_N_TIERS - 1 : (int)r->tier;
    int lowest = r->tier == GPU_N_TIERS ? 0 : (int)r->tier;
    for (int tier = highest; tier >= lowest; tier--) {
        if (!has_tier(&caps, (enum gpu_tier)tier)) continue;
        struct vulkan *v = NULL;
        if (open_tier(&v, r, (enum gpu_tier)tier, n_threads, e) != 0) return -1;
        if (test_once(v, seconds, e) == 0) {
            *out = v;
            return 0;
        }
        log_line("%s; the next arithmetic is tried", e->text);
        if (!refused->text[0])
            error_set_kind(refused, ERROR_DEVICE, "%s: %s", gpu_tier_name((enum gpu_tier)tier), e->text);
        vulkan_close(&v->base);
    }
    return -1;
}

int backend_vulkan_open(struct backend **out, const char *device, unsigned n_threads, struct error *e)
{
    struct request r;
    struct vulkan *v;
    struct error why, refused = {0};
    double seconds;
    if (!e) e = &why;
    if (parse(&r, device, e) != 0 || open_best(&v, &r, n_threads, &refused, &seconds, e) != 0) return -1;
    *out = &v->base;
    return 0;
}

void backend_vulkan_loader(char *out, size_t size)
{
    gpu_loader(out, size);
}

size_t backend_vulkan_count(void)
{
    return gpu_count();
}

void backend_vulkan_describe(size_t index, struct device *line)
{
    snprintf(line->id, sizeof line->id, "vulkan:%u", (unsigned)(index % 1000));
    struct gpu_caps c;
    struct error why;
    if (gpu_describe(index, &c, &why) != 0) {
        snprintf(line->note, sizeof line->note, "%s", why.text);
        return;
    }
    snprintf(line->name, sizeof line->name, "%s", c.name);
    snprintf(line->driver, sizeof line->driver, "%s", c.driver);
    snprintf(line->limits, sizeof line->limits,
             "subgroup %u, shared memory %u KiB, workgroup %u, buffer %llu MiB, fp16 %s, cooperative matrix %s",
             c.subgroup_size, c.shared_bytes >> 10, c.max_invocations, (unsigned long long)(c.max_range >> 20),
             c.fp16 ? "yes" : "no", c.coopmat ? "yes" : "no");
    line->software = c.software;
    line->memory = (size_t)c.memory;
    if (!c.usable) {
        snprintf(line->note, sizeof line->note, "lacks %s", c.missing);
        return;
    }
    struct vulkan *v;
    struct error refused = {0};
    struct request r = {.index = index, .tier = GPU_N_TIERS};
    line->usable = open_best(&v, &r, 1, &refused, &line->self_test_seconds, &why) == 0;
    snprintf(line->note, sizeof line->note, "%s", line->usable ? refused.text : why.text);
    if (!line->usable) return;
    snprintf(line->tier, sizeof line->tier, "%s", gpu_tier_name(v->tier));
    vulkan_close(&v->base);
}

int backend_vulkan_profile(struct backend *b, struct error *e)
{
    return stream_profile(((struct vulkan *)b)->stream, e);
}

uint32_t backend_vulkan_times(struct backend *b, struct backend_vulkan_time *out, uint32_t capacity)
{
    struct stream_time times[32];
    uint32_t n = stream_times(((struct vulkan *)b)->stream, times, capacity < 32 ? capacity : 32);
    for (uint32_t i = 0; i < n; i++)
        out[i] =
            (struct backend_vulkan_time){times[i].label, times[i].seconds, times[i].work, times[i].bytes, times[i].n};
    return n;
}

void backend_vulkan_distrust(const char *tier)
{
    distrusted = tier;
}

void backend_vulkan_fail_submit(struct backend *b, unsigned n)
{
    stream_fail_submit(((struct vulkan *)b)->stream, n);
}

unsigned backend_vulkan_messages(char *first, size_t size)
{
    return gpu_messages(first, size);
}
