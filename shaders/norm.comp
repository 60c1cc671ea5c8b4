/* The rows of x as products read them: x / sqrt(mean(x^2) + eps) * norm, or x itself, with elements of the tier's type. A subgroup a row; the padding
 * of a row is zeros, here and there. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint NORMALISE = 1;

layout(push_constant) uniform Params { params_norm p; };
layout(set = 0, binding = 0) writeonly buffer Out { ELEMENT4 result[]; };
layout(set = 0, binding = 1) readonly buffer X { vec4 x[]; };
layout(set = 0, binding = 2) readonly buffer Norm { vec4 norm[]; };

void main()
{
    uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (row >= p.n) return;
    uint quads = p.x_stride / 4, first = (p.x_row + row) * quads, to = row * (p.out_stride / 4);
    float scale = 1;
    if (NORMALISE != 0) {
        float sum = 0;
        for (uint i = gl_SubgroupInvocationID; i < quads; i += gl_SubgroupSize) sum += dot(x[first + i], x[first + i]);
        scale = inversesqrt(subgroupAdd(sum) / float(p.cols) + p.eps);
    }
    for (uint i = gl_SubgroupInvocationID; i < p.out_stride / 4; i += gl_SubgroupSize) {
        vec4 v = i < quads ? scale * x[first + i] : vec4(0);
        if (NORMALISE != 0 && i < quads) v *= norm[i];
        result[to + i] = ELEMENT4(v);
    }
}
