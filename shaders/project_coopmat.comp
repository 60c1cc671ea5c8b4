/* project.comp on matrix units: products of 16 x 16 x 16, float16 into float32, one subgroup each. A subgroup has FM by FN products of the tile;
 * with PROJECT_GATE the first half of its columns are gates and the second half the ups that belong to them, which the two accumulators
 * hold at the same places. All that passes between memory and shared memory are 16-byte words ("octets" of float16). A row of a
 * tile is 8 of them and one more, and so lies in other banks than its neighbours. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256; /* SUBGROUP (BM / (16 FM)) (BN / (16 FN)) */
layout(constant_id = 1) const uint BM = 128;
layout(constant_id = 2) const uint BN = 128;
layout(constant_id = 3) const uint FM = 4;
layout(constant_id = 4) const uint FN = 2;
layout(constant_id = 5) const uint FORMAT = 0;
layout(constant_id = 6) const uint FLAGS = 0;
layout(constant_id = 7) const uint SUBGROUP = 32;

layout(set = 0, binding = 0) buffer Out { uvec4 result[]; };
layout(set = 0, binding = 0) buffer OutWords { float result_words[]; };
layout(set = 0, binding = 0) buffer OutHalf { float16_t result_half[]; };
layout(set = 0, binding = 1) readonly buffer X { uvec4 x[]; };

#include "project.glsl"
#include "project_result.glsl"

#define SIDE 16
#define ACCUMULATOR coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>

const uint OCTETS = 8; /* of a row a step */
const uint PITCH = OCTETS + 1;
const uint LOAD_A = (BM * OCTETS + THREADS - 1) / THREADS, LOAD_B = (BN * OCTETS + THREADS - 1) / THREADS;
const uint ACROSS = BN / (SIDE * FN); /* subgroups side by side */
const uint PRODUCTS = (FLAGS & PROJECT_GATE) != 0 ? FN / 2 : FN; /* of a subgroup's row of products, as they are written */
const uint COLUMNS = (FLAGS & PROJECT_GATE) != 0 ? BN / 2 : BN;
const uint STRIP = PRODUCTS * 4 + 1; /* a row of them in float32, in 16-byte words, and one more */
const uint TILES = (BM + BN) * PITCH, STRIPS = THREADS / SUBGROUP * SIDE * STRIP;

shared uvec4 tile[TILES > STRIPS ? TILES : STRIPS]; /* x, then W; at the end a strip of results a subgroup */

uvec4 load_a(uint i, uint step)
{
    uint row = min(gl_WorkGroupID.y * BM + i / OCTETS, p.n - 1), octet = step * OCTETS + i % OCTETS;
    return octet < p.x_stride / 8 ? x[(p.x_row + row) * (p.x_stride / 8) + octet] : uvec4(0);
}

uvec4 load_b(uint i, uint step)
{
    uint col = (step * OCTETS + i % OCTETS) * 8, cols = padded_cols();
    return col < cols ? weight8(weight_row(i / OCTETS) * p.w_stride, col, cols) : uvec4(0);
}

/* Tile column at which product j of a subgroup begins. */
uint tile_column(uint j)
{
    uint at = gl_SubgroupID % ACROSS;
    if ((FLAGS & PROJECT_GATE) == 0) return (at * FN + j) * SIDE;
    return j < FN / 2 ? (at * FN / 2 + j) * SIDE : BN / 2 + (at * FN / 2 + j - FN / 2) * SIDE;
}

void store_number(uint row, uint column, float v)
{
    uint at = (p.out_row + row) * p.out_stride + column;
    v = finish(column, v);
    if ((FLAGS & PROJECT_HALF) != 0) result_half[at] = float16_t(v);
    else result_words[at] = (FLAGS & PROJECT_ADD) != 0 ? result_words[at] + v : v;
}

