/* x[i] += y[i] / sqrt(mean(y[i]^2) + eps) * norm. A subgroup a row. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "params.h"

layout(local_size_x = 128) in;

layout(push_constant) uniform Params { params_norm_add p; };
layout(set = 0, binding = 0) buffer X { float x[]; };
layout(set = 0, binding = 1) readonly buffer Y { float y[]; };
layout(set = 0, binding = 2) readonly buffer Norm { float norm[]; };

void main()
{
    uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (row >= p.n) return;
    uint to = row * p.stride, from = row * p.y_stride;
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) sum += y[from + i] * y[from + i];
    float scale = inversesqrt(subgroupAdd(sum) / float(p.cols) + p.eps);
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) x[to + i] += y[from + i] * scale * norm[i];
}
