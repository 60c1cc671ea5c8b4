/* Keys and values, copied by a shader: out of a chunk into caches, and between both and rows that lie side by side. */
#include <assert.h>
#include <stdlib.h>

#include "compute/vulkan/vulkan.h"

void vulkan_run_keeps(const struct keep *op, const struct vulkan_keeps *keeps)
{
    struct vulkan *v = vulkan_of(op->from);
    const double numbers = (double)keeps->rows * op->head_dim;
    struct params_keep params = {
        .n_head = op->n_head,
        .n_head_kv = op->n_head_kv,
        .qkv_stride = vulkan_numbers(op->from),
        .rotated_stride = keeps->rotated_stride,
        .cache_stride = vulkan_numbers(op->k),
    };
    const enum shader shader = vulkan_half(v) ? SHADER_ATTEND_KEEP_FP16 : SHADER_ATTEND_KEEP;
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, shader, &op->head_dim, 1),
                              .bindings = {keeps->runs, vulkan_bind(op->from), keeps->rotated, vulkan_bind(op->k),
                                           vulkan_bind(op->v)},
                              .n_bindings = 5,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(keeps->rows * op->head_dim, 64), op->n_runs, 1},
                              .label = "attend: keep",
                              .work = numbers,
                              .bytes = (vulkan_half(v) ? 8 : 16) * numbers,
                              .together = keeps->together,
                          });
}

void vulkan_keep(const struct keep *op)
{
    struct vulkan *v = vulkan_of(op->from);
    assert(vulkan_numbers(op->k) == vulkan_numbers(op->v) && vulkan_matrix_of(op->from)->half == vulkan_half(v) &&
           vulkan_matrix_of(op->k)->half == vulkan_half(v) && vulkan_matrix_of(op->v)->half == vulkan_half(v));
    struct attend_keep *runs = calloc(op->n_runs + 1u, sizeof *runs);
    if (!runs) {
        struct error why;
        error_memory(&why);
        stream_fail(v->stream, &why);
        return;
    }
    uint32_t most = 0;
    for (uint32_t i = 0; i < op->n_runs; i++) {
        const struct keep_run *run = &op->runs[i];
        runs[i] = (struct attend_keep){.cache_row = run->to,
                                       .row = run->row,
                                       .step = run->step,
                                       .count = run->count,
                                       .head = run->head,
                                       .rotated = NONE};
        if (run->count > most) most = run->count;
    }
    const struct stream_binding uploaded = stream_upload(v->stream, runs, (op->n_runs + 1u) * sizeof *runs);
    free(runs);
    vulkan_run_keeps(op, &(struct vulkan_keeps){uploaded, vulkan_bind(op->from), 0, most, false});
    stream_pause(v->stream);
}
