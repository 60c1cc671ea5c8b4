"""The reader of FORMAT.md in PyTorch: reading layers, question continuations, evidence attention."""

import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F

from dilated import QuestionAttention, SelfAttention, branch_pieces


@dataclasses.dataclass
class Config:
    vocabulary: int = 16384
    width: int = 256  # d
    layers: int = 6
    heads: int = 4
    inner: int = 704  # feed-forward
    evidence: int = 64
    first_segment: int = 512  # w_0
    ratio: int = 4  # a
    branches: int = 17
    eps: float = 1e-5
    base: float = 10000.0

    def ladder(self):
        return [(self.first_segment * self.ratio ** i, self.ratio ** i) for i in range(self.branches)]


SIZES = {
    "s": Config(),
    "m": Config(width=512, layers=8, heads=8, inner=1408),
    "tiny": Config(vocabulary=512, width=32, layers=2, heads=4, inner=64, evidence=16, first_segment=16, branches=6),
}


def rms_norm(x, weight, eps):
    y = x.float() if x.dtype == torch.bfloat16 else x
    y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + eps) * weight
    return y.to(x.dtype)


def rotation(positions, depth, base, dtype):
    """cos and sin [tokens, 1, depth / 2] of the interleaved rotary encoding."""
    rates = base ** (-torch.arange(0, depth, 2, dtype=torch.float64, device=positions.device) / depth)
    angles = positions.double()[:, None] * rates
    return angles.cos()[:, None].to(dtype), angles.sin()[:, None].to(dtype)


def rotate(x, cos, sin):
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).to(x.dtype)


def layer_in(x, norm, q, k, v, cos, sin, heads, eps):
    """Rotated q and k, plain q and k, v, each [batch, tokens, heads, D], of what enters a layer."""
    n = rms_norm(x, norm, eps)
    q, k, v = (F.linear(n, w.to(n.dtype)).unflatten(-1, (heads, -1)) for w in (q, k, v))
    return rotate(q, cos, sin), rotate(k, cos, sin), q, k, v


def layer_out(x, a, o, norm, gate, up, down, eps):
    """What leaves a layer, from what entered it and the attention's output."""
    x = x + F.linear(a.flatten(-2), o.to(x.dtype))
    n = rms_norm(x, norm, eps)
    m = F.silu(F.linear(n, gate.to(n.dtype))) * F.linear(n, up.to(n.dtype))
    return x + F.linear(m, down.to(x.dtype))


def token_loss(h, wanted, embedding):
    """Summed loss of next tokens (-100: none) after states h [rows, d]."""
    return F.cross_entropy(F.linear(h, embedding.to(h.dtype)).float(), wanted, reduction="sum")


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.attn_norm = nn.Parameter(torch.ones(c.width))
        self.ffn_norm = nn.Parameter(torch.ones(c.width))
        std = c.width ** -0.5
        self.q, self.k, self.v = (nn.Parameter(torch.randn(c.width, c.width) * std) for _ in range(3))
        self.o = nn.Parameter(torch.randn(c.width, c.width) * std / math.sqrt(2 * c.layers))
        self.gate = nn.Parameter(torch.randn(c.inner, c.width) * std)
        self.up = nn.Parameter(torch.randn(c.inner, c.width) * std)
        self.down = nn.Parameter(torch.randn(c.width, c.inner) * c.inner ** -0.5 / math.sqrt(2 * c.layers))

    def before(self, x, cos, sin):
        return layer_in(x, self.attn_norm, self.q, self.k, self.v, cos, sin, self.c.heads, self.c.eps)

    def after(self, x, a):
        return layer_out(x, a, self.o, self.ffn_norm, self.gate, self.up, self.down, self.c.eps)


def compile_parts():
    """Compiles what lies between the attentions; for training, where the shapes of a step are few."""
    global layer_in, layer_out, token_loss
    layer_in, layer_out, token_loss = (torch.compile(f, dynamic=False) for f in (layer_in, layer_out, token_loss))


