/* attend.comp on matrix units. A subgroup has 16 queries of the tile: products give 16 x 16 scores, which pass through shared memory because
 * only there rows can be told apart; SUBGROUP / 16 invocations share a row of the softmax, and its probabilities go back as float16. The
 * output stays in accumulators. It is rescaled only when a row's maximum has grown by more than SLACK since the last time, which is
 * rare: a probability is then at most e^SLACK, well inside float16, and their sum is kept in float32.
 *
 * Queries lie in shared memory where later keys and values lie: BQ = 2 BK. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 128; /* SUBGROUP BQ / 16 */
layout(constant_id = 1) const uint BQ = 64;
layout(constant_id = 2) const uint BK = 32;
layout(constant_id = 3) const uint SUBGROUP = 32;
layout(constant_id = 4) const uint HEAD_DIM = 32;

#include "attend.glsl"

#define SIDE 16
#define SLACK 8.0
#define ACCUMULATOR coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>

const uint BLOCKS = (HEAD_DIM + 15) / 16; /* of columns of a head */
const uint QUADS = BLOCKS * 4;
const uint PITCH = QUADS + 2; /* 16-byte rows in different banks */
const uint S_PITCH = BK + 4;
const uint P_PITCH = BK / 4 + 2;
const uint SHARE = SUBGROUP / SIDE; /* invocations of a row */
const uint MINE = BK / SHARE;       /* keys of an invocation */

shared f16vec4 tile[2 * BK * PITCH]; /* keys, then values; before, the queries */
shared float scores[BQ * S_PITCH];   /* 16 rows a subgroup; also room for a block of its output */
shared f16vec4 probabilities[BQ * P_PITCH];

void main()
{
    t = tiles[p.first_tile + gl_WorkGroupID.x];
    uint first = gl_SubgroupID * SIDE;                       /* query of the tile */
    uint row = first + gl_SubgroupInvocationID / SHARE;      /* the invocation's own */
    uint part = gl_SubgroupInvocationID % SHARE;             /* and its part of that row */
    uint n_keys = t.n_cache + t.n_key, n_seen = count_keys(row);

    for (uint i = gl_LocalInvocationIndex; i < BQ * QUADS; i += THREADS)
        tile[i / QUADS * PITCH + i % QUADS] = f16vec4(i % QUADS * 4 < HEAD_DIM ? load_query(i / QUADS, i % QUADS) : vec4(0));
    barrier();
    coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> q[BLOCKS];
    [[unroll]] for (uint d = 0; d < BLOCKS; d++)
        coopMatLoad(q[d], tile, first * PITCH + d * SIDE / 4, PITCH, gl_CooperativeMatrixLayoutRowMajor);
    ACCUMULATOR acc[BLOCKS];
    [[unroll]] for (uint d = 0; d < BLOCKS; d++) acc[d] = ACCUMULATOR(0);
    float reference = uintBitsToFloat(0xff800000u), sum = 0; /* of the row; sum: of the invocation's keys */

    for (uint begin = 0; begin < n_keys; begin += BK) {
        barrier();
        for (uint i = gl_LocalInvocationIndex; i < 2 * BK * QUADS; i += THREADS) {
            uint key = begin + i / QUADS % BK, quad = i % QUADS;
            vec4 v = vec4(0);
            if (quad * 4 < HEAD_DIM) v = i < BK * QUADS ? load_key(key, quad) : load_value(key, quad);
            tile[i / QUADS * PITCH + quad] = f16vec4(v);
        }
        barrier();

        [[unroll]] for (uint j = 0; j < BK / SIDE; j++) {
            ACCUMULATOR s = ACCUMULATOR(0);
            [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
                coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> k;
                coopMatLoad(k, tile, j * SIDE * PITCH + d * SIDE / 4, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
                s = coopMatMulAdd(q[d], k, s);
            }
            coopMatStore(s, scores, first * S_PITCH + j * SIDE, S_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        }
        subgroupBarrier();

        float s[MINE], high = uintBitsToFloat(0xff800000u);
        [[unroll]] for (uint i = 0; i < MINE; i++) {
            uint key = part * MINE + i;
            s[i] = begin + key < n_seen ? scores[row * S_PITCH + key] : uintBitsToFloat(0xff800000u);
            high = max(high, s[i]);
        }
        [[unroll]] for (uint mask = 1; mask < SHARE; mask *= 2) high = max(high, subgroupShuffleXor(high, mask));
        if (subgroupAny(high > reference + SLACK)) {
            float raised = max(high, reference), scale = exp(reference - raised);
            reference = raised;
            sum *= scale;
            subgroupBarrier(); /* the scores are read: their room is free */
            if (begin > 0) {
                [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
                    coopMatStore(acc[d], scores, first * S_PITCH, S_PITCH, gl_CooperativeMatrixLayoutRowMajor);
                    subgroupBarrier();
                    for (uint i = part; i < SIDE; i += SHARE) scores[row * S_PITCH + i] *= scale;
                    subgroupBarrier();
                    coopMatLoad(acc[d], scores, first * S_PITCH, S_PITCH, gl_CooperativeMatrixLayoutRowMajor);
                    subgroupBarrier();
                }
            }
        }
        [[unroll]] for (uint i = 0; i < MINE; i += 4) {
            vec4 e = exp(vec4(s[i], s[i + 1], s[i + 2], s[i + 3]) - reference);
            f16vec4 rounded = f16vec4(e);
            sum += dot(vec4(rounded), vec4(1)); /* what is multiplied is what is summed */
            probabilities[row * P_PITCH + (part * MINE + i) / 4] = rounded;
        }
        subgroupBarrier();

        [[unroll]] for (uint j = 0; j < BK / SIDE; j++) {
            coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> e;
            coopMatLoad(e, probabilities, first * P_PITCH + j * SIDE / 4, P_PITCH, gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
                coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> v;
                coopMatLoad(v, tile, (BK + j * SIDE) * PITCH + d * SIDE / 4, PITCH, gl_CooperativeMatrixLayoutRowMajor);
                acc[d] = coopMatMulAdd(e, v, acc[d]);
            }
        }
    }

    [[unroll]] for (uint mask = 1; mask < SHARE; mask *= 2) sum += subgroupShuffleXor(sum, mask);
    [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
        subgroupBarrier();
        coopMatStore(acc[d], scores, first * S_PITCH, S_PITCH, gl_CooperativeMatrixLayoutRowMajor);
        subgroupBarrier();
        for (uint i = part; i < SIDE; i += SHARE)
            if (row < t.n_query && d * SIDE + i < HEAD_DIM) store_result(row, d * SIDE + i, scores[row * S_PITCH + i] / sum);
    }
    if (part == 0 && row < t.n_query) store_lse(row, reference + log(sum));
}
