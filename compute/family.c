#include "compute/family.h"

#include <stddef.h>

#include "compute/error.h"
#include "compute/gguf.h"

static const struct family families[] = {
    {.name = "llama"},
    {.name = "qwen2", .rotates_halves = true, .qkv_bias = true},
    {.name = "qwen3", .rotates_halves = true, .qk_norm = true},
    {.name = "smollm3", .unrotated_layers = 4},
    {.name = "gemma3",
     .rotates_halves = true,
     .qk_norm = true,
     .norms_after = true,
     .window_layers = 6,
     .gelu = true,
     .scaled_embedding = true},
    {.name = "lfm2",
     .rotates_halves = true,
     .qk_norm = true,
     .short_conv = true,
     .output_norm = "token_embd_norm.weight"},
};

const struct family *family_find(const struct gguf *g, struct error *e)
{
    struct gguf_string s = {NULL, 0};
    if (gguf_get_string(g, "general.architecture", &s, e) != 0) return NULL;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (gguf_string_is(&s, families[i].name)) return &families[i];
    error_set(e,
              "%s: architecture %.*s is not run here (a reader is longnet, a chat model llama, qwen2, qwen3, smollm3, "
              "gemma3 or lfm2);"
              " for other chat models start a server and name it: --answerer URL#MODEL",
              gguf_name(g), (int)(s.size < 64 ? s.size : 64), s.bytes);
    return NULL;
}
