/* Score and share of segments from the log of their mass before the softmax (models/FORMAT.md): an invocation takes one segment. A token's total is
 * split into `high` and a factor e^-low, so that large logits lose nothing. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128;

struct Token {
    float high, factor, gate, unused;
};

layout(push_constant) uniform Params { params_score p; };
layout(set = 0, binding = 0) readonly buffer Lse { float lse[]; };
layout(set = 0, binding = 1) readonly buffer Tokens { Token tokens[]; };
layout(set = 0, binding = 2) writeonly buffer Scores { float scores[]; }; /* n scores, then n shares */

float log1p(float x)
{
    return x < 1e-2 ? x - x * x * (0.5 - x * (1.0 / 3.0 - 0.25 * x)) : log(1 + x);
}

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i >= p.n) return;
    float score = 0, share = 0;
    for (uint t = 0; t < p.n_query; t++) {
        float above = lse[(p.row + i) * p.stride + t] - tokens[t].high, mass = exp(above) * tokens[t].factor;
        score += tokens[t].gate * (p.per_eps >= 0 ? log1p(mass * p.per_eps) : max(above + log(tokens[t].factor), -1e4));
        share += tokens[t].gate * mass;
    }
    scores[i] = score;
    scores[p.n + i] = share;
}
