/* What the kinds of project.comp share: parameters and weights. Needs BN, FORMAT and FLAGS. */
layout(push_constant) uniform Params { params_project p; };

#define WEIGHTS_BINDING 2
#include "weights.glsl"

/* The weight row behind a column of the tile: the last one of its kind where there is none, for results that nobody writes. */
uint weight_row(uint column)
{
    if ((FLAGS & PROJECT_GATE) == 0) return min(gl_WorkGroupID.x * BN + column, p.rows - 1);
    uint half_rows = p.rows / 2, of_half = min(gl_WorkGroupID.x * (BN / 2) + column % (BN / 2), half_rows - 1);
    return column < BN / 2 ? of_half : half_rows + of_half;
}

uint padded_cols() { return (p.cols + 31) & ~31u; }
