/* Joins the partial results of a (row, head), and what the direct branch gave there, by the one merge rule: weights exp(lse - max) / sum. Only
 * what comes out is rounded. Rows of partial results are head_dim elements; the lses of all lie behind them. A subgroup a (row, head). */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_join p; };
layout(set = 0, binding = 0) readonly buffer Joins { attend_join joins[]; };
layout(set = 0, binding = 1) readonly buffer Next { uint next[]; };
layout(set = 0, binding = 2) readonly buffer Partial { float partial[]; };
layout(set = 0, binding = 3) writeonly buffer Out { ELEMENT result[]; };
layout(set = 0, binding = 4) writeonly buffer Lse { float lse[]; };

uint index;
attend_join join;

/* The direct branch's share first, then the chain. */
uint first_row() { return p.direct == NONE ? join.partial : p.direct + index; }
uint next_row(uint row) { return row >= p.direct ? join.partial : next[row]; }

void main()
{
    index = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    if (index >= p.n_join) return;
    join = joins[index];

    float high = uintBitsToFloat(0xff800000u), sum = 0;
    for (uint i = first_row(); i != NONE; i = next_row(i)) high = max(high, partial[p.partial_lse + i]);
    for (uint i = first_row(); i != NONE; i = next_row(i)) sum += exp(partial[p.partial_lse + i] - high);

    for (uint d = gl_SubgroupInvocationID; d < HEAD_DIM; d += gl_SubgroupSize) {
        float v = 0;
        for (uint i = first_row(); i != NONE; i = next_row(i)) v += exp(partial[p.partial_lse + i] - high) * partial[i * HEAD_DIM + d];
        result[join.row * p.out_stride + join.head * HEAD_DIM + d] = ELEMENT(v / sum);
    }
    if (subgroupElect()) lse[join.row * p.lse_stride + join.head] = high + log(sum);
}
