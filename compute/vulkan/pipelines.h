/* Compute pipelines: one for each (shader, specialisation constants) that is asked for, made on first use and kept;
 * what the driver compiled is kept on disk between runs. All share one layout: up to eight storage buffers, pushed, and
 * 128 bytes of parameters. */
#ifndef LECTERN_PIPELINES_H
#define LECTERN_PIPELINES_H

#include <stdint.h>

#include "compute/vulkan/gpu.h"
#include "compute/vulkan/shaders.h"

struct error;
struct pipeline;
struct pipelines;

enum { PIPELINE_MAX_CONSTANTS = 8 };

int pipelines_open(struct pipelines **out, struct gpu *g, struct error *e);
/* Writes the disk cache if something was compiled; a cache that cannot be written is no error. Accepts NULL. */
void pipelines_close(struct pipelines *p);

VkPipelineLayout pipelines_layout(const struct pipelines *p);

/* constants[i] becomes constant_id i; constant 0 is the workgroup's size in shaders with local_size_x_id. Owned by p.
 * NULL on failure. */
const struct pipeline *pipelines_get(struct pipelines *p, enum shader shader, const uint32_t *constants,
                                     uint32_t n_constants, struct error *e);

VkPipeline pipelines_handle(const struct pipeline *p);
const char *pipelines_name(const struct pipeline *p);

#endif
