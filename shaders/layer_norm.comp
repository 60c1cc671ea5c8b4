/* x[i] = (x[i] - mean) / sqrt(variance + eps) * weight + bias, and a copy of it. A subgroup a row; the padding of a row is zeros and stays so, for it has none in
 * weight and bias. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;

layout(push_constant) uniform Params { params_layer_norm p; };
layout(set = 0, binding = 0) buffer X { float x[]; };
layout(set = 0, binding = 1) readonly buffer Weight { float weight[]; };
layout(set = 0, binding = 2) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 3) writeonly buffer Copy { ELEMENT copy[]; };

void main()
{
    uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (row >= p.n) return;
    uint first = row * p.stride;
    float sum = 0, squares = 0;
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) sum += x[first + i];
    float mean = subgroupAdd(sum) / float(p.cols);
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) {
        float off = x[first + i] - mean;
        squares += off * off;
    }
    float scale = inversesqrt(subgroupAdd(squares) / float(p.cols) + p.eps);
    for (uint i = gl_SubgroupInvocationID; i < p.cols; i += gl_SubgroupSize) {
        float v = (x[first + i] - mean) * scale * weight[i] + bias[i];
        x[first + i] = v;
        if (p.copy_stride != 0) copy[row * p.copy_stride + i] = ELEMENT(v);
    }
}
