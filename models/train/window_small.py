"""Writes tests/data/window_small.gguf: a small Reader 2 with random weights, and what the plain definition of FORMAT.md makes of a text and a
question, in double precision with every pair of tokens at once.

    python window_small.py ../../tests/data/window_small.gguf
"""

import sys

import gguf
import numpy as np
import torch
import torch.nn.functional as F

import encoder
import encoder_small
import words

LAYERS, WIDTH, INNER, HEADS, EVIDENCE, SCALE, SEGMENT_LAYERS = 3, 64, 128, 4, 16, 24.0, 1
BRANCHES = ((32, 1), (128, 4), (512, 16), (2048, 64), (2 ** 41, 2 ** 36))
TOKENS = 700
Q8, Q4, WHOLE = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.F32


def random_weights(n_vocab):
    """Name in the file: numbers as the file's type leaves them."""
    shapes = {"token_embd.weight": (n_vocab, WIDTH), "position_embd.weight": (BRANCHES[0][0], WIDTH), "token_embd_norm.weight": (WIDTH,),
              "token_embd_norm.bias": (WIDTH,), "evidence_k.weight": (EVIDENCE, WIDTH), "evidence_gate.weight": (WIDTH,), "evidence_gate.bias": (1,)}
    for i in range(LAYERS):
        shapes[f"blk.{i}.attn_branch.bias"] = (len(BRANCHES) - 1, HEADS)
        for name, _ in encoder.LAYER:
            rows = INNER if name == "ffn_up" else WIDTH
            shapes[f"blk.{i}.{name}.weight"] = (rows,) if "norm" in name else (rows, INNER if name == "ffn_down" else WIDTH)
            shapes[f"blk.{i}.{name}.bias"] = (rows,)
    saved = {}
    for name, shape in shapes.items():
        size = 1.5 / shape[-1] ** 0.5 if name.startswith("blk") and len(shape) == 2 and "branch" not in name else 0.4
        shift = 1.0 if "norm.weight" in name else -1.0 if "branch" in name else 0.0
        array = (shift + size * torch.randn(shape)).numpy()
        kind = Q4 if name.startswith("token_embd.") else Q8 if len(shape) == 2 and name.startswith("blk") and "branch" not in name else WHOLE
        packed = gguf.quants.quantize(array, kind)
        saved[name] = (packed, kind, torch.from_numpy(np.array(gguf.quants.dequantize(packed, kind), dtype=np.float64)))
    return saved


def weight_of_pairs(head, bias, same_part):
    """How often each query (row) sees each key, weighed by its branch's bias."""
    p = torch.arange(TOKENS)
    pairs = same_part.double()
    for i, (w, r) in enumerate(BRANCHES[1:]):
        grid = (p % w) % r == head % r
        seen = grid[:, None] & grid[None] & (p[:, None] // w == p[None] // w) & (p[None] // BRANCHES[0][0] < p[:, None] // BRANCHES[0][0])
        pairs = pairs + seen.double() * bias[i, head].exp()
    return pairs


def hidden(at, ids, part, segment, alone):
    """Rows of the last layer. part: which window a token is in; alone: no branch but the local one."""
    norm = lambda x, name: F.layer_norm(x, (WIDTH,), at[name + ".weight"], at[name + ".bias"], encoder.EPS)
    linear = lambda x, name: x @ at[name + ".weight"].T + at[name + ".bias"]
    n = len(ids)
    x = norm(at["token_embd.weight"][ids] + at["position_embd.weight"][torch.arange(n) % BRANCHES[0][0]], "token_embd_norm")
    for i in range(LAYERS):
        b = f"blk.{i}."
        own = part if i < LAYERS - SEGMENT_LAYERS else part * n + segment
        same = own[:, None] == own[None]
        q, k, v = (linear(x, b + name).view(n, HEADS, -1) for name in ("attn_q", "attn_k", "attn_v"))
        mixed = []
        for head in range(HEADS):
            pairs = same.double() if alone else weight_of_pairs(head, at[b + "attn_branch.bias"], same)
            mass = pairs * (q[:, head] @ k[:, head].T / (WIDTH // HEADS) ** 0.5).exp()
            mixed.append(mass @ v[:, head] / mass.sum(1, keepdim=True))
        x = norm(x + linear(torch.cat(mixed, 1), b + "attn_output"), b + "attn_output_norm")
        x = norm(x + linear(F.gelu(linear(x, b + "ffn_up")), b + "ffn_down"), b + "layer_output_norm")
    return x


def main():
    torch.manual_seed(3)
    pieces = encoder_small.vocabulary()
    saved = random_weights(len(pieces))
    at = {name: numbers for name, (_, _, numbers) in saved.items()}
    ids, question = torch.randint(0, len(pieces), (TOKENS,)), torch.randint(0, len(pieces), (11,))
    begins = (torch.rand(TOKENS) < 0.06).long()
    key = lambda h: F.normalize(h @ at["evidence_k.weight"].T, dim=-1)
    text = key(hidden(at, ids, torch.arange(TOKENS) // BRANCHES[0][0], begins.cumsum(0), False))
    asked = hidden(at, question, torch.zeros(11, dtype=torch.long), torch.zeros(11, dtype=torch.long), True)
    out = gguf.GGUFWriter(sys.argv[1], "longnet-windows")
    out.add_name("window_small")
    name = "longnet-windows."
    for field, value in (("block_count", LAYERS), ("embedding_length", WIDTH), ("feed_forward_length", INNER), ("attention.head_count", HEADS),
                         ("segment_layers", SEGMENT_LAYERS), ("evidence.width", EVIDENCE)):
        out.add_uint32(name + field, value)
    out.add_uint64(name + "context_length", BRANCHES[-1][0])
    out.add_float32(name + "attention.layer_norm_epsilon", encoder.EPS)
    out.add_float32(name + "evidence.scale", SCALE)
    for field, column in (("segment_length", 0), ("dilation_rate", 1)):
        out.add_key_value(f"{name}dilated.{field}", [b[column] for b in BRANCHES], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT64)
    out.add_string(name + "dilated.offset_rule", "paper")
    out.add_string("tokenizer.ggml.model", "words")
    out.add_key_value("tokenizer.sentencepiece.proto", list(words.model_of_vocabulary(pieces)), gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT8)
    for tensor, (packed, kind, _) in saved.items():
        out.add_tensor(tensor, packed, raw_dtype=kind)
    for tensor, numbers, kind in (("ids", ids, np.int32), ("segments", begins.nonzero()[:, 0], np.int64), ("keys", text, np.float32),
                                  ("question_ids", question, np.int32), ("queries", key(asked), np.float32),
                                  ("gate", asked @ at["evidence_gate.weight"] + at["evidence_gate.bias"], np.float32)):
        out.add_tensor("vectors." + tensor, np.ascontiguousarray(numbers.numpy().astype(kind)))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main()
