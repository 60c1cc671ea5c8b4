/* Folds the partial results of the branches with r > 1 into out and lse by the one merge rule: weights exp(lse - max) / sum. A row of partial
 * results is head_dim numbers and the lse. A subgroup a (row, head). */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#include "numbers.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_join p; };
layout(set = 0, binding = 0) readonly buffer Joins { attend_join joins[]; };
layout(set = 0, binding = 1) readonly buffer Next { uint next[]; };
layout(set = 0, binding = 2) readonly buffer Partial { float partial[]; };
layout(set = 0, binding = 3) buffer Out { NUMBER result[]; };
layout(set = 0, binding = 4) buffer Lse { float lse[]; };
#ifdef HALF
layout(set = 0, binding = 5) readonly buffer Rest { NUMBER rest[]; }; /* so that the sum alone is rounded */
#endif

float direct(uint at)
{
#ifdef HALF
    return float(result[at]) + float(rest[at]);
#else
    return result[at];
#endif
}

void main()
{
    uint index = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (index >= p.n_join) return;
    attend_join join = joins[index];
    uint at_lse = join.row * p.lse_stride + join.head, at_out = join.row * p.out_stride + join.head * HEAD_DIM;

    float high = p.add != 0 ? lse[at_lse] : uintBitsToFloat(0xff800000u);
    for (uint i = join.partial; i != NONE; i = next[i]) high = max(high, partial[i * (HEAD_DIM + 1) + HEAD_DIM]);
    float mine = p.add != 0 ? exp(lse[at_lse] - high) : 0, sum = mine;
    for (uint i = join.partial; i != NONE; i = next[i]) sum += exp(partial[i * (HEAD_DIM + 1) + HEAD_DIM] - high);

    for (uint d = gl_SubgroupInvocationID; d < HEAD_DIM; d += gl_SubgroupSize) {
        float v = p.add != 0 ? mine * direct(at_out + d) : 0;
        for (uint i = join.partial; i != NONE; i = next[i])
            v += exp(partial[i * (HEAD_DIM + 1) + HEAD_DIM] - high) * partial[i * (HEAD_DIM + 1) + d];
        result[at_out + d] = NUMBER(v / sum);
    }
    subgroupBarrier();
    if (subgroupElect()) lse[at_lse] = high + log(sum);
}
