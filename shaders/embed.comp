/* x[i] = scale table[ids[i]], or x[i] += it. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = 64) in;
layout(constant_id = 0) const uint FORMAT = 0;

layout(push_constant) uniform Params { params_embed p; };
layout(set = 0, binding = 0) buffer X { float x[]; };
layout(set = 0, binding = 2) readonly buffer Ids { uint ids[]; };

#define WEIGHTS_BINDING 1
#include "weights.glsl"

void main()
{
    uint quads = p.x_stride / 4;
    uint i = gl_GlobalInvocationID.x;
    uint row = i / quads, col = i % quads * 4;
    if (row >= p.n) return;
    vec4 v = p.scale * weight4(ids[row] * p.w_stride, col, (p.cols + 31) & ~31u);
    for (uint k = 0; k < 4; k++) {
        uint at = row * p.x_stride + col + k;
        x[at] = p.add != 0 ? x[at] + v[k] : v[k];
    }
}
