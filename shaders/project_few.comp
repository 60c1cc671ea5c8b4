/* project.comp for a few rows of x, as when an answer is written token by token: the weights are read once, and as fast as memory gives them. A
 * subgroup a column of the result, which it has for all rows; with PROJECT_GATE the gate and the up that belong together. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint ROWS = 1; /* of x, at most */
layout(constant_id = 1) const uint FORMAT = 0;
layout(constant_id = 2) const uint FLAGS = 0;

layout(push_constant) uniform Params { params_project p; };
layout(set = 0, binding = 1) readonly buffer X { ELEMENT4 x[]; };

#include "project_store.glsl"
#define WEIGHTS_BINDING 2
#include "weights.glsl"

/* Product of a weight row with each row of x, in all invocations. */
void multiply(uint weight_row, out float sum[ROWS])
{
    [[unroll]] for (uint i = 0; i < ROWS; i++) sum[i] = 0;
    uint cols = (p.cols + 31) & ~31u, quads = min(cols, p.x_stride) / 4;
    for (uint quad = 2 * gl_SubgroupInvocationID; quad < quads; quad += 2 * gl_SubgroupSize) { /* eight elements: whole words of any format */
        vec4 w = weight4(weight_row * p.w_stride, quad * 4, cols), w2 = weight4(weight_row * p.w_stride, quad * 4 + 4, cols);
        uint second = min(quad + 1, quads - 1); /* behind the row there are weights of 0 */
        [[unroll]] for (uint i = 0; i < ROWS; i++) {
            uint row = (p.x_row + min(i, p.n - 1)) * (p.x_stride / 4);
            sum[i] += dot(w, vec4(x[row + quad])) + dot(w2, vec4(x[row + second]));
        }
    }
    [[unroll]] for (uint i = 0; i < ROWS; i++) sum[i] = subgroupAdd(sum[i]);
}

void main()
{
    const bool gated = (FLAGS & PROJECT_GATE) != 0;
    uint column = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID, n_columns = gated ? p.rows / 2 : p.rows;
    if (column >= n_columns) return;
    float sum[ROWS], up[ROWS];
    multiply(column, sum);
    if (gated) multiply(n_columns + column, up);
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
        float v = gated ? gate_of(sum[i]) * up[i] : sum[i];
        if (i < p.n && subgroupElect()) store(i, column, v);
    }
}
