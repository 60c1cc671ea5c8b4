/* u += T[id], u / |u|; a subgroup a row. FORMAT NONE: there is no T. QUANTISE: four int8 to a word, round(clamp(254 u, -127, 127)). */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint FORMAT = 0;
layout(constant_id = 1) const uint QUANTISE = 0;

layout(push_constant) uniform Params { params_evidence p; };
layout(set = 0, binding = 0) writeonly buffer Out { uint result[]; };
layout(set = 0, binding = 1) readonly buffer U { vec4 u[]; };
layout(set = 0, binding = 3) readonly buffer Ids { uint ids[]; };

#define WEIGHTS_BINDING 2
#include "weights.glsl"

vec4 load(uint row, uint quad)
{
    vec4 v = u[row * (p.u_stride / 4) + quad];
    return FORMAT == NONE ? v : v + weight4(ids[row] * p.w_stride, quad * 4, (p.cols + 31) & ~31u);
}

void main()
{
    uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (row >= p.n) return;
    uint quads = p.u_stride / 4;
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < quads; i += gl_SubgroupSize) {
        vec4 v = load(row, i);
        sum += dot(v, v);
    }
    sum = subgroupAdd(sum);
    float scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (uint i = gl_SubgroupInvocationID; i < quads; i += gl_SubgroupSize) {
        vec4 v = load(row, i) * scale;
        if (QUANTISE != 0) {
            ivec4 q = ivec4(roundEven(clamp(254 * v, -127, 127))) & 255;
            result[row * p.out_stride + i] = uint(q.x | q.y << 8 | q.z << 16 | q.w << 24);
        } else {
            for (uint k = 0; k < 4; k++) result[row * p.out_stride + i * 4 + k] = floatBitsToUint(v[k]);
        }
    }
}
