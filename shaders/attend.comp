/* Dilated attention, flash style: a workgroup a tile (struct attend_tile): up to BQ queries of one head, branch and segment, over all the keys
 * that they see, with an online softmax. Scores never leave the workgroup. Where one branch with r = 1 covers a row alone, what it gives
 * goes straight to out and lse; all else to rows of partial results that attend_join.comp joins: these are few, n / r a branch.
 *
 * Eight invocations share TQ queries: each has BK / 8 of their scores, and an eighth of the columns of their outputs; the softmax's
 * maximum and sum over the keys are shuffles among the eight. Keys and then values pass through the same shared tile. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "elements.glsl"
#include "params.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 64; /* 8 BQ / TQ */
layout(constant_id = 1) const uint BQ = 32;
layout(constant_id = 2) const uint BK = 32;
layout(constant_id = 3) const uint TQ = 4;
layout(constant_id = 4) const uint HEAD_DIM = 32;

layout(set = 0, binding = 1) readonly buffer Qkv { ELEMENT qkv[]; };
layout(set = 0, binding = 1) readonly buffer Qkv4 { ELEMENT4 qkv4[]; };
layout(set = 0, binding = 2) readonly buffer CacheK { ELEMENT4 cache_k[]; };
layout(set = 0, binding = 3) readonly buffer CacheV { ELEMENT4 cache_v[]; };
layout(set = 0, binding = 4) readonly buffer Rotated { ELEMENT rotated[]; };
layout(set = 0, binding = 4) readonly buffer Rotated4 { ELEMENT4 rotated4[]; };

#include "attend.glsl"

#define LEAST -1e30 /* below every score; unlike -infinity it can be taken from itself, where a query has seen no key yet */

const uint QUADS = (HEAD_DIM + 3) / 4;
const uint PITCH = QUADS | 1; /* odd: neighbouring rows lie in different banks */
const uint KEYS = BK / 8;     /* of an invocation */
const uint PARTS = (QUADS + 7) / 8;
const uint P_PITCH = BK + 1;

shared ELEMENT4 tile_q[BQ * PITCH];
shared ELEMENT4 tile_kv[BK * PITCH];
shared float tile_p[BQ * P_PITCH];

/* Columns [4 quad, 4 quad + 4) of a head that begins at `at`; columns past the head are 0. */
ELEMENT4 load_chunk(bool is_rotated, uint at, uint quad)
{
    at += quad * 4;
    if (HEAD_DIM % 4 == 0) return is_rotated ? rotated4[at / 4] : qkv4[at / 4];
    ELEMENT4 v = ELEMENT4(0);
    [[unroll]] for (uint k = 0; k < 4; k++)
        if (quad * 4 + k < HEAD_DIM) v[k] = is_rotated ? rotated[at + k] : qkv[at + k];
    return v;
}

ELEMENT4 load_key(uint key, uint quad)
{
    if (key >= t.n_cache + t.n_key) return ELEMENT4(0);
    if (key < t.n_cache) return cache_k[(t.cache_row + key) * (p.cache_stride / 4) + quad];
    return load_chunk(t.rotated != NONE, key_at(key), quad);
}

ELEMENT4 load_value(uint key, uint quad)
{
    if (key >= t.n_cache + t.n_key) return ELEMENT4(0);
    if (key < t.n_cache) return cache_v[(t.cache_row + key) * (p.cache_stride / 4) + quad];
    return load_chunk(false, value_at(key), quad);
}

/* Query i of the tile, scaled. */
ELEMENT4 load_query(uint i, uint quad)
{
    if (i >= t.n_query) return ELEMENT4(0);
    return ELEMENT4(p.scale * vec4(load_chunk(t.rotated != NONE, query_at(i), quad)));
}

