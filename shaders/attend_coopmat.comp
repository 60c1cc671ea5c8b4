/* attend.comp on matrix units. A subgroup has 16 queries of the tile. Scores stay in the registers of their accumulators, and become the left
 * operand of the product with the values there: this needs to know which row and column an invocation's elements have, which Vulkan
 * leaves to the device. shaders/fragment.glsl says what NVIDIA's have, for accumulators and left operands alike; coopmat_fragment.comp asks a
 * device, and the plain kernel serves those that answer otherwise. Logits are in base 2: exp2 is what devices have. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 256; /* 2 BQ */
layout(constant_id = 1) const uint BQ = 128;
layout(constant_id = 2) const uint BK = 64;
layout(constant_id = 3) const uint HEAD_DIM = 64; /* a multiple of 8 */

layout(set = 0, binding = 1) readonly buffer Qkv { uvec4 qkv[]; };
layout(set = 0, binding = 2) readonly buffer CacheK { uvec4 cache_k[]; };
layout(set = 0, binding = 3) readonly buffer CacheV { uvec4 cache_v[]; };
layout(set = 0, binding = 4) readonly buffer Rotated { uvec4 rotated[]; };
layout(set = 0, binding = 5) writeonly buffer OutPairs { uint result_pairs[]; };
layout(set = 0, binding = 7) writeonly buffer PartialPairs { vec2 partial_pairs[]; };

#include "attend.glsl"
#include "fragment.glsl"

#define LOG2_E 1.44269504088896340736
#define NOTHING uintBitsToFloat(0xff800000u) /* -infinity */

const uint BLOCKS = (HEAD_DIM + 15) / 16; /* of columns of a head */
const uint OCTETS = BLOCKS * 2;           /* 8 columns, 16 bytes */
const uint PITCH = OCTETS + 1;            /* neighbouring rows in other banks */
const uint TOGETHER = 2;                  /* 16s of keys whose scores are in registers */
const uint LOADS = (BK * OCTETS + THREADS - 1) / THREADS;

shared uvec4 tile[(2 * BK > BQ ? 2 * BK : BQ) * PITCH]; /* keys, then values; before, the queries */

/* Keys past the end are the last one again, whose scores are masked. */
uvec4 load_key(uint key, uint octet)
{
    key = min(key, t.n_cache + t.n_key - 1);
    if (octet * 8 >= HEAD_DIM) return uvec4(0);
    if (key < t.n_cache) return cache_k[(t.cache_row + key) * (p.cache_stride / 8) + octet];
    return t.rotated == NONE ? qkv[key_at(key) / 8 + octet] : rotated[key_at(key) / 8 + octet];
}

uvec4 load_value(uint key, uint octet)
{
    key = min(key, t.n_cache + t.n_key - 1);
    if (octet * 8 >= HEAD_DIM) return uvec4(0);
    if (key < t.n_cache) return cache_v[(t.cache_row + key) * (p.cache_stride / 8) + octet];
    return qkv[value_at(key) / 8 + octet];
}

/* Of the four invocations that share a row. */
float row_max(float v)
{
    v = max(v, subgroupShuffleXor(v, 1));
    return max(v, subgroupShuffleXor(v, 2));
}

float row_sum(float v)
{
    v += subgroupShuffleXor(v, 1);
    return v + subgroupShuffleXor(v, 2);
}

/* Scaled. */
uvec4 load_query(uint i, uint octet)
{
    if (octet * 8 >= HEAD_DIM || i >= t.n_query) return uvec4(0);
    uvec4 v = t.rotated == NONE ? qkv[query_at(i) / 8 + octet] : rotated[query_at(i) / 8 + octet];
    [[unroll]] for (uint k = 0; k < 4; k++) v[k] = packHalf2x16(p.scale * LOG2_E * unpackHalf2x16(v[k]));
    return v;
}

