/* Parts of rows in their place: part / sqrt(mean(part^2) + eps) * norm. A subgroup a part. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;

layout(push_constant) uniform Params { params_norm_parts p; };
layout(set = 0, binding = 0) buffer X { ELEMENT x[]; };
layout(set = 0, binding = 1) readonly buffer Norm { float norm[]; };

void main()
{
    uint part = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (part >= p.n) return;
    uint first = part / p.n_part * p.stride + p.begin + part % p.n_part * p.cols;
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) sum += float(x[first + i]) * float(x[first + i]);
    float scale = inversesqrt(subgroupAdd(sum) / float(p.cols) + p.eps);
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) x[first + i] = ELEMENT(float(x[first + i]) * scale * norm[i]);
}
