/* The CPU's ops (compute/backend.h): product.c for the projections, in the precision asked for; attention_cpu.c for
 * attention, and all else, in float32. Work is cut by rows and heads. */
#ifndef LECTERN_BACKEND_CPU_H
#define LECTERN_BACKEND_CPU_H

#include "compute/product.h"

struct backend;
struct error;

int backend_cpu_open(struct backend **out, enum product_precision precision, unsigned n_threads, struct error *e);

#endif
