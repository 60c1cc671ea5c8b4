#!/usr/bin/env python3
"""A chat model of about a billion random weights, to measure speed with: scripts/random_chat_model.py FAMILY TYPE OUT.gguf

FAMILY: llama (the sizes of Llama 3.2 1B), llama-135m (SmolLM2 135M's), qwen2 (Qwen 2.5 1.5B's), qwen3 (Qwen 3 1.7B's), smollm3 (a third of SmolLM3
3B's layers), gemma3 (Gemma 3 1B's) or lfm2 (LFM2 1.2B's); TYPE: Q4_0, Q8_0, Q4_K or Q6_K. Vocabularies are cut to 32 000 pieces. With Q4_K the embedding is Q6_K, as in files of the kind
Q4_K_M, and what is no multiple of 256 wide is Q5_0 and Q8_0. Needs: pip install gguf numpy
"""

import itertools
import sys

import gguf
import numpy

# layers, width, inner width, heads, heads of keys, columns of a head
SHAPES = {
    "llama": (16, 2048, 8192, 32, 8, 64),
    "llama-135m": (30, 576, 1536, 9, 3, 64),
    "qwen2": (28, 1536, 8960, 12, 2, 128),
    "qwen3": (28, 2048, 6144, 16, 8, 128),
    "smollm3": (12, 2048, 11008, 16, 4, 128),
    "gemma3": (26, 1152, 6912, 4, 1, 256),
    "lfm2": (16, 2048, 8192, 32, 8, 64),
}
LFM2_ATTENTION = {2, 5, 8, 10, 12, 14}  # the other layers are short convolutions
VOCABULARY, PRE = 32000, {"llama": "llama-bpe", "qwen2": "qwen2", "qwen3": "qwen2", "smollm3": "smaug-bpe", "gemma3": "llama-bpe", "lfm2": "lfm2"}
NARROW = {"Q4_K": gguf.GGMLQuantizationType.Q5_0, "Q6_K": gguf.GGMLQuantizationType.Q8_0}


def blocks(kind, rows, cols, rng):
    """Random bytes with scales at which products keep their size."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    b = rng.integers(0, 256, (rows, cols // elements, size), dtype=numpy.uint8)

    def put(at, value):
        b[:, :, at:at + 2] = numpy.frombuffer(numpy.float16(value).tobytes(), numpy.uint8)

    one = cols ** -0.5
    if kind == gguf.GGMLQuantizationType.Q4_0:
        put(0, one / 4.6)
    elif kind == gguf.GGMLQuantizationType.Q5_0:
        put(0, one / 9.2)
    elif kind == gguf.GGMLQuantizationType.Q8_0:
        put(0, one / 74)
    elif kind == gguf.GGMLQuantizationType.Q4_K:
        put(0, one / (4.6 * 32))
        put(2, one / (4.6 * 32) * 7.5)
    else:
        put(208, one / (18 * 74))
    return b.reshape(rows, -1)


def spell(byte):
    """GPT-2's spelling of bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in printable else chr(256 + [b for b in range(256) if b not in printable].index(byte))


def write_vocabulary(w, family):
    words = itertools.islice(("".join(letters) for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=4)), VOCABULARY - 260)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(PRE[family])
    w.add_token_list([spell(b) for b in range(256)] + ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "aa"] + list(words))
    w.add_token_types([1] * 256 + [3] * 3 + [1] * (VOCABULARY - 259))
    w.add_token_merges(["a a"])
    w.add_bos_token_id(256)
    w.add_eos_token_id(258)
    w.add_chat_template("{% for m in messages %}<|im_start|>{{m.role}}\n{{m.content}}<|im_end|>\n{% endfor %}")


def main():
    family, name, path = sys.argv[1:]
    kind = gguf.GGMLQuantizationType[name]
    layers, d, ff, heads, kv, dim = SHAPES[family]
    family = family.split("-")[0]
    rng = numpy.random.default_rng(1)
    w = gguf.GGUFWriter(path, family)
    w.add_context_length(4096)
    w.add_embedding_length(d)
    w.add_block_count(layers)
    w.add_feed_forward_length(ff)
    w.add_head_count(heads)
    w.add_head_count_kv([kv * (i in LFM2_ATTENTION) for i in range(layers)] if family == "lfm2" else kv)
    if family == "gemma3":
        w.add_sliding_window(512)
    if family == "lfm2":
        w.add_shortconv_l_cache(3)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(500000.0)
    w.add_key_length(dim)
    w.add_value_length(dim)
    write_vocabulary(w, family)

    def matrix(tensor, rows, cols, of=kind):
        of = NARROW.get(of.name, of) if cols % 256 else of
        w.add_tensor(tensor, blocks(of, rows, cols, rng), raw_dtype=of)

    def vector(tensor, n, mean):
        w.add_tensor(tensor, (mean + 0.1 * rng.standard_normal(n)).astype(numpy.float32))

    matrix("token_embd.weight", VOCABULARY, d, gguf.GGMLQuantizationType.Q6_K if name == "Q4_K" else kind)
    vector("token_embd_norm.weight" if family == "lfm2" else "output_norm.weight", d, 1)
    for i in range(layers):
        conv = family == "lfm2" and i not in LFM2_ATTENTION
        attention = (("attn_q", heads * dim, d), ("attn_k", kv * dim, d), ("attn_v", kv * dim, d), ("attn_output", d, heads * dim))
        for part, rows, cols in ((("shortconv.in_proj", 3 * d, d), ("shortconv.out_proj", d, d)) if conv else attention) + (
                ("ffn_gate", ff, d), ("ffn_up", ff, d), ("ffn_down", d, ff)):
            matrix(f"blk.{i}.{part}.weight", rows, cols)
        if conv:
            w.add_tensor(f"blk.{i}.shortconv.conv.weight", rng.standard_normal((d, 3)).astype(numpy.float32))
        norms = ["attn_norm", "ffn_norm"] + (["post_attention_norm", "post_ffw_norm"] if family == "gemma3" else [])
        for part, n in [(norm, d) for norm in norms] + (
                [("attn_q_norm", dim), ("attn_k_norm", dim)] if family in ("qwen3", "gemma3", "lfm2") and not conv else []):
            vector(f"blk.{i}.{part}.weight", n, 1)
        for part, n in (("attn_q", heads * dim), ("attn_k", kv * dim), ("attn_v", kv * dim)) if family == "qwen2" else ():
            vector(f"blk.{i}.{part}.bias", n, 0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main()
