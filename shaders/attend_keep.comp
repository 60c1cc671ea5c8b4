/* Writes the chunk's on-grid keys and values behind those that the cache keeps; keys of a branch that rotates are rotated. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 64) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_keep p; };
layout(set = 0, binding = 0) readonly buffer Keeps { attend_keep keeps[]; };
layout(set = 0, binding = 1) readonly buffer Qkv { ELEMENT qkv[]; };
layout(set = 0, binding = 2) readonly buffer Rotated { ELEMENT rotated[]; };
layout(set = 0, binding = 3) writeonly buffer CacheK { ELEMENT cache_k[]; };
layout(set = 0, binding = 4) writeonly buffer CacheV { ELEMENT cache_v[]; };

void main()
{
    attend_keep keep = keeps[gl_WorkGroupID.y];
    uint i = gl_GlobalInvocationID.x / HEAD_DIM, col = gl_GlobalInvocationID.x % HEAD_DIM;
    if (i >= keep.count) return;
    uint row = keep.row + i * keep.step, at = (p.n_head + keep.head) * HEAD_DIM + col, to = (keep.cache_row + i) * p.cache_stride + col;
    cache_k[to] = keep.rotated == NONE ? qkv[row * p.qkv_stride + at] : rotated[(keep.rotated + row) * p.rotated_stride + at];
    cache_v[to] = qkv[row * p.qkv_stride + at + p.n_head_kv * HEAD_DIM];
}
