/* out = W x, a tile of BM rows by BN columns a workgroup. Tiles of x and W pass through shared memory, 32 columns at a time, while the next ones
 * are already on their way into registers; the weights are unpacked on the way. Rows of shared memory are 9 quads apart, so that
 * neighbouring invocations read neighbouring banks.
 *
 * With PROJECT_GATE a tile holds BN / 2 gate columns and the BN / 2 up columns that belong to them, and only their product is written. */
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "elements.glsl"
#include "params.h"
#ifdef HALF
#define WEIGHT4 weight4_half
#else
#define WEIGHT4 weight4
#endif

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint THREADS = 64; /* (BM / TM) (BN / TN) */
layout(constant_id = 1) const uint BM = 32;
layout(constant_id = 2) const uint BN = 32;
layout(constant_id = 3) const uint TM = 4;
layout(constant_id = 4) const uint TN = 4;
layout(constant_id = 5) const uint FORMAT = 0;
layout(constant_id = 6) const uint FLAGS = 0;

layout(set = 0, binding = 1) readonly buffer X { ELEMENT4 x[]; };

#include "project.glsl"
#include "project_store.glsl"

const uint QUADS = 8;
const uint PITCH = QUADS + 1;
const uint COLUMNS = BN / TN; /* invocations side by side */
const uint LOAD_A = (BM * QUADS + THREADS - 1) / THREADS, LOAD_B = (BN * QUADS + THREADS - 1) / THREADS;

shared ELEMENT4 tile_a[BM * PITCH];
shared ELEMENT4 tile_b[BN * PITCH];

ELEMENT4 load_a(uint i, uint step)
{
    uint row = gl_WorkGroupID.y * BM + i / QUADS, quad = step * QUADS + i % QUADS;
    if (row >= p.n || quad >= p.x_stride / 4) return ELEMENT4(0);
    return x[(p.x_row + row) * (p.x_stride / 4) + quad];
}

ELEMENT4 load_b(uint i, uint step)
{
    return WEIGHT4(weight_row(i / QUADS) * p.w_stride, step * 32 + i % QUADS * 4, padded_cols());
}

void main()
{
    uint tid = gl_LocalInvocationIndex, tx = tid % COLUMNS, ty = tid / COLUMNS;
    uint steps = (p.cols + 31) / 32;
    ELEMENT4 next_a[LOAD_A], next_b[LOAD_B];
    float acc[TM * TN];
    [[unroll]] for (uint i = 0; i < TM * TN; i++) acc[i] = 0;
    [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = load_a(tid + i * THREADS, 0);
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
            [[unroll]] for (uint i = 0; i < LOAD_A; i++) next_a[i] = load_a(tid + i * THREADS, step + 1);
            [[unroll]] for (uint i = 0; i < LOAD_B; i++) next_b[i] = load_b(tid + i * THREADS, step + 1);
        }
        [[unroll]] for (uint quad = 0; quad < QUADS; quad++) {
            vec4 b[TN];
            [[unroll]] for (uint j = 0; j < TN; j++) b[j] = vec4(tile_b[(tx + j * COLUMNS) * PITCH + quad]);
            [[unroll]] for (uint i = 0; i < TM; i++) {
                vec4 a = vec4(tile_a[(ty * TM + i) * PITCH + quad]);
                [[unroll]] for (uint j = 0; j < TN; j++) acc[i * TN + j] += dot(a, b[j]);
            }
        }
    }

    [[unroll]] for (uint i = 0; i < TM; i++) {
        uint row = gl_WorkGroupID.y * BM + ty * TM + i;
        if (row >= p.n) continue;
        if ((FLAGS & PROJECT_GATE) != 0) {
            [[unroll]] for (uint j = 0; j < TN / 2; j++) {
                uint column = gl_WorkGroupID.x * (BN / 2) + tx + j * COLUMNS;
                float gate = acc[i * TN + j], up = acc[i * TN + j + TN / 2];
                if (column < p.rows / 2) store(row, column, gate_of(gate) * up);
            }
        } else {
            [[unroll]] for (uint j = 0; j < TN; j++) {
                uint column = gl_WorkGroupID.x * BN + tx + j * COLUMNS;
                if (column < p.rows) store(row, column, acc[i * TN + j]);
            }
        }
    }
}
