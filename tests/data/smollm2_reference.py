"""Logits and greedy answers of a llama-family GGUF, computed with PyTorch in float32 from the file's dequantised weights.

usage: smollm2_reference.py MODEL.gguf < prompts.json (lists of token ids) > smollm2_reference.txt
needs: pip install torch gguf
"""
import json
import sys

import gguf
import numpy as np
import torch


class Llama:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.w = {t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)) for t in reader.tensors}

        def value(key):
            field = reader.fields["llama." + key]
            return field.parts[field.data[0]][0]

        self.layers = int(value("block_count"))
        self.heads, self.kv_heads = int(value("attention.head_count")), int(value("attention.head_count_kv"))
        self.dim = int(value("embedding_length")) // self.heads
        self.eps, self.base = float(value("attention.layer_norm_rms_epsilon")), float(value("rope.freq_base"))
        self.cache = [None] * self.layers

    def norm(self, x, name):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.w[name]

    def rotate(self, x, position):
        angle = position[:, None].double() * self.base ** (-torch.arange(0, self.dim, 2).double() / self.dim)
        c, s = angle.cos().float()[:, None], angle.sin().float()[:, None]
        out = torch.empty_like(x)
        out[..., 0::2] = x[..., 0::2] * c - x[..., 1::2] * s
        out[..., 1::2] = x[..., 0::2] * s + x[..., 1::2] * c
        return out

    def attention(self, layer, x, position):
        def project(name, heads):
            return (x @ self.w[f"blk.{layer}.attn_{name}.weight"].T).view(-1, heads, self.dim)

        q = self.rotate(project("q", self.heads), position)
        k, v = self.rotate(project("k", self.kv_heads), position), project("v", self.kv_heads)
        if self.cache[layer]:
            k, v = torch.cat([self.cache[layer][0], k]), torch.cat([self.cache[layer][1], v])
        self.cache[layer] = (k, v)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) / self.dim**0.5
        scores = scores.masked_fill((torch.arange(len(k))[None] > position[:, None])[None], -1e30)
        mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(len(x), -1)
        return mixed @ self.w[f"blk.{layer}.attn_output.weight"].T

    @torch.no_grad()
    def logits(self, ids, begin):
        x = self.w["token_embd.weight"][torch.tensor(ids)]
        position = torch.arange(begin, begin + len(ids))
        for i in range(self.layers):
            x = x + self.attention(i, self.norm(x, f"blk.{i}.attn_norm.weight"), position)
            h = self.norm(x, f"blk.{i}.ffn_norm.weight")
            gate = torch.nn.functional.silu(h @ self.w[f"blk.{i}.ffn_gate.weight"].T)
            x = x + (gate * (h @ self.w[f"blk.{i}.ffn_up.weight"].T)) @ self.w[f"blk.{i}.ffn_down.weight"].T
        return (self.norm(x[-1:], "output_norm.weight") @ self.w.get("output.weight", self.w["token_embd.weight"]).T)[0]


def main():
    for ids in json.load(sys.stdin):
        model = Llama(sys.argv[1])
        logits = model.logits(ids, 0)
        print("prompt", *ids)
        print("logits", *(f"{i} {logits[i]:.6f}" for i in logits.argsort(descending=True)[:8].tolist()))
        answer = []
        while len(answer) < 200:
            answer.append(int(logits.argmax()))
            logits = model.logits(answer[-1:], len(ids) + len(answer) - 1)
        print("greedy", *answer)


main()
