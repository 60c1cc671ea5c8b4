/* The q and k of a chunk, rotated for a branch that rotates: once a chunk, where tiles would do it for every key that they load. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint HEAD_DIM = 32;

layout(push_constant) uniform Params { params_rotate p; };
layout(set = 0, binding = 0) writeonly buffer Rotated { ELEMENT rotated[]; };
layout(set = 0, binding = 0) writeonly buffer Rotated4 { ELEMENT4 rotated4[]; };
layout(set = 0, binding = 1) readonly buffer Qkv { ELEMENT qkv[]; };
layout(set = 0, binding = 1) readonly buffer Qkv4 { ELEMENT4 qkv4[]; };
layout(set = 0, binding = 2) readonly buffer Rotary { float rotary[]; };
layout(set = 0, binding = 2) readonly buffer Rotary4 { vec4 rotary4[]; };

/* An invocation two pairs of columns, a pair being what rotates together. Where heads do not begin on four columns, and at the end of an odd
 * head, it goes element by element. */
void main()
{
    const uint quads = (HEAD_DIM + 3) / 4;
    uint row = gl_GlobalInvocationID.x / (p.n_head * quads), quad = gl_GlobalInvocationID.x % (p.n_head * quads);
    if (row >= p.n) return;
    uint col = quad % quads * 4, at = quad / quads * HEAD_DIM + col;
    uint from = row * p.qkv_stride + at, to = (p.first_row + row) * p.rotated_stride + at;
    uint angle = (p.angle + row) % p.wrap * p.rotary_stride + col;
    if (HEAD_DIM % 4 == 0) {
        vec4 v = vec4(qkv4[from / 4]), r = rotary4[angle / 4]; /* cos, sin, cos, sin */
        rotated4[to / 4] = ELEMENT4(v.x * r.x - v.y * r.y, v.x * r.y + v.y * r.x, v.z * r.z - v.w * r.w, v.z * r.w + v.w * r.z);
        return;
    }
    for (uint i = 0; i < 4 && col + i < HEAD_DIM; i += 2) {
        bool both = col + i + 1 < HEAD_DIM;
        vec2 v = vec2(qkv[from + i], both ? float(qkv[from + i + 1]) : 0);
        rotated[to + i] = ELEMENT(v.x * rotary[angle + i] - v.y * rotary[angle + i + 1]);
        if (both) rotated[to + i + 1] = ELEMENT(v.x * rotary[angle + i + 1] + v.y * rotary[angle + i]);
    }
}
