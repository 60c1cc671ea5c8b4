/* What the kinds of project.comp share: parameters, and the loading of both operands. A step is 32 columns, 8 quads a row. Needs THREADS, BM, BN,
 * FORMAT and FLAGS. */
layout(push_constant) uniform Params { params_project p; };
layout(set = 0, binding = 0) buffer Out { float result[]; };
layout(set = 0, binding = 1) readonly buffer X { vec4 x[]; };
layout(set = 0, binding = 3) readonly buffer Norm { vec4 norm[]; };
layout(set = 0, binding = 4) readonly buffer Scale { float scale[]; };

const uint QUADS = 8;
const uint LOAD_A = (BM * QUADS + THREADS - 1) / THREADS, LOAD_B = (BN * QUADS + THREADS - 1) / THREADS;

#define WEIGHTS_BINDING 2
#include "weights.glsl"

/* The weight row behind a column of the tile; p.rows or more where there is none. */
uint weight_row(uint column)
{
    if ((FLAGS & PROJECT_GATE) == 0) return gl_WorkGroupID.x * BN + column;
    uint half_rows = p.rows / 2, of_half = gl_WorkGroupID.x * (BN / 2) + column % (BN / 2);
    if (of_half >= half_rows) return p.rows;
    return column < BN / 2 ? of_half : half_rows + of_half;
}

vec4 load_a(uint i, uint step)
{
    uint row = gl_WorkGroupID.y * BM + i / QUADS, quad = step * QUADS + i % QUADS;
    if (row >= p.n || quad >= p.x_stride / 4) return vec4(0);
    vec4 v = x[(p.x_row + row) * (p.x_stride / 4) + quad];
    if ((FLAGS & PROJECT_NORM) != 0) v *= norm[quad] * scale[p.scale_row + row];
    return v;
}

SHARED4 load_b(uint i, uint step)
{
    uint row = weight_row(i / QUADS);
    if (row >= p.rows) return SHARED4(0);
    return WEIGHT4(row * p.w_stride, step * 32 + i % QUADS * 4, (p.cols + 31) & ~31u);
}
