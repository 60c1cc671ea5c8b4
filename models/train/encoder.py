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

    def norm(self, x, name):
        return F.layer_norm(x, (self.config.width,), self.at(name + ".weight"), self.at(name + ".bias"), EPS)

    def linear(self, x, name):
        return F.linear(x, self.at(name + ".weight"), self.at(name + ".bias"))

    def rows(self, ids, types, lengths, dropout=0.0):
        """The last layer's rows [windows, width of the batch, d] of windows that are padded behind their `lengths`."""
        n, size = ids.shape
        x = F.embedding(ids, self.words) + self.at("position_embd.weight")[:size] + F.embedding(types, self.at("token_types.weight"))
        x = self.norm(x, "token_embd_norm")
        mask = (torch.arange(size, device=ids.device) < lengths[:, None])[:, None, None, :].expand(n, 1, size, size)
        for i in range(self.config.layers):
            p = f"blk.{i}."
            q, k, v = (self.linear(x, p + name).view(n, size, self.config.heads, -1).transpose(1, 2) for name in ("attn_q", "attn_k", "attn_v"))
            a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(n, size, -1)
            a = F.dropout(self.linear(a, p + "attn_output"), dropout, self.training)
            x = self.norm(x + a, p + "attn_output_norm")
            f = self.linear(F.gelu(self.linear(x, p + "ffn_up")), p + "ffn_down")
            x = self.norm(x + F.dropout(f, dropout, self.training), p + "layer_output_norm")
        return x

    def forward(self, ids, types, lengths, dropout=0.0):
        """The heads of every row [windows, width of the batch, heads]."""
        return self.linear(self.rows(ids, types, lengths, dropout), "reread.heads").float()


def pretrained(directory, byte_rows=True):
    """all-MiniLM-L6-v2 from its published files, its word table rounded to Q4_0."""
    from safetensors.numpy import load_file
    directory = pathlib.Path(directory)
    given = json.loads((directory / "config.json").read_text())
    saved = load_file(directory / "model.safetensors")
    encoder = Encoder(Config(given["num_hidden_layers"], given["hidden_size"], given["intermediate_size"], given["num_attention_heads"],
                             given["max_position_embeddings"], given["vocab_size"]))
    table = saved["embeddings.word_embeddings.weight"].astype(np.float32)
    if byte_rows:
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
