/* The q and k of a chunk, rotated for a branch that rotates: once a chunk, where tiles would do it for every key that they load. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "numbers.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_turn p; };
layout(set = 0, binding = 0) writeonly buffer Turned { NUMBER turned[]; };
layout(set = 0, binding = 1) readonly buffer Qkv { NUMBER qkv[]; };
layout(set = 0, binding = 2) readonly buffer Rotary { float rotary[]; };

/* An invocation a pair of columns: what rotates together. The last column of an odd head has no other. */
void main()
{
    const uint pairs = (HEAD_DIM + 1) / 2;
    uint row = gl_WorkGroupID.y, pair = gl_GlobalInvocationID.x;
    if (pair >= p.n_head * pairs) return;
    uint col = pair % pairs * 2, at = pair / pairs * HEAD_DIM + col;
    uint from = row * p.qkv_stride + at, to = (p.first_row + row) * p.turned_stride + at;
    uint angle = (p.angle + row) % p.wrap * p.rotary_stride + col;
    bool both = col + 1 < HEAD_DIM;
    vec2 v = vec2(qkv[from], both ? float(qkv[from + 1]) : 0);
    turned[to] = NUMBER(v.x * rotary[angle] - v.y * rotary[angle + 1]);
    if (both) turned[to + 1] = NUMBER(v.x * rotary[angle + 1] + v.y * rotary[angle]);
}
