"""The encoder of the second reading (FORMAT.md): BERT's shape, with a few numbers a row read off by linear heads."""

import dataclasses
import json
import pathlib

import gguf
import numpy as np
import torch
import torch.nn.functional as F

HEADS = ("relevance", "start", "end", "inside", "yes", "no", "several")
EPS = 1e-12
FAR = -1e9  # a logit of nothing
LAYER = (("attn_q", "attention.self.query"), ("attn_k", "attention.self.key"), ("attn_v", "attention.self.value"),
         ("attn_output", "attention.output.dense"), ("attn_output_norm", "attention.output.LayerNorm"), ("ffn_up", "intermediate.dense"),
         ("ffn_down", "output.dense"), ("layer_output_norm", "output.LayerNorm"))


@dataclasses.dataclass
class Config:
    layers: int = 6
    width: int = 384
    inner: int = 1536
    heads: int = 12
    positions: int = 512
    vocabulary: int = 30522


def as_stored(array, kind):
    """The values that a matrix has once it is stored as `kind`."""
    return np.ascontiguousarray(gguf.quants.dequantize(gguf.quants.quantize(array, kind), kind), dtype=np.float32)


class Encoder(torch.nn.Module):
    """Parameters are named as in the GGUF file. The word table is a buffer: it is never trained, and holds what Q4_0 leaves of it."""

    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.register_buffer("words", torch.zeros(c.vocabulary, c.width))
        names = {"position_embd.weight": (c.positions, c.width), "token_types.weight": (2, c.width), "token_embd_norm.weight": (c.width,),
                 "token_embd_norm.bias": (c.width,), "reread.heads.weight": (len(HEADS), c.width), "reread.heads.bias": (len(HEADS),)}
        for i in range(c.layers):
            for name, _ in LAYER:
                rows = c.inner if name == "ffn_up" else c.width
                columns = () if "norm" in name else (c.inner,) if name == "ffn_down" else (c.width,)
                names[f"blk.{i}.{name}.weight"] = (rows, *columns)
                names[f"blk.{i}.{name}.bias"] = (rows,)
        self.parameters_by_name = torch.nn.ParameterDict()
        for name, shape in names.items():
            start = torch.ones(shape) if "norm.weight" in name else torch.zeros(shape) if len(shape) == 1 else 0.02 * torch.randn(shape)
            self.parameters_by_name[name.replace(".", "/")] = torch.nn.Parameter(start)

    def at(self, name):
        return self.parameters_by_name[name.replace(".", "/")]

    def named(self):
        """(name in the file, parameter) of all that is trained."""
        return [(name.replace("/", "."), value) for name, value in self.parameters_by_name.items()]

    @torch.no_grad()
    def take(self, weights):
        """Takes what `named` told of another."""
        for name, value in self.named():
            value.copy_(weights[name])

    def rows(self, ids, types, lengths, dropout=0.0, longest=None):
        """The last layer's rows [rows, d] of windows that stand one after the other, `lengths` rows each. Who knows the longest says so, and nothing waits."""
        starts = F.pad(lengths.cumsum(0), (1, 0)).int()
        position = torch.arange(len(ids), device=ids.device) - starts[:-1].long().repeat_interleave(lengths, output_size=len(ids))
        longest = longest or int(lengths.max())
        kind = torch.bfloat16 if ids.is_cuda else self.words.dtype
        w = {name: value.to(kind) for name, value in self.named()}
        x = F.embedding(ids, self.words) + F.embedding(position, self.at("position_embd.weight")) + F.embedding(types, self.at("token_types.weight"))
        x = norm(x.to(kind), w, "token_embd_norm")
        for i in range(self.config.layers):
            own = {name + part: w[f"blk.{i}.{name}{part}"] for name, _ in LAYER for part in (".weight", ".bias")}
            x = layer(x, own, self.config.heads, starts, longest, dropout if self.training else 0.0)
        return x

    def forward(self, ids, types, lengths, dropout=0.0, longest=None):
        """The heads of every row [rows, heads]."""
        x = self.rows(ids, types, lengths, dropout, longest)
        return F.linear(x, self.at("reread.heads.weight").to(x.dtype), self.at("reread.heads.bias").to(x.dtype))


