"""Makes a small random model of every family of chat models that the engine runs, with what PyTorch's `transformers` make of it.

usage: chat_reference.py FOLDER [FAMILY...]      writes FOLDER/chat_FAMILY.gguf
needs: pip install torch transformers gguf numpy      (transformers 5.24.0, gguf 0.19.0)

The files hold weights in float16 (what the reference computes with too, in float32), a byte-level vocabulary, and `vectors.ids` (a prompt),
`vectors.logits` after all of it and after its first token, and `vectors.greedy`: the 50 likeliest tokens that follow.
tests/test_chat_families.c compares.
"""

import pathlib
import sys

import gguf
import numpy
import torch
import transformers

BYTES = 256
CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
USERS = ["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<think>", "</think>"]  # control pieces that their files call otherwise
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
         "vocab_size": BYTES + len(CONTROLS) + len(USERS) + 1, "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "bos_token_id": 256, "eos_token_id": 258,
         "pad_token_id": 259, "attn_implementation": "eager"}
PROMPT, GREEDY, LEAST_LEAD = 60, 50, 0.005
ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
LINEAR = {"rope_type": "linear", "rope_theta": 1000000.0, "factor": 8.0}

# name of the file, GGUF's architecture, class, what differs, pre-tokenizer
FAMILIES = [
    ("llama", "llama", "Llama", {"rope_parameters": LLAMA3, "tie_word_embeddings": True}, "llama-bpe"),
    ("qwen2", "qwen2", "Qwen2", {"rope_parameters": ROPE, "tie_word_embeddings": False}, "qwen2"),
    ("qwen3", "qwen3", "Qwen3", {"rope_parameters": ROPE, "tie_word_embeddings": True, "head_dim": 12}, "qwen2"),
    ("smollm3", "smollm3", "SmolLM3", {"rope_parameters": ROPE, "tie_word_embeddings": True, "num_hidden_layers": 5,
                                       "no_rope_layer_interval": 4, "use_sliding_window": False}, "smaug-bpe"),
    ("gemma3", "gemma3", "Gemma3", {"rope_parameters": {"sliding_attention": ROPE, "full_attention": LINEAR}, "tie_word_embeddings": False,
                                    "num_hidden_layers": 7, "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 16}, "default"),
    ("lfm2", "lfm2", "Lfm2", {"rope_parameters": ROPE, "tie_word_embeddings": True, "num_hidden_layers": 5, "norm_eps": 1e-5,
                              "layer_types": ["conv", "conv", "full_attention", "conv", "full_attention"], "block_auto_adjust_ff_dim": False}, "lfm2"),
]
NEIGHBOURS = {"llama", "smollm3"}  # of which GGUF keeps rows of q and k in the order in which neighbours turn together

NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
GEMMA3 = {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm"}
LFM2 = {"self_attn.out_proj": "attn_output", "self_attn.q_layernorm": "attn_q_norm", "self_attn.k_layernorm": "attn_k_norm",
        "conv.conv": "shortconv.conv", "conv.in_proj": "shortconv.in_proj", "conv.out_proj": "shortconv.out_proj", "feed_forward.w1": "ffn_gate",
        "feed_forward.w3": "ffn_up", "feed_forward.w2": "ffn_down", "operator_norm": "attn_norm", "ffn_norm": "ffn_norm"}
OWN_NAMES = {"gemma3": GEMMA3, "lfm2": LFM2}


def randomise(model, seed):
    """Weights of a size at which every part has a say, rounded to what the file holds."""
    generator = torch.Generator().manual_seed(seed)
    gemma = model.config.model_type.startswith("gemma")  # its norms add 1
    with torch.no_grad():
        for name, p in model.named_parameters():
            x = torch.randn(p.shape, generator=generator)
            if "norm" in name:
                x = (0 if gemma else 1) + 0.3 * x
            elif name.endswith("bias"):
                x = 0.5 * x
            else:
                x = x * (1.0 if "embed" in name else 1.3 / p.shape[1] ** 0.5)
            p.copy_(x.half().float() if p.dim() > 1 else x)


def tensor_name(name, architecture):
    fixed = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight",
             "model.embedding_norm.weight": "token_embd_norm.weight"}
    if name in fixed:
        return fixed[name]
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    part, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{(NAMES | OWN_NAMES.get(architecture, {}))[part]}.{kind}"


def by_neighbours(x, heads):
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def spell(byte):
    """GPT-2's spelling of bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in printable else chr(256 + [b for b in range(256) if b not in printable].index(byte))


@torch.no_grad()
def follow(model, ids):
    """Greedy tokens, and by how much the likeliest leads at least."""
    greedy, lead = [], float("inf")
    out = model(torch.tensor([ids]), use_cache=True)
    while len(greedy) < GREEDY:
        best = out.logits[0, -1].topk(2)
        lead = min(lead, float(best.values[0] - best.values[1]))
        greedy.append(int(best.indices[0]))
        out = model(best.indices[:1][None], cache=out.past_key_values, use_cache=True)
    return greedy, lead


def write_words(w, pre):
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list([spell(b) for b in range(BYTES)] + CONTROLS + USERS + ["th"])
    w.add_token_types([1] * BYTES + [3] * len(CONTROLS) + [4] * len(USERS) + [1])
    w.add_array("tokenizer.ggml.merges", ["t h"])
    w.add_eos_token_id(258)
    w.add_bos_token_id(256)
    w.add_chat_template("{% for m in messages %}<|im_start|>{{m.role}}\n{{m.content}}<|im_end|>\n{% endfor %}")


def write_pieces(w, pre):
    """As Gemma's files have it: SentencePiece's pieces, with runs of spaces and newlines that a user defined, and <unk> among the control pieces."""
    controls, users = ["<unk>", "<start_of_turn>", "<end_of_turn>", "<pad>", "<eos>", "<bos>"], ["\n", "\n\n", "  ", "   ", "<b>"]
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre(pre)
    w.add_token_list([f"<0x{b:02X}>" for b in range(BYTES)] + controls + users + ["▁"])
    w.add_token_scores([-1000.0] * (BYTES + len(controls) + len(users)) + [-1.0])
    w.add_token_types([6] * BYTES + [3] * len(controls) + [4] * len(users) + [1])
    w.add_unk_token_id(256)
    w.add_bos_token_id(261)
    w.add_eos_token_id(260)
    w.add_add_bos_token(True)
    w.add_add_space_prefix(False)
    w.add_chat_template("{{ bos_token }}{% for m in messages %}<start_of_turn>{{m.role}}\n{{m.content}}<end_of_turn>\n{% endfor %}")


def write(path, architecture, model, pre, ids, logits, greedy):
    config = model.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    w = gguf.GGUFWriter(path, architecture)
    w.add_name(path.stem)
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_hidden_layers)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    w.add_head_count_kv([config.num_key_value_heads * (kind != "conv") for kind in config.layer_types] if architecture == "lfm2" else
                        config.num_key_value_heads)
    w.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    w.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(rope["factor"])
    if architecture == "gemma3":
        w.add_sliding_window(config.sliding_window)
    if architecture == "lfm2":
        w.add_shortconv_l_cache(config.conv_L_cache)
    w.add_key_length(head_dim)
    w.add_value_length(head_dim)
    (write_pieces if pre == "default" else write_words)(w, pre)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for name, p in model.state_dict().items():
        name, x = tensor_name(name, architecture), p.numpy().squeeze()
        if name == "output.weight" and config.tie_word_embeddings:
            continue
        part = name.split(".")[2] if name.startswith("blk.") else ""
        if architecture in NEIGHBOURS and part in heads:
            x = by_neighbours(x, heads[part])
        if architecture == "gemma3" and "norm" in name:
            x = x + numpy.float32(1)
        w.add_tensor(name, x.astype(numpy.float16) if x.ndim > 1 and part != "shortconv" else x)
    if rope["rope_type"] == "llama3":
        turns = rope["rope_theta"] ** -(numpy.arange(0, head_dim, 2) / head_dim)
        w.add_tensor("rope_freqs.weight", (turns / model.model.rotary_emb.inv_freq.double().numpy()).astype(numpy.float32))
    w.add_tensor("vectors.ids", numpy.array(ids, numpy.int32))
    w.add_tensor("vectors.logits", logits.numpy())
    w.add_tensor("vectors.greedy", numpy.array(greedy, numpy.int32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    for name, architecture, cls, differs, pre in FAMILIES:
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        config = getattr(transformers, cls + ("TextConfig" if cls == "Gemma3" else "Config"))(**{**SIZES, **differs})
        model = getattr(transformers, cls + "ForCausalLM")(config).float().eval()
        for seed in range(1000):
            randomise(model, seed)
            ids = numpy.random.default_rng(seed).integers(0, BYTES, PROMPT).tolist()
            greedy, lead = follow(model, ids)
            if lead > LEAST_LEAD and len(set(greedy)) > 10:
                break
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, [0, -1]]
        path = folder / f"chat_{name}.gguf"
        write(path, architecture, model, pre, ids, logits, greedy)
        print(f"{path}: {path.stat().st_size} bytes, seed {seed}, lead {lead:.3f}, {len(set(greedy))} different tokens")


main()
