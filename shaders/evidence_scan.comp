/* The evidence attention over stored keys: for every segment and question token, the log of the sum of e^(q . key). A workgroup takes one
 * segment and up to QUERIES tokens; an invocation has one token's query in registers and every LANES-th key of the segment, and the lanes of a
 * token are joined at the end by the rule of all partial softmaxes. Queries come scaled. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128;
layout(constant_id = 1) const uint QUERIES = 32; /* a power of two, at most THREADS */
layout(constant_id = 2) const uint WORDS = 16;   /* of a key: four int8 each */

layout(push_constant) uniform Params { params_scan p; };
layout(set = 0, binding = 0) readonly buffer Keys { uint keys[]; };
layout(set = 0, binding = 1) readonly buffer Starts { uint starts[]; };
layout(set = 0, binding = 2) readonly buffer Queries { vec4 queries[]; };
layout(set = 0, binding = 3) writeonly buffer Lse { float lse[]; };

const uint LANES = THREADS / QUERIES;

shared float tops[THREADS], sums[THREADS];

void main()
{
    uint tid = gl_LocalInvocationIndex, lane = tid / QUERIES, segment = gl_WorkGroupID.x;
    uint token = gl_WorkGroupID.y * QUERIES + tid % QUERIES;
    vec4 q[WORDS];
    [[unroll]] for (uint i = 0; i < WORDS; i++) q[i] = token < p.n_query ? queries[token * WORDS + i] : vec4(0);

    float top = uintBitsToFloat(0xff800000u), sum = 0;
    for (uint key = starts[segment] + lane; key < starts[segment + 1]; key += LANES) {
        float s = 0;
        [[unroll]] for (uint i = 0; i < WORDS; i++) {
            int word = int(keys[key * WORDS + i]);
            s += dot(q[i], vec4(bitfieldExtract(word, 0, 8), bitfieldExtract(word, 8, 8), bitfieldExtract(word, 16, 8),
                                bitfieldExtract(word, 24, 8)));
        }
        float high = max(top, s);
        sum = sum * exp(top - high) + exp(s - high);
        top = high;
    }
    tops[tid] = top;
    sums[tid] = sum;
    barrier();
    if (lane != 0 || token >= p.n_query) return;
    float high = top;
    for (uint i = 1; i < LANES; i++) high = max(high, tops[i * QUERIES + tid]);
    float total = 0;
    for (uint i = 0; i < LANES; i++)
        if (sums[i * QUERIES + tid] > 0) total += sums[i * QUERIES + tid] * exp(tops[i * QUERIES + tid] - high);
    lse[(p.row + segment) * p.stride + token] = total > 0 ? high + log(total) : uintBitsToFloat(0xff800000u);
}
