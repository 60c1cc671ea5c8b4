#include "compute/vulkan/pipelines.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/error.h"
#include "compute/vulkan/disk_cache.h"
#include "compute/vulkan/stream.h"

enum { PARAMS_BYTES = 128 };

struct pipeline {
    struct pipeline *next; /* owned */
    VkPipeline handle;
    enum shader shader;
    uint32_t constants[PIPELINE_MAX_CONSTANTS], n_constants;
};

struct pipelines {
    struct gpu *g;
    VkDescriptorSetLayout set;
    VkPipelineLayout layout;
    VkPipelineCache cache;
    VkShaderModule modules[N_SHADERS]; /* made on first use */
    struct pipeline *first;            /* owned */
    char cache_name[128];
    bool compiled; /* something that the disk does not have */
};

static int layout_open(struct pipelines *p, struct error *e)
{
    struct gpu *g = p->g;
    VkDescriptorSetLayoutBinding bindings[STREAM_MAX_BUFFERS];
    for (uint32_t i = 0; i < STREAM_MAX_BUFFERS; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){.binding = i,
                                                     .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                                     .descriptorCount = 1,
                                                     .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .flags = VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR,
        .bindingCount = STREAM_MAX_BUFFERS,
        .pBindings = bindings,
    };
    VkPushConstantRange params = {VK_SHADER_STAGE_COMPUTE_BIT, 0, PARAMS_BYTES};
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &p->set,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &params,
    };
    VkResult r = g->vk.vkCreateDescriptorSetLayout(g->device, &set, NULL, &p->set);
    if (r == VK_SUCCESS) r = g->vk.vkCreatePipelineLayout(g->device, &layout, NULL, &p->layout);
    return r == VK_SUCCESS ? 0 : gpu_error(e, "pipeline layout", r);
}

/* What is on disk for this device and driver, if the driver takes it. */
static int cache_open(struct pipelines *p, struct error *e)
{
    struct gpu *g = p->g;
    const struct gpu_caps *c = &g->caps;
    char uuid[2 * VK_UUID_SIZE + 1];
    for (size_t i = 0; i < VK_UUID_SIZE; i++) snprintf(uuid + 2 * i, 3, "%02x", c->cache_uuid[i]);
    snprintf(p->cache_name, sizeof p->cache_name, "pipelines-%x-%x-%x-%s", c->vendor, c->device, c->driver_version,
             uuid);
    size_t bytes;
    void *data = disk_cache_read(p->cache_name, &bytes);
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                      .initialDataSize = data ? bytes : 0,
                                      .pInitialData = data};
    VkResult r = g->vk.vkCreatePipelineCache(g->device, &info, NULL, &p->cache);
    if (r != VK_SUCCESS && data) {
        info.initialDataSize = 0;
        r = g->vk.vkCreatePipelineCache(g->device, &info, NULL, &p->cache);
    }
    free(data);
    return r == VK_SUCCESS ? 0 : gpu_error(e, "pipeline cache", r);
}

int pipelines_open(struct pipelines **out, struct gpu *g, struct error *e)
{
    struct pipelines *p = calloc(1, sizeof *p);
    if (!p) return error_memory(e);
    p->g = g;
    if (layout_open(p, e) != 0 || cache_open(p, e) != 0) {
        pipelines_close(p);
        return -1;
    }
    *out = p;
    return 0;
}

static void cache_save(struct pipelines *p)
{
    size_t bytes = 0;
    if (p->g->vk.vkGetPipelineCacheData(p->g->device, p->cache, &bytes, NULL) != VK_SUCCESS || bytes == 0) return;
    void *data = malloc(bytes);
    if (data && p->g->vk.vkGetPipelineCacheData(p->g->device, p->cache, &bytes, data) == VK_SUCCESS)
        disk_cache_write(p->cache_name, data, bytes);
    free(data);
}

void pipelines_close(struct pipelines *p)
{
    if (!p) return;
    struct gpu *g = p->g;
    if (p->compiled) cache_save(p);
    while (p->first) {
        struct pipeline *next = p->first->next;
        g->vk.vkDestroyPipeline(g->device, p->first->handle, NULL);
        free(p->first);
        p->first = next;
    }
    for (int i = 0; i < N_SHADERS; i++) g->vk.vkDestroyShaderModule(g->device, p->modules[i], NULL);
    g->vk.vkDestroyPipelineCache(g->device, p->cache, NULL);
    g->vk.vkDestroyPipelineLayout(g->device, p->layout, NULL);
    g->vk.vkDestroyDescriptorSetLayout(g->device, p->set, NULL);
    free(p);
}

VkPipelineLayout pipelines_layout(const struct pipelines *p)
{
    return p->layout;
}

static int module_open(struct pipelines *p, enum shader shader, struct error *e)
{
    const struct shader_module *m = shaders_module(shader);
    VkShaderModuleCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = m->bytes, .pCode = m->words};
    VkResult r = p->g->vk.vkCreateShaderModule(p->g->device, &info, NULL, &p->modules[shader]);
    if (r != VK_SUCCESS) return gpu_error(e, m->name, r);
    gpu_name(p->g, VK_OBJECT_TYPE_SHADER_MODULE, (uint64_t)p->modules[shader], m->name);
    return 0;
}

static int pipeline_create(struct pipelines *p, struct pipeline *new, struct error *e)
{
    VkSpecializationMapEntry entries[PIPELINE_MAX_CONSTANTS];
    for (uint32_t i = 0; i < new->n_constants; i++)
        entries[i] = (VkSpecializationMapEntry){i, i * (uint32_t)sizeof(uint32_t), sizeof(uint32_t)};
    VkSpecializationInfo constants = {new->n_constants, entries, new->n_constants * sizeof(uint32_t), new->constants};
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT size = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO_EXT,
        .requiredSubgroupSize = p->g->caps.subgroup_size,
    };
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = p->g->caps.subgroup_size_control ? &size : NULL,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = p->modules[new->shader],
                  .pName = "main",
                  .pSpecializationInfo = &constants},
        .layout = p->layout,
    };
    VkResult r = p->g->vk.vkCreateComputePipelines(p->g->device, p->cache, 1, &info, NULL, &new->handle);
    if (r != VK_SUCCESS) return gpu_error(e, pipelines_name(new), r);
    gpu_name(p->g, VK_OBJECT_TYPE_PIPELINE, (uint64_t) new->handle, pipelines_name(new));
    return 0;
}

const struct pipeline *pipelines_get(struct pipelines *p, enum shader shader, const uint32_t *constants,
                                     uint32_t n_constants, struct error *e)
{
    assert(n_constants <= PIPELINE_MAX_CONSTANTS);
    for (struct pipeline *i = p->first; i; i = i->next)
        if (i->shader == shader && i->n_constants == n_constants &&
            (n_constants == 0 || memcmp(i->constants, constants, n_constants * sizeof *constants) == 0))
            return i;
    if (!p->modules[shader] && module_open(p, shader, e) != 0) return NULL;
    struct pipeline *new = calloc(1, sizeof *new);
    if (!new) {
        error_memory(e);
        return NULL;
    }
    new->shader = shader;
    new->n_constants = n_constants;
    if (n_constants) memcpy(new->constants, constants, n_constants * sizeof *constants);
    if (pipeline_create(p, new, e) != 0) {
        free(new);
        return NULL;
    }
    new->next = p->first;
    p->first = new;
    p->compiled = true;
    return new;
}

VkPipeline pipelines_handle(const struct pipeline *p)
{
    return p->handle;
}

const char *pipelines_name(const struct pipeline *p)
{
    return shaders_module(p->shader)->name;
}
