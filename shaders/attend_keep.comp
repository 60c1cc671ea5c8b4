/* Writes the chunk's on-grid keys and values behind those that the cache keeps; keys of a branch that rotates are rotated. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x = 64) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_keep p; };
layout(set = 0, binding = 0) readonly buffer Keeps { attend_keep keeps[]; };
layout(set = 0, binding = 1) readonly buffer Qkv { float qkv[]; };
layout(set = 0, binding = 2) readonly buffer Rotary { float rotary[]; };
layout(set = 0, binding = 3) writeonly buffer CacheK { float cache_k[]; };
layout(set = 0, binding = 4) writeonly buffer CacheV { float cache_v[]; };

/* An invocation a pair of columns: what rotates together. */
void main()
{
    attend_keep keep = keeps[gl_WorkGroupID.y];
    const uint pairs = (HEAD_DIM + 1) / 2;
    uint i = gl_GlobalInvocationID.x / pairs, col = gl_GlobalInvocationID.x % pairs * 2;
    if (i >= keep.count) return;
    uint row = keep.row + i * keep.step;
    uint from = row * p.qkv_stride + (p.n_head + keep.head) * HEAD_DIM + col, to = (keep.cache_row + i) * p.cache_stride + col;
    bool both = col + 1 < HEAD_DIM;
    vec2 k = vec2(qkv[from], both ? qkv[from + 1] : 0);
    if (keep.rotate != 0) {
        uint at = (keep.angle + row) * p.rotary_stride + col;
        k = vec2(k.x * rotary[at] - k.y * rotary[at + 1], k.x * rotary[at + 1] + k.y * rotary[at]);
    }
    from += p.n_head_kv * HEAD_DIM;
    cache_k[to] = k.x;
    cache_v[to] = qkv[from];
    if (!both) return;
    cache_k[to + 1] = k.y;
    cache_v[to + 1] = qkv[from + 1];
}
