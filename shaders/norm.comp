/* scale[i] = 1 / sqrt(mean(x[i]^2) + eps): the statistics of a normalisation that the projection applies while it loads x. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "params.h"

layout(local_size_x = 128) in;

layout(push_constant) uniform Params { params_norm p; };
layout(set = 0, binding = 0) writeonly buffer Scale { float scale[]; };
layout(set = 0, binding = 1) readonly buffer X { vec4 x[]; };

/* A subgroup a row: the padding of a row is zeros. */
void main()
{
    uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (row >= p.n) return;
    uint quads = p.x_stride / 4, first = (p.x_row + row) * quads;
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < quads; i += gl_SubgroupSize) sum += dot(x[first + i], x[first + i]);
    sum = subgroupAdd(sum);
    if (subgroupElect()) scale[row] = inversesqrt(sum / float(p.cols) + p.eps);
}