def linear(x, w, name):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def norm(x, w, name):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], EPS)


def layer(x, w, heads, starts, longest, dropout):
    """The rows behind a layer. `w`: its weights, by their names in the layer."""
    q, k, v = (linear(x, w, name).view(len(x), heads, -1) for name in ("attn_q", "attn_k", "attn_v"))
    seen = linear(attention(q, k, v, starts, longest).flatten(1), w, "attn_output")
    x = norm(x + F.dropout(seen, dropout), w, "attn_output_norm")
    made = linear(F.gelu(linear(x, w, "ffn_up")), w, "ffn_down")
    return norm(x + F.dropout(made, dropout), w, "layer_output_norm")


def attention(q, k, v, starts, longest):
    """Softmax attention of the rows of each window among themselves: [rows, heads, columns]."""
    if q.is_cuda:
        from torch.nn.attention.varlen import varlen_attn
        return varlen_attn(q, k, v, starts, starts, longest, longest)
    sizes = starts.diff().tolist()
    return torch.cat([attended(*(x.transpose(0, 1)[None] for x in window))[0].transpose(0, 1) for window in zip(*(x.split(sizes) for x in (q, k, v)))])


def attended(q, k, v, mask=None):
    """Attention by torch's own kernels, or as `joined` says it where torch is older than those (2.0)."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return joined(q, k, v, mask)[0]


def joined(q, k, v, mask):
    """Attention with the log of the sum of its weights; nothing and FAR where no key is seen."""
    logit = (q @ k.transpose(-1, -2)).to(torch.promote_types(q.dtype, torch.float32)) * q.shape[-1] ** -0.5
    if mask is not None:
        logit = logit.masked_fill(~mask, -torch.inf)
    total = logit.logsumexp(-1, keepdim=True)
    blind = total == -torch.inf
    share = (logit - total.masked_fill(blind, 0)).exp()
    return share.to(v.dtype) @ v, total.masked_fill(blind, FAR).squeeze(-1)


def pretrained(directory, layers=6, byte_rows=True):
    """The first layers of all-MiniLM-L6-v2 from its published files, the word table rounded to Q4_0."""
    from safetensors.numpy import load_file
    directory = pathlib.Path(directory)
    given = json.loads((directory / "config.json").read_text())
    saved = load_file(directory / "model.safetensors")
    encoder = Encoder(Config(layers, given["hidden_size"], given["intermediate_size"], given["num_attention_heads"],
                             given["max_position_embeddings"], given["vocab_size"]))
    table = saved["embeddings.word_embeddings.weight"].astype(np.float32)
    if byte_rows and (directory / "vocab.txt").exists():  # else they are spelt already
        spell_bytes(table, (directory / "vocab.txt").read_text(encoding="utf-8").split("\n"))
    with torch.no_grad():
        encoder.words.copy_(torch.from_numpy(as_stored(table, gguf.GGMLQuantizationType.Q4_0)))
        for ours, theirs in (("position_embd.weight", "position_embeddings.weight"), ("token_types.weight", "token_type_embeddings.weight"),
                             ("token_embd_norm.weight", "LayerNorm.weight"), ("token_embd_norm.bias", "LayerNorm.bias")):
            encoder.at(ours).copy_(torch.from_numpy(saved["embeddings." + theirs]))
        for i in range(encoder.config.layers):
            for ours, theirs in LAYER:
                for part in ("weight", "bias"):
                    encoder.at(f"blk.{i}.{ours}.{part}").copy_(torch.from_numpy(saved[f"encoder.layer.{i}.{theirs}.{part}"]))
    return encoder


def spell_bytes(table, vocabulary):
    """Byte pieces sit where the vocabulary had nothing: they start as the unknown word's vector with a little of their own."""
    noise = np.random.default_rng(1)
    unknown = table[vocabulary.index("[UNK]")]
    scale = table.std()
    for i, word in enumerate(vocabulary):
        if word.startswith("[unused"):
            table[i] = unknown + scale * noise.standard_normal(table.shape[1]).astype(np.float32)