class Reader(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embedding = nn.Parameter(torch.randn(c.vocabulary, c.width) * 0.02)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.output_norm = nn.Parameter(torch.ones(c.width))
        self.evidence_token = nn.Parameter(torch.randn(c.vocabulary, c.evidence) * c.evidence ** -0.5)
        self.evidence_k = nn.Parameter(torch.zeros(c.evidence, c.width))
        self.evidence_q = nn.Parameter(torch.zeros(c.evidence, c.width))
        self.gate_token = nn.Parameter(torch.zeros(c.vocabulary))
        self.gate = nn.Parameter(torch.zeros(c.width))
        self.tau = nn.Parameter(torch.zeros(c.width))
        self.log_tau = nn.Parameter(torch.tensor(math.log(20 / math.log(8192))))
        self.log_eps = nn.Parameter(torch.tensor(math.log(64.0)))
        self.log_scale = nn.Parameter(torch.tensor(0.0))  # of scores in the loss; not exported

    def read(self, ids, offset=0, dtype=None, keep=False):
        """The last hidden states of texts [batch, tokens], tokens a multiple of the first segment length, whose first token is at
        `offset`, likewise; and each layer's (k, v) if keep."""
        c = self.c
        batch, tokens = ids.shape
        x = F.embedding(ids.view(-1, c.first_segment), self.embedding).to(dtype or self.embedding.dtype)
        cos, sin = self.rotation(c.first_segment, x)
        cache = []
        for layer in self.layers:
            parts = [y.reshape(batch, tokens, c.heads, -1) for y in layer.before(x, cos, sin)]
            a = self.attend(parts, offset)
            x = layer.after(x, a.view(-1, c.first_segment, *a.shape[2:]))
            if keep:
                cache.append(parts[3:])
        return rms_norm(x, self.output_norm, c.eps).view(batch, tokens, -1), cache

    def attend(self, parts, offset):
        """What layer_in gives, as [batch, tokens, heads, D]: the attention's output."""
        _, tokens, heads, _ = parts[0].shape
        return SelfAttention.apply(*parts, branch_pieces(self.c.ladder(), offset, tokens, heads))

    def rotation(self, tokens, x):
        c = self.c
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        return rotation(torch.arange(tokens, device=x.device), c.width // c.heads, c.base, wide)

    def ask(self, ids, cache, offset=0, text=None, dtype=None):
        """The hidden states of questions [batch * questions, T], T a multiple of the heads, that continue texts read from `offset`,
        of which the first `text` tokens (all, if None) are real."""
        c = self.c
        text = cache[0][0].shape[1] if text is None else text
        x = F.embedding(ids, self.embedding).to(dtype or self.embedding.dtype)
        cos, sin = self.rotation(ids.shape[1], x)
        for layer, (kt, vt) in zip(self.layers, cache):
            qr, kr, q, k, v = layer.before(x, cos, sin)
            a = QuestionAttention.apply(qr, kr, q, k, v, kt, vt, c.ladder(), offset, text)
            x = layer.after(x, a)
        return rms_norm(x, self.output_norm, c.eps)

    def logits(self, h):
        return F.linear(h, self.embedding.to(h.dtype))

    def keys(self, ids, h):
        """Evidence keys [..., e] as the int8 values stored for them, divided by 254 (straight through)."""
        u = F.embedding(ids, self.evidence_token) + F.linear(h, self.evidence_k.to(h.dtype)).to(self.evidence_token.dtype)
        u = F.normalize(u, dim=-1)
        stored = (u * 254).round().clamp(-127, 127) / 254
        return u.clamp(-0.5, 0.5) + (stored - u.clamp(-0.5, 0.5)).detach()

    def queries(self, ids, h):
        """Unit queries [..., e], tau [...] and gate logits [...] of question tokens."""
        wide = self.evidence_token.dtype
        q = F.embedding(ids, self.evidence_token) + F.linear(h, self.evidence_q.to(h.dtype)).to(wide)
        h = h.to(wide)
        return F.normalize(q, dim=-1), (self.log_tau + h @ self.tau).exp(), self.gate_token[ids] + h @ self.gate
