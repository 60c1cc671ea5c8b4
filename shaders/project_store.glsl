/* Where single results of a product go: float32, added or not, or float16. Needs FLAGS and p. */
#include "project_result.glsl"

layout(set = 0, binding = 0) buffer Out { float result[]; };
#ifdef HALF
layout(set = 0, binding = 0) buffer OutHalf { float16_t result_half[]; };
#endif

void store(uint row, uint column, float v)
{
    uint at = (p.out_row + row) * p.out_stride + column;
    v = finish(column, v);
#ifdef HALF
    if ((FLAGS & PROJECT_HALF) != 0) {
        result_half[at] = float16_t(v);
        return;
    }
#endif
    if ((FLAGS & PROJECT_ADD) != 0) v += result[at];
    result[at] = v;
}