void main()
{
    t = tiles[p.first_tile + gl_WorkGroupID.x];
    locate_rows();
    const uint tid = gl_LocalInvocationIndex, first = gl_SubgroupID * SIDE; /* query of the tile */
    const uint n_keys = t.n_cache + t.n_key;
    uint n_seen[2]; /* by the two rows of which an invocation has elements */
    [[unroll]] for (uint h = 0; h < 2; h++) n_seen[h] = count_keys(first + fragment_row(h));
    /* Keys that all queries of the subgroup see, and that any does: what is between is masked, what is behind left out. */
    const uint all_see = count_keys(first);
    const uint any_sees = first >= t.n_query ? 0 : count_keys(min(first + SIDE, t.n_query) - 1);

    for (uint i = tid; i < BQ * OCTETS; i += THREADS) tile[i / OCTETS * PITCH + i % OCTETS] = load_query(i / OCTETS, i % OCTETS);
    barrier();
    LEFT q[BLOCKS];
    ACCUMULATOR acc[BLOCKS];
    [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
        coopMatLoad(q[d], tile, first * PITCH + d * 2, PITCH, gl_CooperativeMatrixLayoutRowMajor);
        acc[d] = ACCUMULATOR(0);
    }
    float top[2] = {NOTHING, NOTHING}, sum[2] = {0, 0}; /* sum: of the invocation's keys */

    for (uint begin = 0; begin < n_keys; begin += BK) {
        barrier();
        uvec4 next[2 * LOADS];
        [[unroll]] for (uint i = 0; i < LOADS; i++) {
            uint at = tid + i * THREADS;
            next[2 * i] = load_key(begin + at / OCTETS, at % OCTETS);
            next[2 * i + 1] = load_value(begin + at / OCTETS, at % OCTETS);
        }
        [[unroll]] for (uint i = 0; i < LOADS; i++) {
            uint at = tid + i * THREADS;
            if (BK * OCTETS % THREADS != 0 && at >= BK * OCTETS) continue;
            tile[at / OCTETS * PITCH + at % OCTETS] = next[2 * i];
            tile[(BK + at / OCTETS) * PITCH + at % OCTETS] = next[2 * i + 1];
        }
        barrier();

        [[unroll]] for (uint part = 0; part < BK; part += TOGETHER * SIDE) {
            if (begin + part >= any_sees) break;
            ACCUMULATOR s[TOGETHER];
            [[unroll]] for (uint j = 0; j < TOGETHER; j++) {
                s[j] = ACCUMULATOR(0);
                [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
                    RIGHT k;
                    coopMatLoad(k, tile, (part + j * SIDE) * PITCH + d * 2, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
                    s[j] = coopMatMulAdd(q[d], k, s[j]);
                }
            }
            if (begin + part + TOGETHER * SIDE > all_see)
                [[unroll]] for (uint j = 0; j < TOGETHER; j++)
                    [[unroll]] for (uint e = 0; e < FRAGMENT; e++)
                        if (begin + part + j * SIDE + fragment_column(e) >= n_seen[fragment_half(e)]) s[j][e] = NOTHING;

            float high[2] = {NOTHING, NOTHING};
            [[unroll]] for (uint j = 0; j < TOGETHER; j++)
                [[unroll]] for (uint e = 0; e < FRAGMENT; e++) high[fragment_half(e)] = max(high[fragment_half(e)], s[j][e]);
            [[unroll]] for (uint h = 0; h < 2; h++) high[h] = row_max(high[h]);
            float scale[2];
            [[unroll]] for (uint h = 0; h < 2; h++) {
                high[h] = max(high[h], top[h]);
                scale[h] = exp2(top[h] - high[h]);
                top[h] = high[h];
                sum[h] *= scale[h];
            }
            [[unroll]] for (uint d = 0; d < BLOCKS; d++)
                [[unroll]] for (uint e = 0; e < FRAGMENT; e++) acc[d][e] *= scale[fragment_half(e)];

            [[unroll]] for (uint j = 0; j < TOGETHER; j++) {
                LEFT probability;
                [[unroll]] for (uint e = 0; e < FRAGMENT; e++) {
                    float v = exp2(s[j][e] - top[fragment_half(e)]);
                    sum[fragment_half(e)] += v;
                    probability[e] = float16_t(v);
                }
                [[unroll]] for (uint d = 0; d < BLOCKS; d++) {
                    RIGHT v;
                    coopMatLoad(v, tile, (BK + part + j * SIDE) * PITCH + d * 2, PITCH, gl_CooperativeMatrixLayoutRowMajor);
                    acc[d] = coopMatMulAdd(probability, v, acc[d]);
                }
            }
        }
    }

    [[unroll]] for (uint h = 0; h < 2; h++) {
        const uint query = first + fragment_row(h);
        const float total = row_sum(sum[h]);
        if (query >= t.n_query) continue;
        const uint row = partial_row(query);
        [[unroll]] for (uint d = 0; d < BLOCKS; d++)
            [[unroll]] for (uint e = 0; e < 4; e += 2) { /* pairs of columns; a bound with h in it is not unrolled everywhere */
                const uint col = d * SIDE + fragment_column(e);
                if (col >= HEAD_DIM) continue;
                const vec2 v = vec2(acc[d][4 * h + e], acc[d][4 * h + e + 1]) / total;
                if (row == NONE) result_pairs[(result_at(query) + col) / 2] = packHalf2x16(v);
                else partial_pairs[(row * HEAD_DIM + col) / 2] = v;
            }
        if (fragment_column(0) == 0) store_lse(query, row, (top[h] + log2(total)) / LOG2_E);
    }
}
