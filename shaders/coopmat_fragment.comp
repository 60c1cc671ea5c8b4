/* Are a device's elements where fragment.glsl says? Each invocation answers for its own: 1 or 0. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#include "elements.glsl"
#include "fragment.glsl"

layout(local_size_x = 32) in;
layout(set = 0, binding = 0) writeonly buffer Out { uint result[]; };

shared float index[SIDE * SIDE];
shared float16_t index_half[SIDE * SIDE];

void main()
{
    for (uint i = gl_LocalInvocationIndex; i < SIDE * SIDE; i += 32) {
        index[i] = i;
        index_half[i] = float16_t(i);
    }
    barrier();
    LEFT left;
    ACCUMULATOR accumulator;
    coopMatLoad(left, index_half, 0, SIDE, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(accumulator, index, 0, SIDE, gl_CooperativeMatrixLayoutRowMajor);
    bool good = gl_SubgroupSize == 32 && left.length() == FRAGMENT && accumulator.length() == FRAGMENT;
    if (good)
        for (uint e = 0; e < FRAGMENT; e++) {
            float expected = fragment_row(fragment_half(e)) * SIDE + fragment_column(e);
            good = good && accumulator[e] == expected && float(left[e]) == expected;
        }
    result[gl_LocalInvocationIndex] = good ? 1 : 0;
}