void main()
{
    t = tiles[p.first_tile + gl_WorkGroupID.x];
    locate_rows();
    uint lane = gl_SubgroupInvocationID % 8;
    uint first = (gl_SubgroupID * (gl_SubgroupSize / 8) + gl_SubgroupInvocationID / 8) * TQ; /* query of the tile */
    vec4 acc[TQ * PARTS];
    float top[TQ], sum[TQ];
    [[unroll]] for (uint i = 0; i < TQ * PARTS; i++) acc[i] = vec4(0);
    [[unroll]] for (uint i = 0; i < TQ; i++) {
        top[i] = LEAST;
        sum[i] = 0;
    }
    for (uint i = gl_LocalInvocationIndex; i < BQ * QUADS; i += THREADS)
        tile_q[i / QUADS * PITCH + i % QUADS] = load_query(i / QUADS, i % QUADS);

    uint n_keys = t.n_cache + t.n_key;
    for (uint begin = 0; begin < n_keys; begin += BK) {
        barrier();
        for (uint i = gl_LocalInvocationIndex; i < BK * QUADS; i += THREADS)
            tile_kv[i / QUADS * PITCH + i % QUADS] = load_key(begin + i / QUADS, i % QUADS);
        barrier();

        float s[TQ * KEYS];
        [[unroll]] for (uint i = 0; i < TQ * KEYS; i++) s[i] = 0;
        [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
            vec4 k[KEYS];
            [[unroll]] for (uint j = 0; j < KEYS; j++) k[j] = vec4(tile_kv[(lane + 8 * j) * PITCH + quad]);
            [[unroll]] for (uint i = 0; i < TQ; i++) {
                vec4 q = vec4(tile_q[(first + i) * PITCH + quad]);
                [[unroll]] for (uint j = 0; j < KEYS; j++) s[i * KEYS + j] += dot(q, k[j]);
            }
        }

        [[unroll]] for (uint i = 0; i < TQ; i++) {
            uint n_seen = count_keys(first + i), begin_seen = first_key(first + i);
            float high = top[i];
            [[unroll]] for (uint j = 0; j < KEYS; j++)
                if (begin + lane + 8 * j < n_seen && begin + lane + 8 * j >= begin_seen) high = max(high, s[i * KEYS + j]);
            high = max(high, subgroupShuffleXor(high, 1));
            high = max(high, subgroupShuffleXor(high, 2));
            high = max(high, subgroupShuffleXor(high, 4));
            float scale = exp(top[i] - high), added = 0;
            [[unroll]] for (uint j = 0; j < KEYS; j++) {
                uint key = begin + lane + 8 * j;
                float e = key < n_seen && key >= begin_seen ? exp(s[i * KEYS + j] - high) : 0;
                tile_p[(first + i) * P_PITCH + lane + 8 * j] = e;
                added += e;
            }
            added += subgroupShuffleXor(added, 1);
            added += subgroupShuffleXor(added, 2);
            added += subgroupShuffleXor(added, 4);
            sum[i] = sum[i] * scale + added;
            top[i] = high;
            [[unroll]] for (uint j = 0; j < PARTS; j++) acc[i * PARTS + j] *= scale;
        }

        barrier();
        for (uint i = gl_LocalInvocationIndex; i < BK * QUADS; i += THREADS)
            tile_kv[i / QUADS * PITCH + i % QUADS] = load_value(begin + i / QUADS, i % QUADS);
        barrier();
        for (uint key = 0; key < BK; key++) {
            [[unroll]] for (uint j = 0; j < PARTS; j++) {
                uint quad = lane + 8 * j;
                vec4 v = quad < QUADS ? vec4(tile_kv[key * PITCH + quad]) : vec4(0);
                [[unroll]] for (uint i = 0; i < TQ; i++) acc[i * PARTS + j] += tile_p[(first + i) * P_PITCH + key] * v;
            }
        }
    }

    [[unroll]] for (uint i = 0; i < TQ; i++) {
        uint query = first + i;
        if (query >= t.n_query) continue;
        const uint row = partial_row(query);
        [[unroll]] for (uint j = 0; j < PARTS; j++) {
            uint col = (lane + 8 * j) * 4;
            vec4 v = acc[i * PARTS + j] / sum[i];
            [[unroll]] for (uint k = 0; k < 4; k++) {
                if (col + k >= HEAD_DIM) continue;
                if (row == NONE) result[result_at(query) + col + k] = ELEMENT(v[k]);
                else partial[row * HEAD_DIM + col + k] = v[k];
            }
        }
        if (lane == 0) store_lse(query, row, top[i] + log(sum[i]));
    }
}
