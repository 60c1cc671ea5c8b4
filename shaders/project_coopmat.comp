/* project.comp on matrix units: products of 16 x 16 x 16, float16 into float32, one subgroup each. A subgroup has FM by FN products of the
 * tile; with PROJECT_GATE the first half of its columns are gates and the second half the ups that belong to them, which the two
 * accumulators hold at the same places. Rows of shared memory are 10 quads apart: 16-byte rows without bank conflicts. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#define SHARED4 f16vec4
#define WEIGHT4 weight4_half
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256; /* subgroup size (BM / (16 FM)) (BN / (16 FN)) */
layout(constant_id = 1) const uint BM = 128;
layout(constant_id = 2) const uint BN = 128;
layout(constant_id = 3) const uint FM = 4;
layout(constant_id = 4) const uint FN = 2;
layout(constant_id = 5) const uint FORMAT = 0;
layout(constant_id = 6) const uint FLAGS = 0;
layout(constant_id = 7) const uint SUBGROUP = 32;

#include "project.glsl"

const uint PITCH = QUADS + 2;
#define SIDE 16
const uint ACROSS = BN / (SIDE * FN); /* subgroups side by side */

shared f16vec4 tile_a[BM * PITCH];
shared f16vec4 tile_b[BN * PITCH];
shared float edge[THREADS / SUBGROUP * SIDE * SIDE]; /* a product that hangs over the end of the result */

#define ACCUMULATOR coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>

/* Tile column at which product j of a subgroup begins. */
uint tile_column(uint j)
{
    uint at = gl_SubgroupID % ACROSS;
    if ((FLAGS & PROJECT_GATE) == 0) return (at * FN + j) * SIDE;
    return j < FN / 2 ? (at * FN / 2 + j) * SIDE : BN / 2 + (at * FN / 2 + j - FN / 2) * SIDE;
}

/* Writes one product to rows and columns of the result from (row, column) on, of which there are n_columns. */
void store_product(ACCUMULATOR sum, uint row, uint column, uint n_columns)
{
    if (row >= p.n || column >= n_columns) return;
    uint at = (p.out_row + row) * p.out_stride + column;
    if (row + SIDE <= p.n && column + SIDE <= n_columns) {
        if ((FLAGS & PROJECT_ADD) != 0) {
            ACCUMULATOR old;
            coopMatLoad(old, result, at, p.out_stride, gl_CooperativeMatrixLayoutRowMajor);
            sum += old;
        }
        coopMatStore(sum, result, at, p.out_stride, gl_CooperativeMatrixLayoutRowMajor);
        return;
    }
    uint mine = gl_SubgroupID * SIDE * SIDE;
    coopMatStore(sum, edge, mine, SIDE, gl_CooperativeMatrixLayoutRowMajor);
    subgroupBarrier();
    for (uint i = gl_SubgroupInvocationID; i < SIDE * SIDE; i += gl_SubgroupSize) {
        uint r = i / SIDE, c = i % SIDE;
        if (row + r >= p.n || column + c >= n_columns) continue;
        float v = edge[mine + i];
        if ((FLAGS & PROJECT_ADD) != 0) v += result[at + r * p.out_stride + c];
        result[at + r * p.out_stride + c] = v;
    }
    subgroupBarrier();
}

void main()
{
    uint tid = gl_LocalInvocationIndex, steps = (p.cols + 31) / 32;
    uint first_row = gl_SubgroupID / ACROSS * FM * SIDE;
    f16vec4 next_a[LOAD_A], next_b[LOAD_B];
    ACCUMULATOR sum[FM * FN];
    [[unroll]] for (uint i = 0; i < FM * FN; i++) sum[i] = ACCUMULATOR(0);
    [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = f16vec4(load_a(tid + i * THREADS, 0));
    [[unroll]] for (uint i = 0; i < LOAD_B; i++) next_b[i] = load_b(tid + i * THREADS, 0);

    for (uint step = 0; step < steps; step++) {
        barrier();
        [[unroll]] for (uint i = 0; i < LOAD_A; i++) {
            uint at = tid + i * THREADS;
            if (at < BM * QUADS) tile_a[at / QUADS * PITCH + at % QUADS] = next_a[i];
        }
        [[unroll]] for (uint i = 0; i < LOAD_B; i++) {
            uint at = tid + i * THREADS;
            if (at < BN * QUADS) tile_b[at / QUADS * PITCH + at % QUADS] = next_b[i];
        }
        barrier();
        if (step + 1 < steps) {
            [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = f16vec4(load_a(tid + i * THREADS, step + 1));
            [[unroll]] for (uint i = 0; i < LOAD_B; i++) next_b[i] = load_b(tid + i * THREADS, step + 1);
        }
        [[unroll]] for (uint k = 0; k < 2; k++) {
            coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> a[FM];
            [[unroll]] for (uint i = 0; i < FM; i++)
                coopMatLoad(a[i], tile_a, (first_row + i * SIDE) * PITCH + k * SIDE / 4, PITCH, gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint j = 0; j < FN; j++) {
                coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> b;
                coopMatLoad(b, tile_b, tile_column(j) * PITCH + k * SIDE / 4, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
                [[unroll]] for (uint i = 0; i < FM; i++) sum[i * FN + j] = coopMatMulAdd(a[i], b, sum[i * FN + j]);
            }
        }
    }

    uint row = gl_WorkGroupID.y * BM + first_row;
    [[unroll]] for (uint i = 0; i < FM; i++) {
        if ((FLAGS & PROJECT_GATE) != 0) {
            [[unroll]] for (uint j = 0; j < FN / 2; j++) {
                ACCUMULATOR gate = sum[i * FN + j];
                ACCUMULATOR up = sum[i * FN + j + FN / 2];
                for (uint k = 0; k < gate.length(); k++) gate[k] = gate[k] / (1 + exp(-gate[k])) * up[k];
                store_product(gate, row + i * SIDE, gl_WorkGroupID.x * (BN / 2) + tile_column(j), p.rows / 2);
            }
        } else {
            [[unroll]] for (uint j = 0; j < FN; j++)
                store_product(sum[i * FN + j], row + i * SIDE, gl_WorkGroupID.x * BN + tile_column(j), p.rows);
        }
    }
}
