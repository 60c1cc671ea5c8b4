/* The SPIR-V modules, compiled from shaders/ and embedded at build time. */
#ifndef LECTERN_SHADERS_H
#define LECTERN_SHADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One a file of shaders/. Those that touch activations have a variant for float16 right behind them, and those that
 * multiply matrices one for matrix units behind that. */
enum shader {
    SHADER_EMBED,
    SHADER_NORM,
    SHADER_NORM_FP16,
    SHADER_NORM_PARTS,
    SHADER_NORM_PARTS_FP16,
    SHADER_NORM_ADD,
    SHADER_SHORT_CONV,
    SHADER_SHORT_CONV_FP16,
    SHADER_LAYER_NORM,
    SHADER_LAYER_NORM_FP16,
    SHADER_PROJECT_FEW,
    SHADER_PROJECT_FEW_FP16,
    SHADER_PROJECT,
    SHADER_PROJECT_FP16,
    SHADER_PROJECT_COOPMAT,
    SHADER_ATTEND,
    SHADER_ATTEND_FP16,
    SHADER_ATTEND_COOPMAT,
    SHADER_ATTEND_ROTATE,
    SHADER_ATTEND_ROTATE_FP16,
    SHADER_ATTEND_JOIN,
    SHADER_ATTEND_JOIN_FP16,
    SHADER_ATTEND_KEEP,
    SHADER_ATTEND_KEEP_FP16,
    SHADER_COOPMAT_FRAGMENT,
    SHADER_EVIDENCE_ROWS,
    SHADER_EVIDENCE_SCAN,
    SHADER_EVIDENCE_TOTAL,
    SHADER_EVIDENCE_SCORE,
    N_SHADERS
};

struct shader_module {
    const char *name; /* "project" */
    const uint32_t *words;
    size_t bytes;
};

const struct shader_module *shaders_module(enum shader s);

/* Of all modules: changes when any of them does. */
uint64_t shaders_hash(void);

#endif
