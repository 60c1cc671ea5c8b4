/* The CPU's ops (compute/backend.h): float32, OpenBLAS for the projections, attention_cpu.c for attention. Results do
 * not depend on the number of threads: work is cut by rows and heads, the same way whoever does it. */
#ifndef LECTERN_BACKEND_CPU_H
#define LECTERN_BACKEND_CPU_H

struct backend;
struct error;

int backend_cpu_open(struct backend **out, unsigned n_threads, struct error *e);

#endif
