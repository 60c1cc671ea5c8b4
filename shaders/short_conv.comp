/* A row of x is (b, c, v). g = b v goes to `kept`; out = c times the sum of its last rows, each times its own weights. Other invocations write the
 * rows before: what lies in this chunk is made again from x. */
#version 450
#extension GL_GOOGLE_include_directive : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 64) in;

layout(push_constant) uniform Params { params_conv p; };
layout(set = 0, binding = 0) writeonly buffer Out { ELEMENT result[]; };
layout(set = 0, binding = 1) readonly buffer X { ELEMENT x[]; };
layout(set = 0, binding = 2) buffer Kept { ELEMENT kept[]; };
layout(set = 0, binding = 3) readonly buffer Weights { float w[]; };

ELEMENT product(uint row, uint col)
{
    uint at = row * p.x_stride + col;
    return ELEMENT(float(x[at]) * float(x[at + 2 * p.cols]));
}

void main()
{
    uint row = gl_WorkGroupID.x, col = gl_WorkGroupID.y * 64 + gl_LocalInvocationIndex;
    if (col >= p.cols) return;
    ELEMENT own = product(row, col);
    float sum = w[(p.taps - 1) * p.cols + col] * float(own);
    for (uint back = 1; back < p.taps && back <= p.position + row; back++) {
        ELEMENT g = back <= row ? product(row - back, col) : kept[(p.position + row - back) * p.kept_stride + col];
        sum += w[(p.taps - 1 - back) * p.cols + col] * float(g);
    }
    kept[(p.position + row) * p.kept_stride + col] = own;
    result[row * p.out_stride + col] = ELEMENT(float(x[row * p.x_stride + p.cols + col]) * sum);
}
