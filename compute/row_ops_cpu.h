/* The CPU's ops on rows that multiply by no matrix (compute/backend.h). */
#ifndef LECTERN_ROW_OPS_CPU_H
#define LECTERN_ROW_OPS_CPU_H

struct layer_norm;
struct norm_add;
struct norm_parts;
struct short_conv;

void row_ops_cpu_layer_norm(const struct layer_norm *op);
void row_ops_cpu_norm_parts(const struct norm_parts *op);
void row_ops_cpu_norm_add(const struct norm_add *op);
void row_ops_cpu_short_conv(const struct short_conv *op);

#endif
