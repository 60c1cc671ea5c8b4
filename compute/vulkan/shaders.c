#include "compute/vulkan/shaders.h"

static const uint32_t embed[] = {
#include "embed.spv.inc"
};
static const uint32_t norm[] = {
#include "norm.spv.inc"
};
static const uint32_t norm_fp16[] = {
#include "norm_fp16.spv.inc"
};
static const uint32_t norm_parts[] = {
#include "norm_parts.spv.inc"
};
static const uint32_t norm_parts_fp16[] = {
#include "norm_parts_fp16.spv.inc"
};
static const uint32_t norm_add[] = {
#include "norm_add.spv.inc"
};
static const uint32_t short_conv[] = {
#include "short_conv.spv.inc"
};
static const uint32_t short_conv_fp16[] = {
#include "short_conv_fp16.spv.inc"
};
static const uint32_t layer_norm[] = {
#include "layer_norm.spv.inc"
};
static const uint32_t layer_norm_fp16[] = {
#include "layer_norm_fp16.spv.inc"
};
static const uint32_t project_few[] = {
#include "project_few.spv.inc"
};
static const uint32_t project_few_fp16[] = {
#include "project_few_fp16.spv.inc"
};
static const uint32_t project[] = {
#include "project.spv.inc"
};
static const uint32_t project_fp16[] = {
#include "project_fp16.spv.inc"
};
static const uint32_t attend[] = {
#include "attend.spv.inc"
};
static const uint32_t attend_fp16[] = {
#include "attend_fp16.spv.inc"
};
static const uint32_t attend_rotate[] = {
#include "attend_rotate.spv.inc"
};
static const uint32_t attend_rotate_fp16[] = {
#include "attend_rotate_fp16.spv.inc"
};
static const uint32_t attend_join[] = {
#include "attend_join.spv.inc"
};
static const uint32_t attend_join_fp16[] = {
#include "attend_join_fp16.spv.inc"
};
static const uint32_t attend_keep[] = {
#include "attend_keep.spv.inc"
};
static const uint32_t attend_keep_fp16[] = {
#include "attend_keep_fp16.spv.inc"
};
static const uint32_t evidence_rows[] = {
#include "evidence_rows.spv.inc"
};
static const uint32_t evidence_scan[] = {
#include "evidence_scan.spv.inc"
};
static const uint32_t evidence_total[] = {
#include "evidence_total.spv.inc"
};
static const uint32_t evidence_score[] = {
#include "evidence_score.spv.inc"
};
static const uint32_t project_coopmat[] = {
#include "project_coopmat.spv.inc"
};
static const uint32_t attend_coopmat[] = {
#include "attend_coopmat.spv.inc"
};
static const uint32_t coopmat_fragment[] = {
#include "coopmat_fragment.spv.inc"
};

#define MODULE(name)                                                                                                   \
    {                                                                                                                  \
#name, name, sizeof name                                                                                       \
    }

static const struct shader_module modules[N_SHADERS] = {
    [SHADER_EMBED] = MODULE(embed),
    [SHADER_NORM] = MODULE(norm),
    [SHADER_NORM_FP16] = MODULE(norm_fp16),
    [SHADER_NORM_PARTS] = MODULE(norm_parts),
    [SHADER_NORM_PARTS_FP16] = MODULE(norm_parts_fp16),
    [SHADER_NORM_ADD] = MODULE(norm_add),
    [SHADER_SHORT_CONV] = MODULE(short_conv),
    [SHADER_SHORT_CONV_FP16] = MODULE(short_conv_fp16),
    [SHADER_LAYER_NORM] = MODULE(layer_norm),
    [SHADER_LAYER_NORM_FP16] = MODULE(layer_norm_fp16),
    [SHADER_PROJECT_FEW] = MODULE(project_few),
    [SHADER_PROJECT_FEW_FP16] = MODULE(project_few_fp16),
    [SHADER_PROJECT] = MODULE(project),
    [SHADER_PROJECT_FP16] = MODULE(project_fp16),
    [SHADER_ATTEND] = MODULE(attend),
    [SHADER_ATTEND_FP16] = MODULE(attend_fp16),
    [SHADER_ATTEND_ROTATE] = MODULE(attend_rotate),
    [SHADER_ATTEND_ROTATE_FP16] = MODULE(attend_rotate_fp16),
    [SHADER_ATTEND_JOIN] = MODULE(attend_join),
    [SHADER_ATTEND_JOIN_FP16] = MODULE(attend_join_fp16),
    [SHADER_ATTEND_KEEP] = MODULE(attend_keep),
    [SHADER_ATTEND_KEEP_FP16] = MODULE(attend_keep_fp16),
    [SHADER_EVIDENCE_ROWS] = MODULE(evidence_rows),
    [SHADER_EVIDENCE_SCAN] = MODULE(evidence_scan),
    [SHADER_EVIDENCE_TOTAL] = MODULE(evidence_total),
    [SHADER_EVIDENCE_SCORE] = MODULE(evidence_score),
    [SHADER_PROJECT_COOPMAT] = MODULE(project_coopmat),
    [SHADER_ATTEND_COOPMAT] = MODULE(attend_coopmat),
    [SHADER_COOPMAT_FRAGMENT] = MODULE(coopmat_fragment),
};

const struct shader_module *shaders_module(enum shader s)
{
    return &modules[s];
}

uint64_t shaders_hash(void)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (int i = 0; i < N_SHADERS; i++)
        for (size_t k = 0; k < modules[i].bytes / sizeof *modules[i].words; k++)
            h = (h ^ modules[i].words[k]) * UINT64_C(1099511628211);
    return h;
}