/* Eight neighbours of a row of results. */
void store(uint row, uint column, vec4 a, vec4 b)
{
    const uint n_columns = (FLAGS & PROJECT_GATE) != 0 ? p.rows / 2 : p.rows;
    uint at = (p.out_row + row) * p.out_stride + column;
    if (row >= p.n) return;
    if (column + 8 > n_columns) {
        [[unroll]] for (uint k = 0; k < 8; k++)
            if (column + k < n_columns) store_number(row, column + k, k < 4 ? a[k & 3] : b[k & 3]);
        return;
    }
    if ((FLAGS & (PROJECT_BIAS | PROJECT_GELU)) != 0)
        [[unroll]] for (uint k = 0; k < 4; k++) {
            a[k] = finish(column + k, a[k]);
            b[k] = finish(column + 4 + k, b[k]);
        }
    if ((FLAGS & PROJECT_HALF) != 0) {
        result[at / 8] = uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
    } else {
        if ((FLAGS & PROJECT_ADD) != 0) {
            a += uintBitsToFloat(result[at / 4]);
            b += uintBitsToFloat(result[at / 4 + 1]);
        }
        result[at / 4] = floatBitsToUint(a);
        result[at / 4 + 1] = floatBitsToUint(b);
    }
}

void main()
{
    uint tid = gl_LocalInvocationIndex, steps = (p.cols + OCTETS * 8 - 1) / (OCTETS * 8);
    uint first_row = gl_SubgroupID / ACROSS * FM * SIDE;
    uvec4 next_a[LOAD_A], next_b[LOAD_B];
    ACCUMULATOR sum[FM * FN];
    [[unroll]] for (uint i = 0; i < FM * FN; i++) sum[i] = ACCUMULATOR(0);
    [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = load_a(tid + i * THREADS, 0);
    [[unroll]] for (uint i = 0; i < LOAD_B; i++) next_b[i] = load_b(tid + i * THREADS, 0);

    for (uint step = 0; step < steps; step++) {
        barrier();
        [[unroll]] for (uint i = 0; i < LOAD_A; i++) {
            uint at = tid + i * THREADS;
            if (BM * OCTETS % THREADS == 0 || at < BM * OCTETS) tile[at / OCTETS * PITCH + at % OCTETS] = next_a[i];
        }
        [[unroll]] for (uint i = 0; i < LOAD_B; i++) {
            uint at = tid + i * THREADS;
            if (BN * OCTETS % THREADS == 0 || at < BN * OCTETS) tile[(BM + at / OCTETS) * PITCH + at % OCTETS] = next_b[i];
        }
        barrier();
        if (step + 1 < steps) {
            [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = load_a(tid + i * THREADS, step + 1);
            [[unroll]] for (uint i = 0; i < LOAD_B; i++) next_b[i] = load_b(tid + i * THREADS, step + 1);
        }
        [[unroll]] for (uint k = 0; k < OCTETS; k += 2) {
            coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> a[FM];
            [[unroll]] for (uint i = 0; i < FM; i++)
                coopMatLoad(a[i], tile, (first_row + i * SIDE) * PITCH + k, PITCH, gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint j = 0; j < FN; j++) {
                coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> b;
                coopMatLoad(b, tile, (BM + tile_column(j)) * PITCH + k, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
                [[unroll]] for (uint i = 0; i < FM; i++) sum[i * FN + j] = coopMatMulAdd(a[i], b, sum[i * FN + j]);
            }
        }
    }
    barrier();

    /* Results go through shared memory: what a subgroup writes are then whole rows, and any that hang over the end are cut there. */
    uint own = gl_SubgroupID * SIDE * STRIP, top = gl_WorkGroupID.y * BM + first_row, left = gl_WorkGroupID.x * COLUMNS + tile_column(0);
    [[unroll]] for (uint i = 0; i < FM; i++) {
        [[unroll]] for (uint j = 0; j < PRODUCTS; j++) {
            ACCUMULATOR v = sum[i * FN + j];
            if ((FLAGS & PROJECT_GATE) != 0) {
                ACCUMULATOR up = sum[i * FN + j + PRODUCTS];
                for (uint k = 0; k < v.length(); k++) v[k] = gate_of(v[k]) * up[k];
            }
            coopMatStore(v, tile, own + j * 4, STRIP, gl_CooperativeMatrixLayoutRowMajor);
        }
        subgroupBarrier();
        [[unroll]] for (uint turn = 0; turn < SIDE * PRODUCTS * 2; turn += SUBGROUP) {
            uint at = turn + gl_SubgroupInvocationID, r = at / (PRODUCTS * 2), c = at % (PRODUCTS * 2);
            if (SIDE * PRODUCTS * 2 % SUBGROUP == 0 || at < SIDE * PRODUCTS * 2)
                store(top + i * SIDE + r, left + c * 8, uintBitsToFloat(tile[own + r * STRIP + c * 2]),
                      uintBitsToFloat(tile[own + r * STRIP + c * 2 + 1]));
        }
        subgroupBarrier();
    }
}
