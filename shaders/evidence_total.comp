/* The log of the sum of e^lse over all segments, by question token: a workgroup takes every GROUPS-th stretch of segments for one token and
 * leaves one number, and the host joins the few that there are. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128;

layout(push_constant) uniform Params { params_total p; };
layout(set = 0, binding = 0) readonly buffer Lse { float lse[]; };
layout(set = 0, binding = 1) writeonly buffer Parts { float parts[]; };

shared float tops[THREADS], sums[THREADS];

void main()
{
    const float nothing = uintBitsToFloat(0xff800000u);
    uint tid = gl_LocalInvocationIndex, token = gl_WorkGroupID.y;
    float top = nothing, sum = 0;
    for (uint i = gl_WorkGroupID.x * THREADS + tid; i < p.n; i += gl_NumWorkGroups.x * THREADS) {
        float x = lse[i * p.stride + token];
        if (!(x > nothing)) continue;
        float high = max(top, x);
        sum = sum * exp(top - high) + exp(x - high);
        top = high;
    }
    tops[tid] = top;
    sums[tid] = sum;
    for (uint step = THREADS / 2; step > 0; step /= 2) {
        barrier();
        if (tid >= step || !(tops[tid + step] > nothing)) continue;
        float high = max(tops[tid], tops[tid + step]);
        sums[tid] = sums[tid] * exp(tops[tid] - high) + sums[tid + step] * exp(tops[tid + step] - high);
        tops[tid] = high;
    }
    if (tid == 0) parts[gl_WorkGroupID.x * gl_NumWorkGroups.y + token] = sums[0] > 0 ? tops[0] + log(sums[0]) : nothing;
}
